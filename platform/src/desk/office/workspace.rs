//! The workplace itself: name, options, greetings, retention, hours, rights.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{name, read, write};
use crate::agents::error::ApiError;
use crate::agents::http::JsonBody;
use crate::agents::session::Caller;
use crate::desk::audit;
use crate::desk::hours::Hours;
use crate::desk::options::Options;
use crate::desk::rights::{Right, Rights};
use crate::state::AppState;
use crate::store::workspaces::{self, Workspace};
use crate::store::{StoreError, holders, members};

/// The longest name, in Unicode scalar values.
const MAX_NAME: usize = 200;

/// The most greetings.
const MAX_GREETINGS: usize = 20;

/// The longest greeting, in Unicode scalar values.
const MAX_GREETING: usize = 4096;

/// How long audit rows may be kept, in days.
const AUDIT_DAYS: std::ops::RangeInclusive<i64> = 30..=3650;

/// The workplace as the office sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct WorkspaceView {
    /// Id.
    id: String,
    /// Seq of the change that last wrote it.
    version: i64,
    /// The name people see.
    name: String,
    /// What it chose.
    options: Options,
    /// Texts that the owner's phone sends by itself: they are no answer (N2).
    greeting_texts: Vec<String>,
    /// How long audit rows are kept, in days.
    audit_days: i64,
}

impl WorkspaceView {
    fn of(workspace: &Workspace) -> Result<Self, StoreError> {
        Ok(Self {
            id: workspace.id.clone(),
            version: workspace.version,
            name: workspace.name.clone(),
            options: Options::of(workspace)?,
            greeting_texts: serde_json::from_str(&workspace.greeting_texts)?,
            audit_days: workspace.audit_days,
        })
    }
}

/// What is to be changed.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct WorkspaceWish {
    /// 1 to 200 characters.
    name: Option<String>,
    /// Options to be set; the others stay.
    #[schemars(with = "Option<Options>")]
    options: Option<Map<String, Value>>,
    /// At most 20 texts of at most 4,096 characters: the whole list.
    #[schemars(length(max = 20))]
    greeting_texts: Option<Vec<String>>,
    /// 30 to 3,650.
    #[schemars(range(min = 30, max = 3650))]
    audit_days: Option<i64>,
}

fn greetings(texts: &[String]) -> Result<String, ApiError> {
    if texts.len() > MAX_GREETINGS {
        return Err(ApiError::over("greeting_texts", MAX_GREETINGS));
    }
    if texts.iter().any(|text| text.chars().count() > MAX_GREETING) {
        return Err(ApiError::over("greeting_texts", MAX_GREETING));
    }
    if texts.iter().any(|text| text.trim().is_empty()) {
        return Err(ApiError::malformed("greeting_texts"));
    }
    serde_json::to_string(texts).map_err(|_| ApiError::malformed("greeting_texts"))
}

/// `GET`.
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<WorkspaceView>, ApiError> {
    let view =
        read(&state, caller, Right::Options, |_, _, workspace| Ok(WorkspaceView::of(workspace)?));
    Ok(Json(view.await?))
}

/// `PATCH`.
pub(crate) async fn patch(
    State(state): State<AppState>,
    caller: Caller,
    JsonBody(wish): JsonBody<WorkspaceWish>,
) -> Result<Json<WorkspaceView>, ApiError> {
    let new_name = wish.name.map(|text| name(&text, "name", MAX_NAME)).transpose()?;
    let texts = wish.greeting_texts.map(|texts| greetings(&texts)).transpose()?;
    if wish.audit_days.is_some_and(|days| !AUDIT_DAYS.contains(&days)) {
        return Err(ApiError::malformed("audit_days"));
    }
    let view = write(&state, caller, Right::Options, move |tx, caller, mut workspace| {
        if let Some(options) = &wish.options {
            let options = Options::of(&workspace)?
                .with(options)
                .map_err(|field| ApiError::malformed(&field))?;
            options.put(&mut workspace)?;
        }
        workspace.name = new_name.unwrap_or(workspace.name);
        workspace.greeting_texts = texts.unwrap_or(workspace.greeting_texts);
        workspace.audit_days = wish.audit_days.unwrap_or(workspace.audit_days);
        workspace.version = workspaces::save(tx, &workspace)?;
        let id = &workspace.id;
        audit::note(tx, id, &caller.actor, "options_changed", "workspace", id)?;
        Ok(WorkspaceView::of(&workspace)?)
    });
    Ok(Json(view.await?))
}

/// A change of who may see what, before it is made.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct PreviewWish {
    /// Employees would see conversations that are nobody's.
    members_see_unassigned: bool,
}

/// What a change would do to one member's phone.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Effect {
    /// Member id.
    member: String,
    /// Their name.
    name: String,
    /// How many conversations would leave their phones.
    leave: i64,
    /// How many would come.
    enter: i64,
}

/// What a change would do.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Effects {
    /// Members for whom something would change, in the order of their ids.
    effects: Vec<Effect>,
}

/// `POST .../preview`: "14 chats leave Omar's phone", before it is saved (D2).
pub(crate) async fn preview(
    State(state): State<AppState>,
    caller: Caller,
    JsonBody(wish): JsonBody<PreviewWish>,
) -> Result<Json<Effects>, ApiError> {
    let effects = read(&state, caller, Right::Options, move |sql, _, workspace| {
        if workspace.members_see_unassigned == wish.members_see_unassigned {
            return Ok(Vec::new());
        }
        let rights = Rights::of(workspace)?;
        let count = holders::count_with_scope(sql, &workspace.id, "unassigned")?;
        let (leave, enter) = if wish.members_see_unassigned { (0, count) } else { (count, 0) };
        Ok(members::all(sql, &workspace.id)?
            .into_iter()
            .filter(|member| {
                count > 0
                    && !rights.allow(member.role, Right::SeeAll)
                    && !rights.allow(member.role, Right::SeeUnassigned)
            })
            .map(|member| Effect { member: member.id, name: member.name, leave, enter })
            .collect())
    })
    .await?;
    Ok(Json(Effects { effects }))
}

/// `GET /v1/office/hours`.
pub(crate) async fn hours(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Hours>, ApiError> {
    let hours =
        read(&state, caller, Right::Hours, |_, _, workspace| Ok(Hours::of(workspace)?)).await?;
    Ok(Json(hours))
}

/// `PUT /v1/office/hours`: the whole of it.
pub(crate) async fn put_hours(
    State(state): State<AppState>,
    caller: Caller,
    JsonBody(hours): JsonBody<Hours>,
) -> Result<Json<Hours>, ApiError> {
    if let Some(field) = hours.fault() {
        return Err(ApiError::malformed(field));
    }
    let hours = write(&state, caller, Right::Hours, move |tx, caller, mut workspace| {
        workspace.hours = serde_json::to_string(&hours).map_err(StoreError::from)?;
        workspaces::save(tx, &workspace)?;
        let id = &workspace.id;
        audit::note(tx, id, &caller.actor, "hours_changed", "workspace", id)?;
        Ok(hours)
    })
    .await?;
    Ok(Json(hours))
}

/// Lists of rights to be set; a role that is left out keeps its own. Owners always have all.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct RightsWish {
    /// What managers may do.
    manager: Option<BTreeSet<Right>>,
    /// What employees may do.
    employee: Option<BTreeSet<Right>>,
}

/// `GET /v1/office/rights`: needs no right, everybody may know what they may do.
pub(crate) async fn rights(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Rights>, ApiError> {
    let rights = state
        .store
        .read(move |sql| Rights::of(&workspaces::get(sql, &caller.actor.workspace)?))
        .await?;
    Ok(Json(rights))
}

/// `PUT /v1/office/rights`.
pub(crate) async fn put_rights(
    State(state): State<AppState>,
    caller: Caller,
    JsonBody(wish): JsonBody<RightsWish>,
) -> Result<Json<Rights>, ApiError> {
    let rights = write(&state, caller, Right::Rights, move |tx, caller, mut workspace| {
        Rights::put(&mut workspace, wish.manager, wish.employee)?;
        workspaces::save(tx, &workspace)?;
        let id = &workspace.id;
        audit::note(tx, id, &caller.actor, "rights_changed", "workspace", id)?;
        Ok(Rights::of(&workspace)?)
    })
    .await?;
    Ok(Json(rights))
}

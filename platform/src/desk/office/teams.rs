//! Teams: made, changed, deleted. Whoever joins or leaves one sees other conversations from then
//! on: their phones start anew (`reset` with the cause `scope`).

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{name, not_found, read, write};
use crate::agents::error::ApiError;
use crate::agents::http::JsonBody;
use crate::agents::session::Caller;
use crate::desk::audit::{self, Who};
use crate::desk::moves;
use crate::desk::rights::Right;
use crate::state::AppState;
use crate::store::teams::{self, Team};
use crate::store::{WriteTx, members};

/// The most teams of a workspace.
const MAX: usize = 200;

/// The longest name, in Unicode scalar values.
const MAX_NAME: usize = 100;

/// A list of teams.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Teams {
    /// In the order of their ids.
    teams: Vec<Team>,
}

/// A team to be made, or what of it is to be changed.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct TeamWish {
    /// 1 to 100 characters, one of a kind.
    name: Option<String>,
    /// Ids of its members, the whole list.
    members: Option<Vec<String>>,
}

/// Members that all are of this workspace, each once, in their order.
fn checked(tx: &WriteTx<'_>, workspace: &str, ids: Vec<String>) -> Result<Vec<String>, ApiError> {
    let ids: std::collections::BTreeSet<String> = ids.into_iter().collect();
    for id in &ids {
        members::find(tx.sql(), id)?
            .filter(|member| member.workspace == workspace && !member.removed)
            .ok_or_else(|| ApiError::malformed("members"))?;
    }
    Ok(ids.into_iter().collect())
}

/// `GET`.
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Teams>, ApiError> {
    let teams = read(&state, caller, Right::Assign, |sql, _, workspace| {
        Ok(teams::all(sql, &workspace.id)?)
    })
    .await?;
    Ok(Json(Teams { teams }))
}

/// `POST`.
pub(crate) async fn make(
    State(state): State<AppState>,
    caller: Caller,
    JsonBody(wish): JsonBody<TeamWish>,
) -> Result<Json<Team>, ApiError> {
    let team_name = name(wish.name.as_deref().unwrap_or_default(), "name", MAX_NAME)?;
    let made = write(&state, caller, Right::Teams, move |tx, caller, workspace| {
        if teams::all(tx.sql(), &workspace.id)?.len() >= MAX {
            return Err(ApiError::limit(i64::try_from(MAX).unwrap_or(i64::MAX)));
        }
        if teams::name_taken(tx.sql(), &workspace.id, &team_name, "")? {
            return Err(ApiError::taken("name"));
        }
        let members = checked(tx, &workspace.id, wish.members.unwrap_or_default())?;
        let mut team = Team { id: tx.uuid(), version: 0, name: team_name, members };
        teams::save(tx, &workspace.id, &mut team)?;
        audit::note(tx, &workspace.id, &caller.actor, "team_made", "team", &team.id)?;
        Ok(team)
    })
    .await?;
    Ok(Json(made))
}

/// `PATCH`.
pub(crate) async fn edit(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(wish): JsonBody<TeamWish>,
) -> Result<Json<Team>, ApiError> {
    let team_name = wish.name.map(|text| name(&text, "name", MAX_NAME)).transpose()?;
    let edited = write(&state, caller, Right::Teams, move |tx, caller, workspace| {
        let mut team = teams::find(tx.sql(), &workspace.id, &id)?.ok_or_else(not_found)?;
        team.name = team_name.unwrap_or(team.name);
        if teams::name_taken(tx.sql(), &workspace.id, &team.name, &id)? {
            return Err(ApiError::taken("name"));
        }
        if let Some(members) = wish.members {
            team.members = checked(tx, &workspace.id, members)?;
        }
        teams::save(tx, &workspace.id, &mut team)?;
        audit::note(tx, &workspace.id, &caller.actor, "team_changed", "team", &id)?;
        Ok(team)
    })
    .await?;
    Ok(Json(edited))
}

/// `DELETE`: what it held is nobody's.
pub(crate) async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    write(&state, caller, Right::Teams, move |tx, caller, workspace| {
        teams::find(tx.sql(), &workspace.id, &id)?.ok_or_else(not_found)?;
        let who = Who::from(&caller.actor);
        moves::release_all(tx, &workspace.id, who, &format!("team:{id}"))?;
        teams::delete(tx, &workspace.id, &id)?;
        audit::note(tx, &workspace.id, who, "team_deleted", "team", &id)?;
        Ok(())
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

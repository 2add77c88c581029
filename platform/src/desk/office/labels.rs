//! Labels: made, changed, deleted.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{name, not_found, read, write};
use crate::agents::error::ApiError;
use crate::agents::http::JsonBody;
use crate::agents::session::Caller;
use crate::desk::audit;
use crate::desk::commands::touch_contact;
use crate::desk::rights::Right;
use crate::state::AppState;
use crate::store::labels::{self, Label};
use crate::store::objects::touch_conversation;
use crate::store::{contacts, holders};

/// The most labels of a workspace.
const MAX: usize = 500;

/// The longest name, in Unicode scalar values.
const MAX_NAME: usize = 60;

/// A list of labels.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Labels {
    /// By name.
    labels: Vec<Label>,
}

/// A label to be made, or what of it is to be changed.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct LabelWish {
    /// 1 to 60 characters, one of a kind.
    name: Option<String>,
    /// A word of the apps' palette (`a-z`, up to 20) or `#rrggbb`.
    colour: Option<String>,
}

fn colour(text: &str) -> Result<String, ApiError> {
    let word = !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_lowercase());
    let code = text.len() == 7
        && text.strip_prefix('#').is_some_and(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
    if word || code { Ok(text.to_owned()) } else { Err(ApiError::malformed("colour")) }
}

/// `GET`: everybody who may see conversations sees labels too, so this needs no right of its own
/// beyond putting them on.
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Labels>, ApiError> {
    let labels = read(&state, caller, Right::Label, |sql, _, workspace| {
        Ok(labels::all(sql, &workspace.id)?)
    })
    .await?;
    Ok(Json(Labels { labels }))
}

/// `POST`.
pub(crate) async fn make(
    State(state): State<AppState>,
    caller: Caller,
    JsonBody(wish): JsonBody<LabelWish>,
) -> Result<Json<Label>, ApiError> {
    let label_name = name(wish.name.as_deref().unwrap_or_default(), "name", MAX_NAME)?;
    let colour = colour(wish.colour.as_deref().unwrap_or("grey"))?;
    let made = write(&state, caller, Right::Labels, move |tx, caller, workspace| {
        if labels::all(tx.sql(), &workspace.id)?.len() >= MAX {
            return Err(ApiError::limit(i64::try_from(MAX).unwrap_or(i64::MAX)));
        }
        if labels::name_taken(tx.sql(), &workspace.id, &label_name, "")? {
            return Err(ApiError::taken("name"));
        }
        let mut label = Label { id: tx.uuid(), version: 0, name: label_name, colour };
        labels::save(tx, &workspace.id, &mut label)?;
        audit::note(tx, &workspace.id, &caller.actor, "label_made", "label", &label.id)?;
        Ok(label)
    })
    .await?;
    Ok(Json(made))
}

/// `PATCH`.
pub(crate) async fn edit(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(wish): JsonBody<LabelWish>,
) -> Result<Json<Label>, ApiError> {
    let label_name = wish.name.map(|text| name(&text, "name", MAX_NAME)).transpose()?;
    let colour = wish.colour.map(|text| colour(&text)).transpose()?;
    let edited = write(&state, caller, Right::Labels, move |tx, caller, workspace| {
        let mut label = labels::find(tx.sql(), &workspace.id, &id)?.ok_or_else(not_found)?;
        label.name = label_name.unwrap_or(label.name);
        label.colour = colour.unwrap_or(label.colour);
        if labels::name_taken(tx.sql(), &workspace.id, &label.name, &id)? {
            return Err(ApiError::taken("name"));
        }
        labels::save(tx, &workspace.id, &mut label)?;
        audit::note(tx, &workspace.id, &caller.actor, "label_changed", "label", &id)?;
        Ok(label)
    })
    .await?;
    Ok(Json(edited))
}

/// `DELETE`: it is taken from everything that carries it.
pub(crate) async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    write(&state, caller, Right::Labels, move |tx, caller, workspace| {
        labels::find(tx.sql(), &workspace.id, &id)?.ok_or_else(not_found)?;
        for object in labels::delete(tx, &workspace.id, &id)? {
            if holders::find(tx.sql(), &workspace.id, &object)?.is_some() {
                touch_conversation(tx, &object)?;
            } else {
                let conversations = contacts::conversations(tx.sql(), &object)?;
                touch_contact(tx, &workspace.id, &object, &conversations)?;
            }
        }
        audit::note(tx, &workspace.id, &caller.actor, "label_deleted", "label", &id)?;
        Ok(())
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

//! Pages of one conversation's messages.

use axum::Json;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::scope::Reader;
use super::{ENVELOPE, MAX_PAGE, MAX_ROWS};
use crate::agents::error::{ApiError, ErrorCode};
use crate::agents::http::Params;
use crate::agents::session::Caller;
use crate::state::AppState;
use crate::store::objects::{Place, messages_before};
use crate::store::{conversations, workspaces};
use crate::wire::objects as wire;

/// Messages of a page unless asked otherwise.
pub(crate) const DEFAULT: usize = 50;

/// A page: both ends inclusive, oldest first.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Messages")]
pub(crate) struct Answer {
    /// Oldest first.
    #[schemars(with = "Vec<wire::Message>", length(max = 500))]
    messages: Vec<Value>,
    /// Place of the oldest: `<second of sent_at>.<n>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    from_pos: Option<String>,
    /// Place of the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    to_pos: Option<String>,
    /// There are older ones.
    has_more: bool,
    /// Number of the snapshot.
    as_of: i64,
}

/// `GET /v1/conversations/{id}/messages`.
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Answer>, ApiError> {
    let limit = params.number("limit", DEFAULT, MAX_ROWS)?;
    let before = match params.optional("before") {
        None => None,
        Some(text) => Some(Place::parse(text).ok_or_else(|| ApiError::malformed("before"))?),
    };
    let page = state
        .store
        .read(move |sql| -> Result<Answer, ApiError> {
            let workspace = workspaces::get(sql, &caller.actor.workspace)?;
            let reader = Reader::new(sql, caller.actor, &workspace)?;
            conversations::scope_of(sql, &workspace.id, &id)?
                .filter(|scope| reader.may_see(scope))
                .ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
            // One more than asked tells whether there is more.
            let more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
            let mut messages = messages_before(sql, &id, before, more)?;
            let fits = fitting(&messages).min(limit);
            let has_more = messages.len() > fits;
            messages.truncate(fits);
            messages.reverse();
            Ok(Answer {
                from_pos: messages.first().and_then(Place::of).map(|place| place.to_string()),
                to_pos: messages.last().and_then(Place::of).map(|place| place.to_string()),
                has_more,
                as_of: workspace.head_seq,
                messages,
            })
        })
        .await?;
    Ok(Json(page))
}

/// How many of these fit into a page, at least one.
fn fitting(messages: &[Value]) -> usize {
    let mut bytes = 0;
    let fits = messages
        .iter()
        .take_while(|message| {
            bytes += message.to_string().len() + 1;
            bytes <= MAX_PAGE - ENVELOPE
        })
        .count();
    fits.max(1)
}

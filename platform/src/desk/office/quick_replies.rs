//! Quick replies: shared texts with variables that are known (experience.md D6).

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{not_found, read, write};
use crate::agents::command::MAX_TEXT;
use crate::agents::error::ApiError;
use crate::agents::http::{JsonBody, Params};
use crate::agents::session::Caller;
use crate::desk::audit;
use crate::desk::rights::Right;
use crate::state::AppState;
use crate::store::quick_replies::{self, QuickReply};

/// The longest shortcut, in Unicode scalar values.
const MAX_SHORTCUT: usize = 40;

/// The most quick replies of a workspace.
const MAX: i64 = 1000;

/// What a variable may name; each may carry a value for when it is missing:
/// `{{customer_name|there}}`.
pub(crate) const VARIABLES: [&str; 5] =
    ["customer_name", "customer_first_name", "customer_phone", "agent_name", "business_name"];

/// A page of quick replies.
#[derive(Debug, Serialize, JsonSchema)]
#[allow(clippy::struct_field_names, reason = "lists are named alike everywhere")]
pub(crate) struct QuickReplies {
    /// In the order of their ids.
    quick_replies: Vec<QuickReply>,
    /// Id after which the next page begins; absent: this was the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// What a text's `{{variables}}` may name.
    variables: Vec<String>,
}

/// A quick reply to be made, or what of it is to be changed.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct QuickReplyWish {
    /// 1 to 40 characters without spaces, one of a kind.
    shortcut: Option<String>,
    /// 1 to 4,096 characters; `{{variables}}` must be known ones.
    text: Option<String>,
    /// Language tag, up to 20 characters; empty: none.
    language: Option<String>,
}

fn shortcut(text: &str) -> Result<String, ApiError> {
    if text.chars().count() > MAX_SHORTCUT {
        return Err(ApiError::over("shortcut", MAX_SHORTCUT));
    }
    let good = !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    if good { Ok(text.to_owned()) } else { Err(ApiError::malformed("shortcut")) }
}

fn text(text: &str) -> Result<String, ApiError> {
    if text.chars().count() > MAX_TEXT {
        return Err(ApiError::over("text", MAX_TEXT));
    }
    let good = !text.trim().is_empty() && !text.contains('\0') && variables_are_known(text);
    if good { Ok(text.to_owned()) } else { Err(ApiError::malformed("text")) }
}

fn language(text: &str) -> Result<Option<String>, ApiError> {
    let good =
        text.len() <= 20 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    if good {
        Ok((!text.is_empty()).then(|| text.to_owned()))
    } else {
        Err(ApiError::malformed("language"))
    }
}

/// Whether every `{{...}}` of a text names a known variable and is closed.
fn variables_are_known(text: &str) -> bool {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((inside, after)) = after.split_once("}}") else { return false };
        let name = inside.split_once('|').map_or(inside, |(name, _)| name).trim();
        if !VARIABLES.contains(&name) {
            return false;
        }
        rest = after;
    }
    true
}

/// `GET`.
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    params: Params,
) -> Result<Json<QuickReplies>, ApiError> {
    let limit = params.number("limit", 200, 500)?;
    let after = params.optional("after").unwrap_or_default().to_owned();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let quick_replies = read(&state, caller, Right::Answer, move |sql, _, workspace| {
        Ok(quick_replies::after(sql, &workspace.id, &after, limit)?)
    })
    .await?;
    let full = i64::try_from(quick_replies.len()).is_ok_and(|count| count >= limit);
    let next = quick_replies.last().filter(|_| full).map(|last| last.id.clone());
    let variables = VARIABLES.map(str::to_owned).to_vec();
    Ok(Json(QuickReplies { quick_replies, next, variables }))
}

/// `POST`.
pub(crate) async fn make(
    State(state): State<AppState>,
    caller: Caller,
    JsonBody(wish): JsonBody<QuickReplyWish>,
) -> Result<Json<QuickReply>, ApiError> {
    let shortcut = shortcut(wish.shortcut.as_deref().unwrap_or_default())?;
    let text = text(wish.text.as_deref().unwrap_or_default())?;
    let language = language(wish.language.as_deref().unwrap_or_default())?;
    let made = write(&state, caller, Right::QuickReplies, move |tx, caller, workspace| {
        if quick_replies::count(tx.sql(), &workspace.id)? >= MAX {
            return Err(ApiError::limit(MAX));
        }
        if quick_replies::shortcut_taken(tx.sql(), &workspace.id, &shortcut, "")? {
            return Err(ApiError::taken("shortcut"));
        }
        let mut made = QuickReply { id: tx.uuid(), version: 0, shortcut, text, language };
        quick_replies::save(tx, &workspace.id, &mut made)?;
        let who = &caller.actor;
        audit::note(tx, &workspace.id, who, "quick_reply_made", "quick_reply", &made.id)?;
        Ok(made)
    })
    .await?;
    Ok(Json(made))
}

/// `PATCH`.
pub(crate) async fn edit(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(wish): JsonBody<QuickReplyWish>,
) -> Result<Json<QuickReply>, ApiError> {
    let new_shortcut = wish.shortcut.map(|word| shortcut(&word)).transpose()?;
    let new_text = wish.text.map(|words| text(&words)).transpose()?;
    let new_language = wish.language.map(|tag| language(&tag)).transpose()?;
    let edited = write(&state, caller, Right::QuickReplies, move |tx, caller, workspace| {
        let mut known = quick_replies::find(tx.sql(), &workspace.id, &id)?.ok_or_else(not_found)?;
        known.shortcut = new_shortcut.unwrap_or(known.shortcut);
        known.text = new_text.unwrap_or(known.text);
        known.language = new_language.unwrap_or(known.language);
        if quick_replies::shortcut_taken(tx.sql(), &workspace.id, &known.shortcut, &id)? {
            return Err(ApiError::taken("shortcut"));
        }
        quick_replies::save(tx, &workspace.id, &mut known)?;
        let who = &caller.actor;
        audit::note(tx, &workspace.id, who, "quick_reply_changed", "quick_reply", &id)?;
        Ok(known)
    })
    .await?;
    Ok(Json(edited))
}

/// `DELETE`.
pub(crate) async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    write(&state, caller, Right::QuickReplies, move |tx, caller, workspace| {
        quick_replies::find(tx.sql(), &workspace.id, &id)?.ok_or_else(not_found)?;
        quick_replies::delete(tx, &workspace.id, &id)?;
        let who = &caller.actor;
        audit::note(tx, &workspace.id, who, "quick_reply_deleted", "quick_reply", &id)?;
        Ok(())
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d6_variables_are_known_and_closed() {
        for good in [
            "Hello",
            "Hi {{customer_name}}",
            "Hi {{ customer_name | there }}, {{agent_name}}",
            "}} {",
        ] {
            assert!(variables_are_known(good), "{good}");
        }
        for bad in ["{{", "{{name}}", "{{customer_name", "{{}}", "{{agent_name}} {{x}}"] {
            assert!(!variables_are_known(bad), "{bad}");
        }
    }
}

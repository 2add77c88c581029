//! Many conversations at once: assign, label, close (experience.md D1). Each stands alone and its
//! answer says what was before, so that a person can undo it.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{not_found, write};
use crate::agents::error::{ApiError, ErrorCode};
use crate::agents::http::JsonBody;
use crate::agents::session::Caller;
use crate::desk::audit::{self, Who};
use crate::desk::command::STATUSES;
use crate::desk::commands::{MAX_SNOOZE_MS, exists};
use crate::desk::holder::Holder;
use crate::desk::moves;
use crate::desk::rights::Right;
use crate::feed::scope::may_see;
use crate::state::AppState;
use crate::store::holders::{self, Desk};
use crate::store::{WriteTx, labels};
use crate::wire::commands as wire;

/// The most conversations of a request.
const MAX: usize = 500;

/// What is to be done with each.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schemars(rename = "BulkChange")]
pub(crate) enum Change {
    /// Moved to a holder.
    Assign {
        /// `{kind: member | team | ai | none, id?}`.
        #[schemars(with = "wire::Holder")]
        to: Value,
    },
    /// Labels put on and taken off.
    Label {
        /// Ids of labels.
        #[serde(default)]
        add: Vec<String>,
        /// Ids of labels.
        #[serde(default)]
        remove: Vec<String>,
    },
    /// Resolved.
    Close,
    /// Opened again.
    Open,
    /// Set to a status: what undoes the close of one that waited or slept.
    Status {
        /// open, pending, snoozed or resolved.
        #[schemars(with = "wire::StatusWord")]
        to: String,
        /// With `snoozed`: when it wakes, ms UTC, a year from now at most.
        #[serde(default)]
        until: Option<i64>,
    },
}

/// Which, and what.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Bulk {
    /// Ids of conversations, at most 500.
    #[schemars(length(max = 500))]
    conversations: Vec<String>,
    /// What is to be done with each.
    change: Change,
}

/// What became of one.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "BulkChanged")]
#[allow(clippy::struct_field_names, reason = "the word that the person reads")]
pub(crate) struct Changed {
    /// Conversation id.
    conversation: String,
    /// Whether it was changed; false: it is not in scope, or was so before.
    changed: bool,
    /// The change that undoes this one, for the same address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Change>")]
    undo: Option<Value>,
}

/// What became of all.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "BulkAnswer")]
pub(crate) struct Answer {
    /// In the order that was asked.
    results: Vec<Changed>,
    /// Number of the last change.
    seq: i64,
}

/// `POST`.
pub(crate) async fn post(
    State(state): State<AppState>,
    caller: Caller,
    JsonBody(wish): JsonBody<Bulk>,
) -> Result<Json<Answer>, ApiError> {
    if wish.conversations.len() > MAX {
        let details = json!({ "field": "conversations", "limit": MAX });
        return Err(ApiError::with(ErrorCode::Malformed, details));
    }
    let answer = write(&state, caller, Right::Bulk, move |tx, caller, workspace| {
        if let Change::Assign { to } = &wish.change {
            let to = Holder::parse(to).ok_or_else(|| ApiError::malformed("change.to"))?;
            if !exists(tx, &workspace.id, &to)? {
                return Err(not_found());
            }
        }
        if let Change::Label { add, remove } = &wish.change {
            if add.iter().any(|id| remove.contains(id)) {
                return Err(ApiError::malformed("change.remove"));
            }
            for id in add {
                labels::find(tx.sql(), &workspace.id, id)?
                    .ok_or_else(|| ApiError::malformed("change.add"))?;
            }
        }
        if let Change::Status { to, until } = &wish.change {
            if !STATUSES.contains(&to.as_str()) {
                return Err(ApiError::malformed("change.to"));
            }
            let latest = tx.now().saturating_add(MAX_SNOOZE_MS);
            if (to == "snoozed") != until.is_some() || until.is_some_and(|until| until > latest) {
                return Err(ApiError::malformed("change.until"));
            }
        }
        let mut results = Vec::with_capacity(wish.conversations.len());
        for id in wish.conversations {
            let undo = if may_see(tx.sql(), &caller.actor, &id)? {
                one(tx, caller, &id, &wish.change)?
            } else {
                None
            };
            results.push(Changed { conversation: id, changed: undo.is_some(), undo });
        }
        Ok(Answer { results, seq: tx.head(&workspace.id)? })
    })
    .await?;
    Ok(Json(answer))
}

/// Sets a status; gives what undoes it, or nothing if it was so before.
fn set(
    tx: &mut WriteTx<'_>,
    desk: &mut Desk,
    who: Who<'_>,
    (to, until): (&str, Option<i64>),
) -> Result<(&'static str, Option<Value>), ApiError> {
    if desk.status == to && desk.snoozed_until == until {
        return Ok(("status", None));
    }
    let undo = match (desk.status.as_str(), desk.snoozed_until) {
        ("resolved", _) => json!({ "kind": "close" }),
        ("open", _) => json!({ "kind": "open" }),
        (was, None) => json!({ "kind": "status", "to": was }),
        (was, Some(until)) => json!({ "kind": "status", "to": was, "until": until }),
    };
    moves::status(tx, desk, who, to, until)?;
    Ok(("status", Some(undo)))
}

/// Changes one; gives what undoes it, or nothing if nothing had to be done.
fn one(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    id: &str,
    change: &Change,
) -> Result<Option<Value>, ApiError> {
    let actor = &caller.actor;
    let who = Who::from(actor);
    let Some(mut desk) = holders::find(tx.sql(), &actor.workspace, id)? else { return Ok(None) };
    let (what, undo) = match change {
        Change::Assign { to } => {
            let to = Holder::parse(to).ok_or_else(|| ApiError::malformed("change.to"))?;
            let before = Holder::of(&desk);
            if before == to {
                return Ok(None);
            }
            moves::assign(tx, &mut desk, who, &to)?;
            ("assign", Some(json!({ "kind": "assign", "to": before.to_json() })))
        }
        Change::Label { add, remove } => {
            let had = labels::of(tx.sql(), id)?;
            let new: Vec<_> = add.iter().filter(|id| !had.contains(id)).cloned().collect();
            let old: Vec<_> = remove.iter().filter(|id| had.contains(id)).cloned().collect();
            if !labels::put(tx, id, &new, &old)? {
                return Ok(None);
            }
            moves::labelled(tx, &mut desk, who, &new, &old)?;
            ("label", Some(json!({ "kind": "label", "add": old, "remove": new })))
        }
        Change::Close => set(tx, &mut desk, who, ("resolved", None))?,
        Change::Open => set(tx, &mut desk, who, ("open", None))?,
        Change::Status { to, until } => match until {
            // The snooze is over already.
            Some(until) if *until <= tx.now() => set(tx, &mut desk, who, ("open", None))?,
            _ => set(tx, &mut desk, who, (to, *until))?,
        },
    };
    let Some(undo) = undo else { return Ok(None) };
    audit::note(tx, &actor.workspace, who, what, "conversation", id)?;
    Ok(Some(undo))
}

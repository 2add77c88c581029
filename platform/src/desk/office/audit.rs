//! Who did what, for reading alone: nothing of it can be changed from here (D8).

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::read;
use crate::agents::error::ApiError;
use crate::agents::http::Params;
use crate::agents::session::Caller;
use crate::desk::rights::Right;
use crate::state::AppState;
use crate::store::audit::{Filter, list as rows};

/// A row of the audit, as it stands.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AuditRow {
    /// Grows with time.
    id: i64,
    /// ms UTC.
    at: i64,
    /// member, operator or system.
    actor: String,
    /// Member id.
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<String>,
    /// Device id.
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    /// A stable word for what was done.
    what: String,
    /// conversation, message, contact, channel, member, device, ...
    object_kind: String,
    /// Id of what it was done to.
    object: String,
}

/// A page of the audit.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuditPage")]
pub(crate) struct Page {
    /// Newest first. Never a text, a name or a number.
    #[schemars(with = "Vec<AuditRow>")]
    rows: Vec<Value>,
    /// `before` of the next page; absent: this was the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

/// `GET`.
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    params: Params,
) -> Result<Json<Page>, ApiError> {
    let limit = i64::try_from(params.number("limit", 100, 500)?).unwrap_or(i64::MAX);
    let number = |name: &str| {
        let text = params.optional(name);
        text.map(|text| text.parse().map_err(|_| ApiError::malformed(name))).transpose()
    };
    let word = |name: &str| params.optional(name).map(str::to_owned);
    let filter = Filter {
        before: number("before")?,
        member: word("member"),
        what: word("what"),
        object: word("object"),
        since: number("since")?,
        until: number("until")?,
    };
    let rows = read(&state, caller, Right::Audit, move |sql, _, workspace| {
        Ok(rows(sql, &workspace.id, &filter, limit)?)
    })
    .await?;
    let full = i64::try_from(rows.len()).is_ok_and(|count| count >= limit);
    let next = rows.last().filter(|_| full).and_then(|row| row.get("id")).and_then(Value::as_i64);
    Ok(Json(Page { rows, next }))
}

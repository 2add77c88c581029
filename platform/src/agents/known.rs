//! `POST /v1/messages/known`: which of its own sends a restored platform lacks (protocol.md 8).

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::error::{ApiError, ErrorCode};
use super::http::JsonBody;
use super::session::Caller;
use crate::state::AppState;
use crate::store::{StoreError, commands};

/// The most ids of a request.
const MAX_IDS: usize = 1000;

/// What is asked.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Known {
    /// Ids of this device's sends, at most 1,000 of at most 64 bytes.
    #[schemars(length(max = 1000))]
    ids: Vec<String>,
}

/// What is not here.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Missing {
    /// Those of the ids that this platform knows neither as a message of this device's nor as a
    /// command that it answered.
    missing: Vec<String>,
}

/// The handler.
pub(crate) async fn post(
    State(state): State<AppState>,
    caller: Caller,
    JsonBody(body): JsonBody<Known>,
) -> Result<Json<Missing>, ApiError> {
    if body.ids.len() > MAX_IDS {
        let details = json!({ "field": "ids", "limit": MAX_IDS });
        return Err(ApiError::with(ErrorCode::Malformed, details));
    }
    if body.ids.iter().any(|id| id.is_empty() || id.len() > 64) {
        return Err(ApiError::malformed("ids"));
    }
    let missing = state
        .store
        .read(move |sql| -> Result<_, StoreError> {
            let mut missing = Vec::new();
            for id in body.ids {
                if !commands::knows(sql, &caller.actor.device, &id)? {
                    missing.push(id);
                }
            }
            Ok(missing)
        })
        .await?;
    Ok(Json(Missing { missing }))
}

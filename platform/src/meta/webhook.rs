//! The endpoint that Meta calls: `/webhooks/meta`.
//!
//! Its one duty is to answer 200 only for what is on disk. Nothing is parsed here: Meta counts
//! slow answers, and a body that cannot be read is still kept.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use serde::Deserialize;
use tokio::time;

use super::{intake, signature};
use crate::state::AppState;

/// Path of the endpoint.
pub(crate) const PATH: &str = "/webhooks/meta";

/// Greatest body, inclusive: Meta's own limit is 3 MB (whatsapp.md 1.3).
pub(crate) const BODY_MAX: usize = 3 * 1024 * 1024;

/// How long a body may take to arrive: nobody holds a connection open without a signature.
const BODY_TIME: Duration = Duration::from_secs(30);

/// What Meta asks when the endpoint is registered.
#[derive(Deserialize)]
pub(crate) struct Verification {
    #[serde(rename = "hub.mode", default)]
    mode: String,
    #[serde(rename = "hub.verify_token", default)]
    token: String,
    #[serde(rename = "hub.challenge", default)]
    challenge: String,
}

/// `GET`: says the challenge back to whoever knows the verify token.
pub(crate) async fn verify(
    State(state): State<AppState>,
    Query(asked): Query<Verification>,
) -> Response {
    let expected = state.settings.verify_token.expose().as_bytes();
    let right = signature::same_secret(expected, asked.token.as_bytes());
    if asked.mode == "subscribe" && right {
        asked.challenge.into_response()
    } else {
        log::warn!("webhook_verification_refused");
        StatusCode::FORBIDDEN.into_response()
    }
}

/// `POST`: 200 only for what is on disk.
pub(crate) async fn receive(State(state): State<AppState>, request: Request) -> StatusCode {
    let (parts, body) = request.into_parts();
    if state.disk.is_below() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    // Too large goes first; what nobody signed is not even read.
    let fits = body.size_hint().lower() <= BODY_MAX as u64;
    if fits && !parts.headers.contains_key(signature::HEADER) {
        return unsigned(&state);
    }
    let body = match time::timeout(BODY_TIME, collect(&state, body)).await {
        Ok(Ok(body)) => body,
        Ok(Err(status)) => return status,
        Err(_) => return StatusCode::REQUEST_TIMEOUT,
    };
    if !signed(&state, &parts.headers, &body) {
        return unsigned(&state);
    }
    if state.own_address.came(&body) {
        // Ours, to see whether it comes back: nothing to keep.
        return StatusCode::OK;
    }
    match intake::keep(&state, body).await {
        Ok(()) => StatusCode::OK,
        Err(error) => {
            // Meta brings it again, for up to seven days.
            log::error!("webhook_not_kept cause=\"{error}\"");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

fn unsigned(state: &AppState) -> StatusCode {
    if let Some(count) = state.metrics.wrong_signature(state.ports.clock.now_ms()) {
        log::warn!("webhook_signature_wrong count={count}");
    }
    StatusCode::UNAUTHORIZED
}

fn signed(state: &AppState, headers: &HeaderMap, body: &[u8]) -> bool {
    let secret = state.settings.app_secret.expose().as_bytes();
    headers
        .get(signature::HEADER)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| signature::holds(secret, body, value))
}

/// Reads the body up to the limit, whatever its header says about its length.
async fn collect(state: &AppState, body: Body) -> Result<Vec<u8>, StatusCode> {
    if body.size_hint().lower() > BODY_MAX as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let mut stream = body.into_data_stream();
    let mut share = state.arriving.body();
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
        if bytes.len() + chunk.len() > BODY_MAX {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        if !share.grow(chunk.len()) {
            // Meta brings it again; whoever else fills the memory does not.
            return Err(StatusCode::SERVICE_UNAVAILABLE);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

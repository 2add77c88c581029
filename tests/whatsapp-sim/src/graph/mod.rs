//! Meta's Graph API, as far as texts need it: `POST /{version}/{phone_number_id}/messages`.

mod call;
pub(crate) mod errors;
mod request;

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;

use crate::log::CallAnswer;
use crate::sim::Inner;
use call::Call;

/// Marks a response that must never be written: the connection is cut instead.
///
/// It stands in the response's extensions. [`crate::serve`] drops the connection; a simulation that
/// calls the router in process maps it to "no answer".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutConnection;

/// The Graph side.
pub(crate) fn router(sim: Arc<Inner>) -> Router {
    Router::new()
        .route("/{version}/{phone_number_id}/messages", any(messages))
        .fallback(elsewhere)
        .with_state(sim)
}

async fn messages(
    State(sim): State<Arc<Inner>>,
    Path((_, phone_number_id)): Path<(String, String)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    call(&sim, Some(phone_number_id), &method, &uri, &headers, &body)
}

async fn elsewhere(
    State(sim): State<Arc<Inner>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    call(&sim, None, &method, &uri, &headers, &body)
}

fn call(
    sim: &Arc<Inner>,
    phone_number_id: Option<String>,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Response {
    let call = Call {
        method: method.to_string(),
        path: uri.path().to_owned(),
        phone_number_id,
        token: token(headers, uri),
        body,
    };
    match sim.change_and_wake(|state, now| state.graph_call(now, &call)) {
        CallAnswer::Answered { status, body } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, Json(body)).into_response()
        }
        CallAnswer::Cut { .. } => {
            let mut response = StatusCode::BAD_GATEWAY.into_response();
            response.extensions_mut().insert(CutConnection);
            response
        }
    }
}

/// The token of the Authorization header, else of the query, where Graph takes it too.
fn token(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        ["bearer", "oauth"].contains(&scheme.to_ascii_lowercase().as_str()).then(|| token.trim())
    });
    let query = || uri.query()?.split('&').find_map(|pair| pair.strip_prefix("access_token="));
    bearer.or_else(query).filter(|token| !token.is_empty()).map(str::to_owned)
}

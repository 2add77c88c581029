//! Meta's Graph API, with any version in the path or none.

mod account;
mod call;
pub(crate) mod errors;
mod form;
mod interactive;
mod kinds;
mod media;
mod messages;
mod phone;
mod request;
mod send;
pub(crate) mod template_use;
mod templates;

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::{Body as HttpBody, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};

use crate::log::CallAnswer;
use crate::sim::Inner;
use call::{Call, Reply};
use form::{Body, pairs};

/// Marks a response that must never be written: the connection is cut instead.
///
/// It stands in the response's extensions. [`crate::serve`] drops the connection; a simulation that
/// calls the router in process maps it to "no answer".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutConnection;

/// A document of 100 MB and the form around it.
const BODY_LIMIT: usize = 101 << 20;

/// The Graph side.
pub(crate) fn router(sim: Arc<Inner>) -> Router {
    Router::new().fallback(call).layer(DefaultBodyLimit::max(BODY_LIMIT)).with_state(sim)
}

async fn call(
    State(sim): State<Arc<Inner>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let query = pairs(uri.query().unwrap_or_default());
    let host = text(header::HOST).or_else(|| uri.authority().map(Authority::as_str));
    let call = Call {
        method: method.to_string(),
        path: uri.path().to_owned(),
        token: token(&headers, &query),
        origin: format!("http://{}", host.unwrap_or("localhost")),
        body: Body::read(text(header::CONTENT_TYPE).unwrap_or_default(), body).await,
        query,
    };
    respond(sim.change_and_wake(|state, now| state.graph_call(now, &call)))
}

fn respond(reply: Reply) -> Response {
    let mut response = match (reply.answer, reply.file) {
        (CallAnswer::Cut { .. }, _) => {
            let mut response = StatusCode::BAD_GATEWAY.into_response();
            response.extensions_mut().insert(CutConnection);
            return response;
        }
        (CallAnswer::Answered { .. }, Some((mime, bytes))) => {
            let mut response = HttpBody::from(bytes).into_response();
            let kind = HeaderValue::from_str(&mime)
                .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"));
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        (CallAnswer::Answered { status, body }, None) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, Json(body)).into_response()
        }
    };
    if let Some(seconds) = reply.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The token of the Authorization header, else of the query, where Graph takes it too.
fn token(headers: &HeaderMap, query: &[(String, String)]) -> Option<String> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        ["bearer", "oauth"].contains(&scheme.to_ascii_lowercase().as_str()).then(|| token.trim())
    });
    let in_query = || query.iter().find(|(name, _)| name == "access_token").map(|(_, v)| &**v);
    bearer.or_else(in_query).filter(|token| !token.is_empty()).map(str::to_owned)
}

//! What every answer and every request has in common: headers, limits, log lines.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::error::{ApiError, Cause, ErrorCode};
use crate::settings::AppVersion;
use crate::state::AppState;
use crate::support::{log as log_lines, rng};

/// The largest request body under `/v1`, in bytes.
pub const MAX_BODY: usize = 1024 * 1024;

/// How long a request's body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);

/// Names the app and its version: `android/1.2.3`.
pub const CLIENT: HeaderName = HeaderName::from_static("fieldline-client");

/// The platform's clock, milliseconds UTC, on every answer.
pub const SERVER_TIME: HeaderName = HeaderName::from_static("fieldline-server-time");

/// Names the request in the log, on every answer. Ours alone: one that came along is not taken
/// over, for it could be anything.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("fieldline-request-id");

/// Dates and numbers every answer and writes one log line for it. The line names the route, never the path:
/// what a stranger typed is not ours to keep.
pub(crate) async fn envelope(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let id = rng::token(state.ports.rng.as_ref(), 6);
    let begun = state.ports.clock.now_ms();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let mut response = log_lines::of_request(id.clone(), next.run(request)).await;
    let now = state.ports.clock.now_ms();
    response.headers_mut().insert(SERVER_TIME, HeaderValue::from(now));
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    state.metrics.answered(&route, response.status().as_u16());
    let (status, ms) = (response.status().as_u16(), now.saturating_sub(begun));
    match response.extensions().get::<Cause>() {
        Some(Cause(code, Some(cause))) => log::error!(
            "request id={id} method={method} route={route} status={status} ms={ms} code={code} cause=\"{cause}\""
        ),
        Some(Cause(code, None)) => log::info!(
            "request id={id} method={method} route={route} status={status} ms={ms} code={code}"
        ),
        None => {
            log::debug!("request id={id} method={method} route={route} status={status} ms={ms}");
        }
    }
    response
}

/// Whether a path is text once its escapes are undone: an id that is none names nothing.
fn is_text(path: &str) -> bool {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let (mut bytes, mut rest) = (Vec::with_capacity(path.len()), path.as_bytes());
    while let [byte, behind @ ..] = rest {
        let escaped = match rest {
            [b'%', high, low, behind @ ..] => {
                digit(*high).zip(digit(*low)).map(|(high, low)| (high << 4 | low, behind))
            }
            _ => None,
        };
        let (byte, behind) = escaped.unwrap_or((*byte, behind));
        bytes.push(byte);
        rest = behind;
    }
    std::str::from_utf8(&bytes).is_ok()
}

/// Lets in only apps that name themselves and are new enough, at a path that can be read.
pub(crate) async fn known_client(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if !is_text(request.uri().path()) {
        return Err(ApiError::malformed("id"));
    }
    let (platform, version) = request
        .headers()
        .get(CLIENT)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once('/'))
        .filter(|(platform, _)| !platform.is_empty() && platform.len() <= 40)
        .and_then(|(platform, version)| Some((platform, AppVersion::parse(version)?)))
        .ok_or_else(|| ApiError::malformed("Fieldline-Client"))?;
    match state.settings.minimum_versions.get(platform) {
        Some(minimum) if version < *minimum => {
            Err(ApiError::with(ErrorCode::Upgrade, json!({ "min_version": minimum.to_string() })))
        }
        _ => Ok(next.run(request).await),
    }
}

/// Takes nothing new of the office's in while the disk is below its floor. What only reads goes on,
/// and so does what makes room or shuts somebody out: that cannot wait for an operator.
pub(crate) async fn room_for_more(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let path = request.uri().path();
    let adds = [Method::POST, Method::PUT, Method::PATCH].contains(request.method())
        && path.starts_with("/office/")
        && !["/revoke", "/preview"].iter().any(|end| path.ends_with(end));
    if adds && state.disk.is_below() {
        return Err(ApiError::new(ErrorCode::ServerFull));
    }
    Ok(next.run(request).await)
}

/// There is nothing under this path, or not by this method.
pub(crate) async fn not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound)
}

/// A JSON body of at most [`MAX_BODY`] bytes. Its content type does not matter.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<AppState> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let bytes = body(state, request.into_body()).await?;
        // serde's sentence may quote the body, so only the code goes out.
        serde_json::from_slice(&bytes).map(Self).map_err(|_| ApiError::new(ErrorCode::Malformed))
    }
}

async fn body(state: &AppState, body: Body) -> Result<Vec<u8>, ApiError> {
    let limit = u64::try_from(MAX_BODY).unwrap_or(u64::MAX);
    if body.size_hint().lower() > limit {
        return Err(ApiError::too_large(MAX_BODY));
    }
    tokio::time::timeout(BODY_TIME, collect(state, body))
        .await
        .unwrap_or_else(|_| Err(ApiError::new(ErrorCode::Malformed)))
}

async fn collect(state: &AppState, body: Body) -> Result<Vec<u8>, ApiError> {
    let mut stream = body.into_data_stream();
    let mut share = state.arriving.body();
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| ApiError::new(ErrorCode::Malformed))?;
        if bytes.len().saturating_add(chunk.len()) > MAX_BODY {
            return Err(ApiError::too_large(MAX_BODY));
        }
        if !share.grow(chunk.len()) {
            return Err(ApiError::new(ErrorCode::Overloaded));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The query of a request; of repeated names the last counts.
pub(crate) struct Params(BTreeMap<String, String>);

impl Params {
    /// A field that may be absent.
    pub(crate) fn optional(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A field that must be there.
    pub(crate) fn text(&self, name: &str) -> Result<&str, ApiError> {
        self.optional(name).ok_or_else(|| ApiError::malformed(name))
    }

    /// A number from 1 to `most`; `default` if absent.
    pub(crate) fn number(
        &self,
        name: &str,
        default: usize,
        most: usize,
    ) -> Result<usize, ApiError> {
        let Some(text) = self.optional(name) else { return Ok(default) };
        text.parse().ok().filter(|number| (1..=most).contains(number)).ok_or_else(|| {
            ApiError::with(ErrorCode::Malformed, json!({ "field": name, "limit": most }))
        })
    }
}

impl FromRequestParts<AppState> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, ApiError> {
        Query::<BTreeMap<String, String>>::try_from_uri(&parts.uri)
            .map(|Query(params)| Self(params))
            .map_err(|_| ApiError::new(ErrorCode::Malformed))
    }
}

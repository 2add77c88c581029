//! The way out to Meta's Graph API: a port here, and its production form over HTTPS in `http`.
//!
//! The one thing that callers build on is the difference between "provably not sent" and "may
//! have gone out": a send without an idempotency key (Meta has none) may be tried again by itself
//! only after the former.

mod host;
mod http;

use std::fmt;
use std::path::PathBuf;

use axum::body::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use reqwest::Url;

use crate::support::Secret;

pub use host::{is_loopback, may_fetch};
pub use http::{GraphSetupError, HttpGraph};

/// One call.
#[derive(Debug, Clone)]
pub struct GraphRequest {
    /// HTTP method, `POST` for example.
    pub method: &'static str,
    /// Path behind the version, with a slash in front and without a query: `/1234/messages`.
    pub path: String,
    /// Query, encoded by the port. Its values are secrets because some of Meta's are (the code
    /// exchange takes the app secret there), so that no log of a request can show one.
    pub query: Vec<(&'static str, Secret)>,
    /// Access token; none where Meta wants the app's own credentials in the query.
    pub token: Option<Secret>,
    /// What goes along.
    pub body: GraphBody,
}

/// What goes along with a call.
#[derive(Debug, Clone, PartialEq)]
pub enum GraphBody {
    /// Nothing.
    Empty,
    /// JSON.
    Json(serde_json::Value),
    /// `multipart/form-data` with one file, which the port reads from the disk as it sends it.
    Upload(Upload),
}

/// A file that goes up to Meta (whatsapp.md 5.3): fields `messaging_product`, `type` and `file`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Where it lies.
    pub path: PathBuf,
    /// Its length in bytes.
    pub length: u64,
    /// Its type, `image/jpeg` for example.
    pub mime: String,
    /// The name that Meta is told; it never names a person's file.
    pub name: String,
}

impl GraphRequest {
    /// A POST of JSON with the channel's token.
    pub fn post(path: impl Into<String>, token: Secret, body: serde_json::Value) -> Self {
        Self {
            method: "POST",
            path: path.into(),
            query: Vec::new(),
            token: Some(token),
            body: GraphBody::Json(body),
        }
    }

    /// A GET with the channel's token.
    pub fn get(path: impl Into<String>, token: Secret) -> Self {
        Self {
            method: "GET",
            path: path.into(),
            query: Vec::new(),
            token: Some(token),
            body: GraphBody::Empty,
        }
    }

    /// A POST of a file with the channel's token.
    pub fn upload(path: impl Into<String>, token: Secret, file: Upload) -> Self {
        Self { body: GraphBody::Upload(file), ..Self::post(path, token, serde_json::Value::Null) }
    }

    /// A DELETE with the channel's token.
    pub fn delete(path: impl Into<String>, token: Secret) -> Self {
        Self { method: "DELETE", ..Self::get(path, token) }
    }

    /// The whole address over `base`, the query encoded; none if that is no address.
    pub fn url(&self, base: &str) -> Option<Url> {
        let mut url = Url::parse(&format!("{base}{}", self.path)).ok()?;
        if !self.query.is_empty() {
            let pairs = self.query.iter().map(|(name, value)| (*name, value.expose()));
            url.query_pairs_mut().extend_pairs(pairs);
        }
        Some(url)
    }

    /// The JSON that goes along; null without one.
    pub fn json(&self) -> &serde_json::Value {
        match &self.body {
            GraphBody::Json(json) => json,
            GraphBody::Empty | GraphBody::Upload(_) => &serde_json::Value::Null,
        }
    }
}

/// A whole answer, whatever its status.
#[derive(Clone, PartialEq, Eq)]
pub struct GraphAnswer {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After` in ms, if the answer named seconds.
    pub retry_after_ms: Option<i64>,
    /// The body as it came, at most 4 MiB.
    pub body: Vec<u8>,
}

impl fmt::Debug for GraphAnswer {
    /// Bodies hold numbers of people; only their length is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphAnswer")
            .field("status", &self.status)
            .field("retry_after_ms", &self.retry_after_ms)
            .field("body_len", &self.body.len())
            .finish()
    }
}

/// No whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GraphFailure {
    /// No byte of the request left: no connection was made.
    #[error("not sent")]
    NotSent,
    /// It may have gone out.
    #[error("no full answer")]
    Unanswered,
}

/// A file that comes down from Meta: the head of the answer, and its bytes as they arrive.
pub struct GraphFile {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After` in ms, if the answer named seconds.
    pub retry_after_ms: Option<i64>,
    /// The body, chunk by chunk; an error says that it was cut.
    pub chunks: BoxStream<'static, Result<Bytes, GraphFailure>>,
}

impl fmt::Debug for GraphFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphFile").field("status", &self.status).finish_non_exhaustive()
    }
}

/// The way to Graph; a simulation puts its own in this place.
pub trait GraphPort: Send + Sync + 'static {
    /// Makes one call and waits for the whole answer. No retry, no redirect.
    fn call(&self, request: GraphRequest) -> BoxFuture<'_, Result<GraphAnswer, GraphFailure>>;

    /// Whether files may be fetched from this address with a channel's token: an address comes in
    /// an answer, and the token must reach nobody but Meta.
    fn may_fetch(&self, url: &str) -> bool;

    /// Posts a signed test webhook to this server's own public address, as Meta would (`signature`
    /// is the header's value); the HTTP status of the answer. No token, no redirect. A way to Graph
    /// that leads to no such address reaches nobody.
    fn post_to_ourselves(
        &self,
        url: String,
        signature: String,
        body: Vec<u8>,
    ) -> BoxFuture<'_, Result<u16, GraphFailure>> {
        drop((url, signature, body));
        Box::pin(async { Err(GraphFailure::NotSent) })
    }

    /// Fetches a file from an address that Graph named (whatsapp.md 5.3), with the channel's
    /// token. An address that [`GraphPort::may_fetch`] refuses is not asked. No redirect.
    fn fetch(&self, url: String, token: Secret) -> BoxFuture<'_, Result<GraphFile, GraphFailure>>;
}

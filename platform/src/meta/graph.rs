//! The way out to Meta's Graph API: a port, and its production form over HTTPS.
//!
//! The one thing that callers build on is the difference between "provably not sent" and "may
//! have gone out": a send without an idempotency key (Meta has none) may be tried again by itself
//! only after the former.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::{Client, Method, Response, Url, header, redirect};

use crate::support::Secret;

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
            GraphBody::Empty => &serde_json::Value::Null,
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
    /// The body as it came, at most 1 MiB.
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

/// The way to Graph; a simulation puts its own in this place.
pub trait GraphPort: Send + Sync + 'static {
    /// Makes one call and waits for the whole answer. No retry, no redirect.
    fn call(&self, request: GraphRequest) -> BoxFuture<'_, Result<GraphAnswer, GraphFailure>>;
}

/// Why a Graph address cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GraphSetupError {
    /// No URL, or one without a host, or with a query, a fragment or a user.
    #[error("not a usable address")]
    Address,
    /// Plain HTTP to another machine.
    #[error("plain http is allowed to this machine only")]
    PlainHttp,
    /// The TLS client could not be built.
    #[error("the TLS client could not be set up")]
    Tls,
}

/// Time to make a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for a whole call.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest answer that is read.
const ANSWER_MAX: usize = 1 << 20;

/// Graph over HTTPS.
#[derive(Debug, Clone)]
pub struct HttpGraph {
    client: Client,
    base: String,
}

impl HttpGraph {
    /// A client of the Graph API at `base_url`, its version included, without a slash at its end.
    /// Plain HTTP is refused except to loopback.
    pub fn new(base_url: &str) -> Result<Self, GraphSetupError> {
        let url = check(base_url)?;
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls()?)
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(CALL_TIMEOUT)
            .user_agent(concat!("fieldline-platform/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&url) {
            builder = builder.no_proxy();
        } else {
            builder = builder.https_only(true);
        }
        let client = builder.build().map_err(|_| GraphSetupError::Tls)?;
        Ok(Self { client, base: url.as_str().trim_end_matches('/').to_owned() })
    }
}

impl GraphPort for HttpGraph {
    fn call(&self, request: GraphRequest) -> BoxFuture<'_, Result<GraphAnswer, GraphFailure>> {
        Box::pin(async move {
            let method =
                Method::from_bytes(request.method.as_bytes()).map_err(|_| GraphFailure::NotSent)?;
            let url = request.url(&self.base).ok_or(GraphFailure::NotSent)?;
            let mut call = self.client.request(method, url);
            if let Some(token) = &request.token {
                call = call.bearer_auth(token.expose());
            }
            if let GraphBody::Json(json) = &request.body {
                let body = serde_json::to_vec(json).map_err(|_| GraphFailure::NotSent)?;
                call = call.header(header::CONTENT_TYPE, "application/json").body(body);
            }
            let answer = call.send().await.map_err(|error| {
                if error.is_connect() || error.is_builder() {
                    GraphFailure::NotSent
                } else {
                    GraphFailure::Unanswered
                }
            })?;
            read(answer).await
        })
    }
}

async fn read(mut answer: Response) -> Result<GraphAnswer, GraphFailure> {
    let status = answer.status().as_u16();
    let retry_after_ms = answer
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse::<i64>().ok())
        .and_then(|seconds| seconds.checked_mul(1_000));
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| GraphFailure::Unanswered)? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_MAX {
            return Err(GraphFailure::Unanswered);
        }
    }
    Ok(GraphAnswer { status, retry_after_ms, body })
}

fn tls() -> Result<rustls::ClientConfig, GraphSetupError> {
    let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect::<rustls::RootCertStore>();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| GraphSetupError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn check(base_url: &str) -> Result<Url, GraphSetupError> {
    let url = Url::parse(base_url).map_err(|_| GraphSetupError::Address)?;
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if url.host_str().is_none() || !plain {
        return Err(GraphSetupError::Address);
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(GraphSetupError::PlainHttp),
        _ => Err(GraphSetupError::Address),
    }
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    #[test]
    fn plain_http_stays_on_this_machine() {
        for good in [
            "https://graph.example/v1",
            "http://127.0.0.1:1/v1",
            "http://[::1]:1",
            "http://localhost:1",
        ] {
            assert!(HttpGraph::new(good).is_ok(), "{good}");
        }
        let refused = |url| HttpGraph::new(url).err();
        assert_eq!(refused("http://graph.example"), Some(GraphSetupError::PlainHttp));
        assert_eq!(refused("http://127.0.0.1.example"), Some(GraphSetupError::PlainHttp));
        for bad in
            ["", "graph", "ftp://127.0.0.1", "https://u:p@graph.example", "https://g.example/?a"]
        {
            assert_eq!(refused(bad), Some(GraphSetupError::Address), "{bad}");
        }
    }

    fn request() -> GraphRequest {
        let query = vec![("fields", Secret::new("a b,c"))];
        GraphRequest {
            query,
            ..GraphRequest::post("/1/messages", Secret::new("canary"), json!({"a": 1}))
        }
    }

    /// A server that reads one request and answers with these bytes, then hangs up.
    async fn serving(answer: &'static [u8]) -> (HttpGraph, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let graph =
            HttpGraph::new(&format!("http://{}/v9", listener.local_addr().unwrap())).unwrap();
        let task = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut seen = Vec::new();
            while !seen.ends_with(b"{\"a\":1}") {
                let mut buffer = [0; 1024];
                let read = socket.read(&mut buffer).await.unwrap();
                seen.extend_from_slice(&buffer[..read]);
            }
            socket.write_all(answer).await.unwrap();
            String::from_utf8(seen).unwrap()
        });
        (graph, task)
    }

    #[tokio::test]
    async fn a_whole_answer_comes_back_as_it_is() {
        let (graph, server) =
            serving(b"HTTP/1.1 429 X\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}").await;
        let answer = graph.call(request()).await.unwrap();
        assert_eq!((answer.status, answer.retry_after_ms), (429, Some(7_000)));
        assert_eq!(answer.body, b"{}");
        let seen = server.await.unwrap();
        assert!(seen.starts_with("POST /v9/1/messages?fields=a+b%2Cc HTTP/1.1\r\n"));
        assert!(seen.contains("Bearer canary"));
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let (graph, _server) = serving(
            b"HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        )
        .await;
        assert_eq!(graph.call(request()).await.map(|a| a.status), Ok(307));
    }

    #[tokio::test]
    async fn a_cut_answer_is_no_answer() {
        for cut in [&b""[..], b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"] {
            let (graph, _server) = serving(cut).await;
            assert_eq!(graph.call(request()).await, Err(GraphFailure::Unanswered));
        }
    }

    #[tokio::test]
    async fn without_a_connection_nothing_was_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let graph = HttpGraph::new(&format!("http://{address}")).unwrap();
        assert_eq!(graph.call(request()).await, Err(GraphFailure::NotSent));
    }
}

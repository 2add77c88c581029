//! Graph over HTTPS.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt as _};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Client, Method, RequestBuilder, Response, Url, header, redirect};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use super::host::{self, is_loopback};
use super::{GraphAnswer, GraphBody, GraphFailure, GraphFile, GraphPort, GraphRequest, Upload};
use crate::support::Secret;

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
/// Time for a file, up or down: 100 MB (whatsapp.md 5.3) at 200 kB/s.
const FILE_TIMEOUT: Duration = Duration::from_mins(9);
/// How long a download may stand still.
const CHUNK_TIMEOUT: Duration = Duration::from_mins(1);
/// Bytes read from the disk at once while a file goes up.
const CHUNK: usize = 64 * 1024;
/// Longest answer that is read.
const ANSWER_MAX: usize = 1 << 20;

/// Graph over HTTPS.
#[derive(Debug, Clone)]
pub struct HttpGraph {
    client: Client,
    base: Url,
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
        Ok(Self { client, base: url })
    }
}

impl HttpGraph {
    fn begin(&self, request: &GraphRequest) -> Result<RequestBuilder, GraphFailure> {
        let method =
            Method::from_bytes(request.method.as_bytes()).map_err(|_| GraphFailure::NotSent)?;
        let base = self.base.as_str().trim_end_matches('/');
        let url = request.url(base).ok_or(GraphFailure::NotSent)?;
        let call = self.client.request(method, url);
        Ok(match &request.token {
            Some(token) => call.bearer_auth(token.expose()),
            None => call,
        })
    }
}

impl GraphPort for HttpGraph {
    fn call(&self, request: GraphRequest) -> BoxFuture<'_, Result<GraphAnswer, GraphFailure>> {
        Box::pin(async move {
            let mut call = self.begin(&request)?;
            match &request.body {
                GraphBody::Empty => {}
                GraphBody::Json(json) => {
                    let body = serde_json::to_vec(json).map_err(|_| GraphFailure::NotSent)?;
                    call = call.header(header::CONTENT_TYPE, "application/json").body(body);
                }
                GraphBody::Upload(upload) => {
                    call = call.timeout(FILE_TIMEOUT).multipart(form(upload).await?);
                }
            }
            let answer = call.send().await.map_err(|error| failure(&error))?;
            read(answer).await
        })
    }

    fn post_to_ourselves(
        &self,
        url: String,
        signature: String,
        body: Vec<u8>,
    ) -> BoxFuture<'_, Result<u16, GraphFailure>> {
        Box::pin(async move {
            let call = self.client.post(url).header("x-hub-signature-256", signature);
            let call = call.header(header::CONTENT_TYPE, "application/json").body(body);
            let answer = call.send().await.map_err(|error| failure(&error))?;
            Ok(answer.status().as_u16())
        })
    }

    fn may_fetch(&self, url: &str) -> bool {
        host::may_fetch(&self.base, url)
    }

    fn fetch(&self, url: String, token: Secret) -> BoxFuture<'_, Result<GraphFile, GraphFailure>> {
        Box::pin(async move {
            if !self.may_fetch(&url) {
                return Err(GraphFailure::NotSent);
            }
            let call = self.client.get(url).timeout(FILE_TIMEOUT).bearer_auth(token.expose());
            let answer = call.send().await.map_err(|error| failure(&error))?;
            let (status, retry_after_ms) = (answer.status().as_u16(), retry_after(&answer));
            let chunks = stream::unfold(Some(answer), |answer| async move {
                let mut answer = answer?;
                match tokio::time::timeout(CHUNK_TIMEOUT, answer.chunk()).await {
                    Ok(Ok(Some(chunk))) => Some((Ok(chunk), Some(answer))),
                    Ok(Ok(None)) => None,
                    Ok(Err(_)) | Err(_) => Some((Err(GraphFailure::Unanswered), None)),
                }
            });
            Ok(GraphFile { status, retry_after_ms, chunks: chunks.boxed() })
        })
    }
}

fn failure(error: &reqwest::Error) -> GraphFailure {
    if error.is_connect() || error.is_builder() {
        GraphFailure::NotSent
    } else {
        GraphFailure::Unanswered
    }
}

/// The form of `POST /{phone_number_id}/media`; the file is read from the disk as it goes.
async fn form(upload: &Upload) -> Result<Form, GraphFailure> {
    let file = File::open(&upload.path).await.map_err(|_| GraphFailure::NotSent)?;
    let chunks = stream::try_unfold((file, upload.length), |(mut file, left)| async move {
        if left == 0 {
            return Ok::<_, std::io::Error>(None);
        }
        let mut buffer = vec![0; CHUNK.min(usize::try_from(left).unwrap_or(CHUNK))];
        let read = file.read(&mut buffer).await?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        buffer.truncate(read);
        let left = left.saturating_sub(u64::try_from(read).unwrap_or(left));
        Ok(Some((Bytes::from(buffer), (file, left))))
    });
    let part = Part::stream_with_length(Body::wrap_stream(chunks), upload.length)
        .file_name(upload.name.clone())
        .mime_str(&upload.mime)
        .map_err(|_| GraphFailure::NotSent)?;
    Ok(Form::new()
        .text("messaging_product", "whatsapp")
        .text("type", upload.mime.clone())
        .part("file", part))
}

fn retry_after(answer: &Response) -> Option<i64> {
    answer
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse::<i64>().ok())
        .and_then(|seconds| seconds.checked_mul(1_000))
}

async fn read(mut answer: Response) -> Result<GraphAnswer, GraphFailure> {
    let status = answer.status().as_u16();
    let retry_after_ms = retry_after(&answer);
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tokio::io::AsyncWriteExt as _;
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

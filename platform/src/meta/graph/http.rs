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
/// Longest answer that is read: a page of 100 templates in a script that JSON spells as `\uXXXX` is
/// above 1 MiB.
const ANSWER_MAX: usize = 4 << 20;

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

    /// A server that reads one whole request, however long, and answers with these bytes.
    async fn hearing(answer: &'static [u8]) -> (String, tokio::task::JoinHandle<Vec<u8>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut seen = Vec::new();
            let mut buffer = [0; 4096];
            let find = |seen: &[u8], what: &[u8]| seen.windows(what.len()).position(|w| w == what);
            loop {
                let read = socket.read(&mut buffer).await.unwrap();
                seen.extend_from_slice(&buffer[..read]);
                let Some(head) = find(&seen, b"\r\n\r\n") else { continue };
                let text = String::from_utf8_lossy(&seen[..head]).to_ascii_lowercase();
                let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
                let length = length.map_or(0, |length| length.parse().unwrap());
                if read == 0 || seen.len() >= head + 4 + length {
                    break;
                }
            }
            socket.write_all(answer).await.unwrap();
            seen
        });
        (address, task)
    }

    #[tokio::test]
    async fn a_file_goes_up_as_a_form_with_its_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let bytes: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0] ^ 0x55).collect();
        std::fs::write(&path, &bytes).unwrap();
        let (address, server) =
            hearing(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"id\":\"777\"}").await;
        let graph = HttpGraph::new(&format!("{address}/v9")).unwrap();
        let upload = |length| Upload {
            path: path.clone(),
            length,
            mime: "audio/ogg; codecs=opus".into(),
            name: "file".into(),
        };
        let request = GraphRequest::upload("/42/media", Secret::new("canary"), upload(200_000));
        let answer = graph.call(request).await.unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"{\"id\":\"777\"}"[..]));
        let seen = server.await.unwrap();
        let place = |what: &[u8]| seen.windows(what.len()).position(|w| w == what);
        assert!(seen.starts_with(b"POST /v9/42/media HTTP/1.1\r\n"));
        for part in [
            &b"authorization: Bearer canary"[..],
            b"content-type: multipart/form-data; boundary=",
            b"name=\"messaging_product\"\r\n\r\nwhatsapp\r\n",
            b"name=\"type\"\r\n\r\naudio/ogg; codecs=opus\r\n",
            b"name=\"file\"; filename=\"file\"",
        ] {
            assert!(place(part).is_some(), "{}", String::from_utf8_lossy(part));
        }
        assert!(place(&bytes).is_some(), "the file is in it to the byte");
        // One that is shorter than was said is no whole request, and one that is gone is none at all.
        let (address, _server) = hearing(b"").await;
        let graph = HttpGraph::new(&address).unwrap();
        let request = GraphRequest::upload("/42/media", Secret::new("x"), upload(200_001));
        assert_eq!(graph.call(request).await, Err(GraphFailure::Unanswered));
        std::fs::remove_file(&path).unwrap();
        let request = GraphRequest::upload("/42/media", Secret::new("x"), upload(200_000));
        assert_eq!(graph.call(request).await, Err(GraphFailure::NotSent));
    }

    /// Status and bytes of a file; an error in place of them where it broke off.
    async fn fetched(answer: &'static [u8]) -> (u16, Result<Vec<u8>, GraphFailure>, String) {
        let (address, server) = hearing(answer).await;
        // Meta's files lie on another host than Graph; here on another port.
        let graph = HttpGraph::new("http://127.0.0.1:1/v9").unwrap();
        let file = graph.fetch(format!("{address}/a?mid=1"), Secret::new("canary")).await.unwrap();
        let status = file.status;
        let chunks: Vec<_> = file.chunks.collect().await;
        let bytes = chunks.into_iter().try_fold(Vec::new(), |mut all, chunk| {
            all.extend_from_slice(&chunk?);
            Ok(all)
        });
        (status, bytes, String::from_utf8(server.await.unwrap()).unwrap())
    }

    #[tokio::test]
    async fn a_file_comes_down_with_the_token_and_a_cut_one_is_told() {
        let whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n2\r\n!!\r\n0\r\n\r\n";
        let (status, bytes, seen) = fetched(whole).await;
        assert_eq!((status, bytes), (200, Ok(b"hello!!".to_vec())));
        assert!(seen.starts_with("GET /a?mid=1 HTTP/1.1\r\n"));
        assert!(seen.contains("authorization: Bearer canary"));
        let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel";
        assert_eq!(fetched(cut).await.1, Err(GraphFailure::Unanswered));
        let gone = b"HTTP/1.1 404 X\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(fetched(gone).await.0, 404);
        // The token follows no redirect.
        let moved = b"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:2/\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(fetched(moved).await.0, 302);
        let graph = HttpGraph::new("http://127.0.0.1:1/v9").unwrap();
        let strange = graph.fetch("https://lookaside.example/x".into(), Secret::new("canary"));
        assert!(matches!(strange.await, Err(GraphFailure::NotSent)));
    }
}

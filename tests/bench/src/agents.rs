//! Agents' sockets: all of them online on one number.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::bodies::Bodies;
use crate::load::Connection;

/// How long a message may take to reach the last socket before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(20);

type Socket = WebSocketStream<TcpStream>;

/// Agents that are online.
pub(crate) struct Online(Vec<Socket>);

impl Online {
    /// Signs an agent in by each code and opens its socket at the head of the line.
    pub(crate) async fn sign_in(address: SocketAddr, link_codes: &[String]) -> Self {
        let mut http = Connection::open(address).await.expect("a connection");
        let mut sockets = Vec::with_capacity(link_codes.len());
        for (number, code) in link_codes.iter().enumerate() {
            let device = format!("00000000-0000-4000-8000-{number:012}");
            let body = json!({"link_code": code,
                "device": {"id": device, "name": "bench", "platform": "bench", "app_version": "1.0"}});
            let session = call(&mut http, "POST", "/v1/session", None, &body.to_string()).await;
            let token = session["access_token"].as_str().expect("an access token").to_owned();
            let scope = call(&mut http, "GET", "/v1/scope", Some(&token), "").await;
            let cursor = scope["cursor"].as_str().expect("a cursor").to_owned();
            sockets.push(open(address, &token, &cursor).await);
        }
        Self(sockets)
    }

    /// Posts bodies at a steady rate; how long each took from before its request to each socket.
    pub(crate) async fn deliver(
        &mut self,
        address: SocketAddr,
        bodies: &Bodies,
        first: usize,
        count: usize,
        rate: u32,
    ) -> Vec<Duration> {
        let sent: Arc<Vec<OnceLock<Instant>>> =
            Arc::new((0..count).map(|_| OnceLock::new()).collect());
        let mut readers = JoinSet::new();
        for socket in self.0.drain(..) {
            readers.spawn(read(socket, Arc::clone(&sent), first));
        }
        let mut http = Connection::open(address).await.expect("a connection");
        let begun = Instant::now();
        for index in 0..count {
            let due =
                begun + Duration::from_secs_f64(crate::figures::float(index) / f64::from(rate));
            tokio::time::sleep_until(due.into()).await;
            let request = bodies.request(first + index);
            sent[index].set(Instant::now()).expect("sent once");
            let (status, _) = http.exchange(&request).await.expect("an answer");
            assert_eq!(status, 200);
        }
        let mut times = Vec::with_capacity(count * readers.len());
        while let Some(read) = readers.join_next().await {
            let (socket, part) = read.expect("a reader fell over");
            times.extend(part);
            self.0.push(socket);
        }
        times
    }
}

async fn call(
    http: &mut Connection,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: &str,
) -> Value {
    let authorization = token.map_or(String::new(), |t| format!("Authorization: Bearer {t}\r\n"));
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: bench\r\nFieldline-Client: bench/1.0\r\n{authorization}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (status, answer) = http.exchange(request.as_bytes()).await.expect("an answer");
    assert_eq!(status, 200, "{method} {path}: {}", String::from_utf8_lossy(&answer));
    serde_json::from_slice(&answer).expect("JSON")
}

async fn open(address: SocketAddr, token: &str, cursor: &str) -> Socket {
    let stream = TcpStream::connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("no delay");
    let mut request = "ws://bench/v1/live".into_client_request().expect("a request");
    let headers = request.headers_mut();
    headers.insert("Fieldline-Client", "bench/1.0".parse().expect("a header"));
    headers.insert("Authorization", format!("Bearer {token}").parse().expect("a header"));
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.expect("a socket");
    let hello = json!({"kind": "hello", "since": cursor}).to_string();
    socket.send(Message::text(hello)).await.expect("a hello");
    let first = socket.next().await.expect("a frame").expect("a frame");
    assert!(first.is_text(), "{first:?}");
    socket
}

/// Reads until every message was seen; how long each took.
async fn read(
    mut socket: Socket,
    sent: Arc<Vec<OnceLock<Instant>>>,
    first: usize,
) -> (Socket, Vec<Duration>) {
    let (mut seen, mut times) = (BTreeSet::new(), Vec::with_capacity(sent.len()));
    while seen.len() < sent.len() {
        let frame = tokio::time::timeout(PATIENCE, socket.next()).await;
        let frame =
            frame.expect("a message never came").expect("the socket ended").expect("a frame");
        let now = Instant::now();
        let Message::Text(text) = frame else { continue };
        for mark in text.split('~').skip(1) {
            let Some(index) = mark.parse::<usize>().ok().and_then(|n| n.checked_sub(first)) else {
                continue;
            };
            if let Some(at) = sent.get(index).and_then(OnceLock::get)
                && seen.insert(index)
            {
                times.push(now.duration_since(*at));
            }
        }
    }
    (socket, times)
}

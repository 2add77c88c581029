//! The relay over real sockets: a small server behind it, raw requests before it.

use std::io::ErrorKind;
use std::net::SocketAddr;

use fieldline_harness::relay::Relay;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Answers every request with its own body, `/live` with a tunnel that repeats what it hears, and tells of each request.
async fn echo_server() -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (told, heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(echo(stream, told.clone()));
        }
    });
    (addr, heard)
}

async fn echo(mut stream: TcpStream, told: mpsc::UnboundedSender<String>) {
    let mut read = Vec::new();
    loop {
        let end = loop {
            if let Some(at) = read.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let head = String::from_utf8(read[..end].to_vec()).unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse::<usize>().unwrap());
        while read.len() < end + length {
            if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let body: Vec<u8> = read.drain(..end + length).skip(end).collect();
        let _ = told.send(head.lines().next().unwrap().to_owned());
        if head.starts_with("GET /live") {
            let _ = stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").await;
            loop {
                let mut heard = [0; 64];
                let read = stream.read(&mut heard).await.unwrap_or(0);
                if read == 0 || stream.write_all(&heard[..read]).await.is_err() {
                    return;
                }
            }
        }
        let chunked = head.starts_with("GET /chunked");
        let answer = if chunked {
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".to_vec()
        } else {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            [head.into_bytes(), body].concat()
        };
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

fn post(path: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// Sends and reads until `end` came; empty if the other side closed instead.
async fn exchange(stream: &mut TcpStream, request: &str, end: &str) -> String {
    if stream.write_all(request.as_bytes()).await.is_err() {
        return String::new();
    }
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
            return String::new();
        }
    }
    String::from_utf8(read).unwrap()
}

#[tokio::test]
async fn carries_requests_chunks_and_tunnels_unchanged() {
    let (server, _heard) = echo_server().await;
    let relay = Relay::start(server).unwrap();
    assert!(relay.addr().ip().is_loopback());
    let mut stream = TcpStream::connect(relay.addr()).await.unwrap();
    for text in ["one", "two"] {
        let answer = exchange(&mut stream, &post("/v1/other", text), text).await;
        assert_eq!(answer, format!("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{text}"));
    }
    let chunked = exchange(&mut stream, "GET /chunked HTTP/1.1\r\n\r\n", "0\r\n\r\n").await;
    assert!(chunked.ends_with("3\r\nabc\r\n0\r\n\r\n"), "{chunked}");
    let tunnel = exchange(&mut stream, "GET /live HTTP/1.1\r\n\r\n", "\r\n\r\n").await;
    assert!(tunnel.starts_with("HTTP/1.1 101"), "{tunnel}");
    for frame in ["ping", "pong"] {
        assert_eq!(exchange(&mut stream, frame, frame).await, frame);
    }
    assert_eq!((relay.counts().connections, relay.counts().command_requests), (1, 0));
}

#[tokio::test]
async fn loses_the_answer_after_the_platform_gave_it_and_only_that_one() {
    let (server, mut heard) = echo_server().await;
    let relay = Relay::start(server).unwrap();
    let batch = r#"{"commands":[{"id":"a"},{"id":"b"}]}"#;
    relay.lose_next_answer();
    let mut stream = TcpStream::connect(relay.addr()).await.unwrap();
    assert_eq!(exchange(&mut stream, &post("/v1/other", "x"), "x").await.len(), 39);
    assert_eq!(exchange(&mut stream, &post("/v1/commands", batch), "}]}").await, "");
    let counts = relay.wait_until(|counts| counts.answers_lost == 1).await;
    assert_eq!(counts.command_requests, 1);
    assert_eq!(heard.recv().await.as_deref(), Some("POST /v1/other HTTP/1.1"));
    assert_eq!(heard.recv().await.as_deref(), Some("POST /v1/commands HTTP/1.1"));
    let mut stream = TcpStream::connect(relay.addr()).await.unwrap();
    assert!(exchange(&mut stream, &post("/v1/commands", batch), "}]}").await.ends_with(batch));
    let counts = relay.counts();
    assert_eq!((counts.command_requests, counts.answers_lost), (2, 1));
    assert_eq!(counts.commands.into_iter().collect::<Vec<_>>(), [("a".into(), 2), ("b".into(), 2)]);
}

#[tokio::test]
async fn offline_drops_what_is_open_and_refuses_what_comes() {
    let (server, _heard) = echo_server().await;
    let relay = Relay::start(server).unwrap();
    let mut stream = TcpStream::connect(relay.addr()).await.unwrap();
    assert_eq!(exchange(&mut stream, &post("/v1/other", "x"), "x").await.len(), 39);
    for round in 1..=3 {
        relay.set_offline(true).await.unwrap();
        relay.set_offline(true).await.unwrap();
        assert_eq!(exchange(&mut stream, &post("/v1/other", "x"), "x").await, "");
        let refused = TcpStream::connect(relay.addr()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        assert_eq!((relay.counts().offline, relay.counts().dropped), (round, round));
        relay.set_offline(false).await.unwrap();
        relay.set_offline(false).await.unwrap();
        stream = TcpStream::connect(relay.addr()).await.unwrap();
        assert_eq!(exchange(&mut stream, &post("/v1/other", "x"), "x").await.len(), 39);
    }
}

#[tokio::test]
async fn a_relay_that_is_gone_leaves_nothing_open() {
    let (server, _heard) = echo_server().await;
    let relay = Relay::start(server).unwrap();
    let addr = relay.addr();
    let mut stream = TcpStream::connect(addr).await.unwrap();
    assert_eq!(exchange(&mut stream, &post("/v1/other", "x"), "x").await.len(), 39);
    drop(relay);
    assert_eq!(exchange(&mut stream, &post("/v1/other", "x"), "x").await, "");
    assert!(TcpStream::connect(addr).await.is_err());
}

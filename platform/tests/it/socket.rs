//! The socket's own manners, on virtual time over pipes: pings, slow and silent phones.

use std::time::Duration;

use axum::serve::Listener;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, DuplexStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::world::{MARIA, World};

/// What a pipe holds before its writer has to wait, in bytes.
const PIPE: usize = 64 * 1024;

/// Pipes instead of a network.
struct Pipes(mpsc::UnboundedReceiver<DuplexStream>);

impl Listener for Pipes {
    type Io = DuplexStream;
    type Addr = ();

    async fn accept(&mut self) -> (DuplexStream, ()) {
        match self.0.recv().await {
            Some(pipe) => (pipe, ()),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<()> {
        Ok(())
    }
}

fn serve(world: &World) -> mpsc::UnboundedSender<DuplexStream> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let router = world.platform.router();
    tokio::spawn(async move { axum::serve(Pipes(receiver), router).await });
    sender
}

async fn connect(
    world: &World,
    pipes: &mpsc::UnboundedSender<DuplexStream>,
) -> WebSocketStream<DuplexStream> {
    let phone = world.sign_in(MARIA).await;
    let cursor = world.cursor(&phone).await;
    let (ours, theirs) = tokio::io::duplex(PIPE);
    pipes.send(theirs).unwrap();
    let mut request = "ws://platform.test/v1/live".into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("Fieldline-Client", "test/1".parse().unwrap());
    headers.insert("Authorization", format!("Bearer {}", phone.access).parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::client_async(request, ours).await.unwrap();
    let hello = json!({"kind": "hello", "since": cursor}).to_string();
    socket.send(Message::text(hello)).await.unwrap();
    assert!(matches!(socket.next().await, Some(Ok(Message::Text(_)))));
    socket
}

#[tokio::test(start_paused = true)]
async fn an_idle_socket_is_pinged_every_55_seconds() {
    let world = World::new().await;
    let mut socket = connect(&world, &serve(&world)).await;
    let begun = Instant::now();
    for round in 1..=4 {
        // Reading answers the pings, so the socket stays.
        assert!(matches!(socket.next().await, Some(Ok(Message::Ping(_)))));
        assert_eq!(begun.elapsed().as_secs(), round * 55);
    }
    // The last answer goes out before the end comes.
    assert!(timeout(Duration::from_secs(1), socket.next()).await.is_err());
    world.platform.stop().await;
    assert!(matches!(socket.next().await, Some(Ok(Message::Close(Some(_))))));
}

#[tokio::test(start_paused = true)]
async fn a_slow_phone_is_cut() {
    let world = World::new().await;
    let id = world.conversation(&["a"]).await;
    let mut socket = connect(&world, &serve(&world)).await;
    // More than the pipe holds, and nobody reads.
    for _ in 0..20 {
        world.customer(&id, &"x".repeat(10_000)).await;
    }
    sleep(Duration::from_secs(12)).await;
    let mut last = None;
    while let Some(Ok(message)) = socket.next().await {
        last = Some(message);
    }
    match last {
        Some(Message::Close(Some(frame))) => assert_eq!(u16::from(frame.code), 4408),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_phone_that_never_answers_is_cut() {
    let world = World::new().await;
    let pipes = serve(&world);
    // The bytes alone, so that no library answers the pings.
    let mut pipe = connect(&world, &pipes).await.into_inner();
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes).await.unwrap();
    let (ping, close) = ([0x89, 0], [0x88, 2, 0x11, 0x38]);
    assert_eq!(u16::from_be_bytes([close[2], close[3]]), 4408);
    assert_eq!(bytes, [&ping[..], &ping[..], &close[..]].concat());
    // And one that never says hello.
    let phone = world.sign_in(MARIA).await;
    let (ours, theirs) = tokio::io::duplex(PIPE);
    pipes.send(theirs).unwrap();
    let mut request = "ws://platform.test/v1/live".into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("Fieldline-Client", "test/1".parse().unwrap());
    headers.insert("Authorization", format!("Bearer {}", phone.access).parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::client_async(request, ours).await.unwrap();
    let begun = Instant::now();
    match socket.next().await {
        Some(Ok(Message::Close(Some(frame)))) => assert_eq!(u16::from(frame.code), 4400),
        other => panic!("{other:?}"),
    }
    assert_eq!(begun.elapsed().as_secs(), 10);
}

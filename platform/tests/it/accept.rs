//! The accept loop on virtual time over pipes: who dawdles is cut, who waits is served.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use axum::serve::Listener;
use fieldline_platform::accept::{self, Limits};
use fieldline_platform::support::stop::Stop;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

const LIMITS: Limits = Limits {
    connections: 3,
    head: Duration::from_secs(20),
    stall: Duration::from_secs(30),
    last_words: Duration::from_secs(10),
};

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

struct Server {
    pipes: mpsc::UnboundedSender<DuplexStream>,
    stop: Stop,
    task: JoinHandle<()>,
}

impl Server {
    fn start() -> Self {
        let (pipes, receiver) = mpsc::unbounded_channel();
        let router = Router::new()
            .route("/quick", get(|| async { "done" }))
            .route("/large", get(|| async { Body::from(vec![b'x'; 1 << 20]) }))
            .route(
                "/slow",
                get(|| async {
                    sleep(Duration::from_secs(5)).await;
                    "done"
                }),
            )
            .route(
                "/endless",
                get(|| async {
                    sleep(Duration::from_hours(9)).await;
                    "never"
                }),
            );
        let stop = Stop::default();
        let task = tokio::spawn(accept::serve(Pipes(receiver), router, stop.clone(), LIMITS));
        Self { pipes, stop, task }
    }

    fn connect(&self) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(16 * 1024);
        self.pipes.send(theirs).unwrap();
        ours
    }

    async fn ask(&self, path: &str) -> DuplexStream {
        let mut pipe = self.connect();
        let head = format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
        pipe.write_all(head.as_bytes()).await.unwrap();
        pipe
    }
}

/// Reads until the other end closes.
async fn rest(pipe: &mut DuplexStream) -> String {
    let mut bytes = Vec::new();
    let _ = pipe.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn served(pipe: &mut DuplexStream) -> bool {
    let mut bytes = [0; 12];
    let read = timeout(Duration::from_secs(1), pipe.read_exact(&mut bytes)).await;
    matches!(read, Ok(Ok(_))) && &bytes == b"HTTP/1.1 200"
}

#[tokio::test(start_paused = true)]
async fn a_head_that_drips_is_cut_in_time() {
    let server = Server::start();
    let (mut pipe, begun) = (server.connect(), Instant::now());
    // A byte each three seconds, for ever: every single one is in time, the head is not.
    let drip = async {
        for byte in "GET /quick HTTP/1.1\r\nHost: h\r\nX: ".bytes().chain(std::iter::repeat(b'x')) {
            if pipe.write_all(&[byte]).await.is_err() {
                return;
            }
            sleep(Duration::from_secs(3)).await;
        }
    };
    timeout(Duration::from_mins(2), drip).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn connections_that_say_nothing_give_way() {
    let server = Server::start();
    let silent: Vec<_> = (0..3).map(|_| server.connect()).collect();
    // No room: the fourth waits, and is served once a silent one was cut.
    let mut waits = server.ask("/quick").await;
    assert!(!served(&mut waits).await);
    sleep(Duration::from_secs(21)).await;
    assert!(served(&mut waits).await);
    drop(silent);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_takes_is_cut() {
    let server = Server::start();
    let mut takers = Vec::new();
    for _ in 0..3 {
        takers.push(server.ask("/large").await);
    }
    let mut waits = server.ask("/quick").await;
    sleep(Duration::from_secs(29)).await;
    assert!(!served(&mut waits).await);
    sleep(Duration::from_secs(2)).await;
    assert!(served(&mut waits).await);
    // Who reads slowly but reads gets all of it.
    let mut slow = server.ask("/large").await;
    let (mut taken, mut buffer) = (0, vec![0; 64 * 1024]);
    while taken < 1 << 20 {
        taken += slow.read(&mut buffer).await.unwrap();
        sleep(Duration::from_secs(20)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_waits_for_answers_under_way_but_not_for_ever() {
    let server = Server::start();
    let (mut slow, mut endless) = (server.ask("/slow").await, server.ask("/endless").await);
    let mut idle = server.ask("/quick").await;
    assert!(served(&mut idle).await);
    let begun = Instant::now();
    server.stop.stop();
    assert!(rest(&mut slow).await.ends_with("done"));
    rest(&mut idle).await;
    assert!(begun.elapsed() < Duration::from_secs(6), "an idle connection kept the end waiting");
    server.task.await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 10);
    assert_eq!(rest(&mut endless).await, "");
}

#[tokio::test(start_paused = true)]
async fn a_head_without_end_is_refused() {
    let server = Server::start();
    let mut pipe = server.connect();
    let line = format!("X-Long: {}\r\n", "x".repeat(1000));
    let _ = pipe.write_all(b"GET /quick HTTP/1.1\r\nHost: h\r\n").await;
    let (mut reader, mut writer) = tokio::io::split(pipe);
    let flood = async {
        for _ in 0..200 {
            if writer.write_all(line.as_bytes()).await.is_err() {
                return;
            }
        }
    };
    let mut answer = Vec::new();
    let read = async {
        let _ = reader.read_to_end(&mut answer).await;
    };
    tokio::join!(flood, read);
    assert!(answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
}

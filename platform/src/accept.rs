//! The accept loop: connections that cost nothing until they have said what they want.
//!
//! A head must come within [`Limits::head`], an answer must be taken within [`Limits::stall`], and
//! only so many connections are open at once; the rest wait in the system's own queue. Bodies have
//! their own time where they are read. Sockets of phones leave this count when they are upgraded:
//! they have a session by then, and manners of their own.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt as _;

use crate::support::stop::Stop;

/// The largest head of a request, in bytes.
const HEAD_MAX: usize = 64 * 1024;

/// What a connection may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Until a whole head is there; also how long a connection may idle between two requests.
    pub head: Duration,
    /// How long an answer may stand still because nobody takes it.
    pub stall: Duration,
    /// How long requests under way may take once the end has come.
    pub last_words: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            head: Duration::from_secs(20),
            stall: Duration::from_secs(30),
            last_words: Duration::from_secs(10),
        }
    }
}

/// Serves `router` until `stop` is; then what is under way is ended, and what takes longer than
/// [`Limits::last_words`] is cut: its client asks again.
pub async fn serve<L>(mut listener: L, router: Router, stop: Stop, limits: Limits)
where
    L: Listener,
    L::Addr: Clone + Send + Sync + 'static,
{
    let room = Arc::new(Semaphore::new(limits.connections));
    let mut open = JoinSet::new();
    let mut permit: Option<OwnedSemaphorePermit> = None;
    loop {
        tokio::select! {
            biased;
            () = stop.stopped() => break,
            Some(_) = open.join_next(), if !open.is_empty() => {}
            given = Arc::clone(&room).acquire_owned(), if permit.is_none() => permit = given.ok(),
            (io, peer) = listener.accept(), if permit.is_some() => {
                open.spawn(connection::<L>(io, peer, router.clone(), stop.clone(), limits, permit.take()));
            }
        }
    }
    drop(listener);
    let _ = timeout(limits.last_words, async { while open.join_next().await.is_some() {} }).await;
}

async fn connection<L>(
    io: L::Io,
    peer: L::Addr,
    router: Router,
    stop: Stop,
    limits: Limits,
    _permit: Option<OwnedSemaphorePermit>,
) where
    L: Listener,
    L::Addr: Clone + Send + Sync + 'static,
{
    let mut io = TimeoutStream::new(io);
    io.set_write_timeout(Some(limits.stall));
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer.clone()));
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(HEAD_MAX)
        .serve_connection(TokioIo::new(Box::pin(io)), service)
        .with_upgrades();
    tokio::pin!(connection);
    // Errors are the other end's: it went away, or took too long.
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        () = stop.stopped() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

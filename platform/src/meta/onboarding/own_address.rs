//! Whether what Meta sends would reach this server: a signed test webhook to our own public address.
//!
//! Meta verifies an address once, by a `GET`, when it is registered. A proxy that was moved since then,
//! one that changes bodies or lets no `POST` through, or another server behind the same name is only
//! found out this way. The history of a number cannot be fetched twice, so this is asked before an
//! onboarding may start (experience.md D4).

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::time;

use crate::meta::graph::GraphFailure;
use crate::meta::{signature, webhook};
use crate::state::AppState;
use crate::support::rng;

/// How long it may take to come back: Meta has no more patience (whatsapp.md 1.3: 5 to 20 s).
const LIMIT: Duration = Duration::from_secs(10);

/// Bytes of chance in a test webhook.
const MARK_BYTES: usize = 18;

/// What became of a test webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// It came back, byte for byte and signed.
    Back,
    /// Nobody answered at our address.
    NotReached,
    /// Whoever answered did not take it: the HTTP status.
    Refused(u16),
    /// Somebody else took it.
    AnotherServer,
}

impl Way {
    /// A stable word.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Back => "came_back",
            Self::NotReached => "not_reached",
            Self::Refused(_) => "refused",
            Self::AnotherServer => "another_server",
        }
    }

    /// The HTTP status of who refused it.
    pub(crate) const fn status(self) -> Option<u16> {
        match self {
            Self::Refused(status) => Some(status),
            Self::Back | Self::NotReached | Self::AnotherServer => None,
        }
    }
}

/// The test webhooks that are on their way.
#[derive(Debug, Default)]
pub struct Awaited(Mutex<BTreeSet<Vec<u8>>>);

impl Awaited {
    fn set(&self) -> MutexGuard<'_, BTreeSet<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a body, whose signature is right, is a test of ours; it is then no more awaited.
    pub(crate) fn came(&self, body: &[u8]) -> bool {
        let mut set = self.set();
        !set.is_empty() && set.remove(body)
    }
}

/// Sends one and waits.
pub(crate) async fn test(state: &AppState) -> Way {
    let mark = rng::token(state.ports.rng.as_ref(), MARK_BYTES);
    // Text that a proxy might be tempted to write in another way.
    let body = json!({"object": "fieldline_test", "mark": mark, "text": "é</\u{1F600}"});
    let body = body.to_string().into_bytes();
    let secret = state.settings.app_secret.expose().as_bytes();
    let signature = signature::sign(secret, &body);
    let url = format!("{}{}", state.settings.base_url(), webhook::PATH);
    state.own_address.set().insert(body.clone());
    let call = state.ports.graph.post_to_ourselves(url, signature, body.clone());
    let answer = time::timeout(LIMIT, call).await;
    // Taken out where it arrived; what is still there did not.
    let arrived = !state.own_address.set().remove(&body);
    let way = match answer {
        Ok(Ok(200)) if arrived => Way::Back,
        Ok(Ok(status)) if (200..300).contains(&status) => Way::AnotherServer,
        Ok(Ok(status)) => Way::Refused(status),
        Ok(Err(GraphFailure::NotSent | GraphFailure::Unanswered)) | Err(_) => Way::NotReached,
    };
    log::info!("own_address way={} status={}", way.word(), way.status().unwrap_or(0));
    way
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::Router;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::meta::graph::HttpGraph;
    use crate::support::{Inline, Key, Secret, SystemClock, SystemRng};
    use crate::{Platform, Ports, Settings};

    /// A platform that believes to be reached at this port of this machine.
    async fn platform(folder: &tempfile::TempDir, port: u16, secret: &str) -> Platform {
        let settings = Settings {
            public_url: Some(format!("http://127.0.0.1:{port}")),
            ..Settings::new(
                folder.path().to_owned(),
                Secret::new(secret),
                Secret::new("v"),
                Key::new([7; 32]),
            )
        };
        let ports = Ports {
            clock: Arc::new(SystemClock),
            rng: Arc::new(SystemRng::new()),
            executor: Arc::new(Inline),
            graph: Arc::new(HttpGraph::new("http://127.0.0.1:1").unwrap()),
        };
        Platform::open(settings, ports).await.unwrap()
    }

    fn serve(listener: TcpListener, router: Router) {
        tokio::spawn(async move { axum::serve(listener, router).await });
    }

    /// Some other server, which takes whatever comes.
    async fn says_yes(listener: TcpListener) {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains("fieldline_test") {
            assert_ne!(socket.read_buf(&mut seen).await.unwrap(), 0);
        }
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        socket.write_all(answer).await.unwrap();
    }

    async fn listener() -> (TcpListener, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    #[tokio::test]
    async fn over_a_real_connection_it_comes_back_or_is_told_why_not() {
        let folder = tempfile::tempdir().unwrap();
        let (socket, port) = listener().await;
        let own = platform(&folder, port, "secret").await;
        serve(socket, own.router());
        assert_eq!(test(own.state()).await, Way::Back);
        // A wish that is over is no more awaited.
        assert!(own.state().own_address.set().is_empty());

        let (socket, port) = listener().await;
        let folder = tempfile::tempdir().unwrap();
        let lost = platform(&folder, port, "secret").await;
        drop(socket);
        assert_eq!(test(lost.state()).await, Way::NotReached);

        // Another platform, of another app, stands at our address.
        let (socket, port) = listener().await;
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [ours, theirs] = [
            platform(&folders[0], port, "secret").await,
            platform(&folders[1], port, "another").await,
        ];
        serve(socket, theirs.router());
        assert_eq!(test(ours.state()).await, Way::Refused(401));

        let (socket, port) = listener().await;
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = platform(&folder, port, "secret").await;
        tokio::spawn(says_yes(socket));
        assert_eq!(test(elsewhere.state()).await, Way::AnotherServer);
    }
}

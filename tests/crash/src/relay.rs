//! The way between phone and platform: a TCP relay on one port that outlives both, with weather.
//!
//! The harness has a relay too, which knows HTTP and counts commands. This one follows a platform that comes back on another
//! port, keeps every byte for the canaries, and cuts any connection in the middle, sockets included.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 64;

/// What becomes of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weather {
    /// They pass.
    Clear,
    /// Requests arrive, and the connection is cut when the answer comes.
    AnswersLost,
    /// The same for the next bytes that come back; then it clears up.
    NextAnswerLost,
    /// Nobody listens.
    Refused,
}

/// The relay. Dropping it ends it.
pub struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
    /// Bound and never listening: while connections are refused nobody else gets the port.
    _keeper: TcpSocket,
}

struct Shared {
    target: Mutex<Option<SocketAddr>>,
    weather: watch::Sender<Weather>,
    heard: Mutex<Vec<u8>>,
}

impl Shared {
    /// Whether what came back now is lost.
    fn loses(&self) -> bool {
        let mut lost = false;
        self.weather.send_if_modified(|weather| {
            lost = matches!(weather, Weather::AnswersLost | Weather::NextAnswerLost);
            let clears = *weather == Weather::NextAnswerLost;
            if clears {
                *weather = Weather::Clear;
            }
            clears
        });
        lost
    }
}

impl Relay {
    /// A relay to nowhere on a free port.
    pub fn open() -> Self {
        let keeper = socket((Ipv4Addr::LOCALHOST, 0).into());
        let address = keeper.local_addr().expect("an address");
        let listener = socket(address).listen(BACKLOG).expect("a port of our own");
        let shared = Arc::new(Shared {
            target: Mutex::default(),
            weather: watch::Sender::new(Weather::Clear),
            heard: Mutex::default(),
        });
        let task = tokio::spawn(run(address, listener, Arc::clone(&shared)));
        Self { address, shared, task, _keeper: keeper }
    }

    /// What phones are given as the platform.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where connections go from now on.
    pub fn lead_to(&self, target: SocketAddr) {
        *self.shared.target.lock().unwrap_or_else(PoisonError::into_inner) = Some(target);
    }

    /// From now on, for open connections too.
    pub fn weather(&self, weather: Weather) {
        self.shared.weather.send_replace(weather);
    }

    /// Every byte that went either way.
    pub fn heard(&self) -> Vec<u8> {
        self.shared.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(address: SocketAddr, first: TcpListener, shared: Arc<Shared>) {
    let mut weather = shared.weather.subscribe();
    let mut listener = Some(first);
    let mut connections = JoinSet::new();
    loop {
        let now = *weather.borrow_and_update();
        if now == Weather::Refused && listener.take().is_some() {
            connections.shutdown().await;
        } else if now != Weather::Refused && listener.is_none() {
            listener = Some(socket(address).listen(BACKLOG).expect("a port of our own"));
        }
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            changed = weather.changed() => if changed.is_err() { return },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = accepted => if let Ok((stream, _)) = accepted {
                connections.spawn(carry(stream, Arc::clone(&shared)));
            },
        }
    }
}

/// A socket on that address beside others of ours.
fn socket(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseport(true).expect("a fresh socket");
    socket.bind(address).expect("a port of our own");
    socket
}

async fn carry(phone: TcpStream, shared: Arc<Shared>) {
    let target = *shared.target.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(target) = target else { return };
    let Ok(platform) = TcpStream::connect(target).await else { return };
    let (mut from_phone, mut to_phone) = phone.into_split();
    let (mut from_platform, mut to_platform) = platform.into_split();
    let keep = |bytes: &[u8]| {
        shared.heard.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
    };
    let there = async {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(read) = from_phone.read(&mut buffer).await {
            let bytes = buffer.get(..read).unwrap_or_default();
            keep(bytes);
            if bytes.is_empty() || to_platform.write_all(bytes).await.is_err() {
                return;
            }
        }
    };
    let back = async {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(read) = from_platform.read(&mut buffer).await {
            let bytes = buffer.get(..read).unwrap_or_default();
            if bytes.is_empty() || shared.loses() {
                return;
            }
            keep(bytes);
            if to_phone.write_all(bytes).await.is_err() {
                return;
            }
        }
    };
    // Whichever end is gone first takes the other with it.
    tokio::select! {
        biased;
        () = there => {}
        () = back => {}
    }
}

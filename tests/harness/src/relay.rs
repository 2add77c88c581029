//! A loopback relay that stands before one employee's phone: it drops, refuses and loses answers. The phone is not told;
//! it finds out as it would in a lift.

mod connection;
mod http;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 64;

/// What a relay has done since its start.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Connections taken in.
    pub connections: u32,
    /// Open connections dropped by going offline.
    pub dropped: u32,
    /// Times it went offline.
    pub offline: u32,
    /// Requests `POST /v1/commands` that reached the platform whole.
    pub command_requests: u32,
    /// Answers to such requests that were cut off.
    pub answers_lost: u32,
    /// How often each command went through, by its id.
    pub commands: BTreeMap<String, u32>,
}

/// What connections share with the relay.
struct Shared {
    to_lose: AtomicU32,
    /// The `Authorization` that the phone used last.
    authorization: Mutex<Option<String>>,
    counts: watch::Sender<Counts>,
}

impl Shared {
    /// True once for each answer that is to be lost.
    fn take_loss(&self) -> bool {
        let less = |left: u32| left.checked_sub(1);
        self.to_lose.fetch_update(Ordering::AcqRel, Ordering::Acquire, less).is_ok()
    }

    fn saw(&self, authorization: Option<&str>) {
        if let Some(value) = authorization {
            let mut held = self.authorization.lock().unwrap_or_else(PoisonError::into_inner);
            *held = Some(value.to_owned());
        }
    }

    fn count(&self, change: impl FnOnce(&mut Counts)) {
        self.counts.send_modify(change);
    }
}

struct Order {
    offline: bool,
    done: oneshot::Sender<io::Result<()>>,
}

/// A relay on a port of its own. Dropping it drops its connections and closes the port.
pub struct Relay {
    addr: SocketAddr,
    orders: mpsc::UnboundedSender<Order>,
    shared: Arc<Shared>,
    driver: JoinHandle<()>,
}

impl Relay {
    /// Listens on a free loopback port and passes every connection on to `target`.
    ///
    /// # Errors
    /// Those of the port.
    pub fn start(target: SocketAddr) -> io::Result<Self> {
        let listener = bound((Ipv4Addr::LOCALHOST, 0).into())?.listen(BACKLOG)?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            to_lose: AtomicU32::new(0),
            authorization: Mutex::default(),
            counts: watch::Sender::default(),
        });
        let (orders, inbox) = mpsc::unbounded_channel();
        let driver = Driver {
            addr,
            target,
            shared: Arc::clone(&shared),
            door: Door::Open(listener),
            connections: JoinSet::new(),
        };
        let driver = tokio::spawn(driver.run(inbox));
        Ok(Self { addr, orders, shared, driver })
    }

    /// Where the phone connects to; the same for ever.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Offline: open connections are gone and new ones are refused when this returns. Online: new ones are taken.
    ///
    /// # Errors
    /// Those of the port. Another program may have taken it in the instant in which nobody held it.
    pub async fn set_offline(&self, offline: bool) -> io::Result<()> {
        let (done, answer) = oneshot::channel();
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        self.orders.send(Order { offline, done }).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// The next `POST /v1/commands` reaches the platform whole and is answered, but the answer is cut off. Called twice,
    /// two answers are lost.
    pub fn lose_next_answer(&self) {
        self.shared.to_lose.fetch_add(1, Ordering::AcqRel);
    }

    /// What the phone proved itself with last, to act as that phone would. Nothing before its first such request.
    pub fn authorization(&self) -> Option<String> {
        self.shared.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it has done so far.
    pub fn counts(&self) -> Counts {
        self.shared.counts.borrow().clone()
    }

    /// Waits until it has done what `enough` asks for.
    pub async fn wait_until(&self, enough: impl FnMut(&Counts) -> bool) -> Counts {
        let mut counts = self.shared.counts.subscribe();
        match counts.wait_for(enough).await {
            Ok(counts) => counts.clone(),
            // The sender lives as long as `self`.
            Err(_) => self.counts(),
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

enum Door {
    Open(TcpListener),
    /// Bound but not listening: connecting is refused, and nobody else gets the port.
    Shut(TcpSocket),
    /// The port was lost; only an order to go online tries again.
    Lost,
}

struct Driver {
    addr: SocketAddr,
    target: SocketAddr,
    shared: Arc<Shared>,
    door: Door,
    connections: JoinSet<()>,
}

impl Driver {
    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        loop {
            tokio::select! {
                biased;
                order = orders.recv() => {
                    let Some(order) = order else { return };
                    let outcome = self.turn(order.offline).await;
                    // Whoever gave the order may have stopped waiting.
                    let _ = order.done.send(outcome);
                }
                Some(_) = self.connections.join_next(), if !self.connections.is_empty() => {}
                client = accept(&self.door) => self.take(client),
            }
        }
    }

    fn take(&mut self, client: TcpStream) {
        let (target, shared) = (self.target, Arc::clone(&self.shared));
        shared.count(|counts| counts.connections += 1);
        self.connections.spawn(async move {
            // Errors are those of either end going away, which the other end sees as a closed connection.
            let _ = connection::carry(client, target, &shared).await;
        });
    }

    async fn turn(&mut self, offline: bool) -> io::Result<()> {
        match (&self.door, offline) {
            (Door::Open(_), false) | (Door::Shut(_) | Door::Lost, true) => Ok(()),
            (Door::Open(_), true) => {
                // Bound before the door closes: the port is never free for anybody else.
                let socket = bound(self.addr)?;
                if let Door::Open(listener) = std::mem::replace(&mut self.door, Door::Shut(socket))
                {
                    shut(listener);
                }
                while self.connections.try_join_next().is_some() {}
                let dropped = u32::try_from(self.connections.len()).unwrap_or(u32::MAX);
                self.connections.shutdown().await;
                self.shared.count(|counts| {
                    counts.offline += 1;
                    counts.dropped += dropped;
                });
                Ok(())
            }
            (Door::Shut(_) | Door::Lost, false) => {
                let socket = match std::mem::replace(&mut self.door, Door::Lost) {
                    Door::Shut(socket) => socket,
                    Door::Open(_) | Door::Lost => bound(self.addr)?,
                };
                self.door = Door::Open(socket.listen(BACKLOG)?);
                Ok(())
            }
        }
    }
}

/// Ends the listening itself. A program that another thread is starting at this moment holds a copy of the socket until it
/// runs: dropping ours alone would let somebody in meanwhile.
fn shut(listener: TcpListener) {
    #[cfg(unix)]
    if let Ok(listener) = listener.into_std() {
        let socket = std::net::TcpStream::from(std::os::fd::OwnedFd::from(listener));
        // Where a listener cannot be shut down, dropping it is all there is.
        let _ = socket.shutdown(std::net::Shutdown::Both);
    }
    #[cfg(not(unix))]
    drop(listener);
}

/// A socket on that port beside another one of ours, not listening yet.
fn bound(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(addr)?;
    Ok(socket)
}

/// The next connection; never while the door is shut.
async fn accept(door: &Door) -> TcpStream {
    if let Door::Open(listener) = door {
        loop {
            match listener.accept().await {
                Ok((client, _)) => return client,
                // The client was gone before it was taken in, or the process has too many files open.
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }
    std::future::pending().await
}

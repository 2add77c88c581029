//! The port to the platform. Production: `http` and `ws` on one TLS set-up. Tests put another [`Transport`] here.
//!
//! Wire shapes stay in `wire`; `session` adds the token, refreshes it once for all callers, and sorts answers into what
//! the rules can act on; `link` keeps what is known about the way to the server.

mod http;
mod link;
mod session;
mod tls;
pub(crate) mod wire;
mod ws;

use futures_util::future::BoxFuture;
use zeroize::Zeroizing;

pub use http::HttpTransport;
pub(crate) use link::Link;
pub(crate) use session::{CallError, Parting, Session, WipeToken, parse};

/// The verbs in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// DELETE
    Delete,
}

/// One request. No `Debug`: it may carry a token.
#[derive(Clone)]
pub struct Request {
    /// Verb.
    pub method: Method,
    /// Path and query, from `/v1` on.
    pub path: String,
    /// For the Authorization header; never in the path.
    pub bearer: Option<Zeroizing<String>>,
    /// JSON.
    pub body: Option<Vec<u8>>,
}

/// One whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Header `Fieldline-Server-Time`, milliseconds UTC. An answer without it is not from our platform.
    pub server_time: Option<i64>,
    /// Header `Retry-After` in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// The body, bounded by the transport.
    pub body: Vec<u8>,
}

/// No whole answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Provably no byte of the request left this phone.
    NotSent,
    /// Bytes may have left.
    Unanswered,
}

/// The socket was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectFault {
    /// The server answered with this status.
    Status(u16),
    /// Nothing came.
    Fault(Fault),
}

/// What a socket brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LiveEvent {
    /// One frame of JSON.
    Text(String),
    /// The other end answered a ping, or pinged: it lives.
    Alive,
    /// It is over; the code if the server gave one.
    Closed(Option<u16>),
}

/// An open socket.
pub trait LiveSocket: Send {
    /// Sends one text frame.
    fn send(&mut self, text: String) -> BoxFuture<'_, Result<(), Fault>>;
    /// Waits for the next event. Cancel-safe. After `Closed` it must not be called again.
    fn next(&mut self) -> BoxFuture<'_, LiveEvent>;
}

/// The port. Implementations bound size and time of every answer and follow no redirect.
pub trait Transport: Send + Sync + 'static {
    /// One request, one answer.
    fn call(&self, request: Request) -> BoxFuture<'_, Result<Response, Fault>>;
    /// Opens `/v1/live` with the token in the Authorization header.
    fn connect(
        &self,
        bearer: Zeroizing<String>,
    ) -> BoxFuture<'_, Result<Box<dyn LiveSocket>, ConnectFault>>;
}

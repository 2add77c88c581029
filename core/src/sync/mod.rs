//! Brings the server's changes into the store: first download, catching up by pull, listening on the socket.
//!
//! The cursor moves in the transaction of its rows. Correctness never depends on the socket: a gap is healed by a pull.

mod apply;
mod bootstrap;
mod engine;
mod epoch;
mod holes;
mod known;
mod state;

pub(crate) use apply::put_older;
pub(crate) use engine::Engine;
pub(crate) use holes::{end_of, history};

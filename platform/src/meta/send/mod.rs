//! The way out: a durable queue of its own, in strict order within a conversation.
//!
//! - `state`: every state and every way between them, as a table
//! - `order`: who may go next, and who shows that it waits for another
//! - `judge`: guard and window, judged at acceptance and again before the call
//! - `attempt`: the commit before the call, and the commit after it
//! - `request`: the JSON of the call and of its answer
//! - `restored`: what a copy of a store would still send
//! - `backoff`: how long a failed one waits
//! - [`queue`]: the worker
//! - [`commands`]: what people say about their messages

pub(crate) mod attempt;
pub(crate) mod backoff;
pub mod commands;
pub(crate) mod judge;
pub(crate) mod order;
pub mod queue;
pub(crate) mod request;
pub(crate) mod restored;
pub(crate) mod state;

//! The way out: a durable queue of its own, in strict order within a conversation.
//!
//! - `state`: every state and every way between them, as a table
//! - `order`: who may go next, and who shows that it waits for another
//! - `judge`: guard and window, judged at acceptance and again before the call
//! - `content`: what a `send` brought, as the body that phones see
//! - `attempt`: the commit before the call, and the commit after it
//! - `request`, `interactive`: the JSON of the call and of its answer
//! - `restored`: what a copy of a store would still send
//! - `backoff`: how long a failed one waits
//! - `pace`: how fast calls may follow each other
//! - `held`: what waits for a stopped line
//! - [`queue`]: the worker
//! - [`commands`]: what people say about their messages
//! - `start`: a conversation that we begin
//! - `react`: reactions
//! - `recipient`: who it went to, as the answer says

pub(crate) mod attempt;
pub(crate) mod backoff;
pub mod commands;
pub(crate) mod content;
pub(crate) mod held;
mod interactive;
pub(crate) mod judge;
pub(crate) mod order;
pub(crate) mod pace;
pub mod queue;
pub(crate) mod react;
pub(crate) mod recipient;
pub(crate) mod request;
pub(crate) mod restored;
pub(crate) mod start;
pub(crate) mod state;

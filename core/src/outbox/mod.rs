//! What this phone has taken and the server has not finished: picked in order, sent, and moved on by the answers.

mod answers;
mod pick;
mod sender;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use sender::{Drained, Sender};
pub(crate) use write::row;

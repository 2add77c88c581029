//! The frames of the live line, one JSON text each: protocol.md 6.

use schemars::JsonSchema;

use crate::feed::changes::Page;
use crate::feed::cursor::ResetCause;

/// What a phone says on the line.
#[derive(Debug, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LiveSaid {
    /// The first frame.
    Hello {
        /// Where the phone stands.
        since: String,
    },
}

/// What the platform says on the line.
#[derive(Debug, JsonSchema)]
#[serde(untagged)]
pub enum LiveFrame {
    /// `from` is the `to` last sent on this socket.
    Changes(Page),
    /// Start anew.
    Reset(ResetFrame),
}

/// Start anew; the socket is closed after it.
#[derive(Debug, JsonSchema)]
pub struct ResetFrame {
    /// Which frame this is.
    pub kind: ResetWord,
    /// Why.
    pub cause: ResetCause,
    /// The epoch that stands.
    pub epoch: String,
    /// The platform's clock, ms UTC.
    pub server_time: i64,
}

/// The word `reset`.
#[derive(Debug, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResetWord {
    /// The only one.
    Reset,
}

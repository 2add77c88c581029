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
    /// It shows this conversation now, or none.
    Open {
        /// Conversation id.
        conversation: Option<String>,
    },
    /// Its person types in the open conversation, or stopped.
    Typing {
        /// They type.
        on: bool,
    },
}

/// What the platform says on the line. All but `changes` and `reset` is about the open conversation.
#[derive(Debug, JsonSchema)]
#[serde(untagged)]
pub enum LiveFrame {
    /// `from` is the `to` last sent on this socket.
    Changes(Page),
    /// Anything else.
    Other(OtherFrame),
}

/// A frame that brings no rows.
#[derive(Debug, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OtherFrame {
    /// Start anew; the socket is closed after it.
    Reset {
        /// Why.
        cause: ResetCause,
        /// The epoch that stands.
        epoch: String,
        /// The platform's clock, ms UTC.
        server_time: i64,
    },
    /// Who else looks at it.
    Viewing {
        /// Conversation id.
        conversation: String,
        /// Member ids.
        members: Vec<String>,
        /// The platform's clock, ms UTC.
        server_time: i64,
    },
    /// Whether its assignee is there.
    Presence {
        /// Conversation id.
        conversation: String,
        /// Member id.
        member: String,
        /// They have a live phone.
        online: bool,
        /// The platform's clock, ms UTC.
        server_time: i64,
    },
    /// A colleague types, or stopped.
    Typing {
        /// Conversation id.
        conversation: String,
        /// Member id.
        member: String,
        /// They type.
        on: bool,
        /// The platform's clock, ms UTC.
        server_time: i64,
    },
}

//! The record of everything that crossed the border, in order: what claims about the world are read
//! from.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// All calls and webhooks since the start.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Log {
    /// Graph calls, in the order in which they came.
    pub calls: Vec<CallEntry>,
    /// Tries of webhooks, in the order in which they left.
    pub webhooks: Vec<WebhookEntry>,
}

/// One Graph call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallEntry {
    /// Milliseconds UTC.
    pub at: i64,
    /// The HTTP method.
    pub method: String,
    /// The path without its query, which may hold a token.
    pub path: String,
    /// The body as JSON; a string if it was none.
    pub body: Value,
    /// What was done with it.
    pub answer: CallAnswer,
}

/// What a Graph call got: `{status, body}` or `{cut}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CallAnswer {
    /// An answer.
    Answered {
        /// The HTTP status.
        status: u16,
        /// Meta's JSON.
        body: Value,
    },
    /// The connection was cut without one.
    Cut {
        /// What was lost with it.
        cut: Cut,
    },
}

/// What a cut connection took with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// The call was carried out; its answer was lost.
    Answer,
    /// Nothing was carried out.
    Request,
}

/// One try of one webhook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WebhookEntry {
    /// Milliseconds UTC of the try.
    pub at: i64,
    /// The body that was signed.
    pub body: Value,
    /// The HTTP status of the answer; `null` while it is awaited, and if none came.
    pub answered: Option<u16>,
}

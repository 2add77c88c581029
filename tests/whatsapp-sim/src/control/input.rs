//! What the control calls take and give, and how they say no.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::state::faults::{SendFault, WebhookFaults};

/// A customer writes: exactly one of `text` and `message`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerMessage {
    /// Their number.
    pub wa_id: String,
    /// Their profile name from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Dates the message this many milliseconds back; the window counts from that date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
    /// The text, at most 4,096 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The message as Meta sends it: `{type, <type>: {...}}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Value>,
    /// The wamid that it quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
}

impl CustomerMessage {
    /// A text of now.
    pub fn text(wa_id: impl Into<String>, text: impl Into<String>) -> Self {
        Self { wa_id: wa_id.into(), text: Some(text.into()), ..Self::default() }
    }
}

/// The owner types on their phone: exactly one of `text` and `message`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerMessage {
    /// The customer's number.
    pub to: String,
    /// The text, at most 4,096 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The message as Meta sends it: `{type, <type>: {...}}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Value>,
}

impl OwnerMessage {
    /// A text.
    pub fn text(to: impl Into<String>, text: impl Into<String>) -> Self {
        Self { to: to.into(), text: Some(text.into()), message: None }
    }
}

/// A customer opens the chat.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadNews {
    /// Their number.
    pub wa_id: String,
}

/// A status webhook that is ordered.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusNews {
    /// An API send.
    pub wamid: String,
    /// Meta's word: sent, delivered, read, played, failed, or any other.
    pub status: String,
    /// Meta's code of a `failed`; 131026 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u32>,
}

/// Faults from now on. What is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultOrder {
    /// What becomes of sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send: Option<SendFault>,
    /// For how many sends; until changed if absent. Only beside `send`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Added before each status that follows by itself, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_delay_ms: Option<u64>,
    /// What becomes of webhooks, as a whole: `{}` ends all of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhooks: Option<WebhookFaults>,
}

/// The id of a message that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Meta's id.
    pub wamid: String,
}

/// The messages that a customer just read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadDone {
    /// API sends, oldest first.
    pub wamids: Vec<String>,
}

/// Why a control call was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// Unreadable, or a field that makes no sense. HTTP 400.
    #[error("malformed: {} {problem}", field.as_deref().unwrap_or("the body"))]
    Malformed {
        /// The field, if one is to blame.
        field: Option<String>,
        /// What is wrong with it.
        problem: String,
    },
    /// The field names somebody or something that is not there. HTTP 404.
    #[error("unknown: {field}")]
    Unknown {
        /// The field.
        field: String,
    },
    /// No such control call. HTTP 404.
    #[error("not found")]
    NotFound,
    /// The control call exists with another method. HTTP 405.
    #[error("wrong method")]
    WrongMethod,
    /// The Host header names another machine. HTTP 403.
    #[error("the Host header must name a loopback address")]
    WrongHost,
    /// Not JSON. HTTP 415.
    #[error("the content type must be application/json")]
    WrongContentType,
}

impl ControlError {
    pub(crate) fn field(field: &str, problem: &str) -> Self {
        Self::Malformed { field: Some(field.to_owned()), problem: problem.to_owned() }
    }

    pub(crate) fn unknown(field: &str) -> Self {
        Self::Unknown { field: field.to_owned() }
    }

    /// The stable code of the answer.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed",
            Self::Unknown { .. } => "unknown",
            Self::NotFound => "not_found",
            Self::WrongMethod => "wrong_method",
            Self::WrongHost => "wrong_host",
            Self::WrongContentType => "wrong_content_type",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Malformed { .. } => StatusCode::BAD_REQUEST,
            Self::Unknown { .. } | Self::NotFound => StatusCode::NOT_FOUND,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::WrongHost => StatusCode::FORBIDDEN,
            Self::WrongContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        }
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let details = match &self {
            Self::Malformed { field: Some(field), problem } => {
                json!({"field": field, "problem": problem})
            }
            Self::Malformed { field: None, problem } => json!({"problem": problem}),
            Self::Unknown { field } => json!({"field": field}),
            other => json!({"problem": other.to_string()}),
        };
        let body = json!({"error": {"code": self.code(), "details": details}});
        (self.status(), Json(body)).into_response()
    }
}

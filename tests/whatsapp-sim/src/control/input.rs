//! What the control calls take and give, and how they say no.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::state::faults::{SendFault, WebhookFaults};
use crate::state::rates::Limits;

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
    /// Their user name from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Whether webhooks leave out their number from now on (whatsapp.md 8.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hide_phone: Option<bool>,
    /// Passed on: once (5 times or fewer) or often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded: Option<Forwarded>,
    /// A click on an advertisement came before it: Meta's `referral` object. Opens the free entry
    /// point for 72 hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referral: Option<Value>,
    /// The file of a media message that names no `id` itself; a small one is made up if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<MediaFile>,
    /// Meta first reports it as unavailable (131060).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<Unavailable>,
}

/// How a message was passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forwarded {
    /// `context.forwarded`.
    Once,
    /// `context.frequently_forwarded`.
    Often,
}

/// The file of a media message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaFile {
    /// Its type; that of the message's kind if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// Its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// Without `base64`: that many made up bytes, at most 100 MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u32>,
}

/// A placeholder before the real message (whatsapp.md 0.4).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unavailable {
    /// When the real message follows under the same wamid, in milliseconds; never if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then_ms: Option<u64>,
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
    /// The wamid that it quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// The file of a media message, as for a customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<MediaFile>,
}

impl OwnerMessage {
    /// A text.
    pub fn text(to: impl Into<String>, text: impl Into<String>) -> Self {
        Self { to: to.into(), text: Some(text.into()), ..Self::default() }
    }
}

/// A customer opens the chat.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadNews {
    /// Their number.
    pub wa_id: String,
}

/// A text or caption is changed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditNews {
    /// The message.
    pub wamid: String,
    /// Its new text; of a file, its new caption.
    pub text: String,
}

/// A message is deleted for everyone.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeNews {
    /// The message.
    pub wamid: String,
}

/// A reaction.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReactNews {
    /// The message.
    pub wamid: String,
    /// Absent or empty takes it away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
}

/// A customer takes another number.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberNews {
    /// The number until now.
    pub wa_id: String,
    /// The number from now on.
    pub new_wa_id: String,
}

/// Any webhook, as given.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawWebhook {
    /// The field.
    pub field: String,
    /// Its value.
    pub value: Value,
    /// `entry[].id`; the business account if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_id: Option<String>,
    /// `entry[].time` in seconds; of now if absent and the field is none of messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<i64>,
}

/// A template is made or changes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateNews {
    /// Its name.
    pub name: String,
    /// Its language; `en_US` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Its category; `UTILITY` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// `POSITIONAL` or `NAMED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter_format: Option<String>,
    /// Its parts as the Graph takes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub components: Option<Value>,
    /// Its state from now on; `APPROVED` for a new one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// `reason` of the webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
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
    /// What becomes of Graph calls that are no sends: `ok` or an error code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<SendFault>,
    /// For how many of them; until changed if absent. Only beside `calls`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_times: Option<u32>,
    /// Added before each status that follows by itself, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_delay_ms: Option<u64>,
    /// What becomes of webhooks, as a whole: `{}` ends all of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhooks: Option<WebhookFaults>,
    /// Meta's limits on calls, as a whole: `{}` switches all of them off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
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

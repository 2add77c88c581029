//! What a phone is told when something cannot be done: `docs/wire.md`, table of errors.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::store::StoreError;

/// The stable codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// A field or the whole body cannot be read.
    Malformed,
    /// E-mail or password wrong; never which.
    WrongCredentials,
    /// The link code is used, expired or unknown.
    LinkCode,
    /// The access token is bad or over: refresh.
    Token,
    /// The refresh token is no good: ask for the password.
    SessionEnded,
    /// The device or its member was removed: wipe the account.
    DeviceRevoked,
    /// The member's role does not allow it.
    NotAllowed,
    /// There is no such thing in the member's scope.
    NotFound,
    /// The device id belongs to another member.
    DeviceTaken,
    /// The cursor or epoch is no good: reset.
    Reset,
    /// The request is larger than allowed.
    TooLarge,
    /// The piece does not begin where the upload ends.
    WrongOffset,
    /// What was uploaded has another hash: it starts again.
    HashMismatch,
    /// Meta refused what the office asked for; its code is told.
    MetaRefused,
    /// Meta does not answer just now.
    MetaUnavailable,
    /// The app is too old.
    Upgrade,
    /// Too many attempts.
    TooMany,
    /// A fault of the platform's.
    Internal,
    /// The platform cannot do it just now.
    Overloaded,
    /// The platform's disk is full.
    ServerFull,
    /// A name, an e-mail or a shortcut that must be one of a kind is in use.
    Taken,
    /// There are as many as there may be.
    Limit,
    /// A workspace needs an owner.
    LastOwner,
    /// A setting of the operator's is missing.
    NotConfigured,
    /// Something has to be put right at Meta, or before this server, first.
    NotReady,
    /// What stops the line ends when the number is connected again, and not by hand.
    LineDown,
}

impl ErrorCode {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::WrongCredentials => "wrong_credentials",
            Self::LinkCode => "link_code",
            Self::Token => "token",
            Self::SessionEnded => "session_ended",
            Self::DeviceRevoked => "device_revoked",
            Self::NotAllowed => "not_allowed",
            Self::NotFound => "not_found",
            Self::DeviceTaken => "device_taken",
            Self::Reset => "reset",
            Self::TooLarge => "too_large",
            Self::WrongOffset => "wrong_offset",
            Self::HashMismatch => "hash_mismatch",
            Self::MetaRefused => "meta_refused",
            Self::MetaUnavailable => "meta_unavailable",
            Self::Upgrade => "upgrade",
            Self::TooMany => "too_many",
            Self::Internal => "internal",
            Self::Overloaded => "overloaded",
            Self::ServerFull => "server_full",
            Self::Taken => "taken",
            Self::Limit => "limit",
            Self::LastOwner => "last_owner",
            Self::NotConfigured => "not_configured",
            Self::NotReady => "not_ready",
            Self::LineDown => "line_down",
        }
    }

    /// All of them.
    pub const ALL: [Self; 26] = [
        Self::Malformed,
        Self::WrongCredentials,
        Self::LinkCode,
        Self::Token,
        Self::SessionEnded,
        Self::DeviceRevoked,
        Self::NotAllowed,
        Self::NotFound,
        Self::DeviceTaken,
        Self::Reset,
        Self::TooLarge,
        Self::Upgrade,
        Self::TooMany,
        Self::Internal,
        Self::Overloaded,
        Self::ServerFull,
        Self::Taken,
        Self::Limit,
        Self::LastOwner,
        Self::WrongOffset,
        Self::HashMismatch,
        Self::MetaRefused,
        Self::MetaUnavailable,
        Self::NotConfigured,
        Self::NotReady,
        Self::LineDown,
    ];

    /// The HTTP status that carries it.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::WrongCredentials
            | Self::LinkCode
            | Self::Token
            | Self::SessionEnded
            | Self::DeviceRevoked => StatusCode::UNAUTHORIZED,
            Self::NotAllowed => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::DeviceTaken
            | Self::WrongOffset
            | Self::Taken
            | Self::Limit
            | Self::LastOwner
            | Self::NotConfigured
            | Self::NotReady
            | Self::LineDown => StatusCode::CONFLICT,
            Self::HashMismatch | Self::MetaRefused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Reset => StatusCode::GONE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Upgrade => StatusCode::UPGRADE_REQUIRED,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Overloaded | Self::ServerFull | Self::MetaUnavailable => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }
}

/// An error as a phone reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    /// What it is.
    pub code: ErrorCode,
    /// A JSON object as in the table, or null.
    pub details: Value,
    /// For the log alone: never a value from a request or a row.
    cause: Option<String>,
}

/// Put beside the answer so that the request's log line can name what went wrong.
#[derive(Debug, Clone)]
pub(crate) struct Cause(pub(crate) &'static str, pub(crate) Option<String>);

impl ApiError {
    /// An error without details.
    pub const fn new(code: ErrorCode) -> Self {
        Self { code, details: Value::Null, cause: None }
    }

    /// An error with details, which must be a JSON object.
    pub const fn with(code: ErrorCode, details: Value) -> Self {
        Self { code, details, cause: None }
    }

    /// A field that is missing or makes no sense.
    pub fn malformed(field: &str) -> Self {
        Self::with(ErrorCode::Malformed, json!({ "field": field }))
    }

    /// A field with more in it than `limit`: characters of a text, entries of a list.
    pub fn over(field: &str, limit: usize) -> Self {
        Self::with(ErrorCode::Malformed, json!({ "field": field, "limit": limit }))
    }

    /// A request of more than `limit` bytes.
    pub fn too_large(limit: usize) -> Self {
        Self::with(ErrorCode::TooLarge, json!({ "limit": limit }))
    }

    /// Too many attempts; the next one may come after this many milliseconds.
    pub fn too_many(retry_after_ms: i64) -> Self {
        Self::with(ErrorCode::TooMany, json!({ "retry_after_ms": retry_after_ms }))
    }

    /// A link code that is no good.
    pub fn link_code(cause: &'static str) -> Self {
        Self::with(ErrorCode::LinkCode, json!({ "cause": cause }))
    }

    /// The device or its member was removed; with the token for saying that it is wiped.
    pub fn device_revoked(wipe_token: &str) -> Self {
        Self::with(ErrorCode::DeviceRevoked, json!({ "wipe_token": wipe_token }))
    }

    /// What must be one of a kind is in use.
    pub fn taken(field: &str) -> Self {
        Self::with(ErrorCode::Taken, json!({ "field": field }))
    }

    /// There are as many as there may be.
    pub fn limit(limit: i64) -> Self {
        Self::with(ErrorCode::Limit, json!({ "limit": limit }))
    }

    /// A fault of the platform's, with a word for the log.
    pub fn internal(cause: impl Into<String>) -> Self {
        Self { code: ErrorCode::Internal, details: Value::Null, cause: Some(cause.into()) }
    }

    /// The body of the answer.
    pub fn to_json(&self) -> Value {
        let mut error = Map::new();
        error.insert("code".into(), self.code.as_str().into());
        if !self.details.is_null() {
            error.insert("details".into(), self.details.clone());
        }
        json!({ "error": error })
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::Full => ErrorCode::ServerFull,
            StoreError::Busy | StoreError::Closed => ErrorCode::Overloaded,
            _ => ErrorCode::Internal,
        };
        Self { code, details: Value::Null, cause: Some(error.to_string()) }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let retry_after = self.details.get("retry_after_ms").and_then(Value::as_i64);
        let mut response = (self.code.status(), Json(self.to_json())).into_response();
        if let Some(ms) = retry_after {
            // Rounded up: a phone that waits this long is not refused again.
            let seconds = ms.saturating_add(999) / 1000;
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(Cause(self.code.as_str(), self.cause));
        response
    }
}

//! What goes with an error's or a refusal's code.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::body::Author;
use super::objects::Step;
use crate::agents::error::ErrorCode;
use crate::agents::outcome::RefusedCode;
use crate::feed::cursor::ResetCause;

/// Makes the schema of a code's details.
pub type Shape = fn(&mut SchemaGenerator) -> Schema;

fn of<T: JsonSchema>(schemas: &mut SchemaGenerator) -> Schema {
    schemas.subschema_for::<T>()
}

/// The details of a request's error, if it has any.
pub fn of_error(code: ErrorCode) -> Option<Shape> {
    match code {
        ErrorCode::Malformed => Some(of::<MalformedDetails>),
        ErrorCode::LinkCode => Some(of::<LinkCodeDetails>),
        ErrorCode::Reset => Some(of::<ResetDetails>),
        ErrorCode::TooLarge => Some(of::<LimitDetails>),
        ErrorCode::Upgrade => Some(of::<UpgradeDetails>),
        ErrorCode::TooMany => Some(of::<WaitDetails>),
        ErrorCode::WrongCredentials
        | ErrorCode::Token
        | ErrorCode::SessionEnded
        | ErrorCode::DeviceRevoked
        | ErrorCode::NotAllowed
        | ErrorCode::NotFound
        | ErrorCode::DeviceTaken
        | ErrorCode::Internal
        | ErrorCode::Overloaded
        | ErrorCode::ServerFull => None,
    }
}

/// The details of a refused command, if it has any.
pub fn of_refusal(code: RefusedCode) -> Option<Shape> {
    match code {
        RefusedCode::AnsweredMeanwhile => Some(of::<AnsweredDetails>),
        RefusedCode::WindowClosed => Some(of::<WindowDetails>),
        RefusedCode::TooLong => Some(of::<LengthDetails>),
        RefusedCode::TooLate | RefusedCode::Settled => Some(of::<StepDetails>),
        RefusedCode::Malformed => Some(of::<MalformedDetails>),
        RefusedCode::NotYours
        | RefusedCode::UnknownKind
        | RefusedCode::IdReused
        | RefusedCode::Withdrawn => None,
    }
}

/// What could not be read.
#[derive(Debug, JsonSchema)]
pub struct MalformedDetails {
    /// The field; absent if the whole could not be read.
    pub field: Option<String>,
    /// The limit that it passed.
    pub limit: Option<i64>,
}

/// Why a link code is no good.
#[derive(Debug, JsonSchema)]
pub struct LinkCodeDetails {
    /// The word for it.
    pub cause: LinkCodeCause,
}

/// Why a link code is no good.
#[derive(Debug, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkCodeCause {
    /// It signed another phone in.
    Used,
    /// Ten minutes are over.
    Expired,
    /// There is no such code.
    Unknown,
}

/// Start anew.
#[derive(Debug, JsonSchema)]
pub struct ResetDetails {
    /// Why.
    pub cause: ResetCause,
    /// The epoch that stands.
    pub epoch: String,
}

/// A limit that was passed.
#[derive(Debug, JsonSchema)]
pub struct LimitDetails {
    /// In bytes.
    pub limit: i64,
}

/// The app is too old.
#[derive(Debug, JsonSchema)]
pub struct UpgradeDetails {
    /// The oldest version that may come in.
    pub min_version: String,
}

/// When to come back.
#[derive(Debug, JsonSchema)]
pub struct WaitDetails {
    /// Milliseconds from now.
    #[schemars(range(min = 0))]
    pub retry_after_ms: i64,
}

/// Who answered meanwhile.
#[derive(Debug, JsonSchema)]
pub struct AnsweredDetails {
    /// Who.
    pub by: Author,
    /// Number of the answer.
    pub n: i64,
}

/// WhatsApp's 24 hours are over.
#[derive(Debug, JsonSchema)]
pub struct WindowDetails {
    /// ms UTC; absent if the customer never wrote.
    pub closed_at: Option<i64>,
    /// Ids of templates that may be sent instead.
    pub templates: Vec<String>,
}

/// A text that is too long.
#[derive(Debug, JsonSchema)]
pub struct LengthDetails {
    /// The most, in Unicode scalar values.
    pub limit: i64,
    /// What it has.
    pub length: i64,
}

/// How far the message has got.
#[derive(Debug, JsonSchema)]
pub struct StepDetails {
    /// Its step.
    pub step: Step,
}

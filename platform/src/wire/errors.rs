//! What goes with an error's or a refusal's code.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use super::body::{Author, MediaType};
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
        ErrorCode::MetaUnavailable => Some(of::<UnavailableDetails>),
        ErrorCode::NotConfigured => Some(of::<SettingDetails>),
        ErrorCode::NotReady => Some(of::<NotReadyDetails>),
        ErrorCode::LineDown => Some(of::<LineDownDetails>),
        ErrorCode::DeviceRevoked => Some(of::<RevokedDetails>),
        ErrorCode::Taken => Some(of::<TakenDetails>),
        ErrorCode::Limit => Some(of::<MostDetails>),
        ErrorCode::WrongOffset => Some(of::<OffsetDetails>),
        ErrorCode::MetaRefused => Some(of::<MetaDetails>),
        ErrorCode::WrongCredentials
        | ErrorCode::Token
        | ErrorCode::SessionEnded
        | ErrorCode::NotAllowed
        | ErrorCode::NotFound
        | ErrorCode::DeviceTaken
        | ErrorCode::LastOwner
        | ErrorCode::HashMismatch
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
        RefusedCode::TooManyItems => Some(of::<ItemsDetails>),
        RefusedCode::MediaKind => Some(of::<MediaKindDetails>),
        RefusedCode::MediaTooLarge => Some(of::<MediaSizeDetails>),
        RefusedCode::TemplateFields => Some(of::<FieldsDetails>),
        RefusedCode::Exists => Some(of::<ExistsDetails>),
        RefusedCode::Changed => Some(of::<ChangedDetails>),
        RefusedCode::Continued => Some(of::<ContinuedDetails>),
        RefusedCode::TooMany => Some(of::<MostDetails>),
        RefusedCode::TemplateUnavailable
        | RefusedCode::MarketingStopped
        | RefusedCode::NotAllowed
        | RefusedCode::NotYours
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
    /// Milliseconds from now; the header `Retry-After` says it in seconds.
    #[schemars(range(min = 0))]
    pub retry_after_ms: i64,
}

/// The device was removed.
#[derive(Debug, JsonSchema)]
pub struct RevokedDetails {
    /// For `POST /v1/wiped`.
    pub wipe_token: String,
}

/// What is one of a kind and in use.
#[derive(Debug, JsonSchema)]
pub struct TakenDetails {
    /// The field.
    pub field: String,
}

/// How many there may be.
#[derive(Debug, JsonSchema)]
pub struct MostDetails {
    /// That many.
    pub limit: i64,
}

/// Where an upload goes on.
#[derive(Debug, JsonSchema)]
pub struct OffsetDetails {
    /// In bytes.
    #[schemars(range(min = 0))]
    pub offset: i64,
}

/// What Meta said.
#[derive(Debug, JsonSchema)]
pub struct MetaDetails {
    /// A stable word for it, where we have one.
    pub cause: Option<String>,
    /// Its code.
    pub whatsapp_code: Option<i64>,
    /// Its finer code.
    pub whatsapp_subcode: Option<i64>,
}

/// Meta does not answer.
#[derive(Debug, JsonSchema)]
pub struct UnavailableDetails {
    /// A stable word for it, where we have one.
    pub cause: Option<String>,
    /// Its code, if there was one.
    pub whatsapp_code: Option<i64>,
    /// Milliseconds from now, if anybody knows.
    pub retry_after_ms: Option<i64>,
}

/// A setting of the operator's that is missing.
#[derive(Debug, JsonSchema)]
pub struct SettingDetails {
    /// Its name.
    pub setting: String,
}

/// What has to be put right at Meta, or before this server, first.
#[derive(Debug, JsonSchema)]
pub struct NotReadyDetails {
    /// Meta calls this server's address.
    pub address_verified: bool,
    /// The subscription is switched on.
    pub active: bool,
    /// Webhook fields that are not subscribed.
    pub missing_fields: Vec<String>,
    /// What became of a signed test webhook to our own public address.
    pub test_webhook: TestWebhook,
    /// The HTTP status of whoever refused it.
    pub test_status: Option<u16>,
}

/// What became of a test webhook.
#[derive(Debug, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestWebhook {
    /// It came back, byte for byte.
    CameBack,
    /// Nobody answered at our address.
    NotReached,
    /// Whoever answered did not take it.
    Refused,
    /// Another server took it.
    AnotherServer,
}

/// What stops a line and no hand lifts.
#[derive(Debug, JsonSchema)]
pub struct LineDownDetails {
    /// Causes of the line, worst first.
    pub causes: Vec<String>,
}

/// A list that is too long.
#[derive(Debug, JsonSchema)]
pub struct ItemsDetails {
    /// Which.
    pub field: String,
    /// The most entries.
    pub limit: i64,
    /// What it has.
    pub count: i64,
}

/// A file that WhatsApp does not take as what it is to be.
#[derive(Debug, JsonSchema)]
pub struct MediaKindDetails {
    /// What it is to be.
    pub r#type: MediaType,
    /// What it is.
    pub mime: String,
    /// What WhatsApp takes.
    pub allowed: Vec<String>,
}

/// A file that is too large for what it is to be.
#[derive(Debug, JsonSchema)]
pub struct MediaSizeDetails {
    /// What it is to be.
    pub r#type: MediaType,
    /// The most, in bytes.
    pub limit: i64,
    /// What it has.
    pub size: i64,
}

/// Fields that do not fit their template.
#[derive(Debug, JsonSchema)]
pub struct FieldsDetails {
    /// Ids of those that are not there, or of the wrong kind.
    pub missing: Vec<String>,
    /// Ids that the template does not have.
    pub unknown: Vec<String>,
}

/// What is there already: the conversation for those who may see it, else its holder, if it has one.
#[derive(Debug, JsonSchema)]
pub struct ExistsDetails {
    /// Conversation id.
    pub conversation: Option<String>,
    /// Member id.
    pub holder: Option<String>,
}

/// Who was faster.
#[derive(Debug, JsonSchema)]
pub struct ChangedDetails {
    /// Who set it.
    pub by: Author,
    /// When, ms UTC; 0 if nobody knows.
    pub at: i64,
    /// What it is now; absent: nothing.
    pub now: Option<Value>,
}

/// Where a conversation goes on.
#[derive(Debug, JsonSchema)]
pub struct ContinuedDetails {
    /// Conversation id.
    pub conversation: String,
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
    /// Which; absent if there is but one.
    pub field: Option<String>,
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

//! What a command came to: the words of protocol.md 5, kept and repeated for ever.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Who asks: a member on one device, already signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Workspace id.
    pub workspace: String,
    /// Member id.
    pub member: String,
    /// Device id.
    pub device: String,
    /// What the member may do.
    pub role: Role,
}

/// A member's role.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees and may do everything.
    Owner,
    /// Sees everything.
    Manager,
    /// Sees what is theirs, and what is nobody's if the workspace allows it.
    Employee,
}

impl Role {
    /// The word on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Manager => "manager",
            Self::Employee => "employee",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Owner, Self::Manager, Self::Employee].into_iter().find(|r| r.as_str() == word)
    }
}

/// The outcome of one command.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Carried out; the phone is done with it once its cursor has reached `seq`.
    Done {
        /// Number of the command's last change, or the head if it changed nothing.
        seq: i64,
        /// What the command was about has been erased since.
        gone: bool,
    },
    /// Not carried out, for good.
    Refused {
        /// Why, stable.
        code: RefusedCode,
        /// The reason shown to people, if there is one.
        reason: Option<Reason>,
        /// A JSON object with what `docs/wire.md` names, or null.
        details: Value,
    },
    /// Not judged yet: the phone sends it again.
    Later {
        /// Why, stable.
        code: LaterCode,
        /// When to try again, in milliseconds from now.
        retry_after_ms: i64,
    },
}

impl Outcome {
    /// Carried out up to `seq`.
    pub const fn done(seq: i64) -> Self {
        Self::Done { seq, gone: false }
    }

    /// Refused with a code alone.
    pub const fn refused(code: RefusedCode) -> Self {
        Self::Refused { code, reason: code.reason(), details: Value::Null }
    }

    /// Refused with details, which must be a JSON object.
    pub const fn refused_with(code: RefusedCode, details: Value) -> Self {
        Self::Refused { code, reason: code.reason(), details }
    }

    /// Whether it was carried out.
    pub const fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. })
    }

    /// As answered, without the command's id.
    pub fn to_json(&self) -> Map<String, Value> {
        let mut map = Map::new();
        match self {
            Self::Done { seq, gone } => {
                map.insert("outcome".into(), "done".into());
                map.insert("seq".into(), (*seq).into());
                if *gone {
                    map.insert("gone".into(), true.into());
                }
            }
            Self::Refused { code, reason, details } => {
                map.insert("outcome".into(), "refused".into());
                map.insert("code".into(), code.as_str().into());
                if let Some(reason) = reason {
                    map.insert("reason".into(), reason.as_str().into());
                }
                if !details.is_null() {
                    map.insert("details".into(), details.clone());
                }
            }
            Self::Later { code, retry_after_ms } => {
                map.insert("outcome".into(), "later".into());
                map.insert("code".into(), code.as_str().into());
                map.insert("retry_after_ms".into(), (*retry_after_ms).into());
            }
        }
        map
    }
}

/// Why a command was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefusedCode {
    /// Somebody answered after what the writer had seen.
    AnsweredMeanwhile,
    /// WhatsApp's 24 hours are over.
    WindowClosed,
    /// A text is longer than WhatsApp takes.
    TooLong,
    /// A list has more entries than WhatsApp takes.
    TooManyItems,
    /// WhatsApp does not take files of this type as this kind.
    MediaKind,
    /// The file is larger than WhatsApp takes of its kind.
    MediaTooLarge,
    /// There is no such template, or it is not approved now.
    TemplateUnavailable,
    /// The template's fields were not filled in as it wants them.
    TemplateFields,
    /// The customer wants no more marketing.
    MarketingStopped,
    /// The conversation is there already.
    Exists,
    /// The message can no longer be withdrawn.
    TooLate,
    /// What the command would settle is settled.
    Settled,
    /// The conversation is not in the member's scope.
    NotYours,
    /// A field is missing or makes no sense.
    Malformed,
    /// This platform does not know the kind.
    UnknownKind,
    /// The id was used for another body.
    IdReused,
    /// The id was withdrawn before it came.
    Withdrawn,
    /// Somebody set the field to something else meanwhile.
    Changed,
    /// The member's role does not allow it.
    NotAllowed,
    /// The conversation goes on in another one.
    Continued,
    /// There are as many as there may be.
    TooMany,
}

impl RefusedCode {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AnsweredMeanwhile => "answered_meanwhile",
            Self::WindowClosed => "window_closed",
            Self::TooLong => "too_long",
            Self::TooManyItems => "too_many_items",
            Self::MediaKind => "media_kind",
            Self::MediaTooLarge => "media_too_large",
            Self::TemplateUnavailable => "template_unavailable",
            Self::TemplateFields => "template_fields",
            Self::MarketingStopped => "marketing_stopped",
            Self::Exists => "exists",
            Self::TooLate => "too_late",
            Self::Settled => "settled",
            Self::NotYours => "not_yours",
            Self::Malformed => "malformed",
            Self::UnknownKind => "unknown_kind",
            Self::IdReused => "id_reused",
            Self::Withdrawn => "withdrawn",
            Self::Changed => "changed",
            Self::NotAllowed => "not_allowed",
            Self::Continued => "continued",
            Self::TooMany => "too_many",
        }
    }

    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::AnsweredMeanwhile,
        Self::WindowClosed,
        Self::TooLong,
        Self::TooManyItems,
        Self::MediaKind,
        Self::MediaTooLarge,
        Self::TemplateUnavailable,
        Self::TemplateFields,
        Self::MarketingStopped,
        Self::Exists,
        Self::TooLate,
        Self::Settled,
        Self::NotYours,
        Self::Malformed,
        Self::UnknownKind,
        Self::IdReused,
        Self::Withdrawn,
        Self::Changed,
        Self::NotAllowed,
        Self::Continued,
        Self::TooMany,
    ];

    /// The reason that goes with the code, where one does.
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::AnsweredMeanwhile => Some(Reason::R8),
            Self::WindowClosed => Some(Reason::R7),
            Self::NotYours => Some(Reason::R9),
            Self::MarketingStopped => Some(Reason::R10),
            Self::TemplateUnavailable => Some(Reason::R12),
            Self::MediaKind | Self::MediaTooLarge => Some(Reason::R13),
            _ => None,
        }
    }
}

/// Why a command has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LaterCode {
    /// An earlier send of the same conversation was not done.
    Behind,
    /// The platform could not do it just now.
    Overloaded,
    /// The platform's disk is full.
    ServerFull,
    /// The file that it names is not here whole yet.
    MediaMissing,
}

impl LaterCode {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Behind, Self::Overloaded, Self::ServerFull, Self::MediaMissing];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Behind => "behind",
            Self::Overloaded => "overloaded",
            Self::ServerFull => "server_full",
            Self::MediaMissing => "media_missing",
        }
    }
}

/// The reasons of experience.md that this platform gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Reason {
    /// The business number is disconnected.
    R5,
    /// WhatsApp slows the number down.
    R6,
    /// The customer service window is closed.
    R7,
    /// Answered meanwhile.
    R8,
    /// Not yours any more.
    R9,
    /// The customer cannot be reached, or wants no more marketing.
    R10,
    /// The account is not paid.
    R11,
    /// The template is paused, changed or refused.
    R12,
    /// The file is too large or of a refused kind.
    R13,
    /// Unknown whether it went out.
    R14,
    /// Any other code of WhatsApp's.
    R16,
    /// Waits behind an earlier one.
    R4,
}

impl Reason {
    /// The id on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::R4 => "R4",
            Self::R5 => "R5",
            Self::R6 => "R6",
            Self::R7 => "R7",
            Self::R8 => "R8",
            Self::R9 => "R9",
            Self::R10 => "R10",
            Self::R11 => "R11",
            Self::R12 => "R12",
            Self::R13 => "R13",
            Self::R14 => "R14",
            Self::R16 => "R16",
        }
    }
}

//! What to do about each code. Every table is a match over its enum: a new code without a row
//! does not compile.

use crate::agents::error::ErrorCode;
use crate::agents::outcome::{LaterCode, RefusedCode};
use crate::feed::close::CloseCode;
use crate::feed::cursor::ResetCause;

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Acts {
    /// The app, by itself; nobody is asked.
    App,
    /// The person with the phone, once told.
    Person,
    /// Somebody in the office: an owner or a manager.
    Office,
    /// Whoever runs the server.
    Operator,
    /// Whoever writes the app.
    Developer,
}

impl Acts {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::App => "the app",
            Self::Person => "the person",
            Self::Office => "the office",
            Self::Operator => "the operator",
            Self::Developer => "the app's developer",
        }
    }
}

/// Whether the same request helps when it is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retry {
    /// It will be told the same.
    No,
    /// After a pause, by itself.
    Later,
    /// Once what the code names has been mended.
    Mended,
}

impl Retry {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Later => "yes, after a pause",
            Self::Mended => "once that is done",
        }
    }
}

/// Who acts, how, and whether a retry helps.
pub(super) type Advice = (Acts, &'static str, Retry);

/// About an error of a request.
pub(super) const fn of_error(code: ErrorCode) -> Advice {
    match code {
        ErrorCode::Malformed => (
            Acts::Developer,
            "mends the request; a batch of commands is halved until the bad one is alone",
            Retry::No,
        ),
        ErrorCode::WrongCredentials => (Acts::Person, "types them again", Retry::Mended),
        ErrorCode::LinkCode => (Acts::Person, "asks the office for a new code", Retry::Mended),
        ErrorCode::Token => (Acts::App, "refreshes once and asks again", Retry::Mended),
        ErrorCode::SessionEnded => {
            (Acts::Person, "signs in again; everything held stays", Retry::Mended)
        }
        ErrorCode::DeviceRevoked => (Acts::App, "wipes the account", Retry::No),
        ErrorCode::NotAllowed => (Acts::Office, "gives the right, or does it", Retry::Mended),
        ErrorCode::NotFound => (Acts::App, "takes it as gone from what it may hold", Retry::No),
        ErrorCode::DeviceTaken => (Acts::App, "makes a new device id", Retry::Mended),
        ErrorCode::Reset => {
            (Acts::App, "asks for its scope, wipes what is not in it, starts anew", Retry::Mended)
        }
        ErrorCode::TooLarge => {
            (Acts::App, "halves the batch; a single command counts as refused", Retry::No)
        }
        ErrorCode::Upgrade => (Acts::Person, "updates the app; the outbox waits", Retry::Mended),
        ErrorCode::TooMany => (Acts::App, "waits as long as it is told", Retry::Later),
        ErrorCode::Internal => (Acts::Operator, "looks into the log", Retry::Later),
        ErrorCode::Overloaded => (Acts::App, "waits", Retry::Later),
        ErrorCode::Taken => (Acts::Office, "chooses another", Retry::Mended),
        ErrorCode::Limit => (Acts::Office, "deletes what is not used", Retry::Mended),
        ErrorCode::LastOwner => (Acts::Office, "makes somebody else an owner first", Retry::Mended),
        ErrorCode::WrongOffset => (Acts::App, "goes on from the offset", Retry::Mended),
        ErrorCode::HashMismatch => (Acts::App, "uploads the file from its start", Retry::Mended),
        ErrorCode::NotConfigured => (Acts::Operator, "sets what it names", Retry::Mended),
        ErrorCode::NotReady => (Acts::Operator, "puts right what it names", Retry::Mended),
        ErrorCode::LineDown => (Acts::Office, "connects the number again", Retry::Mended),
        ErrorCode::MetaRefused => (Acts::Office, "changes what Meta does not take", Retry::No),
        ErrorCode::MetaUnavailable => (Acts::Office, "tries again later", Retry::Later),
        ErrorCode::ServerFull => (Acts::Operator, "makes room on the disk", Retry::Later),
    }
}

/// About a refused command. The same id is told the same for ever.
pub(super) const fn of_refusal(code: RefusedCode) -> Advice {
    match code {
        RefusedCode::AnsweredMeanwhile => {
            (Acts::Person, "reads the answer, then edits, discards or sends anyway", Retry::No)
        }
        RefusedCode::WindowClosed => {
            (Acts::Person, "sends a template, or waits for the customer", Retry::No)
        }
        RefusedCode::TooLong | RefusedCode::TooManyItems => {
            (Acts::Person, "shortens it", Retry::No)
        }
        RefusedCode::MediaKind => (Acts::Person, "sends it as a document, or not", Retry::No),
        RefusedCode::MediaTooLarge => (Acts::Person, "sends a smaller file", Retry::No),
        RefusedCode::TemplateUnavailable => (Acts::Person, "chooses another template", Retry::No),
        RefusedCode::TemplateFields => (Acts::Person, "fills the fields in", Retry::No),
        RefusedCode::MarketingStopped => {
            (Acts::Person, "sends no advertising; a template of another kind may go", Retry::No)
        }
        RefusedCode::Exists => (Acts::App, "goes on in the one that is there", Retry::No),
        RefusedCode::Changed => (Acts::Person, "looks at what it is now", Retry::No),
        RefusedCode::NotAllowed => (Acts::Office, "gives the right, or does it", Retry::No),
        RefusedCode::Continued => (Acts::App, "goes on in the newer one", Retry::No),
        RefusedCode::TooMany => (Acts::Person, "takes others off first", Retry::No),
        RefusedCode::TooLate => (Acts::Person, "nothing, it is on its way", Retry::No),
        RefusedCode::Settled => (Acts::Person, "nothing, it is settled", Retry::No),
        RefusedCode::NotYours => (Acts::Office, "assigns the conversation", Retry::No),
        RefusedCode::Malformed | RefusedCode::IdReused => {
            (Acts::Developer, "mends the command", Retry::No)
        }
        RefusedCode::UnknownKind => (Acts::Operator, "updates the platform", Retry::No),
        RefusedCode::Withdrawn => (Acts::App, "drops it", Retry::No),
    }
}

/// About a command that was not judged yet.
pub(super) const fn of_later(code: LaterCode) -> Advice {
    match code {
        LaterCode::Behind => (Acts::App, "sends the earlier one again first", Retry::Later),
        LaterCode::MediaMissing => (Acts::App, "uploads the file", Retry::Mended),
        LaterCode::Overloaded => (Acts::App, "waits as long as it is told", Retry::Later),
        LaterCode::ServerFull => (Acts::Operator, "makes room on the disk", Retry::Later),
    }
}

/// About a reset.
pub(super) const fn of_reset(cause: ResetCause) -> Advice {
    match cause {
        ResetCause::Epoch => (
            Acts::App,
            "starts anew; unanswered commands that call WhatsApp ask the person first",
            Retry::Mended,
        ),
        ResetCause::Tag | ResetCause::Scope | ResetCause::Expired => {
            (Acts::App, "starts anew; the outbox of what remains stays", Retry::Mended)
        }
    }
}

/// About the end of a socket.
pub(super) const fn of_close(code: CloseCode) -> Advice {
    match code {
        CloseCode::Normal => (Acts::App, "does what the last frame said", Retry::Mended),
        CloseCode::Away => (Acts::App, "opens the line again", Retry::Later),
        CloseCode::Fault => (Acts::Operator, "looks into the log", Retry::Later),
        CloseCode::Hello => (Acts::Developer, "mends the first frame", Retry::No),
        CloseCode::Ended => (Acts::App, "refreshes, and learns what became of it", Retry::Mended),
        CloseCode::Slow => (Acts::App, "pulls, and opens the line again", Retry::Later),
    }
}

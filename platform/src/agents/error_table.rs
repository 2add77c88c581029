//! Every code that travels, with who acts and whether a retry helps: the one table behind
//! `docs/errors.md`.

use std::fmt::Write as _;

use super::error::ErrorCode;
use super::outcome::{LaterCode, RefusedCode};

/// Who can end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// The app by itself.
    App,
    /// The person on the phone or in the office.
    Person,
    /// A manager or owner.
    Manager,
    /// Who runs the server.
    Operator,
    /// Whoever writes the app.
    Developer,
}

impl Who {
    const fn as_str(self) -> &'static str {
        match self {
            Self::App => "the app, by itself",
            Self::Person => "the person",
            Self::Manager => "a manager",
            Self::Operator => "the operator",
            Self::Developer => "who wrote the app",
        }
    }
}

/// Whether the same request may succeed later, unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Retry {
    /// It will not.
    No,
    /// After the time that `retry_after_ms` names, or a while.
    Later,
    /// Once something else was done first.
    After(&'static str),
}

impl Retry {
    fn text(self) -> String {
        match self {
            Self::No => "no".to_owned(),
            Self::Later => "yes, later".to_owned(),
            Self::After(what) => format!("after {what}"),
        }
    }
}

/// A row of the table.
struct Row {
    who: Who,
    retry: Retry,
    what: &'static str,
}

const fn row(who: Who, retry: Retry, what: &'static str) -> Row {
    Row { who, retry, what }
}

/// What is said over HTTP.
const fn http(code: ErrorCode) -> Row {
    use ErrorCode as E;
    match code {
        E::Malformed => row(
            Who::Developer,
            Retry::No,
            "A field (`field`) or the whole request cannot be read; `limit` where one was passed.",
        ),
        E::WrongCredentials => row(
            Who::Person,
            Retry::After("typing it again"),
            "E-mail or password wrong; never which.",
        ),
        E::LinkCode => row(
            Who::Manager,
            Retry::After("a new code"),
            "The link code is used, expired or unknown (`cause`).",
        ),
        E::Token => row(
            Who::App,
            Retry::After("a refresh"),
            "The access token is missing, bad or over; so is a `wipe_token` that nobody gave.",
        ),
        E::SessionEnded => row(
            Who::Person,
            Retry::After("signing in"),
            "The refresh token is no good any more. Everything on the phone stays.",
        ),
        E::DeviceRevoked => row(
            Who::App,
            Retry::No,
            "The device or its member was removed: wipe the account, then say so with `wipe_token`.",
        ),
        E::NotAllowed => row(Who::Manager, Retry::No, "The member's role lacks the right."),
        E::NotFound => row(Who::App, Retry::No, "No such thing, or none that this member may see."),
        E::DeviceTaken => {
            row(Who::Developer, Retry::No, "The device id belongs to another member.")
        }
        E::Reset => row(
            Who::App,
            Retry::After("starting anew"),
            "The cursor or epoch is no good (`cause`: epoch, tag, scope, expired).",
        ),
        E::TooLarge => row(
            Who::App,
            Retry::After("halving the batch"),
            "The request is larger than `limit` bytes.",
        ),
        E::Upgrade => row(
            Who::Person,
            Retry::After("updating the app"),
            "The app is older than `min_version`.",
        ),
        E::TooMany => row(Who::App, Retry::Later, "Too many attempts."),
        E::Internal => row(
            Who::Operator,
            Retry::Later,
            "A fault of the platform's; its log names it by the request.",
        ),
        E::Overloaded => row(Who::App, Retry::Later, "The platform cannot do it just now."),
        E::ServerFull => {
            row(Who::Operator, Retry::Later, "The platform's disk is full; reading goes on.")
        }
        E::Taken => row(
            Who::Person,
            Retry::After("choosing another"),
            "A name, an e-mail or a shortcut (`field`) that must be one of a kind is in use.",
        ),
        E::Limit => row(
            Who::Manager,
            Retry::After("deleting some"),
            "There are as many (`limit`) as there may be.",
        ),
        E::NotConfigured => row(
            Who::Operator,
            Retry::After("a setting of the server"),
            "A setting of the operator's is missing.",
        ),
        E::NotReady => row(
            Who::Manager,
            Retry::After("putting it right at Meta"),
            "Something has to be put right at Meta first.",
        ),
        E::WrongOffset => row(
            Who::App,
            Retry::After("asking where it ends"),
            "The piece does not begin where the upload ends.",
        ),
        E::HashMismatch => row(
            Who::App,
            Retry::After("uploading from the beginning"),
            "What was uploaded has another hash.",
        ),
        E::MetaRefused => row(
            Who::Manager,
            Retry::No,
            "Meta refused what the office asked for; its own code is told.",
        ),
        E::MetaUnavailable => row(Who::App, Retry::Later, "Meta does not answer just now."),
        E::LastOwner => {
            row(Who::Manager, Retry::After("naming another owner"), "A workspace needs an owner.")
        }
    }
}

/// What ends a command.
const fn refused(code: RefusedCode) -> Row {
    use RefusedCode as R;
    match code {
        R::AnsweredMeanwhile => row(
            Who::Person,
            Retry::After("a yes (`release`, or a new `send`)"),
            "Somebody (`by`) answered with message `n` after what the writer had seen.",
        ),
        R::WindowClosed => row(
            Who::Person,
            Retry::After("the customer writes, or with a template"),
            "The 24 hours ended (`closed_at`); `templates` may still go.",
        ),
        R::TooLong => row(
            Who::Person,
            Retry::After("shortening it"),
            "The text has `length` characters, `limit` may go.",
        ),
        R::TooManyItems => row(
            Who::Person,
            Retry::After("leaving some out"),
            "A list has more entries than WhatsApp takes (`limit`).",
        ),
        R::MediaKind => row(
            Who::Person,
            Retry::After("another file"),
            "WhatsApp does not take files of this type as this kind.",
        ),
        R::MediaTooLarge => row(
            Who::Person,
            Retry::After("a smaller file"),
            "The file is larger than WhatsApp takes of its kind (`limit`).",
        ),
        R::TemplateUnavailable => row(
            Who::Manager,
            Retry::After("choosing another"),
            "There is no such template, or it is not approved now.",
        ),
        R::TemplateFields => row(
            Who::Person,
            Retry::After("filling them in"),
            "The template's fields were not filled in as it wants them.",
        ),
        R::Exists => row(
            Who::App,
            Retry::No,
            "The conversation is there already; `conversation` or `holder` says which or whose.",
        ),
        R::TooLate => row(Who::Person, Retry::No, "It is out, or may be (`step`)."),
        R::Settled => {
            row(Who::Person, Retry::No, "What the command would settle is settled (`step`).")
        }
        R::NotYours => row(
            Who::Manager,
            Retry::No,
            "The conversation is not, or no longer, in the member's scope.",
        ),
        R::Malformed => {
            row(Who::Developer, Retry::No, "A field (`field`) is missing or makes no sense.")
        }
        R::UnknownKind => row(
            Who::Operator,
            Retry::After("updating the platform"),
            "This platform does not know the kind.",
        ),
        R::IdReused => row(Who::Developer, Retry::No, "The id was used for another body."),
        R::Withdrawn => row(Who::App, Retry::No, "The id was withdrawn before it came."),
        R::Changed => row(
            Who::Person,
            Retry::After("looking at what it is now"),
            "Somebody (`by`) set the field to `now` at `at`.",
        ),
        R::NotAllowed => row(Who::Manager, Retry::No, "The member's role lacks the right."),
        R::Continued => row(
            Who::Person,
            Retry::After("choosing that conversation"),
            "The conversation goes on in `conversation`: two contacts were joined.",
        ),
        R::TooMany => row(
            Who::Manager,
            Retry::After("deleting some"),
            "There are as many (`limit`) as there may be.",
        ),
    }
}

/// What makes a command wait.
const fn later(code: LaterCode) -> Row {
    use LaterCode as L;
    match code {
        L::Behind => {
            row(Who::App, Retry::Later, "An earlier send of the same conversation was not done.")
        }
        L::Overloaded => row(Who::App, Retry::Later, "The platform could not do it just now."),
        L::MediaMissing => row(
            Who::App,
            Retry::After("the upload"),
            "The file that it names is not here whole yet.",
        ),
        L::ServerFull => row(Who::Operator, Retry::Later, "The platform's disk is full."),
    }
}

/// The page `docs/errors.md`.
pub fn page() -> String {
    let mut page = String::from(
        "# Errors\n\nGenerated from the platform's own table (`platform/src/agents/error_table.rs`); refresh with\n`UPDATE_DOCS=1 cargo test -p fieldline-platform --test it documents`.\n\nA code is stable and never a sentence. *Who acts* can end it; *retry* says whether the same request may succeed unchanged.\n\n## Over HTTP\n\n`{\"error\": {\"code\", \"reason\"?, \"details\"?}}`\n\n| code | status | who acts | retry | what it means |\n|---|---|---|---|---|\n",
    );
    for code in ErrorCode::ALL {
        let Row { who, retry, what } = http(code);
        let (word, status) = (code.as_str(), code.status().as_u16());
        let _ = writeln!(
            page,
            "| `{word}` | {status} | {} | {} | {what} |",
            who.as_str(),
            retry.text()
        );
    }
    page.push_str("\n## Commands that were refused\n\nFor good: the same id gets the same answer for ever.\n\n| code | reason | who acts | retry | what it means |\n|---|---|---|---|---|\n");
    for code in RefusedCode::ALL {
        let Row { who, retry, what } = refused(code);
        let reason = code.reason().map_or("", super::outcome::Reason::as_str);
        let _ = writeln!(
            page,
            "| `{}` | {reason} | {} | {} | {what} |",
            code.as_str(),
            who.as_str(),
            retry.text()
        );
    }
    page.push_str("\n## Commands that wait\n\nSent again by the app, with the same id, after `retry_after_ms`.\n\n| code | who acts | retry | what it means |\n|---|---|---|---|\n");
    for code in LaterCode::ALL {
        let Row { who, retry, what } = later(code);
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {what} |",
            code.as_str(),
            who.as_str(),
            retry.text()
        );
    }
    page
}

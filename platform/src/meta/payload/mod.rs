//! A raw webhook body, read into an ordered list of typed things.
//!
//! `read` opens the envelope and gives each change to the file of its field; `content` reads what a
//! message holds, for every field that brings messages; `people` whose it is.
//!
//! Pure: no store, no clock. Whatever is not understood becomes a [`Leftover`], never an error and
//! never a crash; only a body that is no JSON object is [`Unreadable`]. Facts about the shapes:
//! whatsapp.md sections 1 to 4.2.

mod account;
mod content;
mod echoes;
mod history;
mod management;
mod mend;
mod messages;
mod people;
mod phonebook;
mod read;
mod statuses;
#[cfg(test)]
mod tests;
pub(crate) mod values;

pub(crate) use account::AccountNews;
#[cfg(test)]
pub(crate) use account::Restriction;
pub(crate) use history::{Old, Progress};
pub(crate) use management::Fact;
pub(crate) use phonebook::PhoneBookEntry;
pub(crate) use read::read;

use super::ladder::Step;
use crate::store::webhooks::Lane;

/// The whole body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// A stable word: `not_json` or `not_an_object`.
    pub(crate) reason: &'static str,
}

/// One thing that a body tells, in the order of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Thing {
    /// A customer wrote.
    Message(Message),
    /// The business wrote in the app on the owner's phone or on a companion of it.
    Echo(Message),
    /// News about a message that we sent.
    Status(Status),
    /// An old message of an import, or the media of one.
    Old(Old),
    /// How far an import has got.
    Progress(Progress),
    /// The address book of the owner's phone.
    PhoneBook(PhoneBookEntry),
    /// The life of the business account.
    Account(AccountNews),
    /// About a template, the number's quality, its name, its limits.
    Fact(Fact),
    /// Not understood by this version; the raw body keeps it.
    Leftover(Leftover),
}

impl Thing {
    /// Meta's field and the kind of thing: what a log line and a leftover row say of it.
    pub(crate) fn name(&self) -> (&str, &str) {
        match self {
            Self::Message(_) => ("messages", "message"),
            Self::Echo(_) => ("smb_message_echoes", "message"),
            Self::Status(_) => ("messages", "status"),
            Self::Old(_) => ("history", "message"),
            Self::Progress(_) => ("history", "progress"),
            Self::PhoneBook(_) => ("smb_app_state_sync", "contact"),
            Self::Account(news) => ("account_update", &news.event),
            Self::Fact(fact) => (&fact.field, &fact.word),
            Self::Leftover(left) => (&left.field, &left.kind),
        }
    }

    /// Whether it is live or belongs to an import, which waits behind everything live.
    pub(crate) fn lane(&self) -> Lane {
        match self {
            Self::Old(_) | Self::Progress(_) => Lane::Import,
            Self::Leftover(left) if left.field == "history" => Lane::Import,
            _ => Lane::Live,
        }
    }

    /// How much of a transaction it takes, in messages.
    pub(crate) const fn weight(&self) -> usize {
        1
    }
}

/// A message in a one-to-one chat, either direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// Our number that it is about; the only thing to route by.
    pub(crate) phone_number_id: String,
    /// Meta's id of the message.
    pub(crate) wamid: String,
    /// Meta's time, ms UTC; absent where it was missing or no number.
    pub(crate) at: Option<i64>,
    /// The customer, whoever wrote.
    pub(crate) customer: Customer,
    /// What was written.
    pub(crate) content: Content,
    /// Meta's id of the quoted message. A forward quotes nothing.
    pub(crate) reply_to: Option<String>,
    /// `biz_opaque_callback_data`, should an echo ever carry it.
    pub(crate) callback: Option<String>,
}

/// Who the customer is. At least one of `phone` and `user_id` is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Customer {
    /// Digits as Meta gave them.
    pub(crate) phone: Option<String>,
    /// Business-scoped user id (BSUID).
    pub(crate) user_id: Option<String>,
    /// Profile name.
    pub(crate) name: Option<String>,
    /// Username without `@`.
    pub(crate) username: Option<String>,
}

/// What a message holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// Text, without U+0000.
    Text(String),
    /// A kind that is not built yet, by Meta's word for it.
    Other(String),
}

/// News about a message that we sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    /// Our number.
    pub(crate) phone_number_id: String,
    /// Meta's id of the message; absent only if `callback` is there.
    pub(crate) wamid: Option<String>,
    /// Our own id of the message, as we gave it with the send.
    pub(crate) callback: Option<String>,
    /// Meta's time, ms UTC.
    pub(crate) at: Option<i64>,
    /// What happened.
    pub(crate) word: StatusWord,
}

/// The status words that have a meaning here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatusWord {
    /// A step of the ladder was reached: sent, delivered, read or played.
    Reached(Step),
    /// Meta gave up, with its code if it named one.
    Failed(Option<i64>),
}

/// Something that this version does not understand or does not build yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leftover {
    /// Meta's name of the field, `messages` for example.
    pub(crate) field: String,
    /// Meta's word for the kind of thing, cut to letters that cannot hold personal data for long.
    pub(crate) kind: String,
    /// Why it was left, a stable word.
    pub(crate) reason: &'static str,
}

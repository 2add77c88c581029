//! A raw webhook body, read into an ordered list of typed things.
//!
//! `read` opens the envelope and gives each change to the file of its field; `content` reads what a
//! message holds, for every field that brings messages; `people` whose it is.
//!
//! Pure: no store, no clock. Whatever is not understood becomes a [`Leftover`], never an error and
//! never a crash; only a body that is no JSON object is [`Unreadable`]. Facts about the shapes:
//! whatsapp.md sections 1 to 4.2.

mod account;
mod amendments;
mod cards;
mod content;
mod echoes;
mod history;
mod interactive;
mod management;
mod mend;
mod messages;
mod people;
mod persons;
mod phonebook;
mod read;
mod standby;
mod statuses;
#[cfg(test)]
mod tests;
pub(crate) mod values;

pub(crate) use account::AccountNews;
#[cfg(test)]
pub(crate) use account::Restriction;
pub(crate) use history::{Old, Progress};
pub(crate) use management::Fact;
pub(crate) use people::number_key;
pub(crate) use phonebook::PhoneBookEntry;
pub(crate) use read::{parse, read, read_value};

use serde_json::{Map, Value, json};

use super::ladder::Step;
use crate::store::webhooks::Lane;

/// The whole body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// A stable word: `not_json`, `too_deep` or `not_an_object`.
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
    /// Somebody edited a message, took it back or reacted to it.
    Amendment(Amendment),
    /// A person has another number or id, or another key, or wants no more advertising.
    Person(Person),
    /// Another program of the business, or we, have the conversation now.
    Handover(Handover),
    /// Meta reports an error that belongs to no message.
    Trouble(Trouble),
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
            Self::Message(message) | Self::Echo(message) => (&message.field, &message.kind),
            Self::Status(_) => ("messages", "status"),
            Self::Amendment(amendment) => (
                if amendment.by_business { "smb_message_echoes" } else { "messages" },
                amendment.act.word(),
            ),
            Self::Person(person) => (&person.field, person.news.word()),
            Self::Handover(handover) => ("messaging_handovers", &handover.kind),
            Self::Trouble(_) => ("messages", "errors"),
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
    #[expect(clippy::unused_self, reason = "every thing is one message or less by now")]
    pub(crate) const fn weight(&self) -> usize {
        1
    }
}

/// A message in a one-to-one chat, either direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// Meta's name of the field that brought it.
    pub(crate) field: String,
    /// Our number that it is about; the only thing to route by.
    pub(crate) phone_number_id: String,
    /// Meta's id of the message.
    pub(crate) wamid: String,
    /// Meta's word for its type.
    pub(crate) kind: String,
    /// Meta's time, ms UTC; absent where it was missing or no number.
    pub(crate) at: Option<i64>,
    /// The customer, whoever wrote.
    pub(crate) customer: Customer,
    /// What was written.
    pub(crate) content: Content,
    /// Meta's code, where it says why there is nothing to read (131051, 131060).
    pub(crate) code: Option<i64>,
    /// What stands beside the body on the wire: `forwarded`, `referral`, `product`.
    pub(crate) beside: Map<String, Value>,
    /// Written by a program of Meta's or of another partner, not by a person (field `standby`).
    pub(crate) automatic: bool,
    /// Meta's id of the quoted message. A forward quotes nothing.
    pub(crate) reply_to: Option<String>,
    /// `biz_opaque_callback_data`, should an echo ever carry it.
    pub(crate) callback: Option<String>,
}

impl Message {
    /// The body as phones get it; one that cannot be shown says Meta's reason with it.
    pub(crate) fn body(&self) -> Value {
        let mut body = self.content.body();
        if let (Content::Other(_), Some(code), Some(map)) =
            (&self.content, self.code, body.as_object_mut())
        {
            map.insert("code".into(), code.into());
        }
        body
    }
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
    /// A picture, film, sound, document or sticker.
    Media(Media),
    /// What phones show by its parts: the whole wire body, `{kind: location | contacts | interactive, ...}`.
    Parts(Value),
    /// A kind that is not shown, by Meta's word for it.
    Other(String),
}

impl Content {
    /// The body on the wire and in the store: docs/wire.md, "Bodies".
    pub(crate) fn body(&self) -> Value {
        match self {
            Self::Text(text) => json!({"kind": "text", "text": text}),
            Self::Media(media) => media.body(),
            Self::Parts(body) => body.clone(),
            Self::Other(kind) => json!({"kind": "unsupported", "type": kind}),
        }
    }

    /// The media that Meta holds for it.
    pub(crate) fn media(&self) -> Option<&Media> {
        if let Self::Media(media) = self { Some(media) } else { None }
    }
}

/// Media as a webhook names it (whatsapp.md 2). Only its id is sure; the bytes are Meta's until they are fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Media {
    /// image, video, audio, document or sticker.
    pub(crate) what: &'static str,
    /// Meta's id of the file; good for seven days.
    pub(crate) id: Option<String>,
    /// Meta's short-lived address of it, where it is told.
    pub(crate) url: Option<String>,
    /// MIME type as Meta spells it, parameters included.
    pub(crate) mime: String,
    /// SHA-256 of the bytes in lower-case hex; as Meta spells it if that is no SHA-256; empty if it is not told.
    pub(crate) sha256: String,
    /// Name of a document.
    pub(crate) name: Option<String>,
    /// Words beside it.
    pub(crate) caption: Option<String>,
    /// A recorded voice note, not a sound file.
    pub(crate) voice: bool,
    /// A sticker that moves.
    pub(crate) animated: bool,
}

impl Media {
    fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("kind".into(), "media".into());
        body.insert("type".into(), self.what.into());
        body.insert("mime".into(), self.mime.as_str().into());
        body.insert("sha256".into(), self.sha256.as_str().into());
        values::put(&mut body, "name", self.name.clone());
        values::put(&mut body, "caption", self.caption.clone());
        values::put(&mut body, "voice", self.voice.then_some(true));
        values::put(&mut body, "animated", self.animated.then_some(true));
        body.insert("ready".into(), false.into());
        body.into()
    }
}

/// What somebody did to a message that is there, or that will come yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Amendment {
    /// Our number.
    pub(crate) phone_number_id: String,
    /// Meta's id of this news itself.
    pub(crate) wamid: Option<String>,
    /// Meta's id of the message that it is about.
    pub(crate) target: String,
    /// Meta's time, ms UTC.
    pub(crate) at: Option<i64>,
    /// The customer of the chat, as far as it is named.
    pub(crate) customer: Customer,
    /// The owner did it on the phone, not the customer.
    pub(crate) by_business: bool,
    /// A program did it in the business's name: no sign of the owner's phone.
    pub(crate) automatic: bool,
    /// What was done.
    pub(crate) act: Act,
}

/// What was done to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// The full new content, not a difference (whatsapp.md 4.3).
    Edit(Content),
    /// Deleted for everybody.
    Revoke,
    /// An emoji; none takes the reaction away.
    React(Option<String>),
}

impl Act {
    /// Meta's word for it.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Edit(_) => "edit",
            Self::Revoke => "revoke",
            Self::React(_) => "reaction",
        }
    }
}

/// News about a person, not about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// Meta's field that brought it.
    pub(crate) field: String,
    /// Our number, where the news names one.
    pub(crate) phone_number_id: Option<String>,
    /// The business account it came for.
    pub(crate) waba_id: Option<String>,
    /// Meta's id of the message that brought it, where it was one.
    pub(crate) wamid: Option<String>,
    /// Meta's time, ms UTC.
    pub(crate) at: Option<i64>,
    /// Whom it is about, by the ids known so far.
    pub(crate) customer: Customer,
    /// What is new.
    pub(crate) news: PersonNews,
}

/// What is new about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PersonNews {
    /// Another number or another business-scoped user id, or both (whatsapp.md 8.1).
    Moved {
        /// Digits of the new number.
        phone: Option<String>,
        /// The new user id.
        user_id: Option<String>,
    },
    /// The security key changed: another device, perhaps another person.
    KeyChanged,
    /// Advertising is wanted or not.
    Marketing {
        /// It is not.
        stopped: bool,
    },
}

impl PersonNews {
    /// The body of the line that tells it in the conversation.
    pub(crate) fn event(&self) -> Value {
        json!({"kind": "event", "type": self.word()})
    }

    /// A word of ours for it.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Moved { phone: Some(_), .. } => "user_changed_number",
            Self::Moved { phone: None, .. } => "user_changed_user_id",
            Self::KeyChanged => "customer_identity_changed",
            Self::Marketing { stopped: true } => "marketing.stop",
            Self::Marketing { stopped: false } => "marketing.resume",
        }
    }
}

/// Who answers a conversation, where Meta Business Agent is used (whatsapp.md 1.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handover {
    /// Our number.
    pub(crate) phone_number_id: String,
    /// Meta's word, `control_passed` for example.
    pub(crate) kind: String,
    /// The customer, where one is named.
    pub(crate) customer: Customer,
    /// Meta's time, ms UTC.
    pub(crate) at: Option<i64>,
}

/// An error of Meta's that belongs to no message (whatsapp.md 1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// Our number, where it is named.
    pub(crate) phone_number_id: Option<String>,
    /// Meta's code.
    pub(crate) code: i64,
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
    /// The customer that it went to, as far as the status names one.
    pub(crate) customer: Customer,
    /// What it cost, by Meta's words.
    pub(crate) price: Option<Price>,
}

/// `pricing` of a status: Meta's words, unknown ones included (whatsapp.md 3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Price {
    /// regular, free_customer_service, free_entry_point, ...
    pub(crate) kind: Option<String>,
    /// service, utility, marketing, ...
    pub(crate) category: Option<String>,
    /// PMP, CBP, ...
    pub(crate) model: Option<String>,
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

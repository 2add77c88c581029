//! The commands a phone may give, read from JSON into types. Nothing is judged here but shape
//! and limits: whether a command may be done now is its handler's matter.

use serde_json::{Map, Value, json};

pub use super::body::MAX_TEXT;
use super::body::{self, SendBody, TemplateBody};
use super::outcome::{Outcome, RefusedCode};
use crate::desk::command::{self as desk, DeskCommand};

/// One command, understood.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Sends a message.
    Send(SendCommand),
    /// Writes first, with a template.
    StartConversation(StartCommand),
    /// Reacts to a message, or takes the reaction away.
    React(ReactCommand),
    /// Takes a message back before it goes out.
    Withdraw(WithdrawCommand),
    /// Lets a held message go after R7 or R8.
    Release(ReleaseCommand),
    /// Lets later messages go first.
    Pass(PassCommand),
    /// Says what became of a message whose outcome is unknown.
    Settle(SettleCommand),
    /// Moves the read mark.
    Read(ReadCommand),
    /// One of the desk's.
    Desk(DeskCommand),
}

/// `send`: the message gets the command's id.
#[derive(Debug, Clone, PartialEq)]
pub struct SendCommand {
    /// Id of the command and of the message it makes.
    pub id: String,
    /// When it was written, by the phone's corrected clock, ms UTC.
    pub at: i64,
    /// Conversation id.
    pub conversation: String,
    /// What to send, within WhatsApp's limits.
    pub body: SendBody,
    /// Id of the message it quotes.
    pub reply_to: Option<String>,
    /// The newest live message its writer had seen.
    pub based_on_n: i64,
}

/// `start_conversation`: the conversation gets the command's id.
#[derive(Debug, Clone, PartialEq)]
pub struct StartCommand {
    /// Id of the command and of the conversation it makes.
    pub id: String,
    /// When it was given, ms UTC.
    pub at: i64,
    /// Channel id.
    pub channel: String,
    /// With whom.
    pub to: StartWith,
    /// What to write.
    pub template: TemplateBody,
    /// Id of the message that it makes.
    pub message_id: String,
}

/// With whom a conversation begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartWith {
    /// A contact that is known.
    Contact(String),
    /// A number, digits with the country's code, 7 to 15 of them (E.164).
    Phone(String),
}

/// `react`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReactCommand {
    /// Id of the command.
    pub id: String,
    /// When it was given, ms UTC.
    pub at: i64,
    /// Message id.
    pub message: String,
    /// One emoji; empty takes the reaction away.
    pub emoji: String,
}

/// `withdraw`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawCommand {
    /// Id of the command.
    pub id: String,
    /// When it was given, ms UTC.
    pub at: i64,
    /// Message id, perhaps of a `send` that never came.
    pub message: String,
}

/// `release`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseCommand {
    /// Id of the command.
    pub id: String,
    /// When it was given, ms UTC.
    pub at: i64,
    /// Message id.
    pub message: String,
    /// Replaces the message's own.
    pub based_on_n: i64,
}

/// `pass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassCommand {
    /// Id of the command.
    pub id: String,
    /// When it was given, ms UTC.
    pub at: i64,
    /// Message id.
    pub message: String,
}

/// `settle`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettleCommand {
    /// Id of the command.
    pub id: String,
    /// When it was given, ms UTC.
    pub at: i64,
    /// Message id.
    pub message: String,
    /// What the person says became of it.
    pub result: Settlement,
}

/// What a person says became of a message whose outcome is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// The customer has it.
    Arrived,
    /// The customer has it not: send a copy.
    SendAgain {
        /// Id of the copy.
        new_id: String,
        /// The newest live message the person had seen.
        based_on_n: i64,
    },
}

/// `read`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadCommand {
    /// Id of the command.
    pub id: String,
    /// When it was given, ms UTC.
    pub at: i64,
    /// Conversation id.
    pub conversation: String,
    /// Everything up to this number has been looked at.
    pub up_to_n: i64,
}

/// Reads one command, or says how it is refused.
pub fn parse(fields: &Map<String, Value>) -> Result<Command, Outcome> {
    let fields = Fields(fields);
    let kind = fields.text("kind")?;
    let id = fields.uuid("id")?;
    let at = fields.whole("at")?;
    match kind {
        "send" => {
            let (conversation, body) =
                (fields.id("conversation")?, body::parse(fields.map("body")?)?);
            let (reply_to, based_on_n) =
                (fields.optional_id("reply_to")?, fields.count("based_on_n")?);
            Ok(Command::Send(SendCommand { id, at, conversation, body, reply_to, based_on_n }))
        }
        "start_conversation" => {
            let (channel, to) = (fields.id("channel")?, fields.start_with()?);
            let (template, message_id) = (fields.template()?, fields.uuid("message_id")?);
            if message_id == id {
                return Err(malformed("message_id"));
            }
            Ok(Command::StartConversation(StartCommand {
                id,
                at,
                channel,
                to,
                template,
                message_id,
            }))
        }
        "react" => {
            let (message, emoji) = (fields.id("message")?, fields.emoji()?);
            Ok(Command::React(ReactCommand { id, at, message, emoji }))
        }
        "withdraw" => {
            Ok(Command::Withdraw(WithdrawCommand { id, at, message: fields.uuid("message")? }))
        }
        "release" => {
            let (message, based_on_n) = (fields.id("message")?, fields.count("based_on_n")?);
            Ok(Command::Release(ReleaseCommand { id, at, message, based_on_n }))
        }
        "pass" => Ok(Command::Pass(PassCommand { id, at, message: fields.id("message")? })),
        "settle" => {
            let message = fields.id("message")?;
            let result = match fields.text("result")? {
                "arrived" => Settlement::Arrived,
                "send_again" => Settlement::SendAgain {
                    new_id: fields.uuid("new_id")?,
                    based_on_n: fields.count("based_on_n")?,
                },
                _ => return Err(malformed("result")),
            };
            Ok(Command::Settle(SettleCommand { id, at, message, result }))
        }
        "read" => {
            let (conversation, up_to_n) = (fields.id("conversation")?, fields.count("up_to_n")?);
            Ok(Command::Read(ReadCommand { id, at, conversation, up_to_n }))
        }
        _ => match desk::parse(kind, &id, at, &fields) {
            Some(parsed) => parsed.map(Command::Desk),
            None => Err(Outcome::refused(RefusedCode::UnknownKind)),
        },
    }
}

/// Refused because of this field.
pub fn malformed(field: &str) -> Outcome {
    Outcome::refused_with(RefusedCode::Malformed, json!({ "field": field }))
}

/// The fields of a command; each way to read one says how it is refused.
pub(crate) struct Fields<'a>(pub(crate) &'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// Whatever stands there.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name)
    }

    /// True or false.
    pub(crate) fn truth(&self, name: &str) -> Result<bool, Outcome> {
        self.0.get(name).and_then(Value::as_bool).ok_or_else(|| malformed(name))
    }

    /// A text.
    pub(crate) fn text(&self, name: &str) -> Result<&'a str, Outcome> {
        self.0.get(name).and_then(Value::as_str).ok_or_else(|| malformed(name))
    }

    /// An opaque id: our own are 36 characters, so 64 leave room and bound what is looked up.
    pub(crate) fn id(&self, name: &str) -> Result<String, Outcome> {
        let id = self.text(name)?;
        if id.is_empty() || id.len() > 64 { Err(malformed(name)) } else { Ok(id.to_owned()) }
    }

    /// An opaque id that may be absent.
    pub(crate) fn optional_id(&self, name: &str) -> Result<Option<String>, Outcome> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.id(name).map(Some),
        }
    }

    /// Any UUID, kept exactly as the phone spells it: it is compared as text from then on.
    fn uuid(&self, name: &str) -> Result<String, Outcome> {
        let id = self.text(name)?;
        if is_uuid(id) { Ok(id.to_owned()) } else { Err(malformed(name)) }
    }

    fn whole(&self, name: &str) -> Result<i64, Outcome> {
        self.0.get(name).and_then(Value::as_i64).ok_or_else(|| malformed(name))
    }

    fn count(&self, name: &str) -> Result<i64, Outcome> {
        self.whole(name).ok().filter(|n| *n >= 0).ok_or_else(|| malformed(name))
    }

    fn map(&self, name: &str) -> Result<&'a Map<String, Value>, Outcome> {
        self.0.get(name).and_then(Value::as_object).ok_or_else(|| malformed(name))
    }

    fn start_with(&self) -> Result<StartWith, Outcome> {
        match (self.optional_id("contact")?, self.0.get("phone")) {
            (Some(contact), None | Some(Value::Null)) => Ok(StartWith::Contact(contact)),
            (None, Some(Value::String(phone))) => {
                // As people write numbers; anything else in it is a mistake.
                let known = phone.chars().all(|c| c.is_ascii_digit() || "+-(). ".contains(c));
                let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
                let good = known && (7..=15).contains(&digits.len()) && !digits.starts_with('0');
                if good { Ok(StartWith::Phone(digits)) } else { Err(malformed("phone")) }
            }
            _ => Err(malformed("contact")),
        }
    }

    /// The text of a body of one of these kinds, 1 to [`MAX_TEXT`] Unicode scalar values.
    pub(crate) fn text_body(&self, kinds: &[&str]) -> Result<String, Outcome> {
        let body =
            self.0.get("body").and_then(Value::as_object).ok_or_else(|| malformed("body"))?;
        let body = Fields(body);
        if !body.text("kind").is_ok_and(|kind| kinds.contains(&kind)) {
            return Err(malformed("body.kind"));
        }
        let text = body.text("text").map_err(|_| malformed("body.text"))?;
        if text.trim().is_empty() {
            return Err(malformed("body.text"));
        }
        let length = text.chars().count();
        if length > MAX_TEXT {
            let details = json!({ "limit": MAX_TEXT, "length": length });
            return Err(Outcome::refused_with(RefusedCode::TooLong, details));
        }
        Ok(text.to_owned())
    }

    /// A template by its id alone, or with its fields.
    fn template(&self) -> Result<TemplateBody, Outcome> {
        match self.0.get("template") {
            Some(Value::Object(template)) => body::template(template),
            _ => body::template(self.0),
        }
    }

    /// Nothing, or one emoji. What counts as one is WhatsApp's to say; a bound keeps texts out.
    fn emoji(&self) -> Result<String, Outcome> {
        match self.0.get("emoji") {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(emoji)) => {
                let plain =
                    |c: char| c.is_ascii_alphabetic() || c.is_whitespace() || c.is_control();
                let short = emoji.chars().count() <= 20 && emoji.len() <= 80;
                if short && !emoji.chars().any(plain) {
                    Ok(emoji.clone())
                } else {
                    Err(malformed("emoji"))
                }
            }
            Some(_) => Err(malformed("emoji")),
        }
    }
}

/// Whether this is a UUID of any version in its hyphenated spelling.
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190f0a0-0000-7000-8000-000000000001";
    const OTHER: &str = "0190f0a0-0000-7000-8000-000000000002";

    fn read(value: Value) -> Result<Command, Outcome> {
        let Value::Object(mut map) = value else { panic!("an object") };
        map.entry("id").or_insert_with(|| ID.into());
        map.entry("at").or_insert_with(|| 5.into());
        parse(&map)
    }

    fn send(text: &str) -> Value {
        json!({"kind": "send", "conversation": "v", "body": {"kind": "text", "text": text}, "based_on_n": 1})
    }

    #[test]
    fn the_limit_counts_scalar_values() {
        assert!(read(send(&"é".repeat(4096))).is_ok());
        let refused = read(send(&"é".repeat(4097))).unwrap_err();
        assert_eq!(
            refused,
            Outcome::refused_with(RefusedCode::TooLong, json!({"limit": 4096, "length": 4097}))
        );
    }

    #[test]
    fn each_bad_field_is_named() {
        let with = |name: &str, value: Value| {
            let mut command = send("hello");
            command.as_object_mut().unwrap().insert(name.into(), value);
            read(command).unwrap_err()
        };
        assert_eq!(with("id", "x".into()), malformed("id"));
        assert_eq!(with("at", "x".into()), malformed("at"));
        assert_eq!(with("conversation", Value::Null), malformed("conversation"));
        assert_eq!(with("based_on_n", (-1).into()), malformed("based_on_n"));
        assert_eq!(with("reply_to", 5.into()), malformed("reply_to"));
        assert_eq!(with("body", json!({"kind": "hologram"})), malformed("body.kind"));
        assert_eq!(with("body", json!({"kind": "text", "text": " "})), malformed("body.text"));
        assert_eq!(with("kind", "dance".into()), Outcome::refused(RefusedCode::UnknownKind));
    }

    #[test]
    fn every_kind_is_read() {
        assert!(matches!(read(send("a")), Ok(Command::Send(_))));
        assert!(matches!(
            read(json!({"kind": "withdraw", "message": ID})),
            Ok(Command::Withdraw(_))
        ));
        assert!(matches!(
            read(json!({"kind": "release", "message": ID, "based_on_n": 0})),
            Ok(Command::Release(_))
        ));
        assert!(matches!(read(json!({"kind": "pass", "message": ID})), Ok(Command::Pass(_))));
        assert!(matches!(
            read(json!({"kind": "settle", "message": ID, "result": "arrived"})),
            Ok(Command::Settle(SettleCommand { result: Settlement::Arrived, .. }))
        ));
        assert!(matches!(
            read(
                json!({"kind": "settle", "message": ID, "result": "send_again", "new_id": ID, "based_on_n": 2})
            ),
            Ok(Command::Settle(SettleCommand { result: Settlement::SendAgain { .. }, .. }))
        ));
        let start = json!({"kind": "start_conversation", "channel": "h", "phone": "+34 (600) 111-222",
            "template": {"template": "t", "fields": {"body.1": "Ana"}}, "message_id": OTHER});
        assert!(matches!(
            read(start.clone()),
            Ok(Command::StartConversation(StartCommand { to: StartWith::Phone(phone), .. }))
                if phone == "34600111222"
        ));
        for (name, value, field) in [
            ("phone", json!("0600 111"), "phone"),
            ("phone", json!("call me"), "phone"),
            ("contact", json!("k"), "contact"),
            ("message_id", json!(ID), "message_id"),
        ] {
            let mut bad = start.clone();
            bad[name] = value;
            assert_eq!(read(bad), Err(malformed(field)), "{name}");
        }
        let react = |emoji: Value| read(json!({"kind": "react", "message": "x", "emoji": emoji}));
        for good in [json!("👍🏽"), json!("👨‍👩‍👧"), json!("5️⃣"), Value::Null]
        {
            assert!(matches!(react(good), Ok(Command::React(_))));
        }
        for bad in [json!("ok"), json!(5), json!("👍".repeat(21)), json!("👍 👍")] {
            assert_eq!(react(bad), Err(malformed("emoji")));
        }
        assert!(matches!(
            read(json!({"kind": "read", "conversation": "v", "up_to_n": 2})),
            Ok(Command::Read(_))
        ));
    }
}

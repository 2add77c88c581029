//! What raw webhook bodies would do, said without doing it: `fieldline-platform explain`.
//!
//! Pure: the same reading as for real bodies, no store. So nothing here knows which numbers are
//! ours or what stands already.

use serde::Serialize;
use serde_json::Value;

use super::codes;
use super::line::events::{self, Effect as OnTheLine};
use super::payload::{
    self, AccountNews, Act, Amendment, Content, Customer, Leftover, Message, Old, Status,
    StatusWord, Thing, Unreadable,
};

/// What would come of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It becomes a message, or a row of its own.
    Stored,
    /// It changes something that is there, or that will come.
    Updated,
    /// It is understood, and nothing follows from it.
    Ignored,
    /// It is not understood: kept raw and marked.
    Unknown,
}

impl Effect {
    /// The word in the output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Updated => "updated",
            Self::Ignored => "ignored",
            Self::Unknown => "unknown",
        }
    }
}

/// One thing and what it would do. Field names are those of protocol.md 8.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explained {
    /// Meta's field; empty where there is none.
    pub field: String,
    /// Meta's word for the type; `status` for a status.
    pub kind: String,
    /// Who wrote it: customer, owner_app, automation or system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<&'static str>,
    /// The customer's number, else the user id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// Meta's id of the message that it is or that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wamid: Option<String>,
    /// ms UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<i64>,
    /// The body as phones get it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// The step of the ladder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ladder: Option<&'static str>,
    /// The R number of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// What would come of it.
    pub effect: Effect,
    /// Why it is so, a stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
}

/// Why a leftover is understood all the same: nothing follows from it.
const IGNORED: [&str; 3] = ["nothing_to_show", "group", "kept_neutral"];

/// Explains a file: one body, several (one a line, or one behind the other), or an array of them.
pub fn explain(file: &[u8]) -> Vec<Explained> {
    let mut all = Vec::new();
    for body in bodies(file) {
        match body.and_then(|body| payload::read_value(&body)) {
            Ok(things) => all.extend(things.iter().map(of)),
            Err(unreadable) => all.push(not_read(unreadable.reason)),
        }
    }
    if all.is_empty() {
        all.push(not_read("empty"));
    }
    all
}

/// A line for something that could not be read at all; `why` is a stable word.
pub fn not_read(why: &'static str) -> Explained {
    Explained { why: Some(why), ..line("", "", Effect::Unknown) }
}

/// The bodies of a file. One that is no JSON costs the others nothing.
fn bodies(file: &[u8]) -> Vec<Result<Value, Unreadable>> {
    match payload::parse(file) {
        Ok(Value::Array(bodies)) => return bodies.into_iter().map(Ok).collect(),
        Ok(body) => return vec![Ok(body)],
        Err(_) => {}
    }
    let stream = serde_json::Deserializer::from_slice(file).into_iter::<Value>();
    if let Ok(bodies) = stream.collect::<Result<Vec<_>, _>>() {
        return bodies.into_iter().map(Ok).collect();
    }
    let lines: Vec<_> = file
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty())
        .map(payload::parse)
        .collect();
    // Lines of which none is a body are one body, broken.
    if lines.iter().any(Result::is_ok) { lines } else { vec![payload::parse(file)] }
}

fn line(field: &str, kind: &str, effect: Effect) -> Explained {
    Explained {
        field: field.to_owned(),
        kind: kind.to_owned(),
        author: None,
        conversation: None,
        wamid: None,
        sent_at: None,
        body: None,
        ladder: None,
        reason: None,
        effect,
        why: None,
    }
}

fn of(thing: &Thing) -> Explained {
    let (field, kind) = thing.name();
    let updated = line(field, kind, Effect::Updated);
    match thing {
        Thing::Message(message) => of_message(message, "customer"),
        Thing::Echo(echo) => {
            of_message(echo, if echo.automatic { "automation" } else { "owner_app" })
        }
        Thing::Old(old) => of_old(old),
        Thing::Status(status) => of_status(status),
        Thing::Amendment(amendment) => of_amendment(amendment, updated),
        Thing::Person(person) => Explained {
            author: person.wamid.is_some().then_some("system"),
            conversation: person_of(&person.customer),
            wamid: person.wamid.clone(),
            sent_at: person.at,
            body: person.wamid.is_some().then(|| person.news.event()),
            ..updated
        },
        Thing::Handover(handover) => Explained {
            conversation: person_of(&handover.customer),
            sent_at: handover.at,
            effect: Effect::Stored,
            ..updated
        },
        Thing::Trouble(_) => Explained { effect: Effect::Stored, ..updated },
        Thing::Progress(progress) => {
            Explained { why: progress.declined.then_some("history_declined"), ..updated }
        }
        Thing::PhoneBook(entry) => Explained {
            conversation: person_of(&entry.customer),
            sent_at: entry.at,
            why: entry.removed.then_some("removed_from_the_phone"),
            ..updated
        },
        Thing::Account(news) => of_account(news, updated),
        Thing::Fact(fact) => Explained { sent_at: fact.at, ..updated },
        Thing::Leftover(Leftover { reason, .. }) => Explained {
            effect: if IGNORED.contains(reason) { Effect::Ignored } else { Effect::Unknown },
            why: Some(*reason),
            ..updated
        },
    }
}

fn of_message(message: &Message, author: &'static str) -> Explained {
    let shown = !matches!(message.content, Content::Other(_));
    Explained {
        author: Some(author),
        conversation: person_of(&message.customer),
        wamid: Some(message.wamid.clone()),
        sent_at: message.at,
        body: Some(message.body()),
        ladder: Some("none"),
        why: (!shown).then_some("not_supported_here"),
        ..line(&message.field, &message.kind, Effect::Stored)
    }
}

fn of_old(old: &Old) -> Explained {
    let author = if old.by_business { "owner_app" } else { "customer" };
    let said = of_message(&old.message, author);
    if old.of_person {
        return said;
    }
    Explained { effect: Effect::Ignored, why: Some("notice_of_nobody"), ..said }
}

fn of_status(status: &Status) -> Explained {
    let (ladder, reason) = match status.word {
        StatusWord::Reached(step) => (Some(step.word()), None),
        StatusWord::Failed(code) => (None, Some(codes::of_failed(code).reason)),
    };
    Explained {
        conversation: person_of(&status.customer),
        wamid: status.wamid.clone(),
        sent_at: status.at,
        ladder,
        reason,
        ..line("messages", "status", Effect::Updated)
    }
}

/// What an event does to the line: the worst of it, by its R number and the cause that it stands for.
fn of_account(news: &AccountNews, updated: Explained) -> Explained {
    let (_, effects) = events::effects(news);
    let held = effects.iter().find_map(|effect| match effect {
        OnTheLine::Hold { cause, reason, .. } => Some((*cause, *reason)),
        _ => None,
    });
    let first = effects.first().map(|effect| match effect {
        OnTheLine::Hold { cause, .. } => cause,
        OnTheLine::Lift(_) => "lifted",
        OnTheLine::Reconnected => "reconnected",
        OnTheLine::Look => "phone_node_is_read",
        OnTheLine::Tell(kind) => kind,
    });
    let (effect, why) = match (held, first) {
        (Some((cause, _)), _) => (Effect::Updated, cause),
        (None, Some(first)) => (Effect::Updated, first),
        (None, None) if events::INFORMATIONAL.contains(&news.event.as_str()) => {
            (Effect::Ignored, "informational")
        }
        (None, None) => (Effect::Unknown, "unknown_account_event"),
    };
    let reason = held.and_then(|(_, reason)| reason);
    Explained { sent_at: news.at, reason, why: Some(why), effect, ..updated }
}

fn of_amendment(amendment: &Amendment, updated: Explained) -> Explained {
    Explained {
        author: Some(if amendment.by_business { "owner_app" } else { "customer" }),
        conversation: person_of(&amendment.customer),
        wamid: Some(amendment.target.clone()),
        sent_at: amendment.at,
        body: match &amendment.act {
            Act::Edit(content) => Some(content.body()),
            Act::Revoke | Act::React(_) => None,
        },
        ..updated
    }
}

fn person_of(who: &Customer) -> Option<String> {
    who.phone.clone().or_else(|| who.user_id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(text: &str) -> Value {
        json!({"object": "whatsapp_business_account", "entry": [{"id": "b", "changes": [{
            "field": "messages", "value": {"messaging_product": "whatsapp",
                "metadata": {"display_phone_number": "+34 600", "phone_number_id": "42"},
                "messages": [{"from": "34611", "id": format!("wamid.{text}"), "timestamp": "7",
                    "type": "text", "text": {"body": text}}]}}]}]})
    }

    fn texts(file: &[u8]) -> Vec<String> {
        let text = |line: &Explained| match &line.body {
            Some(body) => body["text"].as_str().unwrap_or("?").to_owned(),
            None => format!("{} {}", line.effect.word(), line.why.unwrap_or("-")),
        };
        explain(file).iter().map(text).collect()
    }

    #[test]
    fn a_file_holds_one_body_or_many_in_any_form() {
        let (a, b) = (body("a"), body("b"));
        assert_eq!(texts(a.to_string().as_bytes()), ["a"]);
        assert_eq!(texts(json!([a, b]).to_string().as_bytes()), ["a", "b"]);
        assert_eq!(texts(format!("{a}\n\n{b}\n").as_bytes()), ["a", "b"]);
        assert_eq!(texts(format!("{a:#}\n{b:#}").as_bytes()), ["a", "b"]);
        // A line that is broken is a line of the answer, and no more.
        assert_eq!(texts(format!("{a}\n{{\n{b}\n").as_bytes()), ["a", "unknown not_json", "b"]);
        assert_eq!(texts(json!([a, 7]).to_string().as_bytes()), ["a", "unknown not_an_object"]);
    }

    #[test]
    fn what_stands_without_its_envelope_is_read_too() {
        let change = body("a")["entry"][0]["changes"][0].clone();
        assert_eq!(texts(change.to_string().as_bytes()), ["a"]);
        assert_eq!(texts(change["value"].to_string().as_bytes()), ["a"]);
        let entry = body("a")["entry"][0].clone();
        assert_eq!(texts(entry.to_string().as_bytes()), ["a"]);
    }

    #[test]
    fn nonsense_is_one_line_and_no_failure() {
        for (file, why) in [
            (&b""[..], "unknown empty"),
            (b"\n", "unknown empty"),
            (b"{", "unknown not_json"),
            (b"{}", "unknown no_entry"),
            (b"[]", "unknown empty"),
            (b"7", "unknown not_an_object"),
            (b"\xff\xfe", "unknown not_json"),
        ] {
            assert_eq!(texts(file), [why], "{file:?}");
        }
        assert_eq!(texts("[".repeat(1_000).as_bytes()), ["unknown too_deep"]);
    }

    #[test]
    fn samples_with_a_missing_comma_are_read() {
        let broken = body("a").to_string().replace("\"type\":\"text\",", "\"type\":\"text\" ");
        let broken = broken.replace("\"type\":\"text\"}", "\"type\":\"text\" }");
        assert_eq!(texts(broken.as_bytes()), ["a"]);
    }
}

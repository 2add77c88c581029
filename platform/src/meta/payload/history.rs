//! `history`: old messages of the number, in parts (whatsapp.md 4.4).

use serde_json::Value;

use super::messages::message as message_of;
use super::people::{self, is_user_id};
use super::read::Place;
use super::values::{id, int, items, number_id, present, text, word};
use super::{Customer, Message, Thing};

/// Meta's code for "the owner keeps the old messages to the phone" (whatsapp.md section 7).
const DECLINED: i64 = 2_593_109;

/// Kinds that make nobody a customer: WhatsApp's own notice made a junk contact (whatsapp.md 0.6).
const NO_PERSON: [&str; 2] = ["errors", "unsupported"];

/// A message of before, or the media of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Old {
    /// The message; its customer has no name, for history has none (whatsapp.md 0.18).
    pub(crate) message: Message,
    /// The business wrote it.
    pub(crate) by_business: bool,
    /// Its thread holds something that a person wrote: only then may it make a contact.
    pub(crate) of_person: bool,
}

/// How far an import has got, at the end of one of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Our number; some printed forms name none.
    pub(crate) phone_number_id: Option<String>,
    /// The account that it came for, where there is an envelope.
    pub(crate) waba_id: Option<String>,
    /// 0, 1, 2: days 0-1, 1-90, 90-180 before the onboarding.
    pub(crate) phase: Option<i64>,
    /// 0 to 100 over all phases.
    pub(crate) percent: Option<i64>,
    /// The owner said no.
    pub(crate) declined: bool,
}

/// Reads the value of a `history` change, or of a body that is nothing but such a value.
pub(super) fn read(place: &Place<'_>, value: &Value, things: &mut Vec<Thing>) {
    for part in items(value.get("history")) {
        for thread in items(part.get("threads")) {
            read_thread(place, value, thread, things);
        }
        read_progress(place, value, part, things);
    }
    // Media of placeholders comes in webhooks of its own, under the same ids.
    for (name, by_business) in [("messages", false), ("message_echoes", true)] {
        for message in items(value.get(name)) {
            let (number, user) =
                if by_business { ("to", "to_user_id") } else { ("from", "from_user_id") };
            let who = |contacts| {
                people::customer(message.get(number), message.get(user), contacts, false)
            };
            let of_person = is_of_person(message);
            let read = message_of(place, value, message, who);
            things.push(read.map_or_else(Thing::Leftover, |message| {
                Thing::Old(Old { message: nameless(message), by_business, of_person })
            }));
        }
    }
    if items(value.get("history")).is_empty() {
        for error in items(value.get("errors")) {
            read_error(place, value, error, things);
        }
    }
}

fn read_thread(place: &Place<'_>, value: &Value, thread: &Value, things: &mut Vec<Thing>) {
    let messages = items(thread.get("messages"));
    let of_person = messages.iter().any(is_of_person);
    let whose = customer(thread);
    for message in messages {
        let by_business = is_by_business(value, message);
        let who = |_: &[Value]| {
            let named = if by_business {
                people::customer(message.get("to"), message.get("to_user_id"), &[], false)
            } else {
                people::customer(message.get("from"), message.get("from_user_id"), &[], false)
            };
            joined(whose.clone(), named)
        };
        let read = message_of(place, value, message, who);
        things.push(read.map_or_else(Thing::Leftover, |message| {
            Thing::Old(Old { message: nameless(message), by_business, of_person })
        }));
    }
}

/// Whether a person wrote it.
fn is_of_person(message: &Value) -> bool {
    let kind = message.get("type").and_then(Value::as_str).map(word);
    kind.is_some_and(|kind| !NO_PERSON.contains(&kind.as_str()))
}

/// The customer that a thread is with, as far as the thread itself tells.
fn customer(thread: &Value) -> Option<Customer> {
    let context = thread.get("context");
    let of = |name: &str| context.and_then(|c| c.get(name));
    let mut who = people::customer(thread.get("id"), of("user_id"), &[], false);
    if let Some(other) = people::customer(of("wa_id"), None, &[], false) {
        who = joined(who, Some(other));
    }
    if let Some(who) = &mut who {
        who.username = text(of("username"))
            .map(|name| name.trim_start_matches('@').to_owned())
            .filter(|name| !name.is_empty());
    }
    who
}

/// What the thread says, and what it does not say from the message.
fn joined(thread: Option<Customer>, message: Option<Customer>) -> Option<Customer> {
    let (Some(mut who), message) = (thread.clone(), message.clone()) else {
        return thread.or(message);
    };
    if let Some(message) = message {
        who.user_id = who.user_id.or(message.user_id);
        who.phone = who.phone.or(message.phone);
    }
    Some(who)
}

/// `from_me` where it is told; else `to` stands on the business's messages alone; else by number.
fn is_by_business(value: &Value, message: &Value) -> bool {
    let context = message.get("history_context");
    if let Some(from_me) = context.and_then(|c| c.get("from_me")).and_then(Value::as_bool) {
        return from_me;
    }
    if present(message.get("to")) || present(message.get("to_user_id")) {
        return true;
    }
    if present(message.get("from_user_id")) {
        return false;
    }
    let display = value.get("metadata").and_then(|m| m.get("display_phone_number"));
    let digits = |value| id(value).filter(|id| !is_user_id(id)).and_then(|id| people::digits(&id));
    digits(message.get("from")).is_some_and(|from| Some(from) == digits(display))
}

fn nameless(mut message: Message) -> Message {
    message.customer.name = None;
    message
}

fn read_progress(place: &Place<'_>, value: &Value, part: &Value, things: &mut Vec<Thing>) {
    let errors = items(part.get("errors"));
    let metadata = part.get("metadata");
    let number = |name: &str| int(metadata.and_then(|m| m.get(name)));
    let (phase, percent) = (number("phase"), number("progress"));
    if phase.is_some() || percent.is_some() {
        things.push(Thing::Progress(Progress {
            phone_number_id: number_id(value),
            waba_id: id(place.entry.get("id")),
            phase,
            percent: percent.map(|percent| percent.clamp(0, 100)),
            declined: false,
        }));
    }
    for error in errors {
        read_error(place, value, error, things);
    }
}

fn read_error(place: &Place<'_>, value: &Value, error: &Value, things: &mut Vec<Thing>) {
    things.push(match int(error.get("code")) {
        Some(DECLINED) => Thing::Progress(Progress {
            phone_number_id: number_id(value),
            waba_id: id(place.entry.get("id")),
            phase: None,
            percent: None,
            declined: true,
        }),
        code => place.leftover(&format!("error.{}", code.unwrap_or(0)), "history_error"),
    });
}

#[cfg(test)]
mod tests {
    use super::super::{Content, read};
    use super::*;
    use serde_json::json;

    fn body(value: &Value) -> Vec<u8> {
        let change = json!({"field": "history", "value": value});
        json!({"object": "whatsapp_business_account", "entry": [{"id": "b", "changes": [change]}]})
            .to_string()
            .into_bytes()
    }

    fn number() -> Value {
        json!({"display_phone_number": "+34 600", "phone_number_id": "4242"})
    }

    fn parts(parts: &Value) -> Vec<Thing> {
        read(&body(&json!({"metadata": number(), "history": parts}))).unwrap()
    }

    fn old(things: &[Thing]) -> Vec<&Old> {
        things
            .iter()
            .filter_map(|t| if let Thing::Old(old) = t { Some(old) } else { None })
            .collect()
    }

    fn said(text: &str, more: &Value) -> Value {
        let mut message = json!({"id": format!("wamid.{text}"), "timestamp": "1700000000",
            "type": "text", "text": {"body": text}});
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        message
    }

    #[test]
    fn either_end_wrote_whatever_form_tells_it() {
        let cases = [
            (json!({"from": "34611", "history_context": {"status": "pending"}}), false),
            (json!({"from": "34600", "to": "34611", "history_context": {"status": "READ"}}), true),
            (json!({"from": "34600", "history_context": {"status": "read"}}), true),
            (json!({"from": "34 600", "history_context": {"from_me": false}}), false),
            (json!({"from": "34611", "history_context": {"from_me": true}}), true),
            (json!({"from": "34600", "to_user_id": "ES.x"}), true),
            (json!({"from": "34600", "from_user_id": "ES.x"}), false),
        ];
        for (more, by_business) in cases {
            let things =
                parts(&json!([{"threads": [{"id": "34611", "messages": [said("a", &more)]}]}]));
            let found = old(&things);
            assert_eq!(found[0].by_business, by_business, "{more}");
            assert_eq!(found[0].message.customer.phone.as_deref(), Some("34611"), "{more}");
            assert_eq!(found[0].message.at, Some(1_700_000_000_000));
        }
    }

    #[test]
    fn a_thread_is_known_by_what_it_has() {
        for (thread, phone, user) in [
            (json!({"id": "34611"}), Some("34611"), None),
            (
                json!({"context": {"wa_id": "34611", "user_id": "ES.x", "username": "@ana"}}),
                Some("34611"),
                Some("ES.x"),
            ),
            (json!({"id": "ES.x"}), None, Some("ES.x")),
            (json!({"context": {"user_id": "ES.x"}}), None, Some("ES.x")),
            (json!({}), Some("34699"), None),
        ] {
            let mut thread = thread;
            let named = if thread == json!({}) { json!({"from": "34699"}) } else { json!({}) };
            thread["messages"] = json!([said("a", &named)]);
            let things = parts(&json!([{"threads": [thread]}]));
            let who = &old(&things)[0].message.customer;
            assert_eq!((who.phone.as_deref(), who.user_id.as_deref()), (phone, user));
            assert_eq!(who.name, None);
            assert!(who.username.is_none() || who.username.as_deref() == Some("ana"));
        }
    }

    #[test]
    fn placeholders_and_their_media_have_the_same_id() {
        let holder =
            json!({"from": "34611", "id": "wamid.m", "timestamp": 5, "type": "media_placeholder"});
        let things = parts(&json!([{"threads": [{"id": "34611", "messages": [holder]}]}]));
        assert_eq!(old(&things)[0].message.content, Content::Other("media_placeholder".into()));
        let image =
            json!({"id": "wamid.m", "timestamp": "7", "type": "image", "image": {"id": "1"}});
        for (name, key, by_business) in
            [("messages", "from", false), ("message_echoes", "to", true)]
        {
            let mut image = image.clone();
            image[key] = "34611".into();
            let things = read(&body(&json!({"metadata": number(), name: [image]}))).unwrap();
            let found = old(&things);
            assert_eq!((found.len(), found[0].by_business), (1, by_business));
            assert_eq!(found[0].message.wamid, "wamid.m");
        }
    }

    #[test]
    fn progress_comes_after_its_messages_and_empty_parts_count() {
        let things = parts(&json!([
            {"metadata": {"phase": 0, "chunk_order": 1, "progress": 55},
             "threads": [{"id": "34611", "messages": [said("a", &json!({"from": "34611"}))]}]},
            {"metadata": {"phase": "2", "chunk_order": 1, "progress": "100"}, "threads": []},
        ]));
        assert_eq!(things.len(), 3);
        let progress = |t: &Thing| match t {
            Thing::Progress(p) => (p.phase, p.percent, p.phone_number_id.clone()),
            other => panic!("{other:?}"),
        };
        assert_eq!(progress(&things[1]), (Some(0), Some(55), Some("4242".into())));
        assert_eq!(progress(&things[2]), (Some(2), Some(100), Some("4242".into())));
    }

    #[test]
    fn declined_in_every_printed_form() {
        let error =
            json!({"code": 2_593_109, "title": "t", "message": "History sync is turned off"});
        let bare = json!({"messaging_product": "whatsapp", "history": [{"errors": [error]}]});
        let with_number = json!({"metadata": number(), "history": [{"errors": [error]}]});
        let with_phase = json!({"metadata": number(),
            "history": [{"metadata": {"phase": 0, "chunk_order": 1, "progress": 0}, "errors": [error]}]});
        let at_value = json!({"metadata": number(), "errors": [error]});
        for (body, number) in [
            (bare.to_string().into_bytes(), None),
            (body(&bare), None),
            (with_number.to_string().into_bytes(), Some("4242")),
            (body(&with_number), Some("4242")),
            (body(&with_phase), Some("4242")),
            (body(&at_value), Some("4242")),
        ] {
            let things = read(&body).unwrap();
            let declined = things.iter().find_map(|t| match t {
                Thing::Progress(p) if p.declined => Some(p.phone_number_id.as_deref()),
                _ => None,
            });
            assert_eq!(declined, Some(number), "{}", String::from_utf8_lossy(&body));
        }
    }

    #[test]
    fn a_thread_of_notices_alone_is_of_nobody() {
        let notice = json!({"from": "16505551234", "id": "wamid.n", "timestamp": "5", "type": "unsupported",
            "errors": [{"code": 131_051}]});
        let things = parts(&json!([{"threads": [{"id": "16505551234", "messages": [notice]}]}]));
        assert!(old(&things).iter().all(|old| !old.of_person));
        let with_word = json!([{"threads": [{"id": "34611",
            "messages": [notice, said("a", &json!({"from": "34611"}))]}]}]);
        assert!(old(&parts(&with_word)).iter().all(|old| old.of_person));
    }
}

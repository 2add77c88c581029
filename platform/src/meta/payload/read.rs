//! The reading itself: envelope, fields, messages, echoes, statuses.

use serde_json::Value;

use super::mend::mend;
use super::people::customer;
use super::values::{id, int, items, present, text, time_ms, word};
use super::{Content, Leftover, Message, Status, StatusWord, Thing, Unreadable};
use super::{account, history, management, phonebook};
use crate::meta::ladder::Step;

/// Kinds that are news about a message, a chat or a person and no message of their own: never a
/// bubble. Later versions read them from the raw bodies.
const NO_BUBBLE: [&str; 6] = ["reaction", "edit", "revoke", "system", "errors", "request_welcome"];

/// Reads a raw body. See the module above for what never happens.
pub(crate) fn read(body: &[u8]) -> Result<Vec<Thing>, Unreadable> {
    let root: Value = serde_json::from_slice(body)
        .or_else(|_| serde_json::from_str(&mend(body)))
        .map_err(|_| Unreadable { reason: "not_json" })?;
    if !root.is_object() {
        return Err(Unreadable { reason: "not_an_object" });
    }
    let mut things = Vec::new();
    let entries = items(root.get("entry"));
    if entries.is_empty() && root.get("history").is_some() {
        // The decline of a history is printed without any envelope (whatsapp.md 4.4).
        history::read(&root, &mut things);
    } else if entries.is_empty() {
        things.push(leftover("", "envelope", "no_entry"));
    }
    for entry in entries {
        let changes = items(entry.get("changes"));
        if changes.is_empty() && entry.get("value").is_some() {
            // PARTNER_APP_* samples print `field` outside `changes`.
            read_change(entry, entry, &mut things);
        } else if changes.is_empty() {
            things.push(leftover(&name(entry.get("field")), "entry", "no_changes"));
        }
        for change in changes {
            read_change(entry, change, &mut things);
        }
    }
    Ok(things)
}

fn read_change(entry: &Value, change: &Value, things: &mut Vec<Thing>) {
    let field = name(change.get("field").or_else(|| entry.get("field")));
    let Some(value) = change.get("value").filter(|v| v.is_object()) else {
        things.push(leftover(&field, "change", "no_value"));
        return;
    };
    let before = things.len();
    match field.as_str() {
        "messages" => {
            read_messages(value, things);
            read_statuses(value, things);
            for _ in items(value.get("errors")) {
                things.push(leftover(&field, "errors", "not_read_yet"));
            }
        }
        "smb_message_echoes" => read_echoes(value, things),
        "history" => history::read(value, things),
        "smb_app_state_sync" => phonebook::read(value, things),
        "account_update" => account::read(entry, value, things),
        field if management::read(field, entry, value, things) => {}
        _ => things.push(leftover(&field, "", "field_not_read_yet")),
    }
    if things.len() == before {
        things.push(leftover(&field, "", "nothing_known_inside"));
    }
}

fn read_messages(value: &Value, things: &mut Vec<Thing>) {
    let messages = items(value.get("messages"));
    for message in messages {
        let who = |contacts| {
            customer(
                message.get("from"),
                message.get("from_user_id"),
                contacts,
                messages.len() == 1,
            )
        };
        let read = message_of("messages", value, message, who);
        things.push(read.map_or_else(Thing::Leftover, Thing::Message));
    }
}

fn read_echoes(value: &Value, things: &mut Vec<Thing>) {
    let echoes = items(value.get("message_echoes"));
    for echo in echoes {
        // `from` is our own number: the customer is the one it went to.
        let who = |contacts| {
            customer(echo.get("to"), echo.get("to_user_id"), contacts, echoes.len() == 1)
        };
        let read = message_of("smb_message_echoes", value, echo, who);
        things.push(read.map_or_else(Thing::Leftover, Thing::Echo));
    }
}

pub(super) fn message_of<'a>(
    field: &str,
    value: &'a Value,
    message: &Value,
    who: impl FnOnce(&'a [Value]) -> Option<super::Customer>,
) -> Result<Message, Leftover> {
    let kind = message.get("type").and_then(Value::as_str).map_or_else(|| "unknown".into(), word);
    let left = |reason| Leftover { field: field.to_owned(), kind: kind.clone(), reason };
    if NO_BUBBLE.contains(&kind.as_str()) {
        return Err(left("kind_not_read_yet"));
    }
    if present(message.get("group_id")) {
        return Err(left("group"));
    }
    let wamid = id(message.get("id")).ok_or_else(|| left("no_id"))?;
    let phone_number_id = number_id(value).ok_or_else(|| left("no_phone_number_id"))?;
    let customer = who(items(value.get("contacts"))).ok_or_else(|| left("nobody_named"))?;
    let context = message.get("context");
    Ok(Message {
        phone_number_id,
        wamid,
        at: time_ms(message.get("timestamp")),
        customer,
        content: content(&kind, message),
        reply_to: context.and_then(|c| id(c.get("id"))),
        callback: id(message.get("biz_opaque_callback_data")),
    })
}

fn content(kind: &str, message: &Value) -> Content {
    match kind {
        "text" => match text(message.get("text").and_then(|t| t.get("body"))) {
            Some(body) => Content::Text(body),
            None => Content::Other(kind.to_owned()),
        },
        "unsupported" => {
            let inner = message.get("unsupported").and_then(|u| u.get("type"));
            let inner = inner.and_then(Value::as_str).map(word).filter(|w| !w.is_empty());
            Content::Other(inner.unwrap_or_else(|| kind.to_owned()))
        }
        _ => Content::Other(kind.to_owned()),
    }
}

fn read_statuses(value: &Value, things: &mut Vec<Thing>) {
    for status in items(value.get("statuses")) {
        things.push(read_status(value, status).map_or_else(Thing::Leftover, Thing::Status));
    }
}

fn read_status(value: &Value, status: &Value) -> Result<Status, Leftover> {
    let said = status.get("status").and_then(Value::as_str).map_or_else(String::new, word);
    let left =
        |reason| Leftover { field: "messages".to_owned(), kind: format!("status.{said}"), reason };
    let meaning = match said.as_str() {
        "sent" => StatusWord::Reached(Step::Sent),
        "delivered" => StatusWord::Reached(Step::Delivered),
        "read" => StatusWord::Reached(Step::Read),
        "played" => StatusWord::Reached(Step::Played),
        "failed" => StatusWord::Failed(
            items(status.get("errors")).iter().find_map(|error| int(error.get("code"))),
        ),
        _ => return Err(left("unknown_status")),
    };
    let wamid = id(status.get("id"));
    let callback = id(status.get("biz_opaque_callback_data"));
    if wamid.is_none() && callback.is_none() {
        return Err(left("no_id"));
    }
    let phone_number_id = number_id(value).ok_or_else(|| left("no_phone_number_id"))?;
    let at = time_ms(status.get("timestamp"));
    Ok(Status { phone_number_id, wamid, callback, at, word: meaning })
}

pub(super) fn number_id(value: &Value) -> Option<String> {
    id(value.get("metadata").and_then(|m| m.get("phone_number_id")))
}

fn name(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).map_or_else(String::new, word)
}

pub(super) fn leftover(field: &str, kind: &str, reason: &'static str) -> Thing {
    Thing::Leftover(Leftover { field: field.to_owned(), kind: kind.to_owned(), reason })
}

//! Field `messages`: customers' messages, and statuses of ours (whatsapp.md 2 and 3).

use serde_json::Value;

use super::content::content;
use super::people::customer;
use super::read::Place;
use super::statuses;
use super::values::{id, items, number_id, present, time_ms, word};
use super::{Customer, Leftover, Message, Thing};

/// Kinds that are news about a message, a chat or a person and no message of their own: never a
/// bubble. Later versions read them from the raw bodies.
const NO_BUBBLE: [&str; 6] = ["reaction", "edit", "revoke", "system", "errors", "request_welcome"];

pub(super) fn read(place: &Place<'_>, value: &Value, things: &mut Vec<Thing>) {
    let messages = items(value.get("messages"));
    for one in messages {
        let who = |contacts| {
            customer(one.get("from"), one.get("from_user_id"), contacts, messages.len() == 1)
        };
        let read = message(place, value, one, who);
        things.push(read.map_or_else(Thing::Leftover, Thing::Message));
    }
    statuses::read(place, value, things);
    for _ in items(value.get("errors")) {
        things.push(place.leftover("errors", "not_read_yet"));
    }
}

/// One message of either direction; `who` picks the customer from the contacts beside it.
pub(super) fn message<'a>(
    place: &Place<'_>,
    value: &'a Value,
    message: &Value,
    who: impl FnOnce(&'a [Value]) -> Option<Customer>,
) -> Result<Message, Leftover> {
    let kind = message.get("type").and_then(Value::as_str).map_or_else(|| "unknown".into(), word);
    let left = |reason| place.left(&kind, reason);
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

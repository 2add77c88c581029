//! What is done to messages that are there: edit, revoke, reaction (whatsapp.md 2 and 4.3).

use serde_json::Value;

use super::content::content;
use super::messages::kind;
use super::read::Place;
use super::values::{id, number_id, present, text, time_ms};
use super::{Act, Amendment, Customer, Leftover};

/// Reads one; the person may be missing, for Meta's id of the message says whose it is.
pub(super) fn read(
    place: &Place<'_>,
    value: &Value,
    message: &Value,
    who: Option<Customer>,
    by_business: bool,
) -> Result<Amendment, Leftover> {
    let kind = kind(message);
    let left = |reason| place.left(&kind, reason);
    if present(message.get("group_id")) {
        return Err(left("group"));
    }
    let part = message.get(&kind);
    let of = |name: &str| part.and_then(|part| part.get(name));
    let (target, act) = match kind.as_str() {
        "edit" => {
            let new =
                of("message").filter(|new| new.is_object()).ok_or_else(|| left("no_content"))?;
            (of("original_message_id"), Act::Edit(content(&self::kind(new), new)))
        }
        "revoke" => (of("original_message_id"), Act::Revoke),
        // Taken away: the key is missing or its text is empty.
        _ => (of("message_id"), Act::React(text(of("emoji")))),
    };
    Ok(Amendment {
        phone_number_id: number_id(value).ok_or_else(|| left("no_phone_number_id"))?,
        wamid: id(message.get("id")),
        target: id(target).ok_or_else(|| left("no_target"))?,
        at: time_ms(message.get("timestamp")),
        customer: who.unwrap_or_default(),
        by_business,
        automatic: false,
        act,
    })
}

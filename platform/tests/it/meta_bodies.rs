//! Bodies as Meta posts them, and who is in them.

use std::fmt::Write as _;

use ring::hmac;
use serde_json::{Value, json};

pub(crate) const APP_SECRET: &str = "app secret";
pub(crate) const VERIFY: &str = "verify me";
pub(crate) const PHONE_NUMBER_ID: &str = "4242";
/// The customer that most tests need.
pub(crate) const ANA: &str = "34600111222";
pub(crate) const MARIA: &str = "00000000-0000-4000-8000-00000000000a";
pub(crate) const BEN: &str = "00000000-0000-4000-8000-00000000000b";

pub(crate) fn sign(body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, APP_SECRET.as_bytes());
    let tag = hmac::sign(&key, body);
    tag.as_ref().iter().fold("sha256=".to_owned(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

pub(crate) fn envelope(changes: &[Value]) -> Vec<u8> {
    json!({"object": "whatsapp_business_account", "entry": [{"id": "b", "changes": changes}]})
        .to_string()
        .into_bytes()
}

fn metadata() -> Value {
    json!({"display_phone_number": "+34 600", "phone_number_id": PHONE_NUMBER_ID})
}

/// A change with one customer message of this JSON.
pub(crate) fn message(from: &str, message: Value) -> Value {
    let mut message = message;
    message["from"] = from.into();
    json!({"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata(),
        "contacts": [{"profile": {"name": "Ana"}, "wa_id": from}], "messages": [message]}})
}

/// A change with one text of a customer.
pub(crate) fn customer(from: &str, wamid: &str, text: &str, at_s: i64) -> Value {
    message(
        from,
        json!({"id": wamid, "timestamp": at_s.to_string(), "type": "text", "text": {"body": text}}),
    )
}

/// A customer's text under these ids of Meta's, either of which may be absent; no contact stands
/// beside it.
pub(crate) fn under_ids(
    phone: Option<&str>,
    user: Option<&str>,
    wamid: &str,
    text: &str,
    at_s: i64,
) -> Value {
    let mut change = customer(phone.unwrap_or("0"), wamid, text, at_s);
    change["value"]["contacts"] = json!([]);
    let message = change["value"]["messages"][0].as_object_mut().unwrap();
    message.remove("from");
    if let Some(phone) = phone {
        message.insert("from".into(), phone.into());
    }
    if let Some(user) = user {
        message.insert("from_user_id".into(), user.into());
    }
    change
}

/// A change with one text of the owner's phone.
pub(crate) fn echo(to: &str, wamid: &str, text: &str, at_s: i64) -> Value {
    json!({"field": "smb_message_echoes", "value": {"messaging_product": "whatsapp",
        "metadata": metadata(), "contacts": [{"wa_id": to}],
        "message_echoes": [{"from": "34600", "to": to, "id": wamid, "timestamp": at_s.to_string(),
            "type": "text", "text": {"body": text}}]}})
}

/// A change with one status of this JSON.
pub(crate) fn status(status: &Value) -> Value {
    json!({"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata(),
        "statuses": [status]}})
}

/// A status by Meta's id.
pub(crate) fn status_of(wamid: &str, word: &str, at_s: i64) -> Value {
    status(&json!({"id": wamid, "status": word, "timestamp": at_s.to_string()}))
}

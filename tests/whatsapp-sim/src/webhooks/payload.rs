//! The JSON of webhooks about messages, in Meta's shapes (Meta: webhooks reference, messages, status
//! and smb_message_echoes; whatsapp.md 1.2, 2, 3, 4.2).

use serde_json::{Map, Value, json};

use crate::graph::errors;
use crate::identity::user_id;
use crate::settings::SimSettings;
use crate::state::{Message, State};

/// A customer as webhooks name them.
pub(crate) struct Person {
    wa_id: Option<String>,
    user_id: String,
    name: Option<String>,
    username: Option<String>,
    /// End of the free entry point.
    free_until_ms: Option<i64>,
}

impl Person {
    /// The customer of a number; one who hides it has no `wa_id` (whatsapp.md 8.1).
    pub(crate) fn of(state: &State, wa_id: &str) -> Self {
        let customer = state.customers.get(wa_id);
        let hidden = customer.is_some_and(|customer| customer.hide_phone);
        Self {
            wa_id: (!hidden).then(|| wa_id.to_owned()),
            user_id: user_id(wa_id),
            name: customer.map(|customer| customer.name.clone()),
            username: customer.and_then(|customer| customer.username.clone()),
            free_until_ms: customer.and_then(|customer| customer.free_until_ms),
        }
    }

    /// An element of `contacts`; echoes and statuses name people without a profile.
    fn contact(&self, with_profile: bool) -> Value {
        let mut contact = json!({"user_id": self.user_id});
        if let Some(wa_id) = &self.wa_id {
            contact["wa_id"] = json!(wa_id);
        }
        if with_profile {
            contact["profile"] = json!({"name": self.name});
            if let Some(username) = &self.username {
                contact["profile"]["username"] = json!(username);
            }
        }
        contact
    }

    /// Names the person in an object under these keys.
    fn name_in(&self, object: &mut Value, phone_key: &str, user_key: &str) {
        if let Some(wa_id) = &self.wa_id {
            object[phone_key] = json!(wa_id);
        }
        object[user_key] = json!(self.user_id);
    }
}

/// Meta's timestamps of messages: a text of whole seconds.
pub(crate) fn seconds(at_ms: i64) -> String {
    at_ms.div_euclid(1_000).to_string()
}

/// A message-like `{field, value}`.
pub(crate) fn change(
    settings: &SimSettings,
    field: &str,
    phone_number_id: &str,
    rest: Value,
) -> Value {
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": settings.display_phone_number,
            "phone_number_id": phone_number_id,
        },
    });
    if let (Value::Object(value), Value::Object(rest)) = (&mut value, rest) {
        value.extend(rest);
    }
    json!({"field": field, "value": value})
}

/// The keys that Meta sets itself, over what the writer gave.
fn stamped(object: Map<String, Value>, keys: Value) -> Value {
    let mut object = object;
    if let Value::Object(keys) = keys {
        object.extend(keys);
    }
    Value::Object(object)
}

/// What a message says beside its content.
#[derive(Default)]
pub(crate) struct Around {
    /// `context`.
    pub(crate) context: Option<Value>,
    /// `referral`.
    pub(crate) referral: Option<Value>,
}

/// A customer's message, field `messages`: `object` holds Meta's type and what stands under it.
pub(crate) fn customer_message(
    settings: &SimSettings,
    message: &Message,
    person: &Person,
    object: Map<String, Value>,
    around: Around,
) -> Value {
    let mut keys = json!({
        "id": message.wamid,
        "timestamp": seconds(message.at_ms),
        "type": message.kind,
    });
    person.name_in(&mut keys, "from", "from_user_id");
    for (key, value) in [("context", around.context), ("referral", around.referral)] {
        if let Some(value) = value {
            keys[key] = value;
        }
    }
    let mut rest = json!({"messages": [stamped(object, keys)]});
    // System messages name nobody (whatsapp.md 1.2).
    if message.kind != "system" {
        rest["contacts"] = json!([person.contact(true)]);
    }
    change(settings, "messages", &message.phone_number_id, rest)
}

/// A message that the owner typed on their phone, field `smb_message_echoes`.
pub(crate) fn echo(
    settings: &SimSettings,
    message: &Message,
    person: &Person,
    object: Map<String, Value>,
    context: Option<Value>,
) -> Value {
    let mut keys = json!({
        "from": settings.display_phone_number,
        "id": message.wamid,
        "timestamp": seconds(message.at_ms),
        "type": message.kind,
    });
    person.name_in(&mut keys, "to", "to_user_id");
    if let Some(context) = context {
        keys["context"] = context;
    }
    // Real echoes name the contact without a profile.
    let rest = json!({
        "contacts": [person.contact(false)],
        "message_echoes": [stamped(object, keys)],
    });
    change(settings, "smb_message_echoes", &message.phone_number_id, rest)
}

/// A status that is reported.
pub(crate) struct Status<'w> {
    pub(crate) word: &'w str,
    pub(crate) at_ms: i64,
    /// Meta's code of a `failed`.
    pub(crate) failure: Option<u32>,
    /// Meta puts the price on `sent` and on one of the two that follow (whatsapp.md 3).
    pub(crate) priced: bool,
}

/// A status of an API send, field `messages`.
pub(crate) fn status(
    settings: &SimSettings,
    message: &Message,
    person: &Person,
    news: &Status<'_>,
) -> Value {
    let mut status = json!({
        "id": message.wamid,
        "status": news.word,
        "timestamp": seconds(news.at_ms),
    });
    person.name_in(&mut status, "recipient_id", "recipient_user_id");
    if let Some(data) = &message.callback_data {
        status["biz_opaque_callback_data"] = json!(data);
    }
    let free_until = person.free_until_ms.filter(|until| news.at_ms < *until);
    if news.priced {
        let (kind, category) = match free_until {
            Some(_) => ("free_entry_point", "referral_conversion"),
            None => ("regular", message.category.as_str()),
        };
        status["pricing"] = json!({"billable": free_until.is_none(), "pricing_model": "PMP",
            "type": kind, "category": category});
    }
    // Since v24 a conversation is named inside the free entry point only (whatsapp.md 3).
    if let Some(until) = free_until.filter(|_| news.failure.is_none()) {
        let id = crate::state::media::hash_of(person.user_id.as_bytes());
        status["conversation"] =
            json!({"id": &id[..32], "origin": {"type": "referral_conversion"}});
        if news.word == "sent" {
            status["conversation"]["expiration_timestamp"] = json!(seconds(until));
        }
    }
    if let Some(code) = news.failure {
        status["errors"] = json!([error(code)]);
    }
    let rest = json!({"contacts": [person.contact(false)], "statuses": [status]});
    change(settings, "messages", &message.phone_number_id, rest)
}

/// An element of `errors` in a webhook (whatsapp.md 1.1).
pub(crate) fn error(code: u32) -> Value {
    let (_, title) = errors::known(code);
    json!({
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": errors::details(code)},
        "href": "/documentation/business-messaging/whatsapp/support/error-codes",
    })
}

//! The JSON of webhooks, in Meta's shapes (Meta: webhooks reference, messages, status and
//! smb_message_echoes).

use serde_json::{Map, Value, json};

use crate::graph::errors;
use crate::identity::user_id;
use crate::settings::SimSettings;
use crate::state::Message;
use crate::state::people::Content;

fn seconds(at_ms: i64) -> String {
    at_ms.div_euclid(1_000).to_string()
}

fn change(settings: &SimSettings, field: &str, phone_number_id: &str, rest: Value) -> Value {
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
fn stamped(content: Content, keys: Value) -> Value {
    let mut object: Map<String, Value> = content.object;
    if let Value::Object(keys) = keys {
        object.extend(keys);
    }
    Value::Object(object)
}

/// A customer's message, field `messages`. `quoted` is (author's number, wamid).
pub(crate) fn customer_message(
    settings: &SimSettings,
    message: &Message,
    name: &str,
    content: Content,
    quoted: Option<(String, String)>,
) -> Value {
    let user = user_id(&message.wa_id);
    let mut keys = json!({
        "from": message.wa_id,
        "from_user_id": user,
        "id": message.wamid,
        "timestamp": seconds(message.at_ms),
        "type": message.kind,
    });
    if let Some((from, id)) = quoted {
        keys["context"] = json!({"from": from, "id": id});
    }
    let rest = json!({
        "contacts": [{"profile": {"name": name}, "wa_id": message.wa_id, "user_id": user}],
        "messages": [stamped(content, keys)],
    });
    change(settings, "messages", &message.phone_number_id, rest)
}

/// A message that the owner typed on their phone, field `smb_message_echoes`.
pub(crate) fn echo(settings: &SimSettings, message: &Message, content: Content) -> Value {
    let user = user_id(&message.wa_id);
    let keys = json!({
        "from": settings.display_phone_number,
        "to": message.wa_id,
        "to_user_id": user,
        "id": message.wamid,
        "timestamp": seconds(message.at_ms),
        "type": message.kind,
    });
    // Real echoes name the contact without a profile.
    let rest = json!({
        "contacts": [{"wa_id": message.wa_id, "user_id": user}],
        "message_echoes": [stamped(content, keys)],
    });
    change(settings, "smb_message_echoes", &message.phone_number_id, rest)
}

/// A status of an API send, field `messages`.
pub(crate) fn status(
    settings: &SimSettings,
    message: &Message,
    word: &str,
    at_ms: i64,
    failure: Option<u32>,
) -> Value {
    let user = user_id(&message.wa_id);
    let mut status = json!({
        "id": message.wamid,
        "status": word,
        "timestamp": seconds(at_ms),
        "recipient_id": message.wa_id,
        "recipient_user_id": user,
    });
    if let Some(data) = &message.callback_data {
        status["biz_opaque_callback_data"] = json!(data);
    }
    // Meta puts the price on `sent` and on one of the two that follow.
    if word == "sent" || word == "delivered" {
        status["pricing"] = json!({
            "billable": true, "pricing_model": "PMP", "type": "regular", "category": "service",
        });
    }
    if let Some(code) = failure {
        let (_, title) = errors::known(code);
        status["errors"] = json!([{
            "code": code,
            "title": title,
            "message": title,
            "error_data": {"details": errors::details(code)},
            "href": "/documentation/business-messaging/whatsapp/support/error-codes",
        }]);
    }
    let rest = json!({
        "contacts": [{"wa_id": message.wa_id, "user_id": user}],
        "statuses": [status],
    });
    change(settings, "messages", &message.phone_number_id, rest)
}

/// The body of a webhook.
pub(crate) fn envelope(settings: &SimSettings, changes: &[Value]) -> Value {
    json!({
        "object": "whatsapp_business_account",
        "entry": [{"id": settings.waba_id_or_sample(), "changes": changes}],
    })
}

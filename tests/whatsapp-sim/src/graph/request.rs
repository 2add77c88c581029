//! Bodies of `messages`, judged as Meta judges them.

use serde_json::Value;

use super::errors::MetaError;
use crate::state::people::TEXT_LIMIT;

/// Longest `biz_opaque_callback_data` (Meta: send-messages).
const CALLBACK_LIMIT: usize = 512;

/// What a body asks for.
#[derive(Debug, PartialEq)]
pub(crate) enum Request {
    Send(TextSend),
    Read { message_id: String },
}

/// Whom a send is for.
#[derive(Debug, PartialEq)]
pub(crate) enum Recipient {
    /// `to`: a phone number as the client wrote it.
    Phone(String),
    /// `recipient`: a business-scoped user id.
    User(String),
}

/// A text send.
#[derive(Debug, PartialEq)]
pub(crate) struct TextSend {
    pub(crate) recipient: Recipient,
    pub(crate) text: String,
    pub(crate) reply_to: Option<String>,
    pub(crate) callback_data: Option<String>,
}

/// Whether a body is a read mark, which no send fault meets.
pub(crate) fn is_read_mark(body: &Value) -> bool {
    body.get("status").and_then(Value::as_str) == Some("read")
}

fn text<'b>(body: &'b Value, key: &str) -> Option<&'b str> {
    body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn missing(what: &str) -> MetaError {
    MetaError::new(131_008, format!("{what} is required."))
}

impl Request {
    pub(crate) fn read(body: &Value) -> Result<Self, MetaError> {
        if text(body, "messaging_product") != Some("whatsapp") {
            return Err(MetaError::new(100, "messaging_product must be whatsapp."));
        }
        if is_read_mark(body) {
            let message_id = text(body, "message_id").ok_or_else(|| missing("message_id"))?;
            return Ok(Self::Read { message_id: message_id.to_owned() });
        }
        if text(body, "recipient_type").is_some_and(|kind| kind != "individual") {
            return Err(MetaError::new(131_009, "recipient_type must be individual."));
        }
        let recipient = match (text(body, "to"), text(body, "recipient")) {
            (Some(phone), _) => Recipient::Phone(phone.to_owned()),
            (None, Some(user)) => Recipient::User(user.to_owned()),
            (None, None) => return Err(missing("to")),
        };
        if body.get("type").is_some_and(|kind| kind.as_str() != Some("text")) {
            return Err(MetaError::new(131_051, "This simulator sends texts only."));
        }
        let content = body.get("text").and_then(|content| text(content, "body"));
        let content = content.ok_or_else(|| missing("text.body"))?;
        if content.chars().count() > TEXT_LIMIT {
            let details = "Param text['body'] must be at most 4096 characters long.";
            return Err(MetaError::new(100, details));
        }
        let callback_data = text(body, "biz_opaque_callback_data");
        if callback_data.is_some_and(|data| data.chars().count() > CALLBACK_LIMIT) {
            let details = "biz_opaque_callback_data must be at most 512 characters long.";
            return Err(MetaError::new(100, details));
        }
        let quoted = body.get("context").and_then(|context| text(context, "message_id"));
        Ok(Self::Send(TextSend {
            recipient,
            text: content.to_owned(),
            reply_to: quoted.map(str::to_owned),
            callback_data: callback_data.map(str::to_owned),
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Recipient, Request, TextSend};

    fn code(body: &Value) -> u32 {
        Request::read(body).unwrap_err().code
    }

    #[test]
    fn reads_what_cloud_api_clients_send() {
        let body = json!({"messaging_product": "whatsapp", "recipient_type": "individual",
            "to": "+16505551234", "type": "text", "text": {"preview_url": false, "body": "Hello"},
            "context": {"message_id": "wamid.A"}, "biz_opaque_callback_data": "c1"});
        let send = TextSend {
            recipient: Recipient::Phone("+16505551234".to_owned()),
            text: "Hello".to_owned(),
            reply_to: Some("wamid.A".to_owned()),
            callback_data: Some("c1".to_owned()),
        };
        assert_eq!(Request::read(&body).unwrap(), Request::Send(send));
        let mark = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "m",
            "typing_indicator": {"type": "text"}});
        let read = Request::Read { message_id: "m".to_owned() };
        assert_eq!(Request::read(&mark).unwrap(), read);
    }

    #[test]
    fn names_each_fault_with_metas_code() {
        let good = json!({"messaging_product": "whatsapp", "to": "1", "text": {"body": "x"}});
        assert!(Request::read(&good).is_ok());
        let with = |key: &str, value: Value| {
            let mut body = good.clone();
            body[key] = value;
            code(&body)
        };
        assert_eq!(code(&json!({})), 100);
        assert_eq!(code(&json!([])), 100);
        assert_eq!(code(&json!("text")), 100);
        assert_eq!(with("messaging_product", json!("sms")), 100);
        assert_eq!(with("to", json!("")), 131_008);
        assert_eq!(with("recipient_type", json!("group")), 131_009);
        assert_eq!(with("type", json!("image")), 131_051);
        assert_eq!(with("type", json!(7)), 131_051);
        assert_eq!(with("text", json!({"body": ""})), 131_008);
        assert_eq!(with("text", json!({"body": "x".repeat(4_097)})), 100);
        assert_eq!(with("biz_opaque_callback_data", json!("x".repeat(513))), 100);
        assert_eq!(with("status", json!("read")), 131_008);
    }

    #[test]
    fn counts_characters_and_not_bytes() {
        let body = json!({"messaging_product": "whatsapp", "to": "1",
            "text": {"body": "\u{1f600}".repeat(4_096)}});
        assert!(Request::read(&body).is_ok());
    }
}

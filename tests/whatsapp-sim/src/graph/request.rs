//! Bodies of `messages`, judged as Meta judges them (whatsapp.md 5.1, 5.2).

use serde_json::Value;

use super::errors::MetaError;
use super::kinds;

/// Longest `biz_opaque_callback_data` (Meta: send-messages).
const CALLBACK_LIMIT: usize = 512;

/// What a body asks for.
#[derive(Debug, PartialEq)]
pub(crate) enum Request {
    Send(Send),
    Read { message_id: String, typing: bool },
}

/// Whom a send is for.
#[derive(Debug, PartialEq)]
pub(crate) enum Recipient {
    /// `to`: a phone number as the client wrote it.
    Phone(String),
    /// `recipient`: a business-scoped user id.
    User(String),
}

/// A send that is well formed.
#[derive(Debug, PartialEq)]
pub(crate) struct Send {
    pub(crate) recipient: Recipient,
    /// Meta's type.
    pub(crate) kind: String,
    /// The value of the key named like the type; an array for `contacts`.
    pub(crate) content: Value,
    pub(crate) reply_to: Option<String>,
    pub(crate) callback_data: Option<String>,
}

/// Whether a body is a read mark, which no send fault meets.
pub(crate) fn is_read_mark(body: &Value) -> bool {
    body.get("status").and_then(Value::as_str) == Some("read")
}

/// A text that is there and not empty.
pub(crate) fn text<'b>(body: &'b Value, key: &str) -> Option<&'b str> {
    body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Meta's answer to a missing parameter.
pub(crate) fn missing(what: &str) -> MetaError {
    MetaError::new(131_008, format!("{what} is required."))
}

/// A typing indicator is of the only type there is (Meta: typing-indicators).
fn typing(body: &Value) -> Result<bool, MetaError> {
    match body.get("typing_indicator") {
        None => Ok(false),
        Some(indicator) if text(indicator, "type") == Some("text") => Ok(true),
        Some(_) => Err(MetaError::new(131_009, "typing_indicator.type must be text.")),
    }
}

/// Objects arrive as texts in forms, which some clients send.
fn opened(content: &Value) -> Value {
    let parsed = content.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    parsed.filter(|value| value.is_object() || value.is_array()).unwrap_or_else(|| content.clone())
}

impl Request {
    pub(crate) fn read(body: &Value) -> Result<Self, MetaError> {
        if text(body, "messaging_product") != Some("whatsapp") {
            return Err(MetaError::new(100, "messaging_product must be whatsapp."));
        }
        if is_read_mark(body) {
            let message_id = text(body, "message_id").ok_or_else(|| missing("message_id"))?;
            let typing = typing(body)?;
            return Ok(Self::Read { message_id: message_id.to_owned(), typing });
        }
        match text(body, "recipient_type") {
            None | Some("individual") => {}
            // Groups need a Cloud-only number with an official business account (whatsapp.md 9.12).
            Some("group") => return Err(MetaError::known(130_501)),
            Some(_) => return Err(MetaError::new(131_009, "recipient_type must be individual.")),
        }
        // If both are there, `to` wins (whatsapp.md 5.1).
        let recipient = match (text(body, "to"), text(body, "recipient")) {
            (Some(phone), _) => Recipient::Phone(phone.to_owned()),
            (None, Some(user)) => Recipient::User(user.to_owned()),
            (None, None) => return Err(missing("to")),
        };
        let kind = match body.get("type") {
            None => "text",
            Some(kind) => {
                kind.as_str().filter(|kind| kinds::KNOWN.contains(kind)).ok_or_else(|| {
                    MetaError::new(131_051, "type is none of those that can be sent.")
                })?
            }
        };
        let content = body.get(kind).map(opened).ok_or_else(|| missing(kind))?;
        kinds::check(kind, &content)?;
        let callback_data = text(body, "biz_opaque_callback_data");
        if callback_data.is_some_and(|data| data.chars().count() > CALLBACK_LIMIT) {
            let details = "biz_opaque_callback_data must be at most 512 characters long.";
            return Err(MetaError::new(100, details));
        }
        let quoted = body.get("context").and_then(|context| text(context, "message_id"));
        if quoted.is_some() && kind == "reaction" {
            return Err(MetaError::new(100, "A reaction cannot quote."));
        }
        Ok(Self::Send(Send {
            recipient,
            kind: kind.to_owned(),
            content,
            reply_to: quoted.map(str::to_owned),
            callback_data: callback_data.map(str::to_owned),
        }))
    }
}

impl Send {
    /// The text that the customer reads: of a text its body, else the caption.
    pub(crate) fn words(&self) -> Option<String> {
        let key = if self.kind == "text" { "body" } else { "caption" };
        text(&self.content, key).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Recipient, Request, Send};

    fn code(body: &Value) -> u32 {
        Request::read(body).unwrap_err().code
    }

    #[test]
    fn reads_what_cloud_api_clients_send() {
        let body = json!({"messaging_product": "whatsapp", "recipient_type": "individual",
            "to": "+16505551234", "type": "text", "text": {"preview_url": false, "body": "Hello"},
            "context": {"message_id": "wamid.A"}, "biz_opaque_callback_data": "c1"});
        let send = Send {
            recipient: Recipient::Phone("+16505551234".to_owned()),
            kind: "text".to_owned(),
            content: json!({"preview_url": false, "body": "Hello"}),
            reply_to: Some("wamid.A".to_owned()),
            callback_data: Some("c1".to_owned()),
        };
        assert_eq!(Request::read(&body).unwrap(), Request::Send(send));
        let mark = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "m",
            "typing_indicator": {"type": "text"}});
        let read = Request::Read { message_id: "m".to_owned(), typing: true };
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
        assert_eq!(with("recipient_type", json!("group")), 130_501);
        assert_eq!(with("recipient_type", json!("all")), 131_009);
        assert_eq!(with("type", json!("image")), 131_008);
        assert_eq!(with("type", json!("poll")), 131_051);
        assert_eq!(with("type", json!(7)), 131_051);
        assert_eq!(with("text", json!({"body": ""})), 131_008);
        assert_eq!(with("text", json!({"body": "x".repeat(4_097)})), 100);
        assert_eq!(with("biz_opaque_callback_data", json!("x".repeat(513))), 100);
        assert_eq!(with("status", json!("read")), 131_008);
        let mark = json!({"messaging_product": "whatsapp", "status": "read", "message_id": "m",
            "typing_indicator": {"type": "dots"}});
        assert_eq!(code(&mark), 131_009);
        let quoting = json!({"messaging_product": "whatsapp", "to": "1", "type": "reaction",
            "reaction": {"message_id": "m", "emoji": "x"}, "context": {"message_id": "m"}});
        assert_eq!(code(&quoting), 100);
    }

    #[test]
    fn counts_characters_and_not_bytes() {
        let body = json!({"messaging_product": "whatsapp", "to": "1",
            "text": {"body": "\u{1f600}".repeat(4_096)}});
        assert!(Request::read(&body).is_ok());
    }
}

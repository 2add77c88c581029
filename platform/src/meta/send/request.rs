//! The JSON of a send (whatsapp.md 5.1) and what its answer says.

use serde_json::{Value, json};

use crate::meta::codes::{self, Class};
use crate::meta::graph::GraphAnswer;
use crate::store::sends::Target;

/// The body of `POST /{phone_number_id}/messages`, or none if there is nowhere or nothing to send.
///
/// Our own id of the message travels as `biz_opaque_callback_data` and comes back in statuses: it
/// matches a send whose answer was lost. Numbers go out as `+` and digits, since Meta may put the
/// business's country code in front of bare digits.
pub(crate) fn body(message: &str, target: &Target) -> Option<Value> {
    let text = target.body.get("text")?.as_str()?;
    let mut body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "type": "text",
        "text": {"preview_url": false, "body": text},
        "biz_opaque_callback_data": message,
    });
    let fields = body.as_object_mut()?;
    match (&target.phone, &target.wa_user_id) {
        (Some(phone), _) => fields.insert("to".into(), format!("+{phone}").into()),
        (None, Some(user_id)) => fields.insert("recipient".into(), user_id.clone().into()),
        (None, None) => return None,
    };
    if let Some(wamid) = &target.reply_wamid {
        fields.insert("context".into(), json!({"message_id": wamid}));
    }
    Some(body)
}

/// What an answer of Graph's comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// Accepted under this id.
    Accepted(String),
    /// Not accepted, or not to be told.
    Error {
        /// What to do.
        class: Class,
        /// WhatsApp's code, if the answer had one.
        code: Option<i64>,
    },
}

/// Reads an answer; `attempts` counts the try it belongs to.
pub(crate) fn said(answer: &GraphAnswer, attempts: i64) -> Said {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if (200..300).contains(&answer.status) {
        return match body.pointer("/messages/0/id").and_then(Value::as_str) {
            Some(wamid) if !wamid.is_empty() => Said::Accepted(wamid.to_owned()),
            // Accepted, it seems, but we cannot tell under which id.
            _ => Said::Error { class: Class::UnknownOutcome, code: None },
        };
    }
    let error = body.get("error");
    let code = error.and_then(|e| e.get("code")).and_then(Value::as_i64);
    let transient =
        error.and_then(|e| e.get("is_transient")).and_then(Value::as_bool).unwrap_or(false);
    Said::Error { class: codes::of_answer(answer.status, code, transient, attempts), code }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target {
            phone_number_id: "42".into(),
            token_sealed: Vec::new(),
            phone: Some("34600111222".into()),
            wa_user_id: Some("ES.x".into()),
            body: json!({"kind": "text", "text": "hello"}),
            reply_wamid: None,
        }
    }

    #[test]
    fn a_send_as_meta_documents_it() {
        assert_eq!(
            body("m1", &target()),
            Some(json!({"messaging_product": "whatsapp", "recipient_type": "individual",
                "to": "+34600111222", "type": "text",
                "text": {"preview_url": false, "body": "hello"}, "biz_opaque_callback_data": "m1"}))
        );
        let reply = Target { phone: None, reply_wamid: Some("wamid.1".into()), ..target() };
        let reply = body("m1", &reply).expect("a body");
        assert_eq!(reply["recipient"], "ES.x");
        assert_eq!(reply["context"], json!({"message_id": "wamid.1"}));
        assert!(reply.get("to").is_none());
    }

    #[test]
    fn without_an_address_or_a_text_there_is_no_send() {
        assert_eq!(body("m", &Target { phone: None, wa_user_id: None, ..target() }), None);
        assert_eq!(body("m", &Target { body: json!({"kind": "media"}), ..target() }), None);
    }

    fn heard(status: u16, body: &str) -> Said {
        said(&GraphAnswer { status, retry_after_ms: None, body: body.into() }, 1)
    }

    #[test]
    fn answers_are_read() {
        assert_eq!(
            heard(200, r#"{"messages":[{"id":"wamid.1"}]}"#),
            Said::Accepted("wamid.1".into())
        );
        let unknown = Said::Error { class: Class::UnknownOutcome, code: None };
        for odd in ["", "{}", r#"{"messages":[]}"#, r#"{"messages":[{"id":""}]}"#, "<html>"] {
            assert_eq!(heard(200, odd), unknown, "{odd}");
        }
        assert_eq!(heard(502, "<html>"), unknown);
        assert_eq!(
            heard(400, r#"{"error":{"code":131047}}"#),
            Said::Error { class: Class::NeedsTemplate, code: Some(131_047) }
        );
        assert_eq!(
            heard(400, r#"{"error":{"code":5,"is_transient":true}}"#),
            Said::Error { class: Class::RetryLater, code: Some(5) }
        );
    }
}

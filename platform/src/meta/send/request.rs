//! The JSON of a send (whatsapp.md 5.1) and what its answer says.

use serde_json::{Map, Value, json};

use super::interactive;
use crate::meta::codes::{self, Meaning};
use crate::meta::graph::GraphAnswer;
use crate::meta::media::kinds::MediaKind;
use crate::meta::templates::fill::FILE_ID;
use crate::store::sends::Target;

/// What the call needs beside the message's own body.
#[derive(Debug, Clone, Default)]
pub(crate) struct Extra {
    /// Meta's id of its file.
    pub(crate) file: Option<String>,
    /// The components of its template.
    pub(crate) components: Vec<Value>,
}

/// The body of `POST /{phone_number_id}/messages`, or none if there is nowhere or nothing to send.
///
/// Our own id of the message travels as `biz_opaque_callback_data` and comes back in statuses: it
/// matches a send whose answer was lost. Numbers go out as `+` and digits, since Meta may put the
/// business's country code in front of bare digits.
pub(crate) fn body(message: &str, target: &Target, extra: &Extra) -> Option<Value> {
    let (kind, content) = content(&target.body, extra)?;
    let mut fields = address(target.phone.as_deref(), target.wa_user_id.as_deref())?;
    fields.insert("type".into(), kind.into());
    fields.insert(kind.into(), content);
    fields.insert("biz_opaque_callback_data".into(), message.into());
    if let Some(wamid) = &target.reply_wamid {
        fields.insert("context".into(), json!({"message_id": wamid}));
    }
    Some(Value::Object(fields))
}

/// A reaction (whatsapp.md 5.1); an empty emoji takes it away.
pub(crate) fn reaction(
    id: &str,
    phone: Option<&str>,
    wa_user_id: Option<&str>,
    wamid: &str,
    emoji: &str,
) -> Option<Value> {
    let mut fields = address(phone, wa_user_id)?;
    fields.insert("type".into(), "reaction".into());
    fields.insert("reaction".into(), json!({"message_id": wamid, "emoji": emoji}));
    fields.insert("biz_opaque_callback_data".into(), id.into());
    Some(Value::Object(fields))
}

/// To whom: the number if there is one, else the business-scoped user id.
fn address(phone: Option<&str>, wa_user_id: Option<&str>) -> Option<Map<String, Value>> {
    let mut fields = Map::new();
    fields.insert("messaging_product".into(), "whatsapp".into());
    fields.insert("recipient_type".into(), "individual".into());
    match (phone, wa_user_id) {
        (Some(phone), _) => fields.insert("to".into(), format!("+{phone}").into()),
        (None, Some(user_id)) => fields.insert("recipient".into(), user_id.into()),
        (None, None) => return None,
    };
    Some(fields)
}

/// Meta's type and object of a message's body.
fn content(body: &Value, extra: &Extra) -> Option<(&'static str, Value)> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    Some(match text("kind")? {
        "text" => {
            let preview = body.get("preview_url").and_then(Value::as_bool).unwrap_or(false);
            ("text", json!({"preview_url": preview, "body": text("text")?}))
        }
        "media" => {
            let kind = MediaKind::parse(text("type")?)?;
            let mut object = Map::new();
            object.insert("id".into(), extra.file.clone()?.into());
            if let Some(caption) = text("caption") {
                object.insert("caption".into(), caption.into());
            }
            if let (MediaKind::Document, Some(name)) = (kind, text("name")) {
                object.insert("filename".into(), name.into());
            }
            if body.get("voice").and_then(Value::as_bool) == Some(true) {
                object.insert("voice".into(), true.into());
            }
            (kind.word(), object.into())
        }
        "location" => {
            let mut place = Map::new();
            for name in ["latitude", "longitude", "name", "address"] {
                if let Some(value) = body.get(name) {
                    place.insert(name.into(), value.clone());
                }
            }
            ("location", place.into())
        }
        "contacts" => ("contacts", contacts(body)?),
        "interactive" => ("interactive", interactive::object(body)?),
        "template" => {
            let mut object = Map::new();
            object.insert("name".into(), text("name")?.into());
            object.insert("language".into(), json!({"code": text("language")?}));
            if !extra.components.is_empty() {
                let file = extra.file.as_deref();
                let components = extra.components.iter().map(|c| with_file(c, file));
                object.insert("components".into(), components.collect::<Option<Vec<_>>>()?.into());
            }
            ("template", object.into())
        }
        _ => return None,
    })
}

/// Puts Meta's id of the file where the template waits for it.
fn with_file(component: &Value, file: Option<&str>) -> Option<Value> {
    Some(match component {
        Value::String(text) if text == FILE_ID => file?.into(),
        Value::Array(values) => {
            values.iter().map(|v| with_file(v, file)).collect::<Option<Vec<_>>>()?.into()
        }
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(name, v)| Some((name.clone(), with_file(v, file)?)))
                .collect::<Option<_>>()?,
        ),
        other => other.clone(),
    })
}

/// Meta wants a formatted name and one more part of it.
fn contacts(body: &Value) -> Option<Value> {
    let contacts = body.get("contacts")?.as_array()?;
    let contacts = contacts.iter().map(|contact| {
        let name = contact.get("name")?.as_str()?;
        let mut object = Map::new();
        object.insert("name".into(), json!({"formatted_name": name, "first_name": name}));
        for list in ["phones", "emails"] {
            if let Some(list_of) = contact.get(list).and_then(Value::as_array)
                && !list_of.is_empty()
            {
                object.insert(list.into(), list_of.clone().into());
            }
        }
        Some(Value::Object(object))
    });
    Some(contacts.collect::<Option<Vec<_>>>()?.into())
}

/// What an answer of Graph's comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// Accepted under this id.
    Accepted(String),
    /// Not accepted, or not to be told.
    Error {
        /// What it means.
        meaning: Meaning,
        /// WhatsApp's code, if the answer had one.
        code: Option<i64>,
    },
}

/// Reads an answer to a send; `attempts` counts the try it belongs to.
pub(crate) fn said(answer: &GraphAnswer, attempts: i64) -> Said {
    if (200..300).contains(&answer.status) {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        return match body.pointer("/messages/0/id").and_then(Value::as_str) {
            Some(wamid) if !wamid.is_empty() => Said::Accepted(wamid.to_owned()),
            // Accepted, it seems, but we cannot tell under which id.
            _ => Said::Error { meaning: Meaning::UNANSWERED, code: None },
        };
    }
    let (meaning, code) = error(answer, attempts);
    Said::Error { meaning, code }
}

/// What an answer that is no success means, and WhatsApp's code in it.
pub(crate) fn error(answer: &GraphAnswer, attempts: i64) -> (Meaning, Option<i64>) {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let error = body.get("error");
    let code = error.and_then(|e| e.get("code")).and_then(Value::as_i64);
    let transient =
        error.and_then(|e| e.get("is_transient")).and_then(Value::as_bool).unwrap_or(false);
    (codes::of_answer(answer.status, code, transient, attempts), code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::codes::Class;

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
            body("m1", &target(), &Extra::default()),
            Some(json!({"messaging_product": "whatsapp", "recipient_type": "individual",
                "to": "+34600111222", "type": "text",
                "text": {"preview_url": false, "body": "hello"}, "biz_opaque_callback_data": "m1"}))
        );
        let reply = Target { phone: None, reply_wamid: Some("wamid.1".into()), ..target() };
        let reply = body("m1", &reply, &Extra::default()).expect("a body");
        assert_eq!(reply["recipient"], "ES.x");
        assert_eq!(reply["context"], json!({"message_id": "wamid.1"}));
        assert!(reply.get("to").is_none());
    }

    #[test]
    fn without_an_address_or_a_text_there_is_no_send() {
        let none = Extra::default();
        assert_eq!(body("m", &Target { phone: None, wa_user_id: None, ..target() }, &none), None);
        for odd in [json!({"kind": "media", "type": "image"}), json!({"kind": "note", "text": "x"})]
        {
            assert_eq!(body("m", &Target { body: odd, ..target() }, &none), None);
        }
    }

    fn of(body_of: Value, file: Option<&str>) -> (String, Value) {
        let extra = Extra { file: file.map(str::to_owned), components: Vec::new() };
        let sent = body("m", &Target { body: body_of, ..target() }, &extra).unwrap();
        let kind = sent["type"].as_str().unwrap().to_owned();
        let object = sent[&kind].clone();
        (kind, object)
    }

    #[test]
    fn each_kind_as_meta_documents_it() {
        let media =
            |kind: &str| json!({"kind": "media", "type": kind, "caption": "c", "name": "n.pdf"});
        assert_eq!(
            of(media("document"), Some("77")),
            ("document".into(), json!({"id": "77", "caption": "c", "filename": "n.pdf"}))
        );
        assert_eq!(of(media("image"), Some("77")).1, json!({"id": "77", "caption": "c"}));
        let voice = json!({"kind": "media", "type": "audio", "voice": true});
        assert_eq!(of(voice, Some("7")), ("audio".into(), json!({"id": "7", "voice": true})));
        let place = json!({"kind": "location", "latitude": 1.5, "longitude": 2.0, "name": "Shop"});
        assert_eq!(of(place, None).1, json!({"latitude": 1.5, "longitude": 2.0, "name": "Shop"}));
        let people =
            json!({"kind": "contacts", "contacts": [{"name": "Ben", "phones": [{"phone": "+1"}]}]});
        assert_eq!(
            of(people, None).1,
            json!([{"name": {"formatted_name": "Ben", "first_name": "Ben"}, "phones": [{"phone": "+1"}]}])
        );
        let preview = json!({"kind": "text", "text": "https://a.example", "preview_url": true});
        assert_eq!(of(preview, None).1["preview_url"], true);
        let bare = json!({"kind": "template", "name": "hi", "language": "en", "text": "Hi"});
        assert_eq!(of(bare.clone(), None).1, json!({"name": "hi", "language": {"code": "en"}}));
        let components = vec![json!({"type": "header", "parameters":
            [{"type": "image", "image": {"id": FILE_ID}}]})];
        let target = Target { body: bare, ..target() };
        let extra = Extra { file: Some("5".into()), components: components.clone() };
        let sent = body("m", &target, &extra).unwrap();
        assert_eq!(sent["template"]["components"][0]["parameters"][0]["image"]["id"], "5");
        assert_eq!(body("m", &target, &Extra { file: None, components }), None);
    }

    #[test]
    fn a_reaction_names_the_message() {
        assert_eq!(
            reaction("r1", Some("34600"), None, "wamid.1", "").unwrap(),
            json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": "+34600",
                "type": "reaction", "reaction": {"message_id": "wamid.1", "emoji": ""},
                "biz_opaque_callback_data": "r1"})
        );
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
        let unknown = Said::Error { meaning: Meaning::UNANSWERED, code: None };
        for odd in ["", "{}", r#"{"messages":[]}"#, r#"{"messages":[{"id":""}]}"#, "<html>"] {
            assert_eq!(heard(200, odd), unknown, "{odd}");
        }
        assert_eq!(heard(502, "<html>"), unknown);
        let class = |said| match said {
            Said::Error { meaning, code } => (meaning.class, code),
            Said::Accepted(_) => panic!("an error"),
        };
        assert_eq!(
            class(heard(400, r#"{"error":{"code":131047}}"#)),
            (Class::NeedsTemplate, Some(131_047))
        );
        assert_eq!(
            class(heard(400, r#"{"error":{"code":5,"is_transient":true}}"#)),
            (Class::RetryLater, Some(5))
        );
    }
}

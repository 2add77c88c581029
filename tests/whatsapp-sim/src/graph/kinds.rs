//! Each type of message that can be sent, with its limits (whatsapp.md 5.1).

use serde_json::Value;

use super::errors::MetaError;
use super::interactive;
use super::request::{missing, text};
use crate::state::people::TEXT_LIMIT;

/// The types of `messages`.
pub(crate) const KNOWN: [&str; 11] = [
    "text",
    "image",
    "audio",
    "video",
    "document",
    "sticker",
    "location",
    "contacts",
    "reaction",
    "interactive",
    "template",
];

/// The types that carry a file.
pub(crate) const FILES: [&str; 5] = ["image", "audio", "video", "document", "sticker"];

/// Longest caption, in characters.
const CAPTION_LIMIT: usize = 1_024;
/// Most contacts in one message.
const CONTACTS_LIMIT: usize = 257;

/// A value that is too long, with Meta's name for it.
pub(crate) fn limit(name: &str, value: Option<&str>, most: usize) -> Result<(), MetaError> {
    match value.map(|value| value.chars().count()) {
        Some(length) if length > most => Err(MetaError::new(
            100,
            format!("Param {name} must be at most {most} characters long."),
        )),
        _ => Ok(()),
    }
}

/// Judges the content of a message of a known type.
pub(crate) fn check(kind: &str, content: &Value) -> Result<(), MetaError> {
    match kind {
        "contacts" => return contacts(content),
        _ if !content.is_object() => {
            return Err(MetaError::new(100, format!("Param {kind} must be an object.")));
        }
        _ => {}
    }
    match kind {
        "text" => {
            let body = text(content, "body").ok_or_else(|| missing("text.body"))?;
            limit("text['body']", Some(body), TEXT_LIMIT)
        }
        "location" => location(content),
        "reaction" => reaction(content),
        "interactive" => interactive::check(content),
        "template" => template(content),
        file => media(file, content),
    }
}

/// A file is named by the id of an upload or by an address, never by both.
fn media(kind: &str, content: &Value) -> Result<(), MetaError> {
    match (text(content, "id"), text(content, "link")) {
        (None, None) => return Err(missing(&format!("{kind}['id'] or {kind}['link']"))),
        (Some(_), Some(_)) => {
            return Err(MetaError::new(
                100,
                format!("Only one of {kind}['id'] and {kind}['link']."),
            ));
        }
        (None, Some(link)) if !(link.starts_with("https://") || link.starts_with("http://")) => {
            return Err(MetaError::new(100, format!("Param {kind}['link'] is not a valid URI.")));
        }
        _ => {}
    }
    if text(content, "caption").is_some() && ["audio", "sticker"].contains(&kind) {
        return Err(MetaError::new(100, format!("Param caption is not allowed for {kind}.")));
    }
    limit(&format!("{kind}['caption']"), text(content, "caption"), CAPTION_LIMIT)
}

fn degrees(content: &Value, key: &str, most: f64) -> Result<(), MetaError> {
    let value = content.get(key).ok_or_else(|| missing(&format!("location['{key}']")))?;
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    if number.is_some_and(|number| number.abs() <= most) {
        return Ok(());
    }
    Err(MetaError::new(100, format!("Param location['{key}'] is not valid.")))
}

fn location(content: &Value) -> Result<(), MetaError> {
    degrees(content, "latitude", 90.0)?;
    degrees(content, "longitude", 180.0)
}

fn contacts(content: &Value) -> Result<(), MetaError> {
    let list = content.as_array().filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| missing("contacts"))?;
    if list.len() > CONTACTS_LIMIT {
        return Err(MetaError::new(100, "Param contacts must have at most 257 elements."));
    }
    let named = |contact: &Value| {
        contact.get("name").and_then(|name| text(name, "formatted_name")).is_some()
    };
    if !list.iter().all(named) {
        return Err(missing("contacts['name']['formatted_name']"));
    }
    Ok(())
}

/// An empty `emoji` takes the reaction away.
fn reaction(content: &Value) -> Result<(), MetaError> {
    text(content, "message_id").ok_or_else(|| missing("reaction['message_id']"))?;
    match content.get("emoji") {
        Some(Value::String(_)) => Ok(()),
        _ => Err(missing("reaction['emoji']")),
    }
}

fn template(content: &Value) -> Result<(), MetaError> {
    text(content, "name").ok_or_else(|| missing("template['name']"))?;
    let language = content.get("language").and_then(|language| text(language, "code"));
    language.ok_or_else(|| missing("template['language']['code']"))?;
    match content.get("components") {
        None | Some(Value::Array(_) | Value::Null) => Ok(()),
        Some(_) => Err(MetaError::new(100, "Param template['components'] must be an array.")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{FILES, check};

    fn code(kind: &str, content: &Value) -> u32 {
        check(kind, content).map_or_else(|error| error.code, |()| 0)
    }

    #[test]
    fn files_have_one_source_and_a_short_caption() {
        for kind in FILES {
            assert_eq!(code(kind, &json!({"id": "1"})), 0, "{kind}");
            assert_eq!(code(kind, &json!({"link": "https://a.example/x"})), 0, "{kind}");
            assert_eq!(code(kind, &json!({"link": "a.example"})), 100, "{kind}");
            assert_eq!(code(kind, &json!({"id": "1", "link": "https://a.example/x"})), 100);
            assert_eq!(code(kind, &json!({})), 131_008, "{kind}");
            assert_eq!(code(kind, &json!([])), 100, "{kind}");
        }
        let caption = |kind, length| code(kind, &json!({"id": "1", "caption": "é".repeat(length)}));
        assert_eq!((caption("image", 1_024), caption("image", 1_025)), (0, 100));
        assert_eq!((caption("document", 1_024), caption("document", 1_025)), (0, 100));
        assert_eq!((caption("audio", 1), caption("sticker", 1)), (100, 100));
    }

    #[test]
    fn places_people_and_reactions_are_complete() {
        let place =
            |latitude: Value| code("location", &json!({"latitude": latitude, "longitude": 2}));
        assert_eq!(place(json!(1.5)), 0);
        assert_eq!(place(json!("1.5")), 0);
        assert_eq!(place(json!(91)), 100);
        assert_eq!(code("location", &json!({"latitude": 1})), 131_008);
        let person = json!({"name": {"formatted_name": "Ana"}});
        assert_eq!(code("contacts", &json!(vec![&person; 257])), 0);
        assert_eq!(code("contacts", &json!(vec![&person; 258])), 100);
        assert_eq!(code("contacts", &json!([])), 131_008);
        assert_eq!(code("contacts", &json!([{"name": {}}])), 131_008);
        assert_eq!(code("reaction", &json!({"message_id": "m", "emoji": ""})), 0);
        assert_eq!(code("reaction", &json!({"message_id": "m"})), 131_008);
        assert_eq!(code("reaction", &json!({"emoji": "x"})), 131_008);
        assert_eq!(code("template", &json!({"name": "n", "language": {"code": "en"}})), 0);
        assert_eq!(code("template", &json!({"name": "n"})), 131_008);
    }
}

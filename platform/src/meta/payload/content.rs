//! What a message holds, the same in every field that brings messages (whatsapp.md 2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::cards;
use super::interactive;
use super::values::{copy_texts, decimal, id, text, word};
use super::{Content, Media};

/// Bytes of a SHA-256.
const SHA256: usize = 32;

/// Reads the content of a message object: the part that `kind` names. A kind that is unknown, and
/// one whose part is missing or empty, is [`Content::Other`].
pub(crate) fn content(kind: &str, message: &Value) -> Content {
    let part = message.get(kind).filter(|part| !part.is_null());
    let read = match kind {
        "text" => part.and_then(|t| text(t.get("body"))).map(Content::Text),
        "image" | "video" | "document" | "sticker" | "audio" | "voice" => {
            part.filter(|p| p.is_object()).map(|part| Content::Media(media(kind, part)))
        }
        "location" => part.and_then(location).map(Content::Parts),
        "contacts" => part.and_then(cards::read).map(Content::Parts),
        "interactive" => part.and_then(interactive::read).map(Content::Parts),
        "button" => part.and_then(interactive::button).map(Content::Parts),
        "order" => part.and_then(interactive::order).map(Content::Parts),
        "unsupported" => part.and_then(inner_word).map(Content::Other),
        _ => None,
    };
    read.unwrap_or_else(|| Content::Other(kind.to_owned()))
}

/// What kind of thing cannot be shown: `raw_type` says more where `type` says nothing.
fn inner_word(part: &Value) -> Option<String> {
    let said = |name: &str| {
        let said = part.get(name).and_then(Value::as_str).map(word);
        said.filter(|word| !word.is_empty() && word != "unknown")
    };
    said("type").or_else(|| said("raw_type"))
}

fn media(kind: &str, part: &Value) -> Media {
    let (what, voice) = match kind {
        "image" => ("image", false),
        "video" => ("video", false),
        "document" => ("document", false),
        "sticker" => ("sticker", false),
        // Old payloads have a type of its own for voice notes.
        "voice" => ("audio", true),
        _ => ("audio", flag(part, "voice")),
    };
    Media {
        what,
        id: id(part.get("id")),
        url: text(part.get("url")),
        mime: text(part.get("mime_type")).unwrap_or_default(),
        sha256: text(part.get("sha256")).map(|hash| hex_hash(&hash)).unwrap_or_default(),
        name: text(part.get("filename")),
        caption: text(part.get("caption")),
        voice,
        animated: flag(part, "animated"),
    }
}

/// Meta spells hashes in base64, older samples in hex.
fn hex_hash(said: &str) -> String {
    let said = said.trim();
    match STANDARD.decode(said) {
        Ok(bytes) if bytes.len() == SHA256 => {
            bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(digit).collect()
        }
        _ => said.to_ascii_lowercase(),
    }
}

fn digit(half: u8) -> char {
    char::from_digit(half.into(), 16).unwrap_or('0')
}

fn flag(part: &Value, name: &str) -> bool {
    part.get(name).and_then(Value::as_bool).unwrap_or(false)
}

fn location(part: &Value) -> Option<Value> {
    let (latitude, longitude) = (decimal(part.get("latitude"))?, decimal(part.get("longitude"))?);
    let mut body = Map::new();
    body.insert("kind".into(), "location".into());
    body.insert("latitude".into(), latitude.into());
    body.insert("longitude".into(), longitude.into());
    copy_texts(&mut body, part, &["name", "address", "url"]);
    Some(body.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hashes_come_out_in_hex_whatever_their_spelling() {
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hex_hash("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="), hex);
        assert_eq!(hex_hash(&hex.to_uppercase()), hex);
        assert_eq!(hex_hash("odd"), "odd");
    }

    #[test]
    fn a_part_that_is_no_object_or_has_no_place_is_not_shown() {
        for (kind, part) in [
            ("image", json!("x")),
            ("location", json!({"latitude": "north", "longitude": 1})),
            ("location", json!({"latitude": 1})),
            ("contacts", json!([])),
            ("contacts", json!({})),
            ("text", json!({"body": ""})),
            ("interactive", json!({})),
            ("button", json!({})),
            ("order", json!([])),
        ] {
            let message = json!({ kind: part });
            assert_eq!(content(kind, &message), Content::Other(kind.into()), "{message}");
        }
    }
}

//! What a person writes: a text, or a message as Meta sends it, with its file.

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::media::Origin;
use super::{Now, State};
use crate::control::input::{ControlError, MediaFile};
use crate::graph::errors;
use crate::webhooks::payload;

/// Longest text of a message, in characters (Meta: text messages).
pub(crate) const TEXT_LIMIT: usize = 4_096;
/// Largest file of a customer, in bytes (whatsapp.md 5.3).
const FILE_LIMIT: u32 = 100 << 20;
/// Bytes of a file that is made up.
const SMALL: u32 = 600;

/// A picture of one pixel: files of images can be shown.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

/// What a person writes: Meta's type and the object named like it.
pub(crate) struct Content {
    pub(crate) kind: String,
    pub(crate) object: Map<String, Value>,
}

impl Content {
    /// From either a text or a message as Meta sends it.
    pub(crate) fn read(text: Option<&str>, message: Option<&Value>) -> Result<Self, ControlError> {
        match (text, message) {
            (Some(text), None) => {
                let body = json!({"type": "text", "text": {"body": text}});
                Self::read(None, Some(&body))
            }
            (None, Some(Value::Object(object))) => {
                let Some(Value::String(kind)) = object.get("type") else {
                    return Err(ControlError::field("message.type", "is missing"));
                };
                if ["edit", "revoke", "reaction"].contains(&kind.as_str()) {
                    let why = "changes another message: use edit, revoke or react";
                    return Err(ControlError::field("message.type", why));
                }
                let content = Self { kind: kind.clone(), object: object.clone() };
                if kind == "text" {
                    check_text(content.text())?;
                }
                Ok(content)
            }
            (None, Some(_)) => Err(ControlError::field("message", "is not an object")),
            _ => Err(ControlError::field("text", "exactly one of text and message is needed")),
        }
    }

    /// A text's body, a file's caption.
    pub(crate) fn text(&self) -> Option<&str> {
        let key = if self.kind == "text" { "body" } else { "caption" };
        self.object.get(&self.kind)?.get(key)?.as_str()
    }

    /// Whether its kind has a file.
    pub(crate) fn is_file(&self) -> bool {
        usual_mime(&self.kind).is_some()
    }

    /// What stands under the type, for all but texts.
    pub(crate) fn under_type(&self) -> Option<Value> {
        if self.kind == "text" { None } else { self.object.get(&self.kind).cloned() }
    }
}

/// A text that can be sent.
pub(crate) fn check_text(text: Option<&str>) -> Result<(), ControlError> {
    match text.map(|text| text.chars().count()) {
        None | Some(0) => Err(ControlError::field("text", "is empty")),
        Some(length) if length > TEXT_LIMIT => {
            Err(ControlError::field("text", "is longer than 4096 characters"))
        }
        Some(_) => Ok(()),
    }
}

/// The usual type of a file of that kind; `None` for a kind without one.
fn usual_mime(kind: &str) -> Option<&'static str> {
    match kind {
        "image" => Some("image/png"),
        "video" => Some("video/mp4"),
        "audio" | "voice" => Some("audio/ogg; codecs=opus"),
        "document" => Some("application/pdf"),
        "sticker" => Some("image/webp"),
        _ => None,
    }
}

impl State {
    /// Completes what Meta itself adds: the id of a file, the error of an unsupported message.
    pub(crate) fn complete(
        &mut self,
        now: Now,
        content: &mut Content,
        media: Option<&MediaFile>,
    ) -> Result<(), ControlError> {
        if content.kind == "unsupported" && !content.object.contains_key("errors") {
            content.object.insert("errors".to_owned(), json!([payload::error(131_051)]));
            content.object.entry("unsupported").or_insert_with(|| json!({"type": "unknown"}));
        }
        let Some(usual) = usual_mime(&content.kind) else {
            return match media {
                Some(_) => Err(ControlError::field("media", "belongs to a message with a file")),
                None => Ok(()),
            };
        };
        let given = content.object.entry(content.kind.clone()).or_insert_with(|| json!({}));
        let Value::Object(given) = given else { return Ok(()) };
        if given.contains_key("id") {
            return Ok(());
        }
        let named = given.get("mime_type").and_then(Value::as_str).map(str::to_owned);
        let mime = media.and_then(|file| file.mime_type.clone()).or(named);
        let mime = mime.unwrap_or_else(|| usual.to_owned());
        let bytes = match media {
            Some(MediaFile { base64: Some(text), .. }) => STANDARD
                .decode(text)
                .map_err(|_| ControlError::field("media.base64", "is not base64"))?,
            Some(MediaFile { size: Some(size), .. }) if *size > FILE_LIMIT => {
                let problem = errors::known(131_052).1;
                return Err(ControlError::field("media.size", problem));
            }
            None if mime == "image/png" => STANDARD.decode(PIXEL).unwrap_or_default(),
            other => {
                let size = other.and_then(|file| file.size).unwrap_or(SMALL);
                let mut bytes = Vec::new();
                let size = usize::try_from(size).unwrap_or(0);
                while bytes.len() < size {
                    bytes.extend(self.rng.bytes::<64>());
                }
                bytes.truncate(size);
                bytes
            }
        };
        let file = self.media.add(&mut self.rng, now.ms, Origin::Webhook, mime, Bytes::from(bytes));
        given.insert("id".to_owned(), json!(file.id));
        given.insert("mime_type".to_owned(), json!(file.mime));
        given.insert("sha256".to_owned(), json!(file.sha256));
        match content.kind.as_str() {
            "audio" | "voice" => given.entry("voice").or_insert(json!(false)),
            "sticker" => given.entry("animated").or_insert(json!(false)),
            _ => return Ok(()),
        };
        Ok(())
    }
}

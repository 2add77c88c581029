//! What a message holds, the same in every field that brings messages (whatsapp.md 2).

use serde_json::Value;

use super::Content;
use super::values::{text, word};

/// Reads the content of a message object: the part that `kind` names.
pub(crate) fn content(kind: &str, message: &Value) -> Content {
    match kind {
        "text" => match text(message.get("text").and_then(|t| t.get("body"))) {
            Some(body) => Content::Text(body),
            None => Content::Other(kind.to_owned()),
        },
        "unsupported" => {
            let inner = message.get("unsupported").and_then(|u| u.get("type"));
            let inner = inner.and_then(Value::as_str).map(word).filter(|w| !w.is_empty());
            Content::Other(inner.unwrap_or_else(|| kind.to_owned()))
        }
        _ => Content::Other(kind.to_owned()),
    }
}

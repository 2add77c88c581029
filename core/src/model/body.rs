//! Reading a kept body.

use serde::Deserialize;

use crate::api::Body;

#[derive(Deserialize)]
struct Kept {
    kind: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default, rename = "type")]
    what: Option<String>,
}

/// The body to show. What this version does not know is `Unsupported` with the wire's word, never an error.
pub(crate) fn read(json: &str, deleted: bool) -> Body {
    if deleted {
        return Body::Deleted;
    }
    match serde_json::from_str::<Kept>(json) {
        Ok(Kept { kind, text: Some(text), .. }) if kind == "text" => Body::Text { text },
        Ok(Kept { what: Some(what), .. }) => Body::Unsupported { what },
        Ok(Kept { kind, .. }) => Body::Unsupported { what: kind },
        Err(_) => Body::Unsupported { what: "unknown".to_owned() },
    }
}

/// The message that a kept send quotes.
pub(crate) fn quoted(payload: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Kept {
        reply_to: Option<String>,
    }
    serde_json::from_str::<Kept>(payload).ok()?.reply_to
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_unknown_and_gone() {
        assert_eq!(read(r#"{"kind":"text","text":"hi"}"#, false), Body::Text { text: "hi".into() });
        assert_eq!(read(r#"{"kind":"text","text":"hi"}"#, true), Body::Deleted);
        let unsupported = |what: &str| Body::Unsupported { what: what.into() };
        assert_eq!(read(r#"{"kind":"unsupported","type":"image"}"#, false), unsupported("image"));
        assert_eq!(read(r#"{"kind":"hologram"}"#, false), unsupported("hologram"));
        assert_eq!(read("{", false), unsupported("unknown"));
    }
}

//! Reading a kept body.

use serde_json::Value;

use crate::api::{AuthorKind, Body, MediaKind, SharedContact};

/// The body to show. `deleted_by`: its content is gone. What this version does not know is `Unsupported` with the wire's
/// word, never an error, and what a body lacks is left out.
pub(crate) fn read(json: &str, deleted_by: Option<AuthorKind>) -> Body {
    if let Some(by) = deleted_by {
        return Body::Deleted { by };
    }
    let unknown = |what: &str| Body::Unsupported { what: what.to_owned() };
    let Ok(kept) = serde_json::from_str::<Value>(json) else { return unknown("unknown") };
    let kind = kept.get("kind").and_then(Value::as_str).unwrap_or("unknown");
    known(kind, &kept).unwrap_or_else(|| {
        // The nearest word that there is for it.
        unknown(&word(&kept, "type").unwrap_or_else(|| kind.to_owned()))
    })
}

fn known(kind: &str, kept: &Value) -> Option<Body> {
    Some(match kind {
        "text" => Body::Text { text: text(kept, "text")? },
        "note" => Body::Note { text: text(kept, "text")? },
        "media" => Body::Media {
            what: media_kind(&word(kept, "type")?, flag(kept, "voice")),
            caption: word(kept, "caption"),
            name: word(kept, "name"),
            mime: word(kept, "mime"),
            size: kept.get("size").and_then(Value::as_i64),
            ready: flag(kept, "ready"),
        },
        "location" => Body::Location {
            latitude: kept.get("latitude").and_then(Value::as_f64)?,
            longitude: kept.get("longitude").and_then(Value::as_f64)?,
            name: word(kept, "name"),
            address: word(kept, "address"),
        },
        "contacts" => {
            let contacts: Vec<SharedContact> =
                kept.get("contacts")?.as_array()?.iter().map(card).collect();
            Body::Contacts { contacts: Some(contacts).filter(|cards| !cards.is_empty())? }
        }
        "template" => Body::Template {
            name: word(kept, "name").unwrap_or_default(),
            text: text(kept, "text").unwrap_or_default(),
        },
        "interactive" => Body::Interactive {
            what: word(kept, "type")?,
            title: word(kept, "title").or_else(|| word(kept, "text")),
            description: word(kept, "description"),
        },
        "event" => Body::Line { what: word(kept, "type")? },
        _ => return None,
    })
}

fn media_kind(what: &str, voice: bool) -> MediaKind {
    match what {
        "image" => MediaKind::Image,
        "video" => MediaKind::Video,
        "audio" if voice => MediaKind::Voice,
        "audio" => MediaKind::Audio,
        "document" => MediaKind::Document,
        "sticker" => MediaKind::Sticker,
        _ => MediaKind::Unknown,
    }
}

fn card(card: &Value) -> SharedContact {
    let phones =
        card.get("phones").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let written = |it: &Value| word(it, "phone").or_else(|| word(it, "wa_id"));
    SharedContact {
        name: word(card, "name").unwrap_or_default(),
        phones: phones.iter().filter_map(written).collect(),
    }
}

fn text(kept: &Value, field: &str) -> Option<String> {
    kept.get(field).and_then(Value::as_str).map(str::to_owned)
}

/// A text with something in it.
fn word(kept: &Value, field: &str) -> Option<String> {
    text(kept, field).filter(|word| !word.is_empty())
}

fn flag(kept: &Value, field: &str) -> bool {
    kept.get(field).and_then(Value::as_bool).unwrap_or(false)
}

/// What somebody wrote in it, if anything: for quotes, for the answer beside a held reply, for the outbox.
pub(crate) fn written(body: Body) -> Option<String> {
    match body {
        Body::Text { text } | Body::Note { text } | Body::Template { text, .. } => Some(text),
        Body::Media { caption, .. } => caption,
        Body::Interactive { title, .. } => title,
        Body::Location { .. }
        | Body::Contacts { .. }
        | Body::Line { .. }
        | Body::Deleted { .. }
        | Body::Unsupported { .. } => None,
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

    fn shown(json: &str) -> Body {
        read(json, None)
    }

    #[test]
    fn known_unknown_and_gone() {
        assert_eq!(shown(r#"{"kind":"text","text":"hi"}"#), Body::Text { text: "hi".into() });
        let by = AuthorKind::Customer;
        assert_eq!(read(r#"{"kind":"text","text":"hi"}"#, Some(by)), Body::Deleted { by });
        let unsupported = |what: &str| Body::Unsupported { what: what.into() };
        assert_eq!(shown(r#"{"kind":"unsupported","type":"image"}"#), unsupported("image"));
        assert_eq!(shown(r#"{"kind":"hologram"}"#), unsupported("hologram"));
        assert_eq!(shown(r#"{"kind":"text","text":7}"#), unsupported("text"));
        assert_eq!(shown(r#"{"kind":"contacts","contacts":[]}"#), unsupported("contacts"));
        assert_eq!(shown("{}"), unsupported("unknown"));
        assert_eq!(shown("[]"), unsupported("unknown"));
        assert_eq!(shown("{"), unsupported("unknown"));
    }

    #[test]
    fn every_kind_of_the_wire_is_shown() {
        let photo = shown(
            r#"{"kind":"media","type":"image","mime":"image/jpeg","size":9,"caption":"the tap","sha256":"x","ready":false}"#,
        );
        let wanted = Body::Media {
            what: MediaKind::Image,
            caption: Some("the tap".into()),
            name: None,
            mime: Some("image/jpeg".into()),
            size: Some(9),
            ready: false,
        };
        assert_eq!(photo, wanted);
        for (said, kind) in [
            (r#""type":"audio","voice":true"#, MediaKind::Voice),
            (r#""type":"audio""#, MediaKind::Audio),
            (r#""type":"document","name":"plan.pdf""#, MediaKind::Document),
            (r#""type":"video""#, MediaKind::Video),
            (r#""type":"sticker","animated":true"#, MediaKind::Sticker),
            (r#""type":"smell""#, MediaKind::Unknown),
        ] {
            let body = shown(&format!(r#"{{"kind":"media",{said},"mime":"a/b","ready":true}}"#));
            assert!(
                matches!(body, Body::Media { what, ready: true, .. } if what == kind),
                "{said}"
            );
        }
        let place = r#"{"kind":"location","latitude":41.4,"longitude":2,"name":"Yard","address":"Main St 1"}"#;
        assert!(
            matches!(shown(place), Body::Location { latitude, longitude, name: Some(name), .. }
            if (latitude - 41.4).abs() < 1e-9 && (longitude - 2.0).abs() < 1e-9 && name == "Yard")
        );
        let cards = r#"{"kind":"contacts","contacts":[{"name":"Luis","phones":[{"phone":"+34 1"},{"wa_id":"342"},{}]},{}]}"#;
        let luis =
            SharedContact { name: "Luis".into(), phones: vec!["+34 1".into(), "342".into()] };
        let nobody = SharedContact { name: String::new(), phones: Vec::new() };
        assert_eq!(shown(cards), Body::Contacts { contacts: vec![luis, nobody] });
        assert_eq!(
            shown(r#"{"kind":"template","name":"visit","language":"en","text":"See you"}"#),
            Body::Template { name: "visit".into(), text: "See you".into() }
        );
        assert_eq!(
            shown(
                r#"{"kind":"interactive","type":"list_reply","title":"Monday","description":"9 to 12"}"#
            ),
            Body::Interactive {
                what: "list_reply".into(),
                title: Some("Monday".into()),
                description: Some("9 to 12".into())
            }
        );
        assert_eq!(shown(r#"{"kind":"note","text":"dog"}"#), Body::Note { text: "dog".into() });
        assert_eq!(
            shown(r#"{"kind":"event","type":"assigned"}"#),
            Body::Line { what: "assigned".into() }
        );
    }
}

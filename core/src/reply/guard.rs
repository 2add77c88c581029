//! The answered-meanwhile guard (N2): did somebody answer after the writer had last looked?

use crate::model::records::Message;

/// The text of a message, if it is one.
fn text_of(message: &Message) -> Option<String> {
    match crate::model::body::read(&message.body, None) {
        crate::api::Body::Text { text } => Some(text),
        _ => None,
    }
}

/// True if `message` counts as an answer that the writer on this phone had not seen.
///
/// Counts: the owner's phone (but not its known greeting texts), and AI or agents once an attempt towards WhatsApp is
/// known. Not: the customer, automation, system lines, imports (numbers below 1), what was withdrawn or deleted, and this phone's
/// own sends. Whether an attempt was made is only the platform's to know exactly; it judges again.
pub(crate) fn counts(message: &Message, own: bool, greetings: &[String]) -> bool {
    if own || message.deleted || message.n < 1 {
        return false;
    }
    match message.author_kind.as_str() {
        "owner_app" => text_of(message).is_none_or(|text| !greetings.contains(&text)),
        "agent" | "ai" => {
            matches!(message.step.as_str(), "sent" | "delivered" | "read" | "played")
                || message.trouble.as_deref().is_some_and(|trouble| trouble.contains("\"R14\""))
        }
        _ => false,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn message(n: i64, author: &str, step: &str) -> Message {
        Message {
            id: format!("m{n}"),
            conversation_id: "c".into(),
            version: n,
            n,
            sent_at: n * 1_000,
            written_at: None,
            author_kind: author.into(),
            author_id: None,
            body: r#"{"kind":"text","text":"Welcome"}"#.into(),
            reply_to: None,
            deleted: false,
            step: step.into(),
            times: "{}".into(),
            trouble: None,
            extras: None,
        }
    }

    #[test]
    fn who_counts() {
        let table = [
            ("owner_app", "none", true),
            ("agent", "sent", true),
            ("agent", "delivered", true),
            ("agent", "queued", false),
            ("ai", "read", true),
            ("ai", "queued", false),
            ("automation", "sent", false),
            ("system", "none", false),
            ("customer", "none", false),
            ("unknown", "sent", false),
        ];
        for (author, step, expected) in table {
            assert_eq!(counts(&message(4, author, step), false, &[]), expected, "{author} {step}");
            assert!(!counts(&message(4, author, step), true, &[]), "own {author} {step}");
            assert!(!counts(&message(-4, author, step), false, &[]), "imported {author} {step}");
        }
        let mut withdrawn = message(4, "agent", "sent");
        withdrawn.deleted = true;
        assert!(!counts(&withdrawn, false, &[]));
        let mut unknown = message(4, "agent", "queued");
        unknown.trouble = Some(r#"{"reason":"R14","since":1,"final":false}"#.into());
        assert!(counts(&unknown, false, &[]));
        assert!(!counts(&message(4, "owner_app", "none"), false, &["Welcome".into()]));
    }
}

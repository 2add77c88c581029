//! What came to a message after it was written: reactions, an edit, its end; and that it was forwarded.

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::api::Forwarded;

/// As the store keeps it: the wire's own words.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Kept<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reactions: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forwarded: Option<&'a RawValue>,
}

impl Kept<'_> {
    /// The store's text; nothing if nothing came.
    pub(crate) fn json(&self) -> Option<String> {
        serde_json::to_string(self).ok().filter(|json| json != "{}")
    }
}

/// Somebody, as the wire names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Somebody {
    /// `customer`, `owner_app`, `agent`, ...
    pub kind: String,
    pub id: Option<String>,
}

/// The same, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Extras {
    /// Who, and which emoji.
    pub reactions: Vec<(Somebody, String)>,
    pub edited_at: Option<i64>,
    pub deleted_by: Option<Somebody>,
    pub forwarded: Forwarded,
}

/// What is not as expected is left out.
pub(crate) fn read(json: Option<&str>) -> Extras {
    let kept: Value = json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    let list =
        kept.get("reactions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let reaction = |it: &Value| {
        let emoji = it.get("emoji").and_then(Value::as_str).filter(|emoji| !emoji.is_empty())?;
        Some((somebody(it.get("author")?)?, emoji.to_owned()))
    };
    Extras {
        reactions: list.iter().filter_map(reaction).collect(),
        edited_at: kept.get("edited_at").and_then(Value::as_i64),
        deleted_by: kept.get("deleted").and_then(|deleted| somebody(deleted.get("by")?)),
        forwarded: match kept.get("forwarded") {
            None | Some(Value::Null | Value::Bool(false)) => Forwarded::No,
            Some(word) if word == "often" => Forwarded::Often,
            Some(_) => Forwarded::Once,
        },
    }
}

/// An author is an object; who deleted may be a plain word: a kind, else a member's id.
fn somebody(value: &Value) -> Option<Somebody> {
    if let Some(word) = value.as_str() {
        let known = matches!(word, "customer" | "owner_app" | "ai" | "automation" | "system");
        return Some(if known {
            Somebody { kind: word.to_owned(), id: None }
        } else {
            Somebody { kind: "agent".to_owned(), id: Some(word.to_owned()) }
        });
    }
    let kind = value.get("kind")?.as_str()?.to_owned();
    Some(Somebody { kind, id: value.get("id").and_then(Value::as_str).map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_is_read_and_what_is_odd_left_out() {
        let who = |kind: &str, id: Option<&str>| Somebody {
            kind: kind.into(),
            id: id.map(str::to_owned),
        };
        let found = read(Some(
            r#"{"reactions":[{"author":{"kind":"customer"},"emoji":"👍","at":1},{"author":{"kind":"agent","id":"m"},"emoji":""},
                {"emoji":"x"},7],"edited_at":5,"deleted":{"by":"m1","at":6},"forwarded":"often"}"#,
        ));
        assert_eq!(found.reactions, [(who("customer", None), "👍".to_owned())]);
        assert_eq!((found.edited_at, found.forwarded), (Some(5), Forwarded::Often));
        assert_eq!(found.deleted_by, Some(who("agent", Some("m1"))));
        let by_customer = read(Some(r#"{"deleted":{"by":"customer"},"forwarded":"once"}"#));
        assert_eq!(by_customer.deleted_by, Some(who("customer", None)));
        assert_eq!(by_customer.forwarded, Forwarded::Once);
        let by_owner = read(Some(r#"{"deleted":{"by":{"kind":"owner_app"}}}"#));
        assert_eq!(by_owner.deleted_by, Some(who("owner_app", None)));
        for odd in [None, Some("{"), Some("[]"), Some(r#"{"reactions":{},"edited_at":"x"}"#)] {
            let nothing = Extras {
                reactions: Vec::new(),
                edited_at: None,
                deleted_by: None,
                forwarded: Forwarded::No,
            };
            assert_eq!(read(odd), nothing, "{odd:?}");
        }
    }

    #[test]
    fn nothing_is_kept_as_nothing() {
        assert_eq!(Kept::default().json(), None);
        let edited = RawValue::from_string("5".into()).unwrap();
        let kept = Kept { edited_at: Some(&edited), ..Kept::default() };
        assert_eq!(kept.json().as_deref(), Some(r#"{"edited_at":5}"#));
    }
}

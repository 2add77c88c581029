//! Contacts that somebody shared (whatsapp.md 2).

use serde_json::{Map, Value};

use super::values::{copy_texts, items, put, text};

/// The body of a message with contacts; none if there is not one.
pub(super) fn read(part: &Value) -> Option<Value> {
    let cards: Vec<Value> = items(Some(part)).iter().map(card).collect();
    if cards.is_empty() {
        return None;
    }
    let mut body = Map::new();
    body.insert("kind".into(), "contacts".into());
    body.insert("contacts".into(), cards.into());
    Some(body.into())
}

fn card(card: &Value) -> Value {
    let mut map = Map::new();
    put(&mut map, "name", name(card));
    map.insert("phones".into(), list(card, "phones", &["phone", "wa_id", "user_id", "type"]));
    for (key, parts) in [
        ("emails", &["email", "type"][..]),
        ("urls", &["url", "type"]),
        ("addresses", &["street", "city", "state", "zip", "country", "country_code", "type"]),
    ] {
        let entries = list(card, key, parts);
        if !items(Some(&entries)).is_empty() {
            map.insert(key.into(), entries);
        }
    }
    let org = card.get("org").map(|org| parts(org, &["company", "department", "title"]));
    put(&mut map, "org", org.filter(|org| !org.is_empty()));
    copy_texts(&mut map, card, &["birthday", "origin"]);
    map.into()
}

/// The name as it is written, else what its parts make.
fn name(card: &Value) -> Option<String> {
    let name = card.get("name")?;
    text(name.get("formatted_name")).or_else(|| {
        let parts: Vec<String> = ["first_name", "middle_name", "last_name"]
            .into_iter()
            .filter_map(|part| text(name.get(part)))
            .collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    })
}

/// The entries of a list, with those of their keys that hold a text; empty ones are left out.
fn list(card: &Value, key: &str, names: &[&str]) -> Value {
    let entries = items(card.get(key)).iter().map(|entry| parts(entry, names));
    entries.filter(|entry| !entry.is_empty()).map(Value::from).collect()
}

fn parts(from: &Value, names: &[&str]) -> Map<String, Value> {
    let mut map = Map::new();
    copy_texts(&mut map, from, names);
    map
}

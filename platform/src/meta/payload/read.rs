//! The envelope, and which file reads which field.

use serde_json::Value;

use super::mend::{mend, punctuate};
use super::values::{id, items, word};
use super::{Leftover, Thing, Unreadable};
use super::{echoes, messages, persons, standby};

/// Where a change stood: what its reader may want to know beside its value.
#[derive(Debug)]
pub(crate) struct Place<'b> {
    /// Meta's name of the field, safe to keep and to log.
    pub(crate) field: &'b str,
    /// `entry.id`: the WhatsApp Business Account, but for some account events (whatsapp.md 1.1).
    pub(crate) entry: Option<String>,
}

impl Place<'_> {
    /// Something in this change that is not understood.
    pub(crate) fn leftover(&self, kind: &str, reason: &'static str) -> Thing {
        Thing::Leftover(self.left(kind, reason))
    }

    /// As [`Place::leftover`], for functions that give a `Result`.
    pub(crate) fn left(&self, kind: &str, reason: &'static str) -> Leftover {
        Leftover { field: self.field.to_owned(), kind: kind.to_owned(), reason }
    }
}

/// Reads a raw body. See the module above for what never happens.
pub(crate) fn read(body: &[u8]) -> Result<Vec<Thing>, Unreadable> {
    read_value(&parse(body)?)
}

/// Reads the JSON of a body, with what can be mended in it mended.
pub(crate) fn parse(body: &[u8]) -> Result<Value, Unreadable> {
    serde_json::from_slice(body)
        .or_else(|_| {
            let text = mend(body);
            serde_json::from_str(&text).or_else(|error| punctuate(text, error))
        })
        .map_err(|error: serde_json::Error| Unreadable {
            // The reader stops at 128 levels; Meta uses about ten.
            reason: if error.to_string().starts_with("recursion") {
                "too_deep"
            } else {
                "not_json"
            },
        })
}

/// Reads a parsed body: the whole of it, or what Meta's pages print of it without its envelope.
pub(crate) fn read_value(root: &Value) -> Result<Vec<Thing>, Unreadable> {
    if !root.is_object() {
        return Err(Unreadable { reason: "not_an_object" });
    }
    let mut things = Vec::new();
    let entries = items(root.get("entry"));
    if !entries.is_empty() {
        for entry in entries {
            read_entry(entry, &mut things);
        }
    } else if root.get("changes").is_some() {
        read_entry(root, &mut things);
    } else if root.get("value").is_some() {
        read_change(root, None, &Value::Null, &mut things);
    } else if let Some(field) = bare(root) {
        read_field(&Place { field, entry: None }, root, &mut things);
    } else {
        things.push(nowhere("").leftover("envelope", "no_entry"));
    }
    Ok(things)
}

/// The field of a value without an envelope, by what it holds.
fn bare(root: &Value) -> Option<&'static str> {
    let has = |name: &str| root.get(name).is_some();
    BARE.iter().find(|(name, _)| has(name)).map(|(_, field)| *field)
}

/// What a value holds -> its field.
const BARE: [(&str, &str); 5] = [
    ("message_echoes", "smb_message_echoes"),
    ("messages", "messages"),
    ("statuses", "messages"),
    ("user_preferences", "user_preferences"),
    ("standby", "standby"),
];

fn read_entry(entry: &Value, things: &mut Vec<Thing>) {
    let changes = items(entry.get("changes"));
    if changes.is_empty() && entry.get("value").is_some() {
        read_change(entry, id(entry.get("id")), &Value::Null, things);
    } else if changes.is_empty() {
        let field = name(entry.get("field"));
        things.push(nowhere(&field).leftover("entry", "no_changes"));
    }
    for change in changes {
        read_change(change, id(entry.get("id")), entry, things);
    }
}

/// One change; samples of PARTNER_APP_* print `field` outside of it (whatsapp.md 0.23).
fn read_change(change: &Value, entry: Option<String>, outside: &Value, things: &mut Vec<Thing>) {
    let field = name(change.get("field").or_else(|| outside.get("field")));
    let place = Place { field: &field, entry };
    let Some(value) = change.get("value").filter(|v| v.is_object()) else {
        things.push(place.leftover("change", "no_value"));
        return;
    };
    let before = things.len();
    read_field(&place, value, things);
    if things.len() == before {
        things.push(place.leftover("", "nothing_known_inside"));
    }
}

/// A value, by its field: each field has its file.
fn read_field(place: &Place<'_>, value: &Value, things: &mut Vec<Thing>) {
    match place.field {
        "messages" => messages::read(place, value, things),
        "smb_message_echoes" => echoes::read(place, value, things),
        "user_id_update" => persons::user_id_update(place, value, things),
        "user_preferences" => persons::user_preferences(place, value, things),
        "standby" => standby::read(place, value, things),
        "messaging_handovers" => standby::handovers(place, value, things),
        _ => things.push(place.leftover("", "field_not_read_yet")),
    }
}

fn nowhere(field: &str) -> Place<'_> {
    Place { field, entry: None }
}

fn name(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).map_or_else(String::new, word)
}

//! The envelope, and which file reads which field.

use serde_json::Value;

use super::mend::mend;
use super::values::{items, word};
use super::{Leftover, Thing, Unreadable};
use super::{echoes, messages};

/// Where a change stood: what its reader may want to know beside its value.
#[derive(Debug)]
pub(crate) struct Place<'b> {
    /// Meta's name of the field, safe to keep and to log.
    pub(crate) field: &'b str,
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
    let root: Value = serde_json::from_slice(body)
        .or_else(|_| serde_json::from_str(&mend(body)))
        .map_err(|_| Unreadable { reason: "not_json" })?;
    if !root.is_object() {
        return Err(Unreadable { reason: "not_an_object" });
    }
    let mut things = Vec::new();
    let entries = items(root.get("entry"));
    if entries.is_empty() {
        things.push(nowhere("").leftover("envelope", "no_entry"));
    }
    for entry in entries {
        read_entry(entry, &mut things);
    }
    Ok(things)
}

fn read_entry(entry: &Value, things: &mut Vec<Thing>) {
    let changes = items(entry.get("changes"));
    if changes.is_empty() {
        // PARTNER_APP_* samples print `field` outside `changes`.
        let field = name(entry.get("field"));
        things.push(nowhere(&field).leftover("entry", "no_changes"));
    }
    for change in changes {
        let field = name(change.get("field"));
        let place = Place { field: &field };
        let Some(value) = change.get("value").filter(|v| v.is_object()) else {
            things.push(place.leftover("change", "no_value"));
            continue;
        };
        let before = things.len();
        read_value(&place, value, things);
        if things.len() == before {
            things.push(place.leftover("", "nothing_known_inside"));
        }
    }
}

/// One change, by its field: each field has its file.
fn read_value(place: &Place<'_>, value: &Value, things: &mut Vec<Thing>) {
    match place.field {
        "messages" => messages::read(place, value, things),
        "smb_message_echoes" => echoes::read(place, value, things),
        _ => things.push(place.leftover("", "field_not_read_yet")),
    }
}

fn nowhere(field: &str) -> Place<'_> {
    Place { field }
}

fn name(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).map_or_else(String::new, word)
}

//! The envelope, and which file reads which field.

use serde_json::Value;

use super::mend::mend;
use super::values::{items, word};
use super::{Leftover, Thing, Unreadable};
use super::{account, echoes, history, management, messages, phonebook};

/// Where a change stood: what its reader may want to know beside its value.
#[derive(Debug)]
pub(crate) struct Place<'b> {
    /// Meta's name of the field, safe to keep and to log.
    pub(crate) field: &'b str,
    /// The entry that it stood in: its id is the account's (or a portfolio's), its time the event's.
    pub(crate) entry: &'b Value,
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
    if entries.is_empty() && root.get("history").is_some() {
        // The decline of a history is printed without any envelope (whatsapp.md 4.4).
        let place = Place { field: "history", entry: &Value::Null };
        history::read(&place, &root, &mut things);
    } else if entries.is_empty() {
        things.push(nowhere("").leftover("envelope", "no_entry"));
    }
    for entry in entries {
        read_entry(entry, &mut things);
    }
    Ok(things)
}

fn read_entry(entry: &Value, things: &mut Vec<Thing>) {
    let changes = items(entry.get("changes"));
    let field = name(entry.get("field"));
    if changes.is_empty() && entry.get("value").is_some() {
        // PARTNER_APP_* samples print `field` and all outside `changes`.
        read_change(&field, entry, entry, things);
    } else if changes.is_empty() {
        things.push(nowhere(&field).leftover("entry", "no_changes"));
    }
    for change in changes {
        let field = change.get("field").map_or_else(|| field.clone(), |f| name(Some(f)));
        read_change(&field, entry, change, things);
    }
}

fn read_change(field: &str, entry: &Value, change: &Value, things: &mut Vec<Thing>) {
    let place = Place { field, entry };
    let Some(value) = change.get("value").filter(|v| v.is_object()) else {
        things.push(place.leftover("change", "no_value"));
        return;
    };
    let before = things.len();
    read_value(&place, value, things);
    if things.len() == before {
        things.push(place.leftover("", "nothing_known_inside"));
    }
}

/// One change, by its field: each field has its file.
fn read_value(place: &Place<'_>, value: &Value, things: &mut Vec<Thing>) {
    match place.field {
        "messages" => messages::read(place, value, things),
        "smb_message_echoes" => echoes::read(place, value, things),
        "history" => history::read(place, value, things),
        "smb_app_state_sync" => phonebook::read(place, value, things),
        "account_update" => account::read(place, value, things),
        _ if management::read(place, value, things) => {}
        _ => things.push(place.leftover("", "field_not_read_yet")),
    }
}

fn nowhere(field: &str) -> Place<'_> {
    Place { field, entry: &Value::Null }
}

fn name(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).map_or_else(String::new, word)
}

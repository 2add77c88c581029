//! The envelope, and which file reads which field.

use serde_json::Value;

use super::mend::{mend, punctuate};
use super::values::{items, word};
use super::{Leftover, Thing, Unreadable};
use super::{account, echoes, history, management, messages, persons, phonebook, standby};

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
        read_change(&name(root.get("field")), &Value::Null, root, &mut things);
    } else if let Some(field) = bare(root) {
        read_field(&nowhere(field), root, &mut things);
        if things.is_empty() {
            things.push(nowhere(field).leftover("", "nothing_known_inside"));
        }
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
const BARE: [(&str, &str); 9] = [
    // The decline of a history is printed without any envelope (whatsapp.md 4.4).
    ("history", "history"),
    ("state_sync", "smb_app_state_sync"),
    ("message_echoes", "smb_message_echoes"),
    ("messages", "messages"),
    ("statuses", "messages"),
    ("user_preferences", "user_preferences"),
    ("standby", "standby"),
    ("message_template_id", "message_template_status_update"),
    ("waba_info", "account_update"),
];

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

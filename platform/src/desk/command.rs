//! The desk's commands, read from JSON into types; protocol.md 5, table.

use std::collections::BTreeSet;

use serde_json::Value;

use super::holder::Holder;
use crate::agents::body::{too_long, too_many};
use crate::agents::command::{Fields, malformed};
use crate::agents::outcome::Outcome;

/// The most labels that one command puts on or takes off.
const MAX_LABELS: usize = 100;

/// The longest value of a contact's field, in Unicode scalar values.
pub(crate) const MAX_VALUE: usize = 1000;

/// One command of the desk's, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskCommand {
    /// A note for the team; the message that it makes has the command's id.
    Note {
        /// Id of the command.
        id: String,
        /// When it was written, by the phone's corrected clock, ms UTC.
        at: i64,
        /// Conversation id.
        conversation: String,
        /// 1 to 4,096 Unicode scalar values.
        text: String,
    },
    /// Puts labels on a conversation or contact and takes others off.
    Label {
        /// What carries them.
        object: Labelled,
        /// Ids of labels.
        add: BTreeSet<String>,
        /// Ids of labels.
        remove: BTreeSet<String>,
    },
    /// Opens, snoozes, resolves.
    Status {
        /// Conversation id.
        conversation: String,
        /// The status that the person saw.
        was: String,
        /// open, pending, snoozed or resolved.
        to: String,
        /// End of the snooze, ms UTC.
        until: Option<i64>,
        /// The newest live message that the person had seen, if the phone says so.
        based_on_n: Option<i64>,
    },
    /// Moves a conversation to somebody.
    Assign(Assign),
    /// Takes a conversation over from the AI.
    TakeOver {
        /// Conversation id.
        conversation: String,
    },
    /// Hands a conversation back to the AI.
    HandBack {
        /// Conversation id.
        conversation: String,
    },
    /// Begins or ends one's shift.
    Shift {
        /// Whether one is on shift from now on.
        on: bool,
    },
    /// The owner says that the phone's app was opened.
    OwnerAppOpened {
        /// Channel id.
        channel: String,
    },
    /// Changes one field of a contact.
    EditContact(EditContact),
}

/// What carries labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Labelled {
    /// A conversation, by id.
    Conversation(String),
    /// A contact, by id.
    Contact(String),
}

/// `assign`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assign {
    /// Conversation id.
    pub conversation: String,
    /// The holder that the person saw.
    pub(crate) was: Holder,
    /// The holder from now on.
    pub(crate) to: Holder,
}

/// `edit_contact`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditContact {
    /// Contact id.
    pub contact: String,
    /// `name`, `language`, or a word of the workplace's own.
    pub field: String,
    /// The value that the person saw.
    pub was: Option<String>,
    /// The value from now on; absent: none.
    pub to: Option<String>,
}

/// Words of the statuses that a person may set.
pub(crate) const STATUSES: [&str; 4] = ["open", "pending", "snoozed", "resolved"];

/// Reads one command of the desk's; `None` if its kind is none of them.
pub(crate) fn parse(
    kind: &str,
    id: &str,
    at: i64,
    fields: &Fields<'_>,
) -> Option<Result<DeskCommand, Outcome>> {
    Some(match kind {
        "note" => note(id, at, fields),
        "label" => label(fields),
        "status" => status(fields),
        "assign" => assign(fields),
        "take_over" => {
            fields.id("conversation").map(|conversation| DeskCommand::TakeOver { conversation })
        }
        "hand_back" => {
            fields.id("conversation").map(|conversation| DeskCommand::HandBack { conversation })
        }
        "shift" => fields.truth("on").map(|on| DeskCommand::Shift { on }),
        "owner_app_opened" => {
            fields.id("channel").map(|channel| DeskCommand::OwnerAppOpened { channel })
        }
        "edit_contact" => edit_contact(fields),
        _ => return None,
    })
}

fn note(id: &str, at: i64, fields: &Fields<'_>) -> Result<DeskCommand, Outcome> {
    let conversation = fields.id("conversation")?;
    let text = fields.text_body(&["note", "text"])?;
    Ok(DeskCommand::Note { id: id.to_owned(), at, conversation, text })
}

fn label(fields: &Fields<'_>) -> Result<DeskCommand, Outcome> {
    let object = match fields.optional_id("conversation")? {
        Some(conversation) => Labelled::Conversation(conversation),
        None => Labelled::Contact(fields.id("contact")?),
    };
    let (add, remove) = (labels(fields, "add")?, labels(fields, "remove")?);
    if !add.is_disjoint(&remove) {
        return Err(malformed("remove"));
    }
    Ok(DeskCommand::Label { object, add, remove })
}

fn labels(fields: &Fields<'_>, name: &str) -> Result<BTreeSet<String>, Outcome> {
    let list = match fields.value(name) {
        None | Some(Value::Null) => return Ok(BTreeSet::new()),
        Some(list) => list.as_array().ok_or_else(|| malformed(name))?,
    };
    if list.len() > MAX_LABELS {
        return Err(too_many(name, MAX_LABELS, list.len()));
    }
    list.iter()
        .map(|id| match id.as_str() {
            Some(id) if !id.is_empty() && id.len() <= 64 => Ok(id.to_owned()),
            _ => Err(malformed(name)),
        })
        .collect()
}

fn status(fields: &Fields<'_>) -> Result<DeskCommand, Outcome> {
    let word = |name: &str| {
        let word = fields.text(name)?;
        if STATUSES.contains(&word) { Ok(word.to_owned()) } else { Err(malformed(name)) }
    };
    let (conversation, was, to) = (fields.id("conversation")?, word("was")?, word("to")?);
    let until = match (to.as_str(), fields.value("until")) {
        ("snoozed", Some(until)) => Some(until.as_i64().ok_or_else(|| malformed("until"))?),
        ("snoozed", None) => return Err(malformed("until")),
        _ => None,
    };
    let based_on_n = match fields.value("based_on_n") {
        None | Some(Value::Null) => None,
        Some(n) => {
            let n = n.as_i64().filter(|n| *n >= 0);
            Some(n.ok_or_else(|| malformed("based_on_n"))?)
        }
    };
    Ok(DeskCommand::Status { conversation, was, to, until, based_on_n })
}

fn assign(fields: &Fields<'_>) -> Result<DeskCommand, Outcome> {
    let holder =
        |name: &str| fields.value(name).and_then(Holder::parse).ok_or_else(|| malformed(name));
    let (conversation, was, to) = (fields.id("conversation")?, holder("was")?, holder("to")?);
    Ok(DeskCommand::Assign(Assign { conversation, was, to }))
}

fn edit_contact(fields: &Fields<'_>) -> Result<DeskCommand, Outcome> {
    let value = |name: &str| match fields.value(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let text = value.as_str().ok_or_else(|| malformed(name))?.trim();
            let length = text.chars().count();
            if length > MAX_VALUE {
                return Err(too_long(name, MAX_VALUE, length));
            }
            if text.contains('\0') {
                return Err(malformed(name));
            }
            Ok((!text.is_empty()).then(|| text.to_owned()))
        }
    };
    let field = fields.text("field")?;
    let good = !field.is_empty()
        && field.len() <= 40
        && field.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !good {
        return Err(malformed("field"));
    }
    Ok(DeskCommand::EditContact(EditContact {
        contact: fields.id("contact")?,
        field: field.to_owned(),
        was: value("was")?,
        to: value("to")?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: &Value) -> Option<Result<DeskCommand, Outcome>> {
        let map = value.as_object().unwrap();
        parse(map["kind"].as_str().unwrap(), "id", 5, &Fields(map))
    }

    #[test]
    fn each_bad_field_is_named() {
        let member = json!({"kind": "member", "id": "m"});
        for (command, field) in [
            (json!({"kind": "note", "body": {"kind": "note", "text": "x"}}), "conversation"),
            (json!({"kind": "note", "conversation": "v", "body": {"kind": "media"}}), "body.kind"),
            (json!({"kind": "label", "add": ["a"]}), "contact"),
            (json!({"kind": "label", "contact": "c", "add": "a"}), "add"),
            (json!({"kind": "label", "contact": "c", "add": ["a"], "remove": ["a"]}), "remove"),
            (json!({"kind": "status", "conversation": "v", "was": "x", "to": "open"}), "was"),
            (json!({"kind": "status", "conversation": "v", "was": "open", "to": "shut"}), "to"),
            (
                json!({"kind": "status", "conversation": "v", "was": "open", "to": "snoozed"}),
                "until",
            ),
            (json!({"kind": "assign", "conversation": "v", "was": member}), "to"),
            (json!({"kind": "assign", "conversation": "v", "to": member, "was": "me"}), "was"),
            (json!({"kind": "take_over"}), "conversation"),
            (json!({"kind": "hand_back", "conversation": ""}), "conversation"),
            (json!({"kind": "shift", "on": 1}), "on"),
            (json!({"kind": "owner_app_opened"}), "channel"),
            (json!({"kind": "edit_contact", "contact": "c", "field": "No", "to": "x"}), "field"),
            (json!({"kind": "edit_contact", "contact": "c", "field": "name", "to": 5}), "to"),
            (json!({"kind": "edit_contact", "field": "name", "to": "x"}), "contact"),
        ] {
            assert_eq!(read(&command), Some(Err(malformed(field))), "{command}");
        }
        assert_eq!(read(&json!({"kind": "send"})), None);
    }

    #[test]
    fn sets_are_sets_and_empty_values_are_none() {
        let command = json!({"kind": "label", "conversation": "v", "add": ["b", "a", "b"]});
        let Some(Ok(DeskCommand::Label { add, remove, .. })) = read(&command) else { panic!() };
        assert_eq!((add.len(), remove.len()), (2, 0));
        let command = json!({"kind": "edit_contact", "contact": "c", "field": "name", "to": " "});
        let Some(Ok(DeskCommand::EditContact(edit))) = read(&command) else { panic!() };
        assert_eq!((edit.was, edit.to), (None, None));
    }
}

//! `smb_app_state_sync`: the address book of the owner's phone (whatsapp.md 4.5).

use serde_json::Value;

use super::people;
use super::read::Place;
use super::values::{items, number_id, text, time_ms, word};
use super::{Customer, Thing};

/// One entry that was saved, changed or removed on the owner's phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PhoneBookEntry {
    /// Our number.
    pub(crate) phone_number_id: String,
    /// Whom it names; `name` is the full name, else the first name, none when it was removed.
    pub(crate) customer: Customer,
    /// It was removed.
    pub(crate) removed: bool,
    /// When, ms UTC: entries come in any order.
    pub(crate) at: Option<i64>,
}

/// Reads the value of such a change.
pub(super) fn read(place: &Place<'_>, value: &Value, things: &mut Vec<Thing>) {
    for entry in items(value.get("state_sync")) {
        things.push(read_entry(place, value, entry));
    }
}

fn read_entry(place: &Place<'_>, value: &Value, entry: &Value) -> Thing {
    let said = |name: &str| entry.get(name).and_then(Value::as_str).map_or_else(String::new, word);
    let (kind, action) = (said("type"), said("action"));
    let left = |reason| place.leftover(&format!("{kind}.{action}"), reason);
    if kind != "contact" {
        return left("kind_not_known");
    }
    let removed = match action.as_str() {
        "add" => false,
        "remove" => true,
        _ => return left("action_not_known"),
    };
    let Some(phone_number_id) = number_id(value) else { return left("no_phone_number_id") };
    let contact = entry.get("contact");
    let of = |name: &str| contact.and_then(|c| c.get(name));
    let Some(who) = people::customer(of("phone_number"), of("user_id"), &[], false) else {
        return left("nobody_named");
    };
    let name = text(of("full_name")).or_else(|| text(of("first_name")));
    let name = name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let username = text(of("username")).map(|name| name.trim_start_matches('@').to_owned());
    Thing::PhoneBook(PhoneBookEntry {
        phone_number_id,
        customer: Customer {
            name: name.filter(|_| !removed),
            username: username.filter(|name| !name.is_empty()),
            ..who
        },
        removed,
        at: time_ms(entry.get("metadata").and_then(|m| m.get("timestamp"))),
    })
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;
    use serde_json::json;

    fn entries(entries: &Value) -> Vec<Thing> {
        let value = json!({"metadata": {"phone_number_id": "4242"}, "state_sync": entries});
        let change = json!({"field": "smb_app_state_sync", "value": value});
        read(json!({"entry": [{"id": "b", "changes": [change]}]}).to_string().as_bytes()).unwrap()
    }

    #[test]
    fn entries_are_read_and_others_are_left() {
        let things = entries(&json!([
            {"type": "contact", "action": "add", "metadata": {"timestamp": "17"},
             "contact": {"full_name": "Ana Ruiz", "first_name": "Ana", "phone_number": "+34 611", "user_id": "ES.x", "username": "@ana"}},
            {"type": "contact", "action": "add", "metadata": {"timestamp": 18}, "contact": {"first_name": "Leo", "phone_number": "34622"}},
            {"type": "contact", "action": "remove", "metadata": {"timestamp": "19"}, "contact": {"phone_number": "34611"}},
            {"type": "label", "action": "add"},
            {"type": "contact", "action": "merge", "contact": {"phone_number": "1"}},
            {"type": "contact", "action": "add", "contact": {}},
        ]));
        let read: Vec<_> = things
            .iter()
            .map(|thing| match thing {
                Thing::PhoneBook(e) => format!(
                    "{:?} {:?} {:?} {} {:?}",
                    e.customer.name, e.customer.phone, e.customer.username, e.removed, e.at
                ),
                Thing::Leftover(left) => format!("{} {}", left.kind, left.reason),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            read,
            [
                r#"Some("Ana Ruiz") Some("34611") Some("ana") false Some(17000)"#,
                r#"Some("Leo") Some("34622") None false Some(18000)"#,
                r#"None Some("34611") None true Some(19000)"#,
                "label.add kind_not_known",
                "contact.merge action_not_known",
                "contact.add nobody_named",
            ]
        );
    }
}

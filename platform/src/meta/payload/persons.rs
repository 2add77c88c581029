//! News about persons: `system` messages, and the fields `user_id_update` and `user_preferences`
//! (whatsapp.md 1.5, 2 and 8.1).

use serde_json::Value;

use super::people::{customer, digits, is_user_id};
use super::read::Place;
use super::values::{id, items, number_id, time_ms, word};
use super::{Customer, Leftover, Person, PersonNews, Thing};

/// A message of type `system`. It has no contacts beside it.
pub(super) fn system(
    place: &Place<'_>,
    value: &Value,
    message: &Value,
) -> Result<Person, Leftover> {
    let part = message.get("system").unwrap_or(&Value::Null);
    let said = part.get("type").and_then(Value::as_str).map_or_else(String::new, word);
    let left = |reason| place.left(&format!("system.{said}"), reason);
    let news = match said.as_str() {
        // The second of each is what older versions say.
        "user_changed_number" | "customer_changed_number" | "user_changed_user_id" => {
            let mut new = Customer::default();
            for key in ["wa_id", "new_wa_id", "user_id"] {
                sort(&mut new, id(part.get(key)));
            }
            if new == Customer::default() {
                return Err(left("nothing_new"));
            }
            PersonNews::Moved { phone: new.phone, user_id: new.user_id }
        }
        "customer_identity_changed" | "user_identity_changed" => PersonNews::KeyChanged,
        _ => return Err(left("unknown_system_kind")),
    };
    let mut before = Customer::default();
    for known in [
        part.get("previous_user_id"),
        message.get("from_user_id"),
        message.get("from"),
        part.get("customer"),
    ] {
        // What is new already cannot tell who it was.
        if let Some(known) = id(known).filter(|known| !is_new(&news, known)) {
            sort(&mut before, Some(known));
        }
    }
    let phone_number_id = number_id(value).ok_or_else(|| left("no_phone_number_id"))?;
    Ok(Person {
        field: place.field.to_owned(),
        phone_number_id: Some(phone_number_id),
        waba_id: id(place.entry.get("id")),
        wamid: Some(id(message.get("id")).ok_or_else(|| left("no_id"))?),
        at: time_ms(message.get("timestamp")),
        customer: named(before).ok_or_else(|| left("nobody_named"))?,
        news,
    })
}

fn is_new(news: &PersonNews, known: &str) -> bool {
    match news {
        PersonNews::Moved { phone, user_id } => {
            user_id.as_deref() == Some(known) || (phone.is_some() && *phone == digits(known))
        }
        _ => false,
    }
}

/// Puts an id where it belongs, unless that place is taken.
fn sort(who: &mut Customer, id: Option<String>) {
    let Some(id) = id else { return };
    if is_user_id(&id) {
        who.user_id.get_or_insert(id);
    } else if let Some(digits) = digits(&id) {
        who.phone.get_or_insert(digits);
    }
}

fn named(who: Customer) -> Option<Customer> {
    (who.phone.is_some() || who.user_id.is_some()).then_some(who)
}

/// Field `user_id_update`, which one of Meta's pages prints and another takes back: the value is
/// the news itself, or lists it under the field's name.
pub(super) fn user_id_update(place: &Place<'_>, value: &Value, things: &mut Vec<Thing>) {
    let listed = items(value.get("user_id_update"));
    let all = if listed.is_empty() { std::slice::from_ref(value) } else { listed };
    for one in all {
        let part = |name: &str| one.get("user_id").and_then(|ids| ids.get(name));
        let who = customer(one.get("wa_id"), part("previous"), &[], false);
        let new = id(part("current")).filter(|id| is_user_id(id));
        things.push(match (who, new) {
            (Some(customer), Some(user_id)) => Thing::Person(Person {
                field: place.field.to_owned(),
                phone_number_id: number_id(value),
                waba_id: id(place.entry.get("id")),
                wamid: None,
                at: time_ms(one.get("timestamp")),
                customer,
                news: PersonNews::Moved { phone: None, user_id: Some(user_id) },
            }),
            (None, _) => place.leftover("", "nobody_named"),
            (_, None) => place.leftover("", "nothing_new"),
        });
    }
}

/// Field `user_preferences`: whether a person wants advertising.
pub(super) fn user_preferences(place: &Place<'_>, value: &Value, things: &mut Vec<Thing>) {
    for one in items(value.get("user_preferences")) {
        let said =
            |name: &str| one.get(name).and_then(Value::as_str).map_or_else(String::new, word);
        let (category, wish) = (said("category"), said("value"));
        let contacts = items(value.get("contacts"));
        let only = items(value.get("user_preferences")).len() == 1;
        let who = customer(one.get("wa_id"), one.get("user_id"), contacts, only);
        let stopped = match wish.as_str() {
            "stop" => Some(true),
            "resume" => Some(false),
            _ => None,
        };
        let kind = format!("{category}.{wish}");
        things.push(match (who, stopped) {
            _ if category != "marketing_messages" => place.leftover(&kind, "unknown_category"),
            (Some(customer), Some(stopped)) => Thing::Person(Person {
                field: place.field.to_owned(),
                phone_number_id: number_id(value),
                waba_id: id(place.entry.get("id")),
                wamid: None,
                at: time_ms(one.get("timestamp")),
                customer,
                news: PersonNews::Marketing { stopped },
            }),
            (None, _) => place.leftover(&kind, "nobody_named"),
            (_, None) => place.leftover(&kind, "unknown_wish"),
        });
    }
}

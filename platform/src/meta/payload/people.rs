//! Who a message is about: a phone number, a business-scoped user id, or both.

use serde_json::Value;

use super::Customer;
use super::values::{id, text};

/// Whether an id is a BSUID and not a phone number: `^[A-Z]{2}\.` (whatsapp.md 8.1). BSUIDs were
/// also seen in the fields that are meant for numbers.
pub(crate) fn is_user_id(id: &str) -> bool {
    matches!(id.as_bytes(), [a, b, b'.', _, ..] if a.is_ascii_uppercase() && b.is_ascii_uppercase())
}

/// Digits of a number; none if it holds none.
pub(super) fn digits(number: &str) -> Option<String> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}

/// The customer of a message, from the ids in the message itself and the contacts beside it.
///
/// `only` says that the value holds a single message, so that its single contact must be the one
/// meant even if the ids are spelled differently.
pub(crate) fn customer(
    number: Option<&Value>,
    user_id: Option<&Value>,
    contacts: &[Value],
    only: bool,
) -> Option<Customer> {
    let mut who = Customer::default();
    take(&mut who, id(user_id));
    take(&mut who, id(number));
    let entry = contacts.iter().find(|c| names(c, &who)).or(match contacts {
        [single] if only => Some(single),
        _ => None,
    });
    if let Some(entry) = entry {
        take(&mut who, id(entry.get("user_id")));
        take(&mut who, id(entry.get("wa_id")));
        let profile = entry.get("profile");
        who.name = text(profile.and_then(|p| p.get("name")));
        who.username = text(profile.and_then(|p| p.get("username")))
            .map(|name| name.trim_start_matches('@').to_owned())
            .filter(|name| !name.is_empty());
    }
    (who.phone.is_some() || who.user_id.is_some()).then_some(who)
}

/// Puts an id where it belongs, unless that place is taken: the message knows better than the
/// contact beside it.
fn take(who: &mut Customer, id: Option<String>) {
    let Some(id) = id else { return };
    if is_user_id(&id) {
        who.user_id.get_or_insert(id);
    } else if let Some(digits) = digits(&id) {
        who.phone.get_or_insert(digits);
    }
}

fn names(contact: &Value, who: &Customer) -> bool {
    let ids = [id(contact.get("user_id")), id(contact.get("wa_id"))];
    ids.into_iter().flatten().any(|id| {
        if is_user_id(&id) {
            who.user_id.as_deref() == Some(id.as_str())
        } else {
            who.phone.is_some() && who.phone == digits(&id)
        }
    })
}

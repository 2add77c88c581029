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
pub(crate) fn digits(number: &str) -> Option<String> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}

/// The form of a number that all its spellings share (whatsapp.md 8.2): for comparing, never for
/// sending. Brazil: mobiles with and without the 9 behind the area code. Mexico: 521 and 52.
/// Argentina keeps 549 and 54 apart: there the same digits may be a mobile and a landline.
///
/// `platform/src/store/migrations/0002_inbound.sql` computes the same; a test compares the two.
pub(crate) fn number_key(digits: &str) -> String {
    if !digits.is_ascii() || digits.len() != 13 {
        return digits.to_owned();
    }
    // Behind the dropped digit a landline of Brazil begins with 2 to 5: no mobile, no match.
    let mobile = |c: char| ('6'..='9').contains(&c);
    let dropped = match (digits.get(..2), digits.get(2..3), digits.get(4..5)) {
        (Some("55"), _, Some("9")) if digits.chars().nth(5).is_some_and(mobile) => 4,
        (Some("52"), Some("1"), _) => 2,
        _ => return digits.to_owned(),
    };
    let (before, after) = digits.split_at(dropped);
    format!("{before}{}", after.get(1..).unwrap_or_default())
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
        // Blanks alone would be a person whom nobody sees in the list.
        who.name = text(profile.and_then(|p| p.get("name")))
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_mobile_share_a_key() {
        for (spelled, key) in [
            ("5511987654321", "551187654321"),
            ("551187654321", "551187654321"),
            // A landline that somebody put a 9 before is another number.
            ("5511932654321", "5511932654321"),
            ("551132654321", "551132654321"),
            ("5215512345678", "525512345678"),
            ("525512345678", "525512345678"),
            ("5491123456789", "5491123456789"),
            ("541123456789", "541123456789"),
            ("34600111222", "34600111222"),
            ("", ""),
        ] {
            assert_eq!(number_key(spelled), key, "{spelled}");
        }
    }
}

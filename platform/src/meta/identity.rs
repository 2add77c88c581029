//! Ids of what webhooks make: the same body always makes the same ids, so that a replay of the
//! stored bodies into an empty store can be compared row by row.

use ring::hmac;
use uuid::{Builder, Uuid};

/// Id of a message that a webhook brought.
pub(crate) fn message(workspace: &str, wamid: &str) -> String {
    derive(workspace, "message", wamid)
}

/// Id of a contact, from the id that it was first known by.
pub(crate) fn contact(workspace: &str, user_id: Option<&str>, phone: Option<&str>) -> String {
    match (user_id, phone) {
        (Some(user_id), _) => derive(workspace, "user_id", user_id),
        (None, phone) => derive(workspace, "phone", phone.unwrap_or_default()),
    }
}

/// Id of the conversation of a contact on one of our numbers.
pub(crate) fn conversation(workspace: &str, contact: &str, phone_number_id: &str) -> String {
    derive(workspace, "conversation", &format!("{contact} {phone_number_id}"))
}

/// Id of a template of an account.
pub(crate) fn template(workspace: &str, waba_id: &str, name: &str, language: &str) -> String {
    derive(workspace, "template", &format!("{waba_id} {name} {language}"))
}

/// HMAC-SHA-256 under the workspace's (random) id, as a UUID of version 8: without the key an id
/// does not tell the number it was made from.
fn derive(workspace: &str, kind: &str, from: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, workspace.as_bytes());
    let tag = hmac::sign(&key, format!("{kind}\0{from}").as_bytes());
    let bytes = tag.as_ref().first_chunk::<16>().copied().unwrap_or_default();
    let uuid: Uuid = Builder::from_custom_bytes(bytes).into_uuid();
    uuid.hyphenated().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_things_have_equal_ids_and_others_do_not() {
        assert_eq!(message("w", "x"), message("w", "x"));
        let all = [
            message("w", "x"),
            message("v", "x"),
            contact("w", Some("x"), Some("1")),
            contact("w", None, Some("x")),
            contact("w", None, Some("1")),
            conversation("w", "x", "1"),
            conversation("w", "x", "2"),
        ];
        for (i, one) in all.iter().enumerate() {
            assert!(all.iter().skip(i + 1).all(|other| other != one));
            assert!(Uuid::parse_str(one).is_ok());
        }
    }

    #[test]
    fn a_number_learnt_later_does_not_change_the_id() {
        assert_eq!(contact("w", Some("x"), None), contact("w", Some("x"), Some("1")));
    }
}

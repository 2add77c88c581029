//! How people are named: phone numbers as digits, and the business-scoped user id beside them.

use ring::digest::{SHA256, digest};

/// The digits of a phone number as people and clients write it, or `None` if it is none.
pub(crate) fn digits(input: &str) -> Option<String> {
    let digits: String = input.chars().filter(|c| !"+ -().".contains(*c)).collect();
    let plain = digits.chars().all(|c| c.is_ascii_digit());
    (plain && (6..=15).contains(&digits.len())).then_some(digits)
}

/// The business-scoped user id of a customer: the same one for ever, whatever the seed.
pub(crate) fn user_id(wa_id: &str) -> String {
    let hash = digest(&SHA256, wa_id.as_bytes());
    let number = hash.as_ref().iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    format!("US.{:015}", number % 1_000_000_000_000_000)
}

/// The profile name of a customer who was never given one.
pub(crate) fn default_name(wa_id: &str) -> String {
    format!("Customer {}", &wa_id[wa_id.len().saturating_sub(4)..])
}

#[cfg(test)]
mod tests {
    use super::{default_name, digits, user_id};

    #[test]
    fn reads_numbers_as_clients_write_them() {
        assert_eq!(digits("+1 (650) 555-1234").as_deref(), Some("16505551234"));
        assert_eq!(digits("16505551234").as_deref(), Some("16505551234"));
        for wrong in
            ["", "+", "12345", "1234567890123456", "1650555x234", "US.13491208655302741918"]
        {
            assert_eq!(digits(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn user_ids_are_stable_and_apart() {
        assert_eq!(user_id("16505551234"), user_id("16505551234"));
        assert_ne!(user_id("16505551234"), user_id("16505551235"));
        assert_eq!(user_id("1").len(), "US.".len() + 15);
        assert_eq!(default_name("16505551234"), "Customer 1234");
    }
}

//! Limits of what is written.

use crate::api::Error;

/// Longest text of a reply, in Unicode scalar values (protocol.md 7; WhatsApp's own limit for a text body).
pub(crate) const TEXT_LIMIT: usize = 4_096;

/// Refuses a text that may not be queued: empty, only white space, or too long.
pub(crate) fn check(text: &str) -> Result<(), Error> {
    let limit = TEXT_LIMIT as u64;
    if text.trim().is_empty() || text.chars().count() > TEXT_LIMIT {
        return Err(Error::Invalid { field: "text".to_owned(), limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_characters_and_not_bytes() {
        assert!(check(&"語".repeat(4_096)).is_ok());
        let refused = Error::Invalid { field: "text".into(), limit: 4_096 };
        assert_eq!(check(&"a".repeat(4_097)), Err(refused.clone()));
        assert_eq!(check(" \n\t"), Err(refused.clone()));
        assert_eq!(check(""), Err(refused));
    }
}

//! The customer service window: 24 hours from a customer's last message, kept by Meta's side.

/// Length of the window in milliseconds (Meta: send-messages, 24 hours).
pub const WINDOW_MS: i64 = 24 * 3_600_000;

/// Whether free text may go to a customer whose newest message is dated `last_customer_ms`.
pub(crate) fn is_open(last_customer_ms: Option<i64>, now_ms: i64) -> bool {
    last_customer_ms.is_some_and(|last| now_ms < last.saturating_add(WINDOW_MS))
}

#[cfg(test)]
mod tests {
    use super::{WINDOW_MS, is_open};

    #[test]
    fn closes_to_the_millisecond() {
        assert!(!is_open(None, 0));
        assert!(is_open(Some(1_000), 1_000 + WINDOW_MS - 1));
        assert!(!is_open(Some(1_000), 1_000 + WINDOW_MS));
    }
}

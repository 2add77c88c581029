//! The customer service window: free text until 24 hours after the customer's last message, in server time.
//! The platform says when it closes (whatsapp.md 6: only a customer's message opens it); here it is only compared.

use crate::api::{Millis, WindowState};

/// The window at server time `now`.
pub(crate) fn state(closes_at: Option<i64>, now: i64) -> WindowState {
    match closes_at {
        Some(closes_at) if now < closes_at => WindowState::Open {
            closes_at: Millis(closes_at),
            left_ms: closes_at.saturating_sub(now),
        },
        other => WindowState::Closed { closed_at: other.map(Millis) },
    }
}

/// True while free text may go.
pub(crate) fn is_open(closes_at: Option<i64>, now: i64) -> bool {
    matches!(state(closes_at, now), WindowState::Open { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_closed_from_the_very_moment_on() {
        assert_eq!(state(Some(10), 9), WindowState::Open { closes_at: Millis(10), left_ms: 1 });
        assert_eq!(state(Some(10), 10), WindowState::Closed { closed_at: Some(Millis(10)) });
        assert_eq!(state(None, 10), WindowState::Closed { closed_at: None });
        assert!(is_open(Some(i64::MAX), i64::MAX - 1));
    }
}

//! How long a message waits before the next try.
//!
//! Full jitter: a wait is drawn evenly from zero to a limit that doubles with each try, from one
//! second to one minute, so that many messages that failed together do not come back together.
//! What WhatsApp itself asks for (`Retry-After`) is a floor under the draw. The pair limit is the
//! exception: Meta names 4^X seconds for it (whatsapp.md section 7), and that is what is waited, up to
//! the time in which the whole burst is paid back: X counts all tries, and what was tried often for
//! other reasons must not wait an hour for this one.

use crate::support::rng::Rng;

/// First limit of the draw, ms.
const FIRST_MS: i64 = 1_000;
/// Greatest limit of the draw, ms.
const CEILING_MS: i64 = 60_000;
/// Longest `Retry-After` that is believed, ms.
const RETRY_AFTER_MAX_MS: i64 = 3_600_000;
/// Greatest X of 4^X seconds: 256, where 45 messages are paid back in 270 (whatsapp.md 5.6).
const PAIR_MAX_POWER: u32 = 4;
/// No wait is ever longer than this, ms: one that is was written by a clock that was set back since.
pub(crate) const LONGEST_MS: i64 = RETRY_AFTER_MAX_MS + CEILING_MS;

/// Wait in ms before the next try; `attempts` counts the tries so far, at least 1.
pub(crate) fn wait_ms(attempts: i64, retry_after_ms: Option<i64>, rng: &dyn Rng) -> i64 {
    let doublings = u32::try_from(attempts.clamp(1, 16) - 1).unwrap_or(0);
    let limit = (FIRST_MS << doublings).min(CEILING_MS);
    let floor = retry_after_ms.unwrap_or(0).clamp(0, RETRY_AFTER_MAX_MS);
    floor + draw(limit, rng)
}

/// Wait in ms after the pair limit (131056): 4^X seconds, X = tries so far, at most 4.
pub(crate) fn pair_wait_ms(attempts: i64, retry_after_ms: Option<i64>) -> i64 {
    let power = u32::try_from(attempts.max(1)).unwrap_or(PAIR_MAX_POWER).min(PAIR_MAX_POWER);
    let wait = 4_i64.pow(power) * 1_000;
    wait.max(retry_after_ms.unwrap_or(0).min(RETRY_AFTER_MAX_MS))
}

/// How long a whole number is left alone after WhatsApp slowed it down, ms: what it asks for, else
/// a second ("wait seconds", whatsapp.md section 7).
pub(crate) fn slow_ms(retry_after_ms: Option<i64>) -> i64 {
    retry_after_ms.unwrap_or(0).clamp(FIRST_MS, RETRY_AFTER_MAX_MS)
}

/// An even draw from `0..=limit`; the bias of the remainder is below 2^-40.
fn draw(limit: i64, rng: &dyn Rng) -> i64 {
    let mut bytes = [0_u8; 8];
    rng.fill(&mut bytes);
    let wide = u64::from_le_bytes(bytes) >> 1;
    i64::try_from(wide).unwrap_or(0) % (limit + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Same(u8);
    impl Rng for Same {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn the_draw_stays_below_the_limit() {
        for byte in 0..=255 {
            for (attempts, limit) in [(1, 1_000), (2, 2_000), (3, 4_000), (7, 60_000), (99, 60_000)]
            {
                let wait = wait_ms(attempts, None, &Same(byte));
                assert!((0..=limit).contains(&wait), "{attempts} {wait}");
            }
        }
    }

    #[test]
    fn retry_after_is_a_floor_within_reason() {
        assert_eq!(wait_ms(1, Some(7_000), &Same(0)), 7_000);
        assert_eq!(wait_ms(1, Some(-5), &Same(0)), 0);
        assert_eq!(wait_ms(1, Some(i64::MAX), &Same(0)), RETRY_AFTER_MAX_MS);
    }

    #[test]
    fn a_slowed_number_rests_a_second_at_least() {
        assert_eq!(slow_ms(None), 1_000);
        assert_eq!(slow_ms(Some(-1)), 1_000);
        assert_eq!(slow_ms(Some(9_000)), 9_000);
        assert_eq!(slow_ms(Some(i64::MAX)), RETRY_AFTER_MAX_MS);
    }

    #[test]
    fn the_pair_limit_is_four_to_the_power_of_tries() {
        assert_eq!(pair_wait_ms(1, None), 4_000);
        assert_eq!(pair_wait_ms(2, None), 16_000);
        assert_eq!(pair_wait_ms(3, Some(90_000)), 90_000);
        assert_eq!(pair_wait_ms(50, None), 256_000);
    }

    #[test]
    fn no_wait_is_longer_than_the_longest() {
        for asked in [None, Some(0), Some(i64::MAX)] {
            assert!(pair_wait_ms(i64::MAX, asked) <= LONGEST_MS);
            assert!(wait_ms(i64::MAX, asked, &Same(255)) <= LONGEST_MS);
            assert!(slow_ms(asked) <= LONGEST_MS);
        }
    }
}

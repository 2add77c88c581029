//! How long to wait between tries: full jitter under a growing ceiling.

use crate::support::{Rng, below};

/// First ceiling, doubled with each failure.
const FIRST_MS: u64 = 1_000;
/// Ceiling while the app is open.
pub(crate) const FOREGROUND_MS: u64 = 60_000;

/// Milliseconds to wait after `failures` failures in a row. What the server asked for (`at_least_ms`) is never cut short.
pub(crate) fn delay_ms(failures: u32, ceiling_ms: u64, at_least_ms: u64, rng: &dyn Rng) -> u64 {
    let doubled = FIRST_MS.checked_shl(failures.saturating_sub(1).min(32)).unwrap_or(u64::MAX);
    let ceiling = doubled.min(ceiling_ms);
    // Half of the ceiling is kept, so that a storm of zero waits cannot happen.
    let half = ceiling / 2;
    (half.saturating_add(below(ceiling - half, rng))).max(at_least_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);
    impl Rng for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn it_grows_to_the_ceiling_and_no_further() {
        for byte in [0, 7, 255] {
            let mut seen = 0;
            for failures in 0..200 {
                let delay = delay_ms(failures, FOREGROUND_MS, 0, &Fixed(byte));
                assert!(delay <= FOREGROUND_MS, "{failures}: {delay}");
                seen = seen.max(delay);
            }
            assert!(seen >= FOREGROUND_MS / 2);
        }
    }

    #[test]
    fn what_the_server_asked_for_is_kept() {
        assert_eq!(delay_ms(1, FOREGROUND_MS, 300_000, &Fixed(3)), 300_000);
    }
}

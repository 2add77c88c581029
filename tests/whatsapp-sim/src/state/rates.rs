//! Meta's limits on calls, where they are switched on (whatsapp.md 5.6).

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::graph::errors::MetaError;

/// The limits in force; 0 and `false` switch one off, as at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Sends a second for each phone number id; 20 on coexistence. Beyond: 130429.
    pub per_second: u32,
    /// Sends to one recipient: 45 at once, then one each 6 s. Beyond: 131056.
    pub pair: bool,
    /// Other calls an hour; 200 for an app and a business account. Beyond: 80007.
    pub management_per_hour: u32,
}

const SECOND_MS: u64 = 1_000;
const HOUR_MS: u64 = 3_600_000;
/// One message to the same recipient is paid back in this time.
const PAIR_EVERY_MS: u64 = 6_000;
/// Messages that may be owed at once.
const PAIR_BURST: u64 = 45;

/// What was used up lately, by ticks.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    sends: BTreeMap<String, VecDeque<u64>>,
    /// (phone number id, recipient) -> (tick, milliseconds owed at that tick).
    pairs: BTreeMap<(String, String), (u64, u64)>,
    management: VecDeque<u64>,
}

/// Counts one more in a sliding span, or the milliseconds until there is room.
fn slide(used: &mut VecDeque<u64>, tick: u64, span: u64, most: u32) -> Result<(), u64> {
    while used.front().is_some_and(|at| at.saturating_add(span) <= tick) {
        used.pop_front();
    }
    match used.front() {
        Some(first) if used.len() >= usize::try_from(most).unwrap_or(usize::MAX) => {
            Err(first.saturating_add(span).saturating_sub(tick))
        }
        _ => {
            used.push_back(tick);
            Ok(())
        }
    }
}

fn refused(code: u32, wait_ms: u64) -> MetaError {
    MetaError::known(code).after(wait_ms.div_ceil(SECOND_MS).max(1))
}

impl Rates {
    /// One send, or Meta's refusal. A refused one is not counted.
    pub(crate) fn send(
        &mut self,
        tick: u64,
        limits: Limits,
        phone_number_id: &str,
        wa_id: &str,
    ) -> Result<(), MetaError> {
        let pair = (phone_number_id.to_owned(), wa_id.to_owned());
        let (since, owed) = self.pairs.get(&pair).copied().unwrap_or_default();
        let owed = owed.saturating_sub(tick.saturating_sub(since)).saturating_add(PAIR_EVERY_MS);
        if limits.pair {
            let over = owed.saturating_sub(PAIR_BURST * PAIR_EVERY_MS);
            if over > 0 {
                return Err(refused(131_056, over));
            }
        }
        if limits.per_second > 0 {
            let used = self.sends.entry(phone_number_id.to_owned()).or_default();
            slide(used, tick, SECOND_MS, limits.per_second)
                .map_err(|wait| refused(130_429, wait))?;
        }
        if limits.pair {
            self.pairs.insert(pair, (tick, owed));
        }
        Ok(())
    }

    /// One management call, or Meta's refusal.
    pub(crate) fn management(&mut self, tick: u64, per_hour: u32) -> Result<(), MetaError> {
        if per_hour == 0 {
            return Ok(());
        }
        slide(&mut self.management, tick, HOUR_MS, per_hour).map_err(|wait| refused(80_007, wait))
    }
}

#[cfg(test)]
mod tests {
    use super::{Limits, Rates};

    fn code(got: Result<(), crate::graph::errors::MetaError>) -> (u32, Option<u64>) {
        got.map_or_else(|error| (error.code, error.retry_after_s), |()| (0, None))
    }

    #[test]
    fn twenty_a_second_and_one_more_when_the_first_is_a_second_old() {
        let (mut rates, limits) =
            (Rates::default(), Limits { per_second: 20, ..Limits::default() });
        for n in 0..20 {
            assert_eq!(code(rates.send(n * 10, limits, "1", &n.to_string())), (0, None));
        }
        assert_eq!(code(rates.send(999, limits, "1", "x")), (130_429, Some(1)));
        assert_eq!(code(rates.send(999, limits, "2", "x")), (0, None), "another number");
        assert_eq!(code(rates.send(1_000, limits, "1", "x")), (0, None));
        assert_eq!(code(rates.send(1_000, limits, "1", "x")), (130_429, Some(1)));
    }

    #[test]
    fn a_burst_of_45_to_one_person_is_paid_back() {
        let (mut rates, limits) = (Rates::default(), Limits { pair: true, ..Limits::default() });
        for _ in 0..45 {
            assert_eq!(code(rates.send(0, limits, "1", "a")), (0, None));
        }
        assert_eq!(code(rates.send(0, limits, "1", "a")), (131_056, Some(6)));
        assert_eq!(code(rates.send(0, limits, "1", "b")), (0, None));
        assert_eq!(code(rates.send(5_999, limits, "1", "a")), (131_056, Some(1)));
        assert_eq!(code(rates.send(6_000, limits, "1", "a")), (0, None));
        assert_eq!(code(rates.send(6_000, limits, "1", "a")), (131_056, Some(6)));
    }

    #[test]
    fn management_calls_are_counted_by_the_hour() {
        let mut rates = Rates::default();
        assert!((0..500).all(|_| rates.management(0, 0).is_ok()), "off");
        assert!((0..200).all(|n| rates.management(n, 200).is_ok()));
        assert_eq!(code(rates.management(600_000, 200)), (80_007, Some(3_000)));
        assert_eq!(code(rates.management(3_600_000, 200)), (0, None));
    }
}

//! How fast calls may follow each other (whatsapp.md 5.6): 20 a second for a number, one in six
//! seconds for a recipient with a burst of 45 that is paid back.
//!
//! In memory, and filled again after a start from the attempts that the store holds. A number's limit
//! holds in every second, wherever it begins: a bucket would let two bursts into one. A recipient's is
//! a bucket, kept as one time: when it would be full again if nothing more went out. All times are
//! those of a clock that nobody sets: one that was set back must not silence a number.

use std::collections::{BTreeMap, VecDeque};

/// A limit: one call each `every_ms`, and `burst` at once after a long rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    every_ms: i64,
    burst: i64,
}

/// Of a number: so many calls ...
const NUMBER_CALLS: usize = 20;
/// ... in so long, ms: a second, and what one call may be faster on its way than the one before.
const NUMBER_MS: i64 = 1_050;
/// Of a recipient: one in six seconds, 45 at once.
const PAIR: Limit = Limit { every_ms: 6_000, burst: 45 };

/// After so long every bucket is full again, ms.
pub(crate) const MEMORY_MS: i64 = 6_000 * 45;

/// A bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Bucket {
    /// When it is full again, ms.
    full_at: i64,
}

impl Bucket {
    /// When the next call may go, ms; in the past or now: at once.
    fn free_at(self, limit: Limit) -> i64 {
        let debt_allowed = limit.every_ms * (limit.burst - 1);
        self.full_at.saturating_sub(debt_allowed)
    }

    fn take(&mut self, limit: Limit, now: i64) {
        self.full_at = self.full_at.max(now).saturating_add(limit.every_ms);
    }

    fn is_full(self, now: i64) -> bool {
        self.full_at <= now
    }
}

/// What went out on a number last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Number {
    /// Times of its newest calls, ms, at most [`NUMBER_CALLS`].
    calls: VecDeque<i64>,
    /// Not before, ms, whatever went out: WhatsApp asked for that.
    not_before: i64,
}

impl Number {
    /// When the next call may go, ms; in the past or now: at once.
    fn free_at(&self) -> i64 {
        let full = self.calls.len() >= NUMBER_CALLS;
        let oldest = self.calls.front().filter(|_| full);
        oldest.map_or(0, |at| at.saturating_add(NUMBER_MS)).max(self.not_before)
    }

    fn take(&mut self, now: i64) {
        if self.calls.len() >= NUMBER_CALLS {
            self.calls.pop_front();
        }
        self.calls.push_back(now);
    }

    fn rests(&self, now: i64) -> bool {
        let quiet = self.calls.back().is_none_or(|at| at.saturating_add(NUMBER_MS) <= now);
        quiet && self.not_before <= now
    }
}

/// What went out to all numbers and recipients.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pace {
    numbers: BTreeMap<String, Number>,
    /// By conversation: one contact on one channel.
    pairs: BTreeMap<String, Bucket>,
}

impl Pace {
    /// When a call on this number may go, ms.
    pub(crate) fn number_free_at(&self, channel: &str) -> i64 {
        self.numbers.get(channel).map_or(0, Number::free_at)
    }

    /// When a call to this recipient may go, ms.
    pub(crate) fn pair_free_at(&self, conversation: &str) -> i64 {
        self.pairs.get(conversation).map_or(0, |bucket| bucket.free_at(PAIR))
    }

    /// A call goes at `now`.
    pub(crate) fn take(&mut self, channel: &str, conversation: &str, now: i64) {
        self.numbers.entry(channel.to_owned()).or_default().take(now);
        self.pairs.entry(conversation.to_owned()).or_default().take(PAIR, now);
    }

    /// WhatsApp wants nothing of this number until then, ms.
    pub(crate) fn slow(&mut self, channel: &str, until: i64) {
        let number = self.numbers.entry(channel.to_owned()).or_default();
        number.not_before = number.not_before.max(until);
    }

    /// Forgets what is full again.
    pub(crate) fn tidy(&mut self, now: i64) {
        self.numbers.retain(|_, number| !number.rests(now));
        self.pairs.retain(|_, bucket| !bucket.is_full(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a call goes at `now`; if so it counts.
    fn goes(pace: &mut Pace, conversation: &str, now: i64) -> bool {
        let free = pace.number_free_at("h") <= now && pace.pair_free_at(conversation) <= now;
        if free {
            pace.take("h", conversation, now);
        }
        free
    }

    #[test]
    fn a_number_sends_twenty_in_any_second() {
        let mut pace = Pace::default();
        // A burst, a rest, and as many as it takes for ten seconds.
        let mut times = Vec::new();
        for ms in (0..1).chain(500..10_000) {
            pace.tidy(ms);
            for conversation in 0..30 {
                if goes(&mut pace, &format!("w{ms}.{conversation}"), ms) {
                    times.push(ms);
                }
            }
        }
        assert_eq!(times.iter().filter(|ms| **ms == 0).count(), 20);
        for from in &times {
            let second = times.iter().filter(|ms| (*from..from + 1_000).contains(*ms)).count();
            assert!(second <= 20, "{second} in the second after {from}");
        }
        assert!(times.len() >= 190, "{}", times.len());
        assert_eq!(pace.number_free_at("other"), 0);
    }

    #[test]
    fn a_recipient_gets_a_burst_of_45_that_is_paid_back() {
        let mut pace = Pace::default();
        let mut at = 0;
        for _ in 0..45 {
            at = at.max(pace.number_free_at("h"));
            assert!(pace.pair_free_at("v") <= at);
            pace.take("h", "v", at);
        }
        // 45 calls take 270 s to pay back; one goes each six seconds meanwhile.
        assert_eq!(pace.pair_free_at("v"), 6_000);
        assert_eq!(pace.pair_free_at("w"), 0);
        pace.take("h", "v", 6_000);
        assert_eq!(pace.pair_free_at("v"), 12_000);
        // Fully rested it may burst again.
        let rested = 6_000 * 46;
        pace.tidy(rested);
        assert_eq!(pace.pairs.len(), 0);
    }

    #[test]
    fn a_slowed_number_waits_and_others_do_not() {
        let mut pace = Pace::default();
        pace.slow("h", 9_000);
        pace.slow("h", 5_000);
        assert_eq!((pace.number_free_at("h"), pace.number_free_at("i")), (9_000, 0));
        pace.tidy(8_999);
        assert_eq!(pace.number_free_at("h"), 9_000);
        pace.tidy(9_000);
        assert_eq!(pace.number_free_at("h"), 0);
    }
}

//! The ladder of an outgoing message: how far it got, when, and why not further.
//!
//! Meta's statuses come in any order, more than once, and some never (`delivered` is left out when
//! delivered and read happen together). So the ladder is built as a join: each time is the minimum
//! over all reports of that step *or a later one*, the step is the maximum, and a failure is
//! hidden by a proof of delivery. Any order and any repetition of the same reports then give the
//! same ladder.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A rung; the order of the variants is the order of climbing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// No ladder at all: customers' messages, echoes of the owner's phone, imports.
    None,
    /// At our server.
    Queued,
    /// Graph gave an id, or any status came.
    Sent,
    /// On the customer's device.
    Delivered,
    /// Read by the customer.
    Read,
    /// Voice note played.
    Played,
}

impl Step {
    /// The steps that a status can prove, in climbing order.
    const PROVEN: [Self; 4] = [Self::Sent, Self::Delivered, Self::Read, Self::Played];

    /// The word on the wire and in the database.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
        }
    }

    /// Reads a word of the database; an unknown one has no place on the ladder.
    pub(crate) fn of(word: &str) -> Self {
        match word {
            "queued" => Self::Queued,
            "sent" => Self::Sent,
            "delivered" => Self::Delivered,
            "read" => Self::Read,
            "played" => Self::Played,
            _ => Self::None,
        }
    }
}

/// Why the next step is not reached. Field names are those of the wire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trouble {
    /// The R number of experience.md, `"R6"` for example.
    pub(crate) reason: String,
    /// WhatsApp's own code, where one came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) whatsapp_code: Option<i64>,
    /// Stable word for the sentence under the bubble, of `meta::codes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) word: Option<String>,
    /// Since when, ms UTC.
    pub(crate) since: i64,
    /// When it is tried again by itself, ms UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next_try: Option<i64>,
    /// Nothing more happens by itself.
    #[serde(rename = "final")]
    pub(crate) is_final: bool,
    /// Who answered meanwhile (R8): an author as in a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<serde_json::Value>,
    /// The number of that answer (R8).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) n: Option<i64>,
}

impl Trouble {
    /// A trouble that may pass, without a code.
    pub(crate) fn new(reason: &str, since: i64) -> Self {
        Self {
            reason: reason.to_owned(),
            whatsapp_code: None,
            word: None,
            since,
            next_try: None,
            is_final: false,
            by: None,
            n: None,
        }
    }

    /// The same trouble with WhatsApp's code.
    pub(crate) fn with_code(mut self, code: Option<i64>) -> Self {
        self.whatsapp_code = code;
        self
    }

    /// The same trouble with a word for its sentence.
    pub(crate) fn saying(mut self, word: &str) -> Self {
        self.word = Some(word.to_owned());
        self
    }

    /// The same trouble with the time of the next try.
    pub(crate) fn with_next_try(mut self, at: i64) -> Self {
        self.next_try = Some(at);
        self
    }

    /// The same trouble as the last word.
    pub(crate) fn ended(mut self) -> Self {
        self.is_final = true;
        self
    }
}

/// Step, times and trouble of one message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ladder {
    /// How far it got; only climbs.
    pub(crate) step: Step,
    /// When each step was reached, ms UTC.
    pub(crate) times: BTreeMap<Step, i64>,
    /// Why the next step is not reached.
    pub(crate) trouble: Option<Trouble>,
}

impl Ladder {
    /// The ladder of a message that was accepted at `at`.
    pub(crate) fn queued(at: i64) -> Self {
        Self { step: Step::Queued, times: BTreeMap::from([(Step::Queued, at)]), trouble: None }
    }

    /// A report that `step` was reached at `at`. Steps below it that lack a time, or have a later
    /// one, get this one. Returns whether anything changed.
    pub(crate) fn reach(&mut self, step: Step, at: i64) -> bool {
        let before = self.clone();
        // Meta counts in whole seconds, we in milliseconds: nothing is sent before it was queued.
        let at = self.times.get(&Step::Queued).map_or(at, |queued| at.max(*queued));
        for rung in Step::PROVEN.into_iter().filter(|rung| *rung <= step) {
            self.times.entry(rung).and_modify(|held| *held = at.min(*held)).or_insert(at);
        }
        let climbed = step > self.step;
        self.step = self.step.max(step);
        if self.settles_trouble(climbed) {
            self.trouble = None;
        }
        *self != before
    }

    /// A `failed` status with `trouble` (final). It proves that Meta had the message, never lowers
    /// the step, and says nothing once the customer's device had it. Of several failures the
    /// earliest is kept, and of those the one with the smallest code.
    pub(crate) fn fail(&mut self, trouble: Trouble) -> bool {
        let before = self.clone();
        self.reach(Step::Sent, trouble.since);
        if self.step < Step::Delivered {
            let rank = |t: &Trouble| (t.since, t.whatsapp_code);
            let keep = self.trouble.as_ref().is_some_and(|held| {
                held.is_final && held.reason != "R14" && rank(held) <= rank(&trouble)
            });
            if !keep {
                self.trouble = Some(trouble);
            }
        }
        *self != before
    }

    /// Whether the present step is proof against the present trouble: a failure falls to delivery
    /// only (a repeated `sent` says nothing new), everything else to any climb.
    fn settles_trouble(&self, climbed: bool) -> bool {
        match &self.trouble {
            None => false,
            Some(trouble) if trouble.is_final && trouble.reason != "R14" => {
                self.step >= Step::Delivered
            }
            Some(_) => climbed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn failed(code: i64, at: i64) -> Trouble {
        Trouble::new("R16", at).with_code(Some(code)).ended()
    }

    #[derive(Debug, Clone)]
    enum Report {
        Reach(Step, i64),
        Fail(i64, i64),
    }

    fn build(reports: &[Report]) -> Ladder {
        let mut ladder = Ladder::queued(10_500);
        for report in reports {
            match report {
                Report::Reach(step, at) => ladder.reach(*step, *at),
                Report::Fail(code, at) => ladder.fail(failed(*code, *at)),
            };
        }
        ladder
    }

    fn report() -> impl Strategy<Value = Report> {
        prop_oneof![
            4 => (0..4_usize, 8..20_i64).prop_map(|(s, t)| Report::Reach(Step::PROVEN[s], t * 1000)),
            1 => (0..3_i64, 8..20_i64).prop_map(|(c, t)| Report::Fail(131_000 + c, t * 1000)),
        ]
    }

    proptest! {
        #[test]
        fn order_and_repeats_do_not_matter(
            (reports, mixed) in prop::collection::vec(report(), 1..8).prop_flat_map(|reports| {
                let twice: Vec<_> = reports.iter().chain(&reports).cloned().collect();
                (Just(reports), Just(twice).prop_shuffle())
            })
        ) {
            prop_assert_eq!(build(&reports), build(&mixed));
        }

        #[test]
        fn the_step_never_falls_and_times_never_run_backwards(
            reports in prop::collection::vec(report(), 1..12)
        ) {
            let mut last = Step::Queued;
            for upto in 1..=reports.len() {
                let ladder = build(&reports[..upto]);
                prop_assert!(ladder.step >= last);
                last = ladder.step;
                let times: Vec<_> = ladder.times.values().collect();
                prop_assert!(times.is_sorted());
                prop_assert_eq!(ladder.times.keys().next_back(), Some(&ladder.step));
            }
        }
    }

    #[test]
    fn a_later_step_fills_the_earlier_ones() {
        let mut ladder = Ladder::queued(1_000);
        assert!(ladder.reach(Step::Read, 5_000));
        assert_eq!(ladder.times.get(&Step::Sent), Some(&5_000));
        assert!(ladder.reach(Step::Sent, 2_000));
        assert_eq!(ladder.step, Step::Read);
        assert_eq!(ladder.times.get(&Step::Sent), Some(&2_000));
        assert!(!ladder.reach(Step::Sent, 2_000));
    }

    #[test]
    fn a_proof_settles_an_unknown_outcome() {
        let mut ladder = Ladder::queued(1_000);
        ladder.trouble = Some(Trouble::new("R14", 2_000));
        assert!(ladder.reach(Step::Sent, 3_000));
        assert_eq!(ladder.trouble, None);
    }

    #[test]
    fn a_failure_stays_until_delivery() {
        let mut ladder = Ladder::queued(1_000);
        ladder.fail(failed(131_026, 3_000));
        ladder.reach(Step::Sent, 2_000);
        assert!(ladder.trouble.is_some());
        assert_eq!(ladder.step, Step::Sent);
        ladder.reach(Step::Delivered, 4_000);
        assert_eq!(ladder.trouble, None);
        ladder.fail(failed(131_026, 5_000));
        assert_eq!(ladder.trouble, None);
    }
}

//! What an answer of WhatsApp means for a message: the table of whatsapp.md section 7, row by row.
//!
//! One row gives the class (what the queue does), the reason (the R of experience.md that phones
//! show) and a stable word for the sentence that a screen picks. The table stands here once; the
//! queue, statuses, uploads and the channel's state all ask it.

use std::ops::RangeInclusive;

/// What to do with a message after an answer or a `failed` status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// It may have gone out: never resent by ourselves (R14).
    UnknownOutcome,
    /// Meta's own trouble: tried again with back-off (R6).
    RetryLater,
    /// A limit of the number or the account: tried again when it allows (R6).
    RetryWhenAllowed,
    /// A limit of this one recipient: waits 4^X seconds, X = tries so far (R6).
    RetryPair,
    /// The 24 hours have passed: free text is not allowed now (R7).
    NeedsTemplate,
    /// The whole line stops, its messages are kept, somebody is told (R5, R11).
    StopAndAlert,
    /// This message never goes by itself (R10, R12, R13, R16).
    Permanent,
}

/// The meaning of one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// What the queue does.
    pub(crate) class: Class,
    /// The reason that phones show, `"R6"` for example.
    pub(crate) reason: &'static str,
    /// Stable word for the sentence under the bubble.
    pub(crate) word: &'static str,
}

/// A row of the table.
struct Row {
    codes: RangeInclusive<i64>,
    meaning: Meaning,
}

const fn row(first: i64, last: i64, class: Class, reason: &'static str, word: &'static str) -> Row {
    Row { codes: first..=last, meaning: Meaning { class, reason, word } }
}

const fn one(code: i64, class: Class, reason: &'static str, word: &'static str) -> Row {
    row(code, code, class, reason, word)
}

use Class::{
    NeedsTemplate, Permanent, RetryLater, RetryPair, RetryWhenAllowed, StopAndAlert, UnknownOutcome,
};

/// Section 7 of whatsapp.md, in its order. Of two rows that hold a code the earlier one counts.
const TABLE: &[Row] = &[
    one(131_000, UnknownOutcome, "R14", "not_known"),
    one(1, RetryLater, "R6", "whatsapp_problem"),
    one(2, RetryLater, "R6", "whatsapp_down"),
    one(131_016, RetryLater, "R6", "whatsapp_down"),
    one(131_057, RetryLater, "R6", "busy_a_minute"),
    one(133_004, RetryLater, "R6", "busy_a_minute"),
    one(2_494_100, RetryLater, "R6", "busy_a_minute"),
    one(4, RetryWhenAllowed, "R6", "too_many_at_once"),
    one(80_007, RetryWhenAllowed, "R6", "too_many_at_once"),
    one(130_429, RetryWhenAllowed, "R6", "too_many_at_once"),
    one(131_056, RetryPair, "R6", "too_many_to_this_person"),
    // Allowed again after 24 hours at the earliest, and then by a person's hand alone.
    one(131_049, Permanent, "R16", "not_before_tomorrow"),
    one(131_064, RetryWhenAllowed, "R6", "limit_for_now"),
    one(132_069, RetryWhenAllowed, "R6", "form_limited"),
    one(131_047, NeedsTemplate, "R7", "window_closed"),
    one(0, StopAndAlert, "R5", "connection_lost"),
    one(190, StopAndAlert, "R5", "connection_lost"),
    one(3, StopAndAlert, "R5", "connection_lost"),
    one(10, StopAndAlert, "R5", "connection_lost"),
    row(200, 299, StopAndAlert, "R5", "connection_lost"),
    one(131_005, StopAndAlert, "R5", "connection_lost"),
    one(33, StopAndAlert, "R5", "connection_lost"),
    one(368, StopAndAlert, "R11", "account_blocked"),
    one(131_031, StopAndAlert, "R11", "account_blocked"),
    one(131_048, StopAndAlert, "R11", "spam_hold"),
    one(131_037, StopAndAlert, "R11", "display_name"),
    one(131_042, StopAndAlert, "R11", "billing"),
    // The same trouble with calls; the reasons of experience.md name 131042 alone for R11.
    one(131_044, StopAndAlert, "R5", "billing"),
    one(131_045, StopAndAlert, "R5", "connection_lost"),
    one(133_000, StopAndAlert, "R5", "connection_lost"),
    one(133_005, StopAndAlert, "R5", "connection_lost"),
    one(133_006, StopAndAlert, "R5", "connection_lost"),
    row(133_008, 133_010, StopAndAlert, "R5", "connection_lost"),
    row(133_015, 133_016, StopAndAlert, "R5", "connection_lost"),
    one(100, Permanent, "R16", "our_fault"),
    row(131_008, 131_009, Permanent, "R16", "our_fault"),
    one(135_000, Permanent, "R16", "our_fault"),
    one(131_055, Permanent, "R16", "our_fault"),
    one(131_021, Permanent, "R16", "own_number"),
    one(131_026, Permanent, "R10", "not_reachable"),
    one(131_030, Permanent, "R16", "test_mode"),
    one(130_497, Permanent, "R10", "country"),
    one(130_472, Permanent, "R10", "experiment"),
    one(131_050, Permanent, "R10", "no_marketing"),
    one(131_051, Permanent, "R16", "kind_not_supported"),
    one(131_053, Permanent, "R13", "file_not_taken"),
    one(131_062, Permanent, "R16", "needs_phone_number"),
    one(131_063, Permanent, "R16", "template_not_from_here"),
    one(130_501, Permanent, "R16", "not_to_groups"),
    one(132_001, Permanent, "R12", "template_not_available"),
    row(132_015, 132_016, Permanent, "R12", "template_not_available"),
    one(132_068, Permanent, "R12", "form_blocked"),
    row(132_000, 132_099, Permanent, "R12", "template_filled_wrong"),
    row(134_100, 134_199, Permanent, "R16", "kind_not_set_up"),
    one(134_011, Permanent, "R16", "kind_not_set_up"),
    one(137_000, Permanent, "R16", "identity_changed"),
    row(139_100, 139_103, Permanent, "R16", "block_list"),
    row(2_388_000, 2_388_999, Permanent, "R16", "template_refused"),
    one(131_052, Permanent, "R16", "customer_file"),
    one(131_060, UnknownOutcome, "R14", "seen_on_phone_only"),
    row(2_593_107, 2_593_108, Permanent, "R16", "history_not_loadable"),
    one(2_593_109, Permanent, "R16", "history_declined"),
];

/// Code 1 is "unknown, perhaps server": after so many tries it counts as permanent.
const TRIES_OF_CODE_1: i64 = 5;

const NOT_ACCEPTED: Meaning = Meaning { class: Permanent, reason: "R16", word: "not_accepted" };
const NOT_KNOWN: Meaning = Meaning { class: UnknownOutcome, reason: "R14", word: "not_known" };
const PROBLEM: Meaning = Meaning { class: RetryLater, reason: "R6", word: "whatsapp_problem" };
const SLOWED: Meaning = Meaning { class: RetryWhenAllowed, reason: "R6", word: "too_many_at_once" };

impl Meaning {
    /// No connection was made: nothing went out, and it is tried again.
    pub(crate) const NOT_SENT: Self =
        Self { class: RetryLater, reason: "R6", word: "whatsapp_down" };

    /// No answer after something may have gone out.
    pub(crate) const UNANSWERED: Self = NOT_KNOWN;

    /// The account's token is sealed with another key: only an operator can help.
    pub(crate) const NO_TOKEN: Self =
        Self { class: StopAndAlert, reason: "R5", word: "connection_lost" };

    /// The same for a call that is no send: repeating it harms nobody, so an outcome that is not
    /// known is tried again too (whatsapp.md 7, row 131000).
    pub(crate) fn harmless(self) -> Self {
        if self.class == UnknownOutcome { PROBLEM } else { self }
    }
}

/// The row of a code, if the table has one.
pub(crate) fn listed(code: i64) -> Option<Meaning> {
    TABLE.iter().find(|row| row.codes.contains(&code)).map(|row| row.meaning)
}

/// Meaning of an answer that is not a success.
///
/// `code` and `transient` are those of Graph's error object, if the body had one; `attempts`
/// counts this try too. Without a listed code, whatsapp.md's last rule holds: `is_transient` means
/// later, a 5xx may have gone out, a 4xx is the end. What HTTP says itself stands: 429 is a limit
/// whatever the code, and 408 without one is no answer.
pub(crate) fn of_answer(status: u16, code: Option<i64>, transient: bool, attempts: i64) -> Meaning {
    match code.and_then(listed) {
        Some(_) if code == Some(1) && attempts >= TRIES_OF_CODE_1 => NOT_ACCEPTED,
        Some(meaning) => meaning,
        None if transient => PROBLEM,
        None if status == 429 => SLOWED,
        None if code.is_none() && status == 408 => NOT_KNOWN,
        None if (400..500).contains(&status) => NOT_ACCEPTED,
        None => NOT_KNOWN,
    }
}

/// Meaning of a `failed` status: Meta has given up on this message, so nothing is retried by
/// ourselves, whatever the code would mean in an answer; the reason is that of the code. A code of
/// the line keeps its class, for the line has to stop for those that are still to go.
pub(crate) fn of_failed(code: Option<i64>) -> Meaning {
    match code.and_then(listed) {
        Some(meaning) => match meaning.class {
            NeedsTemplate | Permanent | StopAndAlert => meaning,
            UnknownOutcome | RetryLater | RetryWhenAllowed | RetryPair => {
                Meaning { word: meaning.word, ..NOT_ACCEPTED }
            }
        },
        None => NOT_ACCEPTED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of whatsapp.md section 7 once more, with the R of experience.md, written down
    /// independently: code, class, reason.
    const PAPER: &[(i64, Class, &str)] = &[
        (131_000, UnknownOutcome, "R14"),
        (1, RetryLater, "R6"),
        (2, RetryLater, "R6"),
        (131_016, RetryLater, "R6"),
        (131_057, RetryLater, "R6"),
        (133_004, RetryLater, "R6"),
        (2_494_100, RetryLater, "R6"),
        (4, RetryWhenAllowed, "R6"),
        (80_007, RetryWhenAllowed, "R6"),
        (130_429, RetryWhenAllowed, "R6"),
        (131_056, RetryPair, "R6"),
        (131_049, Permanent, "R16"),
        (131_064, RetryWhenAllowed, "R6"),
        (132_069, RetryWhenAllowed, "R6"),
        (131_047, NeedsTemplate, "R7"),
        (0, StopAndAlert, "R5"),
        (190, StopAndAlert, "R5"),
        (3, StopAndAlert, "R5"),
        (10, StopAndAlert, "R5"),
        (200, StopAndAlert, "R5"),
        (250, StopAndAlert, "R5"),
        (299, StopAndAlert, "R5"),
        (131_005, StopAndAlert, "R5"),
        (33, StopAndAlert, "R5"),
        (368, StopAndAlert, "R11"),
        (131_031, StopAndAlert, "R11"),
        (131_048, StopAndAlert, "R11"),
        (131_037, StopAndAlert, "R11"),
        (131_042, StopAndAlert, "R11"),
        (131_044, StopAndAlert, "R5"),
        (131_045, StopAndAlert, "R5"),
        (133_000, StopAndAlert, "R5"),
        (133_005, StopAndAlert, "R5"),
        (133_006, StopAndAlert, "R5"),
        (133_008, StopAndAlert, "R5"),
        (133_009, StopAndAlert, "R5"),
        (133_010, StopAndAlert, "R5"),
        (133_015, StopAndAlert, "R5"),
        (133_016, StopAndAlert, "R5"),
        (100, Permanent, "R16"),
        (131_008, Permanent, "R16"),
        (131_009, Permanent, "R16"),
        (135_000, Permanent, "R16"),
        (131_055, Permanent, "R16"),
        (131_021, Permanent, "R16"),
        (131_026, Permanent, "R10"),
        (131_030, Permanent, "R16"),
        (130_497, Permanent, "R10"),
        (130_472, Permanent, "R10"),
        (131_050, Permanent, "R10"),
        (131_051, Permanent, "R16"),
        (131_053, Permanent, "R13"),
        (131_062, Permanent, "R16"),
        (131_063, Permanent, "R16"),
        (130_501, Permanent, "R16"),
        (132_000, Permanent, "R12"),
        (132_001, Permanent, "R12"),
        (132_005, Permanent, "R12"),
        (132_007, Permanent, "R12"),
        (132_008, Permanent, "R12"),
        (132_012, Permanent, "R12"),
        (132_015, Permanent, "R12"),
        (132_016, Permanent, "R12"),
        (132_018, Permanent, "R12"),
        (132_068, Permanent, "R12"),
        (134_011, Permanent, "R16"),
        (134_100, Permanent, "R16"),
        (134_101, Permanent, "R16"),
        (134_199, Permanent, "R16"),
        (137_000, Permanent, "R16"),
        (139_100, Permanent, "R16"),
        (139_103, Permanent, "R16"),
        (2_388_001, Permanent, "R16"),
        (2_388_299, Permanent, "R16"),
        (131_052, Permanent, "R16"),
        (131_060, UnknownOutcome, "R14"),
        (2_593_107, Permanent, "R16"),
        (2_593_108, Permanent, "R16"),
        (2_593_109, Permanent, "R16"),
    ];

    #[test]
    fn every_row_is_followed_whatever_the_status() {
        for (code, class, reason) in PAPER {
            for status in [200, 400, 401, 403, 404, 429, 500, 503] {
                for transient in [false, true] {
                    let said = of_answer(status, Some(*code), transient, 1);
                    assert_eq!((said.class, said.reason), (*class, *reason), "{code} {status}");
                    assert!(!said.word.is_empty());
                }
            }
        }
    }

    #[test]
    fn every_row_of_ours_is_on_the_paper() {
        for row in TABLE {
            assert!(PAPER.iter().any(|(code, ..)| row.codes.contains(code)), "{:?}", row.codes);
        }
    }

    #[test]
    fn other_codes_follow_the_last_rule() {
        let class = |status, code, transient| of_answer(status, code, transient, 1).class;
        assert_eq!(class(400, Some(999_999), true), RetryLater);
        assert_eq!(class(500, Some(999_999), false), UnknownOutcome);
        assert_eq!(class(400, Some(999_999), false), Permanent);
        assert_eq!(class(502, None, false), UnknownOutcome);
        assert_eq!(class(302, None, false), UnknownOutcome);
        assert_eq!(class(404, None, false), Permanent);
        assert_eq!(class(429, None, false), RetryWhenAllowed);
        // A limit by a code that the page does not list is a limit.
        assert_eq!(class(429, Some(613), false), RetryWhenAllowed);
        assert_eq!(class(408, None, false), UnknownOutcome);
        assert_eq!(of_answer(400, Some(300), false, 1), NOT_ACCEPTED);
        assert_eq!(of_answer(403, Some(199), false, 1), NOT_ACCEPTED);
    }

    #[test]
    fn code_1_ends_after_a_few_tries() {
        assert_eq!(of_answer(400, Some(1), false, TRIES_OF_CODE_1 - 1).class, RetryLater);
        assert_eq!(of_answer(400, Some(1), false, TRIES_OF_CODE_1), NOT_ACCEPTED);
    }

    #[test]
    fn a_failed_status_is_never_tried_again_by_itself() {
        for (code, class, reason) in PAPER {
            let said = of_failed(Some(*code));
            match class {
                NeedsTemplate | Permanent | StopAndAlert => {
                    assert_eq!((said.class, said.reason), (*class, *reason), "{code}");
                }
                _ => assert_eq!((said.class, said.reason), (Permanent, "R16"), "{code}"),
            }
        }
        assert_eq!(of_failed(None), NOT_ACCEPTED);
        assert_eq!(of_failed(Some(7)), NOT_ACCEPTED);
    }

    #[test]
    fn a_call_that_is_no_send_is_repeated_when_its_outcome_is_not_known() {
        assert_eq!(of_answer(500, Some(131_000), false, 1).harmless().class, RetryLater);
        assert_eq!(of_answer(400, Some(100), false, 1).harmless().class, Permanent);
    }
}

//! What an answer of WhatsApp means for a message: the table of whatsapp.md section 7.
//!
//! Only the classes that this version acts on have rows; every other known or unknown code of a
//! 4xx answer or of a `failed` status is the message's end, shown with its number (R16).

/// What to do with a message after an answer or a `failed` status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// It may have gone out: never resent by ourselves (R14).
    UnknownOutcome,
    /// Meta's own trouble: tried again with back-off (R6).
    RetryLater,
    /// A limit: tried again when it allows (R6).
    RetryWhenAllowed,
    /// A limit of this one recipient: waits 4^X seconds, X = tries so far (R6).
    RetryPair,
    /// The 24 hours have passed: free text is not allowed now (R7).
    NeedsTemplate,
    /// This message never goes (R16).
    Permanent,
}

impl Class {
    /// The reason that phones show.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::UnknownOutcome => "R14",
            Self::RetryLater | Self::RetryWhenAllowed | Self::RetryPair => "R6",
            Self::NeedsTemplate => "R7",
            Self::Permanent => "R16",
        }
    }
}

/// Code 1 is "unknown, perhaps server": after so many tries it counts as permanent.
const TRIES_OF_CODE_1: i64 = 5;

/// The codes that do not simply end the message.
const TABLE: [(i64, Class); 12] = [
    (1, Class::RetryLater),
    (2, Class::RetryLater),
    (4, Class::RetryWhenAllowed),
    (80_007, Class::RetryWhenAllowed),
    (130_429, Class::RetryWhenAllowed),
    (131_000, Class::UnknownOutcome),
    (131_016, Class::RetryLater),
    (131_047, Class::NeedsTemplate),
    (131_056, Class::RetryPair),
    (131_057, Class::RetryLater),
    (133_004, Class::RetryLater),
    (2_494_100, Class::RetryLater),
];

fn row(code: i64) -> Option<Class> {
    TABLE.iter().find(|(known, _)| *known == code).map(|(_, class)| *class)
}

/// Class of an answer that is not a success.
///
/// `code` and `transient` are those of Graph's error object, if the body had one; `attempts`
/// counts this try too. Without a listed code, whatsapp.md's last rule holds: `is_transient` means
/// later, a 5xx may have gone out, a 4xx is the end; 429 and 408 are what HTTP says they are.
pub(crate) fn of_answer(status: u16, code: Option<i64>, transient: bool, attempts: i64) -> Class {
    match code.and_then(row) {
        Some(Class::RetryLater) if code == Some(1) && attempts >= TRIES_OF_CODE_1 => {
            Class::Permanent
        }
        Some(class) => class,
        None if transient => Class::RetryLater,
        None if code.is_none() && status == 429 => Class::RetryWhenAllowed,
        None if code.is_none() && status == 408 => Class::UnknownOutcome,
        None if (400..500).contains(&status) => Class::Permanent,
        None => Class::UnknownOutcome,
    }
}

/// Class of a `failed` status: Meta has given up, so nothing is retried by ourselves; only the
/// closed window keeps a reason of its own.
pub(crate) fn of_failed(code: Option<i64>) -> Class {
    match code.and_then(row) {
        Some(Class::NeedsTemplate) => Class::NeedsTemplate,
        _ => Class::Permanent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_followed_whatever_the_status() {
        for (code, class) in TABLE {
            for status in [400, 429, 500, 503] {
                assert_eq!(of_answer(status, Some(code), false, 1), class, "{code} {status}");
            }
        }
    }

    #[test]
    fn other_codes_follow_the_last_rule() {
        assert_eq!(of_answer(400, Some(131_026), false, 1), Class::Permanent);
        assert_eq!(of_answer(401, Some(190), false, 1), Class::Permanent);
        assert_eq!(of_answer(400, Some(999_999), true, 1), Class::RetryLater);
        assert_eq!(of_answer(500, Some(999_999), false, 1), Class::UnknownOutcome);
        assert_eq!(of_answer(502, None, false, 1), Class::UnknownOutcome);
        assert_eq!(of_answer(302, None, false, 1), Class::UnknownOutcome);
        assert_eq!(of_answer(404, None, false, 1), Class::Permanent);
        assert_eq!(of_answer(429, None, false, 1), Class::RetryWhenAllowed);
        assert_eq!(of_answer(408, None, false, 1), Class::UnknownOutcome);
    }

    #[test]
    fn code_1_ends_after_a_few_tries() {
        assert_eq!(of_answer(400, Some(1), false, TRIES_OF_CODE_1 - 1), Class::RetryLater);
        assert_eq!(of_answer(400, Some(1), false, TRIES_OF_CODE_1), Class::Permanent);
    }

    #[test]
    fn a_failed_status_is_the_end() {
        assert_eq!(of_failed(Some(131_047)), Class::NeedsTemplate);
        for code in [None, Some(131_000), Some(130_429), Some(131_049), Some(7)] {
            assert_eq!(of_failed(code), Class::Permanent);
        }
    }

    #[test]
    fn each_class_has_its_reason() {
        assert_eq!(Class::UnknownOutcome.reason(), "R14");
        assert_eq!(Class::RetryPair.reason(), "R6");
        assert_eq!(Class::NeedsTemplate.reason(), "R7");
        assert_eq!(Class::Permanent.reason(), "R16");
    }
}

//! Why an onboarding is refused: each refusal of Meta's as one stable word (whatsapp.md 5.5, 7).

use crate::meta::ask::Refusal;

/// Our app may not onboard numbers that are in use: Advanced Access is missing.
pub(crate) const NOT_ELIGIBLE: &str = "not_eligible";
/// The QR code was not scanned on the phone.
pub(crate) const QR_LEFT_OUT: &str = "qr_left_out";
/// This call was made already since the number was connected: disconnect and connect again.
pub(crate) const SYNC_USED: &str = "sync_used";
/// More than 24 hours since the number was connected: disconnect and connect again.
pub(crate) const SYNC_TOO_LATE: &str = "sync_too_late";
/// The owner keeps the old messages to the phone. Final, no error.
pub(crate) const HISTORY_DECLINED: &str = "history_declined";
/// The code from Meta's window is used or older than 30 seconds: log in once more.
pub(crate) const CODE_OVER: &str = "code_over";
/// The login has no rights on this account.
pub(crate) const WRONG_LOGIN: &str = "wrong_login";
/// Our app lacks a permission.
pub(crate) const PERMISSION: &str = "permission_missing";
/// The access token is not good any more.
pub(crate) const TOKEN: &str = "access_withdrawn";
/// The window ended without a number on a Business App.
pub(crate) const NO_NUMBER: &str = "no_number";
/// More than one number of the account is on a Business App.
pub(crate) const SEVERAL_NUMBERS: &str = "several_numbers";
/// Another workspace has this number.
pub(crate) const NUMBER_TAKEN: &str = "number_taken";
/// Meta refused with a code that has no word here.
pub(crate) const OTHER: &str = "refused";
/// Meta did not answer: tried again by itself.
pub(crate) const UNANSWERED: &str = "unanswered";

/// The word of one of Meta's codes, if it has one.
pub(crate) const fn of_code(code: i64) -> Option<&'static str> {
    Some(match code {
        2_655_111 => NOT_ELIGIBLE,
        3_441_003 => QR_LEFT_OUT,
        2_593_107 => SYNC_USED,
        2_593_108 => SYNC_TOO_LATE,
        2_593_109 => HISTORY_DECLINED,
        0 | 190 => TOKEN,
        3 | 10 | 200..=299 | 131_005 => PERMISSION,
        _ => return None,
    })
}

/// The word and the code of a refusal.
pub(crate) fn of(refusal: Refusal) -> (&'static str, Option<i64>) {
    if refusal.may_pass() {
        return (UNANSWERED, refusal.code());
    }
    match refusal.one_of(|code| of_code(code).is_some()) {
        Some(code) => (of_code(code).unwrap_or(OTHER), Some(code)),
        None => (OTHER, refusal.code()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_word() {
        let refused =
            |code, subcode| of(Refusal::Refused { status: 400, code: Some(code), subcode });
        for (code, word) in [
            (2_655_111, "not_eligible"),
            (3_441_003, "qr_left_out"),
            (2_593_107, "sync_used"),
            (2_593_108, "sync_too_late"),
            (2_593_109, "history_declined"),
            (190, "access_withdrawn"),
            (200, "permission_missing"),
        ] {
            assert_eq!(refused(code, None), (word, Some(code)));
            // Some come as the older second number beside a general code.
            if code > 1_000 {
                assert_eq!(refused(100, Some(code)), (word, Some(code)));
            }
        }
        assert_eq!(refused(100, None), ("refused", Some(100)));
        assert_eq!(of(Refusal::Unanswered), ("unanswered", None));
        assert_eq!(
            of(Refusal::Refused { status: 503, code: Some(2), subcode: None }),
            ("unanswered", Some(2))
        );
    }
}

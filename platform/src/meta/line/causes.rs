//! Why a line is down or needs somebody: stable words, worst first (experience.md E8).

/// How a cause shows in the channel's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    /// `disconnected{reason}`: somebody has to connect the number anew.
    Disconnected,
    /// `attention{reason, since}`: it may pass, or somebody has to do something in time.
    Attention,
}

/// Meta has closed the account.
pub(crate) const ACCOUNT_DELETED: &str = "account_deleted";
/// Meta has disabled the account.
pub(crate) const DISABLED: &str = "disabled";
/// Meta forbids answering for a while, or blocks what we send.
pub(crate) const RESTRICTED: &str = "restricted";
/// Our access token or our permission is gone.
pub(crate) const ACCESS_WITHDRAWN: &str = "access_withdrawn";
/// Meta knows no number by this id.
pub(crate) const NUMBER_GONE: &str = "number_gone";
/// The owner chose Disconnect on the phone.
pub(crate) const OWNER_DISCONNECTED: &str = "owner_disconnected";
/// The owner moved the app to another number.
pub(crate) const NUMBER_CHANGED: &str = "number_changed";
/// The owner went back from the Business App to the ordinary one.
pub(crate) const DOWNGRADED: &str = "downgraded";
/// The app was registered anew and did not come back.
pub(crate) const REREGISTERED: &str = "reregistered";
/// Neither phone nor companion was used for too long.
pub(crate) const INACTIVE: &str = "inactive";
/// Meta says the number is on no Business App any more, and nobody said why.
pub(crate) const UNLINKED: &str = "unlinked";
/// Disconnected for a reason whose word is not known here.
pub(crate) const REMOVED: &str = "removed";
/// Meta refuses the number's registration or certificate.
pub(crate) const NOT_REGISTERED: &str = "not_registered";
/// The app is being registered anew on the phone; usually minutes.
pub(crate) const REREGISTERING: &str = "reregistering";
/// Meta holds the number back for spam or quality.
pub(crate) const SLOWED: &str = "slowed";
/// Meta wants the payment method put right.
pub(crate) const PAYMENT: &str = "payment";
/// Meta has not approved the display name.
pub(crate) const NAME_NOT_APPROVED: &str = "name_not_approved";
/// Meta forbids writing first; answers go.
pub(crate) const LIMITED: &str = "limited";
/// Meta has named a day on which it disables the account.
pub(crate) const DISABLE_SCHEDULED: &str = "disable_scheduled";
/// No sign of life of the owner's phone for ten days.
pub(crate) const QUIET: &str = "quiet";
/// Neither Meta nor the owner's phone told anything for a day.
pub(crate) const UNKNOWN: &str = "unknown";

/// Every cause, worst first.
pub(crate) const ALL: [(&str, Shows); 21] = [
    (ACCOUNT_DELETED, Shows::Disconnected),
    (DISABLED, Shows::Disconnected),
    (RESTRICTED, Shows::Disconnected),
    (ACCESS_WITHDRAWN, Shows::Disconnected),
    (NUMBER_GONE, Shows::Disconnected),
    (OWNER_DISCONNECTED, Shows::Disconnected),
    (NUMBER_CHANGED, Shows::Disconnected),
    (DOWNGRADED, Shows::Disconnected),
    (REREGISTERED, Shows::Disconnected),
    (INACTIVE, Shows::Disconnected),
    (UNLINKED, Shows::Disconnected),
    (REMOVED, Shows::Disconnected),
    (NOT_REGISTERED, Shows::Disconnected),
    (REREGISTERING, Shows::Attention),
    (SLOWED, Shows::Attention),
    (PAYMENT, Shows::Attention),
    (NAME_NOT_APPROVED, Shows::Attention),
    (LIMITED, Shows::Attention),
    (DISABLE_SCHEDULED, Shows::Attention),
    (QUIET, Shows::Attention),
    (UNKNOWN, Shows::Attention),
];

/// The causes that end when the number is on the owner's app again.
pub(crate) const OF_CONNECTION: [&str; 9] = [
    OWNER_DISCONNECTED,
    NUMBER_CHANGED,
    DOWNGRADED,
    REREGISTERED,
    INACTIVE,
    UNLINKED,
    REMOVED,
    NOT_REGISTERED,
    REREGISTERING,
];

/// The causes that end with a new token for the number.
pub(crate) const OF_ACCESS: [&str; 3] = [ACCESS_WITHDRAWN, NUMBER_GONE, ACCOUNT_DELETED];

/// Whether a person may lift it whoever told it. What a phone, a token or an account has to bring back
/// is none of these.
pub(crate) fn is_by_hand(cause: &str) -> bool {
    !OF_CONNECTION.contains(&cause) && !OF_ACCESS.contains(&cause)
}

/// Place in the list, 0 = worst; one that is not known stands behind all others.
pub(crate) fn rank(cause: &str) -> usize {
    ALL.iter().position(|(known, _)| *known == cause).unwrap_or(ALL.len())
}

/// How it shows; one that is not known needs attention.
pub(crate) fn shows(cause: &str) -> Shows {
    ALL.iter().find(|(known, _)| *known == cause).map_or(Shows::Attention, |(_, shows)| *shows)
}

/// The cause and the R reason behind a stop-and-alert code of Graph's (whatsapp.md section 7);
/// none for every other code.
pub(crate) fn of_code(code: i64) -> Option<(&'static str, &'static str)> {
    Some(match code {
        0 | 3 | 10 | 190 | 200..=299 | 131_005 => (ACCESS_WITHDRAWN, "R5"),
        33 => (NUMBER_GONE, "R5"),
        133_010 => (UNLINKED, "R5"),
        131_045 | 133_000 | 133_005 | 133_006 | 133_008 | 133_009 | 133_015 | 133_016 => {
            (NOT_REGISTERED, "R5")
        }
        368 | 131_031 => (RESTRICTED, "R11"),
        131_037 => (NAME_NOT_APPROVED, "R11"),
        131_042 | 131_044 => (PAYMENT, "R11"),
        131_048 => (SLOWED, "R11"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_word_stands_once_and_the_down_ones_stand_first() {
        let words: BTreeSet<_> = ALL.iter().map(|(word, _)| word).collect();
        assert_eq!(words.len(), ALL.len());
        let first_attention = ALL.iter().position(|(_, s)| *s == Shows::Attention).unwrap();
        assert!(ALL[first_attention..].iter().all(|(_, s)| *s == Shows::Attention));
        assert!(rank("new word of somebody") > rank(UNKNOWN));
        assert_eq!(shows("new word of somebody"), Shows::Attention);
        assert!(OF_CONNECTION.iter().all(|cause| rank(cause) < ALL.len()));
    }

    /// experience.md: R11 for 368, 131031, 131037, 131042, 131048, else R5.
    #[test]
    fn the_codes_of_the_table_stop_the_line() {
        for code in [368, 131_031, 131_037, 131_042, 131_048] {
            assert_eq!(of_code(code).unwrap().1, "R11", "{code}");
        }
        for code in [0, 3, 10, 33, 190, 200, 250, 299, 131_005, 131_045, 133_000, 133_010, 133_016]
        {
            assert_eq!(of_code(code).unwrap().1, "R5", "{code}");
        }
        for code in [1, 2, 4, 100, 300, 130_429, 131_000, 131_026, 131_047, 133_004, 999_999] {
            assert_eq!(of_code(code), None, "{code}");
        }
    }
}

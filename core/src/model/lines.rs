//! How a business number stands, from the words of the wire (docs/wire.md).

use serde::Deserialize;

use crate::api::{Fixer, LineCause, LineState};

/// A day, ms.
const DAY_MS: i64 = 24 * 3_600_000;
/// WhatsApp ends a line after about so many days without a sign of life of the owner's phone (experience.md S13).
const ENDS_AFTER_DAYS: i64 = 14;

#[derive(Deserialize)]
struct Wire {
    kind: String,
    reason: Option<String>,
    since: Option<i64>,
    percent: Option<i64>,
}

/// A state as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub state: LineState,
    pub cause: Option<LineCause>,
    /// The wire's own word of the cause, or of a kind that is not known.
    pub word: Option<String>,
    pub since: Option<i64>,
    pub percent: Option<u32>,
}

/// Reads a channel's `state`. Words of a newer server are carried, and are never "well".
pub(crate) fn read(json: &str) -> Line {
    let Ok(wire) = serde_json::from_str::<Wire>(json) else {
        let (state, cause) = (LineState::Unknown, Some(LineCause::Unknown));
        return Line { state, cause, word: None, since: None, percent: None };
    };
    let (state, word) = match wire.kind.as_str() {
        "connected" => (LineState::Connected, None),
        "importing" => (LineState::Importing, None),
        "connecting" => (LineState::Connecting, None),
        "attention" => (LineState::Attention, wire.reason),
        "disconnected" => (LineState::Down, wire.reason),
        _ => (LineState::Attention, Some(wire.reason.unwrap_or(wire.kind))),
    };
    let troubled = matches!(state, LineState::Attention | LineState::Down);
    let cause = troubled.then(|| word.as_deref().map_or(LineCause::Other, cause));
    let percent = wire.percent.and_then(|percent| u32::try_from(percent.clamp(0, 100)).ok());
    Line { state, cause, word, since: wire.since, percent }
}

fn cause(word: &str) -> LineCause {
    match word {
        "owner_disconnected" => LineCause::OwnerDisconnected,
        "inactive" => LineCause::Inactive,
        "number_changed" => LineCause::NumberChanged,
        "downgraded" => LineCause::Downgraded,
        "reregistered" => LineCause::Reregistered,
        "restricted" => LineCause::Restricted,
        "disabled" => LineCause::AccountDisabled,
        "account_deleted" => LineCause::AccountDeleted,
        "access_withdrawn" => LineCause::AccessWithdrawn,
        "number_gone" => LineCause::NumberGone,
        "unlinked" => LineCause::Unlinked,
        "not_registered" => LineCause::NotRegistered,
        "reregistering" => LineCause::Reregistering,
        "slowed" => LineCause::Slowed,
        "payment" => LineCause::Payment,
        "name_not_approved" => LineCause::NameNotApproved,
        "limited" => LineCause::Limited,
        "disable_scheduled" => LineCause::DisableScheduled,
        "quiet" => LineCause::Quiet,
        "unknown" => LineCause::Unknown,
        _ => LineCause::Other,
    }
}

impl Line {
    /// Place among lines, 0 = worst, in the order of experience.md E8.
    pub(crate) fn rank(&self) -> u8 {
        match (self.state, self.cause) {
            (LineState::Down, _) => 0,
            (_, Some(LineCause::Reregistering)) => 1,
            (_, Some(LineCause::Payment)) => 2,
            (_, Some(LineCause::Slowed)) => 3,
            (_, Some(LineCause::NameNotApproved | LineCause::Limited)) => 4,
            (_, Some(LineCause::DisableScheduled)) => 5,
            (_, Some(LineCause::Quiet)) => 6,
            (LineState::Unknown, _) | (_, Some(LineCause::Unknown)) => 7,
            (LineState::Attention, _) => 8,
            (LineState::Connecting, _) => 9,
            (LineState::Importing, _) => 10,
            (LineState::Connected, _) => 11,
        }
    }

    /// True if somebody who answers customers should hear of it.
    pub(crate) fn is_told(&self) -> bool {
        matches!(
            self.state,
            LineState::Attention | LineState::Down | LineState::Unknown | LineState::Connecting
        )
    }

    /// Who can put it right.
    pub(crate) fn fixer(&self) -> Fixer {
        let Some(cause) = self.cause else {
            return if self.state == LineState::Connecting {
                Fixer::Manager
            } else {
                Fixer::Nobody
            };
        };
        match cause {
            LineCause::OwnerDisconnected
            | LineCause::Inactive
            | LineCause::NumberChanged
            | LineCause::Downgraded
            | LineCause::Reregistered
            | LineCause::Unlinked
            | LineCause::Quiet
            | LineCause::Payment => Fixer::Owner,
            LineCause::Restricted
            | LineCause::AccountDisabled
            | LineCause::AccountDeleted
            | LineCause::AccessWithdrawn
            | LineCause::NumberGone
            | LineCause::NotRegistered
            | LineCause::NameNotApproved
            | LineCause::Limited
            | LineCause::DisableScheduled
            | LineCause::Other => Fixer::Manager,
            LineCause::Unknown => Fixer::Operator,
            LineCause::Reregistering | LineCause::Slowed => Fixer::Nobody,
        }
    }

    /// Whole days without a sign of life, and when the line may end.
    pub(crate) fn quiet(&self, now: i64) -> (Option<u32>, Option<i64>) {
        let quiet = self.cause == Some(LineCause::Quiet);
        let Some(since) = self.since.filter(|_| quiet) else { return (None, None) };
        let days = now.saturating_sub(since).div_euclid(DAY_MS).max(0);
        let end = since.saturating_add(ENDS_AFTER_DAYS * DAY_MS);
        (u32::try_from(days).ok(), Some(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_the_wire_is_a_state() {
        for (json, state, cause) in [
            (r#"{"kind":"connected"}"#, LineState::Connected, None),
            (r#"{"kind":"connecting"}"#, LineState::Connecting, None),
            (r#"{"kind":"importing","percent":120}"#, LineState::Importing, None),
            (
                r#"{"kind":"attention","reason":"quiet","since":5}"#,
                LineState::Attention,
                Some(LineCause::Quiet),
            ),
            (
                r#"{"kind":"disconnected","reason":"inactive"}"#,
                LineState::Down,
                Some(LineCause::Inactive),
            ),
            (r#"{"kind":"disconnected"}"#, LineState::Down, Some(LineCause::Other)),
            ("7", LineState::Unknown, Some(LineCause::Unknown)),
        ] {
            let line = read(json);
            assert_eq!((line.state, line.cause), (state, cause), "{json}");
        }
        assert_eq!(read(r#"{"kind":"importing","percent":120}"#).percent, Some(100));
    }

    #[test]
    fn words_of_a_newer_server_are_attention_with_their_word() {
        for (json, word) in [
            (r#"{"kind":"attention","reason":"solar_storm"}"#, "solar_storm"),
            (r#"{"kind":"resting"}"#, "resting"),
            (r#"{"kind":"resting","reason":"night"}"#, "night"),
        ] {
            let line = read(json);
            assert_eq!((line.state, line.cause), (LineState::Attention, Some(LineCause::Other)));
            assert_eq!(line.word.as_deref(), Some(word));
            assert!(line.is_told());
        }
    }

    #[test]
    fn quiet_days_are_counted_from_the_last_sign() {
        let line = read(r#"{"kind":"attention","reason":"quiet","since":1000}"#);
        assert_eq!(line.quiet(1_000 + 11 * DAY_MS + 5), (Some(11), Some(1_000 + 14 * DAY_MS)));
        let down = read(r#"{"kind":"disconnected","reason":"inactive","since":1000}"#);
        assert_eq!(down.quiet(1_000 + 11 * DAY_MS), (None, None));
    }
}

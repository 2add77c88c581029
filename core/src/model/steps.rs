//! The ladder: steps only climb.

use std::collections::BTreeMap;

use crate::api::{LadderStep, Millis, StepTime};

/// The step for the wire's word; an unknown word shows no ladder.
pub(crate) fn from_word(word: &str) -> LadderStep {
    match word {
        "queued" => LadderStep::AtServer,
        "sent" => LadderStep::Sent,
        "delivered" => LadderStep::Delivered,
        "read" => LadderStep::Read,
        "played" => LadderStep::Played,
        _ => LadderStep::None,
    }
}

/// The times of a message's steps in order, from the wire's `{word: ms}`; unknown words are left out.
pub(crate) fn times(json: &str) -> Vec<StepTime> {
    let words: BTreeMap<String, i64> = serde_json::from_str(json).unwrap_or_default();
    let mut times: Vec<StepTime> = words
        .into_iter()
        .map(|(word, at)| StepTime { step: from_word(&word), at: Millis(at) })
        .filter(|time| time.step != LadderStep::None)
        .collect();
    times.sort_by_key(|time| time.step);
    times
}

/// How long a reply may stand at `Sent` before nobody will confirm it any more (N3).
const CONFIRMED_WITHIN_MS: i64 = 30 * 24 * 3_600_000;

/// True for a reply that WhatsApp took longer ago than that, without a word of it since. `sent_at` counts where the step has
/// no time of its own.
pub(crate) fn is_never_confirmed(
    step: LadderStep,
    times: &[StepTime],
    sent_at: i64,
    now: i64,
) -> bool {
    let reached = times.iter().find(|time| time.step == LadderStep::Sent);
    let since = reached.map_or(sent_at, |time| time.at.0);
    step == LadderStep::Sent && now.saturating_sub(since) > CONFIRMED_WITHIN_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_is_ordered_as_it_climbs() {
        let words = ["queued", "sent", "delivered", "read", "played"];
        let steps: Vec<LadderStep> = words.iter().map(|word| from_word(word)).collect();
        assert!(steps.is_sorted());
        assert!(LadderStep::OnPhone < LadderStep::AtServer);
        assert_eq!(from_word("teleported"), LadderStep::None);
    }

    #[test]
    fn after_thirty_days_at_sent_nobody_will_confirm_it() {
        let day = 24 * 3_600_000;
        let sent = times(r#"{"queued":1000,"sent":2000}"#);
        let late = 2_000 + 30 * day;
        assert!(!is_never_confirmed(LadderStep::Sent, &sent, 1_000, late));
        assert!(is_never_confirmed(LadderStep::Sent, &sent, 1_000, late + 1));
        // Without the step's own time, that of the message.
        assert!(is_never_confirmed(LadderStep::Sent, &[], 1_000, 1_001 + 30 * day));
        for step in
            [LadderStep::None, LadderStep::AtServer, LadderStep::Delivered, LadderStep::Read]
        {
            assert!(!is_never_confirmed(step, &sent, 1_000, 100 * late), "{step:?}");
        }
    }

    #[test]
    fn times_come_in_the_order_of_the_steps() {
        let listed = times(r#"{"sent":5,"queued":1,"delivered":4,"new_word":9}"#);
        let order: Vec<LadderStep> = listed.iter().map(|time| time.step).collect();
        assert_eq!(order, [LadderStep::AtServer, LadderStep::Sent, LadderStep::Delivered]);
        assert!(times("not json").is_empty());
    }
}

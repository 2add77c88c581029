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
    fn times_come_in_the_order_of_the_steps() {
        let listed = times(r#"{"sent":5,"queued":1,"delivered":4,"new_word":9}"#);
        let order: Vec<LadderStep> = listed.iter().map(|time| time.step).collect();
        assert_eq!(order, [LadderStep::AtServer, LadderStep::Sent, LadderStep::Delivered]);
        assert!(times("not json").is_empty());
    }
}

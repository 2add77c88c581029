//! What a person can do about a message, as a table over where it stands.

use crate::api::{Choice, LadderStep, Reason};
use crate::model::queue::State;

/// Choices for a command that is still on this phone.
pub(crate) fn for_command(
    state: State,
    reason: Option<Reason>,
    window_open: bool,
    queue_paused: bool,
    holds_others: bool,
) -> Vec<Choice> {
    let mut choices = match state {
        State::Queued | State::Dependent => vec![Choice::Edit, Choice::Discard],
        State::Sent => vec![Choice::Withdraw],
        State::Unknown => vec![Choice::ItArrived, Choice::SendAgain],
        State::Held | State::Refused => match reason {
            Some(Reason::AnsweredMeanwhile | Reason::TooOld) => {
                vec![Choice::SendAnyway, Choice::Edit, Choice::Discard]
            }
            Some(Reason::WindowClosed) if window_open => {
                vec![Choice::SendAnyway, Choice::Edit, Choice::Discard]
            }
            Some(Reason::NotYours) => vec![Choice::Discard],
            _ => vec![Choice::Edit, Choice::Discard],
        },
        State::Accepted | State::Finished => Vec::new(),
    };
    if queue_paused && matches!(state, State::Queued | State::Sent) {
        choices.insert(0, Choice::TryNow);
    }
    if holds_others && state.needs_person() {
        choices.push(Choice::LetPass);
    }
    choices
}

/// Choices for a message that is at our server or further.
pub(crate) fn for_message(
    step: LadderStep,
    reason: Option<Reason>,
    is_final: bool,
    window_open: bool,
    holds_others: bool,
) -> Vec<Choice> {
    if is_final {
        return vec![Choice::Edit];
    }
    let mut choices = match (step, reason) {
        (LadderStep::AtServer, Some(Reason::UnknownOutcome)) => {
            vec![Choice::ItArrived, Choice::SendAgain]
        }
        (LadderStep::AtServer, Some(Reason::AnsweredMeanwhile)) => {
            vec![Choice::SendAnyway, Choice::Edit, Choice::Withdraw]
        }
        (LadderStep::AtServer, Some(Reason::WindowClosed)) if window_open => {
            vec![Choice::SendAnyway, Choice::Edit, Choice::Withdraw]
        }
        (LadderStep::AtServer, _) => vec![Choice::Edit, Choice::Withdraw],
        _ => Vec::new(),
    };
    let holds = matches!(reason, Some(Reason::AnsweredMeanwhile | Reason::WindowClosed));
    if holds_others && holds && step == LadderStep::AtServer {
        choices.push(Choice::LetPass);
    }
    choices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_left_offers_no_edit_and_no_discard() {
        for reason in Reason::ALL.map(Some).into_iter().chain([None]) {
            for paused in [false, true] {
                let choices = for_command(State::Sent, reason, true, paused, true);
                assert!(choices.contains(&Choice::Withdraw));
                assert!(!choices.contains(&Choice::Discard) && !choices.contains(&Choice::Edit));
            }
        }
    }

    #[test]
    fn whatever_needs_a_person_offers_something() {
        for state in State::ALL.into_iter().filter(|state| state.needs_person()) {
            for reason in Reason::ALL {
                for open in [false, true] {
                    assert!(!for_command(state, Some(reason), open, false, false).is_empty());
                }
            }
        }
    }

    #[test]
    fn a_closed_window_offers_no_sending() {
        let choices = for_command(State::Held, Some(Reason::WindowClosed), false, false, false);
        assert!(!choices.contains(&Choice::SendAnyway));
        let at_server =
            for_message(LadderStep::AtServer, Some(Reason::WindowClosed), false, false, false);
        assert!(!at_server.contains(&Choice::SendAnyway));
    }

    #[test]
    fn what_reached_whatsapp_cannot_be_taken_back() {
        for step in [LadderStep::Sent, LadderStep::Delivered, LadderStep::Read, LadderStep::Played]
        {
            assert!(for_message(step, None, false, true, true).is_empty());
        }
    }
}

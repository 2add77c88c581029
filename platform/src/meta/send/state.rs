//! The states of an outgoing message and every way from one to the next, as one table.
//!
//! The states are those of the table `sends`. Once an attempt is recorded the message leaves that
//! state only by news about it: the answer, a status, an echo, or a person's word.

/// Where a message that has to go to WhatsApp stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// In the queue.
    Waiting,
    /// The attempt is on disk; the call may be running.
    Attempted,
    /// No answer came: it may have gone out (R14).
    Unknown,
    /// WhatsApp has it.
    Accepted,
    /// Stopped before the call for a person's decision (R7, R8).
    Held,
    /// It will not go by itself any more.
    Stopped,
    /// Taken back before any attempt was out.
    Withdrawn,
}

/// What can happen to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// Guard and window were judged good and the attempt is being recorded.
    Attempt,
    /// The second judgement found R7 or R8.
    Hold,
    /// It provably did not go out and may be tried again.
    TryAgain,
    /// No full answer, or one that leaves it open.
    Lost,
    /// Graph refused it for good.
    Refused,
    /// Graph refused it because the window is closed (131047).
    WindowClosed,
    /// Graph's answer, a status or an echo proves that WhatsApp has it.
    Proof,
    /// A `failed` status.
    Failed,
    /// A person says: send it after all.
    Release,
    /// A person takes it back.
    Withdraw,
    /// A person saw that it arrived.
    Arrived,
    /// A person has a copy sent instead.
    SendAgain,
    /// The store is a copy: what became of it since the copy was made is not known here.
    Restored,
}

impl State {
    /// All states, in the order of the table.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Attempted,
        Self::Unknown,
        Self::Accepted,
        Self::Held,
        Self::Stopped,
        Self::Withdrawn,
    ];

    /// The word in the database.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Attempted => "attempted",
            Self::Unknown => "unknown",
            Self::Accepted => "accepted",
            Self::Held => "held",
            Self::Stopped => "stopped",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Reads a word of the database. One that nobody wrote counts as stopped: the state from which
    /// nothing is sent.
    pub(crate) fn of(word: &str) -> Self {
        match word {
            "waiting" => Self::Waiting,
            "attempted" => Self::Attempted,
            "unknown" => Self::Unknown,
            "accepted" => Self::Accepted,
            "held" => Self::Held,
            "withdrawn" => Self::Withdrawn,
            _ => Self::Stopped,
        }
    }

    /// The state after `event`, or none where the event changes nothing here.
    pub(crate) const fn after(self, event: Event) -> Option<Self> {
        use Event as E;
        use State as S;
        match (self, event) {
            (S::Waiting, E::Attempt) => Some(S::Attempted),
            (S::Waiting, E::Hold) | (S::Attempted, E::WindowClosed) => Some(S::Held),
            (S::Attempted, E::TryAgain) | (S::Held, E::Release) => Some(S::Waiting),
            (S::Attempted, E::Lost)
            | (S::Waiting | S::Attempted | S::Unknown | S::Held, E::Restored) => Some(S::Unknown),
            (S::Waiting | S::Held | S::Stopped, E::Withdraw) => Some(S::Withdrawn),
            (S::Unknown, E::SendAgain)
            // Waiting: its file or its template was refused before any attempt.
            | (S::Waiting | S::Attempted, E::Refused)
            // `failed` may follow acceptance, and late.
            | (S::Waiting | S::Attempted | S::Unknown | S::Accepted | S::Held, E::Failed) => {
                Some(S::Stopped)
            }
            (S::Unknown, E::Arrived)
            // Proof wins wherever it comes: also over "waiting" after an answer that said "not
            // sent", and over a failure that a delivery belies.
            | (S::Waiting | S::Attempted | S::Unknown | S::Held | S::Stopped, E::Proof) => {
                Some(S::Accepted)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [Event; 13] = [
        Event::Attempt,
        Event::Hold,
        Event::TryAgain,
        Event::Lost,
        Event::Refused,
        Event::WindowClosed,
        Event::Proof,
        Event::Failed,
        Event::Release,
        Event::Withdraw,
        Event::Arrived,
        Event::SendAgain,
        Event::Restored,
    ];

    /// One letter a state, `.` for "changes nothing"; columns in the order of `EVENTS`.
    const TABLE: [(State, &str); 7] = [
        (State::Waiting, "TH..S.AS.X..U"),
        (State::Attempted, "..WUSHAS....U"),
        (State::Unknown, "......AS..ASU"),
        (State::Accepted, ".......S....."),
        (State::Held, "......ASWX..U"),
        (State::Stopped, "......A..X..."),
        (State::Withdrawn, "............."),
    ];

    fn letter(state: Option<State>) -> char {
        match state {
            None => '.',
            Some(State::Waiting) => 'W',
            Some(State::Attempted) => 'T',
            Some(State::Unknown) => 'U',
            Some(State::Accepted) => 'A',
            Some(State::Held) => 'H',
            Some(State::Stopped) => 'S',
            Some(State::Withdrawn) => 'X',
        }
    }

    #[test]
    fn every_pair_is_as_the_table_says() {
        for (state, row) in TABLE {
            let got: String = EVENTS.iter().map(|event| letter(state.after(*event))).collect();
            assert_eq!(got, row, "{state:?}");
        }
    }

    #[test]
    fn only_a_waiting_message_is_ever_attempted() {
        for state in State::ALL {
            assert_eq!(state.after(Event::Attempt).is_some(), state == State::Waiting);
        }
    }

    #[test]
    fn an_unknown_outcome_never_goes_back_to_waiting() {
        for event in EVENTS {
            assert_ne!(State::Unknown.after(event), Some(State::Waiting));
        }
    }

    #[test]
    fn words_go_both_ways() {
        for state in State::ALL {
            assert_eq!(State::of(state.word()), state);
        }
        assert_eq!(State::of("new"), State::Stopped);
    }
}

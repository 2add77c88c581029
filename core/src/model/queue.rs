//! The life of a command on this phone: one transition table, and nothing else decides.
//!
//! Once a byte of a command may have left the phone, only the platform's answer ends it (protocol.md 5).

/// Where a command stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// Waits for another command of this phone to be done before it may go at all.
    Dependent,
    /// Kept here; no byte of it has left.
    Queued,
    /// A byte of it may have left; it is resent with the same id until it is answered.
    Sent,
    /// Judged here before it left: somebody answered meanwhile, or the window closed. Waits for a person.
    Held,
    /// The platform refused it. Waits for a person.
    Refused,
    /// It had left, and the server it went to is another now (a new epoch): nobody knows. Waits for a person, or for the
    /// change line to bring the message.
    Unknown,
    /// The platform did it; waits for the change line to bring the effect.
    Accepted,
    /// No row any more.
    Finished,
}

/// What happens to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// The request that carries it begins.
    Attempt,
    /// The request provably never left.
    NeverLeft,
    /// Answer `done`.
    Done,
    /// Answer `refused`.
    Refusal,
    /// Answer `refused`, because it had been withdrawn: that is what was wanted.
    RefusedWithdrawn,
    /// Answer `later`, no answer at all, or trouble of the whole queue.
    NoAnswer,
    /// The guard or the window says no before it left.
    Misjudged,
    /// The command it waited for is done.
    ReleasedByOther,
    /// The command it waited for was refused.
    OtherRefused,
    /// The server is a different one: a new epoch.
    NewEpoch,
    /// The change line reached the answer's seq, or brought the message itself.
    CaughtUp,
    /// A person threw it away, or replaced it by a new one.
    Dropped,
    /// A person said that it arrived.
    SaidArrived,
    /// The conversation left this member's scope.
    LeftScope,
}

impl State {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 8] = [
        Self::Dependent,
        Self::Queued,
        Self::Sent,
        Self::Held,
        Self::Refused,
        Self::Unknown,
        Self::Accepted,
        Self::Finished,
    ];

    /// The word in the store.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Dependent => "dependent",
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Held => "held",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Accepted => "accepted",
            Self::Finished => "finished",
        }
    }

    /// Reads the store's word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "dependent" => Self::Dependent,
            "queued" => Self::Queued,
            "sent" => Self::Sent,
            "held" => Self::Held,
            "refused" => Self::Refused,
            "unknown" => Self::Unknown,
            "accepted" => Self::Accepted,
            _ => return None,
        })
    }

    /// It waits for a person, and holds later sends of its conversation (R4).
    pub(crate) fn needs_person(self) -> bool {
        matches!(self, Self::Held | Self::Refused | Self::Unknown)
    }

    /// It may be edited, discarded or sent anew under a new id.
    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Self::Dependent | Self::Queued | Self::Held | Self::Refused)
    }

    /// The state after `event`; `None` if that event cannot happen here and must change nothing.
    pub(crate) fn after(self, event: Event) -> Option<Self> {
        use Event as E;
        use State as S;
        Some(match (self, event) {
            (S::Dependent, E::OtherRefused)
            | (S::Sent, E::Refusal)
            | (S::Dependent | S::Queued | S::Held | S::Refused, E::LeftScope) => S::Refused,
            (S::Dependent | S::Queued | S::Held | S::Refused | S::Unknown, E::Dropped)
            | (S::Sent, E::RefusedWithdrawn)
            | (S::Unknown, E::SaidArrived)
            | (S::Accepted | S::Unknown, E::CaughtUp) => S::Finished,
            (S::Queued | S::Sent, E::Attempt) | (S::Sent, E::NoAnswer) => S::Sent,
            (S::Dependent, E::ReleasedByOther) | (S::Sent, E::NeverLeft) => S::Queued,
            (S::Queued, E::Misjudged) | (S::Dependent | S::Queued, E::NewEpoch) => S::Held,
            (S::Sent, E::Done) => S::Accepted,
            (S::Sent | S::Accepted, E::NewEpoch) => S::Unknown,
            _ => return None,
        })
    }
}

impl Event {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 14] = [
        Self::Attempt,
        Self::NeverLeft,
        Self::Done,
        Self::Refusal,
        Self::RefusedWithdrawn,
        Self::NoAnswer,
        Self::Misjudged,
        Self::ReleasedByOther,
        Self::OtherRefused,
        Self::NewEpoch,
        Self::CaughtUp,
        Self::Dropped,
        Self::SaidArrived,
        Self::LeftScope,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table, written a second time as a picture: rows are states, columns events, `-` is "changes nothing".
    #[test]
    fn all_pairs() {
        let picture = "\
            state     Atte Neve Done Refu RWit NoAn Misj Rele Othe NewE Caug Drop Said Left\n\
            Dependent -    -    -    -    -    -    -    Q    R    H    -    F    -    R\n\
            Queued    S    -    -    -    -    -    H    -    -    H    -    F    -    R\n\
            Sent      S    Q    A    R    F    S    -    -    -    U    -    -    -    -\n\
            Held      -    -    -    -    -    -    -    -    -    -    -    F    -    R\n\
            Refused   -    -    -    -    -    -    -    -    -    -    -    F    -    R\n\
            Unknown   -    -    -    -    -    -    -    -    -    -    F    F    F    -\n\
            Accepted  -    -    -    -    -    -    -    -    -    U    F    -    -    -\n\
            Finished  -    -    -    -    -    -    -    -    -    -    -    -    -    -";
        for (state, line) in State::ALL.into_iter().zip(picture.lines().skip(1)) {
            let mut cells = line.split_whitespace();
            assert_eq!(cells.next(), Some(format!("{state:?}").as_str()));
            for (event, cell) in Event::ALL.into_iter().zip(cells) {
                let letter = state.after(event).map_or('-', |next| format!("{next:?}").remove(0));
                assert_eq!(cell, letter.to_string(), "{state:?} after {event:?}");
            }
        }
    }

    #[test]
    fn once_it_left_no_judgement_of_the_phone_ends_it() {
        for event in [Event::Misjudged, Event::Dropped, Event::OtherRefused, Event::SaidArrived] {
            assert_eq!(State::Sent.after(event), None, "{event:?}");
        }
    }

    #[test]
    fn words_survive_the_store() {
        for state in State::ALL.into_iter().filter(|s| *s != State::Finished) {
            assert_eq!(State::from_word(state.word()), Some(state));
        }
        assert_eq!(State::from_word("finished"), None);
    }
}

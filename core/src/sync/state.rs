//! What the engine does next, as one table.

use crate::api::LinkState;

/// What the engine is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Pulling until nothing is left, the first download included.
    CatchingUp,
    /// Opening the socket.
    Connecting,
    /// Listening.
    Live,
    /// Waiting for the next try; R1.
    WaitingForNetwork,
    /// Waiting for the next try; R2.
    WaitingForServer,
    /// Waiting for a sign-in; R3.
    SignedOut,
    /// Waiting for a newer app.
    Outdated,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// Everything up to the server's head is applied.
    CaughtUp,
    /// The socket is open.
    Opened,
    /// The socket ended, or brought a gap.
    Interrupted,
    /// Nothing could be sent at all.
    NoNetwork,
    /// No usable answer.
    NoAnswer,
    /// The session is over.
    NoSession,
    /// 426.
    TooOld,
    /// The wait is over, or a fact cut it short.
    Retry,
}

impl State {
    #[cfg(test)]
    const ALL: [Self; 7] = [
        Self::CatchingUp,
        Self::Connecting,
        Self::Live,
        Self::WaitingForNetwork,
        Self::WaitingForServer,
        Self::SignedOut,
        Self::Outdated,
    ];

    /// The state after `event`. An event that does not belong to a state leaves it as it is.
    pub(crate) fn after(self, event: Event) -> Self {
        use Event as E;
        use State as S;
        match (self, event) {
            (S::CatchingUp, E::CaughtUp) => S::Connecting,
            (S::Connecting, E::Opened) => S::Live,
            (S::Live | S::Connecting, E::Interrupted)
            | (S::WaitingForNetwork | S::WaitingForServer | S::SignedOut | S::Outdated, E::Retry) => {
                S::CatchingUp
            }
            (S::CatchingUp | S::Connecting | S::Live, E::NoNetwork) => S::WaitingForNetwork,
            (S::CatchingUp | S::Connecting | S::Live, E::NoAnswer) => S::WaitingForServer,
            (S::CatchingUp | S::Connecting | S::Live, E::NoSession) => S::SignedOut,
            (S::CatchingUp | S::Connecting | S::Live, E::TooOld) => S::Outdated,
            (state, _) => state,
        }
    }

    /// What the head line says meanwhile.
    pub(crate) fn link(self) -> LinkState {
        match self {
            Self::CatchingUp | Self::Connecting => LinkState::Connecting,
            Self::Live => LinkState::Online,
            Self::WaitingForNetwork => LinkState::NoNetwork,
            Self::WaitingForServer => LinkState::ServerTrouble,
            Self::SignedOut => LinkState::SignInAgain,
            Self::Outdated => LinkState::UpdateApp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_pairs() {
        let events = [
            Event::CaughtUp,
            Event::Opened,
            Event::Interrupted,
            Event::NoNetwork,
            Event::NoAnswer,
            Event::NoSession,
            Event::TooOld,
            Event::Retry,
        ];
        let picture = "\
            CatchingUp        Connecting CatchingUp CatchingUp WaitingForNetwork WaitingForServer SignedOut Outdated CatchingUp\n\
            Connecting        Connecting Live CatchingUp WaitingForNetwork WaitingForServer SignedOut Outdated Connecting\n\
            Live              Live Live CatchingUp WaitingForNetwork WaitingForServer SignedOut Outdated Live\n\
            WaitingForNetwork = = = = = = = CatchingUp\n\
            WaitingForServer  = = = = = = = CatchingUp\n\
            SignedOut         = = = = = = = CatchingUp\n\
            Outdated          = = = = = = = CatchingUp";
        for (state, line) in State::ALL.into_iter().zip(picture.lines()) {
            let mut cells = line.split_whitespace();
            let name = format!("{state:?}");
            assert_eq!(cells.next(), Some(name.as_str()));
            for (event, cell) in events.into_iter().zip(cells) {
                let expected = if cell == "=" { name.as_str() } else { cell };
                assert_eq!(format!("{:?}", state.after(event)), expected, "{state:?} {event:?}");
            }
        }
    }
}

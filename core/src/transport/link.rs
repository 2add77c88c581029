//! What is known about the way to the server: one state for the whole app, from which R1, R2 and R3 follow.

use std::sync::{Arc, Mutex, PoisonError};

use crate::api::{LinkState, Millis, QueuePause, Reason};
use crate::support::ServerClock;

/// The state with its times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinkInfo {
    pub state: LinkState,
    /// Server time.
    pub since: i64,
    /// Next try by itself, server time.
    pub next_try: Option<i64>,
}

/// Shared by sync and sender. Whoever changes it wakes the views.
#[derive(Clone)]
pub(crate) struct Link {
    info: Arc<Mutex<LinkInfo>>,
    clock: ServerClock,
    changed: Arc<dyn Fn() + Send + Sync>,
}

impl Link {
    pub(crate) fn new(
        clock: ServerClock,
        state: LinkState,
        changed: Arc<dyn Fn() + Send + Sync>,
    ) -> Self {
        let info = LinkInfo { state, since: clock.now_ms(), next_try: None };
        Self { info: Arc::new(Mutex::new(info)), clock, changed }
    }

    pub(crate) fn info(&self) -> LinkInfo {
        *self.info.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the new state; `since` stays while the state stays.
    pub(crate) fn set(&self, state: LinkState, next_try: Option<i64>) {
        {
            let mut info = self.info.lock().unwrap_or_else(PoisonError::into_inner);
            let since = if info.state == state { info.since } else { self.clock.now_ms() };
            let new = LinkInfo { state, since, next_try };
            if *info == new {
                return;
            }
            *info = new;
        }
        (self.changed)();
    }

    /// The queue's pause that follows from it.
    pub(crate) fn pause(&self) -> Option<QueuePause> {
        let info = self.info();
        let reason = match info.state {
            LinkState::NoNetwork => Reason::NoNetwork,
            LinkState::ServerTrouble | LinkState::UpdateApp => Reason::ServerUnreachable,
            LinkState::SignInAgain | LinkState::SignedOut | LinkState::Removed => {
                Reason::SignInAgain
            }
            LinkState::Idle | LinkState::Connecting | LinkState::Online => return None,
        };
        Some(QueuePause {
            reason,
            update_app: info.state == LinkState::UpdateApp,
            since: Millis(info.since),
            next_try: info.next_try.map(Millis),
        })
    }
}

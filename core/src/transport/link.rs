//! What is known about the way to the server: one state for the whole app, from which R1, R2 and R3 follow.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

/// What is known, and the trouble that the try under way has not done away with yet.
#[derive(Debug, Clone, Copy)]
struct Known {
    info: LinkInfo,
    trouble: Option<LinkInfo>,
}

/// Shared by sync and sender. Whoever changes it wakes the views.
///
/// A try that fails again changes nothing for what waits: its reason stays, and so does the time since when.
#[derive(Clone)]
pub(crate) struct Link {
    known: Arc<Mutex<Known>>,
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
        Self { known: Arc::new(Mutex::new(Known { info, trouble: None })), clock, changed }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn info(&self) -> LinkInfo {
        self.known().info
    }

    /// Takes the new state; `since` stays while the state stays, tries in between included.
    pub(crate) fn set(&self, state: LinkState, next_try: Option<i64>) {
        {
            let mut known = self.known();
            let mut before = [Some(known.info), known.trouble].into_iter().flatten();
            let since = before.find(|it| it.state == state).map(|it| it.since);
            let since = since.unwrap_or_else(|| self.clock.now_ms());
            let new = LinkInfo { state, since, next_try };
            if known.info == new {
                return;
            }
            known.trouble = match state {
                LinkState::Connecting => {
                    known.trouble.map(|trouble| LinkInfo { next_try: None, ..trouble })
                }
                LinkState::Idle | LinkState::Online => None,
                _ => Some(new),
            };
            known.info = new;
        }
        (self.changed)();
    }

    /// The server has answered, or it is begun anew: no earlier trouble counts.
    pub(crate) fn forget_trouble(&self) {
        let mut known = self.known();
        let had = known.info.state == LinkState::Connecting && known.trouble.take().is_some();
        drop(known);
        if had {
            (self.changed)();
        }
    }

    /// The queue's pause that follows from it.
    pub(crate) fn pause(&self) -> Option<QueuePause> {
        let Known { info, trouble } = *self.known();
        let trying = info.state == LinkState::Connecting;
        let info = trouble.filter(|_| trying).unwrap_or(info);
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

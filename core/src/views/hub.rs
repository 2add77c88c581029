//! Waiting for the next revision of what a view is drawn from.

use tokio::sync::watch;

use crate::store::{Revisions, Topic};

/// One view's place: its topics, and whether it was cancelled.
pub(super) struct Waiter {
    revisions: Revisions,
    topics: Vec<Topic>,
    cancelled: watch::Sender<bool>,
}

impl Waiter {
    pub(super) fn new(revisions: Revisions, topics: Vec<Topic>) -> Self {
        Self { revisions, topics, cancelled: watch::channel(false).0 }
    }

    /// Waits until the revision is above `since` and answers it; `None` once cancelled. Nothing is lost by dropping it: the
    /// position is the caller's.
    pub(super) async fn next(&self, since: u64) -> Option<u64> {
        let mut counter = self.revisions.watch();
        let mut cancelled = self.cancelled.subscribe();
        loop {
            if *cancelled.borrow_and_update() {
                return None;
            }
            counter.borrow_and_update();
            if self.revisions.has_ended() {
                return None;
            }
            let newest = self.revisions.newest(&self.topics);
            if newest > since {
                return Some(newest);
            }
            tokio::select! {
                biased;
                changed = cancelled.changed() => if changed.is_err() { return None },
                changed = counter.changed() => if changed.is_err() { return None },
            }
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        *self.cancelled.borrow()
    }

    /// Draws the view again although nothing was stored (its window moved).
    pub(super) fn again(&self) {
        self.revisions.bump(self.topics.first().cloned());
    }

    /// Ends the view: every waiting and later `next` answers `None`.
    pub(super) fn cancel(&self) {
        self.cancelled.send_replace(true);
    }
}

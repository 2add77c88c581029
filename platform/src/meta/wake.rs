//! How the two workers are woken: handles that the shared state holds, apart from the workers themselves.

use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{self, Instant};

use crate::store::{Store, webhooks};

/// The handle of the worker that works webhook bodies off.
#[derive(Debug, Default)]
pub struct WebhookProcessor {
    wake: Notify,
    moved: Notify,
}

impl WebhookProcessor {
    /// Has the worker look for bodies. Never lost, never blocks.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// One body was worked off: whoever waits looks again.
    pub(crate) fn worked_off(&self) {
        self.moved.notify_waiters();
    }

    /// The worker's own wait. Cancel safe.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Waits until every body that is stored by now was worked off or set aside, but no longer
    /// than `limit`.
    pub async fn settled(&self, store: &Store, limit: Duration) {
        let Ok(Some(mark)) = store.read(webhooks::newest_waiting).await else { return };
        let deadline = Instant::now() + limit;
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            if !store.read(move |c| webhooks::waits_up_to(c, mark)).await.unwrap_or(false) {
                return;
            }
            tokio::select! {
                biased;
                () = &mut moved => {}
                () = time::sleep_until(deadline) => return,
            }
        }
    }
}

/// The handle of the queue: wakes it after a commit that made a send possible.
#[derive(Debug, Default)]
pub struct SendQueue(Notify);

impl SendQueue {
    /// Has the queue look for something to send. Never lost, never blocks.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// The queue's own wait. Cancel safe.
    pub(crate) async fn woken(&self) {
        self.0.notified().await;
    }
}

/// The handle of a worker that looks at the store when something may be there for it: files to
/// fetch, templates to list, reactions and read marks to pass on.
#[derive(Debug, Default)]
pub struct Wake(Notify);

impl Wake {
    /// Has the worker look. Never lost, never blocks.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// The worker's own wait. Cancel safe.
    pub(crate) async fn woken(&self) {
        self.0.notified().await;
    }
}

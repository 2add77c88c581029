//! One switch that tells every task of a platform to end, and a count of those still at it.
//!
//! tokio's `watch` would wake its receivers in an order drawn from a generator of its own;
//! `Notify` wakes in the order of waiting, which a simulation can repeat.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// A shared switch: off until [`Stop::stop`], then on for ever.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    stopping: AtomicBool,
    stopped: Notify,
    busy: AtomicUsize,
    idle: Notify,
}

/// Held by a task that [`Stop::idle`] waits for.
#[derive(Debug)]
pub struct Busy(Arc<Inner>);

impl Stop {
    /// Tells every task to end. Idempotent.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::SeqCst);
        self.0.stopped.notify_waiters();
    }

    /// Whether [`Stop::stop`] was called.
    pub fn is_stopping(&self) -> bool {
        self.0.stopping.load(Ordering::SeqCst)
    }

    /// Ends once [`Stop::stop`] was called. Cancel safe.
    pub async fn stopped(&self) {
        loop {
            let notified = self.0.stopped.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if self.is_stopping() {
                return;
            }
            notified.await;
        }
    }

    /// Counts the caller among the tasks at work until the value is dropped.
    pub fn busy(&self) -> Busy {
        self.0.busy.fetch_add(1, Ordering::SeqCst);
        Busy(Arc::clone(&self.0))
    }

    /// Ends once nobody holds a [`Busy`].
    pub async fn idle(&self) {
        loop {
            let notified = self.0.idle.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if self.0.busy.load(Ordering::SeqCst) == 0 {
                return;
            }
            notified.await;
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if self.0.busy.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

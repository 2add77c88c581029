//! Who is woken when a workspace's line moved.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// A counter for each workspace that moves with its commits, and a way to wait for that.
#[derive(Debug, Default)]
pub struct Heads {
    counts: Mutex<Counts>,
    moved: Notify,
}

#[derive(Debug, Default)]
struct Counts {
    all: u64,
    each: BTreeMap<String, u64>,
}

impl Heads {
    /// How often `workspace` has moved.
    pub fn count(&self, workspace: &str) -> u64 {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all + counts.each.get(workspace).copied().unwrap_or(0)
    }

    /// Wakes the feeds of one workspace.
    pub fn moved(&self, workspace: &str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.each.entry(workspace.to_owned()).or_insert(0) += 1;
        drop(counts);
        self.moved.notify_waiters();
    }

    /// Wakes every feed.
    pub fn all_moved(&self) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).all += 1;
        self.moved.notify_waiters();
    }

    /// Ends once `workspace` has moved since its count was `seen`. Cancel safe.
    pub async fn wait(&self, workspace: &str, seen: u64) {
        loop {
            let notified = self.moved.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if self.count(workspace) != seen {
                return;
            }
            notified.await;
        }
    }
}

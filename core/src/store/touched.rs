//! Which views a commit concerns: a counter for all, the last value for each topic.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// What a view is drawn from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Topic {
    /// The list.
    Inbox,
    /// One conversation.
    Conversation(String),
    /// Unsent work.
    Outbox,
    /// The link and the account.
    Status,
}

/// Shared by store and views.
#[derive(Clone)]
pub(crate) struct Revisions {
    last: Arc<Mutex<BTreeMap<Topic, u64>>>,
    counter: Arc<watch::Sender<u64>>,
    ended: Arc<AtomicBool>,
}

impl Default for Revisions {
    fn default() -> Self {
        Self { last: Arc::default(), counter: Arc::new(watch::channel(1).0), ended: Arc::default() }
    }
}

impl Revisions {
    /// Marks `topics` as changed and wakes whoever waits.
    pub(crate) fn bump(&self, topics: impl IntoIterator<Item = Topic>) {
        let topics: BTreeSet<Topic> = topics.into_iter().collect();
        if topics.is_empty() {
            return;
        }
        self.counter.send_modify(|counter| {
            *counter += 1;
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            for topic in topics {
                last.insert(topic, *counter);
            }
        });
    }

    /// Marks everything as changed: after a resume, or when another account came.
    pub(crate) fn bump_all(&self) {
        let mut topics: Vec<Topic> = {
            let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            last.keys().cloned().collect()
        };
        topics.extend([Topic::Inbox, Topic::Outbox, Topic::Status]);
        self.bump(topics);
    }

    /// No view draws any more: every waiting one ends.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.counter.send_modify(|counter| *counter += 1);
    }

    /// True after [`Self::end`].
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// The newest revision of any of `topics`; 1 if none was ever touched.
    pub(crate) fn newest(&self, topics: &[Topic]) -> u64 {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        topics.iter().filter_map(|topic| last.get(topic)).copied().max().unwrap_or(1)
    }

    /// Wakes at each bump.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.counter.subscribe()
    }
}

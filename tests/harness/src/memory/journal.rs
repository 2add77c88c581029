//! The event log of a run, and how often each fault happened.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

use super::VirtualClock;

/// What happened, in order, with virtual times. Two runs of one seed must be equal to the byte.
#[derive(Clone)]
pub struct Journal {
    clock: VirtualClock,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    lines: Vec<String>,
    counts: BTreeMap<String, u64>,
}

impl Journal {
    /// An empty one.
    pub fn new(clock: VirtualClock) -> Self {
        Self { clock, inner: Arc::default() }
    }

    /// Writes down what `who` did or what happened to it.
    pub fn note(&self, who: &str, what: impl Display) {
        let line = format!("{} {who} {what}", self.clock.now());
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).lines.push(line);
    }

    /// Writes a fault down and counts it.
    pub fn fault(&self, who: &str, fault: &str) {
        self.note(who, format_args!("fault {fault}"));
        self.count(fault, 1);
    }

    /// Adds to a count.
    pub fn count(&self, what: &str, times: u64) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        *inner.counts.entry(what.to_owned()).or_insert(0) += times;
    }

    /// The whole log.
    pub fn lines(&self) -> Vec<String> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).lines.clone()
    }

    /// How often each fault happened.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).counts.clone()
    }
}

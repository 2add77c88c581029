//! What an operator's monitoring reads: `GET /metrics`, Prometheus text (protocol.md 8).
//!
//! Counters live in memory and begin anew with each start; gauges are read from the store when
//! they are asked for. Labels are words of our own or names of Meta's fields: no person, no
//! number, no text.

mod graph;
mod page;
mod text;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) use graph::Counted;
pub(crate) use page::show;

/// At most this often the log says how many signatures were wrong, ms.
const SAY_EVERY_MS: i64 = 60_000;

/// The counters of one platform.
#[derive(Debug, Default)]
pub struct Metrics {
    counts: Mutex<Counts>,
    sockets: AtomicI64,
    wrong_signatures: AtomicU64,
    said: Mutex<Said>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Route, status.
    requests: BTreeMap<String, BTreeMap<u16, u64>>,
    /// Outcome, code.
    commands: BTreeMap<String, BTreeMap<String, u64>>,
    /// What a call to Meta came to.
    graph: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Default)]
struct Said {
    at: Option<i64>,
    count: u64,
}

impl Metrics {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request was answered; the route as it is written in the router.
    pub(crate) fn answered(&self, route: &str, status: u16) {
        let mut counts = self.counts();
        if !counts.requests.contains_key(route) {
            counts.requests.insert(route.to_owned(), BTreeMap::new());
        }
        if let Some(statuses) = counts.requests.get_mut(route) {
            *statuses.entry(status).or_default() += 1;
        }
    }

    /// A command was answered; both words are those of the wire.
    pub(crate) fn command(&self, outcome: &str, code: Option<&str>) {
        let mut counts = self.counts();
        let codes = counts.commands.entry(outcome.to_owned()).or_default();
        *codes.entry(code.unwrap_or("none").to_owned()).or_default() += 1;
    }

    fn called(&self, class: &'static str) {
        *self.counts().graph.entry(class).or_default() += 1;
    }

    /// A webhook with a wrong signature. Gives how many there were since the log last said so, if
    /// it is time to say so again: a flood must not fill the disk.
    pub(crate) fn wrong_signature(&self, now: i64) -> Option<u64> {
        let total = self.wrong_signatures.fetch_add(1, Ordering::Relaxed) + 1;
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back must not silence it.
        if said.at.is_some_and(|at| (at..at.saturating_add(SAY_EVERY_MS)).contains(&now)) {
            return None;
        }
        let count = total.saturating_sub(said.count);
        *said = Said { at: Some(now), count: total };
        Some(count)
    }

    /// Counts a phone's socket until the value is dropped.
    pub(crate) fn socket(&self) -> OpenSocket<'_> {
        self.sockets.fetch_add(1, Ordering::Relaxed);
        OpenSocket(self)
    }
}

/// A phone's socket that is open.
pub(crate) struct OpenSocket<'m>(&'m Metrics);

impl Drop for OpenSocket<'_> {
    fn drop(&mut self) {
        self.0.sockets.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_wrong_signatures_is_one_line_a_minute() {
        let metrics = Metrics::default();
        assert_eq!(metrics.wrong_signature(1_000), Some(1));
        for _ in 0..500 {
            assert_eq!(metrics.wrong_signature(30_000), None);
        }
        assert_eq!(metrics.wrong_signature(61_000), Some(501));
        assert_eq!(metrics.wrong_signature(900), Some(1), "the clock was set back");
    }

    #[test]
    fn a_socket_counts_while_it_is_open() {
        let metrics = Metrics::default();
        let open = metrics.socket();
        assert_eq!(metrics.sockets.load(Ordering::Relaxed), 1);
        drop(open);
        assert_eq!(metrics.sockets.load(Ordering::Relaxed), 0);
    }
}

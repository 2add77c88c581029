//! Gathers records and hands them over in batches on a thread of its own, so that no task of the core waits for a sink.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{LogLevel, LogRecord, LogSink, LogSinkError};

/// Most records of a batch: with so many waiting none waits longer.
pub(super) const BATCH: usize = 100;
/// Longest that a record waits for others.
const PATIENCE: Duration = Duration::from_secs(1);
/// Most records that wait; more are counted and lost.
pub(super) const BOUND: usize = 1_000;
/// Failures in a row after which a sink is switched off.
pub(super) const FAILURES: u32 = 3;

/// What waits. Pure, so that its rules need no thread and no clock.
#[derive(Default)]
struct Waiting {
    records: VecDeque<LogRecord>,
    /// When the oldest of them came.
    since: Option<Instant>,
    lost: u64,
}

/// What to do now.
#[derive(Debug, PartialEq, Eq)]
enum Due {
    Now,
    Within(Duration),
    Never,
}

impl Waiting {
    fn put(&mut self, record: LogRecord, now: Instant) {
        if self.records.len() >= BOUND {
            self.lost += 1;
            return;
        }
        self.since.get_or_insert(now);
        self.records.push_back(record);
    }

    fn due(&self, now: Instant) -> Due {
        let Some(since) = self.since else { return Due::Never };
        let left = PATIENCE.saturating_sub(now.saturating_duration_since(since));
        if self.records.len() >= BATCH || left.is_zero() { Due::Now } else { Due::Within(left) }
    }

    /// The next batch; the first record says how many were lost before it.
    fn take(&mut self, now: Instant) -> Vec<LogRecord> {
        let mut batch: Vec<LogRecord> =
            self.records.drain(..self.records.len().min(BATCH)).collect();
        self.since = (!self.records.is_empty()).then_some(now);
        if let Some(first) = batch.first().filter(|_| self.lost > 0) {
            let record = LogRecord {
                level: LogLevel::Warn,
                target: "fieldline_ffi::logs".to_owned(),
                text: format!("event=log_lost count={}", self.lost),
                at: first.at,
            };
            batch.insert(0, record);
            self.lost = 0;
        }
        batch
    }
}

#[derive(Default)]
struct State {
    waiting: Waiting,
    ended: bool,
    /// What the sink said when it was switched off.
    trouble: Option<String>,
}

/// One sink with its thread.
pub(super) struct Pump {
    state: Mutex<State>,
    wake: Condvar,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Pump {
    pub(super) fn start(sink: Arc<dyn LogSink>) -> std::io::Result<Arc<Self>> {
        let pump = Arc::new(Self {
            state: Mutex::default(),
            wake: Condvar::new(),
            thread: Mutex::new(None),
        });
        let running = Arc::clone(&pump);
        let thread = thread::Builder::new()
            .name("fieldline-log".to_owned())
            .spawn(move || running.run(sink.as_ref()))?;
        *pump.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(pump)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, record: LogRecord) {
        let mut state = self.state();
        if state.ended {
            return;
        }
        let before = state.waiting.records.len();
        state.waiting.put(record, Instant::now());
        // The first one starts the clock, a full batch ends the wait.
        if before == 0 || before + 1 == BATCH {
            self.wake.notify_one();
        }
    }

    pub(super) fn trouble(&self) -> Option<String> {
        self.state().trouble.clone()
    }

    /// Hands over what waits and joins the thread. A sink that ends its own logging is let go by the thread itself.
    pub(super) fn end(&self) {
        self.state().ended = true;
        self.wake.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread.filter(|it| it.thread().id() != thread::current().id()) {
            // It ends after its last batch, however that went.
            let _ = thread.join();
        }
    }

    fn run(&self, sink: &dyn LogSink) {
        let mut failures = 0;
        while let Some(batch) = self.next() {
            match sink.write(batch) {
                Ok(()) => failures = 0,
                Err(LogSinkError::Failed { what }) => {
                    failures += 1;
                    if failures >= FAILURES {
                        let mut state = self.state();
                        state.ended = true;
                        state.waiting = Waiting::default();
                        state.trouble = Some(what);
                        return;
                    }
                }
            }
        }
    }

    /// Waits for a batch; `None` at the end, once nothing waits.
    fn next(&self) -> Option<Vec<LogRecord>> {
        let mut state = self.state();
        loop {
            let now = Instant::now();
            let due = if state.ended { Due::Now } else { state.waiting.due(now) };
            state = match due {
                Due::Now if state.waiting.records.is_empty() => return None,
                Due::Now => return Some(state.waiting.take(now)),
                Due::Never => self.wake.wait(state).unwrap_or_else(PoisonError::into_inner),
                Due::Within(left) => {
                    let woken = self.wake.wait_timeout(state, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldline_core::api::Millis;

    fn record(text: &str) -> LogRecord {
        let target = "fieldline_core".to_owned();
        LogRecord { level: LogLevel::Info, target, text: text.to_owned(), at: Millis(1) }
    }

    fn texts(batch: &[LogRecord]) -> Vec<&str> {
        batch.iter().map(|record| record.text.as_str()).collect()
    }

    #[test]
    fn a_batch_goes_when_it_is_full_or_has_waited() {
        let (start, mut waiting) = (Instant::now(), Waiting::default());
        assert_eq!(waiting.due(start), Due::Never);
        waiting.put(record("0"), start);
        let half = start + PATIENCE / 2;
        assert_eq!(waiting.due(half), Due::Within(PATIENCE / 2));
        assert_eq!(waiting.due(start + PATIENCE), Due::Now);
        for n in 1..BATCH {
            assert_ne!(waiting.due(half), Due::Now);
            waiting.put(record(&n.to_string()), half);
        }
        assert_eq!(waiting.due(half), Due::Now);
        waiting.put(record("next"), half);
        let batch = waiting.take(half);
        assert_eq!((batch.len(), texts(&batch)[0]), (BATCH, "0"));
        assert_eq!(waiting.due(half), Due::Within(PATIENCE));
        assert_eq!(texts(&waiting.take(half)), ["next"]);
        assert_eq!(waiting.due(half), Due::Never);
    }

    #[test]
    fn what_is_too_much_is_counted_and_lost() {
        let (now, mut waiting) = (Instant::now(), Waiting::default());
        for n in 0..BOUND + 7 {
            waiting.put(record(&n.to_string()), now);
        }
        assert_eq!(waiting.records.len(), BOUND);
        let batch = waiting.take(now);
        assert_eq!(texts(&batch)[..2], ["event=log_lost count=7", "0"]);
        assert_eq!(texts(&waiting.take(now))[0], BATCH.to_string());
    }

    #[derive(Default)]
    struct Kept {
        texts: Mutex<Vec<String>>,
        calls: Mutex<u32>,
        /// Calls that fail, from the first on.
        failing: u32,
    }

    impl LogSink for Kept {
        fn write(&self, records: Vec<LogRecord>) -> Result<(), LogSinkError> {
            let mut calls = self.calls.lock().unwrap();
            *calls += 1;
            if *calls <= self.failing {
                return Err(LogSinkError::Failed { what: "Broken".to_owned() });
            }
            self.texts.lock().unwrap().extend(records.into_iter().map(|record| record.text));
            Ok(())
        }
    }

    #[test]
    fn the_end_hands_over_what_waits_in_order() {
        let sink = Arc::new(Kept::default());
        let pump = Pump::start(Arc::<Kept>::clone(&sink)).unwrap();
        let wanted: Vec<String> = (0..250).map(|n| n.to_string()).collect();
        for text in &wanted {
            pump.put(record(text));
        }
        pump.end();
        pump.put(record("late"));
        assert_eq!(*sink.texts.lock().unwrap(), wanted);
        assert_eq!(pump.trouble(), None);
    }

    #[test]
    fn a_failing_sink_is_switched_off() {
        for (failing, calls) in [(FAILURES - 1, FAILURES + 1), (FAILURES, FAILURES)] {
            let sink = Arc::new(Kept { failing, ..Kept::default() });
            let pump = Pump::start(Arc::<Kept>::clone(&sink)).unwrap();
            let batches = usize::try_from(FAILURES).unwrap() + 1;
            for n in 0..batches * BATCH {
                pump.put(record(&n.to_string()));
            }
            pump.end();
            // A slow machine may cut a batch short, never make one longer.
            let made = *sink.calls.lock().unwrap();
            assert!(if failing == FAILURES { made == calls } else { made >= calls }, "{made}");
            let off = (failing == FAILURES).then(|| "Broken".to_owned());
            assert_eq!(pump.trouble(), off);
        }
    }
}

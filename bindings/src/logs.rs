//! What the core logs, handed to the shell's own logging in batches: the second thing that a shell may implement, and need not.
//!
//! Only records of our own crates go there: what others write may hold addresses or content. Ours hold ids and codes.

mod pump;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fieldline_core::api::{Error, Millis};
use fieldline_core::support::{Clock, SystemClock};
use log::LevelFilter;

use pump::Pump;

/// Longest text of a record, in characters: ours are short, and a sink is no place for surprises.
const LONGEST: usize = 1_000;

/// How loud a record is, the loudest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, uniffi::Enum)]
pub enum LogLevel {
    /// A fault of ours.
    Error,
    /// Something that the core lives with.
    Warn,
    /// What the core does, in few words.
    Info,
    /// Every step.
    Debug,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LogRecord {
    /// How loud.
    pub level: LogLevel,
    /// Which part, `fieldline_core::sync` for example.
    pub target: String,
    /// `event=... key=value`, without a text, a number or a name of anybody.
    pub text: String,
    /// The phone's own time.
    pub at: Millis,
}

/// A sink did not take a batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum LogSinkError {
    /// For a reason of its own.
    #[error("the log sink failed: {what}")]
    Failed {
        /// One word; of an exception its class.
        what: String,
    },
}

/// An exception that the trait does not name. Its text may be a stack trace with content: only a class is kept.
impl From<uniffi::UnexpectedUniFFICallbackError> for LogSinkError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed { what: class_name(&error.reason) }
    }
}

/// The first word, if it could be the name of a class.
fn class_name(reason: &str) -> String {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || "._$".contains(c);
    let word: String = reason.chars().take_while(|c| is_inside(*c)).take(100).collect();
    let last = word.rsplit('.').next().unwrap_or_default();
    // A class, and not the first word of somebody's sentence: `RuntimeError`, `java.lang.IllegalStateException`.
    let named = ["Error", "Exception", "Failure"].iter().any(|end| last.ends_with(end));
    if named { last.to_owned() } else { "unknown".to_owned() }
}

/// Takes batches of records. Called from one thread of ours; must not call back into the core.
#[uniffi::export(rust, foreign)]
pub trait LogSink: Send + Sync + 'static {
    /// Takes records in the order in which they were written.
    fn write(&self, records: Vec<LogRecord>) -> Result<(), LogSinkError>;
}

/// Hands what the core logs from `level` up to `sink`, in the place of an earlier one. For all clients of the process.
///
/// Fails with `Internal{logger}` if the process has another logger already.
#[uniffi::export]
pub fn start_logging(sink: Arc<dyn LogSink>, level: LogLevel) -> Result<(), Error> {
    HUB.start(sink, level)
}

/// Hands over what waits and lets go of the sink. To be called before an interpreter ends; no error if there is none.
#[uniffi::export]
pub fn stop_logging() {
    HUB.stop();
}

/// Why the last sink was switched off: the class of what it threw. Nothing if it works, or worked to its end.
#[uniffi::export]
pub fn logging_trouble() -> Option<String> {
    HUB.trouble()
}

/// The process's one logger: `log` wants a global, and no other part of ours knows of it.
static HUB: Hub = Hub { state: Mutex::new(State { installed: false, pump: None, trouble: None }) };

struct Hub {
    state: Mutex<State>,
}

struct State {
    installed: bool,
    pump: Option<Arc<Pump>>,
    /// Of the last sink, once it is let go.
    trouble: Option<String>,
}

impl Hub {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&'static self, sink: Arc<dyn LogSink>, level: LogLevel) -> Result<(), Error> {
        self.stop();
        let failed = || Error::Internal { reason: "logger".to_owned() };
        let mut state = self.state();
        if !state.installed {
            log::set_logger(self).map_err(|_| failed())?;
            state.installed = true;
        }
        state.pump = Some(Pump::start(sink).map_err(|_| failed())?);
        state.trouble = None;
        log::set_max_level(match level {
            LogLevel::Error => LevelFilter::Error,
            LogLevel::Warn => LevelFilter::Warn,
            LogLevel::Info => LevelFilter::Info,
            LogLevel::Debug => LevelFilter::Debug,
        });
        Ok(())
    }

    fn stop(&self) {
        let ending = {
            let mut state = self.state();
            if state.installed {
                log::set_max_level(LevelFilter::Off);
            }
            state.pump.take()
        };
        // Not under the lock: the sink is called once more.
        if let Some(pump) = ending {
            pump.end();
            self.state().trouble = pump.trouble();
        }
    }

    fn trouble(&self) -> Option<String> {
        let (pump, last) = {
            let state = self.state();
            (state.pump.clone(), state.trouble.clone())
        };
        pump.map_or(last, |pump| pump.trouble())
    }
}

fn is_ours(target: &str) -> bool {
    let name = target.split("::").next().unwrap_or_default();
    matches!(name, "fieldline_core" | "fieldline_ffi")
}

impl log::Log for Hub {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        is_ours(metadata.target())
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let level = match record.level() {
            log::Level::Error => LogLevel::Error,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Info => LogLevel::Info,
            log::Level::Debug | log::Level::Trace => LogLevel::Debug,
        };
        let text: String = record.args().to_string().chars().take(LONGEST).collect();
        let (target, at) = (record.target().to_owned(), Millis(SystemClock.now_ms()));
        let pump = self.state().pump.clone();
        if let Some(pump) = pump {
            pump.put(LogRecord { level, target, text, at });
        }
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_a_sink_threw_only_a_class_is_kept() {
        for (reason, kept) in [
            ("java.lang.IllegalStateException: a customer's words", "IllegalStateException"),
            ("RuntimeError(\"a customer's words\")", "RuntimeError"),
            ("ValueError", "ValueError"),
            ("a customer's words", "unknown"),
            ("Luis wrote an Error", "unknown"),
            ("", "unknown"),
        ] {
            assert_eq!(class_name(reason), kept, "{reason}");
        }
    }

    #[test]
    fn only_our_own_crates_are_heard() {
        assert!(is_ours("fieldline_core::sync::engine") && is_ours("fieldline_ffi"));
        for other in ["hyper::proto", "tungstenite", "rustls", "fieldline_corex", ""] {
            assert!(!is_ours(other), "{other}");
        }
    }
}

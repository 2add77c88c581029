//! The log: one line `time level event key=value` each, to standard error.
//!
//! Lines of this crate only: what a library might print of a request is nobody's to keep.
//! Callers put the event's name first and never a text, number, name, e-mail or token.

use std::io::Write as _;

use log::{LevelFilter, Log, Metadata, Record};

tokio::task_local! {
    /// The request that a task works for.
    static REQUEST: String;
}

/// Runs `work` so that each line it logs names the request.
pub(crate) async fn of_request<F: Future>(id: String, work: F) -> F::Output {
    REQUEST.scope(id, work).await
}

struct Stderr;

impl Log for Stderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("fieldline")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = line(chrono::Utc::now(), record);
            // Nobody is left to tell when standard error is gone.
            let _ = std::io::stderr().lock().write_all(line.as_bytes());
        }
    }

    fn flush(&self) {}
}

/// A record as it is printed, with its line end. Line breaks inside are escaped.
fn line(at: chrono::DateTime<chrono::Utc>, record: &Record<'_>) -> String {
    let text = record.args().to_string().replace('\n', "\\n").replace('\r', "\\r");
    let at = at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let level = record.level().as_str().to_ascii_lowercase();
    REQUEST
        .try_with(|id| format!("{at} {level} {text} request={id}\n"))
        .unwrap_or_else(|_| format!("{at} {level} {text}\n"))
}

/// Sends this crate's log to standard error. Does nothing if a logger is already there.
pub fn to_stderr(level: LevelFilter) {
    if log::set_logger(&Stderr).is_ok() {
        log::set_max_level(level);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line() {
        let at = chrono::DateTime::from_timestamp_millis(0).unwrap();
        let text = line(
            at,
            &Record::builder()
                .level(log::Level::Info)
                .args(format_args!("listening addr={}", "a\nb"))
                .build(),
        );
        assert_eq!(text, "1970-01-01T00:00:00.000Z info listening addr=a\\nb\n");
    }

    #[tokio::test]
    async fn lines_of_a_request_name_it() {
        let at = chrono::DateTime::from_timestamp_millis(0).unwrap();
        let text = of_request("r7".to_owned(), async {
            line(at, &Record::builder().level(log::Level::Warn).args(format_args!("odd")).build())
        });
        assert_eq!(text.await, "1970-01-01T00:00:00.000Z warn odd request=r7\n");
    }
}

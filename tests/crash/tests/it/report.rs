//! Counts of a run, shown also where the test runner hides what tests print.

use std::io::Write as _;

/// One line to standard error.
pub(crate) fn say(line: &str) {
    // Without standard error nobody reads it.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

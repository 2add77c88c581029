//! The binary `fieldline-harness`: see [`fieldline_harness::scenario`].

use std::process::ExitCode;

fn main() -> ExitCode {
    fieldline_harness::scenario::main()
}

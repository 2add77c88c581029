//! The binary behind `cargo demo`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    fieldline_demo::main()
}

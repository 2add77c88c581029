//! The binary `fieldline-platform`: see [`fieldline_platform::cli`].
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    fieldline_platform::cli::main()
}

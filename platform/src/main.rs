//! The binary `fieldline-platform`: see [`fieldline_platform::cli`].
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic
)]

use std::process::ExitCode;

fn main() -> ExitCode {
    fieldline_platform::cli::main()
}

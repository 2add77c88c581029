//! The binary `fieldline-bench`: see [`fieldline_bench`].

use std::process::ExitCode;

fn main() -> ExitCode {
    fieldline_bench::main()
}

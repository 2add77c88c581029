//! The process that is killed: a phone if the environment holds its orders, else the platform's own command line.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::var(fieldline_crash::orders::VARIABLE) {
        Ok(orders) => fieldline_crash::phone::main(&orders),
        Err(_) => fieldline_platform::cli::main(),
    }
}

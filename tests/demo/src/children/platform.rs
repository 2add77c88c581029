//! The platform: its own command line, entered in this process.

use std::ffi::OsString;
use std::process::ExitCode;

use fieldline_harness::process::end_with_parent;
use fieldline_platform::cli;

/// Runs `fieldline-platform` with these arguments.
pub fn run(arguments: &[OsString]) -> ExitCode {
    // The other commands read a password from standard input and end by themselves.
    if arguments.first().is_some_and(|command| command == "serve")
        && let Err(error) = end_with_parent()
    {
        eprintln!("cannot watch the parent: {error}");
        return ExitCode::FAILURE;
    }
    let name = std::iter::once(OsString::from("fieldline-platform"));
    cli::main_with(name.chain(arguments.iter().cloned()))
}

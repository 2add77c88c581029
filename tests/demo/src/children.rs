//! The programs that the demo starts: each is this same binary with `process ...` before its own arguments.

pub mod phone;
pub mod platform;
pub mod simulator;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::args::Program;
use crate::trouble::Trouble;

/// What follows `process platform`, if the process was started for it.
pub fn platform_arguments(arguments: &[OsString]) -> Option<&[OsString]> {
    match arguments {
        [_, process, platform, rest @ ..] if process == "process" && platform == "platform" => {
            Some(rest)
        }
        _ => None,
    }
}

/// Runs one of the others until the demo is gone.
///
/// # Errors
/// Whatever keeps it from starting.
pub async fn run(program: Program) -> Result<ExitCode, Trouble> {
    match program {
        Program::Simulator => simulator::run().await?,
        Program::Phone { folder, server, name } => phone::run(&folder, server, name).await?,
    }
    Ok(ExitCode::SUCCESS)
}

//! Plays `tests/scenarios/*.json` against real processes, through the runner of one language. What a step may say stands in
//! `tests/scenarios/README.md`.

mod children;
mod cli;
mod desk;
mod file;
mod lend;
mod pattern;
mod play;
mod runner;
mod trouble;
mod world;

use std::time::Duration;

pub use cli::main;
pub use trouble::Trouble;

/// How long something is looked for that has to come. Back-off of a phone that comes online again fits into it, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(40);
/// Pause between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(40);

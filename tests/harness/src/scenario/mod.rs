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

pub use cli::main;
pub use trouble::Trouble;

//! kill -9 at random points of a phone and of the platform: real processes, real SQLite, real sockets.
//!
//! The child ([`phone`], or the platform's own command line) is killed by the drivers in `tests/it`. What was promised
//! before each death, what the simulated customers hold in the end, and what the files say in between goes to the pure
//! [`check`]. One seed draws all points of death; processes and the disk have their own mind, so a seed repeats the plan,
//! not the run.
#![forbid(unsafe_code)]
#![allow(clippy::missing_panics_doc, reason = "a tool of tests: a panic is how it fails")]

pub mod autopsy;
pub mod canary;
pub mod check;
pub mod child;
pub mod dice;
pub mod office;
pub mod orders;
pub mod phone;
pub mod relay;
pub mod wait;

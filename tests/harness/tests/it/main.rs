//! The harness is itself tested: what it pretends must happen.

mod process;
mod relay;
mod scenarios;

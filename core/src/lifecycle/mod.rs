//! The app's life: foreground, suspended, a short run in the background, the end.

mod runner;
mod state;
mod supervisor;

pub(crate) use runner::Runner;

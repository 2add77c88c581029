//! Measures Fieldline beside yardsticks: `cargo run --release -p fieldline-bench -- platform`.
//!
//! A yardstick is the least program that does the same work without our code. Both are measured in
//! one run, in turn, for several rounds; what counts is the ratio, for absolute times are those of
//! a machine and a moment. Nothing here fails on a slow machine: a figure that misses its goal is
//! printed as missed, and stays so.

mod agents;
mod bodies;
mod figures;
mod import;
mod load;
mod platform;
mod server;
mod world;
mod yardstick;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "fieldline-bench", about = "Figures beside their yardsticks")]
struct Arguments {
    #[command(subcommand)]
    topic: Topic,
}

#[derive(Subcommand)]
enum Topic {
    /// Webhooks, sockets, memory and the history import of the platform.
    Platform {
        /// Only shows that every measurement works: the figures mean nothing.
        #[arg(long)]
        tiny: bool,
        /// Only these parts; without any, all of them.
        #[arg(long)]
        part: Vec<platform::Part>,
        /// Where the figures go as JSON.
        #[arg(long, default_value = "target/bench/platform.json")]
        out: PathBuf,
    },
    /// The platform itself, as a child of a topic.
    #[command(hide = true)]
    ServePlatform,
    /// The yardstick of the platform, as a child of a topic.
    #[command(hide = true)]
    ServeYardstick,
}

/// Runs what the process was started for.
pub fn main() -> ExitCode {
    match Arguments::parse().topic {
        Topic::Platform { tiny, part, out } => platform::main(tiny, &part, &out),
        Topic::ServePlatform => fieldline_platform::cli::main_with(
            ["fieldline-platform", "serve"].into_iter().map(OsString::from),
        ),
        Topic::ServeYardstick => yardstick::main(),
    }
}

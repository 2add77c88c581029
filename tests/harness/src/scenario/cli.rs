//! The command line: which scenarios, in which language, by which runner.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, Parser, Subcommand};

use super::{Trouble, children, file, lend, play};

/// Plays scenarios against a real platform and a simulated WhatsApp.
#[derive(Parser)]
#[command(name = "fieldline-harness")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Plays the scenarios through one language's runner.
    Play(Play),
    /// Runs a command beside a world of its own, which it reaches at `FIELDLINE_WORLD`.
    World {
        /// The command and its arguments.
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
    /// Entered by the harness itself.
    #[command(hide = true)]
    Process {
        #[command(subcommand)]
        which: Child,
    },
}

#[derive(Args)]
struct Play {
    /// The language's name, for the closing line.
    #[arg(long)]
    language: String,
    /// Folder of the scenarios.
    #[arg(long, default_value = "tests/scenarios")]
    scenarios: PathBuf,
    /// Only the scenario of this name; may be repeated.
    #[arg(long)]
    only: Vec<String>,
    /// The runner and its arguments.
    #[arg(last = true, required = true)]
    runner: Vec<OsString>,
}

#[derive(Subcommand)]
enum Child {
    /// `fieldline-platform` with these arguments.
    #[command(disable_help_flag = true)]
    Platform {
        /// Its arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// The simulator.
    Simulator,
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let command = Cli::parse().command;
    if let Command::Process { which: Child::Platform { arguments } } = command {
        return children::platform(&arguments);
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let done = runtime.map_err(Trouble::of("the runtime")).and_then(|runtime| {
        runtime.block_on(async {
            match command {
                Command::Play(order) => play_all(&order).await,
                Command::World { command } => lend::lend(&command).await,
                Command::Process { .. } => children::simulator().await.map(|()| true),
            }
        })
    });
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}

/// Plays all, tells each, and gives whether there were some and all passed.
async fn play_all(order: &Play) -> Result<bool, Trouble> {
    let mut scenarios = file::all(&order.scenarios)?;
    if let Some(unknown) =
        order.only.iter().find(|name| scenarios.iter().all(|it| it.name != **name))
    {
        return Err(Trouble::new("no scenario", unknown));
    }
    scenarios.retain(|scenario| order.only.is_empty() || order.only.contains(&scenario.name));
    let (mut passed, mut failed) = (0_u32, 0_u32);
    for scenario in &scenarios {
        let begun = Instant::now();
        match play::play(scenario, &order.runner).await {
            Ok(()) => {
                passed += 1;
                println!("ok      {} ({:.1} s)", scenario.name, begun.elapsed().as_secs_f32());
            }
            Err(trouble) => {
                failed += 1;
                println!("FAILED  {}: {trouble}", scenario.name);
            }
        }
    }
    println!("{} scenarios: {passed} passed, {failed} failed", order.language);
    Ok(passed > 0 && failed == 0)
}

//! A working day with Fieldline on one machine: `cargo demo`.
//!
//! One binary holds every program. It starts itself again for the platform, for Meta's side of WhatsApp and for each
//! employee's phone, plays the day through their real interfaces, prints what each surface shows, and then checks what must be true
//! from what the surfaces say, never from what it remembers having done.

#![forbid(unsafe_code)]

pub mod agent;
pub mod args;
pub mod cast;
pub mod children;
pub mod claims;
pub mod day;
pub mod facts;
pub mod phone;
pub mod show;
pub mod state_file;
pub mod stay;
pub mod store;
pub mod trouble;
pub mod world;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

use args::{Command, Demo};
use show::Page;
use trouble::Trouble;

/// Runs what the process was started for.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // The platform's own command line is passed on as it is.
    if let Some(program) = children::platform_arguments(&arguments) {
        return children::platform::run(program);
    }
    let demo = Demo::parse_from(arguments);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&Trouble::new("the runtime", error)),
    };
    let done = runtime.block_on(run(demo));
    // A thread that waits for a line of standard input would hold the runtime up for ever.
    runtime.shutdown_background();
    match done {
        Ok(code) => code,
        Err(trouble) => complain(&trouble),
    }
}

async fn run(demo: Demo) -> Result<ExitCode, Trouble> {
    match demo.command {
        Some(Command::Process { program }) => children::run(program).await,
        Some(Command::Agent { name }) => agent::run(&name).await,
        Some(Command::Customer { text, name }) => stay::customer(&name, &text).await,
        Some(Command::Owner { text, to }) => stay::owner(&to, &text).await,
        None => play(demo.stay, demo.record).await,
    }
}

/// The day, its claims and, if asked for, the time after it.
async fn play(stay: bool, record: Option<std::path::PathBuf>) -> Result<ExitCode, Trouble> {
    if stay {
        state_file::refuse_second().await?;
    }
    let page = Page::of_terminal();
    let played = async {
        let mut world = world::World::start(&world::Plan::default()).await?;
        let verdict = day::play(&mut world, &page).await?;
        if let Some(path) = record {
            let facts = serde_json::to_string_pretty(&verdict.facts)?;
            std::fs::write(path, facts).map_err(Trouble::of("writing the record"))?;
        }
        let code = page.verdict(&verdict.results);
        if stay {
            stay::stay(&world).await?;
        }
        world.end().await;
        Ok(code)
    };
    let watching = Trouble::of("watching for signals");
    let mut interrupt = signal(SignalKind::interrupt()).map_err(&watching)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(watching)?;
    // Dropping the world kills its processes and removes its folder.
    tokio::select! {
        biased;
        _ = interrupt.recv() => Ok(if stay { ExitCode::SUCCESS } else { ExitCode::from(130) }),
        _ = terminate.recv() => Ok(ExitCode::from(143)),
        code = played => code,
    }
}

fn complain(trouble: &Trouble) -> ExitCode {
    eprintln!("fieldline-demo: {trouble}");
    ExitCode::FAILURE
}

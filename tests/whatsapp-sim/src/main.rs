//! The command line of the simulator (`protocol.md` section 9).

#![forbid(unsafe_code)]

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use fieldline_whatsapp_sim::{
    HttpWebhooks, Script, Sim, SimPorts, SimSettings, SystemClock, listen, serve,
};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Meta's side of WhatsApp, for tests and demos.
#[derive(Parser)]
#[command(name = "fieldline-whatsapp-sim")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve Graph and the control endpoints until SIGTERM or Ctrl-C.
    Serve(Serve),
}

#[derive(Args)]
struct Serve {
    /// Where to listen; port 0 = any free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where webhooks go: https, or http to loopback.
    #[arg(long)]
    webhook: String,
    /// Key of the webhooks' signature.
    #[arg(long)]
    app_secret: String,
    /// Seed of ids and shuffling; random if absent.
    #[arg(long)]
    seed: Option<u64>,
    /// A JSON list of control calls {after_ms, method, path, body} that play by themselves.
    #[arg(long)]
    script: Option<PathBuf>,
    /// The one accepted access token; any if absent.
    #[arg(long)]
    token: Option<String>,
    /// The one accepted phone number id; any numeric one if absent.
    #[arg(long)]
    phone_number_id: Option<String>,
    /// The id in every webhook's entry.
    #[arg(long)]
    waba_id: Option<String>,
    /// Allow another listen address than loopback.
    #[arg(long)]
    expose: bool,
}

fn main() -> ExitCode {
    let Command::Serve(order) = Cli::parse().command;
    let done = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(run(order)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

fn complain(error: &dyn Error) {
    eprintln!(
        "{}",
        json!({"error": {"code": "failed", "details": {"problem": error.to_string()}}})
    );
}

async fn run(order: Serve) -> Result<(), Box<dyn Error>> {
    let mut settings = SimSettings::new(order.app_secret);
    settings.token = order.token;
    settings.phone_number_id = order.phone_number_id;
    settings.waba_id = order.waba_id;
    let script = match order.script {
        Some(path) => {
            let json = std::fs::read(&path).map_err(|e| format!("--script cannot be read: {e}"))?;
            Some(Script::parse(&json)?)
        }
        None => None,
    };
    let seed = match order.seed {
        Some(seed) => seed,
        None => random_seed()?,
    };
    let webhooks = Arc::new(HttpWebhooks::new(&order.webhook)?);
    // Before the ready line, so that whoever reads it may send the signal at once.
    let signals = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let listener = listen(order.listen, order.expose).await?;
    let sim = Sim::new(settings, SimPorts { clock: Arc::new(SystemClock), seed, webhooks });
    sim.start();
    println!(r#"{{"event":"listening","addr":"{}"}}"#, listener.local_addr()?);
    if let Some(script) = script {
        let sim = sim.clone();
        tokio::spawn(async move {
            if let Err(error) = script.play(&sim).await {
                complain(&error);
            }
        });
    }
    serve(listener, sim.router(), ended(signals)).await;
    sim.stop().await;
    Ok(())
}

async fn ended((mut terminate, mut interrupt): (Signal, Signal)) {
    tokio::select! {
        biased;
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn random_seed() -> Result<u64, Box<dyn Error>> {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).map_err(|_| "the system gives no randomness")?;
    Ok(u64::from_be_bytes(bytes))
}

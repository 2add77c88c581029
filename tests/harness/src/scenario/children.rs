//! Platform and simulator as processes of their own: this binary, entered again.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;

use fieldline_platform::cli;
use fieldline_whatsapp_sim::{
    HttpWebhooks, Sim, SimPorts, SimSettings, SystemClock, listen, serve,
};
use serde::{Deserialize, Serialize};

use super::Trouble;
use crate::process::{end_with_parent, lines_of_parent};

/// Meta's ids and the number of the one business.
pub(super) const PHONE_NUMBER_ID: &str = "106540352242922";
pub(super) const WABA_ID: &str = "102290129340398";
pub(super) const NUMBER: &str = "+34 600 000 000";

/// Runs `fieldline-platform` with these arguments.
pub(super) fn platform(arguments: &[OsString]) -> ExitCode {
    // The other commands read a secret from standard input and end by themselves.
    if arguments.first().is_some_and(|command| command == "serve")
        && let Err(error) = end_with_parent()
    {
        eprintln!("cannot watch the parent: {error}");
        return ExitCode::FAILURE;
    }
    let name = std::iter::once(OsString::from("fieldline-platform"));
    cli::main_with(name.chain(arguments.iter().cloned()))
}

/// The simulator's first line: the platform listens only after it, and secrets do not go into arguments.
#[derive(Serialize, Deserialize)]
pub(super) struct Setup {
    /// Where webhooks go.
    pub(super) webhook: String,
    /// Key of their signature.
    pub(super) app_secret: String,
    /// The one accepted access token.
    pub(super) token: String,
}

/// Prints where it listens, waits for [`Setup`], serves until the parent is gone.
pub(super) async fn simulator() -> Result<(), Trouble> {
    let doing = "the simulator";
    let mut lines = lines_of_parent().map_err(Trouble::of(doing))?;
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = listen(any, false).await.map_err(Trouble::of(doing))?;
    let addr = listener.local_addr().map_err(Trouble::of(doing))?;
    println!("{}", serde_json::json!({ "event": "listening", "addr": addr.to_string() }));
    let Some(line) = lines.recv().await else { return Ok(()) };
    let setup: Setup = serde_json::from_str(&line).map_err(Trouble::of(doing))?;
    let mut settings = SimSettings::new(setup.app_secret);
    settings.token = Some(setup.token);
    settings.phone_number_id = Some(PHONE_NUMBER_ID.to_owned());
    settings.waba_id = Some(WABA_ID.to_owned());
    settings.display_phone_number = NUMBER.chars().filter(char::is_ascii_digit).collect();
    let webhooks = HttpWebhooks::new(&setup.webhook).map_err(Trouble::of(doing))?;
    let ports = SimPorts { clock: Arc::new(SystemClock), seed: 1, webhooks: Arc::new(webhooks) };
    let sim = Sim::new(settings, ports);
    sim.start();
    let parent_gone = async move { while lines.recv().await.is_some() {} };
    serve(listener, sim.router(), parent_gone).await;
    sim.stop().await;
    Ok(())
}

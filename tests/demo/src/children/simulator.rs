//! Meta's side of WhatsApp: the simulator as its own program runs it, but for two things. It is told where webhooks go only
//! after the platform listens, and its secrets come through standard input, where no other user sees them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use fieldline_core::support::{Rng as _, SystemRng};
use fieldline_harness::process::lines_of_parent;
use fieldline_whatsapp_sim::{
    HttpWebhooks, Sim, SimPorts, SimSettings, SystemClock, listen, serve,
};
use serde::{Deserialize, Serialize};

use crate::cast;
use crate::trouble::Trouble;

/// The first line that it reads.
#[derive(Serialize, Deserialize)]
pub struct Setup {
    /// Where webhooks go.
    pub webhook: String,
    /// Key of their signature.
    pub app_secret: String,
    /// The one accepted access token.
    pub token: String,
}

/// Prints where it listens, waits for [`Setup`], serves until the parent is gone.
///
/// # Errors
/// A port or a setup that cannot be used.
pub async fn run() -> Result<(), Trouble> {
    let mut lines = lines_of_parent().map_err(Trouble::of("watching the parent"))?;
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = listen(any, false).await.map_err(Trouble::of("listening"))?;
    let addr = listener.local_addr().map_err(Trouble::of("listening"))?;
    println!("{}", serde_json::json!({ "event": "listening", "addr": addr.to_string() }));
    let Some(line) = lines.recv().await else { return Ok(()) };
    let setup: Setup = serde_json::from_str(&line)?;
    let mut settings = SimSettings::new(setup.app_secret);
    settings.token = Some(setup.token);
    settings.phone_number_id = Some(cast::PHONE_NUMBER_ID.to_owned());
    settings.waba_id = Some(cast::WABA_ID.to_owned());
    settings.display_phone_number = cast::NUMBER.chars().filter(char::is_ascii_digit).collect();
    let webhooks =
        HttpWebhooks::new(&setup.webhook).map_err(Trouble::of("the webhook's address"))?;
    let mut seed = [0; 8];
    SystemRng::default().fill(&mut seed);
    let ports = SimPorts {
        clock: Arc::new(SystemClock),
        seed: u64::from_le_bytes(seed),
        webhooks: Arc::new(webhooks),
    };
    let sim = Sim::new(settings, ports);
    sim.start();
    let parent_gone = async move { while lines.recv().await.is_some() {} };
    serve(listener, sim.router(), parent_gone).await;
    sim.stop().await;
    Ok(())
}

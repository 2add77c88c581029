//! One employee as the demo sees them: a phone process and the relay that is its network.

use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::time::Duration;

use fieldline_harness::process::Process;
use fieldline_harness::relay::Relay;
use tokio::time::Instant;

use super::Plan;
use crate::phone::{Answer, Order, Screens};
use crate::trouble::Trouble;

/// Pause between two looks at a phone that is being waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(30);

/// What a wait ended with.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The screens at the end.
    pub screens: Screens,
    /// Whether they showed what was waited for.
    pub met: bool,
}

/// An employee's phone.
pub struct Employee {
    /// First name.
    pub name: &'static str,
    /// The network of this phone.
    pub relay: Relay,
    plan: Plan,
    folder: PathBuf,
    process: Process,
}

impl Employee {
    pub(super) fn start(
        plan: &Plan,
        name: &'static str,
        folder: PathBuf,
        platform: SocketAddr,
    ) -> Result<Self, Trouble> {
        let relay = Relay::start(platform).map_err(Trouble::of("starting a relay"))?;
        std::fs::create_dir(&folder).map_err(Trouble::of("making a phone's folder"))?;
        let process = launch(plan, name, &folder, relay.addr())?;
        Ok(Self { name, relay, plan: plan.clone(), folder, process })
    }

    /// Does something on the phone.
    ///
    /// # Errors
    /// The core's code, or a process that is gone.
    pub async fn order(&mut self, order: &Order) -> Result<Answer, Trouble> {
        let doing = Trouble::of(&format!("{}'s phone", self.name));
        self.process.send(&serde_json::to_string(order)?).await.map_err(&doing)?;
        let line = self.process.line().await.map_err(&doing)?;
        match serde_json::from_str(&line)? {
            Answer::Failed(code) => Err(doing(std::io::Error::other(code))),
            answer => Ok(answer),
        }
    }

    /// Looks at every screen.
    ///
    /// # Errors
    /// As [`Self::order`].
    pub async fn look(&mut self) -> Result<Screens, Trouble> {
        match self.order(&Order::Look).await? {
            Answer::Screens(screens) => Ok(*screens),
            other => Err(Trouble::new("looking at a phone", format!("unexpected {other:?}"))),
        }
    }

    /// Looks until the screens show something, or patience ends.
    ///
    /// # Errors
    /// As [`Self::order`].
    pub async fn until(&mut self, shown: impl Fn(&Screens) -> bool) -> Result<Seen, Trouble> {
        self.until_within(self.plan.patience, shown).await
    }

    /// [`Self::until`] with a patience of its own, for what takes its time by nature.
    ///
    /// # Errors
    /// As [`Self::order`].
    pub async fn until_within(
        &mut self,
        patience: Duration,
        shown: impl Fn(&Screens) -> bool,
    ) -> Result<Seen, Trouble> {
        let deadline = Instant::now() + patience;
        loop {
            let screens = self.look().await?;
            let met = shown(&screens);
            if met || Instant::now() >= deadline {
                return Ok(Seen { screens, met });
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// `kill -9`, then the app is opened again. Gives the signal that ended the old process.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn kill_and_reopen(&mut self) -> Result<Option<i32>, Trouble> {
        let status = self.process.kill().await.map_err(Trouble::of("killing a phone"))?;
        self.process = launch(&self.plan, self.name, &self.folder, self.relay.addr())?;
        Ok(status.signal())
    }

    pub(super) async fn end(self) {
        // One that was gone already has ended too.
        let _ = self.process.end().await;
    }
}

fn launch(
    plan: &Plan,
    name: &str,
    folder: &std::path::Path,
    relay: SocketAddr,
) -> Result<Process, Trouble> {
    let log = folder.with_file_name("logs").join(format!("{}.log", name.to_lowercase()));
    let (folder, server) = (folder.to_string_lossy(), format!("http://{relay}"));
    let args = ["phone", "--folder", &folder, "--server", &server, "--name", name];
    Process::start(&plan.start(&args).stderr(log)).map_err(Trouble::of("starting a phone"))
}

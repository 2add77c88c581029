//! The small world of one scenario: one folder, one platform, one WhatsApp, a relay before each employee.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use fieldline_core::support::{Rng as _, SystemRng};
use fieldline_whatsapp_sim::{Log, WebhookEntry};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

use super::Trouble;
use super::children::{NUMBER, PHONE_NUMBER_ID, Setup, WABA_ID};
use super::desk::Desk;
use super::{LOOK_AGAIN, PATIENCE};
use crate::http;
use crate::process::{Process, Start};
use crate::relay::Relay;

/// The employees of every scenario.
pub(super) const AGENTS: [&str; 2] = ["ana", "ben"];

/// Who owns the business.
const OWNER: &str = "owner@brook.example";

/// An employee: sign-in, folder of the phone, network.
pub(super) struct Employee {
    pub(super) email: String,
    pub(super) password: String,
    pub(super) folder: PathBuf,
    pub(super) relay: Relay,
}

/// Everything that runs but the runner. Dropping it kills the processes and removes the folder.
pub(super) struct World {
    employees: BTreeMap<String, Employee>,
    simulator: SocketAddr,
    platform: Option<Process>,
    office: Office,
    desk: Desk,
    /// Killed when it is dropped.
    _simulator: Process,
    folder: TempDir,
}

impl World {
    pub(super) async fn start() -> Result<Self, Trouble> {
        let folder = tempfile::Builder::new()
            .prefix("fieldline-scenario-")
            .tempdir()
            .map_err(Trouble::of("making the folder"))?;
        let starting = Trouble::of("starting the simulator");
        let start = again(["process", "simulator"]).stderr(folder.path().join("simulator.log"));
        let mut simulator = Process::start(&start).map_err(&starting)?;
        let simulator_addr = simulator.listening().await.map_err(starting)?;
        let (app_secret, token) = (secret(), secret());
        let mut office = Office {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: folder.path().join("platform"),
            graph: format!("http://{simulator_addr}/v25.0"),
            app_secret: app_secret.clone(),
            verify_token: secret(),
            log: folder.path().join("platform.log"),
        };
        let (platform, addr) = office.serve().await?;
        office.listen = addr;
        let webhook = format!("http://{addr}/webhooks/meta");
        let setup = json!(Setup { webhook, app_secret, token: token.clone() }).to_string();
        simulator.send(&setup).await.map_err(Trouble::of("setting the simulator up"))?;
        let mut employees = BTreeMap::new();
        let desk = Desk { email: OWNER.to_owned(), password: secret() };
        let workspace = office.open_business(&token, &desk.password).await?;
        for name in AGENTS {
            let (email, password) = (format!("{name}@brook.example"), secret());
            office.hire(&workspace, name, &email, &password).await?;
            let folder = folder.path().join(name);
            std::fs::create_dir(&folder).map_err(Trouble::of("making a phone's folder"))?;
            let relay = Relay::start(addr).map_err(Trouble::of("starting a relay"))?;
            employees.insert(name.to_owned(), Employee { email, password, folder, relay });
        }
        Ok(Self {
            employees,
            simulator: simulator_addr,
            platform: Some(platform),
            office,
            desk,
            _simulator: simulator,
            folder,
        })
    }

    /// The folder of everything that is kept.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Somebody by name.
    pub(super) fn employee(&self, name: &str) -> Result<&Employee, Trouble> {
        self.employees.get(name).ok_or_else(|| Trouble::new("no employee", name))
    }

    /// True if a step of the world only looks.
    pub(super) fn looks(verb: &str) -> bool {
        matches!(verb, "chats" | "relay" | "device")
    }

    /// A step of the customer, the owner or the world.
    pub(super) async fn act(
        &mut self,
        who: &str,
        verb: &str,
        with: &Value,
    ) -> Result<Value, Trouble> {
        let agent = with.get("agent").and_then(Value::as_str).unwrap_or_default();
        match (who, verb) {
            ("customer", "write") => self.post("/sim/customer", with).await,
            ("customer", "read" | "edit" | "revoke" | "react") => {
                self.post(&format!("/sim/customer/{verb}"), with).await
            }
            ("owner", "write") => self.post("/sim/owner", with).await,
            ("owner", "edit" | "revoke" | "react" | "line" | "history" | "contacts") => {
                self.post(&format!("/sim/owner/{verb}"), with).await
            }
            ("world", "assign") => self.desk.assign(self.office.listen, with).await,
            ("world", "remove_device") => self.desk.remove_device(self.office.listen, agent).await,
            ("world", "device") => self.desk.device(self.office.listen, agent).await,
            ("world", "faults") => self.post("/sim/faults", with).await,
            ("world", "status") => self.post("/sim/status", with).await,
            ("world", "chats") => http::get(self.simulator, "/sim/chats").await,
            ("world", "relay") => Ok(json!(self.employee(agent)?.relay.counts())),
            ("world", "go_offline") => self.network(agent, true).await,
            ("world", "go_online") => self.network(agent, false).await,
            ("world", "lose_next_answer") => {
                self.employee(agent)?.relay.lose_next_answer();
                Ok(Value::Null)
            }
            ("world", "link_code") => {
                let email = self.employee(agent)?.email.clone();
                self.office.run(&["agent", "link-code", "--email", &email], "").await
            }
            ("world", "end_session") => {
                let relay = &self.employee(agent)?.relay;
                let authorization =
                    relay.authorization().ok_or_else(|| Trouble::new(verb, "never signed in"))?;
                http::delete(self.office.listen, "/v1/session", &authorization).await?;
                Ok(Value::Null)
            }
            ("world", "kill_platform") => {
                let mut running = self.platform.take();
                let process =
                    running.as_mut().ok_or_else(|| Trouble::new("kill_platform", "not running"))?;
                process.kill().await.map_err(Trouble::of("killing the platform"))?;
                Ok(Value::Null)
            }
            ("world", "start_platform") => {
                let (platform, _) = self.office.serve().await?;
                self.platform = Some(platform);
                Ok(Value::Null)
            }
            _ => Err(Trouble::new("no such step", format!("{who} {verb}"))),
        }
    }

    /// Waits until the platform has worked off the webhook of what was written: every phone that asks from now on gets it, and
    /// the guard counts it.
    ///
    /// # Errors
    /// It does not come about in time.
    pub(super) async fn arrived(&self, written: &Value) -> Result<(), Trouble> {
        let wamid = written.get("wamid").and_then(Value::as_str).unwrap_or_default();
        let deadline = Instant::now() + PATIENCE;
        while !(self.is_answered(wamid).await? && self.office.is_worked_off().await?) {
            if Instant::now() >= deadline {
                return Err(Trouble::new(
                    "waiting for the platform",
                    "a webhook is not worked off",
                ));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// True once a webhook that tells of this message was answered with 200.
    async fn is_answered(&self, wamid: &str) -> Result<bool, Trouble> {
        let log: Log = http::get(self.simulator, "/sim/log").await?;
        let tells = |hook: &WebhookEntry| hook.body.to_string().contains(wamid);
        Ok(log.webhooks.iter().any(|hook| hook.answered == Some(200) && tells(hook)))
    }

    async fn post(&self, path: &str, with: &Value) -> Result<Value, Trouble> {
        http::post(self.simulator, path, with).await
    }

    async fn network(&self, agent: &str, offline: bool) -> Result<Value, Trouble> {
        let relay = &self.employee(agent)?.relay;
        relay.set_offline(offline).await.map_err(Trouble::of("turning the network"))?;
        Ok(Value::Null)
    }
}

/// The operator: the platform's own command line.
struct Office {
    listen: SocketAddr,
    data: PathBuf,
    graph: String,
    app_secret: String,
    verify_token: String,
    log: PathBuf,
}

impl Office {
    fn start(&self, args: &[&str]) -> Start {
        again(["process", "platform"].iter().chain(args))
            .env("FIELDLINE_LISTEN", self.listen.to_string())
            .env("FIELDLINE_DATA", OsString::from(&self.data))
            .env("FIELDLINE_GRAPH_URL", &self.graph)
            .env("FIELDLINE_APP_SECRET", &self.app_secret)
            .env("FIELDLINE_VERIFY_TOKEN", &self.verify_token)
            .env("FIELDLINE_LOG", "info")
            .without("FIELDLINE_KEY")
            .without("FIELDLINE_PUBLIC_URL")
            .stderr(&self.log)
    }

    async fn serve(&self) -> Result<(Process, SocketAddr), Trouble> {
        let starting = Trouble::of("starting the platform");
        let mut platform = Process::start(&self.start(&["serve"])).map_err(&starting)?;
        let addr = platform.listening().await.map_err(starting)?;
        Ok((platform, addr))
    }

    /// Runs one command and reads its one object.
    async fn run(&self, args: &[&str], input: &str) -> Result<Value, Trouble> {
        let doing = Trouble::of(&args.iter().take(2).copied().collect::<Vec<_>>().join(" "));
        let process =
            Process::start(&self.start(args)).map_err(|error| doing(error.to_string()))?;
        let (status, printed) =
            process.finish(input).await.map_err(|error| doing(error.to_string()))?;
        if !status.success() {
            return Err(doing(status.to_string()));
        }
        serde_json::from_str(&printed).map_err(|error| doing(error.to_string()))
    }

    /// True if no webhook waits that was answered with 200.
    async fn is_worked_off(&self) -> Result<bool, Trouble> {
        let status = self.run(&["status"], "").await?;
        Ok(status.get("webhooks_pending").and_then(Value::as_i64) == Some(0))
    }

    /// Opens the business; gives its workspace.
    async fn open_business(&self, token: &str, password: &str) -> Result<String, Trouble> {
        let create = ["workspace", "create", "--name", "Brook", "--owner-email", OWNER];
        let made = self.run(&create, password).await?;
        let workspace = made.get("workspace_id").and_then(Value::as_str).unwrap_or_default();
        let add = ["channel", "add", "--workspace", workspace, "--waba-id", WABA_ID];
        let number = ["--phone-number-id", PHONE_NUMBER_ID, "--display", NUMBER];
        self.run(&[&add[..], &number[..]].concat(), token).await?;
        Ok(workspace.to_owned())
    }

    async fn hire(
        &self,
        workspace: &str,
        name: &str,
        email: &str,
        password: &str,
    ) -> Result<(), Trouble> {
        let add = ["agent", "add", "--workspace", workspace, "--email", email];
        let shown = name.replacen(|c: char| c.is_ascii_lowercase(), &name[..1].to_uppercase(), 1);
        let add = [&add[..], &["--name", &shown, "--role", "employee"]].concat();
        self.run(&add, password).await.map(|_| ())
    }
}

/// This binary entered again, as it is running: on Linux also if a build has put another one in its place meanwhile.
fn again<A: Into<OsString>>(args: impl IntoIterator<Item = A>) -> Start {
    let start = Start::this(args);
    if cfg!(target_os = "linux") { start.program("/proc/self/exe") } else { start }
}

/// 128 random bits as text.
fn secret() -> String {
    let mut bytes = [0_u8; 16];
    SystemRng::default().fill(&mut bytes);
    u128::from_le_bytes(bytes).to_string()
}

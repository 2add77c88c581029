//! The whole system in one process, and what can break in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fieldline_harness::memory::{
    GraphLine, Journal, PhoneFaults, PhoneLine, SeededRng, Site, VirtualClock, WebhookLine,
};
use fieldline_platform::agents::outcome::Role;
use fieldline_platform::office::{NewAgent, NewChannel};
use fieldline_platform::support::{Inline, Key, Secret};
use fieldline_platform::{Office, PasswordCost, Platform, Ports, Settings};
use fieldline_whatsapp_sim::{FaultOrder, Sim, SimPorts, SimSettings, WebhookFaults};

use crate::moves::Moves;
use crate::phone::Phone;
use crate::{Options, Report};

/// A Tuesday in 2027.
const START_MS: i64 = 1_800_000_000_000;
const APP_SECRET: &str = "simulated app secret";
const NUMBER_ID: &str = "106540352242922";
const WABA_ID: &str = "215589313241560";
const OUR_NUMBER: &str = "+34 600 000 000";

/// Everybody's password.
pub const PASSWORD: &str = "a long password for the simulation";

/// Customers by number.
pub const CUSTOMERS: [&str; 3] = ["34611000001", "34611000002", "34611000003"];

/// Everything that runs.
pub struct World {
    /// What was asked for.
    pub options: Options,
    /// What people do by chance.
    pub dice: SeededRng,
    /// The true time.
    pub clock: VirtualClock,
    /// What happened.
    pub journal: Journal,
    /// Meta, the customers, the owner's phone.
    pub sim: Sim,
    /// Where the platform stands.
    pub site: Site,
    /// The employees: Ana and Ben first.
    pub phones: Vec<Phone>,
    /// Texts written so far.
    pub written: u64,
    /// What was done beside writing.
    pub(crate) moves: Moves,
    platform_rng: Arc<SeededRng>,
    folder: tempfile::TempDir,
}

fn email_of(name: &str) -> String {
    format!("{name}@example.com")
}

/// Memory where there is some: the simulation proves logic, the crash tests prove disks.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a temporary folder")
}

impl World {
    /// Starts everything with good lines, both phones signed in; then the lines turn bad.
    ///
    /// # Panics
    /// If anything does not start: this is a test's world.
    pub async fn start(options: Options) -> Self {
        Self::start_with(options, 0).await
    }

    async fn start_with(options: Options, more: usize) -> Self {
        let people: Vec<String> = ["ana".to_owned(), "ben".to_owned()]
            .into_iter()
            .chain((0..more).map(|number| format!("agent{number}")))
            .collect();
        let seed = options.seed;
        let clock = VirtualClock::new(START_MS);
        let journal = Journal::new(clock.clone());
        let site = Site::default();
        let mut settings = SimSettings::new(APP_SECRET);
        settings.phone_number_id = Some(NUMBER_ID.into());
        settings.waba_id = Some(WABA_ID.into());
        settings.display_phone_number = OUR_NUMBER.chars().filter(char::is_ascii_digit).collect();
        let sim = Sim::new(
            settings,
            SimPorts {
                clock: Arc::new(clock.clone()),
                seed,
                webhooks: Arc::new(WebhookLine::new(site.clone(), journal.clone())),
            },
        );
        sim.start();
        let mut world = Self {
            options,
            dice: SeededRng::new(seed, "people"),
            clock,
            journal,
            sim,
            site,
            phones: Vec::new(),
            written: 0,
            moves: Moves::default(),
            platform_rng: Arc::new(SeededRng::new(seed, "platform")),
            folder: folder(),
        };
        std::fs::create_dir(world.data()).expect("the platform's folder");
        world.furnish(&people).await;
        world.start_platform().await;
        if options.wide {
            // Chats leave phones here, and what was written for them is known by its text.
            let allowed = serde_json::json!({"options": {"copy_after_left": true}});
            let office = crate::Office::new(&world).await;
            office.change("PATCH", "/v1/office/workspace", &allowed).await;
        }
        for name in &people {
            let email = &email_of(name);
            let line_dice = SeededRng::new(seed, &format!("line of {name}"));
            let line = PhoneLine::new(
                name,
                world.site.clone(),
                world.journal.clone(),
                line_dice,
                options.fresh_ids,
            );
            let wrong_by = i64::try_from(world.dice.below(7_200_000)).unwrap_or(0) - 3_600_000;
            let clock = world.clock.skewed(wrong_by);
            let rng = SeededRng::new(seed, &format!("core of {name}"));
            let phone = Phone::new(name, email, world.folder.path(), line, clock, rng).await;
            phone.sign_in(PASSWORD).await;
            phone.line.set_faults(PhoneFaults::BAD);
            world.phones.push(phone);
        }
        world
    }

    /// [`Self::calm`] with so many employees.
    ///
    /// # Panics
    /// If anything does not start.
    pub async fn crowd(employees: usize) -> Self {
        let mut world = Self::start_with(Options::seed(1), employees.saturating_sub(2)).await;
        world.heal();
        world
    }

    /// [`Self::start`] without any fault.
    ///
    /// # Panics
    /// If anything does not start.
    pub async fn calm() -> Self {
        let mut world = Self::start(Options::seed(1)).await;
        world.heal();
        world
    }

    /// Waits, in virtual time, until `found` gives something.
    ///
    /// # Panics
    /// After half an hour of virtual time, naming `what`.
    pub async fn until<T, F>(&self, what: &str, found: impl Fn() -> F) -> T
    where
        F: Future<Output = Option<T>>,
    {
        for _ in 0..9_000 {
            if let Some(found) = found().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("never: {what}\n{}", self.journal.lines().join("\n"));
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("platform")
    }

    fn settings(&self) -> Settings {
        let (secret, token) = (Secret::new(APP_SECRET), Secret::new("verify"));
        let mut settings = Settings::new(self.data(), secret, token, Key::new([7; 32]));
        settings.password_cost = PasswordCost::SMALLEST;
        settings
    }

    async fn furnish(&self, people: &[String]) {
        let ports = (
            Arc::new(self.clock.clone()) as Arc<dyn fieldline_platform::support::Clock>,
            Arc::<SeededRng>::clone(&self.platform_rng)
                as Arc<dyn fieldline_platform::support::Rng>,
            Arc::new(Inline) as Arc<dyn fieldline_platform::support::Executor>,
        );
        let settings = self.settings();
        let office = Office::open(
            &settings.data,
            settings.key,
            settings.password_cost,
            String::new(),
            ports,
        )
        .await
        .expect("a new data folder");
        let password = || Secret::new(PASSWORD);
        let workspace = office
            .create_workspace("Bloom", "owner@example.com", password())
            .await
            .expect("a workspace")
            .workspace_id;
        for name in people {
            let (first, rest) = name.split_at(1);
            let agent = NewAgent {
                workspace: workspace.clone(),
                email: email_of(name),
                name: first.to_uppercase() + rest,
                role: Role::Employee,
                password: password(),
            };
            office.add_agent(agent).await.expect("an agent");
        }
        let channel = NewChannel {
            workspace,
            phone_number_id: NUMBER_ID.into(),
            waba_id: WABA_ID.into(),
            display: OUR_NUMBER.into(),
            token: Secret::new("graph-token"),
        };
        office.add_channel(channel).await.expect("a channel");
        office.close().await;
    }

    /// Starts the platform on its folder.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_platform(&self) {
        let ports = Ports {
            clock: Arc::new(self.clock.clone()),
            rng: Arc::<SeededRng>::clone(&self.platform_rng)
                as Arc<dyn fieldline_platform::support::Rng>,
            executor: Arc::new(Inline),
            graph: Arc::new(GraphLine::new(self.sim.graph_router(), self.journal.clone())),
        };
        loop {
            match Platform::open(self.settings(), ports.clone()).await {
                Ok(platform) => {
                    platform.start();
                    self.site.put(platform);
                    self.journal.note("platform", "started");
                    return;
                }
                // What was killed lets go of its lock when the runtime comes to it.
                Err(error) if error.code() == "already_serving" => {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                Err(error) => panic!("a killed platform must start again: {error}"),
            }
        }
    }

    /// All lines are good again; what was broken stays to be put right.
    ///
    /// # Panics
    /// If the simulator does not take the order.
    pub fn heal(&mut self) {
        self.journal.note("world", "heals");
        for phone in &self.phones {
            phone.line.set_faults(PhoneFaults::default());
            phone.line.set_offline(false);
        }
        let order = FaultOrder {
            send: Some(fieldline_whatsapp_sim::SendFault::Ok),
            status_delay_ms: Some(0),
            webhooks: Some(WebhookFaults::default()),
            ..FaultOrder::default()
        };
        self.sim.faults(&order).expect("a fault order");
    }

    /// Waits.
    pub(crate) async fn pause(&self, up_to_ms: u64) {
        tokio::time::sleep(Duration::from_millis(self.dice.below(up_to_ms) + 1)).await;
    }

    /// Ends everything and reports.
    pub(crate) async fn end(self, problems: Vec<String>) -> Report {
        for phone in &self.phones {
            phone.client.shutdown().await.expect("shutdown");
        }
        if let Some(platform) = self.site.platform() {
            platform.stop().await;
        }
        self.sim.stop().await;
        let mut faults: BTreeMap<String, u64> = self.journal.counts();
        let counts = faults.split_off("~");
        faults.extend(self.sim.fault_counts());
        Report { seed: self.options.seed, log: self.journal.lines(), faults, counts, problems }
    }
}

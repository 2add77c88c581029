//! The small world of the day: one folder, one platform, one WhatsApp, two employees' phones, each a process of its own.

mod employee;

use std::ffi::OsString;
use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fieldline_core::support::{Rng as _, SystemRng};
use fieldline_harness::http;
use fieldline_harness::process::{Process, Start};
use fieldline_whatsapp_sim::{Chats, CustomerMessage, FaultOrder, FaultState, Log, OwnerMessage};
use fieldline_whatsapp_sim::{ReadDone, ReadNews, Written};
use serde_json::Value;
use tempfile::TempDir;

use crate::cast::{self, Customer};
use crate::children::simulator::Setup;
use crate::phone::Order;
use crate::trouble::Trouble;

pub use employee::{Employee, Seen};

/// How the day is played. The default is the day as it should be; tests break the world with it.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The demo's binary; this process's own if absent.
    pub program: Option<PathBuf>,
    /// How long anything is awaited before the day goes on without it.
    pub patience: Duration,
    /// One answer is lost before the phone and one before the platform.
    pub lose_answers: bool,
    /// Maria's process is killed.
    pub kill: bool,
    /// WhatsApp reports statuses.
    pub statuses: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            program: None,
            patience: Duration::from_secs(30),
            lose_answers: true,
            kill: true,
            statuses: true,
        }
    }
}

impl Plan {
    fn start(&self, args: &[&str]) -> Start {
        let mut start = Start::this(std::iter::once("process").chain(args.iter().copied()));
        start.program.clone_from(&self.program);
        start
    }
}

/// Everything that runs. Dropping it kills the processes and removes the folder.
pub struct World {
    /// How the day is played.
    pub plan: Plan,
    /// The employee whose day it is.
    pub maria: Employee,
    /// Her colleague.
    pub tom: Employee,
    /// Meta's side.
    pub simulator: SocketAddr,
    /// The platform.
    pub platform: SocketAddr,
    /// The employee whom a person plays later.
    pub sam: Account,
    /// What must not be read in any log.
    pub secrets: Vec<String>,
    processes: [Process; 2],
    folder: TempDir,
}

/// A sign-in.
#[derive(Debug, Clone)]
pub struct Account {
    /// E-mail.
    pub email: String,
    /// Password.
    pub password: String,
}

impl World {
    /// Starts everything and signs Maria and Tom in.
    ///
    /// # Errors
    /// Whatever does not start.
    pub async fn start(plan: &Plan) -> Result<Self, Trouble> {
        let folder = tempfile::Builder::new()
            .prefix("fieldline-demo-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .map_err(Trouble::of("making the folder"))?;
        std::fs::create_dir(folder.path().join("logs"))
            .map_err(Trouble::of("making the folder"))?;
        let log = |name: &str| folder.path().join("logs").join(name);

        let starting = Trouble::of("starting the simulator");
        let start = plan.start(&["simulator"]).stderr(log("simulator.log"));
        let mut simulator = Process::start(&start).map_err(&starting)?;
        let simulator_addr = simulator.listening().await.map_err(starting)?;

        let (app_secret, token, verify_token) = (secret(), secret(), secret());
        let office = Office {
            plan,
            data: folder.path().join("platform"),
            graph: format!("http://{simulator_addr}/v25.0"),
            app_secret: &app_secret,
            verify_token: &verify_token,
            log: log("platform.log"),
        };
        let starting = Trouble::of("starting the platform");
        let mut platform = Process::start(&office.start(&["serve"])).map_err(&starting)?;
        let platform_addr = platform
            .listening()
            .await
            .map_err(starting)
            .map_err(|trouble| office.explain(&trouble))?;
        let setup = Setup {
            webhook: format!("http://{platform_addr}/webhooks/meta"),
            app_secret: app_secret.clone(),
            token: token.clone(),
        };
        let setup = serde_json::to_string(&setup)?;
        simulator.send(&setup).await.map_err(Trouble::of("setting the simulator up"))?;

        let mut secrets = vec![app_secret.clone(), verify_token.clone(), token.clone()];
        let people = office.open_business(&token).await?;
        secrets.extend(people.iter().map(|account| account.password.clone()));
        let [maria_account, tom_account, sam] = people;

        let phone = |name: &'static str| {
            Employee::start(plan, name, folder.path().join(name.to_lowercase()), platform_addr)
        };
        let (mut maria, mut tom) = (phone(cast::MARIA)?, phone(cast::TOM)?);
        let Account { email, password } = maria_account;
        maria.order(&Order::SignIn { email, password }).await?;
        // Tom's phone is signed in as by a QR code.
        let made = office.run(&["agent", "link-code", "--email", &tom_account.email], "").await?;
        let code = made.get("link_code").and_then(Value::as_str).unwrap_or_default().to_owned();
        secrets.push(code.clone());
        tom.order(&Order::LinkCode { code }).await?;

        let processes = [platform, simulator];
        Ok(Self {
            plan: plan.clone(),
            maria,
            tom,
            simulator: simulator_addr,
            platform: platform_addr,
            sam,
            secrets,
            processes,
            folder,
        })
    }

    /// The folder of everything that is kept.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The platform's database.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("platform").join(fieldline_platform::store::DATABASE)
    }

    /// A customer writes.
    ///
    /// # Errors
    /// The simulator's.
    pub async fn customer(
        &self,
        customer: Customer,
        text: &str,
        age_ms: u64,
    ) -> Result<Written, Trouble> {
        let order = CustomerMessage {
            name: Some(customer.name.to_owned()),
            age_ms: (age_ms > 0).then_some(age_ms),
            ..CustomerMessage::text(customer.wa_id, text)
        };
        Ok(http::post(self.simulator, "/sim/customer", &order).await?)
    }

    /// A customer opens the chat.
    ///
    /// # Errors
    /// The simulator's.
    pub async fn customer_reads(&self, customer: Customer) -> Result<ReadDone, Trouble> {
        let order = ReadNews { wa_id: customer.wa_id.to_owned() };
        Ok(http::post(self.simulator, "/sim/customer/read", &order).await?)
    }

    /// The owner writes on the own phone.
    ///
    /// # Errors
    /// The simulator's.
    pub async fn owner(&self, to: Customer, text: &str) -> Result<Written, Trouble> {
        Ok(http::post(self.simulator, "/sim/owner", &OwnerMessage::text(to.wa_id, text)).await?)
    }

    /// What goes wrong from now on.
    ///
    /// # Errors
    /// The simulator's.
    pub async fn faults(&self, order: &FaultOrder) -> Result<FaultState, Trouble> {
        Ok(http::post(self.simulator, "/sim/faults", order).await?)
    }

    /// Everything that crossed Meta's border.
    ///
    /// # Errors
    /// The simulator's.
    pub async fn log(&self) -> Result<Log, Trouble> {
        Ok(http::get(self.simulator, "/sim/log").await?)
    }

    /// What customers' and the owner's phones show.
    ///
    /// # Errors
    /// The simulator's.
    pub async fn chats(&self) -> Result<Chats, Trouble> {
        Ok(http::get(self.simulator, "/sim/chats").await?)
    }

    /// Ends all processes and waits for them, then removes the folder.
    pub async fn end(self) {
        let Self { maria, tom, processes, folder, .. } = self;
        for phone in [maria, tom] {
            phone.end().await;
        }
        for process in processes {
            // One that ended by itself is gone as well.
            let _ = process.end().await;
        }
        drop(folder);
    }
}

/// The operator: the platform's own command line.
struct Office<'p> {
    plan: &'p Plan,
    data: PathBuf,
    graph: String,
    app_secret: &'p str,
    verify_token: &'p str,
    log: PathBuf,
}

impl Office<'_> {
    fn start(&self, args: &[&str]) -> Start {
        let args: Vec<&str> = std::iter::once("platform").chain(args.iter().copied()).collect();
        self.plan
            .start(&args)
            .env("FIELDLINE_LISTEN", "127.0.0.1:0")
            .env("FIELDLINE_DATA", OsString::from(&self.data))
            .env("FIELDLINE_GRAPH_URL", &self.graph)
            .env("FIELDLINE_APP_SECRET", self.app_secret)
            .env("FIELDLINE_VERIFY_TOKEN", self.verify_token)
            .env("FIELDLINE_LOG", "debug")
            .without("FIELDLINE_KEY")
            .without("FIELDLINE_PUBLIC_URL")
            .stderr(&self.log)
    }

    /// Runs one command and reads its one object.
    async fn run(&self, args: &[&str], input: &str) -> Result<Value, Trouble> {
        let name = args.iter().take(2).copied().collect::<Vec<_>>().join(" ");
        let doing = Trouble::of(&name);
        let process = Process::start(&self.start(args)).map_err(&doing)?;
        let (status, printed) = process.finish(input).await.map_err(&doing)?;
        if !status.success() {
            return Err(self.explain(&Trouble::new(name, status)));
        }
        Ok(serde_json::from_str(&printed)?)
    }

    /// Opens the business; gives the sign-ins of Maria, Tom and Sam.
    async fn open_business(&self, token: &str) -> Result<[Account; 3], Trouble> {
        let owner = account(cast::OWNER);
        let create =
            ["workspace", "create", "--name", cast::BUSINESS, "--owner-email", &owner.email];
        let made = self.run(&create, &owner.password).await?;
        let workspace = made.get("workspace_id").and_then(Value::as_str).unwrap_or_default();
        let people = [cast::MARIA, cast::TOM, cast::SAM];
        let accounts = people.map(account);
        for (name, account) in people.into_iter().zip(&accounts) {
            let add = ["agent", "add", "--workspace", workspace, "--email", &account.email];
            let add = [&add[..], &["--name", name, "--role", "employee"]].concat();
            self.run(&add, &account.password).await?;
        }
        let add = ["channel", "add", "--workspace", workspace, "--waba-id", cast::WABA_ID];
        let number = ["--phone-number-id", cast::PHONE_NUMBER_ID, "--display", cast::NUMBER];
        self.run(&[&add[..], &number[..]].concat(), token).await?;
        Ok(accounts)
    }

    /// Adds the platform's last words.
    fn explain(&self, trouble: &Trouble) -> Trouble {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        Trouble::new(trouble.to_string(), log.lines().last().unwrap_or("no word of the platform"))
    }
}

fn account(name: &str) -> Account {
    Account { email: format!("{}@brook.example", name.to_lowercase()), password: secret() }
}

/// 128 random bits as text.
fn secret() -> String {
    let mut bytes = [0_u8; 16];
    SystemRng::default().fill(&mut bytes);
    format!("{:032x}", u128::from_le_bytes(bytes))
}

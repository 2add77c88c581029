//! The operator's command line: protocol.md 8, stable, for scripts depend on it.
//!
//! One JSON object on standard output; an error is one JSON line on standard error and code 1,
//! wrong usage is code 2. Passwords and tokens come from standard input, never from arguments.

mod explain;
mod serve;

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::{Value, json};

use crate::agents::outcome::Role;
use crate::app::{self, StartError};
use crate::backup::{self, BackupError};
use crate::meta::replay::ReplayError;
use crate::meta::webhook;
use crate::office::{NewAgent, NewChannel, Office, OfficeError};
use crate::settings::{FolderSettings, PasswordCost, SettingsError, SettingsFile, VARIABLES};
use crate::store::StoreError;
use crate::support::{
    BlockingPool, Clock, Executor, Rng, Secret, SystemClock, SystemRng, executor,
};

/// The most that is read from standard input, in bytes.
const MAX_INPUT: u64 = 16 * 1024;

#[derive(Parser)]
#[command(
    name = "fieldline-platform",
    version,
    about = "Fieldline's server.",
    after_help = settings_help()
)]
struct Arguments {
    /// A TOML file with settings: the names below without FIELDLINE_, in small letters. The
    /// environment goes before it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the server until SIGTERM or SIGINT.
    Serve,
    /// Workspaces.
    #[command(subcommand)]
    Workspace(WorkspaceCommand),
    /// People.
    #[command(subcommand)]
    Agent(AgentCommand),
    /// Phones.
    #[command(subcommand)]
    Device(DeviceCommand),
    /// Business numbers.
    #[command(subcommand)]
    Channel(ChannelCommand),
    /// What Meta sent.
    #[command(subcommand)]
    Webhooks(WebhooksCommand),
    /// Says what raw webhook bodies would do; nothing is stored.
    Explain {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
        /// Files with bodies; `-` is standard input.
        #[arg(required = true)]
        files: Vec<String>,
    },
    /// Counts what is in the data folder.
    Status,
    /// Copies the data folder, database and media, into an empty folder; not the key.
    Backup {
        /// Where the copy goes.
        dir: PathBuf,
    },
    /// Brings a copy into an empty data folder that has the copy's key.
    Restore {
        /// Where the copy is.
        dir: PathBuf,
    },
}

/// The last lines of the help.
fn settings_help() -> String {
    format!("Settings come from the environment:\n  {}", VARIABLES.join("\n  "))
}

#[derive(Subcommand)]
enum WebhooksCommand {
    /// Runs the stored raw bodies again into an empty store and compares what they make.
    Replay,
}

#[derive(Subcommand)]
enum WorkspaceCommand {
    /// Creates a workspace and its owner, whose password is read from standard input.
    Create {
        /// Name of the business.
        #[arg(long)]
        name: String,
        /// E-mail of its owner.
        #[arg(long)]
        owner_email: String,
    },
}

#[derive(Subcommand)]
enum AgentCommand {
    /// Adds somebody, whose password is read from standard input.
    Add {
        /// Workspace id.
        #[arg(long)]
        workspace: String,
        /// E-mail, unique on this server.
        #[arg(long)]
        email: String,
        /// The name people see.
        #[arg(long)]
        name: String,
        /// What they may do.
        #[arg(long, value_enum)]
        role: RoleArgument,
    },
    /// Makes a code that signs a phone in once, within ten minutes.
    LinkCode {
        /// E-mail of the agent.
        #[arg(long)]
        email: String,
    },
    /// Removes somebody: their phones are signed out for good, what they held is nobody's.
    Remove {
        /// E-mail of the agent.
        #[arg(long)]
        email: String,
    },
}

#[derive(Subcommand)]
enum DeviceCommand {
    /// Lists the devices of an agent, latest contact first.
    List {
        /// E-mail of the agent.
        #[arg(long)]
        email: String,
    },
    /// Signs a device out for good and has it wipe what it holds.
    Revoke {
        /// Id, as `device list` prints it.
        #[arg(long)]
        device: String,
    },
}

#[derive(Subcommand)]
enum ChannelCommand {
    /// Adds a business number, or brings one its new token; it is read from standard input.
    Add {
        /// Workspace id.
        #[arg(long)]
        workspace: String,
        /// Meta's id of the number.
        #[arg(long)]
        phone_number_id: String,
        /// Meta's id of the business account.
        #[arg(long)]
        waba_id: String,
        /// The number as printed.
        #[arg(long)]
        display: String,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleArgument {
    Owner,
    Manager,
    Employee,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Office(#[from] OfficeError),
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error("Meta's address cannot be used")]
    Graph,
    #[error("cannot listen on {0}: {1}")]
    Listen(std::net::SocketAddr, std::io::ErrorKind),
    #[error("cannot listen on {0}: {1}")]
    ListenMetrics(std::net::SocketAddr, std::io::ErrorKind),
    #[error("standard input cannot be read")]
    Input,
    #[error("a file cannot be read")]
    File,
    #[error("the bodies could not be run again: {0}")]
    Replay(#[from] ReplayError),
    #[error("the bodies make something else now")]
    ReplayDiffers,
    #[error("the runtime failed: {0}")]
    Runtime(std::io::ErrorKind),
}

impl Failure {
    fn to_json(&self) -> Value {
        let (code, name) = match self {
            Self::Settings(error) => ("setting", Some(error.name)),
            Self::Start(error) => (error.code(), None),
            Self::Office(error) => (error.code(), None),
            Self::Backup(error) => (error.code(), None),
            Self::Graph => ("setting", Some("FIELDLINE_GRAPH_URL")),
            Self::Listen(..) => ("listen", Some("FIELDLINE_LISTEN")),
            Self::ListenMetrics(..) => ("listen", Some("FIELDLINE_METRICS_LISTEN")),
            Self::Input => ("input", None),
            Self::File => ("file", None),
            Self::Replay(_) => ("store", None),
            Self::ReplayDiffers => ("replay_differs", None),
            Self::Runtime(_) => ("runtime", None),
        };
        let mut error = json!({ "code": code, "message": self.to_string() });
        if let (Some(name), Some(error)) = (name, error.as_object_mut()) {
            error.insert("setting".into(), name.into());
        }
        json!({ "error": error })
    }
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    main_with(std::env::args_os())
}

/// [`main`] with other arguments, the program's name first: for a binary that holds several programs.
pub fn main_with(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() => {
            let message = usage(&error);
            let line = json!({ "error": { "code": "usage", "message": message } });
            let _ = writeln!(std::io::stderr().lock(), "{line}");
            return ExitCode::from(2);
        }
        Err(help) => {
            // Without standard output there is nobody to tell.
            let _ = help.print();
            return ExitCode::SUCCESS;
        }
    };
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(std::io::stderr().lock(), "{}", failure.to_json());
            ExitCode::FAILURE
        }
    }
}

/// What is wrong with the arguments, in one line.
fn usage(error: &clap::Error) -> String {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return "a command is missing, see --help".to_owned();
    }
    let text = error.render().to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = first.split_whitespace().skip_while(|word| *word == "error:").collect();
    words.join(" ")
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    if let Command::Explain { json, files } = &arguments.command {
        return explain::run(*json, files);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Runtime(error.kind()))?;
    let file = match arguments.config {
        None => SettingsFile::default(),
        Some(path) => SettingsFile::read(&path)?,
    };
    all_text()?;
    runtime.block_on(async {
        match arguments.command {
            Command::Serve => serve::serve(&file).await,
            Command::Backup { dir } => backup(&file, dir).await,
            Command::Restore { dir } => restore(&file, dir).await,
            command => operate(command, &file).await,
        }
    })
}

async fn operate(command: Command, file: &SettingsFile) -> Result<(), Failure> {
    let rng: Arc<dyn Rng> = Arc::new(SystemRng::new());
    let settings = match command {
        Command::Workspace(_) => FolderSettings::from_env(&env(file), rng.as_ref())?,
        _ => FolderSettings::of_a_store(&env(file), rng.as_ref())?,
    };
    // The secret is asked for before the store is opened: nobody waits for a person who types.
    let secret = match command {
        Command::Workspace(_) | Command::Agent(AgentCommand::Add { .. }) | Command::Channel(_) => {
            read_secret()?
        }
        _ => Secret::new(""),
    };
    let base_url = settings.base_url();
    let (clock, executor): (Arc<dyn Clock>, Arc<dyn Executor>) =
        (Arc::new(SystemClock), Arc::new(BlockingPool));
    let ports = (Arc::clone(&clock), rng, Arc::clone(&executor));
    let office =
        Office::open(&settings.data, settings.key, PasswordCost::STANDARD, base_url, ports).await?;
    let mut equal = true;
    let answer = match command {
        Command::Workspace(WorkspaceCommand::Create { name, owner_email }) => {
            answer(&office.create_workspace(&name, &owner_email, secret).await?)
        }
        Command::Agent(AgentCommand::Add { workspace, email, name, role }) => {
            let (role, password) = (role.into(), secret);
            answer(&office.add_agent(NewAgent { workspace, email, name, role, password }).await?)
        }
        Command::Agent(AgentCommand::LinkCode { email }) => {
            answer(&office.link_code(&email).await?)
        }
        Command::Agent(AgentCommand::Remove { email }) => {
            answer(&office.remove_agent(&email).await?)
        }
        Command::Device(DeviceCommand::List { email }) => answer(&office.devices(&email).await?),
        Command::Device(DeviceCommand::Revoke { device }) => {
            answer(&office.revoke_device(&device).await?)
        }
        Command::Channel(ChannelCommand::Add { workspace, phone_number_id, waba_id, display }) => {
            let token = secret;
            let channel = NewChannel { workspace, phone_number_id, waba_id, display, token };
            let mut made = answer(&office.add_channel(channel).await?);
            if let (None, Some(made)) = (&settings.public_url, made.as_object_mut()) {
                made.insert("warning".into(), no_public_url());
            }
            made
        }
        Command::Webhooks(WebhooksCommand::Replay) => {
            let report = office.replay(&settings.data).await?;
            equal = report.equal;
            answer(&report)
        }
        Command::Status
        | Command::Serve
        | Command::Backup { .. }
        | Command::Restore { .. }
        | Command::Explain { .. } => {
            let mut status = answer(&office.counts().await?);
            if let Some(status) = status.as_object_mut() {
                let lag = status.get("webhooks_oldest_pending").and_then(Value::as_i64);
                let lag = lag.map_or(0, |at| clock.now_ms().saturating_sub(at).max(0));
                status.insert("webhooks_lag_ms".into(), lag.into());
                let address =
                    settings.public_url.as_ref().map(|url| format!("{url}{}", webhook::PATH));
                status.insert("webhook_url".into(), address.into());
                status.insert("version".into(), env!("CARGO_PKG_VERSION").into());
                status.insert("serving".into(), app::is_served(&settings.data).into());
            }
            status
        }
    };
    office.close().await;
    print(&answer);
    if equal { Ok(()) } else { Err(Failure::ReplayDiffers) }
}

impl From<RoleArgument> for Role {
    fn from(role: RoleArgument) -> Self {
        match role {
            RoleArgument::Owner => Self::Owner,
            RoleArgument::Manager => Self::Manager,
            RoleArgument::Employee => Self::Employee,
        }
    }
}

/// Not by way of the office, which would bring the store to this program's schema: a copy that is
/// made before an upgrade has to fit the program before it.
async fn backup(file: &SettingsFile, dir: PathBuf) -> Result<(), Failure> {
    let settings = FolderSettings::of_a_store(&env(file), &SystemRng::new())?;
    let now = SystemClock.now_ms();
    let work = move || backup::take(&settings.data, &dir, &settings.key, now);
    let taken = blocking(&BlockingPool, work).await?;
    print(&answer(&taken));
    Ok(())
}

async fn restore(file: &SettingsFile, dir: PathBuf) -> Result<(), Failure> {
    let settings = FolderSettings::with_a_key(&env(file))?;
    let now = SystemClock.now_ms();
    let work = move || backup::restore(&settings.data, &dir, &settings.key, now);
    let taken = blocking(&BlockingPool, work).await?;
    print(&answer(&taken));
    Ok(())
}

/// Runs what works on files off the async threads.
async fn blocking<T: Send + 'static>(
    executor: &dyn Executor,
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, Failure> {
    let done = executor::run(executor, work).await;
    Ok(done.unwrap_or(Err(BackupError::Open(StoreError::Interrupted.into())))?)
}

/// What an operator hears who adds a number to a server that Meta cannot reach.
fn no_public_url() -> Value {
    json!({
        "code": "no_public_url",
        "setting": "FIELDLINE_PUBLIC_URL",
        "message": "FIELDLINE_PUBLIC_URL is missing: Meta reaches a server by a public https address \
                    alone, so no message of this number comes in until there is one",
    })
}

/// A variable that is no text would count as one that is not set.
fn all_text() -> Result<(), SettingsError> {
    let is_text = |name: &&str| std::env::var_os(name).is_none_or(|value| value.to_str().is_some());
    match VARIABLES.into_iter().find(|name| !is_text(name)) {
        Some(name) => Err(SettingsError::new(name, "is no UTF-8 text")),
        None => Ok(()),
    }
}

/// The environment before the file.
fn env(file: &SettingsFile) -> impl Fn(&str) -> Option<String> {
    |name| std::env::var(name).ok().or_else(|| file.get(name))
}

/// One secret from standard input, without the line end that a terminal or `echo` adds.
fn read_secret() -> Result<Secret, Failure> {
    let mut text = zeroize::Zeroizing::new(String::new());
    std::io::stdin()
        .lock()
        .take(MAX_INPUT)
        .read_to_string(&mut text)
        .map_err(|_| Failure::Input)?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

fn answer(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// Prints one line and makes sure it is out.
fn print(value: &impl Serialize) {
    let Ok(line) = serde_json::to_string(value) else { return };
    let mut out = std::io::stdout().lock();
    // A script that closed its end does not want the answer.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

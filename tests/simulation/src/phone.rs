//! One employee with a phone.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fieldline_core::api::{
    Config, ConversationId, Credentials, Error, InboxSnapshot, OutboxSnapshot, TimelineSnapshot,
};
use fieldline_core::support::{Inline, MemorySecrets};
use fieldline_core::{Client, Ports};
use fieldline_harness::memory::{PhoneLine, SeededRng, VirtualClock};

/// A reply that the core took.
#[derive(Debug, Clone)]
pub struct Promise {
    /// Unique in the run, so that the customer's phone tells what came.
    pub text: String,
    /// A person decided something about it: it may stand elsewhere in the order.
    pub disturbed: bool,
    /// A person threw it away or took it back.
    pub dropped: bool,
    /// A person's yes to another copy (R14).
    pub extra_yes: u32,
}

/// An employee's phone: the real core on the fault layer.
pub struct Phone {
    /// First name.
    pub name: String,
    /// For signing in.
    pub email: String,
    /// The way to the platform.
    pub line: PhoneLine,
    /// The phone's own clock, which may be wrong.
    pub clock: VirtualClock,
    /// The core.
    pub client: Client,
    /// What it took.
    pub promises: Vec<Promise>,
    /// Where its store is.
    pub store_path: PathBuf,
    config: Config,
    secrets: Arc<MemorySecrets>,
    rng: Arc<SeededRng>,
}

impl Phone {
    pub(crate) async fn new(
        name: &str,
        email: &str,
        folder: &Path,
        line: PhoneLine,
        clock: VirtualClock,
        rng: SeededRng,
    ) -> Self {
        let config = Config {
            store_path: folder.join(format!("{name}.db")),
            server_url: "http://127.0.0.1".into(),
            device_name: name.into(),
            platform: "simulation".into(),
            extra_roots_pem: None,
        };
        let secrets = Arc::new(MemorySecrets::default());
        let rng = Arc::new(rng);
        let client = open(&config, &secrets, &line, &clock, &rng).await.expect("a new store opens");
        Self {
            name: name.into(),
            email: email.into(),
            line,
            clock,
            client,
            promises: Vec::new(),
            store_path: config.store_path.clone(),
            config,
            secrets,
            rng,
        }
    }

    /// Signs in and enters the foreground.
    ///
    /// # Panics
    /// If that does not work.
    pub async fn sign_in(&self, password: &str) {
        let credentials =
            Credentials::Password { email: self.email.clone(), password: password.into() };
        self.client.sign_in(credentials).await.expect("the line is still good: sign-in works");
        self.client.enter_foreground().await.expect("foreground");
    }

    /// `kill -9` and a new start: nothing of the old process goes on.
    ///
    /// # Panics
    /// If its store does not open again.
    pub async fn kill(&mut self) {
        let aside = Config {
            store_path: self.config.store_path.with_extension("aside"),
            ..self.config.clone()
        };
        let stand_in = open(&aside, &self.secrets, &self.line, &self.clock, &self.rng).await;
        drop(std::mem::replace(&mut self.client, stand_in.expect("a store of its own")));
        loop {
            match open(&self.config, &self.secrets, &self.line, &self.clock, &self.rng).await {
                Ok(client) => {
                    self.client = client;
                    break;
                }
                // Aborted tasks let go of the file when the runtime comes to them.
                Err(Error::AlreadyOpen) => tokio::time::sleep(Duration::from_millis(1)).await,
                Err(error) => panic!("a killed phone's store must open again: {error}"),
            }
        }
        self.client.enter_foreground().await.expect("foreground");
    }

    /// The list now.
    ///
    /// # Panics
    /// If it cannot be read.
    pub async fn inbox(&self) -> InboxSnapshot {
        let view = self.client.inbox();
        view.next(0).await.expect("a view that lives").expect("a store that reads")
    }

    /// A conversation now.
    ///
    /// # Panics
    /// If it cannot be read.
    pub async fn timeline(&self, id: &ConversationId) -> TimelineSnapshot {
        let view = self.client.timeline(id);
        view.next(0).await.expect("a view that lives").expect("a store that reads")
    }

    /// Unsent work now.
    ///
    /// # Panics
    /// If it cannot be read.
    pub async fn outbox(&self) -> OutboxSnapshot {
        let view = self.client.outbox();
        view.next(0).await.expect("a view that lives").expect("a store that reads")
    }

    /// The promise whose text this is.
    pub(crate) fn promise(&mut self, text: Option<&str>) -> Option<&mut Promise> {
        self.promises.iter_mut().find(|promise| Some(promise.text.as_str()) == text)
    }
}

async fn open(
    config: &Config,
    secrets: &Arc<MemorySecrets>,
    line: &PhoneLine,
    clock: &VirtualClock,
    rng: &Arc<SeededRng>,
) -> Result<Client, Error> {
    let ports = Ports {
        transport: Arc::new(line.clone()),
        clock: Arc::new(clock.clone()),
        rng: Arc::<SeededRng>::clone(rng),
        executor: Arc::new(Inline),
    };
    Client::open_with(config.clone(), Arc::<MemorySecrets>::clone(secrets), ports).await
}

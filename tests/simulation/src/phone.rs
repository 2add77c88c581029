//! One employee with a phone.

use std::path::Path;
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
pub(crate) struct Promise {
    /// Unique in the run, so that the customer's phone tells what came.
    pub(crate) text: String,
    /// A person decided something about it: it may stand elsewhere in the order.
    pub(crate) disturbed: bool,
    /// A person threw it away or took it back.
    pub(crate) dropped: bool,
    /// A person's yes to another copy (R14).
    pub(crate) extra_yes: u32,
}

pub(crate) struct Phone {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) line: PhoneLine,
    pub(crate) clock: VirtualClock,
    pub(crate) client: Client,
    pub(crate) promises: Vec<Promise>,
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
            config,
            secrets,
            rng,
        }
    }

    pub(crate) async fn sign_in(&self, password: &str) {
        let credentials =
            Credentials::Password { email: self.email.clone(), password: password.into() };
        self.client.sign_in(credentials).await.expect("the line is still good: sign-in works");
        self.client.enter_foreground().await.expect("foreground");
    }

    /// `kill -9` and a new start: nothing of the old process goes on.
    pub(crate) async fn kill(&mut self) {
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

    pub(crate) async fn inbox(&self) -> InboxSnapshot {
        let view = self.client.inbox();
        view.next(0).await.expect("a view that lives").expect("a store that reads")
    }

    pub(crate) async fn timeline(&self, id: &ConversationId) -> TimelineSnapshot {
        let view = self.client.timeline(id);
        view.next(0).await.expect("a view that lives").expect("a store that reads")
    }

    pub(crate) async fn outbox(&self) -> OutboxSnapshot {
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

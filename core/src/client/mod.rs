//! The façade: everything a shell can do, each method a few lines over the parts below.

mod account;
mod commands;

use std::sync::Arc;

use crate::api::{
    BackgroundReason, BackgroundReport, Config, ConversationId, Error, LinkState, NetworkKind,
    SecretStore,
};
use crate::lifecycle::Runner;
use crate::model::place::Place;
use crate::outbox::Sender;
use crate::store::{Key, Read, Store, StoreError, Stored, Topic};
use crate::support::{
    BlockingPool, Clock, Executor, Rng, ServerClock, Signals, SystemClock, SystemRng, uuid_v4,
};
use crate::sync::Engine;
use crate::transport::{HttpTransport, Link, Session, Transport};
use crate::views::{HealthView, InboxView, OutboxView, Sources, StatusView, TimelineView};

/// What the core takes from outside. Shells use [`Client::open`]; tests put their own parts in.
pub struct Ports {
    /// The way to the platform.
    pub transport: Arc<dyn Transport>,
    /// The phone's wall clock.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub rng: Arc<dyn Rng>,
    /// Where SQL runs.
    pub executor: Arc<dyn Executor>,
}

impl Ports {
    /// The real ones: network, system clock, system chance, tokio's blocking pool.
    pub fn production(config: &Config) -> Result<Self, Error> {
        Ok(Self {
            transport: Arc::new(HttpTransport::new(config)?),
            clock: Arc::new(SystemClock),
            rng: Arc::new(SystemRng::default()),
            executor: Arc::new(BlockingPool),
        })
    }
}

/// One account on one server: the only long-lived object. All else is values, or views addressed by id.
///
/// Its methods are to be called on a tokio runtime. Commands are on disk before they return. One that has begun (its future
/// was polled once) completes even if the caller stops waiting.
pub struct Client {
    config: Config,
    store: Store,
    session: Arc<Session>,
    clock: ServerClock,
    rng: Arc<dyn Rng>,
    signals: Signals,
    sources: Sources,
    runner: Arc<Runner>,
}

impl Client {
    /// Opens the store at `config.store_path`, making it if need be. No network is used and none is waited for.
    ///
    /// Fails with `AlreadyOpen` while another process or client has the file, with `IncompatibleVersion` for a newer
    /// app's store (untouched), with `Invalid` for an unusable server address or another one than this account's.
    pub async fn open(config: Config, secrets: Arc<dyn SecretStore>) -> Result<Self, Error> {
        let ports = Ports::production(&config)?;
        Self::open_with(config, secrets, ports).await
    }

    /// [`Self::open`] with the caller's own parts; for tests.
    pub async fn open_with(
        config: Config,
        secrets: Arc<dyn SecretStore>,
        ports: Ports,
    ) -> Result<Self, Error> {
        let store = Store::open(config.store_path.clone(), ports.executor).await?;
        let device_id = uuid_v4(ports.rng.as_ref());
        let server = config.server_url.clone();
        let (offset, removed) = store
            .write(move |tx| {
                let belongs_to = tx.read().meta(Key::Server)?;
                let signed_in = tx.read().meta(Key::MemberId)?.is_some();
                if signed_in && belongs_to.is_some_and(|held| held != server) {
                    // One store is one account on one server: its token must never go to another address.
                    let field = "server_url".to_owned();
                    return Err(StoreError::Rule(Error::Invalid { field, limit: 0 }));
                }
                if tx.read().meta(Key::DeviceId)?.is_none() {
                    tx.set_meta(Key::DeviceId, &device_id)?;
                }
                let removed = tx.read().meta(Key::Removed)?.is_some();
                Ok((tx.read().meta_i64(Key::OffsetMs)?, removed))
            })
            .await?;
        let clock = ServerClock::new(ports.clock, offset.unwrap_or(0));
        let session = Arc::new(Session::new(ports.transport, secrets, clock.clone()));
        let signals = Signals::default();
        let revisions = store.revisions().clone();
        let changed = Arc::new(move || revisions.bump([Topic::Status, Topic::Outbox]));
        let link = Link::new(clock.clone(), LinkState::Idle, changed);
        let engine = Arc::new(Engine {
            store: store.clone(),
            session: Arc::clone(&session),
            clock: clock.clone(),
            rng: Arc::clone(&ports.rng),
            link: link.clone(),
            signals: signals.clone(),
        });
        let sender = Arc::new(Sender {
            store: store.clone(),
            session: Arc::clone(&session),
            clock: clock.clone(),
            rng: Arc::clone(&ports.rng),
            signals: signals.clone(),
        });
        let runner =
            Arc::new(Runner::new(store.clone(), Arc::clone(&session), engine, sender, removed));
        // Ends with the session.
        tokio::spawn(Runner::watch_for_wipe(Arc::downgrade(&runner), session.revoked()));
        let sources = Sources { store: store.clone(), clock: clock.clone(), link };
        Ok(Self { config, store, session, clock, rng: ports.rng, signals, sources, runner })
    }

    /// The conversation list.
    pub fn inbox(&self) -> InboxView {
        InboxView::new(self.sources.clone())
    }

    /// One conversation. An id that is not held gives an empty view that fills if it comes.
    pub fn timeline(&self, conversation: &ConversationId) -> TimelineView {
        TimelineView::new(self.sources.clone(), conversation.clone())
    }

    /// Unsent work.
    pub fn outbox(&self) -> OutboxView {
        OutboxView::new(self.sources.clone())
    }

    /// The link to the server.
    pub fn status(&self) -> StatusView {
        StatusView::new(self.sources.clone())
    }

    /// How the business's lines stand, and the one line to be said about it.
    pub fn health(&self) -> HealthView {
        HealthView::new(self.sources.clone())
    }

    /// The server's time as far as it is known, for countdowns. Milliseconds UTC.
    pub fn server_time_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Fetches what is missing in the middle, else the page of messages before the oldest held one. Nothing happens at the
    /// start of the conversation.
    pub async fn load_older(&self, conversation: &ConversationId) -> Result<(), Error> {
        let id = conversation.0.clone();
        let read = self.store.read(move |read| Ok((read.conversation(&id)?, reader(read)?)));
        let (held, asked_as) = read.await?;
        let held = held.ok_or(Error::NotFound)?;
        let before = match held.hole {
            // What is missing in the middle comes first.
            Some(hole) => crate::sync::end_of(hole),
            None if held.start_reached || held.from == Some(Place::START) => return Ok(()),
            None => held.from,
        };
        let (messages, out) = crate::sync::history(&self.session, &conversation.0, before).await?;
        let id = conversation.0.clone();
        let stored = self.store.write(move |tx| {
            // The page was under way: what went meanwhile, or belongs to another account or epoch, must not come back.
            if reader(&tx.read())? == asked_as {
                crate::sync::put_older(tx, &id, messages, out)?;
            }
            Ok(())
        });
        Ok(stored.await?)
    }

    /// The app is on the screen: open the file, listen, send.
    pub async fn enter_foreground(&self) -> Result<(), Error> {
        self.runner.enter_foreground().await?;
        // Nobody waits for it.
        let runner = Arc::clone(&self.runner);
        tokio::spawn(async move { runner.confirm_wipe().await });
        Ok(())
    }

    /// The app left the screen: send what can still go within `deadline_ms`, then close the file and let go of its lock.
    pub async fn enter_background(&self, deadline_ms: u64) -> Result<BackgroundReport, Error> {
        self.runner.enter_background(deadline_ms).await
    }

    /// The system gave the app `budget_ms` in the background: catch up, send, close the file again.
    pub async fn run_background(
        &self,
        reason: BackgroundReason,
        budget_ms: u64,
    ) -> Result<BackgroundReport, Error> {
        log::info!("event=background_run reason={reason:?} budget_ms={budget_ms}");
        self.runner.run_background(budget_ms).await
    }

    /// The phone's network changed. Only a hint: nothing is believed without trying.
    pub fn network_changed(&self, kind: NetworkKind) {
        if kind == NetworkKind::None {
            self.signals.set_fresh(false);
            self.sources.link.set(LinkState::NoNetwork, None);
        } else {
            self.signals.now.notify_waiters();
        }
        self.signals.sync.notify_one();
    }

    /// A person wants it now: no back-off is waited for.
    pub async fn try_now(&self) -> Result<(), Error> {
        self.store
            .write(|tx| {
                tx.clear_delays()?;
                tx.touch(Topic::Outbox);
                Ok(())
            })
            .await?;
        self.signals.now.notify_waiters();
        self.signals.sync.notify_one();
        self.signals.sender.notify_one();
        Ok(())
    }

    /// Ends everything and closes the file. Every later command answers `Cancelled`, every view ends.
    pub async fn shutdown(&self) -> Result<(), Error> {
        self.runner.shutdown().await
    }
}

/// Whose rows these are, and of which life of the server.
fn reader(read: &Read<'_>) -> Stored<(Option<String>, Option<String>)> {
    Ok((read.meta(Key::MemberId)?, read.meta(Key::Epoch)?))
}

//! The platform as one object: its state, its router, its workers.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use tokio::task::JoinHandle;

use crate::agents::error::ApiError;
use crate::agents::password::Checks;
use crate::desk::revoke::{self, RevokedFile};
use crate::desk::wake::{self, Alarm};
use crate::feed::live::LiveFeed;
use crate::feed::room::Rooms;
use crate::feed::wanted::Wanted;
use crate::meta::intake::Intake;
use crate::meta::media::Uploads;
use crate::meta::onboarding::own_address::Awaited;
use crate::meta::reads::Typing;
use crate::meta::templates::budget::Budget;
use crate::meta::wake::{SendQueue, Wake, WebhookProcessor};
use crate::metrics::{Counted, Metrics};
use crate::office::{Office, key_proof};
use crate::settings::Settings;
use crate::state::{AppState, Ports, Shared};
use crate::store::{DATABASE, OpenError, Store, StoreError, audit, changes, facts, room};
use crate::support::arriving::Arriving;
use crate::support::disk::{DiskFloor, FileSystem, FreeSpace};
use crate::support::stop::Stop;
use crate::{agents, backup, meta, routes};

/// Name of the file that a running `serve` keeps locked.
pub const LOCK: &str = "serve.lock";

/// How long to wait before the lock is tried a second time.
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// How often `serve` asks whether another process has written.
const LOOK_ROUND: Duration = Duration::from_millis(500);

/// How often the change line is cut back.
const PRUNE_ROUND: Duration = Duration::from_hours(1);

/// The platform could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another `serve` works on the same data folder.
    #[error("another serve is running on this data folder")]
    AlreadyServing,
    /// The file system refused the data folder.
    #[error("the data folder cannot be used: {0}")]
    Folder(std::io::ErrorKind),
    /// The store belongs to another key.
    #[error("FIELDLINE_KEY is not the key of this data folder")]
    WrongKey,
    /// The store could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store could not be made ready.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StartError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AlreadyServing => "already_serving",
            Self::Folder(_) => "data_folder",
            Self::WrongKey => "wrong_key",
            Self::Open(OpenError::Newer { .. }) => "newer_schema",
            Self::Open(OpenError::Foreign) => "foreign_store",
            Self::Open(_) | Self::Store(_) => "store",
        }
    }
}

/// A platform over one data folder.
pub struct Platform {
    state: AppState,
    workers: Mutex<Vec<JoinHandle<()>>>,
    lock: Mutex<Option<File>>,
}

impl Platform {
    /// Locks the data folder, opens and migrates the store, and recovers what a crash left half
    /// done. Nothing runs until [`Platform::start`].
    pub async fn open(settings: Settings, ports: Ports) -> Result<Self, StartError> {
        let space = Arc::new(FileSystem(settings.data.clone()));
        Self::open_with(settings, ports, space).await
    }

    /// As [`Platform::open`], with another reading of the free disk.
    pub async fn open_with(
        settings: Settings,
        mut ports: Ports,
        space: Arc<dyn FreeSpace>,
    ) -> Result<Self, StartError> {
        let lock = match lock(&settings.data) {
            // `status` holds the lock for a moment when it asks whether it is held.
            Err(StartError::AlreadyServing) => {
                tokio::time::sleep(LOCK_PAUSE).await;
                lock(&settings.data)?
            }
            taken => taken?,
        };
        let store = Store::open(
            &settings.data.join(DATABASE),
            Arc::clone(&ports.clock),
            Arc::clone(&ports.rng),
            Arc::clone(&ports.executor),
        )
        .await?;
        let proof = key_proof(&settings.key);
        if !store.write(move |tx| facts::belongs_to(tx, &proof)).await? {
            return Err(StartError::WrongKey);
        }
        meta::recover(&store).await?;
        revoke::carry_out(&store, &settings.data).await?;
        backup::settle(&store).await?;
        let metrics = Arc::new(Metrics::default());
        ports.graph = Arc::new(Counted::new(ports.graph, Arc::clone(&metrics)));
        let state = AppState::new(Shared {
            disk: DiskFloor::new(space, settings.disk_floor),
            metrics,
            settings,
            ports,
            store,
            stop: Stop::default(),
            arriving: Arriving::default(),
            intake: Intake::default(),
            own_address: Awaited::default(),
            webhooks: WebhookProcessor::default(),
            sends: SendQueue::default(),
            media: Wake::default(),
            templates: Wake::default(),
            small: Wake::default(),
            uploads: Uploads::default(),
            typing: Typing::default(),
            budget: Budget::default(),
            checks: Checks::default(),
            wanted: Wanted::default(),
            alarm: Alarm::default(),
            rooms: Rooms::default(),
        });
        Ok(Self { state, workers: Mutex::default(), lock: Mutex::new(Some(lock)) })
    }

    /// What handlers and workers share.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// The operator's functions on this platform's store.
    pub fn office(&self) -> Office {
        Office {
            store: self.state.store.clone(),
            key: self.state.settings.key.clone(),
            cost: self.state.settings.password_cost,
            base_url: self.state.settings.base_url(),
            revoked: RevokedFile::of(&self.state.settings.data),
            rng: Arc::clone(&self.state.ports.rng),
            executor: Arc::clone(&self.state.ports.executor),
        }
    }

    /// Everything over HTTP.
    pub fn router(&self) -> axum::Router {
        let state = self.state.clone();
        routes::router(&state)
            .layer(from_fn_with_state(state.clone(), agents::http::envelope))
            .with_state(state)
    }

    /// The operator's figures alone, for a listener that only they can reach.
    pub fn metrics_router(&self) -> axum::Router {
        routes::metrics(self.state.clone())
    }

    /// Starts the workers on the current tokio runtime.
    pub fn start(&self) {
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        workers.push(tokio::spawn(notice_others(self.state.clone())));
        workers.push(tokio::spawn(keep_short(self.state.clone())));
        workers.push(tokio::spawn(meta::processor::run(self.state.clone())));
        workers.push(tokio::spawn(meta::send::queue::run(self.state.clone())));
        workers.push(tokio::spawn(meta::media::fetch::run(self.state.clone())));
        workers.push(tokio::spawn(meta::templates::list::run(self.state.clone())));
        workers.push(tokio::spawn(meta::reads::run(self.state.clone())));
        workers.push(tokio::spawn(meta::line::worker::run(self.state.clone())));
        workers.push(tokio::spawn(wake::run(self.state.clone())));
    }

    /// The live line of one device, as its WebSocket has it, without a socket.
    ///
    /// # Errors
    /// Those of [`LiveFeed::open`].
    pub async fn live(&self, access_token: &str, hello_since: &str) -> Result<LiveFeed, ApiError> {
        LiveFeed::open(self.state.clone(), access_token, hello_since).await
    }

    /// Ends workers and sockets, waits for them, closes the store and gives up the data folder.
    /// Idempotent.
    pub async fn stop(&self) {
        self.state.stop.stop();
        let workers =
            std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        for worker in workers {
            // A worker that panicked has ended too.
            let _ = worker.await;
        }
        self.state.stop.idle().await;
        self.state.store.close().await;
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Drop for Platform {
    /// Dropped without [`Platform::stop`], the platform ends as a killed process would: in the
    /// middle of whatever it was doing.
    fn drop(&mut self) {
        let workers = self.workers.get_mut().unwrap_or_else(PoisonError::into_inner);
        for worker in workers.drain(..) {
            worker.abort();
        }
    }
}

/// Takes the lock that keeps a second `serve` away; it falls with the file's closing, whatever
/// ends the process.
pub(crate) fn lock(data: &Path) -> Result<File, StartError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let file = options.open(data.join(LOCK)).map_err(|e| StartError::Folder(e.kind()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::AlreadyServing),
        Err(TryLockError::Error(error)) => Err(StartError::Folder(error.kind())),
    }
}

/// Sees what the operator's commands wrote into the file beside us.
async fn notice_others(state: AppState) {
    loop {
        tokio::select! {
            biased;
            () = state.stop.stopped() => return,
            () = tokio::time::sleep(LOOK_ROUND) => {}
        }
        match state.store.notice_others().await {
            Ok(true) => {
                state.webhooks.wake();
                state.sends.wake();
                state.media.wake();
                state.templates.wake();
                state.small.wake();
                state.alarm.ring();
            }
            Ok(false) => {}
            Err(error) => log::warn!("notice_others cause=\"{error}\""),
        }
    }
}

/// Keeps the change line as long as it is promised and no longer.
async fn keep_short(state: AppState) {
    loop {
        let pruned = state.store.write(|tx| {
            meta::prune(tx)?;
            audit::prune(tx)?;
            changes::prune(tx)
        });
        match pruned.await {
            Ok(0) => {}
            Ok(rows) => log::info!("changes_pruned rows={rows}"),
            Err(error) => log::warn!("changes_not_pruned cause=\"{error}\""),
        }
        if state.disk.is_short()
            && let Err(error) = give_back(&state).await
        {
            log::warn!("room_not_given_back cause=\"{error}\"");
        }
        tokio::select! {
            biased;
            () = state.stop.stopped() => return,
            () = tokio::time::sleep(PRUNE_ROUND) => {}
        }
    }
}

/// Gives the disk back what was deleted: otherwise the store itself would hold a full disk below
/// its floor for ever, however much room there is inside it.
async fn give_back(state: &AppState) -> Result<(), StoreError> {
    while state.store.write(|tx| room::give_back(tx.sql())).await? {
        if state.stop.is_stopping() {
            return Ok(());
        }
        // Whoever waits for the writer goes between two slices.
        tokio::task::yield_now().await;
    }
    state.store.checkpoint().await
}

/// The process runs.
pub(crate) async fn alive() -> StatusCode {
    StatusCode::OK
}

/// Whether the store takes a write and has room for it.
pub(crate) async fn ready(State(state): State<AppState>) -> StatusCode {
    if state.disk.is_below() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    match state.store.write(|_| Ok::<_, StoreError>(())).await {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Whether a `serve` works on this data folder now.
pub fn is_served(data: &Path) -> bool {
    matches!(lock(data), Err(StartError::AlreadyServing))
}

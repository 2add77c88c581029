//! The platform as one object: its state, its router, its workers.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::middleware::from_fn_with_state;
use tokio::task::JoinHandle;

use crate::agents;
use crate::settings::Settings;
use crate::store::{OpenError, Store, StoreError};
use crate::support::stop::Stop;
use crate::support::{Clock, Executor, Rng};

/// Name of the database in the data folder.
pub const DATABASE: &str = "platform.db";

/// Name of the file that a running `serve` keeps locked.
pub const LOCK: &str = "serve.lock";

/// How often `serve` asks whether another process has written.
const LOOK_ROUND: Duration = Duration::from_millis(500);

/// What is injected: everything that differs between production and a simulation.
#[derive(Clone)]
pub struct Ports {
    /// Wall time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// Where blocking work runs.
    pub executor: Arc<dyn Executor>,
}

/// The platform could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another `serve` works on the same data folder.
    #[error("another serve is running on this data folder")]
    AlreadyServing,
    /// The file system refused the data folder.
    #[error("the data folder cannot be used: {0}")]
    Folder(std::io::ErrorKind),
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
            Self::Open(OpenError::Newer { .. }) => "newer_schema",
            Self::Open(OpenError::Foreign) => "foreign_store",
            Self::Open(_) | Self::Store(_) => "store",
        }
    }
}

/// What handlers and workers share.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

/// The parts of the shared state.
pub struct Shared {
    /// What the operator set.
    pub settings: Settings,
    /// What is injected.
    pub ports: Ports,
    /// The store.
    pub store: Store,
    /// Tells every task to end.
    pub stop: Stop,
}

impl std::ops::Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
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
        let lock = lock(&settings.data)?;
        let store = Store::open(
            &settings.data.join(DATABASE),
            Arc::clone(&ports.clock),
            Arc::clone(&ports.rng),
            Arc::clone(&ports.executor),
        )
        .await?;
        let state = AppState(Arc::new(Shared { settings, ports, store, stop: Stop::default() }));
        Ok(Self { state, workers: Mutex::default(), lock: Mutex::new(Some(lock)) })
    }

    /// What handlers and workers share.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// Everything over HTTP.
    pub fn router(&self) -> axum::Router {
        let state = self.state.clone();
        axum::Router::new()
            .nest("/v1", agents::routes(&state))
            .fallback(agents::http::not_found)
            .method_not_allowed_fallback(agents::http::not_found)
            .layer(from_fn_with_state(state.clone(), agents::http::envelope))
            .with_state(state)
    }

    /// Starts the workers on the current tokio runtime.
    pub fn start(&self) {
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        workers.push(tokio::spawn(notice_others(self.state.clone())));
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

/// Takes the lock that keeps a second `serve` away; it falls with the file's closing, whatever
/// ends the process.
fn lock(data: &Path) -> Result<File, StartError> {
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
        if let Err(error) = state.store.notice_others().await {
            log::warn!("notice_others cause=\"{error}\"");
        }
    }
}

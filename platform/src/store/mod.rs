//! The one place with SQL: one SQLite file, one writer, two readers.
//!
//! **Every call goes through the injected [`Executor`]**, never over an async thread. Writes queue
//! for the writer in the order they were asked for and run as one `BEGIN IMMEDIATE` transaction
//! each; reads see one unchanging snapshot.
//!
//! **Several processes share the file.** `serve` is the only long-lived one (it holds a lock file,
//! see [`crate::app`]); the operator's commands (`agent add`, `channel add`, ...) open the same
//! file beside it, write in one short `BEGIN IMMEDIATE` transaction and leave. SQLite's own lock
//! puts writers in line, each waiting up to five seconds ([`open::BUSY_TIMEOUT`]). `serve` asks
//! `PRAGMA data_version` on its writer each half second: that number moves only when *another*
//! process has committed, and then live feeds, the webhook processor and the send queue are woken.
//! So what an operator does is seen within a second, and what `serve` itself does at once.

pub(crate) mod accounts;
pub(crate) mod alerts;
pub(crate) mod amendments;
pub(crate) mod audit;
pub mod changes;
pub mod channels;
pub mod chats;
pub mod commands;
pub(crate) mod contacts;
pub mod conversations;
pub(crate) mod copy;
pub mod devices;
pub mod facts;
pub(crate) mod gauges;
pub(crate) mod holders;
pub(crate) mod imports;
pub mod labels;
pub(crate) mod lines;
pub mod link_codes;
pub mod media;
pub mod members;
pub mod objects;
pub(crate) mod onboardings;
pub mod open;
pub mod people;
pub(crate) mod phonebook;
pub mod quick_replies;
pub(crate) mod reactions;
pub(crate) mod replay;
pub(crate) mod reports;
pub(crate) mod room;
pub mod sends;
pub mod sessions;
pub mod small_sends;
pub mod teams;
pub mod templates;
pub mod texts;
pub mod webhooks;
pub mod workspaces;

mod error;
mod heads;
mod tx;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{Mutex as AsyncMutex, OwnedSemaphorePermit, Semaphore};

use crate::support::{Clock, Executor, Rng, executor};

pub use error::{OpenError, StoreError};
pub use heads::Heads;
pub use tx::{ChangeKind, ChangeScope, WriteTx};

/// Name of the database in the data folder.
pub const DATABASE: &str = "platform.db";

/// A connection inside a transaction: what the functions below read from. Callers outside this
/// folder only hand it on.
pub type Sql = Connection;

/// How many reads may run beside each other and beside the writer.
const READERS: usize = 2;

/// The open store. Cheap to clone; all clones are one store.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    writer: Arc<AsyncMutex<Option<Writer>>>,
    readers: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    executor: Arc<dyn Executor>,
    heads: Arc<Heads>,
}

struct Writer {
    connection: Connection,
    data_version: i64,
}

impl Store {
    /// Opens or creates the store at `path` and migrates it.
    ///
    /// # Errors
    /// [`OpenError::Newer`] if a newer program wrote it, which is then left untouched;
    /// [`OpenError::Foreign`] if it is not ours at all.
    pub async fn open(
        path: &Path,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        executor: Arc<dyn Executor>,
    ) -> Result<Self, OpenError> {
        let path = PathBuf::from(path);
        let (writer, readers) = executor::run(executor.as_ref(), move || {
            let connection = open::writer(&path)?;
            let data_version = open::data_version(&connection)?;
            let readers =
                (0..READERS).map(|_| open::reader(&path)).collect::<Result<Vec<_>, OpenError>>()?;
            Ok::<_, OpenError>((Writer { connection, data_version }, readers))
        })
        .await
        .ok_or(StoreError::Interrupted)??;
        Ok(Self(Arc::new(Inner {
            writer: Arc::new(AsyncMutex::new(Some(writer))),
            readers: Arc::new(Mutex::new(readers)),
            permits: Arc::new(Semaphore::new(READERS)),
            clock,
            rng,
            executor,
            heads: Arc::new(Heads::default()),
        })))
    }

    /// Runs `f` in one `BEGIN IMMEDIATE` transaction: committed if it gives `Ok`, rolled back if
    /// it gives `Err`. After a commit with changes the feeds of those workspaces are woken.
    /// Dropping the future does not stop a transaction that has begun.
    pub async fn write<T, E>(
        &self,
        f: impl FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let mut writer = Arc::clone(&self.0.writer).lock_owned().await;
        let (clock, rng) = (Arc::clone(&self.0.clock), Arc::clone(&self.0.rng));
        let heads = Arc::clone(&self.0.heads);
        executor::run(self.0.executor.as_ref(), move || {
            let writer = writer.as_mut().ok_or(StoreError::Closed)?;
            let tx = writer
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(StoreError::from)?;
            let mut tx = WriteTx::new(tx, clock.now_ms(), rng);
            let value = f(&mut tx)?;
            let (moved, hooks) = tx.commit()?;
            for hook in hooks {
                hook();
            }
            for workspace in moved {
                heads.moved(&workspace);
            }
            Ok(value)
        })
        .await
        .unwrap_or_else(|| Err(StoreError::Interrupted.into()))
    }

    /// Runs `f` in one read transaction on a reader that cannot write.
    pub async fn read<T, E>(
        &self,
        f: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let permit = Arc::clone(&self.0.permits)
            .acquire_owned()
            .await
            .map_err(|_| E::from(StoreError::Closed))?;
        let pool = Arc::clone(&self.0.readers);
        executor::run(self.0.executor.as_ref(), move || {
            let lease = Lease::take(pool, permit).ok_or(StoreError::Closed)?;
            let connection = lease.connection.as_ref().ok_or(StoreError::Closed)?;
            let tx = connection.unchecked_transaction().map_err(StoreError::from)?;
            f(&tx)
        })
        .await
        .unwrap_or_else(|| Err(StoreError::Interrupted.into()))
    }

    /// Whether another process has committed since this was last asked (or since opening); if so,
    /// all feeds are woken.
    pub async fn notice_others(&self) -> Result<bool, StoreError> {
        let mut writer = Arc::clone(&self.0.writer).lock_owned().await;
        let moved = executor::run(self.0.executor.as_ref(), move || {
            let writer = writer.as_mut().ok_or(StoreError::Closed)?;
            let version = open::data_version(&writer.connection)?;
            let moved = version != writer.data_version;
            writer.data_version = version;
            Ok::<_, StoreError>(moved)
        })
        .await
        .ok_or(StoreError::Interrupted)??;
        if moved {
            self.0.heads.all_moved();
        }
        Ok(moved)
    }

    /// Puts what stands in the log into the main file, as far as no reader is in the way.
    pub(crate) async fn checkpoint(&self) -> Result<(), StoreError> {
        let writer = Arc::clone(&self.0.writer).lock_owned().await;
        executor::run(self.0.executor.as_ref(), move || {
            let writer = writer.as_ref().ok_or(StoreError::Closed)?;
            writer.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
            Ok(())
        })
        .await
        .unwrap_or(Err(StoreError::Interrupted))
    }

    /// What wakes the feeds.
    pub fn heads(&self) -> &Arc<Heads> {
        &self.0.heads
    }

    /// Waits for running calls, puts everything into the main file and closes it. Later calls
    /// give [`StoreError::Closed`]. Idempotent.
    pub async fn close(&self) {
        let mut writer = Arc::clone(&self.0.writer).lock_owned().await;
        self.0.permits.close();
        let pool = Arc::clone(&self.0.readers);
        let _ = executor::run(self.0.executor.as_ref(), move || {
            pool.lock().unwrap_or_else(PoisonError::into_inner).clear();
            // Dropping the last connection checkpoints the log and removes it.
            drop(writer.take());
        })
        .await;
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store(..)")
    }
}

/// A reader on loan: goes back to the pool even if its user panics.
struct Lease {
    connection: Option<Connection>,
    pool: Arc<Mutex<Vec<Connection>>>,
    permit: OwnedSemaphorePermit,
}

impl Lease {
    fn take(pool: Arc<Mutex<Vec<Connection>>>, permit: OwnedSemaphorePermit) -> Option<Self> {
        let connection = pool.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        Some(Self { connection: Some(connection), pool, permit })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // After closing, the connection ends here instead of going back.
        let closed = self.permit.semaphore().is_closed();
        if let (Some(connection), false) = (self.connection.take(), closed) {
            self.pool.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}

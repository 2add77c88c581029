//! The local store: one SQLite file, one writer, two readers that cannot write, everything off the async threads.
//!
//! All SQL of the core lives in this folder. A write is one immediate transaction; what it touched wakes the views
//! after the commit, never before. `close` really lets go of the file (a phone's system kills apps that hold one).

mod conversations;
mod marks;
mod messages;
mod meta;
mod open;
mod outbox;
mod people;
mod touched;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use thiserror::Error as ThisError;
use tokio::sync::oneshot;

use crate::api::{Error, StorageTrouble};
use crate::support::Executor;

pub(crate) use conversations::HeldConversation;
pub(crate) use messages::OutOfPage;
pub(crate) use meta::Key;
pub(crate) use touched::{Revisions, Topic};

/// What can go wrong below the rules. Holds SQLite's code, never a value.
#[derive(Debug, ThisError)]
pub(crate) enum StoreError {
    #[error("sqlite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("i/o: {0}")]
    Io(std::io::ErrorKind),
    #[error("the store is open elsewhere")]
    AlreadyOpen,
    #[error("schema {found} is newer than {known}")]
    Newer { found: i64, known: i64 },
    #[error("the store is closed")]
    Closed,
    #[error("the store holds what it should not: {0}")]
    Broken(&'static str),
    /// A rule said no inside a transaction; carried out unchanged.
    #[error("refused by a rule")]
    Rule(Error),
}

impl From<StoreError> for Error {
    /// The one place where the store's troubles become what a screen shows, and where they are logged.
    fn from(error: StoreError) -> Self {
        use rusqlite::ErrorCode;
        let storage = |trouble| Self::Storage { trouble };
        let public = match &error {
            StoreError::Rule(rule) => return rule.clone(),
            StoreError::AlreadyOpen => Self::AlreadyOpen,
            StoreError::Newer { .. } => Self::IncompatibleVersion,
            StoreError::Closed => return Self::Suspended,
            StoreError::Broken(_) => storage(StorageTrouble::Damaged),
            StoreError::Io(std::io::ErrorKind::StorageFull) => storage(StorageTrouble::Full),
            StoreError::Io(_) => storage(StorageTrouble::Locked),
            StoreError::Sqlite(inner) => match inner.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => storage(StorageTrouble::Full),
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                    storage(StorageTrouble::Damaged)
                }
                Some(
                    ErrorCode::CannotOpen
                    | ErrorCode::PermissionDenied
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::ReadOnly,
                ) => storage(StorageTrouble::Locked),
                _ => Self::internal("store"),
            },
        };
        let code = match &error {
            StoreError::Sqlite(inner) => inner.sqlite_error().map_or(0, |e| e.extended_code),
            _ => 0,
        };
        log::warn!("event=store_error code={} sqlite={code}", public.code());
        public
    }
}

/// Result inside the store.
pub(crate) type Stored<T> = Result<T, StoreError>;

struct Connections {
    writer: Mutex<Option<Connection>>,
    readers: [Mutex<Option<Connection>>; 2],
    next_reader: AtomicUsize,
    owner: Mutex<Option<File>>,
}

/// A handle to the store; clones share it.
#[derive(Clone)]
pub(crate) struct Store {
    path: PathBuf,
    connections: Arc<Connections>,
    executor: Arc<dyn Executor>,
    revisions: Revisions,
}

/// A write transaction.
pub(crate) struct Tx<'a> {
    sql: Transaction<'a>,
    touched: RefCell<BTreeSet<Topic>>,
}

impl Tx<'_> {
    /// Says that a view over `topic` has to be drawn again once this is committed.
    pub(crate) fn touch(&self, topic: Topic) {
        self.touched.borrow_mut().insert(topic);
    }

    /// The conversation's own views, the list and the outbox.
    pub(crate) fn touch_conversation(&self, id: &str) {
        self.touch(Topic::Conversation(id.to_owned()));
        self.touch(Topic::Inbox);
    }
}

/// What reads: a reader's connection or a write transaction.
pub(crate) struct Read<'a>(&'a Connection);

impl Tx<'_> {
    /// Reads inside this transaction.
    pub(crate) fn read(&self) -> Read<'_> {
        Read(&self.sql)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store {
    /// Opens or makes the store at `path`. Fails with `AlreadyOpen` while another process or `Client` has it.
    pub(crate) async fn open(path: PathBuf, executor: Arc<dyn Executor>) -> Stored<Self> {
        let store = Self {
            path,
            connections: Arc::new(Connections {
                writer: Mutex::new(None),
                readers: [Mutex::new(None), Mutex::new(None)],
                next_reader: AtomicUsize::new(0),
                owner: Mutex::new(None),
            }),
            executor,
            revisions: Revisions::default(),
        };
        store.reopen().await?;
        Ok(store)
    }

    /// Opens again after [`Self::close`]; does nothing while it is open.
    pub(crate) async fn reopen(&self) -> Stored<()> {
        let (path, connections) = (self.path.clone(), Arc::clone(&self.connections));
        self.run(move || {
            let mut writer = lock(&connections.writer);
            if writer.is_some() {
                return Ok(());
            }
            let opened = open::open(&path)?;
            let [first, second] = opened.readers;
            let [first_slot, second_slot] = &connections.readers;
            *lock(first_slot) = Some(first);
            *lock(second_slot) = Some(second);
            *lock(&connections.owner) = Some(opened.owner);
            *writer = Some(opened.writer);
            Ok(())
        })
        .await
    }

    /// Waits for the running write, checkpoints, and lets go of the file and its lock.
    pub(crate) async fn close(&self) -> Stored<()> {
        let connections = Arc::clone(&self.connections);
        self.run(move || {
            let mut writer = lock(&connections.writer);
            for reader in &connections.readers {
                drop(lock(reader).take());
            }
            let checkpointed = match writer.take() {
                Some(connection) => open::checkpoint(&connection),
                None => Ok(()),
            };
            // Whatever came of that: the file is let go, or nobody could open it again. The log keeps what it held.
            drop(lock(&connections.owner).take());
            if let Err(error) = checkpointed {
                let _logged = Error::from(error);
            }
            Ok(())
        })
        .await
    }

    /// Empties the log into the file, so that nothing of what was deleted stays in it.
    pub(crate) async fn scrub(&self) -> Stored<()> {
        let connections = Arc::clone(&self.connections);
        self.run(move || {
            let guard = lock(&connections.writer);
            open::checkpoint(guard.as_ref().ok_or(StoreError::Closed)?)
        })
        .await
    }

    /// One immediate transaction; on disk when this returns `Ok`.
    pub(crate) async fn write<T, F>(&self, work: F) -> Stored<T>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Stored<T> + Send + 'static,
    {
        let connections = Arc::clone(&self.connections);
        let revisions = self.revisions.clone();
        self.run(move || {
            let (result, touched) = {
                let mut guard = lock(&connections.writer);
                let connection = guard.as_mut().ok_or(StoreError::Closed)?;
                let sql = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let tx = Tx { sql, touched: RefCell::default() };
                let result = work(&tx)?;
                let Tx { sql, touched } = tx;
                sql.commit()?;
                (result, touched.into_inner())
            };
            revisions.bump(touched);
            Ok(result)
        })
        .await
    }

    /// One read transaction on a connection that cannot write.
    pub(crate) async fn read<T, F>(&self, work: F) -> Stored<T>
    where
        T: Send + 'static,
        F: FnOnce(&Read<'_>) -> Stored<T> + Send + 'static,
    {
        let connections = Arc::clone(&self.connections);
        self.run(move || {
            let [first, second] = &connections.readers;
            let turn = connections.next_reader.fetch_add(1, Ordering::Relaxed);
            let mut guard = lock(if turn.is_multiple_of(2) { first } else { second });
            let connection = guard.as_mut().ok_or(StoreError::Closed)?;
            let sql = connection.transaction()?;
            let result = work(&Read(&sql))?;
            sql.finish()?;
            Ok(result)
        })
        .await
    }

    /// Which views have to be drawn again.
    pub(crate) fn revisions(&self) -> &Revisions {
        &self.revisions
    }

    async fn run<T, F>(&self, job: F) -> Stored<T>
    where
        T: Send + 'static,
        F: FnOnce() -> Stored<T> + Send + 'static,
    {
        let (send, receive) = oneshot::channel();
        self.executor
            .run(Box::new(move || {
                // Nobody waits any more: the work is done all the same.
                let _ = send.send(job());
            }))
            .await;
        receive.await.map_err(|_| StoreError::Broken("a job ended without an answer"))?
    }
}

#[cfg(test)]
mod tests;

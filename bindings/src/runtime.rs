//! One runtime for each client. Foreign executors poll on whatever thread they like; the core's work never runs there.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fieldline_core::api::Error;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{JoinError, JoinHandle};

/// Threads that drive the core's tasks. SQL has the blocking pool beside them.
const WORKERS: usize = 2;
/// Threads for SQL and secrets at most: one writer, two readers, one to spare.
const BLOCKING: usize = 4;
/// How long `end` waits for threads. The core has closed its file before; what is left is at most a foreign secret store.
const END_WITHIN: Duration = Duration::from_secs(5);

/// The threads of one client.
pub(crate) struct Crew {
    runtime: Mutex<Option<Runtime>>,
    handle: Handle,
}

impl Crew {
    /// Starts the threads.
    pub(crate) fn start() -> Result<Self, Error> {
        let numbers = AtomicUsize::new(0);
        let runtime = Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .max_blocking_threads(BLOCKING)
            .thread_name_fn(move || {
                format!("fieldline-{}", numbers.fetch_add(1, Ordering::Relaxed))
            })
            .enable_all()
            .build()
            .map_err(|_| Error::Internal { reason: "runtime".to_owned() })?;
        let handle = runtime.handle().clone();
        Ok(Self { runtime: Mutex::new(Some(runtime)), handle })
    }

    /// Where this client's work runs. It outlives the threads: work given to it afterwards answers `Cancelled`.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Joins all threads, so that none calls into an interpreter that is already going down. To be called from a foreign
    /// thread, never from one of the runtime's.
    pub(crate) fn end(&self) {
        let runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(runtime) = runtime {
            runtime.shutdown_timeout(END_WITHIN);
        }
    }
}

impl Drop for Crew {
    /// A garbage collector must not wait: the threads are told and not joined. Only `shutdown` joins.
    fn drop(&mut self) {
        let runtime = self.runtime.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(runtime) = runtime {
            runtime.shutdown_background();
        }
    }
}

/// Runs a write. It completes even if the caller stops waiting.
pub(crate) async fn detached<T, W>(on: &Handle, work: W) -> Result<T, Error>
where
    T: Send + 'static,
    W: Future<Output = Result<T, Error>> + Send + 'static,
{
    on.spawn(work).await.unwrap_or_else(|end| Err(unfinished(&end)))
}

/// Runs the end. Without threads it has happened before, which is no error.
pub(crate) async fn last<W>(on: &Handle, work: W) -> Result<(), Error>
where
    W: Future<Output = Result<(), Error>> + Send + 'static,
{
    match detached(on, work).await {
        Err(Error::Cancelled) => Ok(()),
        other => other,
    }
}

/// Runs a read. It is given up when the caller stops waiting.
pub(crate) async fn bound<T, W>(on: &Handle, work: W) -> Result<T, Error>
where
    T: Send + 'static,
    W: Future<Output = Result<T, Error>> + Send + 'static,
{
    let mut task = Bound(on.spawn(work));
    (&mut task.0).await.unwrap_or_else(|end| Err(unfinished(&end)))
}

/// Waits for a view. A view of a client that was shut down has ended, which is no error.
pub(crate) async fn pulled<T, W>(on: &Handle, work: W) -> Result<Option<T>, Error>
where
    T: Send + 'static,
    W: Future<Output = Option<Result<T, Error>>> + Send + 'static,
{
    match bound(on, async move { work.await.transpose() }).await {
        Err(Error::Cancelled) => Ok(None),
        other => other,
    }
}

struct Bound<T>(JoinHandle<T>);

impl<T> Drop for Bound<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a panic said may hold content, so it stays out of the error.
fn unfinished(end: &JoinError) -> Error {
    if end.is_panic() { Error::Internal { reason: "panic".to_owned() } } else { Error::Cancelled }
}

//! Where blocking work (SQL, password hashing) runs: a thread pool in production, in place in a
//! simulation, so that one seed gives one order of events.

use std::sync::{Arc, Mutex};

use futures_util::future::{self, BoxFuture, FutureExt as _};

/// One piece of blocking work.
pub type Job = Box<dyn FnOnce() + Send>;

/// Runs blocking work off the async threads.
pub trait Executor: Send + Sync + 'static {
    /// Starts `job` at once; the future ends when it has run. Dropping the future does not stop
    /// the job.
    fn run(&self, job: Job) -> BoxFuture<'static, ()>;
}

/// tokio's blocking threads. Needs a tokio runtime.
#[derive(Debug, Clone, Copy, Default)]
pub struct BlockingPool;

impl Executor for BlockingPool {
    fn run(&self, job: Job) -> BoxFuture<'static, ()> {
        let handle = tokio::task::spawn_blocking(job);
        async move {
            // A job that panicked leaves no result, which its caller sees.
            let _ = handle.await;
        }
        .boxed()
    }
}

/// Runs each job where it stands.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inline;

impl Executor for Inline {
    fn run(&self, job: Job) -> BoxFuture<'static, ()> {
        job();
        future::ready(()).boxed()
    }
}

/// Runs `work` on `executor` and brings its result back; `None` if it panicked.
pub(crate) async fn run<T: Send + 'static>(
    executor: &dyn Executor,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let slot = Arc::new(Mutex::new(None));
    let filled = Arc::clone(&slot);
    executor
        .run(Box::new(move || {
            let value = work();
            if let Ok(mut slot) = filled.lock() {
                *slot = Some(value);
            }
        }))
        .await;
    slot.lock().ok().and_then(|mut slot| slot.take())
}

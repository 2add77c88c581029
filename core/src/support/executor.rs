//! Where SQL runs: a blocking pool in production, inline in the simulation, so that one seed is one run to the byte.

use futures_util::future::{BoxFuture, FutureExt};

/// One piece of blocking work.
pub type Job = Box<dyn FnOnce() + Send>;

/// Runs blocking work off the async threads.
pub trait Executor: Send + Sync + 'static {
    /// Runs `job` to its end, even if the returned future is dropped.
    fn run(&self, job: Job) -> BoxFuture<'static, ()>;
}

/// tokio's blocking pool of the runtime that the call is made on.
#[derive(Debug, Clone, Copy, Default)]
pub struct BlockingPool;

impl Executor for BlockingPool {
    fn run(&self, job: Job) -> BoxFuture<'static, ()> {
        let handle = tokio::task::spawn_blocking(job);
        async move {
            if handle.await.is_err() {
                log::error!("event=blocking_job_failed");
            }
        }
        .boxed()
    }
}

/// Runs the job at once on the caller's thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inline;

impl Executor for Inline {
    fn run(&self, job: Job) -> BoxFuture<'static, ()> {
        job();
        futures_util::future::ready(()).boxed()
    }
}

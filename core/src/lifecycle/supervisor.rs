//! Long tasks are watched: one that dies is logged and started again, and never takes the app with it.

use std::future::Future;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Pause before a dead task is started again.
const REST: Duration = Duration::from_secs(1);

/// A running task; ended by [`Supervised::stop`], or by dropping it.
pub(super) struct Supervised {
    task: JoinHandle<()>,
    stop: Option<oneshot::Sender<()>>,
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Supervised {
    /// Runs what `make` gives on the current runtime, again and again if it panics.
    pub(super) fn start<F, W>(name: &'static str, make: F) -> Self
    where
        F: Fn() -> W + Send + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        let (stop, mut stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            loop {
                let mut inner = AbortOnDrop(tokio::spawn(make()));
                let died = tokio::select! {
                    biased;
                    _ = &mut stopped => {
                        inner.0.abort();
                        // It may be in the middle of a step on another thread: its end is waited for.
                        let _ = (&mut inner.0).await;
                        return;
                    }
                    ended = &mut inner.0 => ended.is_err(),
                };
                if !died {
                    return;
                }
                log::error!("event=task_died task={name}");
                tokio::select! {
                    biased;
                    _ = &mut stopped => return,
                    () = tokio::time::sleep(REST) => {}
                }
            }
        });
        Self { task, stop: Some(stop) }
    }

    /// Ends it and waits until it has let go of everything.
    pub(super) async fn stop(mut self) {
        drop(self.stop.take());
        // However it ended, it is over.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.task.abort();
    }
}

//! What a clock does at the desk: a snoozed conversation wakes, a pause of the AI ends.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::audit::Who;
use super::moves;
use crate::state::AppState;
use crate::store::holders::{due, find, next_due};
use crate::store::{StoreError, WriteTx};

/// The longest sleep: a clock that was set back, or another process's write, is noticed then.
const ROUND: Duration = Duration::from_mins(1);

/// Wakes the worker when there may be something earlier to wait for.
#[derive(Debug, Default)]
pub struct Alarm {
    count: AtomicU64,
    rung: Notify,
}

impl Alarm {
    /// Has the worker look again.
    pub(crate) fn ring(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
        self.rung.notify_waiters();
    }

    fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// Ends once it rang since `seen`. Cancel safe.
    async fn wait(&self, seen: u64) {
        loop {
            let rung = self.rung.notified();
            tokio::pin!(rung);
            rung.as_mut().enable();
            if self.count() != seen {
                return;
            }
            rung.await;
        }
    }
}

/// Does what is due; gives how many conversations that changed.
pub(crate) fn work(tx: &mut WriteTx<'_>) -> Result<usize, StoreError> {
    let now = tx.now();
    let due = due(tx.sql(), now)?;
    for (workspace, id) in &due {
        let Some(mut desk) = find(tx.sql(), workspace, id)? else { continue };
        if desk.snoozed_until.is_some_and(|until| until <= now) {
            moves::status(tx, &mut desk, Who::System, "open", None)?;
        }
        if desk.ai_resumes_at.is_some_and(|at| at <= now) {
            moves::hand_back(tx, &mut desk, Who::System)?;
        }
    }
    Ok(due.len())
}

/// The worker.
pub(crate) async fn run(state: AppState) {
    loop {
        let seen = state.alarm.count();
        let now = state.ports.clock.now_ms();
        let next = match state.store.read(next_due).await {
            Ok(Some(at)) if at <= now => {
                match state.store.write(work).await {
                    // At once again: what comes next is asked for anew.
                    Ok(_) => continue,
                    Err(error) => log::warn!("desk_clock cause=\"{error}\""),
                }
                None
            }
            Ok(next) => next,
            Err(error) => {
                log::warn!("desk_clock cause=\"{error}\"");
                None
            }
        };
        let pause = next
            .and_then(|at| u64::try_from(at.saturating_sub(now)).ok())
            .map_or(ROUND, |ms| Duration::from_millis(ms).min(ROUND));
        tokio::select! {
            biased;
            () = state.stop.stopped() => return,
            () = state.alarm.wait(seen) => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

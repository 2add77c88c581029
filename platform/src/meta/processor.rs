//! The worker that works stored webhook bodies off, in the order they came.
//!
//! Many bodies make one transaction, and a large body makes several: a flush of the disk serves up
//! to `BUDGET` things, and nobody else waits for the writer longer than those take. What only
//! imports is done a slice at a time whenever nothing live waits.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time;

use super::ingest::{self, Prepared};
use crate::state::AppState;
use crate::store::StoreError;
use crate::store::webhooks::{self, Lane};
use crate::support::executor;

/// On this try what fails in a body is left out; a body that fails even so is set aside.
const TRIES: i64 = 3;
/// Wait after a failure, ms, times the tries so far.
const PAUSE: Duration = Duration::from_millis(200);
/// Wait while the store itself is in trouble, which is no body's fault.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// Things of one transaction, by their weight.
const BUDGET: usize = 256;
/// The same while bodies wait for their answer.
const BUDGET_BESIDE: usize = 64;
/// Answers go first until what they keep waiting is this old, ms: Meta counts slow answers, and a flood
/// of bodies must neither wait behind the showing of them nor keep it from going on.
const GIVES_WAY_MS: i64 = 1_000;
/// Bodies that are read from the store at once, and their bytes behind the first.
const BODIES: usize = BUDGET;
const BYTES: usize = 4 * 1024 * 1024;

/// Runs the worker until the platform stops.
pub(crate) async fn run(state: AppState) {
    let mut live = Taken::of(Lane::Live);
    let mut import = Taken::of(Lane::Import);
    while !state.stop.is_stopping() {
        let step = match live.step(&state).await {
            Step::Idle => import.step(&state).await,
            step => step,
        };
        let pause = match step {
            Step::Worked => {
                state.webhooks.worked_off();
                // News may have freed a message that waited for it.
                state.sends.wake();
                state.media.wake();
                state.templates.wake();
                // Whoever waits for this thread or the writer goes between two transactions.
                tokio::task::yield_now().await;
                continue;
            }
            Step::Failed(pause) => Some(pause),
            Step::Idle => None,
        };
        tokio::select! {
            biased;
            () = state.stop.stopped() => return,
            () = state.webhooks.woken(), if pause.is_none() => {}
            () = time::sleep(pause.unwrap_or_default()), if pause.is_some() => {}
        }
    }
}

/// Lets answers go first, for as long as what waits since `oldest` (ms UTC) can bear it, and says how much
/// may be done in the next transaction.
async fn give_way(state: &AppState, oldest: i64) -> usize {
    let behind = state.ports.clock.now_ms().saturating_sub(oldest);
    let left = u64::try_from(GIVES_WAY_MS.saturating_sub(behind)).unwrap_or(0);
    if state.intake.is_busy() && left > 0 {
        // Too long is no trouble: then both go on by turns.
        let _ = time::timeout(Duration::from_millis(left), state.intake.idle()).await;
    }
    if state.intake.is_busy() { BUDGET_BESIDE } else { BUDGET }
}

/// What a step came to.
enum Step {
    /// One transaction is done.
    Worked,
    /// Nothing waits.
    Idle,
    /// To be tried again after this long.
    Failed(Duration),
}

/// Bodies of a lane that were read from the store and are not over.
struct Taken {
    lane: Lane,
    bodies: VecDeque<Prepared>,
}

impl Taken {
    const fn of(lane: Lane) -> Self {
        Self { lane, bodies: VecDeque::new() }
    }

    /// One transaction of this lane.
    async fn step(&mut self, state: &AppState) -> Step {
        if self.bodies.is_empty()
            && let Err(error) = self.fill(state).await
        {
            log::error!("webhook_next cause=\"{error}\"");
            return Step::Failed(STORE_PAUSE);
        }
        let Some(oldest) = self.bodies.front().map(|body| body.received_at) else {
            return Step::Idle;
        };
        let budget = give_way(state, oldest).await;
        let bodies: Arc<Vec<Prepared>> = Arc::new(self.bodies.drain(..).collect());
        let work = Arc::clone(&bodies);
        let worked = state.store.write(move |tx| ingest::work_off(tx, &work, budget)).await;
        self.bodies = Arc::into_inner(bodies).unwrap_or_default().into();
        match worked {
            Ok(worked) => {
                self.bodies.drain(..worked.bodies.min(self.bodies.len()));
                if let Some(first) = self.bodies.front_mut().filter(|_| worked.position > 0) {
                    first.set_position(worked.position);
                }
                Step::Worked
            }
            Err(error) => self.alone(state, error).await,
        }
    }

    /// Reads the next bodies and takes them apart, off the async threads and beside the writer.
    async fn fill(&mut self, state: &AppState) -> Result<(), StoreError> {
        let lane = self.lane;
        let count = if lane == Lane::Live { BODIES } else { 1 };
        let pending = state.store.read(move |c| webhooks::next(c, lane, count, BYTES)).await?;
        if pending.is_empty() {
            return Ok(());
        }
        let read = move || pending.iter().map(Prepared::read).collect::<Vec<_>>();
        let prepared = executor::run(state.ports.executor.as_ref(), read)
            .await
            .ok_or(StoreError::Interrupted)?;
        let (stay, go): (Vec<_>, Vec<_>) =
            prepared.into_iter().partition(|p| lane == Lane::Import || p.lane() == Lane::Live);
        if !go.is_empty() {
            let ids: Vec<i64> = go.iter().map(|prepared| prepared.id).collect();
            state
                .store
                .write(move |tx| ids.iter().try_for_each(|id| webhooks::to_import(tx.sql(), *id)))
                .await?;
            state.webhooks.wake();
        }
        self.bodies = stay.into();
        Ok(())
    }

    /// Something in the transaction failed and nothing of it stays: the first body is tried by
    /// itself, so that its trouble is its own.
    async fn alone(&mut self, state: &AppState, error: StoreError) -> Step {
        let Some(mut first) = self.bodies.pop_front() else { return Step::Failed(STORE_PAUSE) };
        // What stays of the others is read anew: their turn may come in another order.
        self.bodies.clear();
        if let StoreError::Full | StoreError::Busy | StoreError::Closed = error {
            log::error!("webhook_waits id={} cause=\"{error}\"", first.id);
            return Step::Failed(STORE_PAUSE);
        }
        let (id, tries) = (first.id, first.tries + 1);
        let last = tries >= TRIES;
        first.tries = tries;
        let tried = if last {
            state.store.write(move |tx| ingest::work_off_good(tx, &first)).await
        } else {
            let budget = usize::MAX;
            state
                .store
                .write(move |tx| ingest::work_off(tx, std::slice::from_ref(&first), budget))
                .await
                .map(|_| ())
        };
        let error = match tried {
            Ok(()) => return Step::Worked,
            Err(error @ (StoreError::Full | StoreError::Busy | StoreError::Closed)) => {
                log::error!("webhook_waits id={id} cause=\"{error}\"");
                return Step::Failed(STORE_PAUSE);
            }
            Err(error) => error,
        };
        let reason = error.to_string();
        let noted = state.store.write(move |tx| webhooks::failed(tx.sql(), id, &reason, last));
        if let Err(error) = noted.await {
            log::error!("webhook_failure_not_noted id={id} cause=\"{error}\"");
            return Step::Failed(STORE_PAUSE);
        }
        if last {
            log::error!("webhook_set_aside id={id} tries={tries} cause=\"{error}\"");
            return Step::Worked;
        }
        log::warn!("webhook_failed id={id} tries={tries} cause=\"{error}\"");
        Step::Failed(PAUSE * u32::try_from(tries).unwrap_or(1))
    }
}

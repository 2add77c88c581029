//! Keeps webhook bodies: many that wait become one transaction, so that one flush of the disk
//! answers all of them.
//!
//! Meta counts slow answers, and a flush costs more than everything else in here. Whoever comes
//! while a transaction runs joins the next one; nobody waits for company. The queue is bounded:
//! what does not fit is refused with nothing kept, and Meta brings it again (whatsapp.md 1.3).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::state::AppState;
use crate::store::{StoreError, webhooks};

/// Bodies of one transaction, and their bytes behind the first.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// What may wait at most.
const QUEUE: usize = 4_096;
const QUEUE_BYTES: usize = 64 * 1024 * 1024;

/// Why a body was not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotKept {
    /// Too many wait already.
    #[error("the queue is full")]
    QueueFull,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The bodies that wait for the disk.
#[derive(Debug, Default)]
pub struct Intake(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    /// A task empties the queue now.
    led: bool,
}

#[derive(Debug)]
struct Waiting {
    body: Vec<u8>,
    kept: oneshot::Sender<Result<(), NotKept>>,
}

impl Intake {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a body in line; says whether somebody has to lead from here.
    fn join(&self, body: Vec<u8>) -> Option<(oneshot::Receiver<Result<(), NotKept>>, bool)> {
        let mut queue = self.queue();
        let bytes = queue.bytes.saturating_add(body.len());
        if queue.waiting.len() >= QUEUE || bytes > QUEUE_BYTES {
            return None;
        }
        let (kept, told) = oneshot::channel();
        queue.bytes = bytes;
        queue.waiting.push_back(Waiting { body, kept });
        Some((told, !std::mem::replace(&mut queue.led, true)))
    }

    /// The bodies of the next transaction; with none left, nobody leads any more.
    fn batch(&self) -> Option<Vec<Waiting>> {
        let mut queue = self.queue();
        let (mut batch, mut bytes) = (Vec::new(), 0_usize);
        while let Some(next) = queue.waiting.front().map(|waiting| waiting.body.len()) {
            bytes = bytes.saturating_add(next);
            if batch.len() >= BATCH || (!batch.is_empty() && bytes > BATCH_BYTES) {
                break;
            }
            queue.bytes = queue.bytes.saturating_sub(next);
            batch.extend(queue.waiting.pop_front());
        }
        queue.led = !batch.is_empty();
        queue.led.then_some(batch)
    }
}

/// Keeps a body; on `Ok` it is on the disk.
pub(crate) async fn keep(state: &AppState, body: Vec<u8>) -> Result<(), NotKept> {
    let (told, lead) = state.intake.join(body).ok_or(NotKept::QueueFull)?;
    if lead {
        // A task of its own: Meta may hang up while bodies of others are being kept.
        tokio::spawn(lead_until_empty(state.clone()));
    }
    told.await.unwrap_or(Err(NotKept::Store(StoreError::Interrupted)))
}

async fn lead_until_empty(state: AppState) {
    while let Some(batch) = state.intake.batch() {
        let (bodies, told): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|waiting| (waiting.body, waiting.kept)).unzip();
        let bodies = Arc::new(bodies);
        let whole = write(&state, &bodies, 0..bodies.len()).await;
        let together = bodies.len() == 1
            || matches!(
                whole,
                Ok(()) | Err(StoreError::Full | StoreError::Busy | StoreError::Closed)
            );
        if together {
            for kept in told {
                let _ = kept.send(whole.map_err(NotKept::Store));
            }
            state.webhooks.wake();
            continue;
        }
        // One of them is refused for a reason of its own: that must not cost the others.
        for (index, kept) in told.into_iter().enumerate() {
            let alone = write(&state, &bodies, index..index + 1).await;
            let _ = kept.send(alone.map_err(NotKept::Store));
        }
        state.webhooks.wake();
    }
}

async fn write(
    state: &AppState,
    bodies: &Arc<Vec<Vec<u8>>>,
    range: std::ops::Range<usize>,
) -> Result<(), StoreError> {
    let bodies = Arc::clone(bodies);
    state
        .store
        .write(move |tx| {
            for body in bodies.get(range).unwrap_or_default() {
                webhooks::keep(tx.sql(), tx.now(), body)?;
            }
            Ok(())
        })
        .await
}

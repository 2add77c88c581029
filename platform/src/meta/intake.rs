//! Keeps webhook bodies: many that wait become one transaction, so that one flush of the disk
//! answers all of them.
//!
//! Meta counts slow answers, and a flush costs more than everything else in here. Whoever comes
//! while a transaction runs joins the next one; nobody waits for company. The queue is bounded:
//! what does not fit is refused with nothing kept, and Meta brings it again (whatsapp.md 1.3).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

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
pub struct Intake {
    queue: Mutex<Queue>,
    /// Told when nothing waits any more.
    idle: Notify,
}

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
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// The bodies of the next transaction.
    fn batch(&self) -> Vec<Waiting> {
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
        batch
    }

    /// With nothing left in line nobody leads any more, and this says so.
    fn is_over(&self) -> bool {
        let mut queue = self.queue();
        queue.led = !queue.waiting.is_empty();
        if !queue.led {
            self.idle.notify_waiters();
        }
        !queue.led
    }

    /// Whether bodies wait for the disk, or are on their way to it.
    pub(crate) fn is_busy(&self) -> bool {
        self.queue().led
    }

    /// Ends once no body waits for the disk.
    pub(crate) async fn idle(&self) {
        let told = self.idle.notified();
        tokio::pin!(told);
        // From here on no word is missed.
        told.as_mut().enable();
        if self.is_busy() {
            told.await;
        }
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
    while !state.intake.is_over() {
        let batch = Arc::new(Mutex::new(Vec::new()));
        let whole = write(&state, Arc::clone(&batch)).await;
        state.webhooks.wake();
        let Err(error) = whole else { continue };
        let mut refused = std::mem::take(&mut *lock(&batch));
        if refused.is_empty() {
            // It did not even begin: those who would have been in it are told.
            refused = state.intake.batch();
        }
        let alike = refused.len() == 1
            || matches!(error, StoreError::Full | StoreError::Busy | StoreError::Closed);
        for waiting in refused {
            if alike {
                let _ = waiting.kept.send(Err(NotKept::Store(error)));
                continue;
            }
            // One of them is refused for a reason of its own: that must not cost the others.
            let alone = keep_alone(&state, waiting.body).await;
            let _ = waiting.kept.send(alone.map_err(NotKept::Store));
        }
    }
}

type Batch = Arc<Mutex<Vec<Waiting>>>;

fn lock(batch: &Batch) -> MutexGuard<'_, Vec<Waiting>> {
    batch.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One transaction for whoever waits once it has begun, not only for who waited when it was asked for. On
/// `Ok` they have been told; else they stay in `batch`.
async fn write(state: &AppState, batch: Batch) -> Result<(), StoreError> {
    let owner = state.clone();
    state
        .store
        .write(move |tx| {
            let taken = owner.intake.batch();
            let mut kept = lock(&batch);
            *kept = taken;
            for waiting in &*kept {
                webhooks::keep(tx.sql(), tx.now(), &waiting.body)?;
            }
            drop(kept);
            tx.after_commit(move || {
                for waiting in lock(&batch).drain(..) {
                    let _ = waiting.kept.send(Ok(()));
                }
            });
            Ok(())
        })
        .await
}

async fn keep_alone(state: &AppState, body: Vec<u8>) -> Result<(), StoreError> {
    state.store.write(move |tx| webhooks::keep(tx.sql(), tx.now(), &body).map(|_| ())).await
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn it_is_idle_only_once_nobody_waits() {
        let intake = Intake::default();
        intake.idle().await;
        let (_first, leads) = intake.join(b"one".to_vec()).unwrap();
        let (_second, follows) = intake.join(b"two".to_vec()).unwrap();
        assert!(leads && !follows && intake.is_busy());
        let told = intake.idle();
        tokio::pin!(told);
        assert!((&mut told).now_or_never().is_none());
        // In line again while the first two are being kept.
        assert_eq!(intake.batch().len(), 2);
        let _third = intake.join(b"three".to_vec()).unwrap();
        assert!(!intake.is_over() && (&mut told).now_or_never().is_none());
        assert_eq!(intake.batch().len(), 1);
        assert!(intake.is_over() && !intake.is_busy());
        told.await;
    }
}

//! The worker that imports old messages, beside everything that is live.

use std::sync::Arc;
use std::time::Duration;

use tokio::time;

use super::history::{self, Part};
use crate::state::AppState;
use crate::store::{Store, StoreError, imports};

/// After so many failures of one step, what fails in it is left out.
const TRIES: i64 = 3;
/// Wait after a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs the worker until the platform stops.
pub(crate) async fn run(state: AppState) {
    while !state.stop.is_stopping() {
        let pause = match next_job(&state.store, || state.stop.is_stopping()).await {
            Ok(true) => continue,
            Ok(false) => None,
            Err(error) => {
                log::error!("import_waits cause=\"{error}\"");
                Some(PAUSE)
            }
        };
        tokio::select! {
            biased;
            () = state.stop.stopped() => return,
            () = state.imports.woken(), if pause.is_none() => {}
            () = time::sleep(pause.unwrap_or_default()), if pause.is_some() => {}
        }
    }
}

/// Imports everything that is queued (a replay has no worker).
pub(crate) async fn drain(store: &Store) -> Result<(), StoreError> {
    while next_job(store, || false).await? {}
    Ok(())
}

/// Works off the oldest job, slice by slice, until `stop`; false if there is none.
async fn next_job(store: &Store, stop: impl Fn() -> bool) -> Result<bool, StoreError> {
    let read = store
        .read(|sql| -> Result<_, StoreError> {
            Ok(imports::next(sql)?.map(|job| {
                let part = Part::of(&job);
                (job.webhook, job.received_at, job.things, job.done, job.tries, part)
            }))
        })
        .await?;
    let Some((webhook, received_at, things, done, mut tries, part)) = read else {
        return Ok(false);
    };
    let part = Arc::new(part);
    // Another version of this program may read other things in it: everything is done again then,
    // and what stands already is a repeat.
    let same = usize::try_from(things).is_ok_and(|things| things == part.len());
    let mut from = if same { usize::try_from(done).unwrap_or(0) } else { 0 };
    loop {
        let (this, leave_bad) = (Arc::clone(&part), tries >= TRIES);
        let job = (webhook, received_at);
        match store.write(move |tx| history::slice(tx, job, &this, from, leave_bad)).await {
            Ok(next) => (from, tries) = (next, 0),
            Err(error @ (StoreError::Full | StoreError::Busy | StoreError::Closed)) => {
                return Err(error);
            }
            Err(error) => {
                tries += 1;
                log::error!("import_failed id={webhook} tries={tries} cause=\"{error}\"");
                store.write(move |tx| imports::failed(tx.sql(), webhook)).await?;
                if tries > TRIES {
                    return Err(error);
                }
            }
        }
        if from >= part.len() || stop() {
            return Ok(true);
        }
        // Whoever is live goes first.
        tokio::task::yield_now().await;
    }
}

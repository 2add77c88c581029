//! The worker that works stored webhook bodies off, in the order they came.

use std::time::Duration;

use tokio::time;

use super::ingest;
use crate::state::AppState;
use crate::store::StoreError;
use crate::store::webhooks::{self, Pending};

/// On this try what fails in a body is left out; a body that fails even so is set aside.
const TRIES: i64 = 3;
/// Wait after a failure, ms, times the tries so far.
const PAUSE: Duration = Duration::from_millis(200);
/// Wait while the store itself is in trouble, which is no body's fault.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Runs the worker until the platform stops.
pub(crate) async fn run(state: AppState) {
    while !state.stop.is_stopping() {
        let pause = match state.store.read(webhooks::next).await {
            Ok(Some(pending)) => {
                let pause = work_off(&state, pending).await;
                state.webhooks.worked_off();
                // News may have freed a message that waited for it.
                state.sends.wake();
                state.media.wake();
                state.templates.wake();
                if pause.is_zero() {
                    continue;
                }
                pause
            }
            Ok(None) => Duration::MAX,
            Err(error) => {
                log::error!("webhook_next cause=\"{error}\"");
                STORE_PAUSE
            }
        };
        tokio::select! {
            biased;
            () = state.stop.stopped() => return,
            () = state.webhooks.woken(), if pause == Duration::MAX => {}
            () = time::sleep(pause), if pause != Duration::MAX => {}
        }
    }
}

/// Works one body off; returns how long to wait before the next try.
async fn work_off(state: &AppState, pending: Pending) -> Duration {
    let (id, tries) = (pending.id, pending.tries + 1);
    let last = tries >= TRIES;
    let error = match state.store.write(move |tx| ingest::work_off(tx, &pending, last)).await {
        Ok(()) => return Duration::ZERO,
        Err(error @ (StoreError::Full | StoreError::Busy | StoreError::Closed)) => {
            log::error!("webhook_waits id={id} cause=\"{error}\"");
            return STORE_PAUSE;
        }
        Err(error) => error,
    };
    let reason = error.to_string();
    let noted = state.store.write(move |tx| webhooks::failed(tx.sql(), id, &reason, last)).await;
    if let Err(error) = noted {
        log::error!("webhook_failure_not_noted id={id} cause=\"{error}\"");
        return STORE_PAUSE;
    }
    if last {
        log::error!("webhook_set_aside id={id} tries={tries} cause=\"{error}\"");
        return Duration::ZERO;
    }
    log::warn!("webhook_failed id={id} tries={tries} cause=\"{error}\"");
    PAUSE * u32::try_from(tries).unwrap_or(1)
}

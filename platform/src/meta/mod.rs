//! Meta's side: webhooks in, Graph API out.
//!
//! In: `webhook` keeps the raw body before it answers ([`intake`] puts many into one transaction), [`processor`] works bodies off in order
//! with `payload` (pure reading) and `ingest` (what it does to the store). Out: [`send`], a
//! durable queue of its own, [`reads`] beside it, through the port [`graph`]. [`media`] both ways, [`templates`] as Meta has
//! them.

pub mod explain;
pub mod graph;
pub mod intake;
pub mod media;
pub mod processor;
pub mod reads;
pub mod replay;
pub mod seal;
pub mod send;
pub mod templates;
pub mod wake;

mod answered;
mod ask;
mod codes;
mod identity;
pub(crate) mod ingest;
pub(crate) mod ladder;
pub(crate) mod line;
pub(crate) mod marks;
pub(crate) mod office;
pub(crate) mod onboarding;
pub(crate) mod payload;
mod signature;
pub(crate) mod webhook;

use crate::store::{Store, StoreError, WriteTx, amendments, texts, webhooks};

/// A status whose message is not known after so long never finds it, ms: Meta delivers events up
/// to seven days late and keeps trying a message for thirty.
const PARKED_FOR_MS: i64 = 37 * 24 * 60 * 60 * 1_000;

/// Raw bodies are kept so long, ms (protocol.md 8).
const BODIES_FOR_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// What is dated further ahead than this was dated by a clock that ran ahead, ms.
const AHEAD_MS: i64 = 24 * 60 * 60 * 1_000;

/// Drops what has been kept long enough: raw bodies, statuses that nobody claimed.
pub(crate) fn prune(tx: &WriteTx<'_>) -> Result<(), StoreError> {
    reads::prune(tx)?;
    texts::prune_parked(tx.sql(), tx.now() - PARKED_FOR_MS)?;
    amendments::prune(tx.sql(), tx.now() - PARKED_FOR_MS)?;
    webhooks::prune(tx.sql(), tx.now() - BODIES_FOR_MS, tx.now() + AHEAD_MS)?;
    Ok(())
}

/// Puts right what a crash may have left, before anything runs: attempts without an answer become
/// unknown outcomes.
pub(crate) async fn recover(store: &Store) -> Result<(), StoreError> {
    let lost = store
        .write(|tx| {
            webhooks::begin_anew(tx.sql())?;
            send::attempt::recover(tx)
        })
        .await?;
    if lost > 0 {
        log::warn!("sends_unknown_after_start count={lost}");
    }
    Ok(())
}

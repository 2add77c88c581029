//! Which commands go next: strict order within a conversation, judged before a byte may leave.

use std::collections::BTreeSet;

use crate::api::Reason;
use crate::model::queue::{Event, State};
use crate::model::records::Queued;
use crate::reply::judge;
use crate::store::{Key, Stored, Tx};

/// Bounds of one request (protocol.md 7 allows 100 commands; the size keeps it far below the platform's limit).
pub(super) const BATCH: usize = 100;
const BATCH_BYTES: usize = 256 * 1024;
/// How long a reply may wait here before a person is asked.
const NEVER_SENT_MS: i64 = 7 * 24 * 3_600_000;

/// What goes in one request.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// As they stand after the attempt was written down.
    pub commands: Vec<Queued>,
    /// Ids of those of which no byte had left before.
    pub first_tries: BTreeSet<String>,
    /// The epoch that they are meant for: read with them, so that no reset comes between.
    pub epoch: String,
    /// Earliest time at which a command that waits for a time may go, server time.
    pub next_at: Option<i64>,
}

/// Judges what has not left, then takes the next commands and writes their attempt down.
pub(super) fn pick(tx: &Tx<'_>, now: i64, limit: usize) -> Stored<Batch> {
    stop_the_old(tx, now)?;
    judge_waiting(tx, now)?;
    let epoch = tx.read().meta(Key::Epoch)?.unwrap_or_default();
    let mut batch = Batch { epoch, ..Batch::default() };
    let mut blocked: BTreeSet<String> = BTreeSet::new();
    let mut bytes = 0;
    for it in tx.read().outbox()? {
        let ordered = it.kind == "send";
        if ordered && blocked.contains(&it.conversation) {
            continue;
        }
        let ready = match it.state {
            State::Queued | State::Sent => it.not_before <= now,
            State::Accepted | State::Finished => continue,
            State::Dependent | State::Held | State::Refused | State::Unknown => false,
        };
        if !ready {
            if it.not_before > now && matches!(it.state, State::Queued | State::Sent) {
                batch.next_at =
                    Some(batch.next_at.map_or(it.not_before, |at| at.min(it.not_before)));
            }
            if ordered && !it.passed {
                blocked.insert(it.conversation.clone());
            }
            continue;
        }
        if batch.commands.len() >= limit || bytes + it.payload.len() > BATCH_BYTES {
            break;
        }
        bytes += it.payload.len();
        if it.state == State::Queued {
            batch.first_tries.insert(it.id.clone());
        }
        if let Some(state) = tx.step_command(&it, Event::Attempt)? {
            batch.commands.push(Queued { state, attempts: it.attempts + 1, ..it });
        }
    }
    Ok(batch)
}

/// A reply that never left within seven days asks before it goes (R15). Judged only when the way is open, so that the time is
/// the server's own: a phone's clock that jumped stops nothing.
fn stop_the_old(tx: &Tx<'_>, now: i64) -> Stored<()> {
    for it in tx.read().outbox()? {
        let age = now.saturating_sub(it.written_at);
        if it.kind == "send" && it.state == State::Queued && age > NEVER_SENT_MS {
            tx.step_command(&it, Event::Misjudged)?;
            tx.explain_command(&it.id, Some(Reason::TooOld.id()), None, None, now)?;
        }
    }
    Ok(())
}

/// Holds what must not leave any more (R7, R8). Answers when the next window closes in front of a waiting reply.
pub(super) fn judge_waiting(tx: &Tx<'_>, now: i64) -> Stored<Option<i64>> {
    let mut next = None;
    for it in tx.read().outbox()? {
        if it.kind != "send" || it.state != State::Queued {
            continue;
        }
        if let Some(miss) = judge::judge(&tx.read(), &it, now)? {
            tx.step_command(&it, Event::Misjudged)?;
            tx.explain_command(&it.id, Some(miss.reason.id()), None, Some(&miss.details), now)?;
            continue;
        }
        let closes_at =
            tx.read().conversation(&it.conversation)?.and_then(|c| c.record.window_closes_at);
        next = match (next, closes_at) {
            (Some(a), Some(b)) => Some(std::cmp::min::<i64>(a, b)),
            (a, b) => a.or(b),
        };
    }
    Ok(next)
}

//! What the platform's answers do to the commands.

use crate::model::queue::{Event, State};
use crate::model::records::Queued;
use crate::store::{Key, Stored, Tx};
use crate::transport::wire::Answer;

/// Bounds of what `later` may ask for, in milliseconds: no busy loop, and no day.
const LATER_MS: (i64, i64) = (250, 3_600_000);

/// Carries one answer out. `now` is server time. True if it was an end: done or refused.
pub(super) fn take(tx: &Tx<'_>, id: &str, answer: Answer, now: i64) -> Stored<bool> {
    let Some(it) = tx.read().queued(id)? else { return Ok(false) };
    match answer {
        Answer::Done { seq } => {
            if tx.step_command(&it, Event::Done)?.is_none() {
                return Ok(false);
            }
            tx.await_seq(id, Some(seq))?;
            release_dependents(tx, id)?;
            end_withdrawn(tx, &it)?;
            if tx.read().meta_i64(Key::Seq)?.is_some_and(|held| seq <= held) {
                tx.finish_up_to(seq)?;
            }
            Ok(true)
        }
        Answer::Refused { code, reason, details } => {
            refuse(tx, &it, &code, reason, details.as_deref(), now)
        }
        Answer::Later { retry_after_ms } => {
            tx.step_command(&it, Event::NoAnswer)?;
            let wait = retry_after_ms.unwrap_or(1_000).clamp(LATER_MS.0, LATER_MS.1);
            tx.delay_command(id, now.saturating_add(wait))?;
            Ok(false)
        }
    }
}

fn refuse(
    tx: &Tx<'_>,
    it: &Queued,
    code: &str,
    reason: Option<String>,
    details: Option<&str>,
    now: i64,
) -> Stored<bool> {
    if code == "withdrawn" {
        return Ok(tx.step_command(it, Event::RefusedWithdrawn)?.is_some());
    }
    if tx.step_command(it, Event::Refusal)?.is_none() {
        return Ok(false);
    }
    // An act on a message (withdraw, release, ...) that came too late needs nobody: the message itself shows how it stands.
    if it.kind == "send" {
        let reason = reason.unwrap_or_else(|| crate::api::Reason::Refused.id().to_owned());
        tx.explain_command(&it.id, Some(&reason), Some(code), details, now)?;
    } else {
        let refused = Queued { state: State::Refused, ..it.clone() };
        tx.step_command(&refused, Event::Dropped)?;
    }
    refuse_dependents(tx, &it.id, code, now)?;
    Ok(true)
}

/// A refused send that was taken back meanwhile asks nobody any more.
fn end_withdrawn(tx: &Tx<'_>, it: &Queued) -> Stored<()> {
    let target = match &it.target {
        Some(target) if it.kind == "withdraw" => tx.read().queued(target)?,
        _ => None,
    };
    if let Some(target) = target.filter(|target| target.state == State::Refused) {
        tx.step_command(&target, Event::Dropped)?;
    }
    Ok(())
}

fn release_dependents(tx: &Tx<'_>, id: &str) -> Stored<()> {
    for it in tx.read().outbox()? {
        if it.after.as_deref() == Some(id) {
            tx.step_command(&it, Event::ReleasedByOther)?;
        }
    }
    Ok(())
}

/// An edited text whose original could not be taken back stays with the person, who decides.
fn refuse_dependents(tx: &Tx<'_>, id: &str, code: &str, now: i64) -> Stored<()> {
    for it in tx.read().outbox()? {
        if it.after.as_deref() == Some(id) && tx.step_command(&it, Event::OtherRefused)?.is_some() {
            let reason = crate::api::Reason::Refused.id();
            tx.explain_command(&it.id, Some(reason), Some(code), None, now)?;
        }
    }
    Ok(())
}

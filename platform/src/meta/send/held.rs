//! What waits for a stopped line (R5, R11): all of the channel alike, until the cause is lifted.

use super::attempt::Change;
use super::order;
use super::state::State;
use crate::meta::codes::{Class, Meaning};
use crate::meta::ladder::Trouble;
use crate::meta::line::{self, Stop, causes};
use crate::meta::marks::Marks;
use crate::store::{StoreError, WriteTx, chats, sends};

/// A `failed` status that is older than this when it comes stops no line: what it tells of may be
/// long over, and the next attempt finds out, ms.
const FRESH_MS: i64 = 60 * 60 * 1_000;

/// Stops a channel because of a code.
pub(crate) fn stop(
    tx: &mut WriteTx<'_>,
    marks: &mut Marks,
    channel: &str,
    meaning: Meaning,
    code: Option<i64>,
    since: i64,
) -> Result<(), StoreError> {
    let cause = code.and_then(causes::of_code).map_or(causes::ACCESS_WITHDRAWN, |(cause, _)| cause);
    let stop = Stop { reason: meaning.reason, cause: cause.to_owned(), code, since };
    log::error!("line_stopped channel={channel} cause={cause} code={}", code.unwrap_or(0));
    line::stop(tx, marks, channel, stop)
}

/// Stops a channel because of a `failed` status, if its code is the line's and it is news.
pub(crate) fn stop_after_status(
    tx: &mut WriteTx<'_>,
    marks: &mut Marks,
    channel: &str,
    meaning: Meaning,
    code: Option<i64>,
    at: i64,
) -> Result<(), StoreError> {
    if meaning.class == Class::StopAndAlert && at > tx.now() - FRESH_MS {
        stop(tx, marks, channel, meaning, code, at)?;
    }
    Ok(())
}

/// Shows on every waiting message of a channel that the line is stopped, or no more that it was.
pub(crate) fn show(tx: &mut WriteTx<'_>, channel: &str) -> Result<(), StoreError> {
    let stop = line::stopped(tx.sql(), channel)?;
    let mut marks = Marks::default();
    let mut freed = Vec::new();
    for send in sends::waiting_on(tx.sql(), channel)? {
        let wanted = stop.as_ref().map(|stop| stop.reason);
        if send.state != State::Waiting || send.line.as_deref() == wanted {
            continue;
        }
        let Some(chat) = chats::by_id(tx.sql(), &send.conversation)? else { continue };
        let Some(mut change) = Change::of(tx, send)? else { continue };
        let now = tx.now();
        change.send.line = wanted.map(str::to_owned);
        change.message.ladder.trouble = stop.as_ref().map(|stop| {
            let since = change.trouble_since(stop.reason, now);
            Trouble::new(stop.reason, since).with_code(stop.code).saying(&stop.cause)
        });
        change.save(tx, &mut marks, &chat)?;
        if stop.is_none() && freed.last().is_none_or(|last| *last != chat) {
            freed.push(chat);
        }
    }
    for chat in &freed {
        order::show_waiting(tx, &mut marks, chat)?;
    }
    marks.write(tx)
}

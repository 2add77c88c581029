//! The line of a business number: up or down, why, and what the owner's phone last showed.
//!
//! Facts stand in the store: stops (with the R reason that holds what waits), the import, signs of
//! life, readings of Meta's phone node. [`refresh`] derives the channel's state from them, and is
//! called by everything that changes one; [`worker`] calls it as time goes by.

pub(crate) mod causes;
pub(crate) mod state;

use super::marks::Marks;
use crate::store::{Sql, StoreError, WriteTx, lines};
use state::{ChannelState, Held};

/// Why nothing may go out on a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop {
    /// What waiting messages show: `R5` (the line is down) or `R11` (payment or account).
    pub(crate) reason: &'static str,
    /// A word of [`causes`].
    pub(crate) cause: String,
    /// WhatsApp's own code, where one came.
    pub(crate) code: Option<i64>,
    /// Since when, ms UTC.
    pub(crate) since: i64,
}

/// Stops a channel: everything that waits for it is held until the cause is lifted. The same cause
/// again changes nothing but its code.
pub(crate) fn stop(
    tx: &WriteTx<'_>,
    marks: &mut Marks,
    channel: &str,
    stop: Stop,
) -> Result<(), StoreError> {
    let held = Held {
        cause: stop.cause,
        reason: Some(stop.reason.to_owned()),
        code: stop.code,
        since: stop.since,
        ends_at: None,
    };
    hold(tx, marks, channel, &held)
}

/// Notes a stop or a notice as it is.
pub(crate) fn hold(
    tx: &WriteTx<'_>,
    marks: &mut Marks,
    channel: &str,
    held: &Held,
) -> Result<(), StoreError> {
    lines::hold(tx.sql(), channel, held)?;
    log::warn!(
        "line_held channel={channel} cause={} reason={} code={}",
        held.cause,
        held.reason.as_deref().unwrap_or("none"),
        held.code.unwrap_or(0)
    );
    refresh(tx, marks, channel)?;
    Ok(())
}

/// Lifts one cause of a channel, or every one. Whoever lifts wakes the send queue after the commit.
pub(crate) fn lift(
    tx: &WriteTx<'_>,
    marks: &mut Marks,
    channel: &str,
    cause: Option<&str>,
) -> Result<(), StoreError> {
    if lines::lift(tx.sql(), channel, cause)? > 0 {
        log::info!("line_lifted channel={channel} cause={}", cause.unwrap_or("all"));
    }
    refresh(tx, marks, channel)?;
    Ok(())
}

/// What holds a channel now: the worst stop, if any. Notices hold nothing; what has an end of its
/// own is lifted within a minute of it.
pub(crate) fn stopped(sql: &Sql, channel: &str) -> Result<Option<Stop>, StoreError> {
    let stops = lines::held(sql, channel)?.into_iter().filter(|held| held.reason.is_some());
    Ok(stops.min_by_key(|held| (causes::rank(&held.cause), held.since)).map(|held| Stop {
        reason: if held.reason.as_deref() == Some("R11") { "R11" } else { "R5" },
        cause: held.cause,
        code: held.code,
        since: held.since,
    }))
}

/// The owner's phone showed that it lives, at `at` (ms UTC).
pub(crate) fn alive(
    tx: &WriteTx<'_>,
    marks: &mut Marks,
    channel: &str,
    at: i64,
) -> Result<(), StoreError> {
    if let Some(workspace) = lines::alive(tx.sql(), channel, at)? {
        marks.channel(&workspace, channel);
        refresh(tx, marks, channel)?;
    }
    Ok(())
}

/// Derives the state of a channel from its facts and writes it if it differs from what phones see.
pub(crate) fn refresh(
    tx: &WriteTx<'_>,
    marks: &mut Marks,
    channel: &str,
) -> Result<Option<ChannelState>, StoreError> {
    lines::lift_ended(tx.sql(), channel, tx.now())?;
    let Some((line, facts)) = lines::facts(tx.sql(), channel)? else { return Ok(None) };
    let state = state::derive(&facts, tx.now());
    let (said, history) =
        (serde_json::to_string(&state)?, serde_json::to_string(&facts.import.shown(tx.now()))?);
    if said != line.state || history != line.history {
        lines::set_shown(tx.sql(), channel, &said, &history)?;
        marks.channel(&line.workspace, channel);
    }
    Ok(Some(state))
}

//! The line of a business number: up or down, why, and what the owner's phone last showed.
//!
//! Facts stand in the store: stops (with the R reason that holds what waits), the import, signs of
//! life, readings of Meta's phone node. [`refresh`] derives the channel's state from them, and is
//! called by everything that changes one; [`worker`] calls it as time goes by.

pub(crate) mod causes;
pub(crate) mod events;
pub(crate) mod reading;
pub(crate) mod state;
pub(crate) mod worker;

use super::marks::Marks;
use crate::store::{Sql, StoreError, WriteTx, accounts, alerts, lines};
use state::{ChannelState, Facts, Held};

/// What signs of life are told by, ms.
const MINUTE_MS: i64 = 60 * 1_000;

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
    tx: &mut WriteTx<'_>,
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
    tx: &mut WriteTx<'_>,
    marks: &mut Marks,
    channel: &str,
    held: &Held,
) -> Result<(), StoreError> {
    lines::hold(tx.sql(), channel, held)?;
    if causes::OF_CONNECTION.contains(&held.cause.as_str()) {
        lines::disconnected(tx.sql(), channel, held.since)?;
    }
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
    tx: &mut WriteTx<'_>,
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

/// A person says that a line may go on: lifts what the next message shows anew, should it not be over,
/// be it a limit or what Meta once answered with a code. What Meta or the phone told as a fact (the owner
/// disconnected, the account is gone) ends with a connection alone; then nothing is lifted, and these
/// causes are given, worst first.
pub(crate) fn resume(
    tx: &mut WriteTx<'_>,
    marks: &mut Marks,
    channel: &str,
) -> Result<Vec<String>, StoreError> {
    let (by_hand, standing): (Vec<_>, Vec<_>) = lines::held(tx.sql(), channel)?
        .into_iter()
        .partition(|held| held.code.is_some() || causes::is_by_hand(&held.cause));
    let mut standing: Vec<String> = standing.into_iter().map(|held| held.cause).collect();
    if standing.is_empty() {
        for held in by_hand {
            lift(tx, marks, channel, Some(&held.cause))?;
        }
    }
    standing.sort_by_key(|cause| causes::rank(cause));
    Ok(standing)
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

/// The number is on the owner's app, since `at` (ms UTC): what ended with the connection is over,
/// and a new connected period begins.
pub(crate) fn connected(
    tx: &mut WriteTx<'_>,
    marks: &mut Marks,
    channel: &str,
    at: i64,
) -> Result<(), StoreError> {
    for cause in causes::OF_CONNECTION {
        lines::lift(tx.sql(), channel, Some(cause))?;
    }
    lines::connected(tx.sql(), channel, at)?;
    refresh(tx, marks, channel)?;
    Ok(())
}

/// A person has connected the number at `at` (ms UTC) and brought its token: access is there again,
/// and so is the connection, unless Meta has told since then that it ended. Where Meta's ids are
/// others than before (`moved`), such news was about the connection of before.
pub(crate) fn joined(
    tx: &mut WriteTx<'_>,
    marks: &mut Marks,
    channel: &str,
    at: i64,
    moved: bool,
) -> Result<(), StoreError> {
    let topic = events::Topic::Connection.word();
    let newest = accounts::newest_news(tx.sql(), channel, topic)?;
    let ended = newest.is_some_and(|(event, then)| then > at && events::ends_connection(&event));
    if moved || !ended {
        for cause in causes::OF_ACCESS {
            lines::lift(tx.sql(), channel, Some(cause))?;
        }
        connected(tx, marks, channel, at)?;
        // What ended a connection before this one comes too late.
        accounts::note_news(tx.sql(), channel, topic, "joined", at)?;
    }
    look_soon(tx, channel)
}

/// The operator brought a token for a number that is a channel already. Other ids at Meta (`moved`) come
/// of a connection that was made just now; without them only access is there again, and the phone node
/// tells the rest.
pub(crate) fn renewed(
    tx: &mut WriteTx<'_>,
    marks: &mut Marks,
    channel: &str,
    moved: bool,
) -> Result<(), StoreError> {
    if moved {
        let now = tx.now();
        return joined(tx, marks, channel, now, true);
    }
    lift(tx, marks, channel, Some(causes::ACCESS_WITHDRAWN))?;
    look_soon(tx, channel)
}

/// Has the phone node read within a minute.
pub(crate) fn look_soon(tx: &WriteTx<'_>, channel: &str) -> Result<(), StoreError> {
    lines::set_look_at(tx.sql(), channel, tx.now())
}

/// The owner says that the app was opened (command `owner_app_opened`, or the office).
pub(crate) fn opened(
    tx: &mut WriteTx<'_>,
    marks: &mut Marks,
    channel: &str,
) -> Result<(), StoreError> {
    let now = tx.now();
    showed(tx, marks, channel, now, false)
}

/// A webhook showed that the owner's phone lives, at `at` (ms UTC).
pub(crate) fn alive(
    tx: &mut WriteTx<'_>,
    marks: &mut Marks,
    channel: &str,
    at: i64,
) -> Result<(), StoreError> {
    showed(tx, marks, channel, at, true)
}

/// Signs are told by the minute: a busy owner must not write a row for every phone with every word.
fn showed(
    tx: &mut WriteTx<'_>,
    marks: &mut Marks,
    channel: &str,
    at: i64,
    heard: bool,
) -> Result<(), StoreError> {
    // A sign of a day that is still to come would silence every warning until then.
    let latest = tx.now().saturating_add(state::DAY_MS);
    let at = if at > latest { tx.now() } else { at };
    let minute = at - at.rem_euclid(MINUTE_MS);
    if let Some(workspace) = lines::alive(tx.sql(), channel, minute, latest, heard)? {
        marks.channel(&workspace, channel);
        refresh(tx, marks, channel)?;
    }
    Ok(())
}

/// Derives the state of a channel from its facts and writes it if it differs from what phones see.
pub(crate) fn refresh(
    tx: &mut WriteTx<'_>,
    marks: &mut Marks,
    channel: &str,
) -> Result<Option<ChannelState>, StoreError> {
    lines::lift_ended(tx.sql(), channel, tx.now())?;
    let Some((line, facts)) = lines::facts(tx.sql(), channel)? else { return Ok(None) };
    let state = state::derive(&facts, tx.now());
    follow(tx, &line.workspace, channel, &facts)?;
    let (said, history) =
        (serde_json::to_string(&state)?, serde_json::to_string(&facts.import.shown(tx.now()))?);
    if said != line.state || history != line.history {
        lines::set_shown(tx.sql(), channel, &said, &history)?;
        marks.channel(&line.workspace, channel);
    }
    Ok(Some(state))
}

/// Tells owner and managers of every cause that is new, and ends what stands no more.
fn follow(
    tx: &mut WriteTx<'_>,
    workspace: &str,
    channel: &str,
    facts: &Facts,
) -> Result<(), StoreError> {
    let now = tx.now();
    let causes = facts.causes(now);
    let standing: Vec<String> = causes.iter().map(|(cause, _)| cause.clone()).collect();
    alerts::end_others(tx.sql(), channel, &standing, now)?;
    for (cause, since) in causes {
        let days: Vec<i64> = if cause == causes::QUIET {
            let quiet = facts.quiet_days(now);
            state::WARN_DAYS.into_iter().filter(|day| *day <= quiet).collect()
        } else {
            vec![0]
        };
        for day in days {
            if alerts::tell(tx, workspace, channel, &cause, day, since, true)? {
                log::warn!("alert channel={channel} kind={cause} day={day}");
            }
        }
    }
    Ok(())
}

//! What the state of a business number's line is derived from.

use rusqlite::{Connection, OptionalExtension as _};

use super::StoreError;
use crate::meta::line::state::{Facts, Held, Import};

/// A channel as its line sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineRow {
    /// Workspace id.
    pub(crate) workspace: String,
    /// The state that phones see, JSON text.
    pub(crate) state: String,
    /// The history that phones see, JSON text.
    pub(crate) history: String,
}

/// A channel and every fact about its line.
pub(crate) fn facts(c: &Connection, channel: &str) -> Result<Option<(LineRow, Facts)>, StoreError> {
    let found = c
        .prepare_cached(
            "SELECT h.workspace, h.state, h.history, coalesce(l.connecting, 0),
                    coalesce(l.connected_at, h.created_at), h.last_sign_of_life, l.read_at,
                    coalesce(l.read_at IS NOT NULL AND NOT l.was_on_app, 0)
             FROM channels h LEFT JOIN lines l ON l.channel = h.id WHERE h.id = ?1",
        )?
        .query_row([channel], |row| {
            let line = LineRow { workspace: row.get(0)?, state: row.get(1)?, history: row.get(2)? };
            let facts = Facts {
                connecting: row.get(3)?,
                connected_at: row.get(4)?,
                last_sign_of_life: row.get(5)?,
                read_at: row.get(6)?,
                never_on_app: row.get(7)?,
                ..Facts::default()
            };
            Ok((line, facts))
        })
        .optional()?;
    let Some((line, facts)) = found else { return Ok(None) };
    let (held, import) = (held(c, channel)?, import(c, channel)?);
    Ok(Some((line, Facts { held, import, ..facts })))
}

/// Writes what phones see; the version comes with the commit's change rows.
pub(crate) fn set_shown(
    c: &Connection,
    channel: &str,
    state: &str,
    history: &str,
) -> Result<(), StoreError> {
    c.prepare_cached("UPDATE channels SET state = ?2, history = ?3 WHERE id = ?1")?
        .execute((channel, state, history))?;
    Ok(())
}

/// Notes a sign of life; the workspace's id if it is news. Signs within a minute are one: a busy
/// owner must not write a row for every phone with every word.
pub(crate) fn alive(c: &Connection, channel: &str, at: i64) -> Result<Option<String>, StoreError> {
    Ok(c.prepare_cached(
        "UPDATE channels SET last_sign_of_life = ?2
         WHERE id = ?1 AND (last_sign_of_life IS NULL OR last_sign_of_life + 60000 <= ?2)
         RETURNING workspace",
    )?
    .query_row((channel, at), |row| row.get(0))
    .optional()?)
}

/// Notes a stop or a notice; one that stands already keeps its beginning.
pub(crate) fn hold(c: &Connection, channel: &str, held: &Held) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO line_stops (channel, cause, reason, code, since, ends_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (channel, cause) DO UPDATE SET reason = excluded.reason,
             code = coalesce(excluded.code, code), since = min(since, excluded.since),
             ends_at = excluded.ends_at",
    )?
    .execute((channel, &held.cause, &held.reason, held.code, held.since, held.ends_at))?;
    Ok(())
}

/// Takes away one cause, or every one; how many there were.
pub(crate) fn lift(
    c: &Connection,
    channel: &str,
    cause: Option<&str>,
) -> Result<usize, StoreError> {
    Ok(c.prepare_cached(
        "DELETE FROM line_stops WHERE channel = ?1 AND (?2 IS NULL OR cause = ?2)",
    )?
    .execute((channel, cause))?)
}

/// Takes away what has ended by itself by `now` (ms UTC); how many there were.
pub(crate) fn lift_ended(c: &Connection, channel: &str, now: i64) -> Result<usize, StoreError> {
    Ok(c.prepare_cached("DELETE FROM line_stops WHERE channel = ?1 AND ends_at <= ?2")?
        .execute((channel, now))?)
}

/// Every stop and notice of a channel.
pub(crate) fn held(c: &Connection, channel: &str) -> Result<Vec<Held>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT cause, reason, code, since, ends_at FROM line_stops WHERE channel = ?1
         ORDER BY cause",
    )?;
    let rows = statement.query_map([channel], |row| {
        Ok(Held {
            cause: row.get(0)?,
            reason: row.get(1)?,
            code: row.get(2)?,
            since: row.get(3)?,
            ends_at: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The import of a channel; empty if there was none.
pub(crate) fn import(c: &Connection, channel: &str) -> Result<Import, StoreError> {
    Ok(c.prepare_cached(
        "SELECT asked_at, phase, percent, first_at, last_at, declined_at FROM imports
         WHERE channel = ?1",
    )?
    .query_row([channel], |row| {
        Ok(Import {
            asked_at: row.get(0)?,
            phase: row.get(1)?,
            percent: row.get(2)?,
            first_at: row.get(3)?,
            last_at: row.get(4)?,
            declined_at: row.get(5)?,
        })
    })
    .optional()?
    .unwrap_or_default())
}

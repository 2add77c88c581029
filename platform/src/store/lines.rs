//! What the state of a business number's line is derived from.

use rusqlite::{Connection, OptionalExtension as _};

use super::StoreError;
use crate::meta::line::reading::Reading;
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
                    coalesce(l.reading ->> 'on_app' = 0 AND NOT l.was_on_app
                             AND l.heard_at IS NULL, 0)
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

/// Notes a sign of life at `at` (whole minutes, ms UTC), `heard` by webhook or told otherwise; the
/// workspace's id if it is news. One that was noted for a time behind `latest` gives way: a clock
/// that ran ahead wrote it.
pub(crate) fn alive(
    c: &Connection,
    channel: &str,
    at: i64,
    latest: i64,
    heard: bool,
) -> Result<Option<String>, StoreError> {
    if heard {
        c.prepare_cached(
            "INSERT INTO lines (channel, heard_at) VALUES (?1, ?2)
             ON CONFLICT (channel) DO UPDATE SET heard_at = excluded.heard_at
             WHERE heard_at IS NULL OR heard_at < excluded.heard_at OR heard_at > ?3",
        )?
        .execute((channel, at, latest))?;
    }
    Ok(c.prepare_cached(
        "UPDATE channels SET last_sign_of_life = ?2
         WHERE id = ?1 AND (last_sign_of_life IS NULL OR last_sign_of_life < ?2
                            OR last_sign_of_life > ?3)
         RETURNING workspace",
    )?
    .query_row((channel, at, latest), |row| row.get(0))
    .optional()?)
}

/// A connection stands since `at`: the period before it ends there, the next begins.
pub(crate) fn connected(c: &Connection, channel: &str, at: i64) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO lines (channel, connected_at) VALUES (?1, ?2)
         ON CONFLICT (channel) DO UPDATE SET connected_at = max(excluded.connected_at,
             coalesce(connected_at, 0))",
    )?
    .execute((channel, at))?;
    disconnected(c, channel, at)?;
    c.prepare_cached("INSERT OR REPLACE INTO line_periods (channel, from_at) VALUES (?1, ?2)")?
        .execute((channel, at))?;
    Ok(())
}

/// The connection ended at `at`.
pub(crate) fn disconnected(c: &Connection, channel: &str, at: i64) -> Result<(), StoreError> {
    // The first period is only written down once it ends.
    c.prepare_cached(
        "INSERT INTO line_periods (channel, from_at) SELECT id, created_at FROM channels
         WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM line_periods WHERE channel = ?1)",
    )?
    .execute([channel])?;
    c.prepare_cached(
        "UPDATE line_periods SET to_at = max(from_at, ?2) WHERE channel = ?1 AND to_at IS NULL",
    )?
    .execute((channel, at))?;
    Ok(())
}

/// Whether an onboarding of the channel is under way.
pub(crate) fn set_connecting(c: &Connection, channel: &str, on: bool) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO lines (channel, connecting) VALUES (?1, ?2)
         ON CONFLICT (channel) DO UPDATE SET connecting = excluded.connecting",
    )?
    .execute((channel, on))?;
    Ok(())
}

/// When the phone node is read next, ms UTC.
pub(crate) fn set_look_at(c: &Connection, channel: &str, at: i64) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO lines (channel, look_at) VALUES (?1, ?2)
         ON CONFLICT (channel) DO UPDATE SET look_at = excluded.look_at",
    )?
    .execute((channel, at))?;
    Ok(())
}

/// The phone node is read at this time, ms UTC, if not before.
pub(crate) fn look_by(c: &Connection, channel: &str, at: i64) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO lines (channel, look_at) VALUES (?1, ?2)
         ON CONFLICT (channel) DO UPDATE SET look_at = min(coalesce(look_at, ?2), ?2)",
    )?
    .execute((channel, at))?;
    Ok(())
}

/// Notes a stop or a notice; one that stands already keeps its beginning, and its end unless
/// another one is named: a refused message tells the cause anew, but no end.
pub(crate) fn hold(c: &Connection, channel: &str, held: &Held) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO line_stops (channel, cause, reason, code, since, ends_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (channel, cause) DO UPDATE SET reason = excluded.reason,
             code = coalesce(excluded.code, code), since = min(since, excluded.since),
             ends_at = coalesce(excluded.ends_at, ends_at)",
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

/// Every channel and when its phone node is read next, ms UTC.
pub(crate) fn looks(c: &Connection) -> Result<Vec<(String, Option<i64>)>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT h.id, l.look_at FROM channels h LEFT JOIN lines l ON l.channel = h.id
         WHERE h.kind = 'whatsapp' ORDER BY h.id",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Where a channel is at Meta.
#[derive(PartialEq, Eq)]
pub(crate) struct Address {
    /// Workspace id.
    pub(crate) workspace: String,
    /// Meta's id of the number.
    pub(crate) phone_number_id: String,
    /// Meta's id of the account.
    pub(crate) waba_id: String,
    /// The number, digits alone.
    pub(crate) digits: String,
    /// The sealed access token.
    pub(crate) token_sealed: Vec<u8>,
}

/// Where a channel is at Meta.
pub(crate) fn address(c: &Connection, channel: &str) -> Result<Option<Address>, StoreError> {
    Ok(c.prepare_cached(
        "SELECT workspace, phone_number_id, waba_id, display_digits, token_sealed FROM channels
         WHERE id = ?1",
    )?
    .query_row([channel], |row| {
        Ok(Address {
            workspace: row.get(0)?,
            phone_number_id: row.get(1)?,
            waba_id: row.get(2)?,
            digits: row.get(3)?,
            token_sealed: row.get(4)?,
        })
    })
    .optional()?)
}

/// How many messages wait for a channel.
pub(crate) fn waiting(c: &Connection, channel: &str) -> Result<i64, StoreError> {
    Ok(c.prepare_cached(
        "SELECT count(*) FROM sends WHERE channel = ?1
         AND state IN ('waiting', 'attempted', 'unknown', 'held')",
    )?
    .query_row([channel], |row| row.get(0))?)
}

/// Notes a reading of the phone node; whether it, or one before it, found the number on the app.
pub(crate) fn note_reading(
    c: &Connection,
    channel: &str,
    at: i64,
    reading: &Reading,
) -> Result<bool, StoreError> {
    Ok(c.prepare_cached(
        "INSERT INTO lines (channel, was_on_app, read_at, reading) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (channel) DO UPDATE SET was_on_app = max(was_on_app, excluded.was_on_app),
             read_at = excluded.read_at, reading = excluded.reading
         RETURNING was_on_app",
    )?
    .query_row(
        (channel, reading.on_app == Some(true), at, serde_json::to_string(reading)?),
        |row| row.get(0),
    )?)
}

/// Meta has said otherwise that the number is on the Business App.
pub(crate) fn note_on_app(c: &Connection, channel: &str) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO lines (channel, was_on_app) VALUES (?1, 1)
         ON CONFLICT (channel) DO UPDATE SET was_on_app = 1",
    )?
    .execute([channel])?;
    Ok(())
}

/// The newest reading and when it was taken, ms UTC.
pub(crate) fn reading(c: &Connection, channel: &str) -> Result<Option<(i64, Reading)>, StoreError> {
    let found: Option<(i64, String)> = c
        .prepare_cached(
            "SELECT read_at, reading FROM lines WHERE channel = ?1 AND reading IS NOT NULL",
        )?
        .query_row([channel], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(match found {
        Some((at, text)) => Some((at, serde_json::from_str(&text)?)),
        None => None,
    })
}

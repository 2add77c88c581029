//! Raw webhook bodies: durable before Meta gets its 200, and worked off in the order they came.

use rusqlite::{Connection, OptionalExtension as _};

use super::StoreError;

/// A body that waits to be worked off.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    /// Number in order of arrival.
    pub(crate) id: i64,
    /// When it was received, ms UTC.
    pub(crate) received_at: i64,
    /// The bytes as they came.
    pub(crate) body: Vec<u8>,
    /// How often working it off has failed.
    pub(crate) tries: i64,
}

/// Keeps a body. Durable once the transaction is (`synchronous=FULL`).
pub(crate) fn keep(c: &Connection, received_at: i64, body: &[u8]) -> Result<i64, StoreError> {
    c.prepare_cached("INSERT INTO webhooks (received_at, body) VALUES (?1, ?2)")?
        .execute((received_at, body))?;
    Ok(c.last_insert_rowid())
}

/// The oldest body that waits.
pub(crate) fn next(c: &Connection) -> Result<Option<Pending>, StoreError> {
    Ok(c.prepare_cached(
        "SELECT id, received_at, body, tries FROM webhooks WHERE state = 'pending' ORDER BY id LIMIT 1",
    )?
    .query_row([], |row| {
        Ok(Pending {
            id: row.get(0)?,
            received_at: row.get(1)?,
            body: row.get(2)?,
            tries: row.get(3)?,
        })
    })
    .optional()?)
}

/// Whether a body up to number `mark` still waits.
pub(crate) fn waits_up_to(c: &Connection, mark: i64) -> Result<bool, StoreError> {
    Ok(c.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM webhooks WHERE state = 'pending' AND id <= ?1)",
    )?
    .query_row([mark], |row| row.get(0))?)
}

/// The newest body that waits.
pub(crate) fn newest_waiting(c: &Connection) -> Result<Option<i64>, StoreError> {
    Ok(c.prepare_cached("SELECT max(id) FROM webhooks WHERE state = 'pending'")?
        .query_row([], |row| row.get(0))?)
}

/// It was worked off.
pub(crate) fn done(c: &Connection, id: i64) -> Result<(), StoreError> {
    c.prepare_cached("UPDATE webhooks SET state = 'done' WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// It is no JSON object: kept and marked.
pub(crate) fn unreadable(c: &Connection, id: i64, reason: &str) -> Result<(), StoreError> {
    c.prepare_cached("UPDATE webhooks SET state = 'unreadable', reason = ?2 WHERE id = ?1")?
        .execute((id, reason))?;
    Ok(())
}

/// Working it off failed; `give_up` sets it aside.
pub(crate) fn failed(
    c: &Connection,
    id: i64,
    reason: &str,
    give_up: bool,
) -> Result<(), StoreError> {
    c.prepare_cached(
        "UPDATE webhooks SET tries = tries + 1, reason = ?2,
             state = CASE WHEN ?3 THEN 'set_aside' ELSE state END
         WHERE id = ?1",
    )?
    .execute((id, reason, give_up))?;
    Ok(())
}

/// Drops bodies received before `before` (ms UTC) with what was marked about them; none that
/// still waits. Returns how many.
pub(crate) fn prune(c: &Connection, before: i64) -> Result<usize, StoreError> {
    // Numbers follow the time of arrival: the first young one ends the search.
    let first_kept: i64 = c
        .prepare_cached("SELECT id FROM webhooks WHERE received_at >= ?1 ORDER BY id LIMIT 1")?
        .query_row([before], |row| row.get(0))
        .optional()?
        .unwrap_or(i64::MAX);
    c.prepare_cached("DELETE FROM webhook_leftovers WHERE webhook < ?1")?.execute([first_kept])?;
    Ok(c.prepare_cached("DELETE FROM webhooks WHERE id < ?1 AND state <> 'pending'")?
        .execute([first_kept])?)
}

/// Marks what was in a body and is not understood yet. A repeat changes nothing.
pub(crate) fn leave(
    c: &Connection,
    webhook: i64,
    index: usize,
    field: &str,
    kind: &str,
    reason: &str,
) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT OR IGNORE INTO webhook_leftovers (webhook, idx, field, kind, reason)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((webhook, i64::try_from(index).unwrap_or(i64::MAX), field, kind, reason))?;
    Ok(())
}

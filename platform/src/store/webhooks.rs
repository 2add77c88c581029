//! Raw webhook bodies: durable before Meta gets its 200, and worked off in the order they came.

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::StoreError;

/// Why a thing about a number that is no channel has no place.
pub(crate) const NO_CHANNEL: &str = "unknown_phone_number_id";

/// Who goes first: what only imports waits behind everything live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Messages, statuses, echoes, news of the account: in the order they came.
    Live,
    /// The history of a number: in its own order, whenever nothing live waits.
    Import,
}

impl Lane {
    const fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Import => "import",
        }
    }
}

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
    /// How many of its things are done.
    pub(crate) position: usize,
}

/// Keeps a body. Durable once the transaction is (`synchronous=FULL`).
pub(crate) fn keep(c: &Connection, received_at: i64, body: &[u8]) -> Result<i64, StoreError> {
    c.prepare_cached("INSERT INTO webhooks (received_at, body) VALUES (?1, ?2)")?
        .execute((received_at, body))?;
    Ok(c.last_insert_rowid())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Pending> {
    Ok(Pending {
        id: row.get(0)?,
        received_at: row.get(1)?,
        body: row.get(2)?,
        tries: row.get(3)?,
        position: usize::try_from(row.get::<_, i64>(4)?).unwrap_or(0),
    })
}

/// The oldest bodies of a lane that wait: up to `count`, and no more than `bytes` of them behind
/// the first.
pub(crate) fn next(
    c: &Connection,
    lane: Lane,
    count: usize,
    bytes: usize,
) -> Result<Vec<Pending>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT id, received_at, body, tries, position FROM webhooks
         WHERE state = 'pending' AND lane = ?1 ORDER BY id",
    )?;
    let mut rows = statement.query([lane.word()])?;
    let (mut taken, mut size) = (Vec::new(), 0_usize);
    while let Some(row) = rows.next()? {
        let pending = read(row)?;
        size = size.saturating_add(pending.body.len());
        if !taken.is_empty() && size > bytes {
            break;
        }
        taken.push(pending);
        if taken.len() >= count {
            break;
        }
    }
    Ok(taken)
}

/// Every body that was worked off and can be read again, oldest first, those of an import behind
/// the others: the order in which they were worked off, but for imports between live ones.
pub(crate) fn each(
    c: &Connection,
    mut visit: impl FnMut(Pending) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT id, received_at, body, 0, 0 FROM webhooks
         WHERE state IN ('done', 'set_aside') AND length(body) > 0 ORDER BY lane = 'import', id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        visit(read(row)?)?;
    }
    Ok(())
}

/// Whether a live body up to number `mark` still waits.
pub(crate) fn waits_up_to(c: &Connection, mark: i64) -> Result<bool, StoreError> {
    Ok(c.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM webhooks
                        WHERE state = 'pending' AND lane = 'live' AND id <= ?1)",
    )?
    .query_row([mark], |row| row.get(0))?)
}

/// The newest live body that waits.
pub(crate) fn newest_waiting(c: &Connection) -> Result<Option<i64>, StoreError> {
    Ok(c.prepare_cached("SELECT max(id) FROM webhooks WHERE state = 'pending' AND lane = 'live'")?
        .query_row([], |row| row.get(0))?)
}

/// When the oldest body that waits was received, ms UTC: how far the platform is behind.
pub fn oldest_waiting(c: &Connection) -> Result<Option<i64>, StoreError> {
    Ok(c.prepare_cached("SELECT min(received_at) FROM webhooks WHERE state = 'pending'")?
        .query_row([], |row| row.get(0))?)
}

/// When the oldest body that is still kept was received, ms UTC.
pub(crate) fn oldest_kept(c: &Connection) -> Result<Option<i64>, StoreError> {
    Ok(c.prepare_cached("SELECT min(received_at) FROM webhooks")?
        .query_row([], |row| row.get(0))?)
}

/// Whether no body was dropped yet. Numbers are never given twice (AUTOINCREMENT).
pub(crate) fn is_complete(c: &Connection) -> Result<bool, StoreError> {
    Ok(c.prepare_cached(
        "SELECT coalesce(min(id), 1) = 1 AND count(*) = coalesce(max(id), 0) FROM webhooks",
    )?
    .query_row([], |row| row.get(0))?)
}

/// Whether an erasure has blanked a body: what else stood in it cannot be run again.
pub(crate) fn is_blanked(c: &Connection) -> Result<bool, StoreError> {
    Ok(c.prepare_cached("SELECT EXISTS (SELECT 1 FROM webhooks WHERE body = x'7b7d')")?
        .query_row([], |row| row.get(0))?)
}

/// Which things of a body were left because no channel was known for them then.
pub(crate) fn of_nobody(c: &Connection, webhook: i64) -> Result<Vec<usize>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT idx FROM webhook_leftovers WHERE webhook = ?1
         AND reason IN ('unknown_phone_number_id', 'unknown_waba_id', 'unknown_number')",
    )?;
    let rows = statement.query_map([webhook], |row| row.get::<_, i64>(0))?;
    let indexes = rows.collect::<Result<Vec<_>, _>>()?;
    Ok(indexes.into_iter().filter_map(|index| usize::try_from(index).ok()).collect())
}

/// How many bodies wait.
pub fn pending(c: &Connection) -> Result<usize, StoreError> {
    let count: i64 = c
        .prepare_cached("SELECT count(*) FROM webhooks WHERE state = 'pending'")?
        .query_row([], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// It holds nothing but an import.
pub(crate) fn to_import(c: &Connection, id: i64) -> Result<(), StoreError> {
    c.prepare_cached("UPDATE webhooks SET lane = 'import' WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// So many of its things are done.
pub(crate) fn set_position(c: &Connection, id: i64, position: usize) -> Result<(), StoreError> {
    c.prepare_cached("UPDATE webhooks SET position = ?2 WHERE id = ?1")?
        .execute((id, i64::try_from(position).unwrap_or(i64::MAX)))?;
    Ok(())
}

/// Begins every body that waits anew: another version of this program may divide a body into
/// other things, and doing a thing twice changes nothing.
pub(crate) fn begin_anew(c: &Connection) -> Result<(), StoreError> {
    c.execute("UPDATE webhooks SET position = 0 WHERE state = 'pending' AND position > 0", [])?;
    Ok(())
}

/// A number has become a channel: what was received for it since `since` (ms UTC) and had no place is
/// worked off once more, in the order it came. How many bodies there are.
pub(crate) fn once_more(
    c: &Connection,
    phone_number_id: &str,
    since: i64,
) -> Result<usize, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT w.id FROM webhooks w WHERE w.state = 'done' AND w.received_at >= ?1
           AND w.id IN (SELECT webhook FROM webhook_leftovers WHERE reason = ?2)
           AND instr(w.body, CAST(?3 AS BLOB)) > 0",
    )?;
    let ids = statement
        .query_map((since, NO_CHANNEL, phone_number_id), |row| row.get::<_, i64>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    for id in &ids {
        c.prepare_cached("DELETE FROM webhook_leftovers WHERE webhook = ?1")?.execute([id])?;
        c.prepare_cached("UPDATE webhooks SET state = 'pending', position = 0 WHERE id = ?1")?
            .execute([id])?;
    }
    Ok(ids.len())
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
pub(crate) fn prune(c: &Connection, before: i64, latest: i64) -> Result<usize, StoreError> {
    // Numbers follow the time of arrival: the first young one ends the search. What is dated behind
    // `latest` came while the clock ran ahead: it is as old as what came before it.
    let first = |latest: i64| {
        c.prepare_cached(
            "SELECT id FROM webhooks WHERE received_at BETWEEN ?1 AND ?2 ORDER BY id LIMIT 1",
        )?
        .query_row([before, latest], |row| row.get::<_, i64>(0))
        .optional()
    };
    let first_kept = first(latest)?.or(first(i64::MAX)?).unwrap_or(i64::MAX);
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

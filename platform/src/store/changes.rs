//! Reading the change line.

use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension as _};

use super::{ChangeKind, ChangeScope, StoreError, WriteTx};

/// How long the line is kept, in milliseconds: 30 days (protocol.md 2).
pub const KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// What is dated further ahead than this was dated by a clock that ran ahead, in milliseconds.
const AHEAD_MS: i64 = 24 * 60 * 60 * 1000;

/// One row of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// Its number.
    pub seq: i64,
    /// Who may see it.
    pub scope: ChangeScope,
    /// What it is about.
    pub kind: ChangeKind,
    /// Id of the object.
    pub id: String,
    /// The object is no more.
    pub gone: bool,
    /// What the row itself carries, JSON text.
    pub payload: Option<String>,
}

/// Tag of the commit that gave this number, if the line still holds it.
pub fn tag_at(sql: &Connection, workspace: &str, seq: i64) -> Result<Option<String>, StoreError> {
    Ok(sql
        .prepare_cached("SELECT tag FROM changes WHERE workspace = ?1 AND seq = ?2")?
        .query_row((workspace, seq), |row| row.get(0))
        .optional()?)
}

/// The oldest number that the line still holds.
pub fn oldest(sql: &Connection, workspace: &str) -> Result<Option<i64>, StoreError> {
    Ok(sql
        .prepare_cached("SELECT min(seq) FROM changes WHERE workspace = ?1")?
        .query_row([workspace], |row| row.get(0))?)
}

/// Gives each row after `since` to `visit`, oldest first, until it says enough.
pub fn each(
    sql: &Connection,
    workspace: &str,
    since: i64,
    mut visit: impl FnMut(ChangeRow) -> Result<ControlFlow<()>, StoreError>,
) -> Result<(), StoreError> {
    let mut statement = sql.prepare_cached(
        "SELECT seq, scope, kind, id, gone, payload FROM changes
         WHERE workspace = ?1 AND seq > ?2 ORDER BY seq",
    )?;
    let mut rows = statement.query((workspace, since))?;
    while let Some(row) = rows.next()? {
        let (scope, kind): (String, String) = (row.get(1)?, row.get(2)?);
        let change = ChangeRow {
            seq: row.get(0)?,
            scope: ChangeScope::parse(&scope).ok_or(StoreError::Unexpected("change scope"))?,
            kind: ChangeKind::parse(&kind).ok_or(StoreError::Unexpected("change kind"))?,
            id: row.get(3)?,
            gone: row.get(4)?,
            payload: row.get(5)?,
        };
        if visit(change)?.is_break() {
            break;
        }
    }
    Ok(())
}

/// Forgets what is older than the line is kept; gives the number of rows.
///
/// Only from the beginning of each line up to its first young row: a clock that was wrong for a
/// moment must not leave a hole, which no phone could see. Nor may it keep the line for years: a
/// row dated ahead of time is as old as what stands before it.
pub fn prune(tx: &WriteTx<'_>) -> Result<usize, StoreError> {
    let sql = tx.sql();
    let workspaces = sql
        .prepare_cached("SELECT id FROM workspaces ORDER BY id")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<Vec<String>, _>>()?;
    let mut pruned = 0;
    for workspace in workspaces {
        let first = |latest: i64| {
            sql.prepare_cached(
                "SELECT seq FROM changes WHERE workspace = ?1 AND at BETWEEN ?2 AND ?3
                 ORDER BY seq LIMIT 1",
            )?
            .query_row((&workspace, tx.now() - KEPT_MS, latest), |row| row.get::<_, i64>(0))
            .optional()
        };
        let young = first(tx.now() + AHEAD_MS)?;
        let first_kept = young.or(first(i64::MAX)?).unwrap_or(i64::MAX);
        pruned += sql
            .prepare_cached("DELETE FROM changes WHERE workspace = ?1 AND seq < ?2")?
            .execute((&workspace, first_kept))?;
    }
    Ok(pruned)
}

//! Who did what: rows that are only ever added, and dropped when they are too old.

use rusqlite::{Connection, params};
use serde_json::{Map, Value};

use super::{StoreError, WriteTx};

/// A row to be added.
#[derive(Debug)]
pub(crate) struct NewRow<'a> {
    /// Workspace id.
    pub(crate) workspace: &'a str,
    /// member, operator or system.
    pub(crate) actor: &'a str,
    /// Member id.
    pub(crate) member: Option<&'a str>,
    /// Device id.
    pub(crate) device: Option<&'a str>,
    /// A stable word for what was done.
    pub(crate) what: &'a str,
    /// What it was done to: conversation, contact, member, ...
    pub(crate) object_kind: &'a str,
    /// Its id.
    pub(crate) object: &'a str,
}

/// Adds a row, dated by the transaction.
pub(crate) fn add(tx: &WriteTx<'_>, row: &NewRow<'_>) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "INSERT INTO audit (workspace, at, actor, member, device, what, object_kind, object)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            row.workspace,
            tx.now(),
            row.actor,
            row.member,
            row.device,
            row.what,
            row.object_kind,
            row.object,
        ))?;
    Ok(())
}

/// What of the rows is asked for.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// Only rows before this id.
    pub(crate) before: Option<i64>,
    /// Only what this member did.
    pub(crate) member: Option<String>,
    /// Only this word.
    pub(crate) what: Option<String>,
    /// Only what was done to this object.
    pub(crate) object: Option<String>,
    /// Not before, ms UTC.
    pub(crate) since: Option<i64>,
    /// Before, ms UTC.
    pub(crate) until: Option<i64>,
}

/// Up to `limit` rows, newest first, as the office reads them.
pub(crate) fn list(
    sql: &Connection,
    workspace: &str,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Value>, StoreError> {
    let mut statement = sql.prepare_cached(
        "SELECT id, at, actor, member, device, what, object_kind, object FROM audit
         WHERE workspace = ?1 AND (?2 IS NULL OR id < ?2) AND (?3 IS NULL OR member = ?3)
           AND (?4 IS NULL OR what = ?4) AND (?5 IS NULL OR object = ?5)
           AND (?6 IS NULL OR at >= ?6) AND (?7 IS NULL OR at < ?7)
         ORDER BY id DESC LIMIT ?8",
    )?;
    let rows = statement.query_map(
        params![
            workspace,
            filter.before,
            filter.member,
            filter.what,
            filter.object,
            filter.since,
            filter.until,
            limit
        ],
        |row| {
            let mut map = Map::new();
            map.insert("id".into(), row.get::<_, i64>(0)?.into());
            map.insert("at".into(), row.get::<_, i64>(1)?.into());
            map.insert("actor".into(), row.get::<_, String>(2)?.into());
            for (index, name) in [(3, "member"), (4, "device")] {
                if let Some(id) = row.get::<_, Option<String>>(index)? {
                    map.insert(name.into(), id.into());
                }
            }
            map.insert("what".into(), row.get::<_, String>(5)?.into());
            map.insert("object_kind".into(), row.get::<_, String>(6)?.into());
            map.insert("object".into(), row.get::<_, String>(7)?.into());
            Ok(Value::Object(map))
        },
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Drops what each workspace does not keep any longer; gives the number of rows.
pub(crate) fn prune(tx: &WriteTx<'_>) -> Result<usize, StoreError> {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    Ok(tx
        .sql()
        .prepare_cached(
            "DELETE FROM audit WHERE id IN (
                 SELECT a.id FROM audit a JOIN workspaces w ON w.id = a.workspace
                 WHERE a.at < ?1 - w.audit_days * ?2)",
        )?
        .execute((tx.now(), DAY_MS))?)
}

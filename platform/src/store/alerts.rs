//! What owner and managers were told about a line.

use rusqlite::{Connection, Rows};
use schemars::JsonSchema;
use serde::Serialize;

use super::{StoreError, WriteTx};

/// One alert, as the office sees it; times ms UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Alert {
    /// Id.
    pub(crate) id: String,
    /// Channel id.
    pub(crate) channel: String,
    /// A cause of a line, or a word of its own.
    pub(crate) kind: String,
    /// For `quiet`: the day, 10, 12 or 13.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) day: Option<i64>,
    /// Since when it stands.
    pub(crate) since: i64,
    /// When they were told.
    pub(crate) told_at: i64,
    /// Member ids of those who were told.
    pub(crate) told: Vec<String>,
    /// When it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ended_at: Option<i64>,
}

/// Tells those who may see to channels, by the workspace's lists (`desk::rights`: owner and managers,
/// unless it says otherwise), unless they know; true if this is news. `day` is 0 but for `quiet`;
/// with `stands` it is open until [`end_others`] ends it.
pub(crate) fn tell(
    tx: &mut WriteTx<'_>,
    workspace: &str,
    channel: &str,
    kind: &str,
    day: i64,
    since: i64,
    stands: bool,
) -> Result<bool, StoreError> {
    let id = tx.uuid();
    let ended_at = (!stands).then_some(tx.now());
    let told = tx
        .sql()
        .prepare_cached(
            "INSERT OR IGNORE INTO alerts
                 (id, workspace, channel, kind, day, since, told_at, told, ended_at)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, json_group_array(m.id ORDER BY m.id), ?8
             FROM members m
             WHERE m.workspace = ?2 AND m.removed_at IS NULL AND (m.role = 'owner' OR EXISTS (
                 SELECT 1 FROM workspaces w, json_each(coalesce(w.rights -> ('$.' || m.role),
                     iif(m.role = 'manager', '[\"channels\"]', '[]'))) AS r
                 WHERE w.id = ?2 AND r.value = 'channels'))",
        )?
        .execute((id, workspace, channel, kind, day, since, tx.now(), ended_at))?;
    Ok(told > 0)
}

/// Ends every open alert of a channel whose kind is none of these.
pub(crate) fn end_others(
    c: &Connection,
    channel: &str,
    standing: &[String],
    now: i64,
) -> Result<usize, StoreError> {
    Ok(c.prepare_cached(
        "UPDATE alerts SET ended_at = ?3 WHERE channel = ?1 AND ended_at IS NULL
         AND kind NOT IN (SELECT value FROM json_each(?2))",
    )?
    .execute((channel, serde_json::to_string(standing)?, now))?)
}

/// The newest alerts of a workspace, newest first.
pub(crate) fn newest(
    c: &Connection,
    workspace: &str,
    limit: i64,
) -> Result<Vec<Alert>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT id, channel, kind, day, since, told_at, told, ended_at FROM alerts
         WHERE workspace = ?1 ORDER BY told_at DESC, id LIMIT ?2",
    )?;
    read(statement.query((workspace, limit))?)
}

/// The newest alerts of a channel, newest first.
pub(crate) fn newest_of(
    c: &Connection,
    channel: &str,
    limit: i64,
) -> Result<Vec<Alert>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT a.id, a.channel, a.kind, a.day, a.since, a.told_at, a.told, a.ended_at
         FROM channels h JOIN alerts a ON a.workspace = h.workspace AND a.channel = h.id
         WHERE h.id = ?1 ORDER BY a.told_at DESC, a.id LIMIT ?2",
    )?;
    read(statement.query((channel, limit))?)
}

fn read(mut rows: Rows<'_>) -> Result<Vec<Alert>, StoreError> {
    let mut alerts = Vec::new();
    while let Some(row) = rows.next()? {
        alerts.push(Alert {
            id: row.get(0)?,
            channel: row.get(1)?,
            kind: row.get(2)?,
            day: Some(row.get(3)?).filter(|day| *day != 0),
            since: row.get(4)?,
            told_at: row.get(5)?,
            told: serde_json::from_str(&row.get::<_, String>(6)?)?,
            ended_at: row.get(7)?,
        });
    }
    Ok(alerts)
}

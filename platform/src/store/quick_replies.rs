//! Quick replies: texts that people send often, with variables.

use rusqlite::{Connection, OptionalExtension as _, Row};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{ChangeKind, ChangeScope, StoreError, WriteTx};

/// A quick reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct QuickReply {
    /// Id.
    pub(crate) id: String,
    /// Seq of the change that last wrote it.
    pub(crate) version: i64,
    /// What people type for it, one of a kind in its workspace.
    pub(crate) shortcut: String,
    /// The text, with `{{variables}}`.
    pub(crate) text: String,
    /// Language tag of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) language: Option<String>,
}

impl QuickReply {
    /// As phones and the office read it.
    pub(crate) fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<QuickReply> {
    Ok(QuickReply {
        id: row.get(0)?,
        version: row.get(1)?,
        shortcut: row.get(2)?,
        text: row.get(3)?,
        language: row.get(4)?,
    })
}

const COLUMNS: &str = "id, version, shortcut, text, language";

/// The quick reply with this id.
pub(crate) fn find(
    sql: &Connection,
    workspace: &str,
    id: &str,
) -> Result<Option<QuickReply>, StoreError> {
    Ok(sql
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM quick_replies WHERE id = ?1 AND workspace = ?2"
        ))?
        .query_row((id, workspace), read)
        .optional()?)
}

/// Up to `limit` of them after an id, in the order of their ids.
pub(crate) fn after(
    sql: &Connection,
    workspace: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<QuickReply>, StoreError> {
    let mut statement = sql.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM quick_replies WHERE workspace = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
    ))?;
    Ok(statement.query_map((workspace, after, limit), read)?.collect::<Result<_, _>>()?)
}

/// How many there are.
pub(crate) fn count(sql: &Connection, workspace: &str) -> Result<i64, StoreError> {
    Ok(sql
        .prepare_cached("SELECT count(*) FROM quick_replies WHERE workspace = ?1")?
        .query_row([workspace], |row| row.get(0))?)
}

/// Whether another one of the workspace has this shortcut.
pub(crate) fn shortcut_taken(
    sql: &Connection,
    workspace: &str,
    shortcut: &str,
    but: &str,
) -> Result<bool, StoreError> {
    Ok(sql
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM quick_replies
                            WHERE workspace = ?1 AND shortcut = ?2 AND id <> ?3)",
        )?
        .query_row((workspace, shortcut, but), |row| row.get(0))?)
}

/// Writes one, new or known, with its row on the line.
pub(crate) fn save(
    tx: &mut WriteTx<'_>,
    workspace: &str,
    reply: &mut QuickReply,
) -> Result<(), StoreError> {
    let (scope, kind) = (ChangeScope::Workspace, ChangeKind::QuickReply);
    reply.version = tx.change(workspace, &scope, kind, &reply.id)?;
    tx.sql().execute(
        "INSERT INTO quick_replies (id, workspace, version, shortcut, text, language, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (id) DO UPDATE SET version = excluded.version, shortcut = excluded.shortcut,
             text = excluded.text, language = excluded.language",
        (
            &reply.id,
            workspace,
            reply.version,
            &reply.shortcut,
            &reply.text,
            &reply.language,
            tx.now(),
        ),
    )?;
    Ok(())
}

/// Deletes one.
pub(crate) fn delete(tx: &mut WriteTx<'_>, workspace: &str, id: &str) -> Result<(), StoreError> {
    tx.gone(workspace, &ChangeScope::Workspace, ChangeKind::QuickReply, id)?;
    tx.sql().execute("DELETE FROM quick_replies WHERE id = ?1", [id])?;
    Ok(())
}

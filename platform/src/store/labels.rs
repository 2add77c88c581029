//! Labels, and what carries them.

use rusqlite::{Connection, OptionalExtension as _, Row};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{ChangeKind, ChangeScope, StoreError, WriteTx};

/// A label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Label {
    /// Id.
    pub(crate) id: String,
    /// Seq of the change that last wrote it.
    pub(crate) version: i64,
    /// The name people see, one of a kind in its workspace.
    pub(crate) name: String,
    /// A word of the apps' palette or `#rrggbb`.
    pub(crate) colour: String,
}

impl Label {
    /// As phones and the office read it.
    pub(crate) fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Label> {
    Ok(Label { id: row.get(0)?, version: row.get(1)?, name: row.get(2)?, colour: row.get(3)? })
}

/// The label with this id.
pub(crate) fn find(
    sql: &Connection,
    workspace: &str,
    id: &str,
) -> Result<Option<Label>, StoreError> {
    Ok(sql
        .prepare_cached(
            "SELECT id, version, name, colour FROM labels WHERE id = ?1 AND workspace = ?2",
        )?
        .query_row((id, workspace), read)
        .optional()?)
}

/// All labels, by name.
pub(crate) fn all(sql: &Connection, workspace: &str) -> Result<Vec<Label>, StoreError> {
    let mut statement = sql.prepare_cached(
        "SELECT id, version, name, colour FROM labels WHERE workspace = ?1 ORDER BY name, id",
    )?;
    Ok(statement.query_map([workspace], read)?.collect::<Result<_, _>>()?)
}

/// Whether another label of the workspace has this name.
pub(crate) fn name_taken(
    sql: &Connection,
    workspace: &str,
    name: &str,
    but: &str,
) -> Result<bool, StoreError> {
    Ok(sql
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM labels WHERE workspace = ?1 AND name = ?2 AND id <> ?3)",
        )?
        .query_row((workspace, name, but), |row| row.get(0))?)
}

/// Writes a label, new or known, with its row on the line.
pub(crate) fn save(
    tx: &mut WriteTx<'_>,
    workspace: &str,
    label: &mut Label,
) -> Result<(), StoreError> {
    label.version = tx.change(workspace, &ChangeScope::Workspace, ChangeKind::Label, &label.id)?;
    tx.sql().execute(
        "INSERT INTO labels (id, workspace, version, name, colour, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO UPDATE SET version = excluded.version, name = excluded.name,
             colour = excluded.colour",
        (&label.id, workspace, label.version, &label.name, &label.colour, tx.now()),
    )?;
    Ok(())
}

/// Takes a label from everything and deletes it; gives the ids of what carried it. Their own
/// rows on the line are the caller's matter.
pub(crate) fn delete(
    tx: &mut WriteTx<'_>,
    workspace: &str,
    id: &str,
) -> Result<Vec<String>, StoreError> {
    tx.gone(workspace, &ChangeScope::Workspace, ChangeKind::Label, id)?;
    let sql = tx.sql();
    let mut statement =
        sql.prepare_cached("SELECT object FROM labelled WHERE label = ?1 ORDER BY object")?;
    let carried =
        statement.query_map([id], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    sql.execute("DELETE FROM labelled WHERE label = ?1", [id])?;
    sql.execute("DELETE FROM labels WHERE id = ?1", [id])?;
    Ok(carried)
}

/// Ids of the labels of a conversation or contact, in their order.
pub(crate) fn of(sql: &Connection, object: &str) -> Result<Vec<String>, StoreError> {
    let mut statement =
        sql.prepare_cached("SELECT label FROM labelled WHERE object = ?1 ORDER BY label")?;
    Ok(statement.query_map([object], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Puts labels on and takes others off; says whether that changed anything.
pub(crate) fn put(
    tx: &WriteTx<'_>,
    object: &str,
    add: &[String],
    remove: &[String],
) -> Result<bool, StoreError> {
    let mut changed = 0;
    for label in add {
        changed += tx
            .sql()
            .prepare_cached("INSERT OR IGNORE INTO labelled (object, label) VALUES (?1, ?2)")?
            .execute((object, label))?;
    }
    for label in remove {
        changed += tx
            .sql()
            .prepare_cached("DELETE FROM labelled WHERE object = ?1 AND label = ?2")?
            .execute((object, label))?;
    }
    Ok(changed > 0)
}

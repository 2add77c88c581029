//! Workspaces: one business each, with its own change line.

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::{ChangeKind, ChangeScope, StoreError, WriteTx};

/// A workspace's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Id.
    pub id: String,
    /// The name people see.
    pub name: String,
    /// Versions, `n` and seq numbers hold within one epoch.
    pub epoch: String,
    /// Seq of the change that last wrote it.
    pub version: i64,
    /// The line's newest number.
    pub head_seq: i64,
    /// Tag of the commit that gave it.
    pub head_tag: String,
    /// Employees see conversations that are nobody's.
    pub members_see_unassigned: bool,
    /// JSON array: texts of the owner's phone that are no answer.
    pub greeting_texts: String,
    /// JSON object: options that differ from their default.
    pub options: String,
    /// JSON object: lists of rights of roles that differ from the default.
    pub rights: String,
    /// JSON object: business hours and what happens outside them.
    pub hours: String,
    /// How long audit rows are kept, in days.
    pub audit_days: i64,
}

const COLUMNS: &str = "id, name, epoch, version, head_seq, head_tag, members_see_unassigned, \
     greeting_texts, options, rights, hours, audit_days";

fn read(row: &Row<'_>) -> rusqlite::Result<Workspace> {
    Ok(Workspace {
        id: row.get(0)?,
        name: row.get(1)?,
        epoch: row.get(2)?,
        version: row.get(3)?,
        head_seq: row.get(4)?,
        head_tag: row.get(5)?,
        members_see_unassigned: row.get(6)?,
        greeting_texts: row.get(7)?,
        options: row.get(8)?,
        rights: row.get(9)?,
        hours: row.get(10)?,
        audit_days: row.get(11)?,
    })
}

#[cfg(test)]
impl Workspace {
    /// One for tests of pure rules.
    pub(crate) fn sample() -> Self {
        Self {
            id: "w".into(),
            name: "Bloom".into(),
            epoch: "e".into(),
            version: 1,
            head_seq: 1,
            head_tag: String::new(),
            members_see_unassigned: true,
            greeting_texts: "[]".into(),
            options: "{}".into(),
            rights: "{}".into(),
            hours: "{}".into(),
            audit_days: 365,
        }
    }
}

/// The workspace with this id.
pub fn find(sql: &Connection, id: &str) -> Result<Option<Workspace>, StoreError> {
    Ok(sql
        .prepare_cached(&format!("SELECT {COLUMNS} FROM workspaces WHERE id = ?1"))?
        .query_row([id], read)
        .optional()?)
}

/// The workspace with this id, which a foreign key says is there.
pub fn get(sql: &Connection, id: &str) -> Result<Workspace, StoreError> {
    find(sql, id)?.ok_or(StoreError::Unexpected("workspace"))
}

/// Adds a workspace; its first change is still to be written.
pub fn insert(tx: &WriteTx<'_>, id: &str, epoch: &str, name: &str) -> Result<(), StoreError> {
    tx.sql().execute(
        "INSERT INTO workspaces (id, name, epoch, created_at) VALUES (?1, ?2, ?3, ?4)",
        (id, name, epoch, tx.now()),
    )?;
    Ok(())
}

/// Writes what the office may change and gives the workspace its row on the line.
pub(crate) fn save(tx: &mut WriteTx<'_>, workspace: &Workspace) -> Result<i64, StoreError> {
    let version =
        tx.change(&workspace.id, &ChangeScope::Workspace, ChangeKind::Workspace, &workspace.id)?;
    tx.sql().execute(
        "UPDATE workspaces SET name = ?2, members_see_unassigned = ?3, greeting_texts = ?4,
             options = ?5, rights = ?6, hours = ?7, audit_days = ?8, version = ?9 WHERE id = ?1",
        (
            &workspace.id,
            &workspace.name,
            workspace.members_see_unassigned,
            &workspace.greeting_texts,
            &workspace.options,
            &workspace.rights,
            &workspace.hours,
            workspace.audit_days,
            version,
        ),
    )?;
    Ok(version)
}

/// Ids of all workspaces, in order.
pub(crate) fn ids(sql: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = sql.prepare_cached("SELECT id FROM workspaces ORDER BY id")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Begins another epoch: what phones hold of the one before is no good any more.
pub(crate) fn set_epoch(sql: &Connection, id: &str, epoch: &str) -> Result<(), StoreError> {
    sql.execute("UPDATE workspaces SET epoch = ?2 WHERE id = ?1", (id, epoch))?;
    Ok(())
}

/// Writes the version that a change gave.
pub fn set_version(sql: &Connection, id: &str, version: i64) -> Result<(), StoreError> {
    sql.execute("UPDATE workspaces SET version = ?2 WHERE id = ?1", (id, version))?;
    Ok(())
}

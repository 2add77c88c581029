//! Teams and who is in them.

use rusqlite::{Connection, OptionalExtension as _};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{ChangeKind, ChangeScope, StoreError, WriteTx};

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Team {
    /// Id.
    pub(crate) id: String,
    /// Seq of the change that last wrote it.
    pub(crate) version: i64,
    /// The name people see, one of a kind in its workspace.
    pub(crate) name: String,
    /// Ids of its members, in their order.
    pub(crate) members: Vec<String>,
}

impl Team {
    /// As phones and the office read it.
    pub(crate) fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Ids of the teams that a member is in, in their order.
pub(crate) fn of_member(sql: &Connection, member: &str) -> Result<Vec<String>, StoreError> {
    let mut statement =
        sql.prepare_cached("SELECT team FROM team_members WHERE member = ?1 ORDER BY team")?;
    Ok(statement.query_map([member], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

fn members(sql: &Connection, team: &str) -> Result<Vec<String>, StoreError> {
    let mut statement =
        sql.prepare_cached("SELECT member FROM team_members WHERE team = ?1 ORDER BY member")?;
    Ok(statement.query_map([team], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// The team with this id.
pub(crate) fn find(
    sql: &Connection,
    workspace: &str,
    id: &str,
) -> Result<Option<Team>, StoreError> {
    let found: Option<(i64, String)> = sql
        .prepare_cached("SELECT version, name FROM teams WHERE id = ?1 AND workspace = ?2")?
        .query_row((id, workspace), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((version, name)) = found else { return Ok(None) };
    Ok(Some(Team { id: id.to_owned(), version, name, members: members(sql, id)? }))
}

/// All teams, in the order of their ids.
pub(crate) fn all(sql: &Connection, workspace: &str) -> Result<Vec<Team>, StoreError> {
    let mut statement =
        sql.prepare_cached("SELECT id FROM teams WHERE workspace = ?1 ORDER BY id")?;
    let ids =
        statement.query_map([workspace], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    let mut teams = Vec::with_capacity(ids.len());
    for id in ids {
        teams.extend(find(sql, workspace, &id)?);
    }
    Ok(teams)
}

/// Whether another team of the workspace has this name.
pub(crate) fn name_taken(
    sql: &Connection,
    workspace: &str,
    name: &str,
    but: &str,
) -> Result<bool, StoreError> {
    Ok(sql
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM teams WHERE workspace = ?1 AND name = ?2 AND id <> ?3)",
        )?
        .query_row((workspace, name, but), |row| row.get(0))?)
}

/// Writes a team, new or known, with its members and its row on the line.
pub(crate) fn save(
    tx: &mut WriteTx<'_>,
    workspace: &str,
    team: &mut Team,
) -> Result<(), StoreError> {
    team.version = tx.change(workspace, &ChangeScope::Workspace, ChangeKind::Team, &team.id)?;
    let sql = tx.sql();
    sql.execute(
        "INSERT INTO teams (id, workspace, version, name, created_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET version = excluded.version, name = excluded.name",
        (&team.id, workspace, team.version, &team.name, tx.now()),
    )?;
    sql.execute("DELETE FROM team_members WHERE team = ?1", [&team.id])?;
    for member in &team.members {
        sql.execute(
            "INSERT OR IGNORE INTO team_members (member, team) VALUES (?1, ?2)",
            (member, &team.id),
        )?;
    }
    Ok(())
}

/// Deletes a team that holds no conversation any more.
pub(crate) fn delete(tx: &mut WriteTx<'_>, workspace: &str, id: &str) -> Result<(), StoreError> {
    tx.gone(workspace, &ChangeScope::Workspace, ChangeKind::Team, id)?;
    let sql = tx.sql();
    sql.execute("DELETE FROM team_members WHERE team = ?1", [id])?;
    sql.execute("DELETE FROM teams WHERE id = ?1", [id])?;
    Ok(())
}

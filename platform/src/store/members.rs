//! Members: the people of a workspace.

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::{ChangeKind, ChangeScope, StoreError, WriteTx};
use crate::agents::outcome::Role;

/// A member's row.
#[derive(Debug, Clone)]
pub struct Member {
    /// Id.
    pub id: String,
    /// Workspace id.
    pub workspace: String,
    /// The name people see.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// argon2id, PHC string.
    pub password_hash: String,
    /// Seq of the change that last wrote it.
    pub version: i64,
    /// They were removed.
    pub removed: bool,
    /// As [`normal_email`] gives it.
    pub email: String,
    /// Whether they are on shift.
    pub on_shift: bool,
    /// Since when, ms UTC; 0 if they never said so.
    pub shift_since: i64,
}

/// A member to be added.
#[derive(Debug)]
pub struct NewMember<'a> {
    /// Id.
    pub id: &'a str,
    /// Workspace id.
    pub workspace: &'a str,
    /// As [`normal_email`] gives it.
    pub email: &'a str,
    /// The name people see.
    pub name: &'a str,
    /// What they may do.
    pub role: Role,
    /// argon2id, PHC string.
    pub password_hash: &'a str,
    /// Seq of the change that writes it.
    pub version: i64,
}

const COLUMNS: &str = "id, workspace, name, role, password_hash, version, removed_at IS NOT NULL, \
     email, on_shift, shift_since";

fn read(row: &Row<'_>) -> rusqlite::Result<(Member, String)> {
    let role: String = row.get(3)?;
    let member = Member {
        id: row.get(0)?,
        workspace: row.get(1)?,
        name: row.get(2)?,
        role: Role::Employee,
        password_hash: row.get(4)?,
        version: row.get(5)?,
        removed: row.get(6)?,
        email: row.get(7)?,
        on_shift: row.get(8)?,
        shift_since: row.get(9)?,
    };
    Ok((member, role))
}

fn with_role((member, role): (Member, String)) -> Result<Member, StoreError> {
    let role = Role::parse(&role).ok_or(StoreError::Unexpected("role"))?;
    Ok(Member { role, ..member })
}

/// An e-mail as it is stored and compared: trimmed, lower case.
pub fn normal_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// The member with this e-mail, removed ones included.
pub fn by_email(sql: &Connection, email: &str) -> Result<Option<Member>, StoreError> {
    sql.prepare_cached(&format!("SELECT {COLUMNS} FROM members WHERE email = ?1"))?
        .query_row([email], read)
        .optional()?
        .map(with_role)
        .transpose()
}

/// The member with this id.
pub fn find(sql: &Connection, id: &str) -> Result<Option<Member>, StoreError> {
    sql.prepare_cached(&format!("SELECT {COLUMNS} FROM members WHERE id = ?1"))?
        .query_row([id], read)
        .optional()?
        .map(with_role)
        .transpose()
}

/// Everybody who is still there, in the order of their ids.
pub fn all(sql: &Connection, workspace: &str) -> Result<Vec<Member>, StoreError> {
    let mut statement = sql.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM members WHERE workspace = ?1 AND removed_at IS NULL ORDER BY id"
    ))?;
    let rows = statement.query_map([workspace], read)?.collect::<Result<Vec<_>, _>>()?;
    rows.into_iter().map(with_role).collect()
}

/// Adds a member.
pub fn insert(tx: &WriteTx<'_>, member: &NewMember<'_>) -> Result<(), StoreError> {
    tx.sql().execute(
        "INSERT INTO members (id, workspace, email, name, role, password_hash, version, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        (
            member.id,
            member.workspace,
            member.email,
            member.name,
            member.role.as_str(),
            member.password_hash,
            member.version,
            tx.now(),
        ),
    )?;
    Ok(())
}

/// Writes what may change and gives the member a row on the line.
pub(crate) fn save(tx: &mut WriteTx<'_>, member: &Member) -> Result<i64, StoreError> {
    let version =
        tx.change(&member.workspace, &ChangeScope::Workspace, ChangeKind::Member, &member.id)?;
    tx.sql().execute(
        "UPDATE members SET name = ?2, role = ?3, on_shift = ?4, shift_since = ?5, version = ?6
         WHERE id = ?1",
        (
            &member.id,
            &member.name,
            member.role.as_str(),
            member.on_shift,
            member.shift_since,
            version,
        ),
    )?;
    Ok(version)
}

/// Removes a member: nobody signs in as them any more, and the line says that they are gone.
pub(crate) fn remove(tx: &mut WriteTx<'_>, member: &Member) -> Result<i64, StoreError> {
    let version =
        tx.gone(&member.workspace, &ChangeScope::Workspace, ChangeKind::Member, &member.id)?;
    tx.sql().execute(
        "UPDATE members SET removed_at = ?2, version = ?3 WHERE id = ?1 AND removed_at IS NULL",
        (&member.id, tx.now(), version),
    )?;
    Ok(version)
}

/// Lets somebody else have the e-mail of a member who was removed. What stands there from then on
/// is no e-mail: it holds a space.
pub(crate) fn give_up_email(tx: &WriteTx<'_>, id: &str) -> Result<(), StoreError> {
    tx.sql().execute(
        "UPDATE members SET email = email || ' ' || id WHERE id = ?1 AND removed_at IS NOT NULL",
        [id],
    )?;
    Ok(())
}

/// How many owners a workspace has.
pub(crate) fn owners(sql: &Connection, workspace: &str) -> Result<i64, StoreError> {
    Ok(sql
        .prepare_cached(
            "SELECT count(*) FROM members
             WHERE workspace = ?1 AND role = 'owner' AND removed_at IS NULL",
        )?
        .query_row([workspace], |row| row.get(0))?)
}

/// Writes a new password's hash.
pub(crate) fn set_password(tx: &WriteTx<'_>, id: &str, hash: &str) -> Result<(), StoreError> {
    tx.sql().execute("UPDATE members SET password_hash = ?2 WHERE id = ?1", (id, hash))?;
    Ok(())
}

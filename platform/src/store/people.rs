//! Contacts as webhooks know them.

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::StoreError;

/// A contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContactRow {
    /// Id.
    pub(crate) id: String,
    /// Workspace id.
    pub(crate) workspace: String,
    /// Profile name.
    pub(crate) name: Option<String>,
    /// Digits as Meta gave them.
    pub(crate) phone: Option<String>,
    /// Business-scoped user id.
    pub(crate) wa_user_id: Option<String>,
    /// Username without `@`.
    pub(crate) username: Option<String>,
}

const COLUMNS: &str = "id, workspace, name, phone, wa_user_id, username";

fn read(row: &Row<'_>) -> rusqlite::Result<ContactRow> {
    Ok(ContactRow {
        id: row.get(0)?,
        workspace: row.get(1)?,
        name: row.get(2)?,
        phone: row.get(3)?,
        wa_user_id: row.get(4)?,
        username: row.get(5)?,
    })
}

fn by(
    c: &Connection,
    column: &str,
    workspace: &str,
    value: &str,
) -> Result<Option<ContactRow>, StoreError> {
    Ok(c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM contacts WHERE workspace = ?1 AND {column} = ?2"
    ))?
    .query_row([workspace, value], read)
    .optional()?)
}

/// The contact with this business-scoped user id.
pub(crate) fn by_user_id(
    c: &Connection,
    workspace: &str,
    user_id: &str,
) -> Result<Option<ContactRow>, StoreError> {
    by(c, "wa_user_id", workspace, user_id)
}

/// The contact with this number.
pub(crate) fn by_phone(
    c: &Connection,
    workspace: &str,
    phone: &str,
) -> Result<Option<ContactRow>, StoreError> {
    by(c, "phone", workspace, phone)
}

/// The contact with a number of this key (`number_key`), if there is only one.
pub(crate) fn by_number_key(
    c: &Connection,
    workspace: &str,
    key: &str,
) -> Result<Option<ContactRow>, StoreError> {
    let mut statement = c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM contacts WHERE workspace = ?1 AND phone_key = ?2 LIMIT 2"
    ))?;
    let mut found = statement.query_map([workspace, key], read)?.collect::<Result<Vec<_>, _>>()?;
    Ok(if found.len() == 1 { found.pop() } else { None })
}

/// The contact that had this number or user id before.
pub(crate) fn by_alias(
    c: &Connection,
    workspace: &str,
    alias: &str,
) -> Result<Option<ContactRow>, StoreError> {
    let columns = COLUMNS.split(", ").map(|name| format!("k.{name}")).collect::<Vec<_>>();
    Ok(c.prepare_cached(&format!(
        "SELECT {} FROM aliases a JOIN contacts k ON k.id = a.contact
         WHERE a.workspace = ?1 AND a.alias = ?2",
        columns.join(", ")
    ))?
    .query_row([workspace, alias], read)
    .optional()?)
}

/// Notes a number or user id that a contact had before.
pub(crate) fn add_alias(
    c: &Connection,
    contact: &ContactRow,
    alias: &str,
    since: i64,
) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO aliases (workspace, alias, contact, since) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET contact = excluded.contact, since = excluded.since",
    )?
    .execute((&contact.workspace, alias, &contact.id, since))?;
    Ok(())
}

/// Whether the holder of this number gave it up before `before` (ms UTC). A contact that others were
/// joined to gave none of its numbers up.
pub(crate) fn is_given_up(
    c: &Connection,
    workspace: &str,
    number: &str,
    before: i64,
) -> Result<bool, StoreError> {
    Ok(c.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM aliases a
         WHERE a.workspace = ?1 AND a.alias = ?2 AND a.since < ?3
           AND NOT EXISTS (SELECT 1 FROM contacts k WHERE k.merged_into = a.contact)
           AND NOT EXISTS (SELECT 1 FROM contacts k WHERE k.workspace = ?1 AND k.phone = ?2))",
    )?
    .query_row((workspace, number, before), |row| row.get(0))?)
}

/// When the contact that has this alias left that number or user id, ms UTC.
pub(crate) fn left_at(
    c: &Connection,
    workspace: &str,
    alias: &str,
) -> Result<Option<i64>, StoreError> {
    Ok(c.prepare_cached("SELECT since FROM aliases WHERE workspace = ?1 AND alias = ?2")?
        .query_row([workspace, alias], |row| row.get(0))
        .optional()?)
}

/// Forgets an alias: somebody else has that number or id now.
pub(crate) fn drop_alias(c: &Connection, workspace: &str, alias: &str) -> Result<(), StoreError> {
    c.prepare_cached("DELETE FROM aliases WHERE workspace = ?1 AND alias = ?2")?
        .execute([workspace, alias])?;
    Ok(())
}

/// Marks a contact as perhaps the same person as another, unless it is marked already; says
/// whether it was written.
pub(crate) fn mark_same(c: &Connection, id: &str, other: &str) -> Result<bool, StoreError> {
    let written = c
        .prepare_cached(
            "UPDATE contacts SET perhaps_same = ?2
             WHERE id = ?1 AND id <> ?2 AND perhaps_same IS NULL",
        )?
        .execute([id, other])?;
    Ok(written > 0)
}

/// Notes what a person says about advertising; the newest word counts, and of two of one time the one
/// that forbids. Says whether it changed.
pub(crate) fn set_marketing(
    c: &Connection,
    id: &str,
    stopped: bool,
    at: i64,
) -> Result<bool, StoreError> {
    let word = if stopped { "stopped" } else { "wanted" };
    let before: Option<String> = c
        .prepare_cached("SELECT marketing FROM contacts WHERE id = ?1")?
        .query_row([id], |row| row.get(0))?;
    // Saying the same again makes it newer: a word from between comes too late then.
    let written = c
        .prepare_cached(
            "UPDATE contacts SET marketing = ?2, marketing_at = ?3
             WHERE id = ?1 AND (marketing_at IS NULL OR marketing_at < ?3
                                OR (marketing_at = ?3 AND ?2 = 'stopped'))",
        )?
        .execute((id, word, at))?;
    Ok(written > 0 && before.as_deref() != Some(word))
}

/// Whether a person said last that they want no advertising; under whichever of their contacts, where
/// several were joined.
pub(crate) fn wants_no_marketing(c: &Connection, contact: &str) -> Result<bool, StoreError> {
    let word: Option<String> = c
        .prepare_cached(
            "SELECT k.marketing FROM contacts f
             JOIN contacts k ON coalesce(k.merged_into, k.id) = coalesce(f.merged_into, f.id)
             WHERE f.id = ?1 AND k.workspace = f.workspace AND k.marketing IS NOT NULL
             ORDER BY k.marketing_at DESC LIMIT 1",
        )?
        .query_row([contact], |row| row.get(0))
        .optional()?;
    Ok(word.as_deref() == Some("stopped"))
}

/// The contact with this id.
pub(crate) fn by_id(
    c: &Connection,
    workspace: &str,
    id: &str,
) -> Result<Option<ContactRow>, StoreError> {
    by(c, "id", workspace, id)
}

/// Adds a contact; its version comes with the commit's change rows.
pub(crate) fn insert(c: &Connection, contact: &ContactRow, now: i64) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO contacts (id, workspace, version, name, phone, wa_user_id, username, created_at)
         VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute((
        &contact.id,
        &contact.workspace,
        &contact.name,
        &contact.phone,
        &contact.wa_user_id,
        &contact.username,
        now,
    ))?;
    Ok(())
}

/// Writes what may change.
pub(crate) fn update(c: &Connection, contact: &ContactRow) -> Result<(), StoreError> {
    c.prepare_cached(
        "UPDATE contacts SET name = ?2, phone = ?3, wa_user_id = ?4, username = ?5 WHERE id = ?1",
    )?
    .execute((
        &contact.id,
        &contact.name,
        &contact.phone,
        &contact.wa_user_id,
        &contact.username,
    ))?;
    Ok(())
}

/// Writes the version.
pub(crate) fn set_version(c: &Connection, id: &str, version: i64) -> Result<(), StoreError> {
    c.prepare_cached("UPDATE contacts SET version = ?2 WHERE id = ?1")?.execute((id, version))?;
    Ok(())
}

/// Ids of the conversations of a contact.
pub(crate) fn conversations(c: &Connection, contact: &str) -> Result<Vec<String>, StoreError> {
    let mut statement =
        c.prepare_cached("SELECT id FROM conversations WHERE contact = ?1 ORDER BY id")?;
    let ids = statement.query_map([contact], |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

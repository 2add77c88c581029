//! Message templates as Meta lists them.

use rusqlite::{Connection, OptionalExtension as _, Row};
use serde_json::Value;

use super::StoreError;

/// A template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TemplateRow {
    /// Our id.
    pub(crate) id: String,
    /// Workspace id.
    pub(crate) workspace: String,
    /// Seq of the change that last wrote it.
    pub(crate) version: i64,
    /// Meta's id of the account.
    pub(crate) waba_id: String,
    /// Meta's id of the template.
    pub(crate) meta_id: String,
    /// Its name at Meta.
    pub(crate) name: String,
    /// Its language code, `en_US` for example.
    pub(crate) language: String,
    /// Meta's word in lower case: marketing, utility, authentication, ...
    pub(crate) category: String,
    /// Meta's word in lower case: approved, paused, ...
    pub(crate) status: String,
    /// Meta's word in lower case: green, yellow, red, unknown.
    pub(crate) quality: Option<String>,
    /// Why it was refused, Meta's word.
    pub(crate) reason: Option<String>,
    /// `positional` or `named`.
    pub(crate) format: String,
    /// JSON list as Meta gives it.
    pub(crate) components: Value,
}

const COLUMNS: &str = "id, workspace, version, waba_id, meta_id, name, language, category, status, \
     quality, reason, format, components";

fn read(row: &Row<'_>) -> Result<TemplateRow, StoreError> {
    let components: String = row.get(12)?;
    Ok(TemplateRow {
        id: row.get(0)?,
        workspace: row.get(1)?,
        version: row.get(2)?,
        waba_id: row.get(3)?,
        meta_id: row.get(4)?,
        name: row.get(5)?,
        language: row.get(6)?,
        category: row.get(7)?,
        status: row.get(8)?,
        quality: row.get(9)?,
        reason: row.get(10)?,
        format: row.get(11)?,
        components: serde_json::from_str(&components)?,
    })
}

fn many(c: &Connection, condition: &str, values: &[&str]) -> Result<Vec<TemplateRow>, StoreError> {
    let mut statement = c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM templates WHERE {condition} ORDER BY name, language, id"
    ))?;
    let rows = statement
        .query_map(rusqlite::params_from_iter(values), |row| Ok(read(row)))?
        .collect::<Result<Vec<_>, _>>()?;
    rows.into_iter().collect()
}

/// The template with this id in a workspace.
pub(crate) fn find(
    c: &Connection,
    workspace: &str,
    id: &str,
) -> Result<Option<TemplateRow>, StoreError> {
    Ok(many(c, "workspace = ?1 AND id = ?2", &[workspace, id])?.into_iter().next())
}

/// The templates with this id of Meta's: one a workspace that shares the account.
pub(crate) fn by_meta_id(c: &Connection, meta_id: &str) -> Result<Vec<TemplateRow>, StoreError> {
    many(c, "meta_id = ?1", &[meta_id])
}

/// All of an account in a workspace.
pub(crate) fn of_account(
    c: &Connection,
    workspace: &str,
    waba_id: &str,
) -> Result<Vec<TemplateRow>, StoreError> {
    many(c, "workspace = ?1 AND waba_id = ?2", &[workspace, waba_id])
}

/// All of a workspace.
pub(crate) fn all(c: &Connection, workspace: &str) -> Result<Vec<TemplateRow>, StoreError> {
    many(c, "workspace = ?1", &[workspace])
}

/// The ids of the approved ones that a channel can send, in the order of their names.
pub(crate) fn approved_on(c: &Connection, channel: &str) -> Result<Vec<String>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT t.id FROM templates t
         JOIN channels h ON h.workspace = t.workspace AND h.waba_id = t.waba_id
         WHERE h.id = ?1 AND t.status = 'approved' ORDER BY t.name, t.language, t.id",
    )?;
    Ok(statement.query_map([channel], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// The template with this id, if this channel can send it: approved, and of its account.
pub(crate) fn sendable(
    c: &Connection,
    channel: &str,
    id: &str,
) -> Result<Option<TemplateRow>, StoreError> {
    let account: Option<(String, String)> = c
        .prepare_cached("SELECT workspace, waba_id FROM channels WHERE id = ?1")?
        .query_row([channel], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((workspace, waba_id)) = account else { return Ok(None) };
    let found = find(c, &workspace, id)?;
    Ok(found.filter(|found| found.waba_id == waba_id && found.status == "approved"))
}

/// Writes a template, new or anew.
pub(crate) fn put(c: &Connection, template: &TemplateRow, now: i64) -> Result<(), StoreError> {
    c.prepare_cached(&format!(
        "REPLACE INTO templates ({COLUMNS}, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
    ))?
    .execute(rusqlite::params![
        template.id,
        template.workspace,
        template.version,
        template.waba_id,
        template.meta_id,
        template.name,
        template.language,
        template.category,
        template.status,
        template.quality,
        template.reason,
        template.format,
        template.components.to_string(),
        now,
    ])?;
    Ok(())
}

/// Deletes a template.
pub(crate) fn delete(c: &Connection, id: &str) -> Result<(), StoreError> {
    c.prepare_cached("DELETE FROM templates WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// An account whose list is to be fetched, by one of the channels on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// Workspace id.
    pub(crate) workspace: String,
    /// Meta's id of the account.
    pub(crate) waba_id: String,
    /// The sealed access token of one of its numbers.
    pub(crate) token_sealed: Vec<u8>,
    /// When the list was last fetched whole, ms UTC.
    pub(crate) fetched_at: Option<i64>,
    /// When it is due, ms UTC; 0 = was never asked for.
    pub(crate) due_at: i64,
    /// Tries that failed since then.
    pub(crate) tries: i64,
}

/// Every account that has a channel, in order.
pub(crate) fn accounts(c: &Connection) -> Result<Vec<Account>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT h.workspace, h.waba_id, h.token_sealed, l.fetched_at, l.due_at, l.tries
         FROM channels h LEFT JOIN template_lists l
             ON l.workspace = h.workspace AND l.waba_id = h.waba_id
         WHERE h.id = (SELECT min(o.id) FROM channels o
                       WHERE o.workspace = h.workspace AND o.waba_id = h.waba_id)
         ORDER BY h.workspace, h.waba_id",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Account {
            workspace: row.get(0)?,
            waba_id: row.get(1)?,
            token_sealed: row.get(2)?,
            fetched_at: row.get(3)?,
            due_at: row.get::<_, Option<i64>>(4)?.unwrap_or(0),
            tries: row.get::<_, Option<i64>>(5)?.unwrap_or(0),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Notes when an account's list is due, and when it was fetched if it was.
pub(crate) fn set_due(
    c: &Connection,
    workspace: &str,
    waba_id: &str,
    fetched_at: Option<i64>,
    due_at: i64,
    tries: i64,
) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO template_lists (workspace, waba_id, fetched_at, due_at, tries)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET fetched_at = coalesce(excluded.fetched_at, fetched_at),
             due_at = excluded.due_at, tries = excluded.tries",
    )?
    .execute((workspace, waba_id, fetched_at, due_at, tries))?;
    Ok(())
}

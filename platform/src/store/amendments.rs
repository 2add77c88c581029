//! Edits and deletions of messages, and those that came before their message.

use rusqlite::{Connection, OptionalExtension as _};
use serde_json::Value;

use super::StoreError;
use super::texts::MessageRow;

/// What came before its message.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Waiting {
    /// The newest edit: ms UTC, body, the file that Meta holds for it.
    pub(crate) edit: Option<(i64, Value, Option<Value>)>,
    /// When it was deleted, ms UTC.
    pub(crate) revoked_at: Option<i64>,
}

/// Keeps an edit until its message comes. The newest wins; of two at one time the greater body, so
/// that any order of arrival ends alike.
pub(crate) fn keep_edit(
    c: &Connection,
    (target, side): (&str, &str),
    (at, body, media_ref): (i64, &Value, Option<&Value>),
    now: i64,
) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO amendments (target, side, edited_at, body, media_ref, kept_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET edited_at = excluded.edited_at, body = excluded.body,
             media_ref = excluded.media_ref
         WHERE edited_at IS NULL OR (excluded.edited_at, excluded.body) > (edited_at, body)",
    )?
    .execute((target, side, at, body.to_string(), media_ref.map(Value::to_string), now))?;
    Ok(())
}

/// Keeps a deletion until its message comes; the earliest is kept.
pub(crate) fn keep_revoke(
    c: &Connection,
    (target, side): (&str, &str),
    at: i64,
    now: i64,
) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO amendments (target, side, revoked_at, kept_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET revoked_at = min(ifnull(revoked_at, excluded.revoked_at), excluded.revoked_at)",
    )?
    .execute((target, side, at, now))?;
    Ok(())
}

/// Takes out what waited for this message.
pub(crate) fn take(
    c: &Connection,
    target: &str,
    side: &str,
) -> Result<Option<Waiting>, StoreError> {
    // Looked for first: hardly any message is waited for, and RETURNING would make a table for each.
    let found = c
        .prepare_cached(
            "SELECT edited_at, body, media_ref, revoked_at FROM amendments
             WHERE target = ?1 AND side = ?2",
        )?
        .query_row((target, side), |row| {
            Ok((
                row.get::<_, Option<i64>>(0)?,
                row.get::<_, Option<String>>(1)?,
                row.get::<_, Option<String>>(2)?,
                row.get::<_, Option<i64>>(3)?,
            ))
        })
        .optional()?;
    let Some((edited_at, body, media_ref, revoked_at)) = found else { return Ok(None) };
    c.prepare_cached("DELETE FROM amendments WHERE target = ?1 AND side = ?2")?
        .execute((target, side))?;
    let media_ref = media_ref.map(|text| serde_json::from_str(&text)).transpose()?;
    let edit = match (edited_at, body) {
        (Some(at), Some(body)) => Some((at, serde_json::from_str(&body)?, media_ref)),
        _ => None,
    };
    Ok(Some(Waiting { edit, revoked_at }))
}

/// Forgets what waits for a message that has not come.
pub(crate) fn forget(c: &Connection, target: &str, side: &str) -> Result<(), StoreError> {
    c.prepare_cached("DELETE FROM amendments WHERE target = ?1 AND side = ?2")?
        .execute([target, side])?;
    Ok(())
}

/// When a message was last edited, ms UTC.
pub(crate) fn edited_at(c: &Connection, m: &MessageRow) -> Result<Option<i64>, StoreError> {
    Ok(c.prepare_cached("SELECT edited_at FROM messages WHERE conversation = ?1 AND n = ?2")?
        .query_row((&m.conversation, m.n), |row| row.get(0))?)
}

/// The edit that a message stands by: ms UTC, body, Meta's file; none if it was never edited.
pub(crate) fn edit_of(
    c: &Connection,
    m: &MessageRow,
) -> Result<Option<(i64, Value, Option<Value>)>, StoreError> {
    let found: Option<(i64, Option<String>)> = c
        .prepare_cached(
            "SELECT edited_at, media_ref FROM messages
             WHERE conversation = ?1 AND n = ?2 AND edited_at IS NOT NULL",
        )?
        .query_row((&m.conversation, m.n), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((at, media_ref)) = found else { return Ok(None) };
    let media_ref = media_ref.map(|text| serde_json::from_str(&text)).transpose()?;
    Ok(Some((at, m.body.clone(), media_ref)))
}

/// Writes the body of an edit and its time.
pub(crate) fn set_edit(
    c: &Connection,
    m: &MessageRow,
    at: i64,
    media_ref: Option<&Value>,
) -> Result<(), StoreError> {
    c.prepare_cached(
        "UPDATE messages SET body = ?3, edited_at = ?4, media_ref = ifnull(?5, media_ref)
         WHERE conversation = ?1 AND n = ?2",
    )?
    .execute((
        &m.conversation,
        m.n,
        m.body.to_string(),
        at,
        media_ref.map(Value::to_string),
    ))?;
    Ok(())
}

/// Number of the newest live message that is not deleted: the one that the list shows.
pub(crate) fn last_shown(c: &Connection, conversation: &str) -> Result<Option<i64>, StoreError> {
    Ok(c.prepare_cached(
        "SELECT max(n) FROM messages WHERE conversation = ?1 AND n > 0 AND deleted IS NULL",
    )?
    .query_row([conversation], |row| row.get(0))?)
}

/// Drops what was kept before `before` (ms UTC): its message never came.
pub(crate) fn prune(c: &Connection, before: i64) -> Result<(), StoreError> {
    c.prepare_cached("DELETE FROM amendments WHERE kept_at < ?1")?.execute([before])?;
    Ok(())
}

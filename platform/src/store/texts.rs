//! Messages, as webhooks and sends change them.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Row};
use serde_json::Value;

use super::StoreError;
use crate::meta::ladder::{Ladder, Step, Trouble};

/// A message, as far as webhooks and sends need it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MessageRow {
    /// Conversation id.
    pub(crate) conversation: String,
    /// Number within it.
    pub(crate) n: i64,
    /// Id.
    pub(crate) id: String,
    /// ms UTC.
    pub(crate) sent_at: i64,
    /// The writer's own time, ms UTC.
    pub(crate) written_at: Option<i64>,
    /// customer, owner_app, agent, ai, ...
    pub(crate) author_kind: String,
    /// Member id of an agent.
    pub(crate) author_member: Option<String>,
    /// Device it was written on.
    pub(crate) author_device: Option<String>,
    /// `{kind, ...}`.
    pub(crate) body: Value,
    /// Id of the quoted message.
    pub(crate) reply_to: Option<String>,
    /// Whether it was deleted.
    pub(crate) deleted: bool,
    /// Step, times, trouble.
    pub(crate) ladder: Ladder,
    /// Meta's id.
    pub(crate) wamid: Option<String>,
}

const COLUMNS: &str = "conversation, n, id, sent_at, written_at, author_kind, author_member, \
     author_device, body, reply_to, deleted IS NOT NULL, step, times, trouble, wamid";

fn read(row: &Row<'_>) -> Result<MessageRow, StoreError> {
    let (body, times): (String, String) = (row.get(8)?, row.get(12)?);
    let (step, trouble): (String, Option<String>) = (row.get(11)?, row.get(13)?);
    let times: BTreeMap<Step, i64> = serde_json::from_str(&times)?;
    let trouble: Option<Trouble> = trouble.map(|t| serde_json::from_str(&t)).transpose()?;
    Ok(MessageRow {
        conversation: row.get(0)?,
        n: row.get(1)?,
        id: row.get(2)?,
        sent_at: row.get(3)?,
        written_at: row.get(4)?,
        author_kind: row.get(5)?,
        author_member: row.get(6)?,
        author_device: row.get(7)?,
        body: serde_json::from_str(&body)?,
        reply_to: row.get(9)?,
        deleted: row.get(10)?,
        ladder: Ladder { step: Step::of(&step), times, trouble },
        wamid: row.get(14)?,
    })
}

fn by(c: &Connection, column: &str, value: &str) -> Result<Option<MessageRow>, StoreError> {
    c.prepare_cached(&format!("SELECT {COLUMNS} FROM messages WHERE {column} = ?1"))?
        .query_row([value], |row| Ok(read(row)))
        .optional()?
        .transpose()
}

/// The message with this id.
pub(crate) fn by_id(c: &Connection, id: &str) -> Result<Option<MessageRow>, StoreError> {
    by(c, "id", id)
}

/// The message with this id of Meta's.
pub(crate) fn by_wamid(c: &Connection, wamid: &str) -> Result<Option<MessageRow>, StoreError> {
    by(c, "wamid", wamid)
}

/// Adds a message; its version comes with the commit's change rows.
pub(crate) fn insert(c: &Connection, m: &MessageRow) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO messages (conversation, n, id, version, sent_at, written_at, author_kind,
             author_member, author_device, body, reply_to, step, times, trouble, wamid)
         VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?
    .execute(rusqlite::params![
        m.conversation,
        m.n,
        m.id,
        m.sent_at,
        m.written_at,
        m.author_kind,
        m.author_member,
        m.author_device,
        m.body.to_string(),
        m.reply_to,
        m.ladder.step.word(),
        serde_json::to_string(&m.ladder.times)?,
        trouble_text(&m.ladder)?,
        m.wamid,
    ])?;
    Ok(())
}

fn trouble_text(ladder: &Ladder) -> Result<Option<String>, StoreError> {
    Ok(ladder.trouble.as_ref().map(serde_json::to_string).transpose()?)
}

/// Writes the ladder.
pub(crate) fn set_ladder(c: &Connection, m: &MessageRow) -> Result<(), StoreError> {
    c.prepare_cached(
        "UPDATE messages SET step = ?3, times = ?4, trouble = ?5 WHERE conversation = ?1 AND n = ?2",
    )?
    .execute((
        &m.conversation,
        m.n,
        m.ladder.step.word(),
        serde_json::to_string(&m.ladder.times)?,
        trouble_text(&m.ladder)?,
    ))?;
    Ok(())
}

/// Writes Meta's id.
pub(crate) fn set_wamid(c: &Connection, m: &MessageRow) -> Result<(), StoreError> {
    c.prepare_cached("UPDATE messages SET wamid = ?3 WHERE conversation = ?1 AND n = ?2")?
        .execute((&m.conversation, m.n, &m.wamid))?;
    Ok(())
}

/// Writes what stands beside the body: the file that Meta holds for it, and `forwarded`, `referral`, `product`.
pub(crate) fn set_beside(
    c: &Connection,
    m: &MessageRow,
    media_ref: Option<&Value>,
    beside: Option<&Value>,
) -> Result<(), StoreError> {
    c.prepare_cached(
        "UPDATE messages SET media_ref = ?3, beside = ?4 WHERE conversation = ?1 AND n = ?2",
    )?
    .execute((
        &m.conversation,
        m.n,
        media_ref.map(Value::to_string),
        beside.map(Value::to_string),
    ))?;
    Ok(())
}

/// Writes which message it quotes.
pub(crate) fn set_reply_to(c: &Connection, m: &MessageRow) -> Result<(), StoreError> {
    c.prepare_cached("UPDATE messages SET reply_to = ?3 WHERE conversation = ?1 AND n = ?2")?
        .execute((&m.conversation, m.n, &m.reply_to))?;
    Ok(())
}

/// Writes the body.
pub(crate) fn set_body(c: &Connection, m: &MessageRow) -> Result<(), StoreError> {
    c.prepare_cached("UPDATE messages SET body = ?3 WHERE conversation = ?1 AND n = ?2")?
        .execute((&m.conversation, m.n, m.body.to_string()))?;
    Ok(())
}

/// Empties a message and notes who did it and when.
pub(crate) fn erase(c: &Connection, m: &MessageRow, by: &str, at: i64) -> Result<(), StoreError> {
    let deleted = serde_json::json!({"by": by, "at": at}).to_string();
    let body = serde_json::json!({"kind": "text", "text": ""}).to_string();
    c.prepare_cached(
        "UPDATE messages SET body = ?3, deleted = ?4, media_ref = NULL, beside = NULL
         WHERE conversation = ?1 AND n = ?2",
    )?
    .execute((&m.conversation, m.n, body, deleted))?;
    Ok(())
}

/// Writes the version.
pub(crate) fn set_version(
    c: &Connection,
    conversation: &str,
    n: i64,
    version: i64,
) -> Result<(), StoreError> {
    c.prepare_cached("UPDATE messages SET version = ?3 WHERE conversation = ?1 AND n = ?2")?
        .execute((conversation, n, version))?;
    Ok(())
}

/// Parks a status whose message is not known yet. Of repeats the earliest is kept, and of several
/// failures at one time the one with the smallest code: the choice of [`Ladder::fail`].
pub(crate) fn park(
    c: &Connection,
    wamid: &str,
    status: &str,
    at: i64,
    code: Option<i64>,
) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO parked_statuses (wamid, status, at, code) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET at = excluded.at, code = excluded.code
         WHERE (excluded.at, ifnull(excluded.code, -1)) < (at, ifnull(code, -1))",
    )?
    .execute((wamid, status, at, code))?;
    Ok(())
}

/// Takes the parked statuses of a message out: word, time in ms, code.
pub(crate) fn take_parked(
    c: &Connection,
    wamid: &str,
) -> Result<Vec<(String, i64, Option<i64>)>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT status, at, code FROM parked_statuses WHERE wamid = ?1 ORDER BY status",
    )?;
    let rows = statement.query_map([wamid], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let parked: Vec<(String, i64, Option<i64>)> = rows.collect::<Result<_, _>>()?;
    if !parked.is_empty() {
        c.prepare_cached("DELETE FROM parked_statuses WHERE wamid = ?1")?.execute([wamid])?;
    }
    Ok(parked)
}

/// Drops parked statuses older than `before` (ms UTC): nothing will ever claim them.
pub(crate) fn prune_parked(c: &Connection, before: i64) -> Result<(), StoreError> {
    c.prepare_cached("DELETE FROM parked_statuses WHERE at < ?1")?.execute([before])?;
    Ok(())
}

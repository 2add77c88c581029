//! Objects as phones read them: `docs/wire.md`, "Objects". Absent instead of null.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::{Map, Value, json};

use super::members::Member;
use super::workspaces::Workspace;
use super::{StoreError, WriteTx, contacts, labels};
use crate::desk::options::Options;

/// How many messages come with a conversation that enters a scope.
pub const NEWEST: i64 = 20;

fn put<T: Into<Value>>(map: &mut Map<String, Value>, name: &str, value: Option<T>) {
    if let Some(value) = value {
        map.insert(name.to_owned(), value.into());
    }
}

/// A workspace.
pub fn workspace_json(workspace: &Workspace) -> Result<Value, StoreError> {
    Ok(json!({
        "id": workspace.id,
        "version": workspace.version,
        "epoch": workspace.epoch,
        "name": workspace.name,
        "options": Options::of(workspace)?,
        "greeting_texts": serde_json::from_str::<Value>(&workspace.greeting_texts)?,
    }))
}

/// A member.
pub fn member_json(member: &Member) -> Value {
    json!({
        "id": member.id,
        "version": member.version,
        "name": member.name,
        "role": member.role.as_str(),
        "shift": { "on": member.on_shift, "since": member.shift_since },
    })
}

/// The contact with this id, unless it became part of another.
pub fn contact_json(sql: &Connection, id: &str) -> Result<Option<Value>, StoreError> {
    let found = sql
        .prepare_cached(
            "SELECT id, version, coalesce((SELECT f.value FROM contact_fields f
                 WHERE f.contact = contacts.id AND f.field = 'name'), name), phone,
                 CASE WHEN erased_at IS NULL THEN wa_user_id END, username, perhaps_same,
                 CASE marketing WHEN 'stopped' THEN marketing END
             FROM contacts WHERE id = ?1 AND merged_into IS NULL",
        )?
        .query_row([id], |row| {
            let mut map = Map::new();
            map.insert("id".into(), row.get::<_, String>(0)?.into());
            map.insert("version".into(), row.get::<_, i64>(1)?.into());
            for (index, name) in [
                (2, "name"),
                (3, "phone"),
                (4, "wa_user_id"),
                (5, "username"),
                (6, "perhaps_same"),
                (7, "marketing"),
            ] {
                put(&mut map, name, row.get::<_, Option<String>>(index)?);
            }
            Ok(map)
        })
        .optional()?;
    let Some(mut map) = found else { return Ok(None) };
    map.insert("labels".into(), labels::of(sql, id)?.into());
    let fields = contacts::fields(sql, id)?;
    if !fields.is_empty() {
        map.insert("fields".into(), fields.into());
    }
    Ok(Some(Value::Object(map)))
}

const CHANNEL: &str =
    "SELECT id, version, kind, display, state, last_sign_of_life, history FROM channels";

/// Since when Meta charges free-form replies through the platform, 2026-10-01 UTC, by several vendors'
/// notices (whatsapp.md 6; experience.md S18); the same typed on the owner's phone stays free.
const REPLIES_COST_SINCE_MS: i64 = 1_790_812_800_000;

fn read_channel(row: &Row<'_>) -> rusqlite::Result<(Map<String, Value>, String, String)> {
    let mut map = Map::new();
    map.insert("id".into(), row.get::<_, String>(0)?.into());
    map.insert("version".into(), row.get::<_, i64>(1)?.into());
    map.insert("kind".into(), row.get::<_, String>(2)?.into());
    map.insert("display".into(), row.get::<_, String>(3)?.into());
    map.insert("replies_cost_since".into(), REPLIES_COST_SINCE_MS.into());
    put(&mut map, "last_sign_of_life", row.get::<_, Option<i64>>(5)?);
    Ok((map, row.get(4)?, row.get(6)?))
}

fn with_state(
    (mut map, state, history): (Map<String, Value>, String, String),
) -> Result<Value, StoreError> {
    map.insert("state".into(), serde_json::from_str(&state)?);
    map.insert("history".into(), serde_json::from_str(&history)?);
    Ok(Value::Object(map))
}

/// The channel with this id.
pub fn channel_json(sql: &Connection, id: &str) -> Result<Option<Value>, StoreError> {
    sql.prepare_cached(&format!("{CHANNEL} WHERE id = ?1"))?
        .query_row([id], read_channel)
        .optional()?
        .map(with_state)
        .transpose()
}

/// All channels of a workspace, in the order of their ids.
pub fn channels_json(sql: &Connection, workspace: &str) -> Result<Vec<Value>, StoreError> {
    let mut statement =
        sql.prepare_cached(&format!("{CHANNEL} WHERE workspace = ?1 ORDER BY id"))?;
    let rows = statement.query_map([workspace], read_channel)?.collect::<Result<Vec<_>, _>>()?;
    rows.into_iter().map(with_state).collect()
}

/// The conversation with this id, its last message included.
pub fn conversation_json(sql: &Connection, id: &str) -> Result<Option<Value>, StoreError> {
    let found = sql
        .prepare_cached(
            "SELECT id, version, coalesce((SELECT k.merged_into FROM contacts k WHERE k.id = contact),
                        contact), channel, status, snoozed_until, assignee, handler,
                    window_closes_at, unread, last_n, waiting_since, read_up_to_n, team,
                    ai_resumes_at, continued_in
             FROM conversations WHERE id = ?1",
        )?
        .query_row([id], read_conversation)
        .optional()?;
    let Some(mut map) = found else { return Ok(None) };
    map.insert("labels".into(), labels::of(sql, id)?.into());
    put(&mut map, "last_message", last_message(sql, id)?);
    Ok(Some(Value::Object(map)))
}

fn read_conversation(row: &Row<'_>) -> rusqlite::Result<Map<String, Value>> {
    let mut map = Map::new();
    map.insert("id".into(), row.get::<_, String>(0)?.into());
    map.insert("version".into(), row.get::<_, i64>(1)?.into());
    map.insert("contact_id".into(), row.get::<_, String>(2)?.into());
    map.insert("channel_id".into(), row.get::<_, String>(3)?.into());
    let mut status = Map::new();
    status.insert("kind".into(), row.get::<_, String>(4)?.into());
    put(&mut status, "until", row.get::<_, Option<i64>>(5)?);
    map.insert("status".into(), status.into());
    put(&mut map, "assignee", row.get::<_, Option<String>>(6)?);
    map.insert("handler".into(), row.get::<_, String>(7)?.into());
    put(&mut map, "team", row.get::<_, Option<String>>(13)?);
    put(&mut map, "ai_resumes_at", row.get::<_, Option<i64>>(14)?);
    put(&mut map, "continued_in", row.get::<_, Option<String>>(15)?);
    let mut window = Map::new();
    put(&mut window, "closes_at", row.get::<_, Option<i64>>(8)?);
    map.insert("window".into(), window.into());
    map.insert("unread".into(), row.get::<_, i64>(9)?.into());
    map.insert("last_n".into(), row.get::<_, i64>(10)?.into());
    put(&mut map, "waiting_since", row.get::<_, Option<i64>>(11)?);
    map.insert("read_up_to_n".into(), row.get::<_, i64>(12)?.into());
    Ok(map)
}

/// The newest live message that was not taken back: a withdrawn one counts as nothing, and a line
/// about an assignment is no message.
fn last_message(sql: &Connection, conversation: &str) -> Result<Option<Value>, StoreError> {
    let found = sql
        .prepare_cached(
            "SELECT id, n, sent_at, author_kind, author_member, body FROM messages
             WHERE conversation = ?1 AND n > 0 AND deleted IS NULL
               AND json_extract(body, '$.kind') <> 'event' ORDER BY n DESC LIMIT 1",
        )?
        .query_row([conversation], |row| {
            let mut map = Map::new();
            map.insert("id".into(), row.get::<_, String>(0)?.into());
            map.insert("n".into(), row.get::<_, i64>(1)?.into());
            map.insert("sent_at".into(), row.get::<_, i64>(2)?.into());
            map.insert("author".into(), author(&row.get::<_, String>(3)?, row.get(4)?));
            Ok((map, row.get::<_, String>(5)?))
        })
        .optional()?;
    let Some((mut map, body)) = found else { return Ok(None) };
    map.insert("body".into(), serde_json::from_str(&body)?);
    Ok(Some(Value::Object(map)))
}

/// An author: the id is there for agents only.
pub fn author(kind: &str, member: Option<String>) -> Value {
    let mut map = Map::new();
    map.insert("kind".into(), kind.into());
    if kind == "agent" {
        put(&mut map, "id", member);
    }
    Value::Object(map)
}

const MESSAGE: &str = "SELECT id, version, conversation, n, sent_at, written_at, author_kind,
    author_member, body, reply_to, edited_at, deleted, step, times, trouble, imported,
    beside, (SELECT json_group_array(json_array(r.author_kind, r.author_member, r.emoji, r.at))
             FROM reactions r
             WHERE r.target = messages.wamid AND r.emoji IS NOT NULL AND messages.deleted IS NULL)
    FROM messages";

/// A message's row, its JSON columns still text.
struct MessageRow {
    map: Map<String, Value>,
    body: String,
    deleted: Option<String>,
    step: String,
    times: String,
    trouble: Option<String>,
    beside: Option<String>,
    reactions: String,
}

fn read_message(row: &Row<'_>) -> rusqlite::Result<MessageRow> {
    let mut map = Map::new();
    map.insert("id".into(), row.get::<_, String>(0)?.into());
    map.insert("version".into(), row.get::<_, i64>(1)?.into());
    map.insert("conversation_id".into(), row.get::<_, String>(2)?.into());
    map.insert("n".into(), row.get::<_, i64>(3)?.into());
    map.insert("sent_at".into(), row.get::<_, i64>(4)?.into());
    put(&mut map, "written_at", row.get::<_, Option<i64>>(5)?);
    map.insert("author".into(), author(&row.get::<_, String>(6)?, row.get(7)?));
    put(&mut map, "reply_to", row.get::<_, Option<String>>(9)?);
    put(&mut map, "edited_at", row.get::<_, Option<i64>>(10)?);
    map.insert("imported".into(), row.get::<_, bool>(15)?.into());
    Ok(MessageRow {
        map,
        body: row.get(8)?,
        deleted: row.get(11)?,
        step: row.get(12)?,
        times: row.get(13)?,
        trouble: row.get(14)?,
        beside: row.get(16)?,
        reactions: row.get(17)?,
    })
}

fn with_json(row: MessageRow) -> Result<Value, StoreError> {
    let mut map = row.map;
    map.insert("body".into(), serde_json::from_str(&row.body)?);
    if let Some(deleted) = row.deleted {
        map.insert("deleted".into(), serde_json::from_str(&deleted)?);
    }
    let mut ladder = Map::new();
    ladder.insert("step".into(), row.step.into());
    ladder.insert("times".into(), serde_json::from_str(&row.times)?);
    if let Some(trouble) = row.trouble {
        ladder.insert("trouble".into(), serde_json::from_str(&trouble)?);
    }
    map.insert("ladder".into(), ladder.into());
    map.insert("reactions".into(), reactions(&row.reactions)?);
    if let Some(Value::Object(beside)) =
        row.beside.map(|beside| serde_json::from_str(&beside)).transpose()?
    {
        map.extend(beside);
    }
    Ok(Value::Object(map))
}

/// What became of a contact that is no more: `{from, into}`.
pub(crate) fn merged_json(sql: &Connection, from: &str) -> Result<Option<Value>, StoreError> {
    let into: Option<Option<String>> = sql
        .prepare_cached("SELECT merged_into FROM contacts WHERE id = ?1")?
        .query_row([from], |row| row.get(0))
        .optional()?;
    Ok(into.flatten().map(|into| json!({ "from": from, "into": into })))
}

/// Reactions as phones read them, oldest first.
fn reactions(rows: &str) -> Result<Value, StoreError> {
    let mut rows: Vec<(String, Option<String>, String, i64)> = serde_json::from_str(rows)?;
    rows.sort_by(|a, b| (a.3, &a.0).cmp(&(b.3, &b.0)));
    let all = rows.into_iter().map(|(kind, member, emoji, at)| {
        json!({"author": author(&kind, member), "emoji": emoji, "at": at})
    });
    Ok(all.collect())
}

/// The message with this id.
pub fn message_json(sql: &Connection, id: &str) -> Result<Option<Value>, StoreError> {
    sql.prepare_cached(&format!("{MESSAGE} WHERE id = ?1"))?
        .query_row([id], read_message)
        .optional()?
        .map(with_json)
        .transpose()
}

/// A place in a conversation: whole second of `sent_at`, then `n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Seconds since 1970 UTC.
    pub second: i64,
    /// The message's number.
    pub n: i64,
}

impl Place {
    /// Reads `<second>.<n>`; imported messages have a negative number.
    pub fn parse(text: &str) -> Option<Self> {
        let (second, n) = text.split_once('.')?;
        Some(Self { second: second.parse().ok()?, n: n.parse().ok()? })
    }

    /// The place of a message as [`message_json`] gives it.
    pub fn of(message: &Value) -> Option<Self> {
        let sent_at = message.get("sent_at")?.as_i64()?;
        Some(Self { second: sent_at.div_euclid(1000), n: message.get("n")?.as_i64()? })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.second, self.n)
    }
}

/// Up to `limit` messages before a place (exclusive), or the newest, **newest first**.
pub fn messages_before(
    sql: &Connection,
    conversation: &str,
    before: Option<Place>,
    limit: i64,
) -> Result<Vec<Value>, StoreError> {
    let before = before.unwrap_or(Place { second: i64::MAX, n: i64::MAX });
    let mut statement = sql.prepare_cached(&format!(
        "{MESSAGE} WHERE conversation = ?1 AND sent_at / 1000 <= ?2
         AND (sent_at / 1000, n) < (?2, ?3)
         ORDER BY sent_at / 1000 DESC, n DESC LIMIT ?4"
    ))?;
    let rows = statement
        .query_map(params![conversation, before.second, before.n, limit], read_message)?
        .collect::<Result<Vec<_>, _>>()?;
    rows.into_iter().map(with_json).collect()
}

/// Up to `limit` messages whose number is above `n`, by number.
pub(crate) fn messages_after(
    sql: &Connection,
    conversation: &str,
    n: i64,
    limit: i64,
) -> Result<Vec<Value>, StoreError> {
    let mut statement = sql.prepare_cached(&format!(
        "{MESSAGE} WHERE conversation = ?1 AND n > ?2 ORDER BY n LIMIT ?3"
    ))?;
    let rows = statement
        .query_map((conversation, n, limit), read_message)?
        .collect::<Result<Vec<_>, _>>()?;
    rows.into_iter().map(with_json).collect()
}

/// The last [`NEWEST`] messages of a conversation, oldest first; fewer if they would take more
/// than `room` bytes, but one at least. The phone fetches the others as it does any hole.
pub fn newest_messages(
    sql: &Connection,
    conversation: &str,
    room: usize,
) -> Result<Vec<Value>, StoreError> {
    let mut messages = messages_before(sql, conversation, None, NEWEST)?;
    let mut bytes = 0;
    let fitting = messages
        .iter()
        .take_while(|message| {
            bytes += message.to_string().len() + 1;
            bytes <= room
        })
        .count();
    messages.truncate(fitting.max(1));
    messages.reverse();
    Ok(messages)
}

/// The last message alone, whole: what the first page of a start shows.
pub fn last_message_json(
    sql: &Connection,
    conversation: &str,
) -> Result<Option<Value>, StoreError> {
    sql.prepare_cached(&format!(
        "{MESSAGE} WHERE conversation = ?1 AND n > 0 AND deleted IS NULL
         AND json_extract(body, '$.kind') <> 'event' ORDER BY n DESC LIMIT 1"
    ))?
    .query_row([conversation], read_message)
    .optional()?
    .map(with_json)
    .transpose()
}

/// What `entered` carries: the conversation, its contact, its last messages, in `room` bytes.
pub fn entered_json(
    sql: &Connection,
    conversation: &str,
    room: usize,
) -> Result<Option<Value>, StoreError> {
    let Some(object) = conversation_json(sql, conversation)? else { return Ok(None) };
    let contact = match object.get("contact_id").and_then(Value::as_str) {
        Some(id) => contact_json(sql, id)?,
        None => None,
    };
    let contact = contact.ok_or(StoreError::Unexpected("contact"))?;
    let around = object.to_string().len() + contact.to_string().len() + 100;
    let messages = newest_messages(sql, conversation, room.saturating_sub(around))?;
    Ok(Some(json!({ "conversation": object, "contact": contact, "messages": messages })))
}

/// Adds a row for the conversation to the change line and writes its version; the caller has
/// updated the columns.
pub fn touch_conversation(tx: &mut WriteTx<'_>, id: &str) -> Result<i64, StoreError> {
    use super::{ChangeKind, ChangeScope};
    let workspace: String = tx
        .sql()
        .prepare_cached("SELECT workspace FROM conversations WHERE id = ?1")?
        .query_row([id], |row| row.get(0))?;
    let scope = ChangeScope::Conversation(id.to_owned());
    let seq = tx.change(&workspace, &scope, ChangeKind::Conversation, id)?;
    tx.sql()
        .prepare_cached("UPDATE conversations SET version = ?2 WHERE id = ?1")?
        .execute((id, seq))?;
    Ok(seq)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_back_and_ordered() {
        for text in ["0.1", "1700000000.12", "1700000000.-3"] {
            assert_eq!(Place::parse(text).unwrap().to_string(), text);
        }
        assert!(Place::parse("5.9") < Place::parse("5.10"));
        assert!(Place::parse("5.9") < Place::parse("6.1"));
        for bad in ["", "5", "5.", ".5", "a.b", "5.5.5"] {
            assert_eq!(Place::parse(bad), None, "{bad}");
        }
    }
}

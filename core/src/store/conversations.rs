//! Conversations and how far back each is held without a hole.

use rusqlite::{OptionalExtension, Row};

use super::{Read, StoreError, Stored, Topic, Tx};
use crate::model::place::Place;
use crate::model::records::Conversation;

/// A conversation with what this phone knows about its own copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeldConversation {
    pub record: Conversation,
    pub my_read_n: Option<i64>,
    /// Messages from here on are held without a hole.
    pub from: Option<Place>,
    pub start_reached: bool,
}

const COLUMNS: &str = "id, version, contact_id, channel_id, assignee, window_closes_at, unread, last_n, last_at, \
     last_message, waiting_since, read_up_to_n, raw, my_read_n, from_second, from_n, start_reached";

fn from_row(row: &Row<'_>) -> rusqlite::Result<HeldConversation> {
    let second: Option<i64> = row.get(14)?;
    let n: Option<i64> = row.get(15)?;
    Ok(HeldConversation {
        record: Conversation {
            id: row.get(0)?,
            version: row.get(1)?,
            contact_id: row.get(2)?,
            channel_id: row.get(3)?,
            assignee: row.get(4)?,
            window_closes_at: row.get(5)?,
            unread: row.get(6)?,
            last_n: row.get(7)?,
            last_at: row.get(8)?,
            last_message: row.get(9)?,
            waiting_since: row.get(10)?,
            read_up_to_n: row.get(11)?,
            raw: row.get(12)?,
        },
        my_read_n: row.get(13)?,
        from: second.zip(n).map(|(second, n)| Place { second, n }),
        start_reached: row.get(16)?,
    })
}

impl Read<'_> {
    pub(crate) fn conversation(&self, id: &str) -> Stored<Option<HeldConversation>> {
        let sql = format!("SELECT {COLUMNS} FROM conversations WHERE id = ?1 AND held = 1");
        Ok(self.0.prepare_cached(&sql)?.query_row([id], from_row).optional()?)
    }

    /// The most recently active ones.
    pub(crate) fn recent_conversations(&self, limit: u32) -> Stored<Vec<HeldConversation>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM conversations WHERE held = 1 ORDER BY last_at DESC, id LIMIT ?1"
        );
        let mut query = self.0.prepare_cached(&sql)?;
        Ok(query.query_map([limit], from_row)?.collect::<Result<_, _>>()?)
    }

    pub(crate) fn count_conversations(&self) -> Stored<u32> {
        let mut query =
            self.0.prepare_cached("SELECT count(*) FROM conversations WHERE held = 1")?;
        Ok(query.query_row([], |row| row.get(0))?)
    }

    /// Ids of all that are held.
    pub(crate) fn held_ids(&self) -> Stored<Vec<String>> {
        let mut query =
            self.0.prepare_cached("SELECT id FROM conversations WHERE held = 1 ORDER BY id")?;
        Ok(query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    pub(super) fn conversation_key(&self, id: &str) -> Stored<Option<i64>> {
        let mut query = self.0.prepare_cached("SELECT key FROM conversations WHERE id = ?1")?;
        Ok(query.query_row([id], |row| row.get(0)).optional()?)
    }
}

impl Tx<'_> {
    /// The key under which messages of `id` are kept, made if need be.
    pub(super) fn key_for(&self, id: &str) -> Stored<i64> {
        if let Some(key) = self.read().conversation_key(id)? {
            return Ok(key);
        }
        self.sql.prepare_cached("INSERT INTO conversations (id) VALUES (?1)")?.execute([id])?;
        Ok(self.sql.last_insert_rowid())
    }

    /// Stores it if it is newer than what is held. `brings`: the row may make the conversation held (a first download,
    /// `entered`); a plain change of one that is not held only waits for that.
    pub(crate) fn put_conversation(&self, it: &Conversation, brings: bool) -> Stored<()> {
        let key = self.key_for(&it.id)?;
        self.sql
            .prepare_cached(
                "UPDATE conversations SET version = ?2, contact_id = ?3, channel_id = ?4, assignee = ?5,
                     window_closes_at = ?6, unread = ?7, last_n = ?8, last_at = ?9, last_message = ?10,
                     waiting_since = ?11, read_up_to_n = ?12, raw = ?13
                 WHERE key = ?1 AND version < ?2",
            )?
            .execute(rusqlite::params![
                key,
                it.version,
                it.contact_id,
                it.channel_id,
                it.assignee,
                it.window_closes_at,
                it.unread,
                it.last_n,
                it.last_at,
                it.last_message,
                it.waiting_since,
                it.read_up_to_n,
                it.raw,
            ])?;
        if brings {
            self.sql
                .prepare_cached("UPDATE conversations SET held = 1 WHERE key = ?1")?
                .execute([key])?;
        }
        self.touch_conversation(&it.id);
        self.touch(Topic::Outbox);
        Ok(())
    }

    /// Writes down that everything from `from` on is held.
    pub(super) fn set_held_from(&self, key: i64, from: Place, start_reached: bool) -> Stored<()> {
        self.sql
            .prepare_cached(
                "UPDATE conversations SET from_second = ?2, from_n = ?3, start_reached = ?4 WHERE key = ?1",
            )?
            .execute((key, from.second, from.n, start_reached))?;
        Ok(())
    }

    pub(crate) fn set_my_read(&self, id: &str, n: i64) -> Stored<()> {
        self.sql
            .prepare_cached(
                "UPDATE conversations SET my_read_n = ?2 WHERE id = ?1 AND coalesce(my_read_n, 0) < ?2",
            )?
            .execute((id, n))?;
        self.touch_conversation(id);
        Ok(())
    }

    /// The conversation left this phone: its rows go. What had left the phone of the outbox stays.
    pub(crate) fn drop_conversation(&self, id: &str) -> Stored<()> {
        let Some(key) = self.read().conversation_key(id)? else { return Ok(()) };
        self.sql.prepare_cached("DELETE FROM messages WHERE conversation = ?1")?.execute([key])?;
        self.sql.prepare_cached("DELETE FROM conversations WHERE key = ?1")?.execute([key])?;
        self.touch_conversation(id);
        self.touch(Topic::Outbox);
        Ok(())
    }
}

impl Read<'_> {
    /// From where on messages are held without a hole, and whether that is the start.
    pub(super) fn held_from(&self, key: i64) -> Stored<(Option<Place>, bool)> {
        let mut query = self.0.prepare_cached(
            "SELECT from_second, from_n, start_reached FROM conversations WHERE key = ?1",
        )?;
        let found: Option<(Option<i64>, Option<i64>, bool)> =
            query.query_row([key], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
        let (second, n, start) = found.ok_or(StoreError::Broken("no such conversation key"))?;
        Ok((second.zip(n).map(|(second, n)| Place { second, n }), start))
    }
}

//! Conversations and how far back each is held without a hole.

use rusqlite::{OptionalExtension, Row};

use super::{Read, StoreError, Stored, Topic, Tx};
use crate::model::place::Place;
use crate::model::records::{Conversation, Hole};
use crate::model::stretch::Stretch;

/// A conversation with what this phone knows about its own copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeldConversation {
    pub record: Conversation,
    pub my_read_n: Option<i64>,
    /// Messages from here on are held without a hole.
    pub from: Option<Place>,
    pub start_reached: bool,
    /// What may be missing behind `from`.
    pub hole: Option<Hole>,
}

const COLUMNS: &str = "id, version, contact_id, channel_id, assignee, window_closes_at, unread, last_n, last_at, \
     last_message, waiting_since, read_up_to_n, raw, my_read_n, from_second, from_n, start_reached, \
     hole_from_second, hole_from_n, hole_to_second, hole_to_n, hole_live";

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
        hole: hole_from_row(row, 17)?,
    })
}

/// Five columns from `at` on.
fn hole_from_row(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Hole>> {
    let place = |at: usize| -> rusqlite::Result<Option<Place>> {
        let (second, n): (Option<i64>, Option<i64>) = (row.get(at)?, row.get(at + 1)?);
        Ok(second.zip(n).map(|(second, n)| Place { second, n }))
    };
    let live = row.get(at + 4)?;
    Ok(place(at)?.zip(place(at + 2)?).map(|(from, to)| Hole { from, to, live }))
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

    /// Those with a hole, the most recently active first.
    pub(crate) fn conversations_with_a_hole(&self, limit: u32) -> Stored<Vec<(String, Hole)>> {
        let mut query = self.0.prepare_cached(
            "SELECT id, hole_from_second, hole_from_n, hole_to_second, hole_to_n, hole_live FROM conversations
             WHERE hole_to_second IS NOT NULL AND held = 1 ORDER BY last_at DESC, id LIMIT ?1",
        )?;
        let rows = query.query_map([limit], |row| Ok((row.get(0)?, hole_from_row(row, 1)?)))?;
        let found: Vec<(String, Option<Hole>)> = rows.collect::<Result<_, _>>()?;
        Ok(found.into_iter().filter_map(|(id, hole)| Some((id, hole?))).collect())
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

    /// Writes down how much is held.
    pub(super) fn set_stretch(&self, key: i64, stretch: Stretch) -> Stored<()> {
        let Stretch { from, start_reached, hole } = stretch;
        self.sql
            .prepare_cached(
                "UPDATE conversations SET from_second = ?2, from_n = ?3, start_reached = ?4, hole_from_second = ?5,
                     hole_from_n = ?6, hole_to_second = ?7, hole_to_n = ?8, hole_live = ?9 WHERE key = ?1",
            )?
            .execute((
                key,
                from.map(|from| from.second),
                from.map(|from| from.n),
                start_reached,
                hole.map(|hole| hole.from.second),
                hole.map(|hole| hole.from.n),
                hole.map(|hole| hole.to.second),
                hole.map(|hole| hole.to.n),
                hole.is_some_and(|hole| hole.live),
            ))?;
        Ok(())
    }

    /// Nobody can say any more what happened to the messages that are held: each held stretch becomes a hole, which the
    /// pages that come take away again. Everything stays readable meanwhile.
    pub(crate) fn doubt_all(&self) -> Stored<()> {
        self.sql.execute(
            "UPDATE conversations SET hole_from_second = from_second, hole_from_n = from_n,
                 (hole_to_second, hole_to_n) = (SELECT second, n FROM messages WHERE conversation = key
                                                ORDER BY second DESC, n DESC LIMIT 1)
             WHERE held = 1 AND from_second IS NOT NULL",
            [],
        )?;
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
    /// From where on messages are held, whether that is the start, and what may be missing behind it.
    pub(super) fn stretch(&self, key: i64) -> Stored<Stretch> {
        let mut query = self.0.prepare_cached(
            "SELECT from_second, from_n, start_reached, hole_from_second, hole_from_n, hole_to_second, hole_to_n,
                 hole_live FROM conversations WHERE key = ?1",
        )?;
        let found = query
            .query_row([key], |row| {
                let (second, n): (Option<i64>, Option<i64>) = (row.get(0)?, row.get(1)?);
                let from = second.zip(n).map(|(second, n)| Place { second, n });
                Ok(Stretch { from, start_reached: row.get(2)?, hole: hole_from_row(row, 3)? })
            })
            .optional()?;
        found.ok_or(StoreError::Broken("no such conversation key"))
    }
}

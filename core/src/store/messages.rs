//! Messages, clustered by conversation and place.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Row};

use super::{Read, Stored, Topic, Tx};
use crate::model::place::Place;
use crate::model::queue::{Event, State};
use crate::model::records::Message;
use crate::model::stretch::{Cover, Stretch};

/// What a history page says beside its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutOfPage {
    /// The page ends before this place; `None` = it reaches the newest message.
    pub before: Option<Place>,
    /// Nothing older exists at the server.
    pub start_reached: bool,
    /// Seq of the read that made the page.
    pub as_of: i64,
}

/// With fewer messages of an own conversation than this an import is worth a call (protocol.md 4).
const FEW: u32 = 20;

const COLUMNS: &str = "m.id, c.id, m.version, m.n, m.sent_at, m.written_at, m.author_kind, m.author_id, m.body, \
     m.reply_to, m.deleted, m.step, m.times, m.trouble, m.extras";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        id: row.get(0)?,
        conversation_id: row.get(1)?,
        version: row.get(2)?,
        n: row.get(3)?,
        sent_at: row.get(4)?,
        written_at: row.get(5)?,
        author_kind: row.get(6)?,
        author_id: row.get(7)?,
        body: row.get(8)?,
        reply_to: row.get(9)?,
        deleted: row.get(10)?,
        step: row.get(11)?,
        times: row.get(12)?,
        trouble: row.get(13)?,
        extras: row.get(14)?,
    })
}

impl Read<'_> {
    pub(crate) fn message(&self, id: &str) -> Stored<Option<Message>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM messages m JOIN conversations c ON c.key = m.conversation WHERE m.id = ?1"
        );
        Ok(self.0.prepare_cached(&sql)?.query_row([id], from_row).optional()?)
    }

    /// The newest `limit` messages at or after `from`, oldest first.
    pub(crate) fn messages_from(
        &self,
        conversation: &str,
        from: Place,
        limit: u32,
    ) -> Stored<Vec<Message>> {
        let Some(key) = self.conversation_key(conversation)? else { return Ok(Vec::new()) };
        let sql = format!(
            "SELECT {COLUMNS} FROM messages m JOIN conversations c ON c.key = m.conversation
             WHERE m.conversation = ?1 AND (m.second, m.n) >= (?2, ?3)
             ORDER BY m.second DESC, m.n DESC LIMIT ?4"
        );
        let mut query = self.0.prepare_cached(&sql)?;
        let rows = query.query_map((key, from.second, from.n, limit), from_row)?;
        let mut messages: Vec<Message> = rows.collect::<Result<_, _>>()?;
        messages.reverse();
        Ok(messages)
    }

    pub(crate) fn count_messages_from(&self, conversation: &str, from: Place) -> Stored<u32> {
        let Some(key) = self.conversation_key(conversation)? else { return Ok(0) };
        let mut query = self.0.prepare_cached(
            "SELECT count(*) FROM messages WHERE conversation = ?1 AND (second, n) >= (?2, ?3)",
        )?;
        Ok(query.query_row((key, from.second, from.n), |row| row.get(0))?)
    }

    /// Messages numbered above `n`, oldest first: what came since somebody looked.
    pub(crate) fn messages_after(&self, conversation: &str, n: i64) -> Stored<Vec<Message>> {
        let Some(key) = self.conversation_key(conversation)? else { return Ok(Vec::new()) };
        let sql = format!(
            "SELECT {COLUMNS} FROM messages m JOIN conversations c ON c.key = m.conversation
             WHERE m.conversation = ?1 AND m.n > ?2 ORDER BY m.n"
        );
        let mut query = self.0.prepare_cached(&sql)?;
        Ok(query.query_map((key, n), from_row)?.collect::<Result<_, _>>()?)
    }

    /// Messages with trouble at the server, oldest first.
    pub(crate) fn troubled_messages(&self) -> Stored<Vec<Message>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM messages m JOIN conversations c ON c.key = m.conversation
             WHERE m.trouble IS NOT NULL AND c.held = 1 ORDER BY c.id, m.n"
        );
        let mut query = self.0.prepare_cached(&sql)?;
        Ok(query.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }

    fn oldest_place(&self, key: i64, from: Place) -> Stored<Option<Place>> {
        let mut query = self.0.prepare_cached(
            "SELECT second, n FROM messages WHERE conversation = ?1 AND (second, n) >= (?2, ?3)
             ORDER BY second, n LIMIT 1",
        )?;
        Ok(query
            .query_row((key, from.second, from.n), |row| {
                Ok(Place { second: row.get(0)?, n: row.get(1)? })
            })
            .optional()?)
    }

    /// True if no live number is missing between the messages at or after `from`.
    fn is_dense(&self, key: i64, from: Place) -> Stored<bool> {
        let mut query = self.0.prepare_cached(
            "SELECT count(*), coalesce(max(n) - min(n) + 1, 0) FROM messages
             WHERE conversation = ?1 AND (second, n) >= (?2, ?3) AND n > 0",
        )?;
        Ok(query.query_row((key, from.second, from.n), |row| {
            Ok(row.get::<_, i64>(0)? == row.get::<_, i64>(1)?)
        })?)
    }

    fn newest_place(&self, key: i64, from: Place) -> Stored<Option<Place>> {
        let mut query = self.0.prepare_cached(
            "SELECT second, n FROM messages WHERE conversation = ?1 AND (second, n) >= (?2, ?3)
             ORDER BY second DESC, n DESC LIMIT 1",
        )?;
        Ok(query
            .query_row((key, from.second, from.n), |row| {
                Ok(Place { second: row.get(0)?, n: row.get(1)? })
            })
            .optional()?)
    }
}

impl Tx<'_> {
    /// Stores it if it is newer than what is held; true if it was.
    pub(crate) fn put_message(&self, it: &Message) -> Stored<bool> {
        // The server has it: whatever an earlier epoch left open about it is answered.
        if let Some(asked) = self.read().queued(&it.id)?.filter(|it| it.state == State::Unknown) {
            self.step_command(&asked, Event::CaughtUp)?;
        }
        let held: Option<i64> = self
            .sql
            .prepare_cached("SELECT version FROM messages WHERE id = ?1")?
            .query_row([&it.id], |row| row.get(0))
            .optional()?;
        if held.is_some_and(|version| version >= it.version) {
            return Ok(false);
        }
        let key = self.key_for(&it.conversation_id)?;
        let place = Place::of(it.sent_at, it.n);
        self.sql.prepare_cached("DELETE FROM messages WHERE id = ?1")?.execute([&it.id])?;
        self.sql
            .prepare_cached(
                "INSERT OR REPLACE INTO messages (conversation, second, n, id, version, sent_at, written_at, author_kind,
                     author_id, body, reply_to, deleted, step, times, trouble, extras)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
            )?
            .execute(rusqlite::params![
                key,
                place.second,
                place.n,
                it.id,
                it.version,
                it.sent_at,
                it.written_at,
                it.author_kind,
                it.author_id,
                it.body,
                it.reply_to,
                it.deleted,
                it.step,
                it.times,
                it.trouble,
                it.extras,
            ])?;
        self.touch_conversation(&it.conversation_id);
        self.touch(Topic::Outbox);
        Ok(held.is_none())
    }

    /// Takes in the last message of a conversation, alone. Above what is held it leaves a hole until the page of the newest comes.
    pub(crate) fn put_last(&self, it: &Message) -> Stored<()> {
        let key = self.key_for(&it.conversation_id)?;
        let stretch = self.read().stretch(key)?;
        let newest = match stretch.from {
            Some(held) => self.read().newest_place(key, held)?,
            None => None,
        };
        self.put_message(it)?;
        let after = stretch.with_last(Place::of(it.sent_at, it.n), newest);
        self.set_stretch(key, self.judged(key, after)?)
    }

    /// A new message that came late may stand below all that is held: it is shown at once, above a hole.
    pub(crate) fn reach_down(&self, it: &Message) -> Stored<()> {
        let key = self.key_for(&it.conversation_id)?;
        let after = self.read().stretch(key)?.with_late(Place::of(it.sent_at, it.n));
        self.set_stretch(key, self.judged(key, after)?)
    }

    /// Live numbers are dense: where none is missing, nobody can have spoken in a hole.
    fn judged(&self, key: i64, mut stretch: Stretch) -> Stored<Stretch> {
        if let Some(hole) = stretch.hole.as_mut().filter(|hole| hole.live) {
            hole.live = !self.read().is_dense(key, stretch.from.unwrap_or(Place::START))?;
        }
        Ok(stretch)
    }

    /// Takes in a page of history, oldest first: stores its messages, deletes held ones that it should have brought, and
    /// moves the border from which on nothing is missing.
    pub(crate) fn put_page(
        &self,
        conversation: &str,
        page: &[Message],
        out: OutOfPage,
    ) -> Stored<()> {
        let key = self.key_for(conversation)?;
        let stretch = self.read().stretch(key)?;
        let oldest = page.first().map(|message| Place::of(message.sent_at, message.n));
        let from = if out.start_reached { Place::START } else { oldest.unwrap_or(Place::START) };
        let newest = match stretch.from {
            Some(held) => self.read().newest_place(key, held)?,
            None => None,
        };
        self.delete_unbrought(key, page, from, out)?;
        for message in page {
            self.put_message(message)?;
        }
        let until = out.before.unwrap_or(Place::END);
        let cover = Cover { from, until, start_reached: out.start_reached };
        let after = self.judged(key, stretch.with_page(cover, newest))?;
        self.set_stretch(key, after)?;
        self.touch_conversation(conversation);
        Ok(())
    }

    /// The server imported messages between `from` and `to`, both inclusive. `member` is who reads here.
    pub(crate) fn open_range(
        &self,
        conversation: &str,
        (from, to): (Place, Place),
        member: Option<&str>,
    ) -> Stored<()> {
        let Some(held) = self.read().conversation(conversation)? else { return Ok(()) };
        let key = self.key_for(conversation)?;
        let stretch = self.read().stretch(key)?;
        let start = stretch.from.unwrap_or(Place::START);
        let count = self.read().count_messages_from(conversation, start)?;
        let mine = member.is_some() && held.record.assignee.as_deref() == member;
        let oldest = self.read().oldest_place(key, start)?;
        let wanted = mine && count < FEW;
        self.set_stretch(key, stretch.with_import((from, to), oldest, wanted))?;
        self.touch_conversation(conversation);
        Ok(())
    }

    fn delete_unbrought(
        &self,
        key: i64,
        page: &[Message],
        from: Place,
        out: OutOfPage,
    ) -> Stored<()> {
        let brought: BTreeSet<&str> = page.iter().map(|message| message.id.as_str()).collect();
        let before = out.before.unwrap_or(Place::END);
        let mut query = self.sql.prepare_cached(
            "SELECT id FROM messages WHERE conversation = ?1 AND (second, n) >= (?2, ?3)
                 AND (second, n) < (?4, ?5) AND version <= ?6",
        )?;
        let held: Vec<String> = query
            .query_map((key, from.second, from.n, before.second, before.n, out.as_of), |row| {
                row.get(0)
            })?
            .collect::<Result<_, _>>()?;
        for id in held.iter().filter(|id| !brought.contains(id.as_str())) {
            self.sql.prepare_cached("DELETE FROM messages WHERE id = ?1")?.execute([id])?;
        }
        Ok(())
    }

    /// The server says that this message is gone.
    pub(crate) fn drop_message(&self, id: &str) -> Stored<()> {
        if let Some(message) = self.read().message(id)? {
            self.sql.prepare_cached("DELETE FROM messages WHERE id = ?1")?.execute([id])?;
            self.touch_conversation(&message.conversation_id);
            self.touch(Topic::Outbox);
        }
        Ok(())
    }
}

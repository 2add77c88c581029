//! Old messages: how far an import has got, their numbers, and what they match.

use rusqlite::{Connection, OptionalExtension as _};

use super::objects::Place;
use super::texts::MessageRow;
use super::{StoreError, texts};

/// No message of ours waits longer for WhatsApp than this, ms (protocol.md 5: seven days).
const WAITED_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// Notes how far an import has got; percent and phase only climb, for parts overtake each other.
pub(crate) fn progress(
    c: &Connection,
    channel: &str,
    phase: Option<i64>,
    percent: Option<i64>,
    at: i64,
) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO imports (channel, phase, percent, first_at, last_at) VALUES (?1, ?2, ?3, ?4, ?4)
         ON CONFLICT (channel) DO UPDATE SET
             phase = CASE WHEN ?2 IS NULL OR phase > ?2 THEN phase ELSE ?2 END,
             percent = CASE WHEN ?3 IS NULL OR percent > ?3 THEN percent ELSE ?3 END,
             first_at = coalesce(first_at, ?4),
             last_at = max(coalesce(last_at, ?4), ?4)",
    )?
    .execute((channel, phase, percent, at))?;
    Ok(())
}

/// Notes that the owner keeps the old messages to the phone.
pub(crate) fn declined(c: &Connection, channel: &str, at: i64) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO imports (channel, declined_at) VALUES (?1, ?2)
         ON CONFLICT (channel) DO UPDATE SET declined_at = coalesce(declined_at, ?2)",
    )?
    .execute((channel, at))?;
    Ok(())
}

/// Notes that an import was asked for, first tried at `first`: whatever an earlier one came to is over.
/// What came since then stays: parts of it, or the owner's no, may be quicker than Meta's answer to us.
pub(crate) fn asked(c: &Connection, channel: &str, at: i64, first: i64) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO imports (channel, asked_at) VALUES (?1, ?2)
         ON CONFLICT (channel) DO UPDATE SET asked_at = ?2,
             phase = iif(last_at >= ?3, phase, NULL),
             percent = iif(last_at >= ?3, percent, NULL),
             first_at = iif(last_at >= ?3, max(first_at, ?3), NULL),
             last_at = iif(last_at >= ?3, last_at, NULL),
             declined_at = iif(declined_at >= ?3, declined_at, NULL)",
    )?
    .execute((channel, at, first))?;
    Ok(())
}

/// Channels, of one account if one of ours is named, whose import was asked for since `since` (ms UTC), or
/// is being asked for, not declined and not at its end.
pub(crate) fn running(
    c: &Connection,
    since: i64,
    waba_id: Option<&str>,
) -> Result<Vec<String>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT h.id FROM channels h LEFT JOIN imports i ON i.channel = h.id
         LEFT JOIN sync_calls s ON s.channel = h.id AND s.kind = 'history' AND s.code IS NULL
         WHERE coalesce(s.tried_at, i.asked_at) >= ?1
           AND coalesce(i.declined_at >= coalesce(s.tried_at, i.asked_at), 0) = 0
           AND NOT (coalesce(i.percent, 0) >= 100
                    AND coalesce(i.last_at >= coalesce(s.tried_at, i.asked_at), 0))
           AND (?2 IS NULL OR h.waba_id = ?2
                OR NOT EXISTS (SELECT 1 FROM channels o WHERE o.waba_id = ?2))
         ORDER BY h.id",
    )?;
    let rows = statement.query_map((since, waba_id), |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The lowest number in a conversation, at most 0: imported messages count down from there.
pub(crate) fn lowest_n(c: &Connection, conversation: &str) -> Result<i64, StoreError> {
    Ok(c.prepare_cached("SELECT min(n) FROM messages WHERE conversation = ?1")?
        .query_row([conversation], |row| row.get::<_, Option<i64>>(0))?
        .unwrap_or(0)
        .min(0))
}

/// Makes a conversation what one is that an import alone made: resolved, nobody's to handle.
pub(crate) fn lay_to_rest(c: &Connection, conversation: &str) -> Result<(), StoreError> {
    c.prepare_cached(
        "UPDATE conversations SET status = 'resolved', handler = 'none' WHERE id = ?1",
    )?
    .execute([conversation])?;
    Ok(())
}

/// A customer wrote in a conversation that an import alone had made: people handle it now.
pub(crate) fn wake(c: &Connection, conversation: &str) -> Result<(), StoreError> {
    c.prepare_cached(
        "UPDATE conversations SET handler = 'human'
         WHERE id = ?1 AND handler = 'none' AND assignee IS NULL",
    )?
    .execute([conversation])?;
    Ok(())
}

/// The old messages that one commit has added to a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Batch {
    /// Lowest and highest number.
    pub(crate) numbers: (i64, i64),
    /// First and last place.
    pub(crate) places: (Place, Place),
}

impl Batch {
    /// One message.
    pub(crate) const fn of(place: Place) -> Self {
        Self { numbers: (place.n, place.n), places: (place, place) }
    }

    /// With one more.
    pub(crate) fn and(self, place: Place) -> Self {
        Self {
            numbers: (self.numbers.0.min(place.n), self.numbers.1.max(place.n)),
            places: (self.places.0.min(place), self.places.1.max(place)),
        }
    }

    /// What the change row carries.
    pub(crate) fn payload(&self) -> serde_json::Value {
        serde_json::json!({
            "from_pos": self.places.0.to_string(),
            "to_pos": self.places.1.to_string(),
        })
    }
}

/// Marks the messages of a batch as imported and writes their version.
pub(crate) fn seal(
    c: &Connection,
    conversation: &str,
    batch: &Batch,
    version: i64,
) -> Result<(), StoreError> {
    c.prepare_cached(
        "UPDATE messages SET imported = 1, version = ?4
         WHERE conversation = ?1 AND n BETWEEN ?2 AND ?3",
    )?
    .execute((conversation, batch.numbers.0, batch.numbers.1, version))?;
    Ok(())
}

/// Takes an imported message out, so that it can stand as the live one it turned out to be.
pub(crate) fn take_out(c: &Connection, conversation: &str, n: i64) -> Result<(), StoreError> {
    c.prepare_cached("DELETE FROM messages WHERE conversation = ?1 AND n = ?2 AND n < 0")?
        .execute((conversation, n))?;
    Ok(())
}

/// Whether an old message stands already under another id.
pub(crate) fn is_matched(c: &Connection, wamid: &str) -> Result<bool, StoreError> {
    Ok(c.prepare_cached("SELECT EXISTS (SELECT 1 FROM import_matches WHERE wamid = ?1)")?
        .query_row([wamid], |row| row.get(0))?)
}

/// The message with this id of Meta's, or the live one that an old message of this id turned out to be.
pub(crate) fn by_either_wamid(
    c: &Connection,
    wamid: &str,
) -> Result<Option<MessageRow>, StoreError> {
    if let Some(found) = texts::by_wamid(c, wamid)? {
        return Ok(Some(found));
    }
    let matched: Option<String> = c
        .prepare_cached("SELECT message FROM import_matches WHERE wamid = ?1")?
        .query_row([wamid], |row| row.get(0))
        .optional()?;
    match matched {
        Some(id) => texts::by_id(c, &id),
        None => Ok(None),
    }
}

/// Whether a number was connected at a time (ms UTC).
pub(crate) fn was_connected(c: &Connection, channel: &str, at: i64) -> Result<bool, StoreError> {
    Ok(c.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM line_periods
         WHERE channel = ?1 AND from_at <= ?2 AND (to_at IS NULL OR ?2 <= to_at)
         UNION ALL
         SELECT 1 FROM channels WHERE id = ?1 AND created_at <= ?2
         AND NOT EXISTS (SELECT 1 FROM line_periods WHERE channel = ?1))",
    )?
    .query_row((channel, at), |row| row.get(0))?)
}

/// A live message that an old one may be.
pub(crate) struct Candidate {
    /// Message id.
    pub(crate) id: String,
    /// When it was sent, ms UTC: for ours, when Meta had it, if that is known.
    pub(crate) at: i64,
    /// `{kind, ...}`, JSON text.
    pub(crate) body: String,
}

/// Live messages of one direction within `within` ms of a time that no old message matches yet.
/// Our own count by the time Meta had them, for they may have waited long before that.
pub(crate) fn candidates(
    c: &Connection,
    conversation: &str,
    by_business: bool,
    at: i64,
    within: i64,
) -> Result<Vec<Candidate>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT m.id, coalesce(m.times ->> 'sent', s.attempted_at, m.sent_at) AS gone, m.body
         FROM messages m LEFT JOIN sends s ON s.message = m.id
         WHERE m.conversation = ?1 AND m.n > 0 AND m.imported = 0 AND m.deleted IS NULL
           AND (m.author_kind = 'customer') <> ?2 AND m.author_kind <> 'system'
           AND (s.message IS NULL OR s.attempts > 0)
           AND m.sent_at / 1000 BETWEEN ?5 AND ?4 / 1000 AND gone BETWEEN ?3 AND ?4
           AND NOT EXISTS (SELECT 1 FROM import_matches x WHERE x.message = m.id)",
    )?;
    let (first, last) = (at.saturating_sub(within), at.saturating_add(within));
    let earliest = if by_business { at.saturating_sub(WAITED_MS) } else { first };
    let rows = statement
        .query_map((conversation, by_business, first, last, earliest.div_euclid(1_000)), |row| {
            Ok(Candidate { id: row.get(0)?, at: row.get(1)?, body: row.get(2)? })
        })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Notes that an old message is this one.
pub(crate) fn note_match(c: &Connection, wamid: &str, message: &str) -> Result<(), StoreError> {
    c.prepare_cached("INSERT OR IGNORE INTO import_matches (wamid, message) VALUES (?1, ?2)")?
        .execute((wamid, message))?;
    Ok(())
}

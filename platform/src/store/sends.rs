//! The queue towards WhatsApp, and what counts as an answer to a customer.

use rusqlite::{Connection, OptionalExtension as _, Row};
use serde_json::Value;

use super::StoreError;
use crate::meta::send::state::State;

/// A message that has to go to WhatsApp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SendRow {
    /// Message id.
    pub(crate) message: String,
    /// Conversation id.
    pub(crate) conversation: String,
    /// Channel id.
    pub(crate) channel: String,
    /// Order within the conversation.
    pub(crate) n: i64,
    /// Device whose own messages never count against it.
    pub(crate) device: Option<String>,
    /// The newest message its writer had seen.
    pub(crate) based_on_n: i64,
    /// Where it stands.
    pub(crate) state: State,
    /// Attempts recorded.
    pub(crate) attempts: i64,
    /// When the last one was recorded, ms UTC.
    pub(crate) attempted_at: Option<i64>,
    /// Not before, ms UTC; 0 = at once.
    pub(crate) next_try_at: i64,
    /// Since when its outcome is unknown, ms UTC.
    pub(crate) unknown_since: Option<i64>,
    /// A person let later ones go first.
    pub(crate) passed: bool,
    /// `R5` or `R11` while it waits for a stopped line.
    pub(crate) line: Option<String>,
    /// Tries to bring its file up.
    pub(crate) upload_tries: i64,
}

const COLUMNS: &str = "message, conversation, channel, n, device, based_on_n, state, attempts, \
     attempted_at, next_try_at, unknown_since, passed, line, upload_tries";

/// As in the partial index `sends_open`.
const OPEN: &str = "state IN ('waiting', 'attempted', 'unknown', 'held')";

fn read(row: &Row<'_>) -> rusqlite::Result<SendRow> {
    let state: String = row.get(6)?;
    Ok(SendRow {
        message: row.get(0)?,
        conversation: row.get(1)?,
        channel: row.get(2)?,
        n: row.get(3)?,
        device: row.get(4)?,
        based_on_n: row.get(5)?,
        state: State::of(&state),
        attempts: row.get(7)?,
        attempted_at: row.get(8)?,
        next_try_at: row.get(9)?,
        unknown_since: row.get(10)?,
        passed: row.get(11)?,
        line: row.get(12)?,
        upload_tries: row.get(13)?,
    })
}

/// The send of a message, if it is one.
pub(crate) fn get(c: &Connection, message: &str) -> Result<Option<SendRow>, StoreError> {
    Ok(c.prepare_cached(&format!("SELECT {COLUMNS} FROM sends WHERE message = ?1"))?
        .query_row([message], read)
        .optional()?)
}

/// Every send that is not over, by conversation and in order.
pub(crate) fn open(c: &Connection) -> Result<Vec<SendRow>, StoreError> {
    let mut statement = c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM sends WHERE {OPEN} ORDER BY conversation, n"
    ))?;
    Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
}

/// The sends of one conversation that are not over, in order.
pub(crate) fn open_of(c: &Connection, conversation: &str) -> Result<Vec<SendRow>, StoreError> {
    let mut statement = c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM sends WHERE conversation = ?1 AND {OPEN} ORDER BY n"
    ))?;
    Ok(statement.query_map([conversation], read)?.collect::<Result<_, _>>()?)
}

/// A recorded attempt, for pacing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// Conversation id.
    pub(crate) conversation: String,
    /// Channel id.
    pub(crate) channel: String,
    /// ms UTC.
    pub(crate) at: i64,
}

/// The attempts recorded after `since` (ms UTC), in their order.
pub(crate) fn recorded_since(c: &Connection, since: i64) -> Result<Vec<Recorded>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT conversation, channel, attempted_at FROM sends
         WHERE attempted_at > ?1 ORDER BY attempted_at, message",
    )?;
    let rows = statement.query_map([since], |row| {
        Ok(Recorded { conversation: row.get(0)?, channel: row.get(1)?, at: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The waiting sends of a channel, by conversation and in order.
pub(crate) fn waiting_on(c: &Connection, channel: &str) -> Result<Vec<SendRow>, StoreError> {
    let mut statement = c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM sends WHERE channel = ?1 AND state = 'waiting' AND {OPEN}
         ORDER BY conversation, n"
    ))?;
    Ok(statement.query_map([channel], read)?.collect::<Result<_, _>>()?)
}

/// Adds a send.
pub(crate) fn insert(c: &Connection, send: &SendRow) -> Result<(), StoreError> {
    write(
        c,
        &format!(
            "INSERT INTO sends ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
        ),
        send,
    )
}

/// Writes a send anew.
pub(crate) fn update(c: &Connection, send: &SendRow) -> Result<(), StoreError> {
    write(
        c,
        &format!(
            "REPLACE INTO sends ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
        ),
        send,
    )
}

fn write(c: &Connection, sql: &str, send: &SendRow) -> Result<(), StoreError> {
    c.prepare_cached(sql)?.execute(rusqlite::params![
        send.message,
        send.conversation,
        send.channel,
        send.n,
        send.device,
        send.based_on_n,
        send.state.word(),
        send.attempts,
        send.attempted_at,
        send.next_try_at,
        send.unknown_since,
        send.passed,
        send.line,
        send.upload_tries,
    ])?;
    Ok(())
}

/// Where a message goes and with what.
pub(crate) struct Target {
    /// Meta's id of our number.
    pub(crate) phone_number_id: String,
    /// The sealed access token.
    pub(crate) token_sealed: Vec<u8>,
    /// The customer's number.
    pub(crate) phone: Option<String>,
    /// The customer's business-scoped user id.
    pub(crate) wa_user_id: Option<String>,
    /// `{kind, ...}`.
    pub(crate) body: Value,
    /// Meta's id of the quoted message, if it is known.
    pub(crate) reply_wamid: Option<String>,
}

/// The number and the user id that a conversation's messages go to.
pub(crate) fn address(
    c: &Connection,
    conversation: &str,
) -> Result<(Option<String>, Option<String>), StoreError> {
    Ok(c.prepare_cached(
        "SELECT coalesce(k.phone, o.phone), coalesce(k.wa_user_id, o.wa_user_id)
         FROM conversations v
         JOIN contacts f ON f.id = v.contact
         JOIN contacts k ON k.id = coalesce(f.merged_into, f.id)
         LEFT JOIN contacts o ON o.id = k.perhaps_same AND k.phone IS NULL AND k.wa_user_id IS NULL
         WHERE v.id = ?1",
    )?
    .query_row([conversation], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// Where a send goes and with what.
pub(crate) fn target(c: &Connection, send: &SendRow) -> Result<Target, StoreError> {
    let (target, body) = c
        .prepare_cached(
            "SELECT h.phone_number_id, h.token_sealed, coalesce(k.phone, o.phone),
                    coalesce(k.wa_user_id, o.wa_user_id), m.body, q.wamid
             FROM messages m
             JOIN conversations v ON v.id = m.conversation
             JOIN contacts f ON f.id = v.contact
             JOIN contacts k ON k.id = coalesce(f.merged_into, f.id)
             -- A contact without any id gave its number to the one that it is perhaps the same as.
             LEFT JOIN contacts o ON o.id = k.perhaps_same AND k.phone IS NULL AND k.wa_user_id IS NULL
             JOIN channels h ON h.id = v.channel
             LEFT JOIN messages q ON q.id = m.reply_to
             WHERE m.conversation = ?1 AND m.n = ?2",
        )?
        .query_row((&send.conversation, send.n), |row| {
            let target = Target {
                phone_number_id: row.get(0)?,
                token_sealed: row.get(1)?,
                phone: row.get(2)?,
                wa_user_id: row.get(3)?,
                body: Value::Null,
                reply_wamid: row.get(5)?,
            };
            Ok((target, row.get::<_, String>(4)?))
        })?;
    Ok(Target { body: serde_json::from_str(&body)?, ..target })
}

/// A message that may count as an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// owner_app, agent or ai.
    pub(crate) author_kind: String,
    /// Member id of an agent.
    pub(crate) author_member: Option<String>,
    /// Its number.
    pub(crate) n: i64,
    /// Its body.
    pub(crate) body: String,
}

/// Answers with a number above `based_on_n`, newest first: the owner's phone, and agents and AI
/// whose own attempt is recorded, but for `message` itself and for what `device` wrote. Not:
/// imported, deleted, stopped or held ones. Greetings are for the caller to tell.
pub(crate) fn answers_since(
    c: &Connection,
    conversation: &str,
    based_on_n: i64,
    message: &str,
    device: Option<&str>,
) -> Result<Vec<Answer>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT m.author_kind, m.author_member, m.n, m.body
         FROM messages m LEFT JOIN sends s ON s.message = m.id
         WHERE m.conversation = ?1 AND m.n > ?2 AND m.id <> ?3
           AND m.deleted IS NULL AND m.imported = 0
           AND (m.author_kind = 'owner_app'
                OR (m.author_kind IN ('agent', 'ai') AND s.attempts > 0
                    AND s.state IN ('waiting', 'attempted', 'unknown', 'accepted')
                    AND (?4 IS NULL OR m.author_device IS NULL OR m.author_device <> ?4)))
         ORDER BY m.n DESC",
    )?;
    let answers = statement.query_map((conversation, based_on_n, message, device), |row| {
        Ok(Answer {
            author_kind: row.get(0)?,
            author_member: row.get(1)?,
            n: row.get(2)?,
            body: row.get(3)?,
        })
    })?;
    Ok(answers.collect::<Result<_, _>>()?)
}

/// Number of the newest message of an agent or the AI that still stands as an answer: neither
/// taken back nor stopped. 0 if there is none.
pub(crate) fn last_own_answer(c: &Connection, conversation: &str) -> Result<i64, StoreError> {
    Ok(c.prepare_cached(
        "SELECT m.n FROM messages m LEFT JOIN sends s ON s.message = m.id
         WHERE m.conversation = ?1 AND m.n > 0 AND m.author_kind IN ('agent', 'ai')
           AND m.deleted IS NULL AND (s.state IS NULL OR s.state NOT IN ('stopped', 'withdrawn'))
           AND json_extract(m.body, '$.kind') NOT IN ('note', 'event')
         ORDER BY m.n DESC LIMIT 1",
    )?
    .query_row([conversation], |row| row.get(0))
    .optional()?
    .unwrap_or(0))
}

/// The owner's messages from `second` (of `sent_at`) on, newest by time first: second, number,
/// body. The caller stops at the first that is an answer.
pub(crate) fn owner_since(
    c: &Connection,
    conversation: &str,
    second: i64,
    mut stop_at: impl FnMut(&str) -> bool,
) -> Result<Option<(i64, i64)>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT sent_at / 1000, n, body FROM messages
         WHERE conversation = ?1 AND sent_at / 1000 >= ?2
           AND author_kind = 'owner_app' AND deleted IS NULL AND imported = 0
         ORDER BY sent_at / 1000 DESC, n DESC",
    )?;
    let mut rows = statement.query((conversation, second))?;
    while let Some(row) = rows.next()? {
        let body: String = row.get(2)?;
        if stop_at(&body) {
            return Ok(Some((row.get(0)?, row.get(1)?)));
        }
    }
    Ok(None)
}

/// Customer messages that nothing answers: later than `own_n` in number, and later than
/// `(second, n)` in time. Gives the earliest `sent_at`, and how many of them have a number above
/// `read_up_to_n`.
pub(crate) fn unanswered(
    c: &Connection,
    conversation: &str,
    own_n: i64,
    owner: Option<(i64, i64)>,
    read_up_to_n: i64,
) -> Result<(Option<i64>, i64), StoreError> {
    let (second, n) = owner.unwrap_or((i64::MIN, 0));
    Ok(c.prepare_cached(
        "SELECT min(sent_at), count(*) FILTER (WHERE n > ?5) FROM messages
         WHERE conversation = ?1 AND n > ?2 AND author_kind = 'customer'
           AND deleted IS NULL AND imported = 0
           AND (sent_at / 1000 > ?3 OR (sent_at / 1000 = ?3 AND n > ?4))",
    )?
    .query_row((conversation, own_n, second, n, read_up_to_n), |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?)
}

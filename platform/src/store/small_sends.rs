//! What goes to Meta beside messages: reactions and read marks. And the other ids of conversations.

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::StoreError;

/// A reaction on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReactionRow {
    /// The command's id; comes back in statuses.
    pub(crate) id: String,
    /// Message id.
    pub(crate) message: String,
    /// Conversation id.
    pub(crate) conversation: String,
    /// Channel id.
    pub(crate) channel: String,
    /// Who reacted.
    pub(crate) member: String,
    /// Empty: the reaction is taken away.
    pub(crate) emoji: String,
    /// waiting, attempted, sent, refused, replaced.
    pub(crate) state: String,
    /// Attempts recorded.
    pub(crate) tries: i64,
    /// Not before, ms UTC.
    pub(crate) next_try_at: i64,
    /// When it was made, ms UTC.
    pub(crate) made_at: i64,
    /// WhatsApp's code of a refusal.
    pub(crate) code: Option<i64>,
}

const REACTION: &str = "id, message, conversation, channel, member, emoji, state, tries, \
     next_try_at, made_at, code";

fn read_reaction(row: &Row<'_>) -> rusqlite::Result<ReactionRow> {
    Ok(ReactionRow {
        id: row.get(0)?,
        message: row.get(1)?,
        conversation: row.get(2)?,
        channel: row.get(3)?,
        member: row.get(4)?,
        emoji: row.get(5)?,
        state: row.get(6)?,
        tries: row.get(7)?,
        next_try_at: row.get(8)?,
        made_at: row.get(9)?,
        code: row.get(10)?,
    })
}

/// The reaction of this id.
pub(crate) fn reaction(c: &Connection, id: &str) -> Result<Option<ReactionRow>, StoreError> {
    Ok(c.prepare_cached(&format!("SELECT {REACTION} FROM reaction_sends WHERE id = ?1"))?
        .query_row([id], read_reaction)
        .optional()?)
}

/// Whether this is the id of a message or of a reaction: statuses name both by it.
pub(crate) fn is_taken(c: &Connection, id: &str) -> Result<bool, StoreError> {
    Ok(c.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM messages WHERE id = ?1)
             OR EXISTS (SELECT 1 FROM reaction_sends WHERE id = ?1)",
    )?
    .query_row([id], |row| row.get(0))?)
}

/// Writes a reaction, new or anew.
pub(crate) fn put_reaction(c: &Connection, row: &ReactionRow) -> Result<(), StoreError> {
    c.prepare_cached(&format!(
        "REPLACE INTO reaction_sends ({REACTION})
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
    ))?
    .execute(rusqlite::params![
        row.id,
        row.message,
        row.conversation,
        row.channel,
        row.member,
        row.emoji,
        row.state,
        row.tries,
        row.next_try_at,
        row.made_at,
        row.code,
    ])?;
    Ok(())
}

/// Earlier reactions to a message that have not gone out will not: a newer one is there.
pub(crate) fn replace_reactions(c: &Connection, message: &str) -> Result<(), StoreError> {
    c.prepare_cached(
        "UPDATE reaction_sends SET state = 'replaced' WHERE message = ?1 AND state = 'waiting'",
    )?
    .execute([message])?;
    Ok(())
}

/// The newest reaction to a message that WhatsApp has or may have.
pub(crate) fn last_reaction(
    c: &Connection,
    message: &str,
) -> Result<Option<ReactionRow>, StoreError> {
    Ok(c.prepare_cached(&format!(
        "SELECT {REACTION} FROM reaction_sends
         WHERE message = ?1 AND state IN ('attempted', 'sent') ORDER BY made_at DESC, id DESC LIMIT 1"
    ))?
    .query_row([message], read_reaction)
    .optional()?)
}

/// When the newest reaction to a message was made, ms UTC; 0 without one.
pub(crate) fn newest_made_at(c: &Connection, message: &str) -> Result<i64, StoreError> {
    Ok(c.prepare_cached("SELECT ifnull(max(made_at), 0) FROM reaction_sends WHERE message = ?1")?
        .query_row([message], |row| row.get(0))?)
}

/// Ends, unsent, every read mark that Meta was still to be told of.
pub(crate) fn end_marks(c: &Connection) -> Result<(), StoreError> {
    c.prepare_cached("UPDATE read_marks SET done_n = up_to_n WHERE up_to_n > done_n")?
        .execute([])?;
    Ok(())
}

/// Whether no newer reaction to the same message was made.
pub(crate) fn is_newest(c: &Connection, row: &ReactionRow) -> Result<bool, StoreError> {
    Ok(c.prepare_cached(
        "SELECT NOT EXISTS (SELECT 1 FROM reaction_sends
             WHERE message = ?1 AND (made_at, id) > (?2, ?3) AND state <> 'refused')",
    )?
    .query_row((&row.message, row.made_at, &row.id), |row| row.get(0))?)
}

/// Reactions that have not ended, in the order they were made.
pub(crate) fn open_reactions(c: &Connection) -> Result<Vec<ReactionRow>, StoreError> {
    let mut statement = c.prepare_cached(&format!(
        "SELECT {REACTION} FROM reaction_sends WHERE state IN ('waiting', 'attempted')
         ORDER BY made_at, id"
    ))?;
    Ok(statement.query_map([], read_reaction)?.collect::<Result<_, _>>()?)
}

/// Forgets reactions that ended before this time, ms UTC.
pub(crate) fn prune_reactions(c: &Connection, before: i64) -> Result<(), StoreError> {
    c.prepare_cached(
        "DELETE FROM reaction_sends WHERE made_at < ?1 AND state NOT IN ('waiting', 'attempted')",
    )?
    .execute([before])?;
    Ok(())
}

/// A read mark that Meta has to be told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MarkRow {
    /// Conversation id.
    pub(crate) conversation: String,
    /// Everything up to this number was on a screen.
    pub(crate) up_to_n: i64,
    /// Meta knows up to here.
    pub(crate) done_n: i64,
    /// Tries for this number.
    pub(crate) tries: i64,
    /// Not before, ms UTC.
    pub(crate) next_try_at: i64,
}

fn read_mark(row: &Row<'_>) -> rusqlite::Result<MarkRow> {
    Ok(MarkRow {
        conversation: row.get(0)?,
        up_to_n: row.get(1)?,
        done_n: row.get(2)?,
        tries: row.get(3)?,
        next_try_at: row.get(4)?,
    })
}

/// Has Meta told that a conversation was read up to a number; the highest wins.
pub(crate) fn want_mark(c: &Connection, conversation: &str, n: i64) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO read_marks (conversation, up_to_n) VALUES (?1, ?2)
         ON CONFLICT DO UPDATE SET up_to_n = excluded.up_to_n, tries = 0, next_try_at = 0
         WHERE excluded.up_to_n > up_to_n",
    )?
    .execute((conversation, n))?;
    Ok(())
}

/// Marks that Meta has to be told of, in order.
pub(crate) fn open_marks(c: &Connection) -> Result<Vec<MarkRow>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT conversation, up_to_n, done_n, tries, next_try_at FROM read_marks
         WHERE up_to_n > done_n ORDER BY next_try_at, conversation",
    )?;
    Ok(statement.query_map([], read_mark)?.collect::<Result<_, _>>()?)
}

/// Meta was told up to this number, or will not be.
pub(crate) fn mark_done(c: &Connection, conversation: &str, n: i64) -> Result<(), StoreError> {
    c.prepare_cached("UPDATE read_marks SET done_n = max(done_n, ?2) WHERE conversation = ?1")?
        .execute((conversation, n))?;
    Ok(())
}

/// A try failed; the next one comes at this time, ms UTC.
pub(crate) fn mark_later(
    c: &Connection,
    conversation: &str,
    tries: i64,
    next_try_at: i64,
) -> Result<(), StoreError> {
    c.prepare_cached("UPDATE read_marks SET tries = ?2, next_try_at = ?3 WHERE conversation = ?1")?
        .execute((conversation, tries, next_try_at))?;
    Ok(())
}

/// A customer's message that a call can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// Its number.
    pub(crate) n: i64,
    /// Meta's id.
    pub(crate) wamid: String,
    /// ms UTC.
    pub(crate) sent_at: i64,
}

/// The newest live customer message of a conversation up to a number, but for deleted ones: Meta may
/// not know their ids any more (131009).
pub(crate) fn newest_customer(
    c: &Connection,
    conversation: &str,
    up_to_n: i64,
) -> Result<Option<Named>, StoreError> {
    Ok(c.prepare_cached(
        "SELECT n, wamid, sent_at FROM messages
         WHERE conversation = ?1 AND n > 0 AND n <= ?2 AND author_kind = 'customer'
           AND imported = 0 AND deleted IS NULL AND wamid IS NOT NULL ORDER BY n DESC LIMIT 1",
    )?
    .query_row((conversation, up_to_n), |row| {
        Ok(Named { n: row.get(0)?, wamid: row.get(1)?, sent_at: row.get(2)? })
    })
    .optional()?)
}

/// Has a conversation's other id lead to it.
pub(crate) fn put_alias(c: &Connection, alias: &str, conversation: &str) -> Result<(), StoreError> {
    c.prepare_cached("INSERT INTO conversation_aliases (alias, conversation) VALUES (?1, ?2)")?
        .execute((alias, conversation))?;
    Ok(())
}

/// The conversation that an id leads to, if it is such another id.
pub(crate) fn alias(c: &Connection, alias: &str) -> Result<Option<String>, StoreError> {
    Ok(c.prepare_cached("SELECT conversation FROM conversation_aliases WHERE alias = ?1")?
        .query_row([alias], |row| row.get(0))
        .optional()?)
}

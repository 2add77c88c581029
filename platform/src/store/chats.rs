//! Conversations and the channels they run on, as webhooks and sends change them.

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::StoreError;

/// A business number, as far as messages need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChannelRow {
    /// Id.
    pub(crate) id: String,
    /// Workspace id.
    pub(crate) workspace: String,
    /// Meta's id of the number.
    pub(crate) phone_number_id: String,
    /// The number, digits alone, for comparing.
    pub(crate) digits: String,
}

/// The channel of one of our numbers, by the id that it has at Meta or had before.
pub(crate) fn channel(
    c: &Connection,
    phone_number_id: &str,
) -> Result<Option<ChannelRow>, StoreError> {
    Ok(c.prepare_cached(
        "SELECT id, workspace, phone_number_id, display_digits FROM channels
         WHERE phone_number_id = ?1
         UNION ALL
         SELECT h.id, h.workspace, h.phone_number_id, h.display_digits
         FROM channel_numbers b JOIN channels h ON h.id = b.channel WHERE b.phone_number_id = ?1
         LIMIT 1",
    )?
    .query_row([phone_number_id], |row| {
        Ok(ChannelRow {
            id: row.get(0)?,
            workspace: row.get(1)?,
            phone_number_id: row.get(2)?,
            digits: row.get(3)?,
        })
    })
    .optional()?)
}

/// Writes a channel's version.
pub(crate) fn set_channel_version(
    c: &Connection,
    id: &str,
    version: i64,
) -> Result<(), StoreError> {
    c.prepare_cached("UPDATE channels SET version = ?2 WHERE id = ?1")?.execute((id, version))?;
    Ok(())
}

/// The channels of a business account, for news that names no number.
pub(crate) fn channels_of_account(
    c: &Connection,
    waba_id: &str,
) -> Result<Vec<String>, StoreError> {
    let mut statement =
        c.prepare_cached("SELECT phone_number_id FROM channels WHERE waba_id = ?1 ORDER BY id")?;
    let ids = statement.query_map([waba_id], |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// Texts of the owner's phone that are greetings and so no answer.
pub(crate) fn greetings(c: &Connection, workspace: &str) -> Result<Vec<String>, StoreError> {
    let texts: String = c
        .prepare_cached("SELECT greeting_texts FROM workspaces WHERE id = ?1")?
        .query_row([workspace], |row| row.get(0))?;
    Ok(serde_json::from_str(&texts)?)
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConversationRow {
    /// Id.
    pub(crate) id: String,
    /// Workspace id.
    pub(crate) workspace: String,
    /// Contact id.
    pub(crate) contact: String,
    /// Channel id.
    pub(crate) channel: String,
    /// Who may see it: `unassigned`, `member:<id>` or `team:<id>`.
    pub(crate) scope: String,
    /// open, pending, snoozed or resolved.
    pub(crate) status: String,
    /// End of the snooze, ms UTC.
    pub(crate) snoozed_until: Option<i64>,
    /// End of the customer service window, ms UTC.
    pub(crate) window_closes_at: Option<i64>,
    /// Customer messages that nobody looked at or answered.
    pub(crate) unread: i64,
    /// Number of the newest live message.
    pub(crate) last_n: i64,
    /// First unanswered customer message, ms UTC.
    pub(crate) waiting_since: Option<i64>,
    /// Everything up to this number was looked at.
    pub(crate) read_up_to_n: i64,
    /// Newest `sent_at`, ms UTC: the order of the list.
    pub(crate) last_at: i64,
}

const COLUMNS: &str = "id, workspace, contact, channel, scope, status, snoozed_until, \
     window_closes_at, unread, last_n, waiting_since, read_up_to_n, last_at";

fn read(row: &Row<'_>) -> rusqlite::Result<ConversationRow> {
    Ok(ConversationRow {
        id: row.get(0)?,
        workspace: row.get(1)?,
        contact: row.get(2)?,
        channel: row.get(3)?,
        scope: row.get(4)?,
        status: row.get(5)?,
        snoozed_until: row.get(6)?,
        window_closes_at: row.get(7)?,
        unread: row.get(8)?,
        last_n: row.get(9)?,
        waiting_since: row.get(10)?,
        read_up_to_n: row.get(11)?,
        last_at: row.get(12)?,
    })
}

/// The conversation with this id.
pub(crate) fn by_id(c: &Connection, id: &str) -> Result<Option<ConversationRow>, StoreError> {
    Ok(c.prepare_cached(&format!("SELECT {COLUMNS} FROM conversations WHERE id = ?1"))?
        .query_row([id], read)
        .optional()?)
}

/// The one conversation of a contact on a channel.
pub(crate) fn of_contact(
    c: &Connection,
    contact: &str,
    channel: &str,
) -> Result<Option<ConversationRow>, StoreError> {
    Ok(c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM conversations WHERE contact = ?1 AND channel = ?2"
    ))?
    .query_row([contact, channel], read)
    .optional()?)
}

/// Adds a conversation: unassigned, open; its version comes with the commit's change rows.
pub(crate) fn insert(c: &Connection, chat: &ConversationRow, now: i64) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO conversations (id, workspace, contact, channel, version, scope, status, created_at)
         VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7)",
    )?
    .execute((
        &chat.id,
        &chat.workspace,
        &chat.contact,
        &chat.channel,
        &chat.scope,
        &chat.status,
        now,
    ))?;
    Ok(())
}

/// Writes what messages change.
pub(crate) fn update(c: &Connection, chat: &ConversationRow) -> Result<(), StoreError> {
    c.prepare_cached(
        "UPDATE conversations SET status = ?2, snoozed_until = ?3, window_closes_at = ?4,
             unread = ?5, last_n = ?6, waiting_since = ?7, read_up_to_n = ?8, last_at = ?9
         WHERE id = ?1",
    )?
    .execute((
        &chat.id,
        &chat.status,
        chat.snoozed_until,
        chat.window_closes_at,
        chat.unread,
        chat.last_n,
        chat.waiting_since,
        chat.read_up_to_n,
        chat.last_at,
    ))?;
    Ok(())
}

/// Whose a conversation is.
pub(crate) fn assignee(c: &Connection, id: &str) -> Result<Option<String>, StoreError> {
    let found = c
        .prepare_cached("SELECT assignee FROM conversations WHERE id = ?1")?
        .query_row([id], |row| row.get::<_, Option<String>>(0))
        .optional()?;
    Ok(found.flatten())
}

/// Makes a new conversation somebody's; its scope was set when it was added.
pub(crate) fn set_assignee(c: &Connection, id: &str, member: &str) -> Result<(), StoreError> {
    c.prepare_cached("UPDATE conversations SET assignee = ?2 WHERE id = ?1")?
        .execute((id, member))?;
    Ok(())
}

/// Writes the version.
pub(crate) fn set_version(c: &Connection, id: &str, version: i64) -> Result<(), StoreError> {
    c.prepare_cached("UPDATE conversations SET version = ?2 WHERE id = ?1")?
        .execute((id, version))?;
    Ok(())
}

/// The workspace of a channel, if there is such a channel.
pub(crate) fn workspace_of_channel(c: &Connection, id: &str) -> Result<Option<String>, StoreError> {
    Ok(c.prepare_cached("SELECT workspace FROM channels WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?)
}

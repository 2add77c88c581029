//! Facts about the store as a whole: which key it belongs to, how much is in it.

use rusqlite::{Connection, OptionalExtension as _};
use serde::Serialize;

use super::{StoreError, WriteTx};

/// Row of `meta` that holds the proof of the key.
const KEY_PROOF: &str = "key_proof";

/// Whether the store belongs to the key that gave this proof; a new store takes the first.
pub fn belongs_to(tx: &WriteTx<'_>, proof: &[u8]) -> Result<bool, StoreError> {
    if let Some(known) = key_proof(tx.sql())? {
        return Ok(known == proof);
    }
    tx.sql().execute("INSERT INTO meta (key, value) VALUES (?1, ?2)", (KEY_PROOF, proof))?;
    Ok(true)
}

/// The proof of the key that the store belongs to.
pub(super) fn key_proof(sql: &Connection) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(sql
        .query_row("SELECT value FROM meta WHERE key = ?1", [KEY_PROOF], |row| row.get(0))
        .optional()?)
}

/// How much is in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Number of the newest migration.
    pub schema: i64,
    /// Workspaces.
    pub workspaces: i64,
    /// Members who were not removed.
    pub agents: i64,
    /// Business numbers.
    pub channels: i64,
    /// Conversations.
    pub conversations: i64,
    /// Messages.
    pub messages: i64,
    /// Webhook bodies that were not worked off yet.
    pub webhooks_pending: i64,
    /// When the oldest of them was received, ms UTC; null if none waits.
    pub webhooks_oldest_pending: Option<i64>,
    /// Webhook bodies that nobody could work off.
    pub webhooks_set_aside: i64,
    /// Messages that still have to go to WhatsApp.
    pub sends_open: i64,
    /// Business numbers whose line is not `connected`: stopped, importing, connecting.
    pub channels_not_connected: i64,
}

/// Counts it.
pub fn counts(sql: &Connection) -> Result<Counts, StoreError> {
    let count = |query: &str| sql.query_row(query, [], |row| row.get::<_, i64>(0));
    Ok(Counts {
        schema: count("SELECT user_version FROM pragma_user_version")?,
        workspaces: count("SELECT count(*) FROM workspaces")?,
        agents: count("SELECT count(*) FROM members WHERE removed_at IS NULL")?,
        channels: count("SELECT count(*) FROM channels")?,
        conversations: count("SELECT count(*) FROM conversations")?,
        messages: count("SELECT count(*) FROM messages")?,
        webhooks_pending: count("SELECT count(*) FROM webhooks WHERE state = 'pending'")?,
        webhooks_oldest_pending: super::webhooks::oldest_waiting(sql)?,
        webhooks_set_aside: count(
            "SELECT count(*) FROM webhooks WHERE state IN ('unreadable', 'set_aside')",
        )?,
        sends_open: count(
            "SELECT count(*) FROM sends
             WHERE state IN ('waiting', 'attempted', 'unknown', 'held')",
        )?,
        channels_not_connected: count(
            "SELECT count(*) FROM channels WHERE state ->> 'kind' IS NOT 'connected'",
        )?,
    })
}

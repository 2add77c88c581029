//! The platform's database as it lies on the disk, read and never written.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};

use crate::trouble::Trouble;

/// What the file holds of the day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Platform {
    /// All messages, by conversation and number.
    pub messages: Vec<Message>,
    /// How many outcomes of commands are kept.
    pub commands: Vec<String>,
    /// Webhook bodies not worked off, or not understood.
    pub webhooks_left: i64,
    /// Webhook bodies worked off.
    pub webhooks_done: i64,
}

/// One message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The customer's number.
    pub customer: String,
    /// Number in the conversation.
    pub n: i64,
    /// Id.
    pub id: String,
    /// `customer`, `owner_app`, `agent`, ...
    pub author: String,
    /// The member's name, for an agent.
    pub member: Option<String>,
    /// Its text.
    pub text: String,
    /// The ladder's word.
    pub step: String,
    /// The reason's id.
    pub trouble: Option<String>,
    /// Meta's id.
    pub wamid: Option<String>,
    /// The send's state, for an agent's message.
    pub state: Option<String>,
    /// Attempts towards Meta that were recorded.
    pub attempts: Option<i64>,
}

const MESSAGES: &str =
    "SELECT t.phone, m.n, m.id, m.author_kind, p.name, m.body ->> 'text', m.step,
        m.trouble ->> 'reason', m.wamid, s.state, s.attempts
    FROM messages m
    JOIN conversations c ON c.id = m.conversation
    JOIN contacts t ON t.id = c.contact
    LEFT JOIN members p ON p.id = m.author_member
    LEFT JOIN sends s ON s.message = m.id
    ORDER BY t.phone, m.n";

/// Reads the file beside a running platform.
///
/// # Errors
/// SQLite's.
pub fn read(path: &Path) -> Result<Platform, Trouble> {
    let sql = Trouble::of("reading the platform's database");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let file = Connection::open_with_flags(path, flags).map_err(&sql)?;
    file.busy_timeout(std::time::Duration::from_secs(5)).map_err(&sql)?;
    query(&file).map_err(sql)
}

fn query(file: &Connection) -> rusqlite::Result<Platform> {
    let mut rows = file.prepare(MESSAGES)?;
    let messages = rows.query_map([], |row| {
        Ok(Message {
            customer: row.get::<_, Option<String>>(0)?.unwrap_or_default(),
            n: row.get(1)?,
            id: row.get(2)?,
            author: row.get(3)?,
            member: row.get(4)?,
            text: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
            step: row.get(6)?,
            trouble: row.get(7)?,
            wamid: row.get(8)?,
            state: row.get(9)?,
            attempts: row.get(10)?,
        })
    })?;
    let messages = messages.collect::<rusqlite::Result<_>>()?;
    let mut rows = file.prepare("SELECT id FROM commands ORDER BY id")?;
    let commands = rows.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let count = |condition: &str| {
        let sql = format!("SELECT count(*) FROM webhooks WHERE state {condition} 'done'");
        file.query_row(&sql, [], |row| row.get(0))
    };
    Ok(Platform { messages, commands, webhooks_left: count("<>")?, webhooks_done: count("=")? })
}

//! Outcomes of commands, kept as long as the device is known.

use rusqlite::{Connection, OptionalExtension as _};
use serde_json::Value;

use super::{StoreError, WriteTx};
use crate::agents::outcome::{Outcome, RefusedCode};

/// A kept outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Keyed hash of the body; empty for an id that was withdrawn before its command came, which
    /// fits any body.
    pub hash: Vec<u8>,
    /// As answered, without the id.
    pub outcome: Value,
}

/// What this device's command came to, if it was judged before.
pub fn find(sql: &Connection, device: &str, id: &str) -> Result<Option<Kept>, StoreError> {
    let found: Option<(Vec<u8>, String)> = sql
        .prepare_cached("SELECT hash, outcome FROM commands WHERE device = ?1 AND id = ?2")?
        .query_row((device, id), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((hash, outcome)) = found else { return Ok(None) };
    Ok(Some(Kept { hash, outcome: serde_json::from_str(&outcome)? }))
}

/// Keeps an outcome.
pub fn keep(
    tx: &WriteTx<'_>,
    device: &str,
    id: &str,
    hash: &[u8],
    outcome: &Outcome,
) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached("INSERT INTO commands (device, id, hash, outcome) VALUES (?1, ?2, ?3, ?4)")?
        .execute((device, id, hash, Value::Object(outcome.to_json()).to_string()))?;
    Ok(())
}

/// Refuses, in advance, an id that this device withdrew before its command came: whatever comes
/// under it later is answered `withdrawn`. Does nothing if the id is known.
pub fn keep_withdrawn(tx: &WriteTx<'_>, device: &str, id: &str) -> Result<(), StoreError> {
    if find(tx.sql(), device, id)?.is_none() {
        keep(tx, device, id, &[], &Outcome::refused(RefusedCode::Withdrawn))?;
    }
    Ok(())
}

/// Whether this device's command was judged, or its message is here.
pub(crate) fn knows(sql: &Connection, device: &str, id: &str) -> Result<bool, StoreError> {
    Ok(sql
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM commands WHERE device = ?1 AND id = ?2)
                 OR EXISTS (SELECT 1 FROM messages WHERE id = ?2 AND author_device = ?1)",
        )?
        .query_row((device, id), |row| row.get(0))?)
}

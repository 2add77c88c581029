//! Sessions of devices, and the counter of failed sign-ins.

use rusqlite::{Connection, OptionalExtension as _};

use super::{StoreError, WriteTx};
use crate::agents::outcome::{Actor, Role};

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// The person signed out.
    SignedOut,
    /// The device signed in again.
    Replaced,
    /// An old refresh token was used again.
    Reuse,
    /// The device or its member was removed.
    Revoked,
}

impl EndReason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Replaced => "replaced",
            Self::Reuse => "reuse",
            Self::Revoked => "revoked",
        }
    }
}

/// A session with whose it is.
#[derive(Debug, Clone)]
pub struct Session {
    /// Id.
    pub id: String,
    /// Who acts through it.
    pub actor: Actor,
    /// Number of the newest refresh token handed out.
    pub k: i64,
    /// SHA-256 of that token.
    pub current_hash: Vec<u8>,
    /// SHA-256 of the one before.
    pub previous_hash: Option<Vec<u8>>,
    /// It has ended.
    pub ended: bool,
    /// Its device or member was removed.
    pub revoked: bool,
}

impl Session {
    /// Whether requests through it are still answered.
    pub const fn is_alive(&self) -> bool {
        !self.ended && !self.revoked
    }
}

/// The session with this id, ended ones included.
pub fn find(sql: &Connection, id: &str) -> Result<Option<Session>, StoreError> {
    let found = sql
        .prepare_cached(
            "SELECT s.id, m.workspace, s.member, s.device, m.role, s.k, s.current_hash,
                    s.previous_hash, s.ended_at IS NOT NULL,
                    m.removed_at IS NOT NULL OR d.revoked_at IS NOT NULL
             FROM sessions s JOIN members m ON m.id = s.member JOIN devices d ON d.id = s.device
             WHERE s.id = ?1",
        )?
        .query_row([id], |row| {
            let role: String = row.get(4)?;
            let actor = Actor {
                workspace: row.get(1)?,
                member: row.get(2)?,
                device: row.get(3)?,
                role: Role::parse(&role).unwrap_or(Role::Employee),
            };
            Ok(Session {
                id: row.get(0)?,
                actor,
                k: row.get(5)?,
                current_hash: row.get(6)?,
                previous_hash: row.get(7)?,
                ended: row.get(8)?,
                revoked: row.get(9)?,
            })
        })
        .optional()?;
    Ok(found)
}

/// Begins a session whose first refresh token has this hash.
pub fn insert(
    tx: &WriteTx<'_>,
    id: &str,
    member: &str,
    device: &str,
    k: i64,
    hash: &[u8],
) -> Result<(), StoreError> {
    tx.sql().execute(
        "INSERT INTO sessions (id, member, device, k, current_hash, created_at, used_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        (id, member, device, k, hash, tx.now()),
    )?;
    Ok(())
}

/// Makes token `k` the newest; the one that was given for it stays known.
pub fn rotate(
    tx: &WriteTx<'_>,
    id: &str,
    k: i64,
    hash: &[u8],
    previous: &[u8],
) -> Result<(), StoreError> {
    tx.sql().execute(
        "UPDATE sessions SET k = ?2, previous_hash = ?5, current_hash = ?3, used_at = ?4
         WHERE id = ?1",
        (id, k, hash, tx.now(), previous),
    )?;
    Ok(())
}

/// Ends a session, if it has not ended.
pub fn end(tx: &WriteTx<'_>, id: &str, reason: EndReason) -> Result<(), StoreError> {
    tx.sql().execute(
        "UPDATE sessions SET ended_at = ?2, end_reason = ?3 WHERE id = ?1 AND ended_at IS NULL",
        (id, tx.now(), reason.as_str()),
    )?;
    Ok(())
}

/// Ends whatever sessions the device has.
pub fn end_of_device(tx: &WriteTx<'_>, device: &str, reason: EndReason) -> Result<(), StoreError> {
    tx.sql().execute(
        "UPDATE sessions SET ended_at = ?2, end_reason = ?3
         WHERE device = ?1 AND ended_at IS NULL",
        (device, tx.now(), reason.as_str()),
    )?;
    Ok(())
}

/// How many failures are borne.
pub const MAX_FAILURES: i64 = 5;

/// Within how long, in milliseconds.
pub const FAILURE_WINDOW_MS: i64 = 3 * 60 * 1000;

/// Counts an attempt as failed before it is judged, so that attempts side by side cannot slip
/// past the limit together; [`forgive`] or [`take_back`] undoes that when it succeeds. Gives the milliseconds to
/// wait if there were too many.
pub fn attempt(tx: &WriteTx<'_>, key: &str) -> Result<Option<i64>, StoreError> {
    let now = tx.now();
    let sql = tx.sql();
    // What lies in the future was counted by a clock that has been put right since.
    sql.execute(
        "DELETE FROM sign_in_failures WHERE since <= ?1 OR since > ?2",
        (now - FAILURE_WINDOW_MS, now),
    )?;
    let (count, since): (i64, i64) = sql
        .prepare_cached(
            "INSERT INTO sign_in_failures (key, count, since) VALUES (?1, 1, ?2)
             ON CONFLICT (key) DO UPDATE SET count = count + 1 RETURNING count, since",
        )?
        .query_row((key, now), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((count > MAX_FAILURES).then_some(since + FAILURE_WINDOW_MS - now))
}

/// Forgets the failures counted under this key.
pub fn forgive(tx: &WriteTx<'_>, key: &str) -> Result<(), StoreError> {
    tx.sql().execute("DELETE FROM sign_in_failures WHERE key = ?1", [key])?;
    Ok(())
}

/// Takes one attempt back that turned out well, and only that one: who holds one good link code
/// must not be able to wipe out the guesses at others.
pub fn take_back(tx: &WriteTx<'_>, key: &str) -> Result<(), StoreError> {
    tx.sql().execute("UPDATE sign_in_failures SET count = count - 1 WHERE key = ?1", [key])?;
    Ok(())
}

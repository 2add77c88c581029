//! Link codes at rest: hashes, used once.

use rusqlite::{Connection, OptionalExtension as _};

use super::{StoreError, WriteTx};

/// How long an outlived code is still told from an unknown one, in milliseconds.
const REMEMBERED_MS: i64 = 24 * 60 * 60 * 1000;

/// A code's row.
#[derive(Debug, Clone)]
pub struct LinkCode {
    /// Whom it signs in.
    pub member: String,
    /// Until when, ms UTC.
    pub expires_at: i64,
    /// Device that used it.
    pub used_by: Option<String>,
    /// Session that it made.
    pub session: Option<String>,
}

/// The code with this hash.
pub fn find(sql: &Connection, hash: &[u8]) -> Result<Option<LinkCode>, StoreError> {
    Ok(sql
        .prepare_cached(
            "SELECT member, expires_at, used_by, session FROM link_codes WHERE hash = ?1",
        )?
        .query_row([hash], |row| {
            Ok(LinkCode {
                member: row.get(0)?,
                expires_at: row.get(1)?,
                used_by: row.get(2)?,
                session: row.get(3)?,
            })
        })
        .optional()?)
}

/// Adds a code and forgets those long over.
pub fn insert(
    tx: &WriteTx<'_>,
    hash: &[u8],
    member: &str,
    expires_at: i64,
) -> Result<(), StoreError> {
    let sql = tx.sql();
    sql.execute("DELETE FROM link_codes WHERE expires_at < ?1", [tx.now() - REMEMBERED_MS])?;
    sql.execute(
        "INSERT INTO link_codes (hash, member, created_at, expires_at) VALUES (?1, ?2, ?3, ?4)",
        (hash, member, tx.now(), expires_at),
    )?;
    Ok(())
}

/// Notes who used it.
pub fn used(tx: &WriteTx<'_>, hash: &[u8], device: &str, session: &str) -> Result<(), StoreError> {
    tx.sql().execute(
        "UPDATE link_codes SET used_by = ?2, session = ?3 WHERE hash = ?1",
        (hash, device, session),
    )?;
    Ok(())
}

/// Forgets the codes of a member that nobody used.
pub(crate) fn forget(tx: &WriteTx<'_>, member: &str) -> Result<(), StoreError> {
    tx.sql().execute("DELETE FROM link_codes WHERE member = ?1 AND used_by IS NULL", [member])?;
    Ok(())
}

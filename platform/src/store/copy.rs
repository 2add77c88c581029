//! Whole copies of the database file, and the stamp that tells a copy from the file it was made of.

use std::fs::File;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::error::{OpenError, StoreError};
use super::open;

/// Row of `meta` that only a copy has: when it was made, ms UTC as text.
const STAMP: &str = "copied_at";

/// What was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Copied {
    /// Bytes of the copy.
    pub(crate) bytes: u64,
    /// Number of its newest migration.
    pub(crate) schema: i64,
}

/// Copies the database at `source` to `target`, which must not be there, as one commit left it;
/// whoever writes meanwhile is not kept waiting. The copy is stamped with `now` (ms UTC), checked
/// and on the disk when this returns.
///
/// One read transaction, and not SQLite's backup API in steps: those begin anew whenever another
/// process commits, which under load is always.
///
/// # Errors
/// Those of opening a store; [`StoreError::Full`] if the copy has no room.
pub(crate) fn copy(source: &Path, target: &Path, now: i64) -> Result<Copied, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(source, flags)?;
    connection.busy_timeout(open::BUSY_TIMEOUT)?;
    open::judge(&connection)?;
    let name = target.to_str().ok_or(StoreError::Unexpected("name of a folder"))?;
    open::create(target)?;
    // Writes into a file that is there as long as it is empty.
    connection.execute("VACUUM INTO ?1", [name])?;
    drop(connection);
    let connection = Connection::open_with_flags(
        target,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.execute(
        "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)",
        (STAMP, now.to_string().into_bytes()),
    )?;
    let schema = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let sound: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if sound != "ok" {
        return Err(StoreError::Unexpected("damaged file").into());
    }
    drop(connection);
    let file = File::open(target)?;
    file.sync_all()?;
    Ok(Copied { bytes: file.metadata()?.len(), schema })
}

/// The proof of the key that the database at `path` belongs to; none if it never had one.
///
/// # Errors
/// Those of opening a store.
pub(crate) fn key_proof(path: &Path) -> Result<Option<Vec<u8>>, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(open::BUSY_TIMEOUT)?;
    open::judge(&connection)?;
    Ok(super::facts::key_proof(&connection)?)
}

/// When this store was copied from another (ms UTC), if nobody has settled that yet.
pub(crate) fn stamp(sql: &Connection) -> Result<Option<i64>, StoreError> {
    let found: Option<Vec<u8>> = sql
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([STAMP], |row| row.get(0))
        .optional()?;
    // A stamp that cannot be read is one all the same.
    Ok(found.map(|value| String::from_utf8(value).ok().and_then(|t| t.parse().ok()).unwrap_or(0)))
}

/// Takes the stamp off.
pub(crate) fn settled(sql: &Connection) -> Result<(), StoreError> {
    sql.execute("DELETE FROM meta WHERE key = ?1", [STAMP])?;
    Ok(())
}

//! Opening: the owner's lock, the schema, the pragmas, each with its reason.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::{StoreError, Stored};

/// `FLDC`: tells our file from any other SQLite file.
const APPLICATION_ID: i64 = 0x464c_4443;

const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_extras_and_holes.sql"),
];

pub(super) struct Opened {
    pub(super) writer: Connection,
    pub(super) readers: [Connection; 2],
    pub(super) owner: File,
}

pub(super) fn open(path: &Path) -> Stored<Opened> {
    let owner = own(path)?;
    let mut writer = Connection::open(path)?;
    let found: i64 = writer.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        // Nothing was written: a newer app's store is left exactly as it is.
        return Err(StoreError::Newer { found, known });
    }
    prepare_writer(&writer)?;
    migrate(&mut writer, found)?;
    let reader = || -> Stored<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.execute_batch("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY;")?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        Ok(connection)
    };
    Ok(Opened { writer, readers: [reader()?, reader()?], owner })
}

/// One process and one `Client` own the file: two would lose each other's writes.
fn own(path: &Path) -> Stored<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(PathBuf::from(name))
        .map_err(|error| StoreError::Io(error.kind()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::AlreadyOpen),
        Err(TryLockError::Error(error)) => Err(StoreError::Io(error.kind())),
    }
}

fn prepare_writer(writer: &Connection) -> Stored<()> {
    writer.busy_timeout(std::time::Duration::from_secs(5))?;
    // `auto_vacuum` must be set before the first table and is dear to add later.
    writer.execute_batch(
        "PRAGMA auto_vacuum = INCREMENTAL;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;          -- a promised reply survives a power cut
         PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;         -- Android has no usable temporary folder
         PRAGMA secure_delete = ON;          -- what leaves the scope leaves the file
         PRAGMA journal_size_limit = 4194304;",
    )?;
    Ok(())
}

fn migrate(writer: &mut Connection, from: i64) -> Stored<()> {
    let done = usize::try_from(from).map_err(|_| StoreError::Broken("negative schema"))?;
    for (index, sql) in MIGRATIONS.iter().enumerate().skip(done) {
        let tx = writer.transaction()?;
        tx.execute_batch(sql)?;
        let version = i64::try_from(index + 1).unwrap_or(i64::MAX);
        tx.pragma_update(None, "user_version", version)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.commit()?;
    }
    Ok(())
}

/// Moves the log into the file and empties it, before the file is let go.
pub(super) fn checkpoint(writer: &Connection) -> Stored<()> {
    writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

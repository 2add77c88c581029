//! What can go wrong with the store, without a word of what lies in it.

use rusqlite::ffi;

/// A call on an open store failed. Nothing of it was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The disk or a quota is full.
    #[error("the disk is full")]
    Full,
    /// Another process held the file for longer than the waiting time.
    #[error("the file is busy")]
    Busy,
    /// SQLite refused with this extended result code (see sqlite.org/rescode.html).
    #[error("SQLite code {0}")]
    Sqlite(i32),
    /// A row does not have the shape that the schema promises.
    #[error("unexpected data: {0}")]
    Unexpected(&'static str),
    /// The file system refused a file beside the database.
    #[error("a file of the data folder cannot be used: {0}")]
    Folder(std::io::ErrorKind),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The call ended without a result.
    #[error("the call was interrupted")]
    Interrupted,
}

impl From<rusqlite::Error> for StoreError {
    /// Keeps the code and drops SQLite's sentence, which may hold values.
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
                ffi::ErrorCode::DiskFull => Self::Full,
                ffi::ErrorCode::DatabaseBusy | ffi::ErrorCode::DatabaseLocked => Self::Busy,
                _ => Self::Sqlite(failure.extended_code),
            },
            rusqlite::Error::SqlInputError { error, .. } => Self::Sqlite(error.extended_code),
            rusqlite::Error::QueryReturnedNoRows => Self::Unexpected("no row"),
            rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..) => Self::Unexpected("column type"),
            _ => Self::Unexpected("use of SQLite"),
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(_: serde_json::Error) -> Self {
        Self::Unexpected("JSON column")
    }
}

/// The store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A newer program wrote it; it was left untouched.
    #[error("the store has schema {found}, this program knows up to {known}")]
    Newer {
        /// The schema found.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// An SQLite file of another program.
    #[error("the file is not a store of Fieldline")]
    Foreign,
    /// The file system refused.
    #[error("the file cannot be opened: {0}")]
    Io(std::io::ErrorKind),
    /// SQLite refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        if let rusqlite::Error::SqliteFailure(failure, _) = &error
            && failure.code == ffi::ErrorCode::NotADatabase
        {
            return Self::Foreign;
        }
        Self::Store(error.into())
    }
}

impl From<std::io::Error> for OpenError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error.kind())
    }
}

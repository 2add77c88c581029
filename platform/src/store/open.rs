//! Opening the file: who may touch it, how SQLite is set, and the numbered migrations.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::error::OpenError;

/// How long a connection waits for another process's transaction.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Prepared statements that a connection keeps: more than any one path uses.
const STATEMENTS: usize = 128;

/// Pages of the log behind which a commit carries it into the file: 16 MiB, so that a page that many
/// commits touch is carried once for all of them.
const CHECKPOINT_PAGES: i64 = 4_096;

/// Marks the file as ours: "Fldl" in ASCII.
const APPLICATION_ID: i64 = 0x466C_646C;

/// The log is cut back to this many bytes after a checkpoint.
const JOURNAL_SIZE_LIMIT: i64 = 64 * 1024 * 1024;

/// Numbered from 1: `user_version` says how many were applied. One on main is never edited.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_initial.sql"),
    include_str!("migrations/0002_inbound.sql"),
    include_str!("migrations/0003_coexistence.sql"),
    include_str!("migrations/0004_outbound.sql"),
    include_str!("migrations/0005_desk.sql"),
    include_str!("migrations/0006_operations.sql"),
    include_str!("migrations/0007_intake.sql"),
    include_str!("migrations/0008_line_life.sql"),
    include_str!("migrations/0009_onboarding.sql"),
    include_str!("migrations/0010_checks.sql"),
];

/// The newest schema that this program knows.
pub fn known_schema() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Opens the file for writing, creating and migrating it as needed.
pub(super) fn writer(path: &Path) -> Result<Connection, OpenError> {
    let fresh = look(path)?;
    if fresh {
        create(path)?;
    }
    let mut connection = connect(path)?;
    if fresh {
        // Only takes effect before the first page is written.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    set(&connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Opens the file for reading alone.
pub(super) fn reader(path: &Path) -> Result<Connection, OpenError> {
    let connection = connect(path)?;
    set(&connection)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Moves on this connection only when another connection has committed.
pub(super) fn data_version(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.pragma_query_value(None, "data_version", |row| row.get(0))
}

/// Looks at the file without leave to write; true if there is nothing in it yet.
fn look(path: &Path) -> Result<bool, OpenError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error.into()),
        Ok(metadata) if metadata.len() == 0 => return Ok(true),
        Ok(_) => {}
    }
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    judge(&connection)?;
    Ok(false)
}

/// Refuses what is not ours or newer than we know.
pub(super) fn judge(connection: &Connection) -> Result<(), OpenError> {
    let application: i64 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    // Both are 0 in a file that a first start left before its first migration.
    if application != APPLICATION_ID && (application, found) != (0, 0) {
        return Err(OpenError::Foreign);
    }
    if application == 0 {
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if tables != 0 {
            return Err(OpenError::Foreign);
        }
    }
    if found > known_schema() {
        return Err(OpenError::Newer { found, known: known_schema() });
    }
    Ok(())
}

/// Makes the empty file readable by its owner alone; SQLite gives its log the same mode.
pub(super) fn create(path: &Path) -> Result<(), OpenError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)?;
    Ok(())
}

fn connect(path: &Path) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

fn set(connection: &Connection) -> Result<(), OpenError> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "journal_size_limit", JOURNAL_SIZE_LIMIT)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Without it SQLite prepares a kept statement anew whenever a value is bound that its plan might
    // depend on: half the time of a webhook.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    for (index, sql) in MIGRATIONS.iter().enumerate() {
        let number = i64::try_from(index).unwrap_or(i64::MAX).saturating_add(1);
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Asked inside the transaction: another process may have migrated a moment ago.
        judge(&tx)?;
        let found: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if found < number {
            tx.execute_batch(sql)?;
            tx.pragma_update(None, "application_id", APPLICATION_ID)?;
            tx.pragma_update(None, "user_version", number)?;
            tx.commit()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    fn store() -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let connection = writer(&folder.path().join("platform.db")).unwrap();
        connection.pragma_update(None, "foreign_keys", false).unwrap();
        (folder, connection)
    }

    /// Tables that every message writes; the columns that have to be given, with good words.
    const WRITTEN: [(&str, &str, &[&str]); 5] = [
        (
            "conversations",
            "id, workspace, contact, channel, version, created_at, status, handler",
            &["'v'", "'w'", "'c'", "'h'", "1", "1", "'open'", "'human'"],
        ),
        (
            "messages",
            "conversation, n, id, version, sent_at, body, author_kind, step",
            &["'v'", "1", "'m'", "1", "1", "'{}'", "'customer'", "'none'"],
        ),
        (
            "sends",
            "message, conversation, channel, n, based_on_n, state",
            &["'m'", "'v'", "'h'", "1", "0", "'waiting'"],
        ),
        ("webhooks", "received_at, body, state", &["1", "x'00'", "'pending'"]),
        (
            "media",
            "message, workspace, channel, mime, since, state",
            &["'m'", "'w'", "'h'", "'image/png'", "1", "'wanted'"],
        ),
    ];

    #[test]
    fn a_row_is_checked_without_a_table_of_its_own() {
        let (_folder, connection) = store();
        // The index of open sends is told by a list, and few are written.
        for (table, columns, values) in WRITTEN.into_iter().filter(|row| row.0 != "sends") {
            let sql =
                format!("EXPLAIN INSERT INTO {table} ({columns}) VALUES ({})", values.join(", "));
            let mut statement = connection.prepare(&sql).unwrap();
            let steps: Vec<String> =
                statement.query_map([], |row| row.get(1)).unwrap().map(Result::unwrap).collect();
            assert!(steps.iter().any(|step| step == "Insert" || step == "IdxInsert"), "{table}");
            assert!(!steps.iter().any(|step| step == "OpenEphemeral"), "{table}: {steps:?}");
        }
    }

    #[test]
    fn a_word_that_is_none_is_refused() {
        let (_folder, connection) = store();
        for (table, columns, values) in WRITTEN {
            let insert = |values: &[&str]| {
                let sql = format!("INSERT INTO {table} ({columns}) VALUES ({})", values.join(", "));
                connection.execute(&sql, [])
            };
            let checked = ["status", "handler", "author_kind", "step", "state"];
            for (at, column) in columns.split(", ").enumerate() {
                if checked.contains(&column) {
                    let mut wrong = values.to_vec();
                    wrong[at] = "'nonsense'";
                    let refused = insert(&wrong).unwrap_err().to_string();
                    assert!(refused.contains("CHECK"), "{table}.{column}: {refused}");
                }
            }
            assert_eq!(insert(values).unwrap(), 1, "{table}");
        }
    }

    #[test]
    fn a_kept_statement_is_prepared_once() {
        let (_folder, connection) = store();
        let mut statement = connection
            .prepare("SELECT id FROM channels WHERE phone_number_id = ?1 AND waba_id > ?2 LIMIT ?3")
            .unwrap();
        for number in 1..5 {
            let found = statement.query_map(("a", "b", number), |row| row.get::<_, String>(0));
            assert_eq!(found.unwrap().count(), 0);
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }
}

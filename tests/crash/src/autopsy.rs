//! What the files of a killed process say, read from a copy: looking at the original would already mend it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use serde_json::Value;

use crate::check::LineRow;

/// A copy of a store with its log, as a restart after the kill would find them.
pub struct Corpse {
    sql: Connection,
    _folder: tempfile::TempDir,
}

impl Corpse {
    /// Copies file and log; `None` if the process died before it made the file.
    pub fn of(store: &Path) -> Option<Self> {
        if !store.exists() {
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let copy = folder.path().join("copy");
        fs::copy(store, &copy).expect("a copy of the store");
        let log = with_suffix(store, "-wal");
        if log.exists() {
            fs::copy(log, with_suffix(&copy, "-wal")).expect("a copy of its log");
        }
        let sql = Connection::open(&copy).expect("the copy opens");
        Some(Self { sql, _folder: folder })
    }

    /// S6: what `integrity_check` and `foreign_key_check` complain of.
    pub fn complaints(&self) -> Vec<String> {
        let mut found: Vec<String> = texts(&self.sql, "PRAGMA integrity_check");
        found.retain(|line| line != "ok");
        found.extend(texts(&self.sql, "SELECT \"table\" FROM pragma_foreign_key_check"));
        found
    }

    /// Whether the process lived long enough to make its tables.
    pub fn has_tables(&self) -> bool {
        let version: i64 =
            self.sql.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a version");
        version > 0
    }

    /// The number up to which the phone says it holds the change line.
    pub fn phone_seq(&self) -> Option<i64> {
        let seq: Option<String> = self
            .sql
            .query_row("SELECT value FROM meta WHERE key = 'seq'", [], |row| row.get(0))
            .optional()
            .expect("meta can be read");
        seq.map(|seq| seq.parse().expect("a number"))
    }

    /// The version of every message, conversation and contact that the phone holds.
    pub fn phone_versions(&self) -> BTreeMap<String, i64> {
        let sql = "SELECT id, version FROM messages
                   UNION ALL SELECT id, version FROM conversations WHERE held = 1
                   UNION ALL SELECT id, version FROM contacts";
        let mut query = self.sql.prepare(sql).expect("the phone's tables");
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
        rows.collect::<Result<_, _>>().expect("rows")
    }

    /// Every message that the phone holds, in the words that both ends share.
    pub fn phone_messages(&self) -> BTreeSet<String> {
        messages(
            &self.sql,
            "SELECT m.id, c.id, m.n, m.version, m.sent_at, m.author_kind, m.step, m.body, m.trouble
             FROM messages m JOIN conversations c ON c.key = m.conversation",
        )
    }
}

/// The platform's store, read beside the running platform or after its death.
pub struct PlatformStore {
    sql: Connection,
}

impl PlatformStore {
    /// Beside a running platform.
    pub fn beside(data: &Path) -> Self {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let file = data.join(fieldline_platform::store::DATABASE);
        let sql = Connection::open_with_flags(file, flags).expect("the platform's store");
        sql.busy_timeout(std::time::Duration::from_secs(5)).expect("a timeout");
        sql.pragma_update(None, "query_only", "ON").expect("read only");
        Self { sql }
    }

    /// After a kill, from a copy.
    pub fn corpse(data: &Path) -> Option<Corpse> {
        Corpse::of(&data.join(fieldline_platform::store::DATABASE))
    }

    /// The rows of the change line that name messages, conversations and contacts.
    pub fn line(&self) -> Vec<LineRow> {
        let sql = "SELECT seq, id FROM changes
                   WHERE kind IN ('message', 'conversation', 'entered', 'contact') AND gone = 0";
        let mut query = self.sql.prepare(sql).expect("the change line");
        let rows = query
            .query_map([], |row| Ok(LineRow { seq: row.get(0)?, id: row.get(1)? }))
            .expect("rows");
        rows.collect::<Result<_, _>>().expect("rows")
    }

    /// The newest number given.
    pub fn head(&self) -> i64 {
        let sql = "SELECT max(head_seq) FROM workspaces";
        self.sql.query_row(sql, [], |row| row.get(0)).expect("a workspace")
    }

    /// The customer's number of each conversation.
    pub fn chats(&self) -> BTreeMap<String, String> {
        pairs(
            &self.sql,
            "SELECT v.id, c.phone FROM conversations v JOIN contacts c ON c.id = v.contact",
        )
    }

    /// The state of every message that has to go out.
    pub fn sends(&self) -> BTreeMap<String, String> {
        sends(&self.sql)
    }

    /// Bodies that are not worked off yet.
    pub fn webhooks_waiting(&self) -> i64 {
        let sql = "SELECT count(*) FROM webhooks WHERE state = 'pending'";
        self.sql.query_row(sql, [], |row| row.get(0)).expect("a count")
    }

    /// States of webhooks that nobody could read or that were set aside.
    pub fn webhooks_refused(&self) -> Vec<String> {
        texts(&self.sql, "SELECT state FROM webhooks WHERE state NOT IN ('pending', 'done')")
    }

    /// How many commands are kept with their outcome.
    pub fn commands(&self) -> i64 {
        self.sql.query_row("SELECT count(*) FROM commands", [], |row| row.get(0)).expect("a count")
    }

    /// Every message, in the words that both ends share.
    pub fn messages(&self) -> BTreeSet<String> {
        messages(
            &self.sql,
            "SELECT id, conversation, n, version, sent_at, author_kind, step, body, trouble FROM messages",
        )
    }

    /// Meta's ids of all messages.
    pub fn wamids(&self) -> Vec<String> {
        texts(&self.sql, "SELECT wamid FROM messages WHERE wamid IS NOT NULL")
    }
}

impl Corpse {
    /// The platform's: the raw bodies on disk.
    pub fn bodies(&self) -> BTreeSet<Vec<u8>> {
        let mut query = self.sql.prepare("SELECT body FROM webhooks").expect("webhooks");
        let rows = query.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<Result<_, _>>().expect("rows")
    }

    /// The platform's: the state of every message that has to go out.
    pub fn sends(&self) -> BTreeMap<String, String> {
        sends(&self.sql)
    }
}

fn sends(sql: &Connection) -> BTreeMap<String, String> {
    pairs(sql, "SELECT message, state FROM sends")
}

fn pairs(sql: &Connection, statement: &str) -> BTreeMap<String, String> {
    let mut query = sql.prepare(statement).expect("a known table");
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    rows.collect::<Result<_, _>>().expect("rows")
}

fn texts(sql: &Connection, statement: &str) -> Vec<String> {
    let mut query = sql.prepare(statement).expect("a known table");
    let rows = query.query_map([], |row| row.get(0)).expect("rows");
    rows.collect::<Result<_, _>>().expect("rows")
}

fn messages(sql: &Connection, statement: &str) -> BTreeSet<String> {
    let mut query = sql.prepare(statement).expect("a known table");
    let rows = query
        .query_map([], |row| {
            let word = |index| row.get::<_, String>(index);
            let number = |index| row.get::<_, i64>(index);
            // The order of keys is nobody's promise.
            let json = |index| -> rusqlite::Result<Value> {
                let text: Option<String> = row.get(index)?;
                Ok(text.map_or(Value::Null, |text| serde_json::from_str(&text).expect("JSON")))
            };
            Ok(format!(
                "{} in {}: n {} version {} at {} by {} {} {} {}",
                word(0)?,
                word(1)?,
                number(2)?,
                number(3)?,
                number(4)?,
                word(5)?,
                word(6)?,
                json(7)?,
                json(8)?,
            ))
        })
        .expect("rows");
    rows.collect::<Result<_, _>>().expect("rows")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

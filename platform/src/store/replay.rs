//! A second store, made from the raw bodies alone, and the comparison of the two.
//!
//! The scratch store begins with copies of the workspaces and channels, so that ids derived from
//! them come out the same, and with nothing that a webhook could make.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::types::Value as Sqlite;
use rusqlite::{Connection, TransactionBehavior, params_from_iter};

use super::webhooks::Pending;
use super::{OpenError, StoreError, WriteTx, open};
use crate::support::Rng;

/// Tables that a replay starts with.
const GIVEN: [&str; 3] = ["workspaces", "channels", "channel_numbers"];

/// The scratch store; its file goes with it.
pub(crate) struct Scratch {
    connection: Option<Connection>,
    path: PathBuf,
    rng: Arc<dyn Rng>,
}

impl Scratch {
    /// Makes it in `folder`, in place of one that a killed run may have left.
    pub(crate) fn make(folder: &Path, rng: Arc<dyn Rng>) -> Result<Self, OpenError> {
        let path = folder.join("replay.db");
        remove(&path);
        let connection = open::writer(&path)?;
        // Nothing in it outlives this process: there is nothing to make durable.
        connection.pragma_update(None, "synchronous", "OFF").map_err(StoreError::from)?;
        Ok(Self { connection: Some(connection), path, rng })
    }

    fn connection(&mut self) -> Result<&mut Connection, StoreError> {
        self.connection.as_mut().ok_or(StoreError::Closed)
    }

    /// Copies what a replay starts with; times that webhooks move begin empty.
    pub(crate) fn give(&mut self, source: &Connection) -> Result<(), StoreError> {
        let target = self.connection()?;
        for table in GIVEN {
            let mut statement = source.prepare(&format!("SELECT * FROM {table}"))?;
            let columns = statement.column_names().collect::<Vec<_>>().join(", ");
            let marks = vec!["?"; statement.column_count()].join(", ");
            let insert = format!("INSERT INTO {table} ({columns}) VALUES ({marks})");
            let count = statement.column_count();
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let values =
                    (0..count).map(|i| row.get::<_, Sqlite>(i)).collect::<Result<Vec<_>, _>>()?;
                target.execute(&insert, params_from_iter(values))?;
            }
        }
        target.execute("UPDATE channels SET last_sign_of_life = NULL", [])?;
        // That an import was asked for is ours; what came of it is Meta's.
        let mut asked =
            source.prepare("SELECT channel, asked_at FROM imports WHERE asked_at IS NOT NULL")?;
        let mut rows = asked.query([])?;
        while let Some(row) = rows.next()? {
            let (channel, at): (String, i64) = (row.get(0)?, row.get(1)?);
            target.execute(
                "INSERT INTO imports (channel, asked_at) VALUES (?1, ?2)",
                (channel, at),
            )?;
        }
        Ok(())
    }

    /// Works one body off at the time it was received; its row is there for what is marked about it.
    pub(crate) fn apply(
        &mut self,
        pending: &Pending,
        work: impl FnOnce(&mut WriteTx<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let rng = Arc::clone(&self.rng);
        let tx = self.connection()?.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.prepare_cached("INSERT INTO webhooks (id, received_at, body) VALUES (?1, ?2, x'')")?
            .execute((pending.id, pending.received_at))?;
        let mut tx = WriteTx::new(tx, pending.received_at, rng);
        work(&mut tx)?;
        tx.commit().map(|_| ())
    }

    /// What stands in it.
    pub(crate) fn facts(&mut self) -> Result<Facts, StoreError> {
        facts(self.connection()?)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.connection.take();
        remove(&self.path);
    }
}

fn remove(path: &Path) {
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        // A file that is not there needs no removing; one that stays is overwritten next time.
        let _ = fs::remove_file(PathBuf::from(name));
    }
}

/// What a fact is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum About {
    /// A contact.
    Contact,
    /// A customer's or the owner's message.
    Message,
    /// A status of a message that we sent.
    Status,
    /// When a business number's phone was last heard of.
    Channel,
    /// The newest event of a kind in the life of a number's account.
    ChannelNews,
    /// A reaction of a customer or of the owner.
    Reaction,
    /// How far an import has got.
    Import,
    /// What Meta told of a template, a number or an account.
    AccountFact,
    /// An entry of the phone book.
    PhoneBook,
    /// Who answers a chat.
    Handover,
    /// What a message cost.
    Price,
}

impl About {
    /// The word in a report.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Message => "message",
            Self::Status => "status",
            Self::Channel => "channel",
            Self::ChannelNews => "channel_news",
            Self::Reaction => "reaction",
            Self::Import => "import",
            Self::AccountFact => "account_fact",
            Self::PhoneBook => "phone_book",
            Self::Handover => "handover",
            Self::Price => "price",
        }
    }
}

/// One fact that webhooks alone make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    /// Our id of the thing: it says nothing about a person.
    pub(crate) id: String,
    /// When it was said, ms UTC; 0 where nothing says so.
    pub(crate) at: i64,
    /// Its columns as text, each compared by itself; none = nothing is known.
    pub(crate) columns: Vec<Option<String>>,
}

/// Facts by what webhooks know them by: wamid, user id, number.
pub(crate) type Facts = BTreeMap<(About, String), Fact>;

/// Each: what it is about; key, id, time, then the columns that must agree.
const QUERIES: [(About, &str); 10] = [
    (
        About::Contact,
        "SELECT coalesce('u:' || wa_user_id, 'p:' || phone) || ' ' || workspace, id, 0,
                phone, name, username, marketing
         FROM contacts WHERE coalesce(wa_user_id, phone) IS NOT NULL",
    ),
    (
        About::Message,
        "SELECT m.wamid, m.id, m.sent_at, m.author_kind, m.sent_at,
                -- Whether a file is here, and what we learnt by fetching it, no webhook says.
                CASE m.body ->> 'kind' WHEN 'media'
                     THEN json_remove(m.body, '$.ready', '$.media', '$.size', '$.thumb', '$.trouble')
                     ELSE m.body END,
                m.reply_to,
                m.edited_at, m.deleted ->> 'by', m.imported
         FROM messages m LEFT JOIN sends s ON s.message = m.id
         WHERE m.wamid IS NOT NULL AND s.message IS NULL
           AND m.author_kind IN ('customer', 'owner_app')",
    ),
    (
        About::Channel,
        "SELECT h.phone_number_id, h.id, 0, l.heard_at
         FROM channels h LEFT JOIN lines l ON l.channel = h.id",
    ),
    (
        About::ChannelNews,
        "SELECT channel || ' ' || topic, channel, at, event, at FROM account_news",
    ),
    (
        About::Reaction,
        "SELECT target || ' ' || side,
                coalesce((SELECT m.id FROM messages m WHERE m.wamid = target), ''), at,
                author_kind, emoji, at
         FROM reactions WHERE author_kind <> 'agent'",
    ),
    (
        About::Import,
        "SELECT channel, channel, coalesce(asked_at, 0), phase, percent, declined_at, first_at, last_at
         FROM imports",
    ),
    (
        About::AccountFact,
        "SELECT waba_id || ' ' || field || ' ' || number || ' ' || subject,
                field || ' ' || subject, at, word, details, at
         FROM account_facts",
    ),
    (About::PhoneBook, "SELECT channel || ' ' || person, channel, at, name, at FROM phone_book"),
    (About::Handover, "SELECT channel || ' ' || person, channel, at, kind, at FROM handovers"),
    (
        About::Price,
        "SELECT wamid, coalesce((SELECT m.id FROM messages m WHERE m.wamid = prices.wamid), ''), at,
                kind, category, model, at
         FROM prices",
    ),
];

/// Where a message's fact has the message that it quotes, and an import's its decline and its beginning.
pub(crate) const REPLY_TO: usize = 3;
/// See [`REPLY_TO`].
pub(crate) const IMPORT_BEGAN: [usize; 2] = [2, 3];

/// Everything that webhooks alone make.
pub(crate) fn facts(c: &Connection) -> Result<Facts, StoreError> {
    let mut facts = Facts::new();
    for (about, query) in QUERIES {
        let mut statement = c.prepare(query)?;
        let count = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let columns = (3..count)
                .map(|i| row.get::<_, Sqlite>(i).map(text))
                .collect::<Result<Vec<_>, _>>()?;
            let fact = Fact { id: row.get(1)?, at: row.get(2)?, columns };
            facts.insert((about, row.get(0)?), fact);
        }
    }
    Ok(facts)
}

fn text(value: Sqlite) -> Option<String> {
    match value {
        Sqlite::Null => None,
        Sqlite::Integer(number) => Some(number.to_string()),
        Sqlite::Real(number) => Some(number.to_string()),
        Sqlite::Text(text) => Some(text),
        Sqlite::Blob(bytes) => Some(format!("{bytes:?}")),
    }
}

/// Things of which not webhooks alone decide, by a key of [`Facts`] or by our id of it: contacts that
/// were joined or erased, reactions of agents, old messages that are live ones, readings of the phone node.
pub(crate) fn by_others(c: &Connection) -> Result<BTreeSet<(About, String)>, StoreError> {
    let mut found = BTreeSet::new();
    for (about, query) in [
        (
            About::Contact,
            "WITH joined AS (SELECT DISTINCT merged_into AS id FROM contacts
                             WHERE merged_into IS NOT NULL)
             SELECT id FROM contacts WHERE merged_into IS NOT NULL OR erased_at IS NOT NULL
             UNION SELECT id FROM joined
             UNION SELECT 'u:' || k.wa_user_id || ' ' || k.workspace FROM contacts k JOIN joined USING (id)
             UNION SELECT 'p:' || k.phone || ' ' || k.workspace FROM contacts k JOIN joined USING (id)
             UNION SELECT 'u:' || a.alias || ' ' || a.workspace FROM aliases a JOIN joined ON id = a.contact
             UNION SELECT 'p:' || a.alias || ' ' || a.workspace FROM aliases a JOIN joined ON id = a.contact",
        ),
        (
            About::Reaction,
            "SELECT target || ' ' || side FROM reactions WHERE author_kind = 'agent'",
        ),
        (About::Message, "SELECT wamid FROM import_matches"),
        (
            About::ChannelNews,
            // Readings of the phone node and our own connecting take the place of events.
            "SELECT channel || ' ' || topic FROM account_news WHERE topic = 'connection'",
        ),
    ] {
        let mut statement = c.prepare(query)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if let Some(key) = row.get::<_, Option<String>>(0)? {
                found.insert((about, key));
            }
        }
    }
    Ok(found)
}

/// Our ids of what we sent, and the workspace and Meta's id of each.
pub(crate) fn own_ids(c: &Connection) -> Result<BTreeMap<String, (String, String)>, StoreError> {
    let mut statement = c.prepare(
        "SELECT m.id, v.workspace, m.wamid FROM messages m JOIN sends s ON s.message = m.id
         JOIN conversations v ON v.id = m.conversation WHERE m.wamid IS NOT NULL",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Wamids of what we sent, with our id: webhooks alone cannot know that they are ours.
pub(crate) fn own(c: &Connection) -> Result<BTreeMap<String, String>, StoreError> {
    let mut statement = c.prepare(
        "SELECT m.wamid, m.id FROM messages m JOIN sends s ON s.message = m.id
         WHERE m.wamid IS NOT NULL",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Every status that is parked for a message: its word and its time, ms UTC.
pub(crate) fn parked_steps(c: &Connection, wamid: &str) -> Result<Vec<(String, i64)>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT status, at FROM parked_statuses WHERE wamid = ?1 ORDER BY status",
    )?;
    let rows = statement.query_map([wamid], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Scratch {
    /// What statuses said about a message that we sent.
    pub(crate) fn parked(&mut self, wamid: &str) -> Result<Vec<(String, i64)>, StoreError> {
        parked_steps(self.connection()?, wamid)
    }
}

//! What Meta tells about business accounts: which event was the newest, and the newest facts.

use rusqlite::{Connection, OptionalExtension as _};
use serde_json::{Map, Value};

use super::StoreError;
use crate::meta::payload::Fact;

/// A channel that news of its account is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Concerned {
    /// Channel id.
    pub(crate) channel: String,
    /// Workspace id.
    pub(crate) workspace: String,
    /// Its number, digits alone.
    pub(crate) digits: String,
}

/// The channels of an account as it is now: late news of one that a number has left is not theirs.
pub(crate) fn channels(c: &Connection, waba_id: &str) -> Result<Vec<Concerned>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT id, workspace, display_digits FROM channels WHERE waba_id = ?1 ORDER BY id",
    )?;
    let rows = statement.query_map([waba_id], |row| {
        Ok(Concerned { channel: row.get(0)?, workspace: row.get(1)?, digits: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Notes news of a topic if it is newer than what is known; false if it is older or a repeat.
pub(crate) fn note_news(
    c: &Connection,
    channel: &str,
    topic: &str,
    event: &str,
    at: i64,
) -> Result<bool, StoreError> {
    let noted = c
        .prepare_cached(
            "INSERT INTO account_news (channel, topic, event, at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (channel, topic) DO UPDATE SET event = excluded.event, at = excluded.at
             WHERE excluded.at > at OR (excluded.at = at AND excluded.event <> event)",
        )?
        .execute((channel, topic, event, at))?;
    Ok(noted > 0)
}

/// The newest news of a topic: Meta's word for it, and when, ms UTC.
pub(crate) fn newest_news(
    c: &Connection,
    channel: &str,
    topic: &str,
) -> Result<Option<(String, i64)>, StoreError> {
    Ok(c.prepare_cached("SELECT event, at FROM account_news WHERE channel = ?1 AND topic = ?2")?
        .query_row((channel, topic), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

/// Keeps a fact unless a newer one about the same thing is known, or this very one: Meta brings
/// everything twice. True if it was kept.
pub(crate) fn keep_fact(c: &Connection, fact: &Fact, at: i64) -> Result<bool, StoreError> {
    let kept = c
        .prepare_cached(
            "INSERT INTO account_facts (waba_id, field, number, subject, word, details, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT DO UPDATE SET word = excluded.word, details = excluded.details,
                 at = excluded.at
             WHERE excluded.at > at OR (excluded.at = at
                 AND (excluded.word <> word OR excluded.details <> details))",
        )?
        .execute((
            &fact.waba_id,
            &fact.field,
            fact.number.as_deref().unwrap_or_default(),
            &fact.subject,
            &fact.word,
            serde_json::to_string(&fact.details)?,
            at,
        ))?;
    Ok(kept > 0)
}

/// The facts of an account that concern a number, newest first: `{field, subject?, word, at, ...}`.
pub(crate) fn facts(c: &Connection, waba_id: &str, digits: &str) -> Result<Vec<Value>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT field, subject, word, details, at FROM account_facts
         WHERE waba_id = ?1 AND number IN ('', ?2) ORDER BY at DESC, field, subject",
    )?;
    let mut rows = statement.query((waba_id, digits))?;
    let mut facts = Vec::new();
    while let Some(row) = rows.next()? {
        let details: Map<String, Value> = serde_json::from_str(&row.get::<_, String>(3)?)?;
        let mut fact = Map::new();
        fact.insert("field".into(), row.get::<_, String>(0)?.into());
        let subject: String = row.get(1)?;
        if !subject.is_empty() {
            fact.insert("subject".into(), subject.into());
        }
        fact.insert("word".into(), row.get::<_, String>(2)?.into());
        fact.insert("at".into(), row.get::<_, i64>(4)?.into());
        fact.insert("details".into(), details.into());
        facts.push(fact.into());
    }
    Ok(facts)
}

//! Reactions, by Meta's id of the message that they are on: the message may come after them.

use rusqlite::{Connection, OptionalExtension as _};

use super::StoreError;

/// One side's reaction on a message. WhatsApp knows one of the customer and one of the business:
/// an agent's takes the place of the owner's, and the other way round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reaction<'a> {
    /// Meta's id of the message.
    pub(crate) target: &'a str,
    /// customer, owner_app or agent.
    pub(crate) author_kind: &'a str,
    /// Member id of an agent.
    pub(crate) author_member: Option<&'a str>,
    /// None: it was taken away.
    pub(crate) emoji: Option<&'a str>,
    /// ms UTC. The newest wins.
    pub(crate) at: i64,
}

/// A reaction that stood under a message's id.
pub(crate) struct Taken {
    /// customer, owner_app or agent.
    pub(crate) author_kind: String,
    /// Member id of an agent.
    pub(crate) author_member: Option<String>,
    /// None: it was taken away.
    pub(crate) emoji: Option<String>,
    /// ms UTC.
    pub(crate) at: i64,
}

/// Takes the reactions on a message out, for it is known by another id.
pub(crate) fn take(c: &Connection, target: &str) -> Result<Vec<Taken>, StoreError> {
    let mut statement = c.prepare_cached(
        "DELETE FROM reactions WHERE target = ?1 RETURNING author_kind, author_member, emoji, at",
    )?;
    let rows = statement.query_map([target], |row| {
        Ok(Taken {
            author_kind: row.get(0)?,
            author_member: row.get(1)?,
            emoji: row.get(2)?,
            at: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The side of a chat that an author speaks for.
pub(crate) fn side(author_kind: &str) -> &'static str {
    if author_kind == "customer" { "customer" } else { "business" }
}

/// Whether this is the business's reaction that stands on a message.
pub(crate) fn stands(
    c: &Connection,
    target: &str,
    member: &str,
    emoji: Option<&str>,
) -> Result<bool, StoreError> {
    Ok(c.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM reactions WHERE target = ?1 AND side = 'business'
             AND author_kind = 'agent' AND author_member IS ?2 AND emoji IS ?3)",
    )?
    .query_row((target, member, emoji), |row| row.get(0))?)
}

/// Notes a reaction; says whether that changed anything that is shown. Of two at one time the
/// emoji decides, so that any order of arrival ends alike.
pub(crate) fn set(c: &Connection, reaction: &Reaction<'_>) -> Result<bool, StoreError> {
    let side = side(reaction.author_kind);
    let before: Option<Option<String>> = c
        .prepare_cached("SELECT emoji FROM reactions WHERE target = ?1 AND side = ?2")?
        .query_row((reaction.target, side), |row| row.get(0))
        .optional()?;
    let written = c
        .prepare_cached(
            "INSERT INTO reactions (target, side, author_kind, author_member, emoji, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET author_kind = excluded.author_kind,
                 author_member = excluded.author_member, emoji = excluded.emoji, at = excluded.at
             WHERE (excluded.at, ifnull(excluded.emoji, '')) > (at, ifnull(emoji, ''))",
        )?
        .execute((
            reaction.target,
            side,
            reaction.author_kind,
            reaction.author_member,
            reaction.emoji,
            reaction.at,
        ))?;
    Ok(written > 0 && before.flatten().as_deref() != reaction.emoji)
}

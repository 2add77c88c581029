//! The address books of the owners' phones, and which name of a person is shown.

use std::cmp::Reverse;

use rusqlite::{Connection, OptionalExtension as _};

use super::StoreError;

/// Notes an entry for one of the ids that it names; false if a newer one is known. Of two of one
/// second the later one to come counts.
pub(crate) fn note(
    c: &Connection,
    channel: &str,
    person: &str,
    name: Option<&str>,
    at: i64,
) -> Result<bool, StoreError> {
    let noted = c
        .prepare_cached(
            "INSERT INTO phone_book (channel, person, name, at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (channel, person) DO UPDATE SET name = excluded.name, at = excluded.at
             WHERE excluded.at >= at",
        )?
        .execute((channel, person, name, at))?;
    Ok(noted > 0)
}

/// The newest name that any address book of the workspace has for a person under any of these: the
/// number, what its spellings share, the user id.
pub(crate) fn name(
    c: &Connection,
    workspace: &str,
    [phone, key, user_id]: [Option<&str>; 3],
) -> Result<Option<String>, StoreError> {
    // One look each: a list of all would cost a table of its own on every message.
    let mut statement = c.prepare_cached(
        "SELECT b.at, b.channel, b.name FROM phone_book b JOIN channels h ON h.id = b.channel
         WHERE b.person = ?2 AND h.workspace = ?1 AND b.name IS NOT NULL
         ORDER BY b.at DESC, b.channel LIMIT 1",
    )?;
    let mut newest: Option<(Reverse<i64>, String, String)> = None;
    for person in [phone, key.filter(|key| Some(*key) != phone), user_id].into_iter().flatten() {
        let found = statement
            .query_row((workspace, person), |row| {
                Ok((Reverse(row.get(0)?), row.get(1)?, row.get(2)?))
            })
            .optional()?;
        newest = [newest, found].into_iter().flatten().min();
    }
    Ok(newest.map(|(_, _, name)| name))
}

/// Notes the name of a contact's own profile, if one came, and gives the one that is known.
pub(crate) fn profile_name(
    c: &Connection,
    contact: &str,
    said: Option<&str>,
) -> Result<Option<String>, StoreError> {
    if let Some(said) = said {
        c.prepare_cached(
            "UPDATE contacts SET profile_name = ?2 WHERE id = ?1 AND profile_name IS NOT ?2",
        )?
        .execute((contact, said))?;
        return Ok(Some(said.to_owned()));
    }
    Ok(c.prepare_cached("SELECT profile_name FROM contacts WHERE id = ?1")?
        .query_row([contact], |row| row.get(0))
        .optional()?
        .flatten())
}

//! Contacts as the desk changes them: fields by hand, joining two, erasing one.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::{Map, Value};

use super::{StoreError, WriteTx};

/// What the desk needs to know of a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    /// Id.
    pub(crate) id: String,
    /// The contact that it became part of.
    pub(crate) merged_into: Option<String>,
    /// When its content was erased, ms UTC.
    pub(crate) erased_at: Option<i64>,
    /// Digits as Meta gave them.
    pub(crate) phone: Option<String>,
    /// Business-scoped user id.
    pub(crate) wa_user_id: Option<String>,
    /// Username.
    pub(crate) username: Option<String>,
    /// Profile or phone-book name.
    pub(crate) name: Option<String>,
}

/// The contact with this id, if it is of this workspace.
pub(crate) fn find(
    sql: &Connection,
    workspace: &str,
    id: &str,
) -> Result<Option<Known>, StoreError> {
    Ok(sql
        .prepare_cached(
            "SELECT id, merged_into, erased_at, phone, wa_user_id, username, name FROM contacts
             WHERE id = ?1 AND workspace = ?2",
        )?
        .query_row((id, workspace), |row| {
            Ok(Known {
                id: row.get(0)?,
                merged_into: row.get(1)?,
                erased_at: row.get(2)?,
                phone: row.get(3)?,
                wa_user_id: row.get(4)?,
                username: row.get(5)?,
                name: row.get(6)?,
            })
        })
        .optional()?)
}

/// A field that was set by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// Absent: taken away.
    pub(crate) value: Option<String>,
    /// Member id.
    pub(crate) by: String,
    /// When, ms UTC.
    pub(crate) at: i64,
}

/// A field of a contact, if anybody set it.
pub(crate) fn field(
    sql: &Connection,
    contact: &str,
    field: &str,
) -> Result<Option<Field>, StoreError> {
    Ok(sql
        .prepare_cached(
            "SELECT value, by, at FROM contact_fields WHERE contact = ?1 AND field = ?2",
        )?
        .query_row((contact, field), |row| {
            Ok(Field { value: row.get(0)?, by: row.get(1)?, at: row.get(2)? })
        })
        .optional()?)
}

/// How many fields of a contact are set.
pub(crate) fn count_fields(sql: &Connection, contact: &str) -> Result<i64, StoreError> {
    Ok(sql
        .prepare_cached("SELECT count(*) FROM contact_fields WHERE contact = ?1")?
        .query_row([contact], |row| row.get(0))?)
}

/// Sets a field.
pub(crate) fn set_field(
    tx: &WriteTx<'_>,
    contact: &str,
    field: &str,
    value: Option<&str>,
    by: &str,
) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "INSERT INTO contact_fields (contact, field, value, by, at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (contact, field) DO UPDATE SET value = excluded.value, by = excluded.by,
                 at = excluded.at",
        )?
        .execute((contact, field, value, by, tx.now()))?;
    Ok(())
}

/// The fields that are set, without the name, which stands in the object itself.
pub(crate) fn fields(sql: &Connection, contact: &str) -> Result<Map<String, Value>, StoreError> {
    let mut statement = sql.prepare_cached(
        "SELECT field, value FROM contact_fields
         WHERE contact = ?1 AND field <> 'name' AND value IS NOT NULL ORDER BY field",
    )?;
    let rows = statement.query_map([contact], |row| {
        Ok((row.get::<_, String>(0)?, Value::from(row.get::<_, String>(1)?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Ids of the conversations of a contact and of those that became part of it, in their order.
pub(crate) fn conversations(sql: &Connection, contact: &str) -> Result<Vec<String>, StoreError> {
    let mut statement = sql.prepare_cached(
        "SELECT id FROM conversations WHERE contact = ?1
         UNION SELECT v.id FROM conversations v JOIN contacts k ON k.id = v.contact
         WHERE k.merged_into = ?1 ORDER BY 1",
    )?;
    Ok(statement.query_map([contact], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Ids of up to `limit` contacts after an id whose name holds `text` or, `by_number`, whose number
/// holds its digits; all of them if `text` is empty.
pub(crate) fn search(
    sql: &Connection,
    workspace: &str,
    (text, by_number): (&str, bool),
    after: &str,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let pattern = |text: &str| {
        let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        format!("%{escaped}%")
    };
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    // Two digits are in every number; a name of digits alone is found as a name.
    let number = (by_number && digits.len() >= 3).then(|| pattern(&digits));
    let mut statement = sql.prepare_cached(
        "SELECT id FROM contacts c WHERE workspace = ?1 AND id > ?2 AND merged_into IS NULL
           AND (?3 = '%%' OR name LIKE ?3 ESCAPE '\\' OR username LIKE ?3 ESCAPE '\\'
                OR (?4 IS NOT NULL AND phone LIKE ?4)
                OR EXISTS (SELECT 1 FROM contact_fields f
                           WHERE f.contact = c.id AND f.field = 'name' AND f.value LIKE ?3 ESCAPE '\\'))
         ORDER BY id LIMIT ?5",
    )?;
    let rows = statement
        .query_map(params![workspace, after, pattern(text), number, limit], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A conversation of one of two contacts that become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed {
    /// Id.
    pub(crate) id: String,
    /// Channel id.
    pub(crate) channel: String,
    /// `(last_at, created_at)`: which of two is the newer.
    pub(crate) age: (i64, i64),
}

/// The conversations that stand under this very contact.
pub(crate) fn placed(sql: &Connection, contact: &str) -> Result<Vec<Placed>, StoreError> {
    let mut statement = sql.prepare_cached(
        "SELECT id, channel, last_at, created_at FROM conversations
         WHERE contact = ?1 AND continued_in IS NULL ORDER BY id",
    )?;
    let rows = statement.query_map([contact], |row| {
        Ok(Placed { id: row.get(0)?, channel: row.get(1)?, age: (row.get(2)?, row.get(3)?) })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Puts a conversation under another contact.
pub(crate) fn place(tx: &WriteTx<'_>, conversation: &str, contact: &str) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached("UPDATE conversations SET contact = ?2 WHERE id = ?1")?
        .execute((conversation, contact))?;
    Ok(())
}

/// Lets two conversations of one channel change their contacts.
pub(crate) fn swap(
    tx: &WriteTx<'_>,
    (one, to_one): (&str, &str),
    (other, to_other): (&str, &str),
) -> Result<(), StoreError> {
    // For a moment one of them stands under nobody.
    tx.sql().pragma_update(None, "defer_foreign_keys", true)?;
    place(tx, one, "")?;
    place(tx, other, to_other)?;
    place(tx, one, to_one)
}

/// Lets `from` become part of `into`, which takes over the ids that it lacks.
pub(crate) fn join(tx: &WriteTx<'_>, from: &Known, into: &Known) -> Result<(), StoreError> {
    let sql = tx.sql();
    sql.execute(
        "UPDATE contacts SET merged_into = ?2, phone = NULL, wa_user_id = NULL,
             perhaps_same = NULL WHERE id = ?1",
        (&from.id, &into.id),
    )?;
    // Between the two the question is answered; of others it is asked about the one that stays,
    // under whose number some of them are written to.
    sql.execute(
        "UPDATE contacts SET perhaps_same = nullif(?2, id) WHERE perhaps_same = ?1",
        (&from.id, &into.id),
    )?;
    sql.execute("UPDATE aliases SET contact = ?2 WHERE contact = ?1", (&from.id, &into.id))?;
    // What it keeps of its own beside what it takes over: webhooks still come under both.
    for (theirs, own) in [(&from.phone, &into.phone), (&from.wa_user_id, &into.wa_user_id)] {
        if let (Some(alias), Some(_)) = (theirs, own) {
            sql.execute(
                "INSERT OR REPLACE INTO aliases (workspace, alias, contact, since)
                 SELECT workspace, ?2, id, ?3 FROM contacts WHERE id = ?1",
                (&into.id, alias, tx.now()),
            )?;
        }
    }
    sql.execute(
        "UPDATE contacts SET merged_into = ?2 WHERE merged_into = ?1",
        (&from.id, &into.id),
    )?;
    sql.execute(
        "UPDATE contacts SET phone = coalesce(phone, ?2), wa_user_id = coalesce(wa_user_id, ?3),
             username = coalesce(username, ?4), name = coalesce(name, ?5)
         WHERE id = ?1",
        (&into.id, &from.phone, &from.wa_user_id, &from.username, &from.name),
    )?;
    // Who wants no advertising is one person: the newest word counts, to whichever it was said.
    sql.execute(
        "UPDATE contacts SET (marketing, marketing_at) =
             (SELECT f.marketing, f.marketing_at FROM contacts f WHERE f.id = ?2)
         WHERE id = ?1 AND coalesce(marketing_at, -1) <
             (SELECT coalesce(f.marketing_at, -1) FROM contacts f WHERE f.id = ?2)",
        (&into.id, &from.id),
    )?;
    sql.execute(
        "INSERT OR IGNORE INTO contact_fields (contact, field, value, by, at)
         SELECT ?2, field, value, by, at FROM contact_fields WHERE contact = ?1",
        (&from.id, &into.id),
    )?;
    sql.execute(
        "INSERT OR IGNORE INTO labelled (object, label)
         SELECT ?2, label FROM labelled WHERE object = ?1",
        (&from.id, &into.id),
    )?;
    sql.execute("DELETE FROM labelled WHERE object = ?1", [&from.id])?;
    Ok(())
}

/// `(n, id)` of every message of a conversation.
pub(crate) fn messages(sql: &Connection, id: &str) -> Result<Vec<(i64, String)>, StoreError> {
    let mut statement =
        sql.prepare_cached("SELECT n, id FROM messages WHERE conversation = ?1 ORDER BY n")?;
    let rows = statement.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Empties every message of a conversation, and takes back what is still to be sent there.
pub(crate) fn empty_conversation(
    tx: &WriteTx<'_>,
    id: &str,
    deleted: &Value,
) -> Result<(), StoreError> {
    let sql = tx.sql();
    sql.execute(
        "UPDATE messages SET body = '{\"kind\":\"text\",\"text\":\"\"}', deleted = ?2,
             media_ref = NULL, beside = NULL WHERE conversation = ?1",
        (id, deleted.to_string()),
    )?;
    for table in ["reactions", "amendments"] {
        sql.execute(
            &format!(
                "DELETE FROM {table} WHERE target IN
                     (SELECT wamid FROM messages WHERE conversation = ?1 AND wamid IS NOT NULL)"
            ),
            [id],
        )?;
    }
    sql.execute("DELETE FROM reaction_sends WHERE conversation = ?1", [id])?;
    sql.execute(
        "UPDATE sends SET state = 'withdrawn' WHERE conversation = ?1 AND state IN ('waiting', 'held')",
        [id],
    )?;
    sql.execute(
        "UPDATE messages SET trouble = NULL WHERE conversation = ?1 AND id IN
             (SELECT message FROM sends WHERE conversation = ?1 AND state = 'withdrawn')",
        [id],
    )?;
    sql.execute("UPDATE conversations SET unread = 0, waiting_since = NULL WHERE id = ?1", [id])?;
    Ok(())
}

/// Contacts that may be the same person as this one, in the order of their ids.
pub(crate) fn perhaps_same(sql: &Connection, id: &str) -> Result<Vec<String>, StoreError> {
    let mut statement =
        sql.prepare_cached("SELECT id FROM contacts WHERE perhaps_same = ?1 ORDER BY id")?;
    Ok(statement.query_map([id], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Takes everything out of a contact but its id.
pub(crate) fn empty(tx: &WriteTx<'_>, id: &str) -> Result<(), StoreError> {
    let sql = tx.sql();
    for statement in [
        "DELETE FROM contact_fields WHERE contact IN
             (SELECT id FROM contacts WHERE id = ?1 OR merged_into = ?1)",
        "DELETE FROM labelled WHERE object IN
             (SELECT id FROM contacts WHERE id = ?1 OR merged_into = ?1)",
        "DELETE FROM aliases WHERE contact IN
             (SELECT id FROM contacts WHERE id = ?1 OR merged_into = ?1)",
        "UPDATE contacts SET perhaps_same = NULL WHERE perhaps_same = ?1",
    ] {
        sql.execute(statement, [id])?;
    }
    sql.execute(
        "UPDATE contacts SET name = NULL, profile_name = NULL, username = NULL, phone = NULL,
             wa_user_id = NULL, perhaps_same = NULL, erased_at = ?2
         WHERE id = ?1 OR merged_into = ?1",
        (id, tx.now()),
    )?;
    Ok(())
}

/// Raw webhook bodies that were worked off and name any of these words.
pub(crate) fn webhooks_naming(
    sql: &Connection,
    words: &[String],
) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut statement = sql.prepare_cached(
        "SELECT body FROM webhooks
         WHERE state <> 'pending' AND instr(body, CAST(?1 AS BLOB)) > 0",
    )?;
    let mut bodies = Vec::new();
    for word in words.iter().filter(|word| !word.is_empty()) {
        for body in statement.query_map([word], |row| row.get(0))? {
            bodies.push(body?);
        }
    }
    Ok(bodies)
}

/// Blanks raw webhook bodies that name any of these words; gives how many. Bodies that still
/// wait are left: they are worked off as they came.
pub(crate) fn blank_webhooks(tx: &WriteTx<'_>, words: &[String]) -> Result<usize, StoreError> {
    let mut blanked = 0;
    for word in words.iter().filter(|word| !word.is_empty()) {
        blanked += tx
            .sql()
            .prepare_cached(
                "UPDATE webhooks SET body = x'7b7d'
                 WHERE state <> 'pending' AND instr(body, CAST(?1 AS BLOB)) > 0",
            )?
            .execute([word])?;
    }
    Ok(blanked)
}

/// Forgets what the address books and Meta's handovers say of a person under these numbers and ids.
pub(crate) fn forget_person(
    tx: &WriteTx<'_>,
    workspace: &str,
    names: &[String],
) -> Result<(), StoreError> {
    for table in ["phone_book", "handovers"] {
        for name in names {
            tx.sql()
                .prepare_cached(&format!(
                    "DELETE FROM {table} WHERE person = ?1
                     AND channel IN (SELECT id FROM channels WHERE workspace = ?2)"
                ))?
                .execute((name, workspace))?;
        }
    }
    Ok(())
}

/// Numbers and ids that a contact had before.
pub(crate) fn aliases(sql: &Connection, contact: &str) -> Result<Vec<String>, StoreError> {
    let mut statement =
        sql.prepare_cached("SELECT alias FROM aliases WHERE contact = ?1 ORDER BY alias")?;
    Ok(statement.query_map([contact], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Ids of Meta's for the messages of a conversation: raw bodies name them.
pub(crate) fn wamids(sql: &Connection, id: &str) -> Result<Vec<String>, StoreError> {
    let mut statement = sql.prepare_cached(
        "SELECT wamid FROM messages WHERE conversation = ?1 AND wamid IS NOT NULL ORDER BY n",
    )?;
    Ok(statement.query_map([id], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

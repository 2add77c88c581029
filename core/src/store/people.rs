//! Contacts, members, channels.

use std::collections::BTreeMap;

use rusqlite::OptionalExtension;

use super::{Read, Stored, Topic, Tx};
use crate::model::records::{Channel, Contact, Member};

fn channel(row: &rusqlite::Row<'_>) -> rusqlite::Result<Channel> {
    Ok(Channel { id: row.get(0)?, version: row.get(1)?, display: row.get(2)?, state: row.get(3)? })
}

impl Read<'_> {
    pub(crate) fn contact(&self, id: &str) -> Stored<Option<Contact>> {
        let mut query = self.0.prepare_cached(
            "SELECT id, version, name, phone, username FROM contacts WHERE id = ?1",
        )?;
        Ok(query
            .query_row([id], |row| {
                Ok(Contact {
                    id: row.get(0)?,
                    version: row.get(1)?,
                    name: row.get(2)?,
                    phone: row.get(3)?,
                    username: row.get(4)?,
                })
            })
            .optional()?)
    }

    /// First names of all members held, by id.
    pub(crate) fn member_names(&self) -> Stored<BTreeMap<String, String>> {
        let mut query = self.0.prepare_cached("SELECT id, name FROM members")?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// All channels.
    pub(crate) fn channels(&self) -> Stored<Vec<Channel>> {
        let sql = "SELECT id, version, display, state FROM channels ORDER BY id";
        let mut query = self.0.prepare_cached(sql)?;
        let rows = query.query_map([], channel)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What each channel is called, by id.
    pub(crate) fn channel_names(&self) -> Stored<BTreeMap<String, String>> {
        let mut query = self.0.prepare_cached("SELECT id, display FROM channels")?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Tx<'_> {
    pub(crate) fn put_contact(&self, contact: &Contact) -> Stored<()> {
        let changed = self
            .sql
            .prepare_cached(
                "INSERT INTO contacts (id, version, name, phone, username) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (id) DO UPDATE SET version = excluded.version, name = excluded.name,
                     phone = excluded.phone, username = excluded.username
                 WHERE excluded.version > version",
            )?
            .execute((
                &contact.id,
                contact.version,
                &contact.name,
                &contact.phone,
                &contact.username,
            ))?;
        if changed > 0 {
            self.touch(Topic::Inbox);
            self.touch(Topic::Outbox);
            let mut query =
                self.sql.prepare_cached("SELECT id FROM conversations WHERE contact_id = ?1")?;
            let ids = query.query_map([&contact.id], |row| row.get::<_, String>(0))?;
            for id in ids {
                self.touch(Topic::Conversation(id?));
            }
        }
        Ok(())
    }

    pub(crate) fn put_member(&self, member: &Member) -> Stored<()> {
        let changed = self
            .sql
            .prepare_cached(
                "INSERT INTO members (id, version, name, role) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (id) DO UPDATE SET version = excluded.version, name = excluded.name, role = excluded.role
                 WHERE excluded.version > version",
            )?
            .execute((&member.id, member.version, &member.name, &member.role))?;
        if changed > 0 {
            // Members are named in every view; bubbles are drawn on the status as well.
            for topic in [Topic::Inbox, Topic::Outbox, Topic::Status] {
                self.touch(topic);
            }
        }
        Ok(())
    }

    pub(crate) fn put_channel(&self, channel: &Channel) -> Stored<()> {
        let changed = self
            .sql
            .prepare_cached(
                "INSERT INTO channels (id, version, display, state) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (id) DO UPDATE SET version = excluded.version, display = excluded.display, state = excluded.state
                 WHERE excluded.version > version",
            )?
            .execute((&channel.id, channel.version, &channel.display, &channel.state))?;
        if changed > 0 {
            self.touch(Topic::Inbox);
        }
        Ok(())
    }

    /// Forgets one person or number that the server says is gone.
    pub(crate) fn drop_person(&self, kind: &str, id: &str) -> Stored<()> {
        let sql = match kind {
            "contact" => "DELETE FROM contacts WHERE id = ?1",
            "member" => "DELETE FROM members WHERE id = ?1",
            "channel" => "DELETE FROM channels WHERE id = ?1",
            _ => return Ok(()),
        };
        self.sql.prepare_cached(sql)?.execute([id])?;
        self.touch(Topic::Inbox);
        Ok(())
    }

    /// Members that are not among these go; no ids at all say nothing.
    pub(crate) fn keep_members(&self, ids: &[String]) -> Stored<()> {
        self.keep("DELETE FROM members WHERE id NOT IN (SELECT value FROM json_each(?1))", ids)
    }

    /// Channels that are not among these go; no ids at all say nothing.
    pub(crate) fn keep_channels(&self, ids: &[String]) -> Stored<()> {
        self.keep("DELETE FROM channels WHERE id NOT IN (SELECT value FROM json_each(?1))", ids)
    }

    fn keep(&self, sql: &str, ids: &[String]) -> Stored<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let ids = serde_json::Value::from(ids).to_string();
        if self.sql.prepare_cached(sql)?.execute([ids])? > 0 {
            for topic in [Topic::Inbox, Topic::Outbox, Topic::Status] {
                self.touch(topic);
            }
        }
        Ok(())
    }

    /// Contacts that no held conversation names go.
    pub(crate) fn prune_contacts(&self) -> Stored<()> {
        self.sql
            .prepare_cached(
                "DELETE FROM contacts WHERE id NOT IN (SELECT contact_id FROM conversations WHERE held = 1)",
            )?
            .execute([])?;
        Ok(())
    }

    /// A new epoch counts versions from anew.
    pub(crate) fn forget_versions(&self) -> Stored<()> {
        self.sql.execute_batch(
            "UPDATE conversations SET version = 0; UPDATE messages SET version = 0;
             UPDATE contacts SET version = 0; UPDATE members SET version = 0; UPDATE channels SET version = 0;",
        )?;
        Ok(())
    }
}

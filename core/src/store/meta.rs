//! Small facts by name.

use rusqlite::OptionalExtension;

use super::{Read, Stored, Tx};

/// The names in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// This phone's id, made once.
    DeviceId,
    /// The server that this store belongs to.
    Server,
    MemberId,
    MemberName,
    Role,
    WorkspaceName,
    /// JSON array: texts of the owner's phone that are no answer.
    GreetingTexts,
    /// `1`: what was written for a conversation that left may be read and copied.
    CopyAfterLeft,
    Epoch,
    /// Opaque, from the last applied page.
    Cursor,
    /// `to` of the last applied page.
    Seq,
    /// The server's time less the phone's.
    OffsetMs,
    /// The page a first download goes on with.
    BootstrapPage,
    /// The cursor that this download ends with.
    BootstrapCursor,
    /// The server said `reset`: wipe by scope before anything is drawn.
    Resetting,
    /// When this phone was last known to be up to date.
    UpToDateAt,
    /// Something was drawn once.
    Drawn,
    /// A manager removed this device, and nobody signed in since.
    Removed,
    /// After a new epoch: the server has not been asked yet which of this phone's replies it lacks.
    AskKnown,
}

impl Key {
    fn name(self) -> &'static str {
        match self {
            Self::DeviceId => "device_id",
            Self::Server => "server",
            Self::MemberId => "member_id",
            Self::MemberName => "member_name",
            Self::Role => "role",
            Self::WorkspaceName => "workspace_name",
            Self::GreetingTexts => "greeting_texts",
            Self::CopyAfterLeft => "copy_after_left",
            Self::Epoch => "epoch",
            Self::Cursor => "cursor",
            Self::Seq => "seq",
            Self::OffsetMs => "offset_ms",
            Self::BootstrapPage => "bootstrap_page",
            Self::BootstrapCursor => "bootstrap_cursor",
            Self::Resetting => "resetting",
            Self::UpToDateAt => "up_to_date_at",
            Self::Drawn => "drawn",
            Self::Removed => "removed",
            Self::AskKnown => "ask_known",
        }
    }
}

impl Read<'_> {
    pub(crate) fn meta(&self, key: Key) -> Stored<Option<String>> {
        let mut query = self.0.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        Ok(query.query_row([key.name()], |row| row.get(0)).optional()?)
    }

    pub(crate) fn meta_i64(&self, key: Key) -> Stored<Option<i64>> {
        Ok(self.meta(key)?.and_then(|value| value.parse().ok()))
    }
}

impl Tx<'_> {
    pub(crate) fn set_meta(&self, key: Key, value: &str) -> Stored<()> {
        let mut statement = self.sql.prepare_cached(
            "INSERT INTO meta (key, value) VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
        )?;
        statement.execute([key.name(), value])?;
        Ok(())
    }

    pub(crate) fn clear_meta(&self, key: Key) -> Stored<()> {
        self.sql.prepare_cached("DELETE FROM meta WHERE key = ?1")?.execute([key.name()])?;
        Ok(())
    }

    /// Forgets the account and everything of it; only the device id and the server stay.
    pub(crate) fn wipe_account(&self) -> Stored<()> {
        self.sql.execute_batch(
            "DELETE FROM meta WHERE key NOT IN ('device_id', 'server');
             DELETE FROM outbox; DELETE FROM own_sends; DELETE FROM conversations; DELETE FROM messages;
             DELETE FROM contacts; DELETE FROM members; DELETE FROM channels; DELETE FROM marks;",
        )?;
        Ok(())
    }
}

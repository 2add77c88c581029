//! What went: a page that was read before must not bring it back.

use rusqlite::OptionalExtension;

use super::{Read, Stored, Tx};

/// How long marks are kept.
const KEEP_MS: i64 = 30 * 24 * 3_600_000;

impl Read<'_> {
    /// True if an answer read at `as_of` is older than the going of `id`.
    pub(crate) fn is_marked(&self, kind: &str, id: &str, as_of: i64) -> Stored<bool> {
        let mut query =
            self.0.prepare_cached("SELECT seq FROM marks WHERE kind = ?1 AND id = ?2")?;
        let seq: Option<i64> = query.query_row([kind, id], |row| row.get(0)).optional()?;
        Ok(seq.is_some_and(|seq| as_of < seq))
    }
}

impl Tx<'_> {
    pub(crate) fn mark(&self, kind: &str, id: &str, seq: i64, now: i64) -> Stored<()> {
        self.sql
            .prepare_cached(
                "INSERT INTO marks (kind, id, seq, at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (kind, id) DO UPDATE SET seq = max(seq, excluded.seq), at = excluded.at",
            )?
            .execute((kind, id, seq, now))?;
        Ok(())
    }

    /// Forgets marks older than thirty days.
    pub(crate) fn prune_marks(&self, now: i64) -> Stored<()> {
        self.sql
            .prepare_cached("DELETE FROM marks WHERE at < ?1")?
            .execute([now.saturating_sub(KEEP_MS)])?;
        Ok(())
    }

    /// A new epoch counts from anew: old marks mean nothing.
    pub(crate) fn clear_marks(&self) -> Stored<()> {
        self.sql.execute("DELETE FROM marks", [])?;
        Ok(())
    }
}

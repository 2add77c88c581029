//! The outbox's rows. Which state follows which is `model::queue`'s business; here it is only asked and written down.

use rusqlite::{OptionalExtension, Row};

use super::{Read, StoreError, Stored, Topic, Tx};
use crate::model::queue::{Event, State};
use crate::model::records::Queued;

/// The meaning of rows that this version writes. Rows of a newer app are left alone.
const FORMAT: i64 = 1;

const COLUMNS: &str = "position, id, kind, conversation, target, payload, text, based_on_n, written_at, state, \
     attempts, reason, code, details, since, not_before, done_seq, after, passed";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Queued> {
    let word: String = row.get(9)?;
    Ok(Queued {
        position: row.get(0)?,
        id: row.get(1)?,
        kind: row.get(2)?,
        conversation: row.get(3)?,
        target: row.get(4)?,
        payload: row.get(5)?,
        text: row.get(6)?,
        based_on_n: row.get(7)?,
        written_at: row.get(8)?,
        state: State::from_word(&word).ok_or_else(|| {
            rusqlite::Error::FromSqlConversionFailure(
                9,
                rusqlite::types::Type::Text,
                "unknown state of a command".into(),
            )
        })?,
        attempts: row.get(10)?,
        reason: row.get(11)?,
        code: row.get(12)?,
        details: row.get(13)?,
        since: row.get(14)?,
        not_before: row.get(15)?,
        done_seq: row.get(16)?,
        after: row.get(17)?,
        passed: row.get(18)?,
    })
}

impl Read<'_> {
    /// All commands that are not finished, in order of writing.
    pub(crate) fn outbox(&self) -> Stored<Vec<Queued>> {
        let sql = format!("SELECT {COLUMNS} FROM outbox WHERE format = {FORMAT} ORDER BY position");
        let mut query = self.0.prepare_cached(&sql)?;
        Ok(query.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }

    /// Those of one conversation.
    pub(crate) fn outbox_of(&self, conversation: &str) -> Stored<Vec<Queued>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM outbox WHERE conversation = ?1 AND format = {FORMAT} ORDER BY position"
        );
        let mut query = self.0.prepare_cached(&sql)?;
        Ok(query.query_map([conversation], from_row)?.collect::<Result<_, _>>()?)
    }

    pub(crate) fn queued(&self, id: &str) -> Stored<Option<Queued>> {
        let sql = format!("SELECT {COLUMNS} FROM outbox WHERE id = ?1 AND format = {FORMAT}");
        Ok(self.0.prepare_cached(&sql)?.query_row([id], from_row).optional()?)
    }

    /// Ids of this phone's replies written since then that are messages here, the oldest first.
    pub(crate) fn own_sends_held(&self, since: i64) -> Stored<Vec<String>> {
        let mut query = self.0.prepare_cached(
            "SELECT own_sends.id FROM own_sends JOIN messages ON messages.id = own_sends.id
             WHERE own_sends.at >= ?1 ORDER BY own_sends.at",
        )?;
        Ok(query.query_map([since], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// True if this phone wrote that message.
    pub(crate) fn is_own_send(&self, id: &str) -> Stored<bool> {
        let mut query = self.0.prepare_cached("SELECT 1 FROM own_sends WHERE id = ?1")?;
        Ok(query.exists([id])?)
    }
}

impl Tx<'_> {
    /// Puts a new command at the end of the queue. Its `position` is given here.
    pub(crate) fn enqueue(&self, it: &Queued) -> Stored<()> {
        self.insert(it, None)
    }

    /// Puts `it` in the place of `old`, which is dropped: an edited or re-sent reply keeps its turn.
    pub(crate) fn replace(&self, old: &Queued, it: &Queued) -> Stored<()> {
        self.step_command(old, Event::Dropped)?;
        self.insert(it, Some(old.position))
    }

    fn insert(&self, it: &Queued, position: Option<i64>) -> Stored<()> {
        self.sql
            .prepare_cached(
                "INSERT INTO outbox (position, id, kind, format, conversation, target, payload, text, based_on_n,
                     written_at, state, after)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute(rusqlite::params![
                position,
                it.id,
                it.kind,
                FORMAT,
                it.conversation,
                it.target,
                it.payload,
                it.text,
                it.based_on_n,
                it.written_at,
                it.state.word(),
                it.after,
            ])?;
        if it.kind == "send" {
            self.note_own_send(&it.id, it.written_at)?;
        }
        self.touch(Topic::Outbox);
        self.touch_conversation(&it.conversation);
        Ok(())
    }

    /// This phone wrote that message: the guard never counts it as somebody's answer.
    pub(crate) fn note_own_send(&self, id: &str, at: i64) -> Stored<()> {
        self.sql
            .prepare_cached("INSERT OR IGNORE INTO own_sends (id, at) VALUES (?1, ?2)")?
            .execute((id, at))?;
        Ok(())
    }

    /// Carries `event` out on a command. `Ok(None)` if it cannot happen in its state; then nothing changed.
    pub(crate) fn step_command(&self, it: &Queued, event: Event) -> Stored<Option<State>> {
        let Some(next) = it.state.after(event) else { return Ok(None) };
        let changed = if next == State::Finished {
            self.sql
                .prepare_cached("DELETE FROM outbox WHERE id = ?1 AND state = ?2")?
                .execute((&it.id, it.state.word()))?
        } else {
            let tried = u32::from(event == Event::Attempt);
            self.sql
                .prepare_cached(
                    "UPDATE outbox SET state = ?3, attempts = attempts + ?4 WHERE id = ?1 AND state = ?2",
                )?
                .execute((&it.id, it.state.word(), next.word(), tried))?
        };
        if changed != 1 {
            return Err(StoreError::Broken("a command changed under a transaction"));
        }
        self.touch(Topic::Outbox);
        self.touch_conversation(&it.conversation);
        Ok(Some(next))
    }

    /// Why a held or refused command is not further.
    pub(crate) fn explain_command(
        &self,
        id: &str,
        reason: Option<&str>,
        code: Option<&str>,
        details: Option<&str>,
        since: i64,
    ) -> Stored<()> {
        self.sql
            .prepare_cached(
                "UPDATE outbox SET reason = ?2, code = ?3, details = ?4, since = ?5 WHERE id = ?1",
            )?
            .execute((id, reason, code, details, since))?;
        Ok(())
    }

    /// Not to be sent again before `not_before`, server time.
    pub(crate) fn delay_command(&self, id: &str, not_before: i64) -> Stored<()> {
        self.sql
            .prepare_cached("UPDATE outbox SET not_before = ?2 WHERE id = ?1")?
            .execute((id, not_before))?;
        Ok(())
    }

    /// Try now: no command waits for a time any more.
    pub(crate) fn clear_delays(&self) -> Stored<()> {
        self.sql.execute("UPDATE outbox SET not_before = 0 WHERE not_before > 0", [])?;
        Ok(())
    }

    /// The change line will bring its effect with `seq`; `None`: it will not.
    pub(crate) fn await_seq(&self, id: &str, seq: Option<i64>) -> Stored<()> {
        self.sql
            .prepare_cached("UPDATE outbox SET done_seq = ?2 WHERE id = ?1")?
            .execute((id, seq))?;
        Ok(())
    }

    /// A person lets later replies of the conversation go first.
    pub(crate) fn let_command_pass(&self, it: &Queued) -> Stored<()> {
        self.sql.prepare_cached("UPDATE outbox SET passed = 1 WHERE id = ?1")?.execute([&it.id])?;
        self.touch(Topic::Outbox);
        self.touch_conversation(&it.conversation);
        Ok(())
    }

    /// Ends all accepted commands whose effect is applied now that the line stands at `seq`.
    pub(crate) fn finish_up_to(&self, seq: i64) -> Stored<()> {
        for it in self.read().outbox()? {
            if it.done_seq.is_some_and(|done| done <= seq) {
                self.step_command(&it, Event::CaughtUp)?;
            }
        }
        Ok(())
    }

    /// Forgets ids of own sends older than 30 days before `now`.
    pub(crate) fn prune_own_sends(&self, now: i64) -> Stored<()> {
        let limit = now.saturating_sub(30 * 24 * 3_600_000);
        self.sql.prepare_cached("DELETE FROM own_sends WHERE at < ?1")?.execute([limit])?;
        Ok(())
    }
}

//! The first download, and the one after a `reset`: page by page, resumable, the list usable from the first page on.

use super::apply;
use super::engine::Engine;
use crate::model::queue::Event;
use crate::store::{Key, Stored, Tx};
use crate::transport::{CallError, wire};

impl Engine {
    /// Downloads what is in scope, going on with the page where an earlier try stopped.
    pub(super) async fn bootstrap(&self) -> Result<(), CallError> {
        let mut page: Option<String> = self.meta(Key::BootstrapPage).await?;
        let mut anew = false;
        loop {
            let path = page.as_deref().map_or_else(
                || "/v1/bootstrap".to_owned(),
                |page| format!("/v1/bootstrap?page={}", super::engine::encoded(page)),
            );
            let answer: Result<wire::Bootstrap, CallError> = self.session.get(&path).await;
            let body = match answer {
                // A page token of another time: start anew, once; overlap is harmless.
                Err(CallError::Refused { .. } | CallError::Reset { .. })
                    if page.is_some() && !anew =>
                {
                    (page, anew) = (None, true);
                    continue;
                }
                other => other?,
            };
            let first = page.is_none();
            page.clone_from(&body.next_page);
            self.store_page(body, first).await?;
            if page.is_none() {
                return Ok(());
            }
        }
    }

    async fn store_page(&self, body: wire::Bootstrap, first: bool) -> Result<(), CallError> {
        let (now, offset) = (self.clock.now_ms(), self.clock.offset_ms());
        let (epoch, cursor, as_of) = (body.epoch.clone(), body.cursor.clone(), body.as_of);
        let next_page = body.next_page.clone();
        let ops = apply::plan_bootstrap(body, first);
        self.write(move |tx| {
            see_epoch(tx, &epoch, now)?;
            apply::carry_out(tx, &ops, as_of, now)?;
            tx.set_meta(Key::OffsetMs, &offset.to_string())?;
            tx.set_meta(Key::Drawn, "1")?;
            if first {
                tx.set_meta(Key::BootstrapCursor, &cursor)?;
            }
            if let Some(page) = next_page {
                return tx.set_meta(Key::BootstrapPage, &page);
            }
            let cursor = tx.read().meta(Key::BootstrapCursor)?.unwrap_or(cursor);
            tx.set_meta(Key::Cursor, &cursor)?;
            tx.clear_meta(Key::Seq)?;
            tx.clear_meta(Key::BootstrapPage)?;
            tx.clear_meta(Key::BootstrapCursor)?;
            Ok(())
        })
        .await
    }

    /// Writes down that the server forgot our place. Nothing is wiped yet: only the scope says what has to go.
    pub(super) async fn note_reset(
        &self,
        cause: String,
        epoch: Option<String>,
    ) -> Result<(), CallError> {
        let now = self.clock.now_ms();
        self.write(move |tx| {
            log::info!(
                "event=reset cause_known={}",
                matches!(cause.as_str(), "epoch" | "tag" | "scope" | "expired")
            );
            if let Some(epoch) = epoch {
                see_epoch(tx, &epoch, now)?;
            }
            if cause == "tag" {
                // Another line under the same epoch: a copy that nobody stamped. Its numbers are as strange.
                enter_epoch(tx, now)?;
            }
            tx.set_meta(Key::Resetting, "1")?;
            tx.clear_meta(Key::Cursor)?;
            tx.clear_meta(Key::Seq)?;
            tx.clear_meta(Key::BootstrapPage)
        })
        .await
    }

    /// Wipes what is not in scope any more, before the download that follows.
    pub(super) async fn wipe_by_scope(&self) -> Result<(), CallError> {
        let scope: wire::Scope = self.session.get("/v1/scope").await?;
        let now = self.clock.now_ms();
        self.write(move |tx| {
            see_epoch(tx, &scope.epoch, now)?;
            for id in tx.read().held_ids()? {
                if !scope.conversations.contains(&id) {
                    apply::leave(tx, &id, scope.as_of, now)?;
                }
            }
            tx.clear_meta(Key::Resetting)
        })
        .await
    }
}

/// Takes note of the epoch that an answer names, whichever answer names a new one first.
pub(super) fn see_epoch(tx: &Tx<'_>, epoch: &str, now: i64) -> Stored<()> {
    if tx.read().meta(Key::Epoch)?.is_some_and(|held| held != epoch) {
        enter_epoch(tx, now)?;
    }
    tx.set_meta(Key::Epoch, epoch)
}

/// Another epoch: versions and numbers count from anew, and what had left for the old server is unknown to the new one.
fn enter_epoch(tx: &Tx<'_>, now: i64) -> Stored<()> {
    tx.forget_versions()?;
    tx.clear_marks()?;
    for it in tx.read().outbox()? {
        if it.kind != "send" {
            // What the old server did is over; what it did not answer is asked of the new one.
            tx.step_command(&it, Event::CaughtUp)?;
        } else if tx.step_command(&it, Event::NewEpoch)?.is_some() {
            tx.await_seq(&it.id, None)?;
            let reason = crate::api::Reason::UnknownOutcome.id();
            tx.explain_command(&it.id, Some(reason), None, None, now)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::api::Reason;
    use crate::model::queue::State;
    use crate::model::records::Message;
    use crate::outbox::row;
    use crate::store::Store;
    use crate::support::Inline;
    use crate::transport::wire::{CommandBody, TextBody};

    async fn state(store: &Store, id: &'static str) -> Option<(State, Option<String>)> {
        let found = store.read(move |read| Ok(read.queued(id)?.map(|it| (it.state, it.reason))));
        found.await.unwrap()
    }

    /// Three sends: waiting, gone without an answer, done at the old server.
    async fn at_the_old_server() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("s.db"), Arc::new(Inline)).await.unwrap();
        let filled = store.write(|tx| {
            see_epoch(tx, "old", 1)?;
            for id in ["waiting", "gone", "done"] {
                let body = TextBody::new("hi");
                let (conversation, reply_to, based_on_n) = ("a", None, 1);
                let body = CommandBody::Send { conversation, body, reply_to, based_on_n };
                tx.enqueue(&row(id, 1, "a", None, body, None).unwrap())?;
            }
            for id in ["gone", "done"] {
                tx.step_command(&tx.read().queued(id)?.unwrap(), Event::Attempt)?;
            }
            tx.step_command(&tx.read().queued("done")?.unwrap(), Event::Done)?;
            tx.await_seq("done", Some(500))
        });
        filled.await.unwrap();
        (folder, store)
    }

    #[tokio::test]
    async fn whichever_answer_names_a_new_epoch_nothing_is_sent_twice_by_itself() {
        let (_folder, store) = at_the_old_server().await;
        store.write(|tx| see_epoch(tx, "old", 2)).await.unwrap();
        assert_eq!(state(&store, "gone").await, Some((State::Sent, None)));
        store.write(|tx| see_epoch(tx, "new", 3)).await.unwrap();
        let unknown = Some((State::Unknown, Some(Reason::UnknownOutcome.id().to_owned())));
        assert_eq!(state(&store, "gone").await, unknown);
        assert_eq!(state(&store, "done").await, unknown, "the new server may lack it");
        assert_eq!(state(&store, "waiting").await, Some((State::Queued, None)));
        // The old server's numbers end nothing.
        store.write(|tx| tx.finish_up_to(1_000)).await.unwrap();
        assert_eq!(state(&store, "done").await, unknown);
    }

    #[tokio::test]
    async fn a_message_that_the_new_server_has_settles_itself() {
        let (_folder, store) = at_the_old_server().await;
        store.write(|tx| see_epoch(tx, "new", 3)).await.unwrap();
        let message = Message {
            id: "gone".into(),
            conversation_id: "a".into(),
            version: 4,
            n: 2,
            sent_at: 1,
            written_at: None,
            author_kind: "agent".into(),
            author_id: None,
            body: "{}".into(),
            reply_to: None,
            deleted: false,
            step: "sent".into(),
            times: "{}".into(),
            trouble: None,
        };
        store.write(move |tx| tx.put_message(&message).map(|_| ())).await.unwrap();
        assert_eq!(state(&store, "gone").await, None);
    }
}

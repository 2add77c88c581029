//! The first download, and the one after a `reset`: page by page, resumable, the list usable from the first page on.

use super::apply;
use super::engine::Engine;
use super::epoch::{enter_epoch, see_epoch};
use crate::store::Key;
use crate::transport::{CallError, wire};

impl Engine {
    /// Downloads what is in scope, going on with the page where an earlier try stopped.
    pub(super) async fn bootstrap(&self) -> Result<(), CallError> {
        let mut page: Option<String> = self.meta(Key::BootstrapPage).await?;
        loop {
            let path = page.as_deref().map_or_else(
                || "/v1/bootstrap".to_owned(),
                |page| format!("/v1/bootstrap?page={}", super::engine::encoded(page)),
            );
            let answer: Result<wire::Bootstrap, CallError> = self.session.get(&path).await;
            let body = match answer {
                // A page token of another time. What the first pages brought may have left since, and a download that
                // only began anew would go on behind the row that says so: the scope is asked for first.
                Err(CallError::Refused { .. }) if page.is_some() => {
                    return Err(CallError::Reset { cause: "page".to_owned(), epoch: None });
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
            if first && tx.read().meta(Key::BootstrapCursor)?.is_none() {
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
            tx.clear_meta(Key::BootstrapPage)?;
            tx.clear_meta(Key::BootstrapCursor)?;
            // What happened to messages held here since the forgotten place no row will tell.
            tx.doubt_all()
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
            // The line goes on from here, not from where the download begins: what moves in between is told by its rows.
            tx.set_meta(Key::BootstrapCursor, &scope.cursor)?;
            tx.clear_meta(Key::Resetting)
        })
        .await
    }
}

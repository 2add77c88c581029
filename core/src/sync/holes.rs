//! Fills what may be missing in the middle of a conversation: after a reset, or because history was imported.

use std::collections::BTreeSet;

use super::apply;
use super::engine::Engine;
use crate::model::place::Place;
use crate::model::records::Hole;
use crate::store::OutOfPage;
use crate::transport::{CallError, Session, wire};

/// Pages asked for at a time. What stays open is filled after the next pull, or when somebody scrolls there.
const PAGES: u32 = 20;

impl Engine {
    /// Asks for the pages, the most recently active conversation first.
    pub(super) async fn fill_holes(&self) -> Result<(), CallError> {
        // Those that left meanwhile: the line says so in time. They keep none behind them waiting.
        let mut left = BTreeSet::new();
        for _ in 0..PAGES {
            let count = u32::try_from(left.len()).unwrap_or(u32::MAX).saturating_add(1);
            let found = self.store.read(move |read| read.conversations_with_a_hole(count)).await;
            let found = found.map_err(super::engine::store_trouble)?;
            let Some((conversation, hole)) =
                found.into_iter().find(|(conversation, _)| !left.contains(conversation))
            else {
                return Ok(());
            };
            let page = history(&self.session, &conversation, end_of(hole)).await;
            let (messages, out) = match page {
                Err(CallError::Refused { .. }) => {
                    left.insert(conversation);
                    continue;
                }
                other => other?,
            };
            self.write(move |tx| apply::put_older(tx, &conversation, messages, out)).await?;
        }
        Ok(())
    }
}

/// The page that ends where a hole ends.
pub(crate) fn end_of(hole: Hole) -> Option<Place> {
    (hole.to < Place::END).then(|| hole.to.next())
}

/// One page of a conversation's messages, as the store takes it in. `before`: only older ones; without it the newest.
pub(crate) async fn history(
    session: &Session,
    conversation: &str,
    before: Option<Place>,
) -> Result<(Vec<crate::model::records::Message>, OutOfPage), CallError> {
    let asked = before.map_or_else(String::new, |before| format!("before={before}&"));
    let path = format!("/v1/conversations/{conversation}/messages?{asked}limit=50");
    let page: wire::History = session.get(&path).await?;
    let out = OutOfPage { before, start_reached: !page.has_more, as_of: page.as_of };
    Ok((page.messages.into_iter().map(apply::message).collect(), out))
}

//! The head line of every screen.

use super::Sources;
use super::hub::Waiter;
use crate::api::{Error, Millis, StatusSnapshot};
use crate::store::{Key, Topic};

/// A pulled view of the link to the server.
pub struct StatusView {
    sources: Sources,
    waiter: Waiter,
}

impl StatusView {
    pub(crate) fn new(sources: Sources) -> Self {
        let waiter = Waiter::new(sources.store.revisions().clone(), vec![Topic::Status]);
        Self { sources, waiter }
    }

    /// Waits for a revision above `since` (0 = now) and draws it; `None` after `cancel`.
    /// While the app is suspended it waits.
    pub async fn next(&self, since: u64) -> Option<Result<StatusSnapshot, Error>> {
        let mut since = since;
        loop {
            let revision = self.waiter.next(since).await?;
            match self.snapshot(revision).await {
                Err(Error::Suspended) => since = revision,
                other => return Some(other),
            }
        }
    }

    /// Ends the view.
    pub fn cancel(&self) {
        self.waiter.cancel();
    }

    async fn snapshot(&self, revision: u64) -> Result<StatusSnapshot, Error> {
        let up_to_date = self.sources.store.read(|read| read.meta_i64(Key::UpToDateAt)).await?;
        let info = self.sources.link.info();
        Ok(StatusSnapshot {
            revision,
            link: info.state,
            since: Millis(info.since),
            up_to_date_at: up_to_date.map(Millis),
        })
    }
}

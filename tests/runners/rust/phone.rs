//! The phones that this process holds, one for each employee, with the views that a scenario watches.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use fieldline_core::api::Error;
use fieldline_core::{Client, InboxView, OutboxView, StatusView, TimelineView};
use serde_json::Value;

use crate::rows;

/// A view of any kind.
pub(crate) enum View {
    Inbox(InboxView),
    Timeline(TimelineView),
    Outbox(OutboxView),
    Status(StatusView),
}

impl View {
    /// The next snapshot and its revision; `None` once it has ended.
    pub(crate) async fn next(&self, since: u64) -> Option<Result<(u64, Value), Error>> {
        Some(match self {
            Self::Inbox(view) => view.next(since).await?.map(|it| (it.revision, rows::inbox(it))),
            Self::Timeline(view) => {
                view.next(since).await?.map(|it| (it.revision, rows::timeline(it)))
            }
            Self::Outbox(view) => view.next(since).await?.map(|it| (it.revision, rows::outbox(it))),
            Self::Status(view) => {
                view.next(since).await?.map(|it| (it.revision, rows::status(&it)))
            }
        })
    }

    pub(crate) fn widen(&self, more: u32) {
        match self {
            Self::Inbox(view) => view.widen(more),
            Self::Timeline(view) => view.widen(more),
            Self::Outbox(_) | Self::Status(_) => {}
        }
    }

    pub(crate) fn cancel(&self) {
        match self {
            Self::Inbox(view) => view.cancel(),
            Self::Timeline(view) => view.cancel(),
            Self::Outbox(view) => view.cancel(),
            Self::Status(view) => view.cancel(),
        }
    }
}

/// A view with the revision that was seen last.
pub(crate) struct Watch {
    pub(crate) view: View,
    pub(crate) since: tokio::sync::Mutex<u64>,
}

#[derive(Default)]
struct Held {
    clients: BTreeMap<String, Arc<Client>>,
    watches: BTreeMap<(String, String), Arc<Watch>>,
}

/// Everything this process holds.
#[derive(Default)]
pub(crate) struct Phones(Mutex<Held>);

impl Phones {
    fn with<T>(&self, work: impl FnOnce(&mut Held) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn put(&self, who: &str, client: Client) {
        self.with(|held| held.clients.insert(who.to_owned(), Arc::new(client)));
    }

    pub(crate) fn client(&self, who: &str) -> Option<Arc<Client>> {
        self.with(|held| held.clients.get(who).cloned())
    }

    pub(crate) fn watch(&self, who: &str, name: &str, view: View) {
        let watch = Arc::new(Watch { view, since: tokio::sync::Mutex::new(0) });
        self.with(|held| held.watches.insert((who.to_owned(), name.to_owned()), watch));
    }

    pub(crate) fn watched(&self, who: &str, name: &str) -> Option<Arc<Watch>> {
        self.with(|held| held.watches.get(&(who.to_owned(), name.to_owned())).cloned())
    }

    /// Closes every phone.
    pub(crate) async fn shutdown(&self) {
        for client in self.with(|held| std::mem::take(&mut held.clients)).into_values() {
            // The process ends in any case.
            let _ = client.shutdown().await;
        }
    }
}

//! How the tasks of one client wake each other. No task calls another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Notify, watch};

/// Shared by sync, sender and client.
#[derive(Clone)]
pub(crate) struct Signals {
    /// Something changed that the sender should look at.
    pub(crate) sender: Arc<Notify>,
    /// Ask the server now: a network came, a person wants it, a reply has to go.
    pub(crate) sync: Arc<Notify>,
    /// A person wants it now: whoever waits after failures waits no longer. Wakes only those that wait at that moment.
    pub(crate) now: Arc<Notify>,
    /// True while a socket brings what the server has.
    pub(crate) live: Arc<AtomicBool>,
    /// True while what is held is known to be as new as the server, as far as the last contact tells.
    pub(crate) fresh: Arc<watch::Sender<bool>>,
}

impl Default for Signals {
    fn default() -> Self {
        Self {
            sender: Arc::default(),
            sync: Arc::default(),
            live: Arc::default(),
            now: Arc::default(),
            fresh: Arc::new(watch::channel(false).0),
        }
    }
}

impl Signals {
    pub(crate) fn set_fresh(&self, fresh: bool) {
        let changed = self.fresh.send_if_modified(|held| std::mem::replace(held, fresh) != fresh);
        if changed && fresh {
            self.sender.notify_one();
        }
    }

    pub(crate) fn set_live(&self, live: bool) {
        self.live.store(live, Ordering::Release);
    }

    pub(crate) fn is_live(&self) -> bool {
        self.live.load(Ordering::Acquire)
    }

    pub(crate) fn is_fresh(&self) -> bool {
        *self.fresh.borrow()
    }
}

//! How many objects a foreign language holds: a test of each language sees it come back to zero.

use std::sync::atomic::{AtomicU64, Ordering};

static ALIVE: AtomicU64 = AtomicU64::new(0);

/// One object that a foreign language can hold, counted from its making to its drop.
pub(crate) struct Alive(());

impl Alive {
    pub(crate) fn new() -> Self {
        ALIVE.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Clients and views that are not freed yet, in the whole process.
#[uniffi::export]
pub fn live_objects() -> u64 {
    ALIVE.load(Ordering::Relaxed)
}

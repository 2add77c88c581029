//! The views as foreign objects. Each is one pulled window: `next` waits on our runtime and is given up when the caller leaves.

use std::sync::Arc;

use fieldline_core as core;
use fieldline_core::api::{Error, InboxSnapshot, OutboxSnapshot, StatusSnapshot, TimelineSnapshot};
use tokio::runtime::Handle;

use crate::alive::Alive;
use crate::runtime::pulled;

/// The conversation list.
#[derive(uniffi::Object)]
pub struct InboxView {
    core: Arc<core::InboxView>,
    on: Handle,
    _alive: Alive,
}

impl InboxView {
    pub(crate) fn new(core: core::InboxView, on: &Handle) -> Self {
        Self { core: Arc::new(core), on: on.clone(), _alive: Alive::new() }
    }
}

#[uniffi::export]
impl InboxView {
    /// Waits for a revision above `since` (0 = now) and draws it; nothing after `cancel` and after `shutdown`.
    /// While the app is suspended it waits.
    pub async fn next(&self, since: u64) -> Result<Option<InboxSnapshot>, Error> {
        let core = Arc::clone(&self.core);
        pulled(&self.on, async move { core.next(since).await }).await
    }

    /// Shows so many more rows.
    pub fn widen(&self, more: u32) {
        self.core.widen(more);
    }

    /// Ends the view: every waiting and later `next` answers nothing.
    pub fn cancel(&self) {
        self.core.cancel();
    }
}

/// One conversation's bubbles.
#[derive(uniffi::Object)]
pub struct TimelineView {
    core: Arc<core::TimelineView>,
    on: Handle,
    _alive: Alive,
}

impl TimelineView {
    pub(crate) fn new(core: core::TimelineView, on: &Handle) -> Self {
        Self { core: Arc::new(core), on: on.clone(), _alive: Alive::new() }
    }
}

#[uniffi::export]
impl TimelineView {
    /// Waits for a revision above `since` (0 = now) and draws it; nothing after `cancel` and after `shutdown`.
    /// While the app is suspended it waits.
    pub async fn next(&self, since: u64) -> Result<Option<TimelineSnapshot>, Error> {
        let core = Arc::clone(&self.core);
        pulled(&self.on, async move { core.next(since).await }).await
    }

    /// Shows so many more older messages that are held.
    pub fn widen(&self, more: u32) {
        self.core.widen(more);
    }

    /// Ends the view: every waiting and later `next` answers nothing.
    pub fn cancel(&self) {
        self.core.cancel();
    }
}

/// All unsent work.
#[derive(uniffi::Object)]
pub struct OutboxView {
    core: Arc<core::OutboxView>,
    on: Handle,
    _alive: Alive,
}

impl OutboxView {
    pub(crate) fn new(core: core::OutboxView, on: &Handle) -> Self {
        Self { core: Arc::new(core), on: on.clone(), _alive: Alive::new() }
    }
}

#[uniffi::export]
impl OutboxView {
    /// Waits for a revision above `since` (0 = now) and draws it; nothing after `cancel` and after `shutdown`.
    /// While the app is suspended it waits.
    pub async fn next(&self, since: u64) -> Result<Option<OutboxSnapshot>, Error> {
        let core = Arc::clone(&self.core);
        pulled(&self.on, async move { core.next(since).await }).await
    }

    /// Ends the view: every waiting and later `next` answers nothing.
    pub fn cancel(&self) {
        self.core.cancel();
    }
}

/// The head line of every screen.
#[derive(uniffi::Object)]
pub struct StatusView {
    core: Arc<core::StatusView>,
    on: Handle,
    _alive: Alive,
}

impl StatusView {
    pub(crate) fn new(core: core::StatusView, on: &Handle) -> Self {
        Self { core: Arc::new(core), on: on.clone(), _alive: Alive::new() }
    }
}

#[uniffi::export]
impl StatusView {
    /// Waits for a revision above `since` (0 = now) and draws it; nothing after `cancel` and after `shutdown`.
    /// While the app is suspended it waits.
    pub async fn next(&self, since: u64) -> Result<Option<StatusSnapshot>, Error> {
        let core = Arc::clone(&self.core);
        pulled(&self.on, async move { core.next(since).await }).await
    }

    /// Ends the view: every waiting and later `next` answers nothing.
    pub fn cancel(&self) {
        self.core.cancel();
    }
}

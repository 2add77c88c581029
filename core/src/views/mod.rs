//! Rows for screens: pulled, conflated windows. Rows hold what the platform said; waiting commands are laid over.

mod health;
mod hub;
mod inbox;
mod outbox;
mod overlay;
mod status;
mod timeline;

pub use health::HealthView;
pub use inbox::InboxView;
pub use outbox::OutboxView;
pub use status::StatusView;
pub use timeline::TimelineView;

use crate::store::Store;
use crate::support::ServerClock;
use crate::transport::Link;

/// What every view is built from.
#[derive(Clone)]
pub(crate) struct Sources {
    pub(crate) store: Store,
    pub(crate) clock: ServerClock,
    pub(crate) link: Link,
}

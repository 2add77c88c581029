//! What handlers and workers share: below everything that uses it, and apart from what puts the platform together.

use std::sync::Arc;

use crate::agents::password::Checks;
use crate::desk::wake::Alarm;
use crate::feed::room::Rooms;
use crate::feed::wanted::Wanted;
use crate::meta::graph::GraphPort;
use crate::meta::intake::Intake;
use crate::meta::media::Uploads;
use crate::meta::onboarding::own_address::Awaited;
use crate::meta::reads::Typing;
use crate::meta::templates::budget::Budget;
use crate::meta::wake::{SendQueue, Wake, WebhookProcessor};
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::store::Store;
use crate::support::arriving::Arriving;
use crate::support::disk::DiskFloor;
use crate::support::stop::Stop;
use crate::support::{Clock, Executor, Rng};

/// What is injected: everything that differs between production and a simulation.
#[derive(Clone)]
pub struct Ports {
    /// Wall time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// Where blocking work runs.
    pub executor: Arc<dyn Executor>,
    /// The way to Meta.
    pub graph: Arc<dyn GraphPort>,
}

/// What handlers and workers share.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

impl AppState {
    /// Shares these parts.
    pub fn new(parts: Shared) -> Self {
        Self(Arc::new(parts))
    }
}

/// The parts of the shared state.
pub struct Shared {
    /// What the operator set.
    pub settings: Settings,
    /// What is injected.
    pub ports: Ports,
    /// The store.
    pub store: Store,
    /// Tells every task to end.
    pub stop: Stop,
    /// Bodies on their way into memory.
    pub arriving: Arriving,
    /// Webhook bodies that wait for the disk.
    pub intake: Intake,
    /// Test webhooks on their way to our own public address.
    pub own_address: Awaited,
    /// Wakes the worker that works webhook bodies off.
    pub webhooks: WebhookProcessor,
    /// Wakes the worker that sends.
    pub sends: SendQueue,
    /// Wakes the worker that fetches customers' files.
    pub media: Wake,
    /// Wakes the worker that lists templates.
    pub templates: Wake,
    /// Wakes the worker of reactions and read marks.
    pub small: Wake,
    /// The uploads that are being written.
    pub uploads: Uploads,
    /// Who was last told that somebody types.
    pub typing: Typing,
    /// How many management calls an account may still make.
    pub budget: Budget,
    /// Has passwords checked a few at a time.
    pub checks: Checks,
    /// Free disk and its floor.
    pub disk: DiskFloor,
    /// Counters for the operator.
    pub metrics: Arc<Metrics>,
    /// Numbers that devices' sockets have to reach.
    pub wanted: Wanted,
    /// Wakes the worker that keeps the desk's clock.
    pub alarm: Alarm,
    /// Who looks at what now.
    pub rooms: Rooms,
}

impl std::ops::Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

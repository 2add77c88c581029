//! Wall time that follows tokio's paused clock, with an offset that may jump.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::time::Instant;

/// A clock that stands still while nobody waits.
#[derive(Clone)]
pub struct VirtualClock {
    started: Instant,
    at_start_ms: i64,
    offset_ms: Arc<AtomicI64>,
}

impl VirtualClock {
    /// Starts at `at_start_ms`. To be made inside a runtime whose time is paused.
    pub fn new(at_start_ms: i64) -> Self {
        Self { started: Instant::now(), at_start_ms, offset_ms: Arc::default() }
    }

    /// The same time with an offset of its own: a phone whose clock is wrong.
    #[must_use]
    pub fn skewed(&self, offset_ms: i64) -> Self {
        Self { offset_ms: Arc::new(AtomicI64::new(offset_ms)), ..self.clone() }
    }

    /// Makes it jump: a person sets the phone's clock.
    pub fn jump(&self, by_ms: i64) {
        self.offset_ms.fetch_add(by_ms, Ordering::Relaxed);
    }

    /// Milliseconds since 1970 UTC.
    pub fn now(&self) -> i64 {
        let elapsed = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.at_start_ms + elapsed + self.offset_ms.load(Ordering::Relaxed)
    }
}

impl fieldline_core::support::Clock for VirtualClock {
    fn now_ms(&self) -> i64 {
        self.now()
    }
}

impl fieldline_platform::support::Clock for VirtualClock {
    fn now_ms(&self) -> i64 {
        self.now()
    }
}

impl fieldline_whatsapp_sim::SimClock for VirtualClock {
    fn now_ms(&self) -> i64 {
        self.now()
    }
}

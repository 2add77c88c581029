//! Wall time, injected. Waiting is done by tokio's own timers, which the simulation can pause.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// The phone's wall clock. It may be wrong and may jump: nothing but labels may trust it.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since 1970 UTC.
    fn now_ms(&self) -> i64;
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        chrono::Utc::now().timestamp_millis()
    }
}

/// The server's time, kept as an offset to the phone's clock. Windows and deadlines use only this.
#[derive(Clone)]
pub struct ServerClock {
    clock: Arc<dyn Clock>,
    offset_ms: Arc<AtomicI64>,
}

impl ServerClock {
    /// Starts with the offset kept from the last run.
    pub fn new(clock: Arc<dyn Clock>, offset_ms: i64) -> Self {
        Self { clock, offset_ms: Arc::new(AtomicI64::new(offset_ms)) }
    }

    /// Server time now, milliseconds UTC.
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms().saturating_add(self.offset_ms())
    }

    /// What the server is ahead of the phone.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::Relaxed)
    }

    /// Takes the offset that an earlier run kept.
    pub fn restore(&self, offset_ms: i64) {
        self.offset_ms.store(offset_ms, Ordering::Relaxed);
    }

    /// Learns from an answer's `Fieldline-Server-Time`.
    pub fn observe(&self, server_ms: i64) {
        self.offset_ms.store(server_ms.saturating_sub(self.clock.now_ms()), Ordering::Relaxed);
    }
}

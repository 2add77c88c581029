//! What a platform on virtual time is given instead of a clock, chance, threads and a disk.

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};

use fieldline_platform::support::disk::FreeSpace;
use fieldline_platform::support::{Clock, Executor, Inline, Job, Rng};
use futures_util::future::BoxFuture;
use tokio::time::Instant;

/// Virtual time starts here, ms UTC.
pub(crate) const START: i64 = 1_700_000_000_000;

pub(crate) struct VirtualClock {
    pub(crate) begun: Instant,
    /// How far somebody has set it, ms.
    pub(crate) set: AtomicI64,
}

impl Clock for VirtualClock {
    fn now_ms(&self) -> i64 {
        let passed = i64::try_from(self.begun.elapsed().as_millis()).unwrap();
        START + passed + self.set.load(Ordering::SeqCst)
    }
}

/// Counts instead of drawing.
#[derive(Default)]
pub(crate) struct Counting(AtomicU64);

impl Rng for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let n = self.0.fetch_add(1, Ordering::SeqCst).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            chunk.copy_from_slice(&n.to_be_bytes()[..chunk.len()]);
        }
    }
}

/// Runs each job where it stands; of one that was named in advance nobody ever hears again, as
/// when its caller is gone.
#[derive(Default)]
pub(crate) struct Cutting(pub(crate) AtomicUsize);

impl Executor for Cutting {
    fn run(&self, job: Job) -> BoxFuture<'static, ()> {
        let left = self.0.load(Ordering::SeqCst);
        self.0.store(left.saturating_sub(1), Ordering::SeqCst);
        let ran = Inline.run(job);
        if left == 1 { Box::pin(std::future::pending()) } else { ran }
    }
}

/// A disk on which the test says how much is free.
pub(crate) struct Space(pub(crate) AtomicU64);

impl FreeSpace for Space {
    fn free(&self) -> Option<u64> {
        Some(self.0.load(Ordering::SeqCst))
    }
}

impl Space {
    pub(crate) fn set(&self, bytes: u64) {
        self.0.store(bytes, Ordering::SeqCst);
    }
}

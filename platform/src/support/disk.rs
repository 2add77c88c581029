//! Free disk, and the floor below which nothing new is taken in.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Reads how much disk is free.
pub trait FreeSpace: Send + Sync + 'static {
    /// Bytes that may still be written; none if nobody can tell.
    fn free(&self) -> Option<u64>;
}

/// The file system that holds a folder.
#[derive(Debug, Clone)]
pub struct FileSystem(pub PathBuf);

impl FreeSpace for FileSystem {
    fn free(&self) -> Option<u64> {
        let found = rustix::fs::statvfs(&self.0).ok()?;
        Some(found.f_bavail.saturating_mul(found.f_frsize))
    }
}

/// Free disk with its floor. What is taken in below it could not be carried to its end: statuses,
/// ladders and outcomes need room too.
#[derive(Clone)]
pub struct DiskFloor {
    space: Arc<dyn FreeSpace>,
    floor: u64,
    below: Arc<AtomicBool>,
}

impl DiskFloor {
    /// A floor in bytes.
    pub fn new(space: Arc<dyn FreeSpace>, floor: u64) -> Self {
        Self { space, floor, below: Arc::default() }
    }

    /// Bytes that may still be written; none if nobody can tell.
    pub fn free(&self) -> Option<u64> {
        self.space.free()
    }

    /// Whether free disk comes near the floor.
    pub fn is_short(&self) -> bool {
        self.free().is_some_and(|free| free < self.floor.saturating_mul(2))
    }

    /// Whether less is free than has to be, read anew at each call; the log says when that changes.
    pub fn is_below(&self) -> bool {
        let free = self.free();
        let below = free.is_some_and(|free| free < self.floor);
        if self.below.swap(below, Ordering::Relaxed) != below {
            let mebibytes = free.unwrap_or(0) / (1024 * 1024);
            if below {
                log::error!("disk_below_floor free_mb={mebibytes}");
            } else {
                log::info!("disk_above_floor free_mb={mebibytes}");
            }
        }
        below
    }
}

impl std::fmt::Debug for DiskFloor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiskFloor").field("floor", &self.floor).finish_non_exhaustive()
    }
}

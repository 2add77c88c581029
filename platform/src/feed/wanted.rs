//! How far each device's socket has to reach.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Numbers that devices are waiting for: after a command's answer a device's socket gets a frame
/// that reaches it, empty if need be.
#[derive(Debug, Default)]
pub struct Wanted(Mutex<BTreeMap<String, i64>>);

impl Wanted {
    /// The device waits for this number.
    pub fn want(&self, device: &str, seq: i64) {
        let mut wanted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = wanted.entry(device.to_owned()).or_insert(seq);
        *newest = seq.max(*newest);
    }

    /// The newest number that the device waits for; 0 if none.
    pub(crate) fn of(&self, device: &str) -> i64 {
        let wanted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        wanted.get(device).copied().unwrap_or(0)
    }
}

//! Bodies of requests on their way into memory: so many bytes at once and no more.
//!
//! Whoever can open a connection may send a body, long before anybody knows who that is. Each body
//! has its own limit; this one is theirs together, so that a crowd of strangers fills no memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of all bodies that are arriving. A webhook may have 3 MiB, a request of a phone 1 MiB.
const MOST: usize = 64 * 1024 * 1024;

/// How much is arriving now. Clones are one count.
#[derive(Debug, Clone, Default)]
pub struct Arriving(Arc<AtomicUsize>);

impl Arriving {
    /// Begins a body.
    pub fn body(&self) -> Body {
        Body { all: self.clone(), bytes: 0 }
    }
}

/// The share of one body; given back when it is dropped.
#[derive(Debug)]
pub struct Body {
    all: Arriving,
    bytes: usize,
}

impl Body {
    /// Takes so many bytes more; false if there is no room for them.
    #[must_use]
    pub fn grow(&mut self, by: usize) -> bool {
        let before = self.all.0.fetch_add(by, Ordering::Relaxed);
        self.bytes = self.bytes.saturating_add(by);
        before.saturating_add(by) <= MOST
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.all.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_makes_room() {
        let all = Arriving::default();
        let (mut large, mut small) = (all.body(), all.body());
        assert!(large.grow(MOST - 1) && small.grow(1));
        assert!(!small.grow(1));
        drop(small);
        assert!(all.body().grow(1));
        drop(large);
        assert_eq!(all.0.load(Ordering::Relaxed), 0);
    }
}

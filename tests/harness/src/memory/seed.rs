//! Chance from a seed (SplitMix64). Not for secrets.

use std::sync::{Mutex, PoisonError};

/// A generator whose whole future follows from its seed.
pub struct SeededRng {
    state: Mutex<u64>,
}

impl SeededRng {
    /// One stream for each `label`, so that one part's draws do not shift another's.
    pub fn new(seed: u64, label: &str) -> Self {
        let mut state = seed ^ 0x9e37_79b9_7f4a_7c15;
        for byte in label.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Self { state: Mutex::new(state) }
    }

    /// The next 64 bits.
    pub fn draw(&self) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..limit` (0 for a limit of 0).
    pub fn below(&self, limit: u64) -> u64 {
        self.draw().checked_rem(limit).unwrap_or(0)
    }

    /// True so many times in a hundred.
    pub fn percent(&self, chance: u64) -> bool {
        self.below(100) < chance
    }

    fn fill_bytes(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let random = self.draw().to_le_bytes();
            for (byte, random) in chunk.iter_mut().zip(random) {
                *byte = random;
            }
        }
    }
}

impl fieldline_core::support::Rng for SeededRng {
    fn fill(&self, bytes: &mut [u8]) {
        self.fill_bytes(bytes);
    }
}

impl fieldline_platform::support::Rng for SeededRng {
    fn fill(&self, bytes: &mut [u8]) {
        self.fill_bytes(bytes);
    }
}

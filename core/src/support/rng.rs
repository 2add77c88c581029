//! Chance, injected, so that one seed is one run.

use ring::rand::SecureRandom;

/// A source of random bytes.
pub trait Rng: Send + Sync + 'static {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator.
pub struct SystemRng(ring::rand::SystemRandom);

impl Default for SystemRng {
    fn default() -> Self {
        Self(ring::rand::SystemRandom::new())
    }
}

impl Rng for SystemRng {
    fn fill(&self, bytes: &mut [u8]) {
        if self.0.fill(bytes).is_err() {
            // The kernel's generator does not fail once it is seeded; ids would only lose randomness, not order.
            log::error!("event=rng_failed");
        }
    }
}

/// A version 7 UUID: its first 48 bits are `now_ms`, so that ids made in order sort in order.
pub fn uuid_v7(now_ms: i64, rng: &dyn Rng) -> String {
    let mut random = [0_u8; 10];
    rng.fill(&mut random);
    let millis = u64::try_from(now_ms).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().to_string()
}

/// A version 4 UUID.
pub fn uuid_v4(rng: &dyn Rng) -> String {
    let mut random = [0_u8; 16];
    rng.fill(&mut random);
    uuid::Builder::from_random_bytes(random).into_uuid().to_string()
}

/// A number in `0..=ceiling`.
pub fn below(ceiling: u64, rng: &dyn Rng) -> u64 {
    let mut bytes = [0_u8; 8];
    rng.fill(&mut bytes);
    let random = u64::from_le_bytes(bytes);
    ceiling.checked_add(1).map_or(random, |span| random % span)
}

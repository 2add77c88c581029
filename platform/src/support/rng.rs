//! Randomness as a port, so that one seed is one run.

use ring::rand::{SecureRandom, SystemRandom};

/// Source of random bytes: ids, tags, codes, nonces.
pub trait Rng: Send + Sync + 'static {
    /// Fills `bytes` completely. In production the bytes are fit for keys.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator.
#[derive(Debug, Clone)]
pub struct SystemRng(SystemRandom);

impl SystemRng {
    /// A handle to the operating system's generator.
    pub fn new() -> Self {
        Self(SystemRandom::new())
    }
}

impl Default for SystemRng {
    fn default() -> Self {
        Self::new()
    }
}

impl Rng for SystemRng {
    fn fill(&self, bytes: &mut [u8]) {
        // getrandom(2) fails only where the kernel has none; going on with zeros would hand out
        // guessable tokens, so the process ends instead.
        if self.0.fill(bytes).is_err() {
            std::process::abort();
        }
    }
}

/// A random (version 4) UUID in its usual spelling.
pub fn uuid(rng: &dyn Rng) -> String {
    let mut bytes = [0; 16];
    rng.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid().hyphenated().to_string()
}

/// `length` random bytes in URL-safe base64 without padding.
pub fn token(rng: &dyn Rng, length: usize) -> String {
    use base64::Engine as _;
    let mut bytes = vec![0; length];
    rng.fill(&mut bytes);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

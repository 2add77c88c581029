//! Passwords: argon2id, stored as PHC strings that carry their own cost.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};

use crate::settings::PasswordCost;
use crate::support::{Rng, Secret};

/// The shortest password accepted, in Unicode scalar values (NIST SP 800-63B, 3.1.1.2).
pub const MIN_LENGTH: usize = 8;

/// The longest password accepted, in bytes: bounds the work of hashing.
pub const MAX_BYTES: usize = 1024;

fn hasher(cost: PasswordCost) -> Option<Argon2<'static>> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes a password with a fresh salt. Slow on purpose: call it on the executor. `None` if the
/// cost is outside what argon2 allows.
pub(crate) fn hash(password: &Secret, cost: PasswordCost, rng: &dyn Rng) -> Option<String> {
    let mut salt = [0; 16];
    rng.fill(&mut salt);
    let hash: PasswordHash =
        hasher(cost)?.hash_password_with_salt(password.expose().as_bytes(), &salt).ok()?;
    Some(hash.to_string())
}

/// Whether the password fits the stored hash. Without a hash (nobody has that e-mail) it does
/// the same work in vain, so that the time tells nothing. Slow: call it on the executor.
pub(crate) fn verify(password: &Secret, stored: Option<&str>, cost: PasswordCost) -> bool {
    let password = password.expose().as_bytes();
    if let Some(stored) = stored {
        return Argon2::default().verify_password(password, stored).is_ok();
    }
    if let Some(hasher) = hasher(cost) {
        let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
        // Only the time that it takes is wanted.
        let _ = std::hint::black_box(hasher.hash_password_into(password, &[0; 16], &mut out));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::SystemRng;

    #[test]
    fn only_the_password_itself_fits() {
        let rng = SystemRng::new();
        let (right, wrong) = (Secret::new("correct horse"), Secret::new("correct horsf"));
        let stored = hash(&right, PasswordCost::SMALLEST, &rng).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{stored}");
        assert!(verify(&right, Some(&stored), PasswordCost::STANDARD));
        assert!(!verify(&wrong, Some(&stored), PasswordCost::STANDARD));
        assert!(!verify(&right, None, PasswordCost::SMALLEST));
        assert!(!verify(&right, Some("nonsense"), PasswordCost::SMALLEST));
        assert_ne!(hash(&right, PasswordCost::SMALLEST, &rng).unwrap(), stored);
    }
}

//! Passwords: argon2id, stored as PHC strings that carry their own cost.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};

use tokio::sync::Semaphore;

use crate::settings::PasswordCost;
use crate::support::{Executor, Rng, Secret, executor};

/// The shortest password accepted, in Unicode scalar values (NIST SP 800-63B, 3.1.1.2).
pub const MIN_LENGTH: usize = 8;

/// The longest password accepted, in bytes: bounds the work of hashing.
pub const MAX_BYTES: usize = 1024;

/// Stands in place of a hash where no password was set: none fits.
pub(crate) const NONE: &str = "none";

/// How many passwords are checked at once: each check takes a core and much memory, and anybody
/// may ask for one.
const PARALLEL: usize = 4;

/// Lets a few checks run beside each other; the others wait in line.
#[derive(Debug)]
pub struct Checks(Arc<Semaphore>);

impl Default for Checks {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(PARALLEL)))
    }
}

impl Checks {
    /// Runs `check` on the executor in its turn; `None` if it panicked. A check that has begun
    /// holds its place to its end, even if nobody waits for it any more.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        executor: &dyn Executor,
        check: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let place = Arc::clone(&self.0).acquire_owned().await.ok()?;
        executor::run(executor, move || {
            let value = check();
            drop(place);
            value
        })
        .await
    }
}

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
    // Who was invited and has no password yet is no faster to find than who does not exist.
    if let Some(stored) = stored.filter(|stored| *stored != NONE) {
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

    /// Runs jobs on the runtime, a while later.
    struct Late;

    impl Executor for Late {
        fn run(&self, job: crate::support::Job) -> futures_util::future::BoxFuture<'static, ()> {
            let running = tokio::spawn(async move {
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                job();
            });
            Box::pin(async move { running.await.unwrap() })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_at_the_door_is_checked_a_few_at_a_time() {
        let checks = Arc::new(Checks::default());
        let begun = tokio::time::Instant::now();
        let crowd: Vec<_> = (0..3 * PARALLEL)
            .map(|_| {
                let checks = Arc::clone(&checks);
                tokio::spawn(async move { checks.run(&Late, || ()).await })
            })
            .collect();
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        // Who hangs up does not make room for another.
        for one in &crowd[..PARALLEL] {
            one.abort();
        }
        for one in &mut crowd.into_iter().skip(PARALLEL) {
            assert_eq!(one.await.unwrap(), Some(()));
        }
        assert_eq!(begun.elapsed().as_secs(), 3);
    }

    #[test]
    fn only_the_password_itself_fits() {
        let rng = SystemRng::new();
        let (right, wrong) = (Secret::new("correct horse"), Secret::new("correct horsf"));
        let stored = hash(&right, PasswordCost::SMALLEST, &rng).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{stored}");
        assert!(verify(&right, Some(&stored), PasswordCost::STANDARD));
        assert!(!verify(&wrong, Some(&stored), PasswordCost::STANDARD));
        assert!(!verify(&right, None, PasswordCost::SMALLEST));
        assert!(!verify(&right, Some(NONE), PasswordCost::SMALLEST));
        assert!(!verify(&right, Some("nonsense"), PasswordCost::SMALLEST));
        assert_ne!(hash(&right, PasswordCost::SMALLEST, &rng).unwrap(), stored);
    }
}

//! What every part leans on and nothing of which knows the product: time, randomness, secrets,
//! the executor of blocking work, stopping, logging.

pub mod arriving;
pub mod clock;
pub mod disk;
pub mod executor;
pub mod keys;
pub mod log;
pub mod rng;
pub mod secret;
pub mod stop;

pub use clock::{Clock, SystemClock};
pub use executor::{BlockingPool, Executor, Inline, Job};
pub use rng::{Rng, SystemRng};
pub use secret::{Key, Secret};

//! What the core takes from outside its rules: time, chance, threads for SQL, and a file for secrets.

mod clock;
mod executor;
mod file_secrets;
mod memory_secrets;
mod rng;
mod signals;

pub use clock::{Clock, ServerClock, SystemClock};
pub use executor::{BlockingPool, Executor, Inline, Job};
pub use file_secrets::FileSecrets;
pub use memory_secrets::MemorySecrets;
pub use rng::{Rng, SystemRng, below, uuid_v4, uuid_v7};
pub(crate) use signals::Signals;

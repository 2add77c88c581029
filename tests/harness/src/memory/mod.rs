//! Phones, platform and simulator joined in one process on virtual time, with a seeded fault layer on every way between
//! them. No socket and no thread: one seed is one run, to the byte of its event log.

mod clock;
mod graph;
mod journal;
mod phone;
mod seed;
mod site;
mod webhooks;

pub use clock::VirtualClock;
pub use graph::GraphLine;
pub use journal::Journal;
pub use phone::{PhoneFaults, PhoneLine};
pub use seed::SeededRng;
pub use site::Site;
pub use webhooks::WebhookLine;

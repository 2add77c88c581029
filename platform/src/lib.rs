//! Fieldline's platform: the small server between Meta, the phones and the office.
//!
//! Webhooks come in on one side ([`meta`]), phones on the other ([`agents`], [`feed`]), and one
//! SQLite file ([`store`]) stands between them. Everything that differs between production and a
//! simulation (time, randomness, the threads SQL runs on, Meta itself) is injected as [`Ports`].
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic
)]

pub mod accept;
pub mod agents;
pub mod app;
pub mod backup;
pub mod cli;
pub mod contract;
pub mod desk;
pub mod feed;
pub mod meta;
pub mod metrics;
pub mod office;
mod routes;
pub mod settings;
pub mod state;
pub mod store;
pub mod support;
pub mod wire;

pub use app::{Platform, StartError};
pub use office::Office;
pub use settings::{PasswordCost, Settings};
pub use state::Ports;

//! The heart of Fieldline: what an employee's phone knows, keeps and sends.
//!
//! [`Client`] is the only façade. Every screen is drawn from the local store; the network only changes the store.
//! Everything a person does is a *command*: it is on disk before the call returns and travels when it can.
//!
//! Layers, from the top, each using only those below it (an architecture test holds this):
//! `client` → `views`, `lifecycle` → `sync`, `outbox`, `reply` → `store`, `transport` → `model`, `support`;
//! [`api`] holds the plain types that may cross to a shell and is seen by all.
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic
)]

pub mod api;
mod client;
mod lifecycle;
mod model;
mod outbox;
mod reply;
mod store;
pub mod support;
mod sync;
pub mod transport;
mod views;

pub use client::{Client, Ports};
pub use views::{HealthView, InboxView, OutboxView, StatusView, TimelineView};

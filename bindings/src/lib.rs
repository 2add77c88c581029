//! The core's surface for Kotlin, Swift and Python.
//!
//! Nothing is decided here. Types are `core::api`'s (`mirror`); the client and its views pass each call on to the core, on a
//! runtime of their own (`runtime`), because a foreign caller brings none.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod alive;
mod client;
mod logs;
mod mirror;
mod runtime;
mod secrets;
mod views;

pub use alive::live_objects;
pub use client::{FieldlineClient, reason_id, version};
pub use logs::{
    LogLevel, LogRecord, LogSink, LogSinkError, logging_trouble, start_logging, stop_logging,
};
pub use secrets::{SecretError, SecretStore, file_secrets};
pub use views::{InboxView, OutboxView, StatusView, TimelineView};

uniffi::setup_scaffolding!();

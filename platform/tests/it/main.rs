//! Everything that the platform promises, against the real router and a real store.

mod meta_commands;
mod meta_endpoint;
mod meta_ingest;
mod meta_send;
mod meta_world;

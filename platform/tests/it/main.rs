//! Everything that the platform promises, against the real router and a real store.

mod accept;
mod backup;
mod canary;
mod cli;
mod cli_operations;
mod commands;
mod disk;
mod envelope;
mod folder;
mod line;
mod live;
mod meta_commands;
mod meta_endpoint;
mod meta_ingest;
mod meta_races;
mod meta_send;
mod meta_world;
mod metrics;
mod replay;
mod rules_coexistence;
mod session;
mod socket;
mod strangers;
mod world;

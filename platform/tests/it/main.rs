//! Everything that the platform promises, against the real router and a real store.

mod canary;
mod cli;
mod commands;
mod contract;
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
mod paper;
mod replay;
mod rules_coexistence;
mod session;
mod socket;
mod strangers;
mod world;

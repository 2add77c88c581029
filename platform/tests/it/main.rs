//! Everything that the platform promises, against the real router and a real store.

mod canary;
mod cli;
mod commands;
mod envelope;
mod fixtures;
mod folder;
mod line;
mod live;
mod meta_amendments;
mod meta_commands;
mod meta_endpoint;
mod meta_ingest;
mod meta_persons;
mod meta_races;
mod meta_send;
mod meta_world;
mod replay;
mod rules_coexistence;
mod rules_inbound;
mod session;
mod socket;
mod strangers;
mod world;

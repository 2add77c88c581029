//! The simulator from outside: over real HTTP, in process on paused time, and as a program.

mod account;
mod bad_input;
mod coexistence;
mod customers;
mod determinism;
mod http;
mod kinds;
mod media;
mod program;
mod sends;
mod statuses;
mod templates;
mod webhooks;
mod world;

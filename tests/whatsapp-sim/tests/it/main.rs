//! The simulator from outside: over real HTTP, in process on paused time, and as a program.

mod bad_input;
mod determinism;
mod http;
mod program;
mod sends;
mod statuses;
mod webhooks;
mod world;

//! Processes killed at random points, and what must hold afterwards.
#![forbid(unsafe_code)]

mod canaries;
mod controls;
mod lives;
mod new_phone;
mod one_owner;
mod phone_killed;
mod platform_killed;
mod report;
mod stage;
mod webhooks_killed;
mod world;

/// The process that is killed.
fn binary() -> &'static std::path::Path {
    std::path::Path::new(env!("CARGO_BIN_EXE_fieldline-crash-child"))
}

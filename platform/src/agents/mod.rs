//! The phones' side: sign-in, devices, commands.

pub mod command;
pub mod outcome;

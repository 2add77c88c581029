//! The phones' side: sign-in, devices, commands.

pub mod body;
pub mod command;
pub mod commands;
pub mod error;
pub mod http;
pub(crate) mod interactive;
pub(crate) mod known;
pub mod link_code;
pub mod outcome;
pub mod password;
pub(crate) mod push;
mod read;
pub mod session;
pub(crate) mod sign_in;
pub mod token;
pub(crate) mod wiped;

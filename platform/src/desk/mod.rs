//! The desk: who holds a conversation, how it stands, what the team writes beside it, and what
//! the office may set. Protocol.md 5 and experience.md S19-S22, D1-D9.
//!
//! Pure rules: [`options`], [`rights`], [`hours`], `holder`. What phones ask for comes as
//! commands (`command`, `commands`), what the office asks for over HTTP (`office`); both end
//! in the same moves (`moves`).

pub(crate) mod audit;
pub(crate) mod command;
pub(crate) mod commands;
pub(crate) mod contact;
pub(crate) mod holder;
pub mod hours;
pub(crate) mod moves;
pub(crate) mod office;
pub mod options;
pub(crate) mod revoke;
pub mod rights;
pub(crate) mod wake;

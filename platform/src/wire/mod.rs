//! What travels, as types: rows that the store puts together to JSON by hand, requests that are
//! read field by field, and the details of errors.
//!
//! Nothing makes values of these types. `docs/openapi.json` is made from them
//! ([`crate::contract`]), and the tests hold every real request and answer to it, so a field that
//! is missing here, or is none, fails them.

pub mod body;
pub mod commands;
pub mod errors;
pub mod line;
pub mod live;
pub mod objects;
pub mod send;
pub mod words;

//! The shapes of `core::api`, said again for UniFFI and for nothing else: no conversion is written by hand, so a field that is
//! forgotten or new does not compile. The words are repeated too, since they become KDoc, DocC and docstrings; a test
//! holds them equal to the core's.

// The macros make foreign functions.
#![allow(unsafe_code)]

mod body;
mod command;
mod config;
mod error;
mod ids;
mod report;
mod rows;

//! What tests of more than one part stand on.

pub mod http;
pub mod memory;
pub mod process;
pub mod relay;
pub mod scenario;

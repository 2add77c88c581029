//! The contract on paper, made from the code: `docs/openapi.json` from the list of addresses and
//! the types that they take and give, `docs/errors.md` from the enums of codes.
//!
//! Nothing of it runs in a server. `UPDATE_CONTRACT=1 cargo test -p fieldline-platform --test it
//! contract` writes both files anew, and without that variable the same test compares.

mod advice;
mod errors;
mod openapi;

pub use errors::page as errors_page;
pub use openapi::document as openapi;

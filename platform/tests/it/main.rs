//! Everything that the platform promises, against the real router and a real store.

mod meta_endpoint;
mod meta_world;

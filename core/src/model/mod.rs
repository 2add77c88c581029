//! Pure rules and plain records: no store, no network, no clock.

pub(crate) mod backoff;
pub(crate) mod body;
pub(crate) mod extras;
pub(crate) mod lines;
pub(crate) mod place;
pub(crate) mod queue;
pub(crate) mod records;
pub(crate) mod steps;
pub(crate) mod stretch;
pub(crate) mod text;

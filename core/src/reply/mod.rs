//! What may be sent now, and why not; what a person can do about it.

pub(crate) mod choices;
pub(crate) mod guard;
pub(crate) mod judge;
pub(crate) mod window;

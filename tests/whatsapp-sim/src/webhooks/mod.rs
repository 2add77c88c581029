//! Meta's webhooks: their shape, their signature, the way out and the worker that sends them.

pub(crate) mod payload;
pub(crate) mod port;
pub(crate) mod signature;
pub(crate) mod update;
pub(crate) mod worker;

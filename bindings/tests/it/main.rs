//! The border as text and as a foreign caller sees it: an executor that knows of no tokio, on a thread of its own.

mod calls;
mod foreign;
mod mirror;
mod names;
mod thin;

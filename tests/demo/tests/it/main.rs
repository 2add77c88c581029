//! For each claim the world is broken, and the demo must name that claim.

mod altered;
mod worlds;

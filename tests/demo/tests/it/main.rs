//! For each claim the world is broken, and the demo must name that claim; and the time after the day is played on as from other
//! terminals.

mod altered;
mod stay;
mod worlds;

//! What a member may hold, and how it reaches the phone: the change line, the start, the pages,
//! the socket. Protocol.md 2, 3 and 6.

pub mod bootstrap;
pub mod changes;
pub mod close;
pub mod cursor;
pub mod live;
pub mod pages;
pub mod room;
pub mod scope;
pub(crate) mod socket;
pub mod wanted;

/// The largest page or frame, in bytes.
pub const MAX_PAGE: usize = 1024 * 1024;

/// Room for what stands around the rows of a page.
pub(crate) const ENVELOPE: usize = 1024;

/// The most rows of a page.
pub const MAX_ROWS: usize = 500;

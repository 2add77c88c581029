//! Why a socket is closed.

use schemars::JsonSchema;
use serde::Deserialize;

/// The close codes of the live line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CloseCode {
    /// All was said, after a reset.
    Normal,
    /// The platform stops.
    Away,
    /// A fault of the platform's.
    Fault,
    /// The first frame cannot be read.
    Hello,
    /// The session or the device ended.
    Ended,
    /// The reader is too slow, or gone.
    Slow,
}

impl CloseCode {
    /// As the WebSocket protocol counts; from 4000 on they are ours.
    pub const fn number(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::Away => 1001,
            Self::Fault => 1011,
            Self::Hello => 4400,
            Self::Ended => 4401,
            Self::Slow => 4408,
        }
    }
}

//! Pages and frames.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::objects::{Channel, Contact, Me, Member, Message, Workspace};

/// A row of the change line. The object is read by its kind.
#[derive(Debug, Deserialize)]
pub(crate) struct Change {
    pub seq: i64,
    pub kind: String,
    pub id: String,
    pub object: Option<Box<RawValue>>,
    #[serde(default)]
    pub gone: bool,
}

/// "These are all your changes in (from, to]."
#[derive(Debug, Deserialize)]
pub(crate) struct Changes {
    pub epoch: String,
    pub from: i64,
    pub to: i64,
    pub cursor: String,
    pub as_of: i64,
    #[serde(rename = "changes")]
    pub rows: Vec<Change>,
    #[serde(default)]
    pub has_more: bool,
    pub server_time: Option<i64>,
}

/// A frame of the socket.
#[derive(Debug)]
pub(crate) enum Frame {
    Changes(Changes),
    Reset {
        cause: String,
        epoch: Option<String>,
    },
    /// A kind that this version does not know.
    Other,
}

#[derive(Deserialize)]
struct FrameHead {
    kind: String,
    #[serde(default)]
    cause: String,
    epoch: Option<String>,
}

impl Frame {
    /// Reads the kind first: raw objects cannot be read through a tagged enum.
    pub(crate) fn read(text: &str) -> Result<Self, serde_json::Error> {
        let head: FrameHead = serde_json::from_str(text)?;
        Ok(match head.kind.as_str() {
            "changes" => Self::Changes(serde_json::from_str(text)?),
            "reset" => Self::Reset { cause: head.cause, epoch: head.epoch },
            _ => Self::Other,
        })
    }
}

/// A conversation that came into this member's scope.
#[derive(Debug, Deserialize)]
pub(crate) struct Entered {
    pub conversation: Box<RawValue>,
    pub contact: Option<Contact>,
    #[serde(default)]
    pub messages: Vec<Message>,
}

/// A batch of history that the server took in. Both ends belong to it, as `<second>.<n>`.
#[derive(Debug, Deserialize)]
pub(crate) struct Imported {
    pub from_pos: String,
    pub to_pos: String,
}

/// A page of the first download.
#[derive(Debug, Deserialize)]
pub(crate) struct Bootstrap {
    pub epoch: String,
    pub cursor: String,
    pub as_of: i64,
    pub me: Me,
    pub workspace: Workspace,
    #[serde(default)]
    pub channels: Vec<Channel>,
    #[serde(default)]
    pub conversations: Vec<Box<RawValue>>,
    #[serde(default)]
    pub contacts: Vec<Contact>,
    #[serde(default)]
    pub members: Vec<Member>,
    #[serde(default)]
    pub messages: Vec<Message>,
    pub next_page: Option<String>,
}

/// Which conversations this member may hold.
#[derive(Debug, Deserialize)]
pub(crate) struct Scope {
    pub epoch: String,
    pub conversations: Vec<String>,
    pub cursor: String,
    pub as_of: i64,
}

/// A page of one conversation's messages, oldest first.
#[derive(Debug, Deserialize)]
pub(crate) struct History {
    pub messages: Vec<Message>,
    pub has_more: bool,
    pub as_of: i64,
}

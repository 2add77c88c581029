//! Objects of the line.

use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Workspace {
    pub name: String,
    #[serde(default)]
    pub greeting_texts: Vec<String>,
    /// Absent where only the name is told.
    pub options: Option<Options>,
}

/// What the workplace chose, as far as a phone obeys it; a word that is missing or no word is the strict one.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Options {
    #[serde(default)]
    pub copy_after_left: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Member {
    pub id: String,
    pub version: i64,
    pub name: String,
    pub role: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Me {
    #[serde(flatten)]
    pub member: Member,
    #[serde(default)]
    pub my_reads: Vec<MyRead>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct MyRead {
    pub conversation: String,
    pub n: i64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Contact {
    pub id: String,
    pub version: i64,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub username: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Channel {
    pub id: String,
    pub version: i64,
    pub display: String,
    pub state: Box<RawValue>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Conversation {
    pub id: String,
    pub version: i64,
    pub contact_id: String,
    pub channel_id: String,
    pub assignee: Option<String>,
    #[serde(default)]
    pub window: Window,
    #[serde(default)]
    pub unread: u32,
    #[serde(default)]
    pub last_n: i64,
    pub last_message: Option<Box<RawValue>>,
    pub waiting_since: Option<i64>,
    #[serde(default)]
    pub read_up_to_n: i64,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Window {
    pub closes_at: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Author {
    pub kind: String,
    pub id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Ladder {
    #[serde(default)]
    pub step: String,
    pub times: Option<Box<RawValue>>,
    pub trouble: Option<Box<RawValue>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Message {
    pub id: String,
    pub version: i64,
    pub conversation_id: String,
    pub n: i64,
    pub sent_at: i64,
    pub written_at: Option<i64>,
    pub author: Author,
    pub body: Box<RawValue>,
    pub reply_to: Option<String>,
    pub deleted: Option<Box<RawValue>>,
    pub reactions: Option<Box<RawValue>>,
    pub edited_at: Option<Box<RawValue>>,
    pub forwarded: Option<Box<RawValue>>,
    pub ladder: Ladder,
}

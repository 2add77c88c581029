//! The rows of the change line: protocol.md 2.

use schemars::JsonSchema;

use super::objects::{Channel, Contact, Conversation, Member, Message, Template, Workspace};
use crate::store::labels::Label;
use crate::store::quick_replies::QuickReply;
use crate::store::teams::Team;

/// One row: the object in its newest state, or `gone`.
#[derive(Debug, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "no value of it is ever made")]
pub enum Row {
    /// The workspace changed.
    Workspace {
        /// Its number.
        seq: i64,
        /// Workspace id.
        id: String,
        /// Its newest state.
        object: Workspace,
    },
    /// A member changed or is gone.
    Member {
        /// Its number.
        seq: i64,
        /// Member id.
        id: String,
        /// Absent if gone.
        object: Option<Member>,
        /// There is no such member any more.
        gone: Option<bool>,
    },
    /// A business number changed or is gone.
    Channel {
        /// Its number.
        seq: i64,
        /// Channel id.
        id: String,
        /// Absent if gone.
        object: Option<Channel>,
        /// There is no such channel any more.
        gone: Option<bool>,
    },
    /// A contact changed or is gone.
    Contact {
        /// Its number.
        seq: i64,
        /// Contact id.
        id: String,
        /// Absent if gone.
        object: Option<Contact>,
        /// There is no such contact any more.
        gone: Option<bool>,
    },
    /// A conversation changed or is gone.
    Conversation {
        /// Its number.
        seq: i64,
        /// Conversation id.
        id: String,
        /// Absent if gone.
        object: Option<Conversation>,
        /// There is no such conversation any more.
        gone: Option<bool>,
    },
    /// A message came, changed or is gone.
    Message {
        /// Its number.
        seq: i64,
        /// Message id.
        id: String,
        /// Absent if gone.
        object: Option<Message>,
        /// There is no such message any more.
        gone: Option<bool>,
    },
    /// A label changed or is gone.
    Label {
        /// Its number.
        seq: i64,
        /// Its id.
        id: String,
        /// Absent if gone.
        object: Option<Label>,
        /// There is no such label any more.
        gone: Option<bool>,
    },
    /// A quick reply changed or is gone.
    QuickReply {
        /// Its number.
        seq: i64,
        /// Its id.
        id: String,
        /// Absent if gone.
        object: Option<QuickReply>,
        /// There is no such quick reply any more.
        gone: Option<bool>,
    },
    /// A team changed or is gone.
    Team {
        /// Its number.
        seq: i64,
        /// Its id.
        id: String,
        /// Absent if gone.
        object: Option<Team>,
        /// There is no such team any more.
        gone: Option<bool>,
    },
    /// A template changed or is gone.
    Template {
        /// Its number.
        seq: i64,
        /// Its id.
        id: String,
        /// Absent if gone.
        object: Option<Template>,
        /// There is no such template any more.
        gone: Option<bool>,
    },
    /// A contact became part of another.
    Merged {
        /// Its number.
        seq: i64,
        /// Id of the contact that is no more.
        id: String,
        /// Which, and what it became.
        object: Merged,
    },
    /// A conversation came into the reader's scope.
    Entered {
        /// Its number.
        seq: i64,
        /// Conversation id.
        id: String,
        /// What a phone needs to show it.
        object: Entered,
    },
    /// A conversation left the reader's scope: wipe it.
    Left {
        /// Its number.
        seq: i64,
        /// Conversation id.
        id: String,
        /// Nothing.
        object: Nothing,
    },
    /// Old messages came into a conversation: that range is a hole now.
    Imported {
        /// Its number.
        seq: i64,
        /// Conversation id.
        id: String,
        /// Where they stand.
        object: Imported,
    },
    /// The reader's own mark moved.
    MyRead {
        /// Its number.
        seq: i64,
        /// Conversation id.
        id: String,
        /// The mark.
        object: MyRead,
    },
}

/// What comes with a conversation that entered.
#[derive(Debug, JsonSchema)]
pub struct Entered {
    /// The conversation.
    pub conversation: Conversation,
    /// Whom it is with.
    pub contact: Contact,
    /// The last 20 at most, oldest first.
    #[schemars(length(max = 20))]
    pub messages: Vec<Message>,
}

/// The range of an import, both ends inclusive.
#[derive(Debug, JsonSchema)]
pub struct Imported {
    /// Place of the oldest: `<second of sent_at>.<n>`.
    pub from_pos: String,
    /// Place of the newest.
    pub to_pos: String,
}

/// Two contacts that are one.
#[derive(Debug, JsonSchema)]
pub struct Merged {
    /// Contact id.
    pub from: String,
    /// Contact id.
    pub into: String,
}

/// An object without fields.
#[derive(Debug, JsonSchema)]
pub struct Nothing {}

/// A reader's own mark.
#[derive(Debug, JsonSchema)]
pub struct MyRead {
    /// Everything up to this number has been looked at.
    #[schemars(range(min = 0))]
    pub n: i64,
}

//! What the store holds, as plain values. Words that may grow stay as the wire wrote them and are read when shown.

/// A conversation as the platform last said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conversation {
    pub id: String,
    pub version: i64,
    pub contact_id: String,
    pub channel_id: String,
    pub assignee: Option<String>,
    pub window_closes_at: Option<i64>,
    pub unread: u32,
    pub last_n: i64,
    pub last_at: i64,
    /// JSON of the wire's `last_message`.
    pub last_message: Option<String>,
    pub waiting_since: Option<i64>,
    pub read_up_to_n: i64,
    /// The whole object as the wire wrote it, for fields that a later version reads.
    pub raw: String,
}

/// A message as the platform last said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub id: String,
    pub conversation_id: String,
    pub version: i64,
    pub n: i64,
    pub sent_at: i64,
    pub written_at: Option<i64>,
    pub author_kind: String,
    pub author_id: Option<String>,
    /// JSON, `{kind, ...}`.
    pub body: String,
    pub reply_to: Option<String>,
    pub deleted: bool,
    /// The wire's word.
    pub step: String,
    /// JSON `{step: ms}`.
    pub times: String,
    /// JSON of the wire's `trouble`.
    pub trouble: Option<String>,
    /// JSON of what came later (`model::extras`).
    pub extras: Option<String>,
}

/// A stretch in the middle of a conversation that may lack messages. Both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hole {
    pub from: super::place::Place,
    pub to: super::place::Place,
    /// It may hide what somebody wrote since; else imported history only.
    pub live: bool,
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contact {
    pub id: String,
    pub version: i64,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub username: Option<String>,
}

/// A colleague, or this member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub id: String,
    pub version: i64,
    pub name: String,
    pub role: String,
}

/// A business number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Channel {
    pub id: String,
    pub version: i64,
    pub display: String,
    /// JSON of the wire's `state`.
    pub state: String,
}

/// A row of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Queued {
    /// Order of writing.
    pub position: i64,
    pub id: String,
    /// The wire's word: `send`, `withdraw`, ...
    pub kind: String,
    pub conversation: String,
    /// The message that it is about, for all kinds but `send` and `read`.
    pub target: Option<String>,
    /// The command as it goes over the wire, byte for byte, at every try.
    pub payload: String,
    /// The reply's text, for the screen.
    pub text: Option<String>,
    /// Newest message its author had seen; for a read mark, how far it reaches.
    pub based_on_n: i64,
    /// Server time.
    pub written_at: i64,
    pub state: super::queue::State,
    pub attempts: u32,
    /// Reason id (`R7`) of a held or refused one.
    pub reason: Option<String>,
    /// The wire's code of a refusal.
    pub code: Option<String>,
    /// JSON details of a refusal or hold.
    pub details: Option<String>,
    /// Server time of the refusal or hold.
    pub since: Option<i64>,
    /// Not before, server time.
    pub not_before: i64,
    /// The seq at which it is finished.
    pub done_seq: Option<i64>,
    /// It is queued once that command is done.
    pub after: Option<String>,
    /// A person let later ones go first.
    pub passed: bool,
}

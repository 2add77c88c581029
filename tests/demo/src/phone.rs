//! What demo and phone process say to each other, one JSON object a line: orders one way, what the phone's screens show the other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a person does on the phone.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Order {
    /// Signs in with a password.
    SignIn {
        /// E-mail.
        email: String,
        /// Password.
        password: String,
    },
    /// Signs in with a link code.
    LinkCode {
        /// The code.
        code: String,
    },
    /// Writes a reply.
    Reply {
        /// Where.
        conversation: String,
        /// What.
        text: String,
        /// Newest message on the screen.
        seen_n: i64,
    },
    /// Says yes to a held reply.
    SendAnyway {
        /// Which.
        message: String,
        /// Newest message on the screen.
        seen_n: i64,
    },
    /// Taps "Try now".
    TryNow,
    /// Shows every screen.
    Look,
}

/// The phone's answer to an order.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Done.
    Done,
    /// A reply was kept under this id.
    Kept(String),
    /// What the screens show.
    Screens(Box<Screens>),
    /// Not done; the core's stable code.
    Failed(String),
}

/// All screens of one phone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Screens {
    /// The phone's process.
    pub pid: u32,
    /// Who is signed in.
    pub member: String,
    /// The link to the server, as a word of the core.
    pub link: String,
    /// Every conversation, in the order of the list.
    pub chats: Vec<Chat>,
    /// The outbox.
    pub outbox: Vec<Waiting>,
    /// How many lines of the outbox wait for a person.
    pub needs_me: u32,
    /// The reason for which the whole outbox pauses, R1 to R3.
    pub pause: Option<String>,
}

/// A conversation's screen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Chat {
    /// Conversation id.
    pub id: String,
    /// The customer's name.
    pub name: String,
    /// Newest number held.
    pub last_n: i64,
    /// Unread messages.
    pub unread: u32,
    /// Milliseconds left in the window; absent if it is closed.
    pub left_ms: Option<i64>,
    /// Oldest first.
    pub bubbles: Vec<Bubble>,
}

/// One bubble.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Bubble {
    /// Message or command id.
    pub id: String,
    /// Number in the conversation.
    pub n: Option<i64>,
    /// `customer`, `owner_app`, `me`, `colleague`, ...
    pub author: String,
    /// The author's first name, where the phone shows one.
    pub name: Option<String>,
    /// What it says; empty if it was deleted or cannot be shown.
    pub text: String,
    /// `none`, `on_phone`, `at_server`, `sent`, `delivered`, `read`.
    pub step: String,
    /// When each step was reached, ms UTC.
    pub times: BTreeMap<String, i64>,
    /// Why it is not further.
    pub trouble: Option<Reason>,
    /// What the screen offers.
    pub choices: Vec<String>,
}

/// One line of the outbox.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// Command id.
    pub id: String,
    /// Conversation id.
    pub conversation: String,
    /// The customer's name.
    pub name: String,
    /// `send`, `withdraw`, `read`, ...
    pub kind: String,
    /// The reply's text.
    pub text: String,
    /// `on_phone` or `at_server`.
    pub step: String,
    /// Why it is still here.
    pub trouble: Option<Reason>,
    /// What the screen offers.
    pub choices: Vec<String>,
}

/// A reason with what is shown beside it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// `R1` to `R16`.
    pub id: String,
    /// R8: the kind of who answered.
    pub by: Option<String>,
    /// R8: the answer's text.
    pub answer: Option<String>,
    /// R7: when the window closed, ms UTC.
    pub closed_at: Option<i64>,
    /// R16: WhatsApp's own number.
    pub code: Option<i64>,
}

impl Screens {
    /// The conversation with a customer.
    pub fn chat(&self, name: &str) -> Option<&Chat> {
        self.chats.iter().find(|chat| chat.name == name)
    }

    /// A bubble by its customer and text.
    pub fn bubble(&self, name: &str, text: &str) -> Option<&Bubble> {
        self.chat(name)?.bubbles.iter().find(|bubble| bubble.text == text)
    }

    /// The replies in the outbox, in its order.
    pub fn unsent(&self) -> impl Iterator<Item = &Waiting> {
        self.outbox.iter().filter(|waiting| waiting.kind == "send")
    }
}

impl Bubble {
    /// The reason shown below it.
    pub fn reason(&self) -> Option<&str> {
        self.trouble.as_ref().map(|trouble| trouble.id.as_str())
    }

    /// True from this step on.
    pub fn has_reached(&self, step: &str) -> bool {
        rank(&self.step) >= rank(step)
    }
}

/// The ladder's order.
pub fn rank(step: &str) -> u8 {
    match step {
        "on_phone" => 1,
        "at_server" => 2,
        "sent" => 3,
        "delivered" => 4,
        "read" | "played" => 5,
        _ => 0,
    }
}

//! What each phone shows now.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Message, Now, State};

/// Who wrote a message, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The customer.
    Customer,
    /// The business, through the API.
    Api,
    /// The business, on the owner's phone.
    Owner,
}

/// One emoji under a bubble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// Who set it.
    pub author: Author,
    /// The emoji.
    pub emoji: String,
}

/// All phones.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Chats {
    /// Each customer's chat with the business, by number.
    pub customers: Vec<CustomerChat>,
    /// The owner's phone: its chats, by number.
    pub owner: Vec<OwnerChat>,
    /// The owner's app itself.
    #[serde(default)]
    pub app: OwnerApp,
}

/// How the owner's app stands to the Cloud API.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerApp {
    /// Whether the number is in use in the app: `is_on_biz_app` of the phone node.
    pub on_app: bool,
    /// How often `/register` was called, which takes the number off the app.
    pub registers: u32,
}

/// A customer's phone: the chat with the business.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomerChat {
    /// The customer's number, digits only.
    pub wa_id: String,
    /// Their profile name.
    pub name: String,
    /// Whether this phone shows now that the business types.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub typing: bool,
    /// What this phone shows, oldest arrival first. A send that failed before it was delivered is
    /// not here.
    pub messages: Vec<ShownMessage>,
}

/// The owner's phone: the chat with one customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OwnerChat {
    /// The customer's number, digits only.
    pub wa_id: String,
    /// Everything of this chat, API sends included, oldest arrival first.
    pub messages: Vec<ShownMessage>,
}

/// One bubble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownMessage {
    /// Meta's id.
    pub wamid: String,
    /// Its date, milliseconds UTC.
    pub at: i64,
    /// Who wrote it.
    pub author: Author,
    /// Meta's type.
    pub kind: String,
    /// Its text: of a text its body, of a file its caption, of a template its filled body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What stands under Meta's type, for all but texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Value>,
    /// Its text was changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub edited: bool,
    /// It was deleted for everyone: text and content are gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// What hangs under it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// The message it quotes; absent if the quoted one is not there, as on a real phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// `biz_opaque_callback_data` of an API send: copies of one send share it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_data: Option<String>,
    /// The last status word: of a send its own, of a customer's message `read` once the business
    /// marked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// How often the customer's phone took it in; 0 for what the customer wrote.
    pub deliveries: u32,
}

impl From<&Message> for ShownMessage {
    fn from(message: &Message) -> Self {
        Self {
            wamid: message.wamid.clone(),
            at: message.at_ms,
            author: message.author,
            kind: message.kind.clone(),
            text: message.text.clone(),
            content: message.content.clone(),
            edited: message.edited,
            deleted: message.deleted,
            reactions: message.reactions.clone(),
            reply_to: message.reply_to.clone(),
            callback_data: message.callback_data.clone(),
            status: message.status.clone(),
            deliveries: message.deliveries,
        }
    }
}

impl State {
    /// A bubble as phones show it. A quote needs its target (whatsapp.md 5.1).
    fn shown(&self, message: &Message) -> ShownMessage {
        let mut shown = ShownMessage::from(message);
        let there = |wamid: &String| self.find(wamid).is_some_and(|target| !target.deleted);
        shown.reply_to = shown.reply_to.filter(there);
        shown
    }

    /// What every phone shows now.
    pub(crate) fn chats(&self, now: Now) -> Chats {
        let mut chats = Chats {
            app: OwnerApp { on_app: self.line.on_app(), registers: self.line.registers },
            ..Chats::default()
        };
        for (wa_id, customer) in &self.customers {
            let of_chat = || {
                self.messages.iter().filter(|message| message.wa_id == *wa_id && !message.hidden)
            };
            chats.customers.push(CustomerChat {
                wa_id: wa_id.clone(),
                name: customer.name.clone(),
                typing: customer.typing_until_ms.is_some_and(|until| now.ms < until),
                messages: of_chat()
                    .filter(|m| m.author == Author::Customer || m.deliveries > 0)
                    .map(|message| self.shown(message))
                    .collect(),
            });
            chats.owner.push(OwnerChat {
                wa_id: wa_id.clone(),
                messages: of_chat().map(|message| self.shown(message)).collect(),
            });
        }
        chats
    }
}

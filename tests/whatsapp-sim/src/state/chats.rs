//! What each phone shows now.

use serde::{Deserialize, Serialize};

use super::{Message, State};

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

/// All phones.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Chats {
    /// Each customer's chat with the business, by number.
    pub customers: Vec<CustomerChat>,
    /// The owner's phone: its chats, by number.
    pub owner: Vec<OwnerChat>,
}

/// A customer's phone: the chat with the business.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomerChat {
    /// The customer's number, digits only.
    pub wa_id: String,
    /// Their profile name.
    pub name: String,
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
    /// Its text, for type `text`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The message it quotes.
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
            reply_to: message.reply_to.clone(),
            callback_data: message.callback_data.clone(),
            status: message.status.clone(),
            deliveries: message.deliveries,
        }
    }
}

impl State {
    /// What every phone shows now.
    pub(crate) fn chats(&self) -> Chats {
        let mut chats = Chats::default();
        for (wa_id, customer) in &self.customers {
            let of_chat = || self.messages.iter().filter(|message| message.wa_id == *wa_id);
            chats.customers.push(CustomerChat {
                wa_id: wa_id.clone(),
                name: customer.name.clone(),
                messages: of_chat()
                    .filter(|m| m.author == Author::Customer || m.deliveries > 0)
                    .map(ShownMessage::from)
                    .collect(),
            });
            chats.owner.push(OwnerChat {
                wa_id: wa_id.clone(),
                messages: of_chat().map(ShownMessage::from).collect(),
            });
        }
        chats
    }
}

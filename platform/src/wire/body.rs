//! What a message says, and who says it.

use schemars::JsonSchema;
use serde_json::{Map, Value};

/// Who wrote a message.
#[derive(Debug, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Author {
    /// The customer.
    Customer,
    /// The owner, in the WhatsApp Business app.
    OwnerApp,
    /// A member.
    Agent {
        /// Member id.
        id: String,
    },
    /// The machine.
    Ai,
    /// A rule.
    Automation,
    /// The platform itself.
    System,
}

/// What a message says.
#[derive(Debug, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MessageBody {
    /// A text.
    Text {
        /// At most 4,096 Unicode scalar values if it was written here.
        text: String,
        /// The customer's phone shows a picture of the first link.
        preview_url: Option<bool>,
    },
    /// Something that this version does not show.
    Unsupported {
        /// Meta's word for it.
        r#type: String,
        /// Meta's code for why it did not come.
        code: Option<i64>,
    },
    /// A file.
    Media {
        /// What it is.
        r#type: MediaType,
        /// Its id for `GET /v1/media/{id}`.
        media: Option<String>,
        /// Media type as named by its sender.
        mime: Option<String>,
        /// Bytes.
        size: Option<i64>,
        /// Hex.
        sha256: Option<String>,
        /// Name of the file.
        name: Option<String>,
        /// At most 1,024 Unicode scalar values if it was written here.
        caption: Option<String>,
        /// It was spoken into the phone.
        voice: Option<bool>,
        /// A sticker that moves.
        animated: Option<bool>,
        /// The platform has the file.
        ready: bool,
        /// Why it has it not and will not get it, a stable word.
        trouble: Option<String>,
    },
    /// A place.
    Location {
        /// Degrees.
        latitude: f64,
        /// Degrees.
        longitude: f64,
        /// What it is called.
        name: Option<String>,
        /// Street and town.
        address: Option<String>,
        /// Its page.
        url: Option<String>,
    },
    /// Visiting cards.
    Contacts {
        /// At least one.
        contacts: Vec<Card>,
    },
    /// A template that was sent.
    Template {
        /// Its name.
        name: String,
        /// Its language.
        language: String,
        /// As the customer saw it.
        text: String,
        /// Template id, of one that was sent from here.
        template: Option<String>,
        /// What its fields were filled with, by id.
        fields: Option<Map<String, Value>>,
    },
    /// Buttons, lists, forms, and the answers to them.
    Interactive {
        /// Meta's word for it: `button`, `button_reply`, `list_reply`, `nfm_reply`, `order`, ...
        r#type: String,
        /// What we asked, of one that we sent.
        text: Option<String>,
        /// Above it.
        header: Option<String>,
        /// Below it.
        footer: Option<String>,
        /// What may be chosen, at once.
        buttons: Option<Vec<Value>>,
        /// What stands on the one button.
        button: Option<String>,
        /// What may be chosen, from a list.
        sections: Option<Vec<Value>>,
        /// Where the button leads.
        url: Option<String>,
        /// What was chosen, or the heading.
        title: Option<String>,
        /// More about it.
        description: Option<String>,
        /// Id of what was chosen.
        id: Option<String>,
        /// What a form holds, as it came.
        data: Option<Value>,
        /// What was ordered or offered, as it came.
        items: Option<Value>,
    },
    /// For the team alone.
    Note {
        /// At most 4,096 Unicode scalar values.
        text: String,
    },
    /// A line about what happened.
    Event {
        /// What happened, a stable word.
        r#type: String,
        /// What goes with it.
        #[serde(flatten)]
        more: Map<String, Value>,
    },
}

/// What a file is.
#[derive(Debug, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MediaType {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A sound.
    Audio,
    /// Any file.
    Document,
    /// A sticker.
    Sticker,
}

/// A visiting card.
#[derive(Debug, JsonSchema)]
pub struct Card {
    /// Whose.
    pub name: Option<String>,
    /// Perhaps none.
    pub phones: Vec<CardPhone>,
    /// What else stands on it.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// A number on a visiting card.
#[derive(Debug, JsonSchema)]
pub struct CardPhone {
    /// As printed.
    pub phone: Option<String>,
    /// Digits, if it is at WhatsApp.
    pub wa_id: Option<String>,
    /// Meta's id of the person for this business.
    pub user_id: Option<String>,
    /// `CELL`, `WORK`, ...
    pub r#type: Option<String>,
}

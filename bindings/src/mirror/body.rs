//! What a message says.

use fieldline_core::api::{AuthorKind, Body, MediaKind, SharedContact};

/// What a message says.
#[uniffi::remote(Enum)]
pub enum Body {
    /// Plain text with WhatsApp's own marks in it.
    Text {
        /// At most 4,096 Unicode scalar values when written here.
        text: String,
    },
    /// A photo, a film, a voice message, a file.
    Media {
        /// Which of them.
        what: MediaKind,
        /// What was written under it.
        caption: Option<String>,
        /// The file's own name.
        name: Option<String>,
        /// Its type, `image/jpeg` for example.
        mime: Option<String>,
        /// Bytes.
        size: Option<i64>,
        /// The server has it.
        ready: bool,
    },
    /// A place on the map.
    Location {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
        /// What the place is called.
        name: Option<String>,
        /// Its address in one line.
        address: Option<String>,
    },
    /// Cards of people.
    Contacts {
        /// At least one.
        contacts: Vec<SharedContact>,
    },
    /// A template message, as it was sent.
    Template {
        /// The template's name at WhatsApp.
        name: String,
        /// What the customer reads.
        text: String,
    },
    /// A button or an entry of a list that was chosen, an order, a form.
    Interactive {
        /// The wire's word for it, `button_reply` for example.
        what: String,
        /// What was chosen.
        title: Option<String>,
        /// The smaller line below it.
        description: Option<String>,
    },
    /// For the team only; the customer never sees it.
    Note {
        /// What was written.
        text: String,
    },
    /// A line between the messages: an assignment and the like.
    Line {
        /// The wire's word for it.
        what: String,
    },
    /// Content is gone: deleted or withdrawn.
    Deleted {
        /// Who took it away, as far as it was said.
        by: AuthorKind,
    },
    /// A kind that this version cannot show: "See it on the owner's phone".
    Unsupported {
        /// The wire's word for it.
        what: String,
    },
}

/// Kinds of media.
#[uniffi::remote(Enum)]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A sound.
    Audio,
    /// Somebody speaks.
    Voice,
    /// A file.
    Document,
    /// A sticker.
    Sticker,
    /// A kind that this version does not know.
    Unknown,
}

/// One card of a person.
#[uniffi::remote(Record)]
pub struct SharedContact {
    /// As the card says.
    pub name: String,
    /// As the card writes them.
    pub phones: Vec<String>,
}

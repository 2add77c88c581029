//! What a `send` may say, with WhatsApp's limits (whatsapp.md 5.1, 5.3).

use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::body::MediaType;
use super::commands::Id;

/// What may be sent.
#[derive(Debug, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SendBody {
    /// A text.
    Text {
        /// 1 to 4,096 Unicode scalar values, not only blanks.
        #[schemars(length(min = 1, max = 4096))]
        text: String,
        /// The customer's phone shows a picture of the first link.
        preview_url: Option<bool>,
    },
    /// A file that was uploaded before.
    Media {
        /// What it is sent as; by its media type if absent.
        r#type: Option<MediaType>,
        /// Media type.
        mime: String,
        /// Bytes.
        #[schemars(range(min = 1))]
        size: i64,
        /// Lower-case hex.
        #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
        sha256: String,
        /// Name of the file that the customer sees.
        #[schemars(length(max = 1000))]
        name: Option<String>,
        /// Under pictures, films and documents.
        #[schemars(length(max = 1024))]
        caption: Option<String>,
        /// It was spoken into the phone: OGG alone.
        voice: Option<bool>,
        /// A sticker that moves.
        animated: Option<bool>,
    },
    /// A place.
    Location {
        /// Degrees.
        #[schemars(range(min = -90, max = 90))]
        latitude: f64,
        /// Degrees.
        #[schemars(range(min = -180, max = 180))]
        longitude: f64,
        /// What it is called.
        #[schemars(length(max = 1000))]
        name: Option<String>,
        /// Street and town.
        #[schemars(length(max = 1000))]
        address: Option<String>,
    },
    /// Visiting cards.
    Contacts {
        /// At most 257.
        #[schemars(length(min = 1, max = 257))]
        contacts: Vec<SendCard>,
    },
    /// A template.
    Template {
        /// Template id.
        template: Id,
        /// What its fields are filled with, by id: a text, a file or a place.
        fields: Option<Map<String, Value>>,
    },
    /// Buttons, a list, a link, a request.
    Interactive {
        /// Which.
        r#type: InteractiveType,
        /// 1 to 1,024 Unicode scalar values, of a list 4,096.
        #[schemars(length(min = 1, max = 4096))]
        text: String,
        /// Above it.
        #[schemars(length(max = 60))]
        header: Option<String>,
        /// Below it.
        #[schemars(length(max = 60))]
        footer: Option<String>,
        /// With `button`: at most three.
        #[schemars(length(min = 1, max = 3))]
        buttons: Option<Vec<Choice>>,
        /// With `list` and `cta_url`: what stands on the button.
        #[schemars(length(min = 1, max = 20))]
        button: Option<String>,
        /// With `list`: at most ten rows in all.
        #[schemars(length(min = 1, max = 10))]
        sections: Option<Vec<Section>>,
        /// With `cta_url`: where the button leads.
        #[schemars(length(max = 2000))]
        url: Option<String>,
    },
}

/// The interactive messages that may be sent.
#[derive(Debug, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InteractiveType {
    /// Up to three answers to tap.
    Button,
    /// A list to choose from.
    List,
    /// A button that opens a page.
    CtaUrl,
    /// Asks where the customer is.
    LocationRequest,
    /// Asks for the customer's number.
    RequestContactInfo,
}

/// An answer to tap.
#[derive(Debug, JsonSchema)]
pub struct Choice {
    /// Comes back with the answer.
    #[schemars(length(min = 1, max = 256))]
    pub id: String,
    /// What stands on it.
    #[schemars(length(min = 1, max = 20))]
    pub title: String,
}

/// A part of a list.
#[derive(Debug, JsonSchema)]
pub struct Section {
    /// Needed if there are several.
    #[schemars(length(max = 24))]
    pub title: Option<String>,
    /// What may be chosen.
    #[schemars(length(min = 1, max = 10))]
    pub rows: Vec<ListRow>,
}

/// An entry of a list.
#[derive(Debug, JsonSchema)]
pub struct ListRow {
    /// Comes back with the answer.
    #[schemars(length(min = 1, max = 200))]
    pub id: String,
    /// What it says.
    #[schemars(length(min = 1, max = 24))]
    pub title: String,
    /// More about it.
    #[schemars(length(max = 72))]
    pub description: Option<String>,
}

/// A visiting card.
#[derive(Debug, JsonSchema)]
pub struct SendCard {
    /// Whose.
    #[schemars(length(min = 1, max = 1000))]
    pub name: String,
    /// Perhaps none.
    pub phones: Option<Vec<SendPhone>>,
    /// Perhaps none.
    pub emails: Option<Vec<SendEmail>>,
}

/// A number on a visiting card.
#[derive(Debug, JsonSchema)]
pub struct SendPhone {
    /// As printed.
    #[schemars(length(min = 1, max = 1000))]
    pub phone: String,
    /// Digits, if it is at WhatsApp.
    #[schemars(length(max = 1000))]
    pub wa_id: Option<String>,
    /// `CELL`, `WORK`, ...
    #[schemars(length(max = 1000))]
    pub r#type: Option<String>,
}

/// An address on a visiting card.
#[derive(Debug, JsonSchema)]
pub struct SendEmail {
    /// The address.
    #[schemars(length(min = 1, max = 1000))]
    pub email: String,
}

//! The objects of protocol.md 4. Each `version` is the seq of the change that last wrote it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::{Map, Value};

use super::body::{Author, MessageBody};
use crate::agents::outcome::Role;
use crate::desk::options::Options;

/// A business.
#[derive(Debug, JsonSchema)]
pub struct Workspace {
    /// Id.
    pub id: String,
    /// Seq of the change that last wrote it.
    pub version: i64,
    /// Seqs and versions hold within one epoch.
    pub epoch: String,
    /// The name people see.
    pub name: String,
    /// What it chose.
    pub options: Options,
    /// Texts that the owner's phone sends by itself: they are no answer.
    pub greeting_texts: Vec<String>,
}

/// Somebody who works there.
#[derive(Debug, JsonSchema)]
pub struct Member {
    /// Id.
    pub id: String,
    /// Seq of the change that last wrote it.
    pub version: i64,
    /// The name people see.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they are at work.
    pub shift: Shift,
}

/// Whether somebody is at work.
#[derive(Debug, JsonSchema)]
pub struct Shift {
    /// They are.
    pub on: bool,
    /// Since when it is so, ms UTC.
    pub since: i64,
}

/// The one who asks.
#[derive(Debug, JsonSchema)]
pub struct Me {
    /// Id.
    pub id: String,
    /// Seq of the change that last wrote it.
    pub version: i64,
    /// The name people see.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they are at work.
    pub shift: Shift,
    /// Their own marks, where they differ from the conversation's.
    pub my_reads: Vec<MyReadOf>,
}

/// A member's own mark in one conversation.
#[derive(Debug, JsonSchema)]
pub struct MyReadOf {
    /// Conversation id.
    pub conversation: String,
    /// Everything up to this number has been looked at.
    pub n: i64,
}

/// A customer. The phone number may be absent.
#[derive(Debug, JsonSchema)]
pub struct Contact {
    /// Id.
    pub id: String,
    /// Seq of the change that last wrote it.
    pub version: i64,
    /// Their name at WhatsApp, or as the business wrote it.
    pub name: Option<String>,
    /// Digits with the country code.
    pub phone: Option<String>,
    /// Meta's id of the person for this business.
    pub wa_user_id: Option<String>,
    /// Their name at WhatsApp that is one of a kind.
    pub username: Option<String>,
    /// Label ids.
    pub labels: Vec<String>,
    /// Id of another contact that may be the same person.
    pub perhaps_same: Option<String>,
    /// What the business wrote down about them, by field.
    pub fields: Option<BTreeMap<String, String>>,
    /// They asked for no more marketing.
    pub marketing: Option<Marketing>,
}

/// A contact in a list of the office's.
#[derive(Debug, JsonSchema)]
pub struct ListedContact {
    /// As on the change line.
    #[serde(flatten)]
    pub contact: Contact,
    /// Ids of its conversations.
    pub conversations: Vec<String>,
}

/// What a customer wants of marketing.
#[derive(Debug, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Marketing {
    /// None.
    Stopped,
}

/// One business number.
#[derive(Debug, JsonSchema)]
pub struct Channel {
    /// Id.
    pub id: String,
    /// Seq of the change that last wrote it.
    pub version: i64,
    /// `whatsapp`; later ones are shown by their word.
    pub kind: String,
    /// The number as printed.
    pub display: String,
    /// How its line stands.
    pub state: ChannelState,
    /// When the owner's phone was last heard of, ms UTC.
    pub last_sign_of_life: Option<i64>,
    /// Free-form replies through the platform cost from then on, ms UTC.
    pub replies_cost_since: Option<i64>,
    /// Where the import of old messages stands; `{}` if there never was one.
    pub history: History,
}

/// How a line stands.
#[derive(Debug, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChannelState {
    /// It is being set up.
    Connecting,
    /// Old messages come in; the line can be used.
    Importing {
        /// 0 to 100; absent until Meta says it.
        #[schemars(range(min = 0, max = 100))]
        percent: Option<i64>,
    },
    /// All is well.
    Connected,
    /// It works, or waits, and somebody has to look.
    Attention {
        /// A stable word.
        reason: String,
        /// ms UTC.
        since: i64,
    },
    /// Nothing goes in or out.
    Disconnected {
        /// A stable word.
        reason: String,
        /// ms UTC.
        since: Option<i64>,
    },
}

/// Where an import stands.
#[derive(Debug, JsonSchema)]
pub struct History {
    /// When it was asked for, ms UTC.
    pub asked: Option<i64>,
    /// Meta's number of the newest part: 0, 1, 2.
    pub phase: Option<i64>,
    /// 0 to 100 over the whole import.
    #[schemars(range(min = 0, max = 100))]
    pub percent: Option<i64>,
    /// The owner keeps old messages to the phone. Final.
    pub declined: Option<bool>,
    /// It was accepted, and nothing came for a day.
    pub nothing_came: Option<bool>,
}

/// All that one contact and one business number said, for ever.
#[derive(Debug, JsonSchema)]
pub struct Conversation {
    /// Id.
    pub id: String,
    /// Seq of the change that last wrote it.
    pub version: i64,
    /// Contact id.
    pub contact_id: String,
    /// Channel id.
    pub channel_id: String,
    /// Whether it is being worked on.
    pub status: Status,
    /// Member id.
    pub assignee: Option<String>,
    /// Team id.
    pub team: Option<String>,
    /// Who answers.
    pub handler: Handler,
    /// The machine answers again then, ms UTC.
    pub ai_resumes_at: Option<i64>,
    /// Id of the conversation in which it goes on; it takes no new messages.
    pub continued_in: Option<String>,
    /// Label ids.
    pub labels: Vec<String>,
    /// WhatsApp's 24 hours.
    pub window: Window,
    /// Customer messages that nobody has seen.
    #[schemars(range(min = 0))]
    pub unread: i64,
    /// Number of the newest live message; 0 if there is none.
    #[schemars(range(min = 0))]
    pub last_n: i64,
    /// The newest live message that was not taken back.
    pub last_message: Option<LastMessage>,
    /// `sent_at` of the first live customer message that is not answered, ms UTC.
    pub waiting_since: Option<i64>,
    /// Everything up to this number has been looked at.
    #[schemars(range(min = 0))]
    pub read_up_to_n: i64,
}

/// Whether a conversation is being worked on.
#[derive(Debug, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Status {
    /// It wants something.
    Open,
    /// It waits for the customer.
    Pending,
    /// It sleeps.
    Snoozed {
        /// It wakes then, ms UTC.
        until: Option<i64>,
    },
    /// It is done.
    Resolved,
}

/// Who answers.
#[derive(Debug, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Handler {
    /// The machine.
    Ai,
    /// A person.
    Human,
    /// Nobody.
    None,
}

/// WhatsApp's 24 hours.
#[derive(Debug, JsonSchema)]
pub struct Window {
    /// ms UTC; absent if the customer never wrote.
    pub closes_at: Option<i64>,
}

/// What a list of conversations shows of the newest message.
#[derive(Debug, JsonSchema)]
pub struct LastMessage {
    /// Message id.
    pub id: String,
    /// Its number.
    pub n: i64,
    /// ms UTC.
    pub sent_at: i64,
    /// Who wrote it.
    pub author: Author,
    /// What it says.
    pub body: MessageBody,
}

/// One message.
#[derive(Debug, JsonSchema)]
pub struct Message {
    /// Id; of one that a command made, the command's.
    pub id: String,
    /// Seq of the change that last wrote it.
    pub version: i64,
    /// Conversation id.
    pub conversation_id: String,
    /// Live ones are dense from 1 in commit order, imported ones -1, -2, ...
    pub n: i64,
    /// Meta's time for customer and owner, the platform's for all others, ms UTC.
    pub sent_at: i64,
    /// The writer's phone's own time, corrected, ms UTC.
    pub written_at: Option<i64>,
    /// Who wrote it.
    pub author: Author,
    /// What it says.
    pub body: MessageBody,
    /// Id of the message that it quotes; perhaps one that is not there.
    pub reply_to: Option<String>,
    /// By author.
    pub reactions: Vec<Reaction>,
    /// ms UTC.
    pub edited_at: Option<i64>,
    /// It was taken back, or deleted: its body is empty.
    pub deleted: Option<Deleted>,
    /// How far it got.
    pub ladder: Ladder,
    /// It came with an import of old messages.
    pub imported: bool,
    /// It was forwarded before it came.
    pub forwarded: Option<Forwarded>,
    /// The advertisement or post that the customer came from.
    pub referral: Option<Referral>,
    /// The product that the customer asks about.
    pub product: Option<Product>,
}

/// Where a customer came from, in Meta's own words.
#[derive(Debug, JsonSchema)]
pub struct Referral {
    /// Address of the advertisement or post.
    pub source_url: Option<String>,
    /// Meta's id of it.
    pub source_id: Option<String>,
    /// `ad` or `post`.
    pub source_type: Option<String>,
    /// Its text.
    pub body: Option<String>,
    /// Its heading.
    pub headline: Option<String>,
    /// `image` or `video`.
    pub media_type: Option<String>,
    /// Its picture.
    pub image_url: Option<String>,
    /// Its film.
    pub video_url: Option<String>,
    /// The film's picture.
    pub thumbnail_url: Option<String>,
    /// Meta's id of the click.
    pub ctwa_clid: Option<String>,
    /// What the advertiser put in.
    pub r#ref: Option<String>,
    /// The greeting that the customer saw.
    pub welcome: Option<String>,
}

/// A product of a catalogue.
#[derive(Debug, JsonSchema)]
pub struct Product {
    /// Meta's id of the catalogue.
    pub catalog_id: Option<String>,
    /// The shop's own id of the product.
    pub product_retailer_id: Option<String>,
}

/// How often a message was forwarded.
#[derive(Debug, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Forwarded {
    /// At least once.
    Once,
    /// Many times, as WhatsApp counts.
    Often,
}

/// Somebody's sign under a message.
#[derive(Debug, JsonSchema)]
pub struct Reaction {
    /// Whose.
    pub author: Author,
    /// One emoji.
    pub emoji: String,
    /// ms UTC.
    pub at: i64,
}

/// Who took a message back, and when.
#[derive(Debug, JsonSchema)]
pub struct Deleted {
    /// A member's id, or a word: `customer`, `owner_app`.
    pub by: String,
    /// ms UTC.
    pub at: i64,
}

/// How far a message got.
#[derive(Debug, JsonSchema)]
pub struct Ladder {
    /// It only climbs.
    pub step: Step,
    /// When each step was reached, ms UTC.
    pub times: Times,
    /// Why the next step is not reached.
    pub trouble: Option<Trouble>,
}

/// The steps of a message on its way to the customer.
#[derive(Debug, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// At our server.
    Queued,
    /// WhatsApp has it.
    Sent,
    /// The customer's phone has it.
    Delivered,
    /// The customer has seen it.
    Read,
    /// The customer has listened to it.
    Played,
    /// It goes nowhere: it came in, or is not for the customer.
    None,
}

/// When each step was reached, ms UTC.
#[derive(Debug, JsonSchema)]
pub struct Times {
    /// Accepted by the platform.
    pub queued: Option<i64>,
    /// Accepted by WhatsApp.
    pub sent: Option<i64>,
    /// On the customer's phone.
    pub delivered: Option<i64>,
    /// Seen.
    pub read: Option<i64>,
    /// Listened to.
    pub played: Option<i64>,
}

/// Why a message waits or stopped, by the ids of experience.md. R1 to R3, R9 and R15 are the phone's
/// own and stand on no message of the platform's.
#[derive(Debug, JsonSchema)]
pub enum TroubleReason {
    /// It waits for an earlier one.
    R4,
    /// The line is down.
    R5,
    /// WhatsApp does not answer, or asks to slow down.
    R6,
    /// The customer service window closed.
    R7,
    /// Somebody answered meanwhile.
    R8,
    /// This customer cannot be reached.
    R10,
    /// Payment or account trouble at WhatsApp.
    R11,
    /// The template is paused, changed or refused.
    R12,
    /// The file is too large or of a refused kind.
    R13,
    /// Nobody can say whether it went out.
    R14,
    /// WhatsApp refused it.
    R16,
}

/// Why a message does not get further.
#[derive(Debug, JsonSchema)]
pub struct Trouble {
    /// The reason shown to people.
    pub reason: TroubleReason,
    /// WhatsApp's own code.
    pub whatsapp_code: Option<i64>,
    /// A stable word for what that code means.
    pub word: Option<String>,
    /// ms UTC.
    pub since: i64,
    /// ms UTC.
    pub next_try: Option<i64>,
    /// Nothing more will be tried.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// With R8: who answered meanwhile.
    pub by: Option<Author>,
    /// With R8: the number of that answer.
    pub n: Option<i64>,
}

/// A template of WhatsApp's.
#[derive(Debug, JsonSchema)]
pub struct Template {
    /// Id.
    pub id: String,
    /// Seq of the change that last wrote it.
    pub version: i64,
    /// Meta's id of the business account.
    pub waba_id: String,
    /// Its name at Meta.
    pub name: String,
    /// Its language: `en_US`.
    pub language: String,
    /// Meta's word in lower case: `marketing`, `utility`, `authentication`, ...
    pub kind: String,
    /// Meta's word in lower case: `approved`, `paused`, ...
    pub status: String,
    /// Meta's word in lower case: `green`, `yellow`, `red`, `unknown`.
    pub quality: Option<String>,
    /// Why it was refused, Meta's word.
    pub reason: Option<String>,
    /// What the customer sees, from top to bottom.
    pub parts: Vec<TemplatePart>,
    /// What has to be filled in.
    pub fields: Vec<TemplateField>,
}

/// A part of a template.
#[derive(Debug, JsonSchema)]
pub struct TemplatePart {
    /// `header`, `body`, `footer`, `buttons`, ...
    pub kind: String,
    /// Of a header: `text`, `image`, `video`, `document`, `location`, ...
    pub format: Option<String>,
    /// With `{{fields}}`.
    pub text: Option<String>,
    /// From left to right.
    pub buttons: Option<Vec<TemplateButton>>,
}

/// A button of a template.
#[derive(Debug, JsonSchema)]
pub struct TemplateButton {
    /// Meta's word in lower case: `quick_reply`, `url`, `phone_number`, ...
    pub r#type: String,
    /// What stands on it.
    pub text: Option<String>,
    /// Where it leads.
    pub url: Option<String>,
    /// Whom it calls.
    pub phone: Option<String>,
}

/// A field of a template.
#[derive(Debug, JsonSchema)]
pub struct TemplateField {
    /// Its id: `body.1`, `header`, ...
    pub id: String,
    /// `text`, `location`, `url`, `code`, or the kind of a file.
    pub kind: String,
    /// As Meta was shown it.
    pub example: Option<String>,
}

/// What Meta told about an account or a number.
#[derive(Debug, JsonSchema)]
pub struct AccountFact {
    /// Meta's name of the webhook field.
    pub field: String,
    /// Template id, where it is about one.
    pub subject: Option<String>,
    /// What is so, Meta's word.
    pub word: String,
    /// ms UTC.
    pub at: i64,
    /// What came with it.
    pub details: Map<String, Value>,
}

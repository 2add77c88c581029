//! The shapes of what the store writes as JSON, for the document alone: `docs/wire.md` by example,
//! this page by type. Absent instead of null.

#![allow(dead_code, clippy::struct_field_names, reason = "they are described, never made")]

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::{Map, Value};

use crate::agents::outcome::Role;
use crate::desk::options::Options;
use crate::store::labels::Label;
use crate::store::quick_replies::QuickReply;
use crate::store::teams::Team;

#[derive(JsonSchema)]
pub(super) struct Error {
    pub(super) error: ErrorBody,
}

#[derive(JsonSchema)]
pub(super) struct ErrorBody {
    /// docs/errors.md
    pub(super) code: String,
    /// An R id of the product's, where one fits.
    pub(super) reason: Option<String>,
    pub(super) details: Option<Map<String, Value>>,
}

#[derive(JsonSchema)]
pub(super) struct DeviceInfo {
    /// A UUID that the phone made.
    #[schemars(extend("format" = "uuid"))]
    pub(super) id: String,
    #[schemars(length(min = 1, max = 200))]
    pub(super) name: String,
    #[schemars(length(max = 40))]
    pub(super) platform: String,
    #[schemars(length(max = 40))]
    pub(super) app_version: Option<String>,
}

#[derive(JsonSchema)]
pub(super) struct SignIn {
    pub(super) email: Option<String>,
    pub(super) password: Option<String>,
    /// Instead of e-mail and password.
    pub(super) link_code: Option<String>,
    pub(super) device: DeviceInfo,
}

#[derive(JsonSchema)]
pub(super) struct LinkCodeWish {
    pub(super) link_code: String,
}

#[derive(JsonSchema)]
pub(super) struct Preview {
    pub(super) workspace: String,
    pub(super) member_name: String,
}

#[derive(JsonSchema)]
pub(super) struct Refresh {
    pub(super) refresh_token: String,
}

#[derive(JsonSchema)]
pub(super) struct Grant {
    pub(super) access_token: String,
    pub(super) refresh_token: String,
    pub(super) expires_in_s: i64,
    pub(super) epoch: String,
    pub(super) member: Member,
    pub(super) workspace: Workspace,
}

#[derive(JsonSchema)]
pub(super) struct Workspace {
    pub(super) id: String,
    pub(super) version: i64,
    pub(super) epoch: String,
    pub(super) name: String,
    pub(super) options: Options,
    pub(super) greeting_texts: Vec<String>,
}

#[derive(JsonSchema)]
pub(super) struct Shift {
    pub(super) on: bool,
    /// 0: never said.
    pub(super) since: i64,
}

#[derive(JsonSchema)]
pub(super) struct Member {
    pub(super) id: String,
    pub(super) version: i64,
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) shift: Shift,
}

#[derive(JsonSchema)]
pub(super) struct MyRead {
    pub(super) conversation: String,
    pub(super) n: i64,
}

#[derive(JsonSchema)]
pub(super) struct Me {
    #[schemars(flatten)]
    pub(super) member: Member,
    pub(super) my_reads: Vec<MyRead>,
}

#[derive(JsonSchema)]
pub(super) struct Contact {
    pub(super) id: String,
    pub(super) version: i64,
    pub(super) name: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) wa_user_id: Option<String>,
    pub(super) username: Option<String>,
    pub(super) labels: Vec<String>,
    pub(super) fields: Option<BTreeMap<String, String>>,
    /// Id of a contact that may be the same person.
    pub(super) perhaps_same: Option<String>,
    /// `stopped`: no advertising is wanted.
    pub(super) marketing: Option<String>,
}

/// An object with a `kind`; what else it holds depends on it (docs/wire.md).
#[derive(JsonSchema)]
pub(super) struct Kinded {
    pub(super) kind: String,
    #[schemars(flatten)]
    pub(super) more: Map<String, Value>,
}

#[derive(JsonSchema)]
pub(super) struct Channel {
    pub(super) id: String,
    pub(super) version: i64,
    pub(super) kind: String,
    pub(super) display: String,
    pub(super) state: Kinded,
    pub(super) last_sign_of_life: Option<i64>,
    pub(super) history: Option<Map<String, Value>>,
}

#[derive(JsonSchema)]
pub(super) struct Status {
    /// open, pending, snoozed, resolved
    pub(super) kind: String,
    pub(super) until: Option<i64>,
}

#[derive(JsonSchema)]
pub(super) struct Window {
    pub(super) closes_at: Option<i64>,
}

#[derive(JsonSchema)]
pub(super) struct Author {
    /// customer, owner_app, agent, ai, automation, system
    pub(super) kind: String,
    pub(super) id: Option<String>,
}

#[derive(JsonSchema)]
pub(super) struct LastMessage {
    pub(super) id: String,
    pub(super) n: i64,
    pub(super) sent_at: i64,
    pub(super) author: Author,
    pub(super) body: Kinded,
}

#[derive(JsonSchema)]
pub(super) struct Conversation {
    pub(super) id: String,
    pub(super) version: i64,
    pub(super) contact_id: String,
    pub(super) channel_id: String,
    pub(super) status: Status,
    pub(super) assignee: Option<String>,
    pub(super) team: Option<String>,
    /// ai, human, none
    pub(super) handler: String,
    pub(super) ai_resumes_at: Option<i64>,
    pub(super) labels: Vec<String>,
    pub(super) window: Window,
    pub(super) unread: i64,
    pub(super) last_n: i64,
    pub(super) last_message: Option<LastMessage>,
    pub(super) waiting_since: Option<i64>,
    pub(super) read_up_to_n: i64,
    pub(super) continued_in: Option<String>,
}

#[derive(JsonSchema)]
pub(super) struct Trouble {
    pub(super) reason: String,
    pub(super) whatsapp_code: Option<i64>,
    pub(super) since: i64,
    pub(super) next_try: Option<i64>,
    pub(super) r#final: bool,
    /// A stable word for what it is.
    pub(super) word: Option<String>,
    pub(super) by: Option<Author>,
    pub(super) n: Option<i64>,
}

#[derive(JsonSchema)]
pub(super) struct Ladder {
    /// queued, sent, delivered, read, played, none
    pub(super) step: String,
    pub(super) times: BTreeMap<String, i64>,
    pub(super) trouble: Option<Trouble>,
}

#[derive(JsonSchema)]
pub(super) struct Deleted {
    pub(super) by: String,
    pub(super) at: i64,
}

#[derive(JsonSchema)]
pub(super) struct Reaction {
    pub(super) author: Author,
    pub(super) emoji: String,
    pub(super) at: i64,
}

#[derive(JsonSchema)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) version: i64,
    pub(super) conversation_id: String,
    pub(super) n: i64,
    pub(super) sent_at: i64,
    pub(super) written_at: Option<i64>,
    pub(super) author: Author,
    pub(super) body: Kinded,
    pub(super) reply_to: Option<String>,
    pub(super) reactions: Vec<Reaction>,
    pub(super) edited_at: Option<i64>,
    pub(super) deleted: Option<Deleted>,
    pub(super) ladder: Ladder,
    pub(super) imported: bool,
    /// once, often
    pub(super) forwarded: Option<String>,
    pub(super) referral: Option<Map<String, Value>>,
    pub(super) product: Option<Map<String, Value>>,
}

#[derive(JsonSchema)]
pub(super) struct Start {
    pub(super) epoch: String,
    pub(super) cursor: String,
    pub(super) as_of: i64,
    pub(super) me: Me,
    pub(super) workspace: Workspace,
    pub(super) channels: Vec<Channel>,
    pub(super) conversations: Vec<Conversation>,
    pub(super) contacts: Vec<Contact>,
    pub(super) members: Vec<Member>,
    pub(super) labels: Vec<Label>,
    pub(super) teams: Vec<Team>,
    pub(super) messages: Vec<Message>,
    pub(super) quick_replies: Vec<QuickReply>,
    /// On the last page: the approved ones.
    pub(super) templates: Option<Vec<Template>>,
    pub(super) next_page: Option<String>,
}

#[derive(JsonSchema)]
pub(super) struct Scope {
    pub(super) epoch: String,
    pub(super) conversations: Vec<String>,
    pub(super) cursor: String,
    pub(super) as_of: i64,
}

#[derive(JsonSchema)]
pub(super) struct Change {
    pub(super) seq: i64,
    pub(super) kind: String,
    pub(super) id: String,
    /// The object, by its kind.
    pub(super) object: Option<Map<String, Value>>,
    pub(super) gone: Option<bool>,
}

#[derive(JsonSchema)]
pub(super) struct Changes {
    /// changes
    pub(super) kind: String,
    pub(super) epoch: String,
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) cursor: String,
    pub(super) as_of: i64,
    pub(super) server_time: i64,
    pub(super) has_more: bool,
    pub(super) changes: Vec<Change>,
}

#[derive(JsonSchema)]
pub(super) struct Messages {
    /// Oldest first.
    pub(super) messages: Vec<Message>,
    pub(super) from_pos: Option<String>,
    pub(super) to_pos: Option<String>,
    pub(super) has_more: bool,
    pub(super) as_of: i64,
}

#[derive(JsonSchema)]
pub(super) struct Command {
    /// A UUID that the phone made.
    pub(super) id: String,
    pub(super) at: i64,
    /// send, withdraw, release, pass, settle, read, note, label, status, assign, ...
    pub(super) kind: String,
    #[schemars(flatten)]
    pub(super) more: Map<String, Value>,
}

#[derive(JsonSchema)]
pub(super) struct Commands {
    pub(super) epoch: String,
    #[schemars(length(max = 100))]
    pub(super) commands: Vec<Command>,
    /// How much is unsent on the phone.
    pub(super) unsent: Option<i64>,
}

#[derive(JsonSchema)]
pub(super) struct CommandAnswer {
    pub(super) id: String,
    /// done, refused, later
    pub(super) outcome: String,
    pub(super) seq: Option<i64>,
    pub(super) gone: Option<bool>,
    pub(super) code: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) details: Option<Map<String, Value>>,
    pub(super) retry_after_ms: Option<i64>,
}

#[derive(JsonSchema)]
pub(super) struct Answers {
    /// In the order of the commands.
    pub(super) answers: Vec<CommandAnswer>,
}

#[derive(JsonSchema)]
pub(super) struct TemplateField {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) example: Option<Value>,
}

#[derive(JsonSchema)]
pub(super) struct Template {
    pub(super) id: String,
    pub(super) version: i64,
    pub(super) waba_id: String,
    pub(super) name: String,
    pub(super) language: String,
    /// Meta's word, lower case.
    pub(super) kind: String,
    /// Meta's word, lower case.
    pub(super) status: String,
    pub(super) quality: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) parts: Vec<Map<String, Value>>,
    pub(super) fields: Vec<TemplateField>,
}

#[derive(JsonSchema)]
pub(super) struct TemplateAccount {
    pub(super) waba_id: String,
    /// When its list was fetched.
    pub(super) fetched_at: Option<i64>,
}

#[derive(JsonSchema)]
pub(super) struct Templates {
    pub(super) templates: Vec<Template>,
    pub(super) accounts: Vec<TemplateAccount>,
}

#[derive(JsonSchema)]
pub(super) struct NewTemplate {
    /// The number whose account gets it; without it the only account of the workspace.
    pub(super) channel: Option<String>,
    pub(super) name: String,
    pub(super) language: String,
    /// marketing, utility, authentication
    pub(super) kind: String,
    /// positional, named
    pub(super) format: Option<String>,
    /// As Meta wants them.
    pub(super) components: Vec<Map<String, Value>>,
}

#[derive(JsonSchema)]
pub(super) struct ChangedTemplate {
    pub(super) kind: Option<String>,
    pub(super) components: Option<Vec<Map<String, Value>>>,
}

//! Commands and their answers: protocol.md 5.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::errors::of_refusal;
use super::send::SendBody;
use super::words::variants;
use crate::agents::outcome::{LaterCode, RefusedCode};

/// One command. Each is judged by itself: one that is malformed or unknown is refused alone.
#[derive(Debug, JsonSchema)]
pub struct Command {
    /// A UUID made on the phone; the message of a `send` has it too.
    #[schemars(length(min = 36, max = 36), extend("format" = "uuid"))]
    pub id: String,
    /// When it was given, by the phone's corrected clock, ms UTC.
    pub at: i64,
    /// What it says.
    #[serde(flatten)]
    pub what: What,
}

/// What a command says.
#[derive(Debug, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// Sends a message.
    Send {
        /// Conversation id.
        conversation: Id,
        /// What it says.
        body: SendBody,
        /// Id of the message it quotes.
        reply_to: Option<Id>,
        /// The newest live message its writer had seen.
        #[schemars(range(min = 0))]
        based_on_n: i64,
    },
    /// Takes a message back before it goes out.
    Withdraw {
        /// Message id, perhaps of a `send` that never came.
        #[schemars(length(min = 36, max = 36), extend("format" = "uuid"))]
        message: String,
    },
    /// Lets a held message go after R7 or R8.
    Release {
        /// Message id.
        message: Id,
        /// Replaces the message's own.
        #[schemars(range(min = 0))]
        based_on_n: i64,
    },
    /// Lets later messages go first.
    Pass {
        /// Message id.
        message: Id,
    },
    /// Says what became of a message after R14.
    Settle {
        /// Message id.
        message: Id,
        /// What the person says.
        result: Settlement,
        /// With `send_again`: id of the copy.
        #[schemars(length(min = 36, max = 36), extend("format" = "uuid"))]
        new_id: Option<String>,
        /// With `send_again`: the newest live message the person had seen.
        #[schemars(range(min = 0))]
        based_on_n: Option<i64>,
    },
    /// Writes first, with a template. The conversation gets the command's id.
    StartConversation {
        /// Channel id.
        channel: Id,
        /// A contact that is known; or `phone`.
        contact: Option<Id>,
        /// A number, as people write them.
        phone: Option<String>,
        /// What to write: a template's id, or the template with its fields.
        template: TemplateChoice,
        /// With a template's id: what its fields are filled with, by id.
        fields: Option<Map<String, Value>>,
        /// Id of the message that it makes; not the command's.
        #[schemars(length(min = 36, max = 36), extend("format" = "uuid"))]
        message_id: String,
    },
    /// Reacts to a message.
    React {
        /// Message id.
        message: Id,
        /// One emoji; none takes the reaction away.
        #[schemars(length(max = 20))]
        emoji: Option<String>,
    },
    /// A note for the team; its message gets the command's id.
    Note {
        /// Conversation id.
        conversation: Id,
        /// What it says.
        body: NoteBody,
    },
    /// Puts labels on and takes others off.
    Label {
        /// Conversation id; or `contact`.
        conversation: Option<Id>,
        /// Contact id.
        contact: Option<Id>,
        /// Label ids.
        #[schemars(length(max = 100))]
        add: Option<Vec<Id>>,
        /// Label ids.
        #[schemars(length(max = 100))]
        remove: Option<Vec<Id>>,
    },
    /// Opens, snoozes, resolves.
    Status {
        /// Conversation id.
        conversation: Id,
        /// What the person saw.
        was: StatusWord,
        /// What it is from now on.
        to: StatusWord,
        /// With `snoozed`: when it wakes, ms UTC, a year from now at most.
        until: Option<i64>,
        /// The newest live message the person had seen: what a customer wrote after it opens the
        /// conversation again.
        #[schemars(range(min = 0))]
        based_on_n: Option<i64>,
    },
    /// Moves a conversation to somebody.
    Assign {
        /// Conversation id.
        conversation: Id,
        /// The holder that the person saw.
        was: Holder,
        /// The holder from now on.
        to: Holder,
        /// Nobody looks at it.
        based_on_n: Option<i64>,
    },
    /// Takes a conversation over from the machine.
    TakeOver {
        /// Conversation id.
        conversation: Id,
    },
    /// Hands a conversation back to the machine.
    HandBack {
        /// Conversation id.
        conversation: Id,
    },
    /// Begins or ends one's shift.
    Shift {
        /// Whether one is at work from now on.
        on: bool,
    },
    /// The owner says that the phone's app was opened.
    OwnerAppOpened {
        /// Channel id.
        channel: Id,
    },
    /// Changes one field of a contact.
    EditContact {
        /// Contact id.
        contact: Id,
        /// `name`, `language`, or a word of the workplace's own.
        #[schemars(length(min = 1, max = 40), regex(pattern = "^[a-z0-9_]+$"))]
        field: String,
        /// The value that the person saw; none: nothing.
        #[schemars(length(max = 1000))]
        was: Option<String>,
        /// The value from now on; none: nothing.
        #[schemars(length(max = 1000))]
        to: Option<String>,
    },
    /// Moves the read mark; the furthest wins.
    Read {
        /// Conversation id.
        conversation: Id,
        /// Everything up to this number has been looked at.
        #[schemars(range(min = 0))]
        up_to_n: i64,
    },
}

/// An opaque id, 1 to 64 bytes.
#[derive(Debug, JsonSchema)]
#[schemars(inline)]
pub struct Id(#[schemars(length(min = 1, max = 64))] pub String);

/// What a person says became of a message.
#[derive(Debug, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// The customer has it.
    Arrived,
    /// The customer has it not: send a copy.
    SendAgain,
}

/// Who holds a conversation.
#[derive(Debug, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Holder {
    /// A member.
    Member {
        /// Member id.
        id: Id,
    },
    /// A team.
    Team {
        /// Team id.
        id: Id,
    },
    /// The machine.
    Ai,
    /// Nobody.
    None,
}

/// The statuses that a person may set.
#[derive(Debug, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusWord {
    /// It wants something.
    Open,
    /// It waits for the customer.
    Pending,
    /// It sleeps.
    Snoozed,
    /// It is done.
    Resolved,
}

/// What a note says.
#[derive(Debug, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NoteBody {
    /// A note.
    Note {
        /// 1 to 4,096 Unicode scalar values, not only blanks.
        #[schemars(length(min = 1, max = 4096))]
        text: String,
    },
    /// The same.
    Text {
        /// 1 to 4,096 Unicode scalar values, not only blanks.
        #[schemars(length(min = 1, max = 4096))]
        text: String,
    },
}

/// A template by its id, or with its fields.
#[derive(Debug, JsonSchema)]
#[serde(untagged)]
pub enum TemplateChoice {
    /// Its id.
    Id(Id),
    /// With its fields.
    Filled {
        /// Template id.
        template: Id,
        /// What its fields are filled with, by id: a text, a file or a place.
        fields: Option<Map<String, Value>>,
    },
}

/// What one command came to.
#[derive(Debug)]
pub struct CommandAnswer;

impl JsonSchema for CommandAnswer {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CommandAnswer".into()
    }

    fn json_schema(schemas: &mut SchemaGenerator) -> Schema {
        let later = schemas.subschema_for::<LaterCode>();
        let mut forms = vec![
            json!({
                "description": "Carried out; the phone is done with it once its cursor has reached `seq`.",
                "type": "object",
                "properties": {
                    "id": { "type": "string" },
                    "outcome": { "const": "done" },
                    "seq": { "type": "integer", "format": "int64" },
                    "gone": { "const": true, "description": "What it was about has been erased since." },
                },
                "required": ["id", "outcome", "seq"],
            }),
            json!({
                "description": "Not judged yet: the phone sends it again.",
                "type": "object",
                "properties": {
                    "id": { "type": "string" },
                    "outcome": { "const": "later" },
                    "code": later,
                    "retry_after_ms": { "type": "integer", "minimum": 0 },
                },
                "required": ["id", "outcome", "code"],
            }),
        ];
        for code in variants::<RefusedCode>() {
            forms.push(refusal(schemas, code));
        }
        let mut schema = Map::new();
        schema.insert("description".into(), "What one command came to.".into());
        schema.insert("oneOf".into(), Value::Array(forms));
        Schema::from(schema)
    }
}

/// The answer that refuses with this code, for good.
fn refusal(schemas: &mut SchemaGenerator, code: RefusedCode) -> Value {
    let mut properties = Map::new();
    properties.insert("id".into(), json!({ "type": "string" }));
    properties.insert("outcome".into(), json!({ "const": "refused" }));
    properties.insert("code".into(), json!({ "const": code.as_str() }));
    let mut required = vec!["id", "outcome", "code"];
    if let Some(reason) = code.reason() {
        properties.insert("reason".into(), json!({ "const": reason.as_str() }));
        required.push("reason");
    }
    if let Some(details) = of_refusal(code) {
        properties.insert("details".into(), details(schemas).to_value());
    }
    json!({ "type": "object", "properties": properties, "required": required })
}

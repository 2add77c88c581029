//! The start: everything in scope, the first screen first. Protocol.md 3.
//!
//! Start one: the most recent conversations, each with its last message. Then the last messages
//! of those, in id order; then the others in id order; then the quick replies. A page's token carries the cursor cut
//! before the first page and where that page ended, so that any page can be asked for again and
//! what moves meanwhile is either on a later page or on the line after the cursor.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::cursor::{self, Cursor};
use super::scope::Reader;
use super::{ENVELOPE, MAX_PAGE};
use crate::agents::error::ApiError;
use crate::agents::http::Params;
use crate::agents::session::Caller;
use crate::meta::templates;
use crate::state::AppState;
use crate::store::conversations::{self, Boundary, Listed};
use crate::store::labels::{self, Label};
use crate::store::quick_replies::QuickReply;
use crate::store::teams::{self, Team};
use crate::store::workspaces::{self, Workspace};
use crate::store::{Sql, StoreError, members, objects, quick_replies};
use crate::wire::objects as wire;

/// Conversations of a page.
const PAGE: i64 = 50;

/// Quick replies of a page.
const TEXTS: i64 = 200;

/// What a page token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Token {
    /// Cut before the first page.
    cursor: String,
    /// Snapshot of the first page.
    as_of: i64,
    /// The first page was full or cut: there may be others.
    others: bool,
    /// There are quick replies.
    quick_replies: bool,
    /// The first page's last conversation.
    last_at: i64,
    id: String,
    /// What comes next.
    stage: Stage,
    /// After this conversation.
    after: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// Last messages of the recent ones.
    Recent,
    /// The others.
    Others,
    /// The quick replies.
    QuickReplies,
}

impl Token {
    fn encode(&self) -> Result<String, StoreError> {
        Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(self)?))
    }

    fn decode(text: &str) -> Option<Self> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }

    fn boundary(&self) -> Boundary {
        Boundary { last_at: self.last_at, id: self.id.clone() }
    }
}

/// A page of the start.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Start {
    /// Epoch of the workspace.
    epoch: String,
    /// Where the line goes on after the last page; the same on every page.
    cursor: String,
    /// Number of this page's snapshot.
    as_of: i64,
    /// Who asks.
    #[schemars(with = "wire::Me")]
    me: Value,
    /// Where.
    #[schemars(with = "wire::Workspace")]
    workspace: Value,
    /// All of them.
    #[schemars(with = "Vec<wire::Channel>")]
    channels: Vec<Value>,
    /// At most 50.
    #[schemars(with = "Vec<wire::Conversation>", length(max = 50))]
    conversations: Vec<Value>,
    /// Those of this page's conversations.
    #[schemars(with = "Vec<wire::Contact>")]
    contacts: Vec<Value>,
    /// All of them.
    #[schemars(with = "Vec<wire::Member>")]
    members: Vec<Value>,
    /// All of them.
    #[schemars(with = "Vec<Label>")]
    labels: Vec<Value>,
    /// All of them, on the first page alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<wire::Template>>")]
    templates: Option<Vec<Value>>,
    /// All of them.
    #[schemars(with = "Vec<Team>")]
    teams: Vec<Value>,
    /// The last one, or the last 20, of some conversations.
    #[schemars(with = "Vec<wire::Message>")]
    messages: Vec<Value>,
    /// At most 200, behind all conversations.
    #[schemars(with = "Vec<QuickReply>")]
    quick_replies: Vec<Value>,
    /// What to ask for next; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page: Option<String>,
}

/// `GET /v1/bootstrap`.
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    params: Params,
) -> Result<Json<Start>, ApiError> {
    let token = match params.optional("page") {
        None => None,
        Some(text) => Some(Token::decode(text).ok_or_else(|| ApiError::malformed("page"))?),
    };
    let page = state
        .store
        .read(move |sql| -> Result<Start, ApiError> {
            let workspace = workspaces::get(sql, &caller.actor.workspace)?;
            let reader = Reader::new(sql, caller.actor, &workspace)?;
            let mut page = match token {
                None => first(sql, &workspace, &reader)?,
                Some(token) => {
                    cursor::place(sql, &workspace, &reader, &token.cursor, "page")?
                        .map_err(|cause| cause.to_error(&workspace.epoch))?;
                    later(sql, &workspace, &reader, token)?
                }
            };
            // A long list that no first screen needs: on the last page, whole.
            if page.next_page.is_none() {
                page.templates = Some(templates::approved_json(sql, &workspace.id)?);
            }
            Ok(page)
        })
        .await?;
    Ok(Json(page))
}

fn first(sql: &Sql, workspace: &Workspace, reader: &Reader) -> Result<Start, StoreError> {
    let cursor = Cursor::at(sql, workspace, reader, workspace.head_seq)?.encode();
    let listed = conversations::recent(sql, &workspace.id, &reader.sight, PAGE)?;
    let mut page = empty(sql, workspace, reader, cursor.clone())?;
    let mut contacts = BTreeSet::new();
    let room = room(&page)?;
    let (mut bytes, mut last) = (0, None);
    for conversation in &listed {
        let object = objects::conversation_json(sql, &conversation.id)?;
        let message = objects::last_message_json(sql, &conversation.id)?;
        let contact = new_contact(sql, reader, &contacts, conversation)?;
        bytes += length(object.iter().chain(&message).chain(&contact));
        if bytes > room && last.is_some() {
            break;
        }
        page.conversations.extend(object);
        page.messages.extend(message);
        page.contacts.extend(contact);
        contacts.insert(conversation.contact.clone());
        last = Some(conversation);
    }
    let quick_replies = quick_replies::count(sql, &workspace.id)? > 0;
    if let Some(last) = last {
        let token = Token {
            cursor,
            as_of: workspace.head_seq,
            others: page.conversations.len() < listed.len()
                || i64::try_from(listed.len()).is_ok_and(|count| count >= PAGE),
            last_at: last.last_at,
            id: last.id.clone(),
            quick_replies,
            stage: Stage::Recent,
            after: String::new(),
        };
        page.next_page = Some(token.encode()?);
    } else if quick_replies {
        let token = Token {
            cursor,
            as_of: workspace.head_seq,
            others: false,
            last_at: 0,
            id: String::new(),
            quick_replies,
            stage: Stage::QuickReplies,
            after: String::new(),
        };
        page.next_page = Some(token.encode()?);
    }
    Ok(page)
}

fn later(
    sql: &Sql,
    workspace: &Workspace,
    reader: &Reader,
    mut token: Token,
) -> Result<Start, StoreError> {
    let (id, sight, boundary) = (&workspace.id, &reader.sight, token.boundary());
    let listed = match token.stage {
        Stage::QuickReplies => return texts(sql, workspace, reader, token),
        Stage::Recent => conversations::above(sql, id, sight, &boundary, &token.after, PAGE)?,
        Stage::Others => {
            conversations::below(sql, id, sight, &boundary, token.as_of, &token.after, PAGE)?
        }
    };
    let mut page = empty(sql, workspace, reader, token.cursor.clone())?;
    let mut contacts = BTreeSet::new();
    let room = room(&page)?;
    let mut bytes = 0;
    let mut done = 0;
    for conversation in &listed {
        let object = match token.stage {
            Stage::Others => objects::conversation_json(sql, &conversation.id)?,
            Stage::Recent | Stage::QuickReplies => None,
        };
        let contact = match object {
            Some(_) => new_contact(sql, reader, &contacts, conversation)?,
            None => None,
        };
        let around = length(object.iter().chain(&contact));
        let left = room.saturating_sub(ENVELOPE).saturating_sub(around);
        let messages = objects::newest_messages(sql, &conversation.id, left)?;
        bytes += around + length(messages.iter());
        if bytes > room && done > 0 {
            break;
        }
        if object.is_some() {
            page.conversations.extend(object);
            page.contacts.extend(contact);
            contacts.insert(conversation.contact.clone());
        }
        page.messages.extend(messages);
        token.after.clone_from(&conversation.id);
        done += 1;
    }
    let exhausted = done == listed.len() && i64::try_from(done).is_ok_and(|done| done < PAGE);
    page.next_page = match token.stage {
        _ if !exhausted => Some(token.encode()?),
        Stage::Recent if token.others => {
            Some(Token { stage: Stage::Others, after: String::new(), ..token }.encode()?)
        }
        _ if token.quick_replies => {
            Some(Token { stage: Stage::QuickReplies, after: String::new(), ..token }.encode()?)
        }
        _ => None,
    };
    Ok(page)
}

/// The quick replies, in id order.
fn texts(
    sql: &Sql,
    workspace: &Workspace,
    reader: &Reader,
    mut token: Token,
) -> Result<Start, StoreError> {
    let mut page = empty(sql, workspace, reader, token.cursor.clone())?;
    let listed = quick_replies::after(sql, &workspace.id, &token.after, TEXTS)?;
    let mut bytes = 0;
    for reply in &listed {
        let object = reply.to_json();
        bytes += length(std::iter::once(&object));
        if bytes > MAX_PAGE / 2 && !page.quick_replies.is_empty() {
            break;
        }
        page.quick_replies.push(object);
        token.after.clone_from(&reply.id);
    }
    let full = i64::try_from(listed.len()).is_ok_and(|count| count >= TEXTS);
    if full || page.quick_replies.len() < listed.len() {
        page.next_page = Some(token.encode()?);
    }
    Ok(page)
}

/// A page with what stands on every one: short lists that the phone replaces as a whole.
fn empty(
    sql: &Sql,
    workspace: &Workspace,
    reader: &Reader,
    cursor: String,
) -> Result<Start, StoreError> {
    let members = members::all(sql, &workspace.id)?;
    let my_reads: Vec<Value> = conversations::my_reads(sql, &workspace.id, &reader.sight)?
        .into_iter()
        .map(|(conversation, n)| json!({ "conversation": conversation, "n": n }))
        .collect();
    let mut me = members
        .iter()
        .find(|member| member.id == reader.actor.member)
        .map(objects::member_json)
        .ok_or(StoreError::Unexpected("member"))?;
    if let Some(me) = me.as_object_mut() {
        me.insert("my_reads".into(), my_reads.into());
    }
    Ok(Start {
        epoch: workspace.epoch.clone(),
        cursor,
        as_of: workspace.head_seq,
        me,
        workspace: objects::workspace_json(workspace)?,
        channels: objects::channels_json(sql, &workspace.id)?,
        conversations: Vec::new(),
        contacts: Vec::new(),
        members: members.iter().map(objects::member_json).collect(),
        templates: None,
        labels: labels::all(sql, &workspace.id)?.iter().map(Label::to_json).collect(),
        teams: teams::all(sql, &workspace.id)?.iter().map(Team::to_json).collect(),
        messages: Vec::new(),
        quick_replies: Vec::new(),
        next_page: None,
    })
}

/// Bytes of these objects on a page.
fn length<'o>(objects: impl Iterator<Item = &'o Value>) -> usize {
    objects.map(|object| object.to_string().len() + 1).sum()
}

/// What is left for conversations on a page that holds a mebibyte, beside what stands on every one.
fn room(page: &Start) -> Result<usize, StoreError> {
    Ok(MAX_PAGE.saturating_sub(ENVELOPE).saturating_sub(serde_json::to_vec(page)?.len()))
}

/// The contact of a conversation, unless it is on the page.
fn new_contact(
    sql: &Sql,
    reader: &Reader,
    contacts: &BTreeSet<String>,
    listed: &Listed,
) -> Result<Option<Value>, StoreError> {
    if contacts.contains(&listed.contact) {
        return Ok(None);
    }
    let mut contact = objects::contact_json(sql, &listed.contact)?;
    if let Some(contact) = &mut contact {
        reader.mask(contact);
    }
    Ok(contact)
}

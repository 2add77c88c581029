//! One page of a reader's change line.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::cursor::{self, Cursor};
use super::scope::Reader;
use super::{ENVELOPE, MAX_PAGE, MAX_ROWS};
use crate::agents::error::ApiError;
use crate::agents::http::Params;
use crate::agents::session::Caller;
use crate::meta::templates;
use crate::state::AppState;
use crate::store::changes::{ChangeRow, each};
use crate::store::workspaces::{self, Workspace};
use crate::store::{
    ChangeKind, ChangeScope, Sql, StoreError, conversations, labels, members, objects,
    quick_replies, teams,
};
use crate::wire::line as wire;

/// "These are all your changes in (from, to]".
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Changes")]
pub struct Page {
    /// Always `changes`.
    #[schemars(extend("const" = "changes"))]
    pub kind: &'static str,
    /// Epoch of the workspace.
    pub epoch: String,
    /// Exclusive.
    pub from: i64,
    /// Inclusive.
    pub to: i64,
    /// The place `to`.
    pub cursor: String,
    /// Number of the snapshot that was read.
    pub as_of: i64,
    /// The platform's clock, ms UTC.
    pub server_time: i64,
    /// There is more after `to`.
    pub has_more: bool,
    /// The rows, by number, at most 500.
    #[schemars(with = "Vec<wire::Row>", length(max = 500))]
    pub changes: Vec<Box<RawValue>>,
}

/// What this member may hold.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Scope {
    /// Epoch of the workspace.
    epoch: String,
    /// Conversation ids.
    conversations: Vec<String>,
    /// The place of the snapshot.
    cursor: String,
    /// Number of the snapshot.
    as_of: i64,
}

struct Entry {
    kind: ChangeKind,
    id: String,
    row: Box<RawValue>,
    /// Objects that this row brings besides its own.
    covers: Vec<(ChangeKind, String)>,
}

/// Makes the page after `since`, of at most `limit` rows and [`MAX_PAGE`] bytes, and at least one
/// row if there is one.
pub fn page(
    sql: &Sql,
    workspace: &Workspace,
    reader: &Reader,
    since: i64,
    limit: usize,
    now: i64,
) -> Result<Page, StoreError> {
    let mut judge = Judge { sql, workspace, reader, scopes: BTreeMap::new() };
    let mut entries: Vec<Entry> = Vec::new();
    let mut bytes = 0;
    let mut to = workspace.head_seq;
    let mut handled = since;
    each(sql, &workspace.id, since, |change| {
        let seq = change.seq;
        if let Some(entry) = judge.entry(change)? {
            let length = entry.row.get().len().saturating_add(1);
            let full = entries.len() >= limit || bytes + length > MAX_PAGE - ENVELOPE;
            if full && !entries.is_empty() {
                to = handled;
                return Ok(ControlFlow::Break(()));
            }
            bytes += length;
            entries.push(entry);
        }
        handled = seq;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(Page {
        kind: "changes",
        epoch: workspace.epoch.clone(),
        from: since,
        to,
        cursor: Cursor::at(sql, workspace, reader, to)?.encode(),
        as_of: workspace.head_seq,
        server_time: now,
        has_more: to < workspace.head_seq,
        changes: once(entries),
    })
}

/// Leaves each object once: what a later row of the page has or brings along goes.
fn once(entries: Vec<Entry>) -> Vec<Box<RawValue>> {
    let covered: BTreeSet<_> = entries.iter().flat_map(|e| e.covers.iter().cloned()).collect();
    let mut seen = BTreeSet::new();
    let mut rows: Vec<_> = entries
        .into_iter()
        .rev()
        .filter_map(|entry| {
            let key = (entry.kind, entry.id);
            (!covered.contains(&key) && seen.insert(key)).then_some(entry.row)
        })
        .collect();
    rows.reverse();
    rows
}

struct Judge<'a> {
    sql: &'a Sql,
    workspace: &'a Workspace,
    reader: &'a Reader,
    /// Whether a conversation is in scope, asked once a page.
    scopes: BTreeMap<String, bool>,
}

impl Judge<'_> {
    /// What this reader gets of a row; nothing if it is not theirs or if a later row tells more.
    fn entry(&mut self, change: ChangeRow) -> Result<Option<Entry>, StoreError> {
        let in_scope = match &change.scope {
            ChangeScope::Workspace => true,
            ChangeScope::Member(member) => *member == self.reader.actor.member,
            ChangeScope::Conversation(id) => self.in_scope(id)?,
        };
        match change.kind {
            // A move is one row, judged for each reader.
            ChangeKind::Entered | ChangeKind::Left => self.moved(&change.id, change.seq),
            // A contact may have conversations in several scopes.
            ChangeKind::Contact => {
                let (id, sight) = (&self.workspace.id, &self.reader.sight);
                if conversations::contact_seen(self.sql, id, sight, &change.id)? || change.gone {
                    self.object(change)
                } else {
                    Ok(None)
                }
            }
            ChangeKind::MyRead if in_scope && self.in_scope(&change.id)? => {
                let member = &self.reader.actor.member;
                match conversations::my_read(self.sql, member, &change.id)? {
                    Some(n) => entry(change.seq, ChangeKind::MyRead, change.id, &json!({ "n": n })),
                    None => Ok(None),
                }
            }
            ChangeKind::Imported if in_scope => imported(change),
            ChangeKind::MyRead | ChangeKind::Imported => Ok(None),
            _ if in_scope => self.object(change),
            _ => Ok(None),
        }
    }

    fn in_scope(&mut self, conversation: &str) -> Result<bool, StoreError> {
        if let Some(known) = self.scopes.get(conversation) {
            return Ok(*known);
        }
        let scope = conversations::scope_of(self.sql, &self.workspace.id, conversation)?;
        let seen = scope.is_some_and(|scope| self.reader.may_see(&scope));
        self.scopes.insert(conversation.to_owned(), seen);
        Ok(seen)
    }

    fn moved(&mut self, id: &str, seq: i64) -> Result<Option<Entry>, StoreError> {
        let object = if self.in_scope(id)? {
            // With its own row the page still holds a mebibyte.
            objects::entered_json(self.sql, id, MAX_PAGE - 2 * ENVELOPE)?
        } else {
            None
        };
        let Some(mut object) = object else {
            return entry(seq, ChangeKind::Left, id.to_owned(), &json!({}));
        };
        if let Some(contact) = object.get_mut("contact") {
            self.reader.mask(contact);
        }
        let mut covers = vec![(ChangeKind::Conversation, id.to_owned())];
        let id_of = |value: &Value| value.get("id").and_then(Value::as_str).map(str::to_owned);
        if let Some(contact) = object.get("contact").and_then(id_of) {
            covers.push((ChangeKind::Contact, contact));
        }
        let messages = object.get("messages").and_then(Value::as_array);
        for message in messages.into_iter().flatten().filter_map(id_of) {
            covers.push((ChangeKind::Message, message));
        }
        let found = entry(seq, ChangeKind::Entered, id.to_owned(), &object)?;
        Ok(found.map(|entry| Entry { covers, ..entry }))
    }

    fn object(&self, change: ChangeRow) -> Result<Option<Entry>, StoreError> {
        let (sql, id) = (self.sql, change.id.as_str());
        let object = match change.kind {
            _ if change.gone => None,
            ChangeKind::Workspace => Some(objects::workspace_json(self.workspace)?),
            ChangeKind::Member => {
                members::find(sql, id)?.filter(|m| !m.removed).map(|m| objects::member_json(&m))
            }
            ChangeKind::Channel => objects::channel_json(sql, id)?,
            ChangeKind::Contact => objects::contact_json(sql, id)?.map(|mut contact| {
                self.reader.mask(&mut contact);
                contact
            }),
            ChangeKind::Conversation => objects::conversation_json(sql, id)?,
            ChangeKind::Message => objects::message_json(sql, id)?,
            ChangeKind::Template => templates::change_json(sql, &self.workspace.id, id)?,
            ChangeKind::Label => labels::find(sql, &self.workspace.id, id)?.map(|l| l.to_json()),
            ChangeKind::QuickReply => {
                quick_replies::find(sql, &self.workspace.id, id)?.map(|q| q.to_json())
            }
            ChangeKind::Team => teams::find(sql, &self.workspace.id, id)?.map(|t| t.to_json()),
            ChangeKind::Merged => objects::merged_json(sql, id)?,
            ChangeKind::Entered | ChangeKind::Left | ChangeKind::MyRead | ChangeKind::Imported => {
                return Ok(None);
            }
        };
        let Some(object) = object else {
            let gone = json!({
                "seq": change.seq, "kind": change.kind.as_str(), "id": id, "gone": true
            });
            let row = serde_json::value::to_raw_value(&gone)?;
            return Ok(Some(Entry { kind: change.kind, id: change.id, row, covers: Vec::new() }));
        };
        if object.get("version").and_then(Value::as_i64) > Some(change.seq) {
            // It was written again: the later row brings its newest state, once.
            return Ok(None);
        }
        entry(change.seq, change.kind, change.id, &object)
    }
}

/// A range that was imported. Each row is a range of its own: none covers another.
fn imported(change: ChangeRow) -> Result<Option<Entry>, StoreError> {
    let range: Value = serde_json::from_str(change.payload.as_deref().unwrap_or("{}"))?;
    let key = format!("{} {}", change.id, change.seq);
    let made = entry(change.seq, ChangeKind::Imported, change.id, &range)?;
    Ok(made.map(|entry| Entry { id: key, ..entry }))
}

fn entry(
    seq: i64,
    kind: ChangeKind,
    id: String,
    object: &Value,
) -> Result<Option<Entry>, StoreError> {
    let mut map = Map::new();
    map.insert("seq".into(), seq.into());
    map.insert("kind".into(), kind.as_str().into());
    map.insert("id".into(), id.clone().into());
    map.insert("object".into(), object.clone());
    let row = serde_json::value::to_raw_value(&map)?;
    Ok(Some(Entry { kind, id, row, covers: Vec::new() }))
}

/// `GET /v1/changes`.
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    params: Params,
) -> Result<Json<Page>, ApiError> {
    let limit = params.number("limit", MAX_ROWS, MAX_ROWS)?;
    let since = params.text("since")?.to_owned();
    let now = state.ports.clock.now_ms();
    let page = state
        .store
        .read(move |sql| -> Result<Page, ApiError> {
            let workspace = workspaces::get(sql, &caller.actor.workspace)?;
            let reader = Reader::new(sql, caller.actor, &workspace)?;
            let since = cursor::place(sql, &workspace, &reader, &since, "since")?
                .map_err(|cause| cause.to_error(&workspace.epoch))?;
            Ok(page(sql, &workspace, &reader, since, limit, now)?)
        })
        .await?;
    Ok(Json(page))
}

/// `GET /v1/scope`.
pub(crate) async fn scope(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Scope>, ApiError> {
    let answer = state
        .store
        .read(move |sql| -> Result<Scope, ApiError> {
            let workspace = workspaces::get(sql, &caller.actor.workspace)?;
            let reader = Reader::new(sql, caller.actor, &workspace)?;
            let cursor = Cursor::at(sql, &workspace, &reader, workspace.head_seq)?;
            Ok(Scope {
                conversations: conversations::seen(sql, &workspace.id, &reader.sight)?,
                cursor: cursor.encode(),
                as_of: workspace.head_seq,
                epoch: workspace.epoch,
            })
        })
        .await?;
    Ok(Json(answer))
}

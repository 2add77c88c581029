//! The moves of a conversation, each with its line, its rows and its note of who did it. Commands
//! of phones, bulk changes of the office, removals and clocks all end here.

use serde_json::{Map, Value, json};

use super::audit::{self, Who};
use super::holder::Holder;
use crate::store::holders::{self, Desk, Line};
use crate::store::objects::touch_conversation;
use crate::store::{StoreError, WriteTx};

/// Who acts, as an author in a line or a refusal.
pub(crate) fn author(who: Who<'_>) -> Value {
    match who {
        Who::Member { id, .. } => json!({ "kind": "agent", "id": id }),
        Who::Operator | Who::System => json!({ "kind": "system" }),
    }
}

fn set(who: Who<'_>, at: i64, now: &Value) -> Value {
    json!({ "by": author(who), "at": at, "now": now })
}

/// The status as the wire has it.
pub(crate) fn status_json(status: &str, until: Option<i64>) -> Value {
    let mut map = Map::new();
    map.insert("kind".into(), status.into());
    if let Some(until) = until {
        map.insert("until".into(), until.into());
    }
    Value::Object(map)
}

/// Puts a line about an event at the end of a conversation: never unread, never an answer.
fn event(
    tx: &mut WriteTx<'_>,
    desk: &mut Desk,
    who: Who<'_>,
    kind: &str,
    more: &[(&str, &Value)],
) -> Result<i64, StoreError> {
    let mut body = Map::new();
    body.insert("kind".into(), "event".into());
    body.insert("type".into(), kind.into());
    body.insert("by".into(), author(who));
    for (name, value) in more {
        body.insert((*name).to_owned(), (*value).clone());
    }
    let id = tx.uuid();
    let line = Line {
        id: &id,
        author: "system",
        member: None,
        device: None,
        written_at: None,
        body: &Value::Object(body),
    };
    holders::add_line(tx, desk, &line)
}

/// Moves a conversation to another holder. Gives the number of its last row.
pub(crate) fn assign(
    tx: &mut WriteTx<'_>,
    desk: &mut Desk,
    who: Who<'_>,
    to: &Holder,
) -> Result<i64, StoreError> {
    let (from, scope) = (Holder::of(desk), desk.scope.clone());
    to.put(desk);
    desk.holder_set = Some(set(who, tx.now(), &to.to_json()));
    holders::update(tx.sql(), desk)?;
    event(tx, desk, who, "assigned", &[("from", &from.to_json()), ("to", &to.to_json())])?;
    // A row for those whose scope it stays in is enough; a move is one that all judge.
    if scope == desk.scope { touch_conversation(tx, &desk.id) } else { holders::moved(tx, desk) }
}

/// Sets the status.
pub(crate) fn status(
    tx: &mut WriteTx<'_>,
    desk: &mut Desk,
    who: Who<'_>,
    to: &str,
    until: Option<i64>,
) -> Result<i64, StoreError> {
    let from = status_json(&desk.status, desk.snoozed_until);
    to.clone_into(&mut desk.status);
    desk.snoozed_until = until;
    let to = status_json(to, until);
    desk.status_set = Some(set(who, tx.now(), &to));
    holders::update(tx.sql(), desk)?;
    event(tx, desk, who, "status", &[("from", &from), ("to", &to)])?;
    touch_conversation(tx, &desk.id)
}

/// Opens a conversation again because of a customer's message: as the message itself would have,
/// without a line of its own.
pub(crate) fn reopened(tx: &mut WriteTx<'_>, desk: &mut Desk) -> Result<i64, StoreError> {
    "open".clone_into(&mut desk.status);
    desk.snoozed_until = None;
    desk.status_set = None;
    holders::update(tx.sql(), desk)?;
    touch_conversation(tx, &desk.id)
}

/// Writes a line about labels that were put on or taken off, and the conversation's row.
pub(crate) fn labelled(
    tx: &mut WriteTx<'_>,
    desk: &mut Desk,
    who: Who<'_>,
    add: &[String],
    remove: &[String],
) -> Result<i64, StoreError> {
    event(tx, desk, who, "labelled", &[("add", &json!(add)), ("remove", &json!(remove))])?;
    touch_conversation(tx, &desk.id)
}

/// A person answers instead of the AI; who finds it with nobody becomes its holder. After
/// `pause_ms` the AI answers again; 0: not by itself.
pub(crate) fn take_over(
    tx: &mut WriteTx<'_>,
    desk: &mut Desk,
    who: Who<'_>,
    member: &str,
    pause_ms: i64,
) -> Result<i64, StoreError> {
    let (by_ai, scope) = (desk.handler == "ai", desk.scope.clone());
    if matches!(Holder::of(desk), Holder::Ai | Holder::Nobody) {
        let to = Holder::Member(member.to_owned());
        to.put(desk);
        desk.holder_set = Some(set(who, tx.now(), &to.to_json()));
    }
    "human".clone_into(&mut desk.handler);
    desk.ai_resumes_at = (by_ai && pause_ms > 0).then(|| tx.now().saturating_add(pause_ms));
    holders::update(tx.sql(), desk)?;
    let until = desk.ai_resumes_at.map_or(Value::Null, Value::from);
    let more = [("ai_resumes_at", &until)];
    event(tx, desk, who, "taken_over", if until.is_null() { &[] } else { &more })?;
    if scope == desk.scope { touch_conversation(tx, &desk.id) } else { holders::moved(tx, desk) }
}

/// The AI answers from now on; the holder stays.
pub(crate) fn hand_back(
    tx: &mut WriteTx<'_>,
    desk: &mut Desk,
    who: Who<'_>,
) -> Result<i64, StoreError> {
    "ai".clone_into(&mut desk.handler);
    desk.ai_resumes_at = None;
    holders::update(tx.sql(), desk)?;
    event(tx, desk, who, "handed_back", &[])?;
    touch_conversation(tx, &desk.id)
}

/// Moves everything with this scope to nobody, as an act of `who`. Gives how many.
pub(crate) fn release_all(
    tx: &mut WriteTx<'_>,
    workspace: &str,
    who: Who<'_>,
    scope: &str,
) -> Result<usize, StoreError> {
    let ids = holders::with_scope(tx.sql(), workspace, scope)?;
    for id in &ids {
        if let Some(mut desk) = holders::find(tx.sql(), workspace, id)? {
            assign(tx, &mut desk, who, &Holder::Nobody)?;
            audit::note(tx, workspace, who, "assign", "conversation", id)?;
        }
    }
    Ok(ids.len())
}

//! `POST /v1/commands`: the envelope around every command. Protocol.md 5.
//!
//! Each command is judged in a commit of its own: its effect, its kept outcome and its changes
//! stand together or not at all. A kept outcome is repeated word for word.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::command::{self, Command, is_uuid, malformed};
use super::error::{ApiError, ErrorCode};
use super::http::JsonBody;
use super::outcome::{Actor, LaterCode, Outcome, RefusedCode};
use super::read;
use super::session::{Caller, Decided, still};
use crate::desk::audit;
use crate::desk::commands as desk;
use crate::desk::rights::{Right, Rights};
use crate::feed::cursor::ResetCause;
use crate::feed::scope::may_see;
use crate::meta::send::{commands as sends, react, start};
use crate::state::AppState;
use crate::store::{
    StoreError, WriteTx, commands as kept, devices, holders, small_sends, texts, workspaces,
};
use crate::support::Key;
use crate::support::keys::{Purpose, mac};
use crate::wire::commands as wire;

/// The most commands of a request.
pub const MAX_COMMANDS: usize = 100;

/// How many bytes of a body's keyed hash are kept.
const HASH: usize = 16;

/// When to try again what is behind another command.
const BEHIND_MS: i64 = 1000;

/// When to try again what failed by a fault of the platform's.
const FAULT_MS: i64 = 5000;

/// Commands in the order in which they were given.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Commands")]
pub(crate) struct Request {
    /// The epoch that the phone knows.
    epoch: String,
    /// At most 100.
    #[schemars(with = "Vec<wire::Command>", length(max = 100))]
    commands: Vec<Map<String, Value>>,
    /// How much is unsent on the phone, as the office is shown.
    #[serde(default)]
    unsent: Option<i64>,
}

/// One answer for each command, in the same order.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Answers {
    /// What each came to.
    #[schemars(with = "Vec<wire::CommandAnswer>")]
    answers: Vec<Value>,
}

/// The handler.
pub(crate) async fn post(
    State(state): State<AppState>,
    caller: Caller,
    JsonBody(request): JsonBody<Request>,
) -> Result<Json<Answers>, ApiError> {
    if request.commands.len() > MAX_COMMANDS {
        let details = json!({ "field": "commands", "limit": MAX_COMMANDS });
        return Err(ApiError::with(ErrorCode::Malformed, details));
    }
    // Without an id there is no answering a command by itself.
    if request.commands.iter().any(|fields| id_of(fields).is_none()) {
        return Err(ApiError::malformed("commands.id"));
    }
    let workspace = caller.actor.workspace.clone();
    let epoch = state
        .store
        .read(move |sql| workspaces::get(sql, &workspace).map(|workspace| workspace.epoch))
        .await?;
    if request.epoch != epoch {
        return Err(ResetCause::Epoch.to_error(&epoch));
    }
    if let Some(unsent) = request.unsent.filter(|unsent| *unsent >= 0) {
        let device = caller.actor.device.clone();
        state.store.write(move |tx| devices::set_unsent(tx, &device, unsent)).await?;
    }
    let mut answers = Vec::with_capacity(request.commands.len());
    let mut behind = BTreeSet::new();
    for fields in request.commands {
        let id = id_of(&fields).unwrap_or_default().to_owned();
        let conversation = sends_into(&fields).map(str::to_owned);
        let begins = begins(&fields).map(str::to_owned);
        let is_behind = conversation.as_ref().is_some_and(|id| behind.contains(id));
        let mut answer = judge(&state, &caller, fields, is_behind).await?;
        let done = answer.get("outcome").and_then(Value::as_str) == Some("done");
        // What is written into a conversation that did not begin waits for what the phone makes of
        // that; where there is one already it runs on that, or is told that it is not theirs.
        let exists = answer.get("code").and_then(Value::as_str) == Some("exists");
        if let Some(begun) = begins.filter(|_| !done && !exists) {
            behind.insert(begun);
        }
        if let (Some(conversation), false) = (conversation, done) {
            behind.insert(conversation);
        }
        let word = |name: &str| answer.get(name).and_then(Value::as_str);
        state.metrics.command(word("outcome").unwrap_or("none"), word("code"));
        answer.insert("id".into(), id.into());
        answers.push(Value::Object(answer));
    }
    Ok(Json(Answers { answers }))
}

fn id_of(fields: &Map<String, Value>) -> Option<&str> {
    fields.get("id").and_then(Value::as_str)
}

/// The conversation into which a command sends, however wrong the rest of it is.
fn sends_into(fields: &Map<String, Value>) -> Option<&str> {
    let is_send = fields.get("kind").and_then(Value::as_str) == Some("send");
    fields.get("conversation").and_then(Value::as_str).filter(|_| is_send)
}

/// The conversation that a command begins.
fn begins(fields: &Map<String, Value>) -> Option<&str> {
    let is_start = fields.get("kind").and_then(Value::as_str) == Some("start_conversation");
    id_of(fields).filter(|_| is_start)
}

/// Judges one command in its own commit; gives the answer without the id. Who was signed out since
/// the request began is told so, and nothing more of it is done.
async fn judge(
    state: &AppState,
    caller: &Caller,
    fields: Map<String, Value>,
    is_behind: bool,
) -> Result<Map<String, Value>, ApiError> {
    let id = id_of(&fields).unwrap_or_default().to_owned();
    if !is_uuid(&id) {
        return Ok(malformed("id").to_json());
    }
    let hash = body_hash(&state.settings.key, &fields);
    let caller = caller.clone();
    let woken = state.clone();
    // What was answered before is answered again; nothing new is taken in.
    let is_full = state.disk.is_below();
    let judged = state
        .store
        .write(move |tx| -> Decided<Map<String, Value>> {
            let actor = match still(tx.sql(), &caller)? {
                Ok(now) => now.actor,
                Err(refused) => return Ok(Err(refused)),
            };
            if let Some(kept) = kept::find(tx.sql(), &actor.device, &id)? {
                let mut answer = repeat(kept, &hash);
                // The id stays known when what it made is erased.
                if answer.contains_key("seq")
                    && texts::by_id(tx.sql(), &id)?.is_some_and(|message| message.deleted)
                {
                    answer.insert("gone".into(), true.into());
                }
                tell(tx, woken, &actor, &answer);
                return Ok(Ok(answer));
            }
            if is_full {
                let (code, retry_after_ms) = (LaterCode::ServerFull, FAULT_MS);
                return Ok(Ok(Outcome::Later { code, retry_after_ms }.to_json()));
            }
            if is_behind {
                let (code, retry_after_ms) = (LaterCode::Behind, BEHIND_MS);
                return Ok(Ok(Outcome::Later { code, retry_after_ms }.to_json()));
            }
            let outcome = match command::parse(&fields) {
                Ok(command) => {
                    let outcome = carry_out(tx, &actor, &command)?;
                    if outcome.is_done() {
                        note(tx, &actor, &fields)?;
                    }
                    outcome
                }
                Err(refused) => refused,
            };
            if !matches!(outcome, Outcome::Later { .. }) {
                kept::keep(tx, &actor.device, &id, &hash, &outcome)?;
            }
            let answer = outcome.to_json();
            tell(tx, woken, &actor, &answer);
            Ok(Ok(answer))
        })
        .await;
    judged.unwrap_or_else(|error| {
        log::error!("command cause=\"{error}\"");
        let code = match error {
            StoreError::Full => LaterCode::ServerFull,
            _ => LaterCode::Overloaded,
        };
        Ok(Outcome::Later { code, retry_after_ms: FAULT_MS }.to_json())
    })
}

/// Wakes the queue, and the device's socket if it has to reach the answer's number, once the
/// command is committed: the phone may be gone by then, and its message still has to go out.
fn tell(tx: &mut WriteTx<'_>, state: AppState, actor: &Actor, answer: &Map<String, Value>) {
    let Some(seq) = answer.get("seq").and_then(Value::as_i64) else { return };
    // Also where nothing changed: an empty frame is wanted then.
    tx.wake(&actor.workspace);
    let device = actor.device.clone();
    tx.after_commit(move || {
        state.wanted.want(&device, seq);
        state.sends.wake();
        state.small.wake();
        state.alarm.ring();
    });
}

fn repeat(kept: kept::Kept, hash: &[u8]) -> Map<String, Value> {
    match kept.outcome {
        Value::Object(outcome) if kept.hash.is_empty() || kept.hash == hash => outcome,
        _ => Outcome::refused(RefusedCode::IdReused).to_json(),
    }
}

fn carry_out(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    command: &Command,
) -> Result<Outcome, StoreError> {
    let workspace = workspaces::get(tx.sql(), &actor.workspace)?;
    // Reading needs no right beyond seeing; the desk's commands have rights of their own.
    if !matches!(command, Command::Read(_) | Command::Desk(_))
        && !Rights::of(&workspace)?.allow(actor.role, Right::Answer)
    {
        return Ok(Outcome::refused(RefusedCode::NotAllowed));
    }
    if let Command::Send(command) = command
        && let Some(newer) = goes_on_in(tx, actor, &command.conversation)?
    {
        let details = json!({ "conversation": newer });
        return Ok(Outcome::refused_with(RefusedCode::Continued, details));
    }
    match command {
        Command::Desk(command) => desk::carry_out(tx, actor, &workspace, command),
        Command::Send(command) => sends::send(tx, actor, command),
        Command::StartConversation(command) => start::start(tx, actor, command),
        Command::React(command) => react::react(tx, actor, command),
        Command::Withdraw(command) => sends::withdraw(tx, actor, command),
        Command::Release(command) => sends::release(tx, actor, command),
        Command::Pass(command) => sends::pass(tx, actor, command),
        Command::Settle(command) => sends::settle(tx, actor, command),
        Command::Read(command) => read::read(tx, actor, command),
    }
}

/// The conversation that took over from this one, told to those alone who may see this one.
fn goes_on_in(tx: &WriteTx<'_>, actor: &Actor, id: &str) -> Result<Option<String>, StoreError> {
    // A phone may know it by the name under which it began it.
    let alias = small_sends::alias(tx.sql(), id)?;
    let id = alias.as_deref().unwrap_or(id);
    if !may_see(tx.sql(), actor, id)? {
        return Ok(None);
    }
    let desk = holders::find(tx.sql(), &actor.workspace, id)?;
    Ok(desk.and_then(|desk| desk.continued_in))
}

/// Notes who did what, by the command's own word.
fn note(tx: &WriteTx<'_>, actor: &Actor, fields: &Map<String, Value>) -> Result<(), StoreError> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let what = text("kind").unwrap_or_default();
    let (kind, object) = ["conversation", "message", "contact", "channel"]
        .into_iter()
        .find_map(|kind| text(kind).map(|id| (kind, id)))
        .unwrap_or(("member", &actor.member));
    audit::note(tx, &actor.workspace, actor, what, kind, object)
}

/// Keyed hash of what a command says: its fields in the order of their names, without the id,
/// which it is found by, and without `at`, which a phone may correct between two tries.
fn body_hash(key: &Key, fields: &Map<String, Value>) -> Vec<u8> {
    let body: Map<_, _> = fields
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "id" | "at"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let text = Value::Object(body).to_string();
    mac(key, Purpose::Command, text.as_bytes()).into_iter().take(HASH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_holds_what_is_said_and_not_how() {
        let key = Key::new([5; 32]);
        let hash = |text: &str| body_hash(&key, &serde_json::from_str(text).unwrap());
        let first = hash(r#"{"id":"a","at":1,"kind":"send","body":{"kind":"text","text":"x"}}"#);
        assert_eq!(first.len(), HASH);
        let again = r#"{"body":{"text":"x","kind":"text"}, "kind":"send", "at":2, "id":"a"}"#;
        assert_eq!(hash(again), first);
        let other = r#"{"id":"a","at":1,"kind":"send","body":{"kind":"text","text":"y"}}"#;
        assert_ne!(hash(other), first);
        assert_ne!(body_hash(&Key::new([6; 32]), &serde_json::from_str(again).unwrap()), first);
    }
}

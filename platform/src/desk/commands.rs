//! What people do with conversations besides answering: notes, labels, status, assignment, the AI,
//! shifts, contacts. Each runs in a commit of its own together with its outcome; the envelope
//! (repeats, who did it) is [`crate::agents`]' matter.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::audit::Who;
use super::command::{Assign, DeskCommand, Labelled};
use super::contact;
use super::holder::Holder;
use super::hours::Hours;
use super::moves;
use super::rights::{Right, Rights};
use crate::agents::command::malformed;
use crate::agents::outcome::{Actor, Outcome, RefusedCode};
use crate::feed::scope::may_see;
use crate::meta::line;
use crate::meta::marks::Marks;
use crate::store::conversations::customer_messages_after;
use crate::store::holders::{self, Desk, Line};
use crate::store::objects::touch_conversation;
use crate::store::workspaces::Workspace;
use crate::store::{
    ChangeKind, ChangeScope, StoreError, WriteTx, chats, labels, members, people, teams, texts,
};

/// The longest snooze, in milliseconds: a year.
pub(crate) const MAX_SNOOZE_MS: i64 = 366 * 24 * 60 * 60 * 1000;

/// A refusal, or what was looked for.
pub(crate) type Found<T> = Result<Result<T, Outcome>, StoreError>;

/// The right that a command needs.
pub(crate) fn needs(command: &DeskCommand) -> Option<Right> {
    Some(match command {
        DeskCommand::Note { .. } => Right::Note,
        DeskCommand::Label { .. } => Right::Label,
        DeskCommand::Status { .. } => Right::Status,
        DeskCommand::Assign(_) => Right::Assign,
        DeskCommand::TakeOver { .. } | DeskCommand::HandBack { .. } => Right::TakeOver,
        DeskCommand::OwnerAppOpened { .. } => Right::OwnerApp,
        DeskCommand::EditContact(_) => Right::EditContact,
        // One's own.
        DeskCommand::Shift { .. } => return None,
    })
}

/// Carries one out.
pub(crate) fn carry_out(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    workspace: &Workspace,
    command: &DeskCommand,
) -> Result<Outcome, StoreError> {
    if let Some(right) = needs(command)
        && !Rights::of(workspace)?.allow(actor.role, right)
    {
        return Ok(Outcome::refused(RefusedCode::NotAllowed));
    }
    match command {
        DeskCommand::Note { id, at, conversation, text } => {
            note(tx, actor, (id, *at), conversation, text)
        }
        DeskCommand::Label { object, add, remove } => label(tx, actor, object, add, remove),
        DeskCommand::Status { conversation, was, to, until, based_on_n } => {
            status(tx, actor, conversation, (was, to, *until), *based_on_n)
        }
        DeskCommand::Assign(command) => assign(tx, actor, command),
        DeskCommand::TakeOver { conversation } => take_over(tx, actor, workspace, conversation),
        DeskCommand::HandBack { conversation } => hand_back(tx, actor, conversation),
        DeskCommand::Shift { on } => shift(tx, actor, *on),
        DeskCommand::OwnerAppOpened { channel } => opened(tx, actor, channel),
        DeskCommand::EditContact(command) => contact::edit(tx, actor, command),
    }
}

/// A conversation that the actor may see.
pub(crate) fn seen(tx: &WriteTx<'_>, actor: &Actor, id: &str) -> Found<Desk> {
    let Some(desk) = holders::find(tx.sql(), &actor.workspace, id)? else {
        return Ok(Err(Outcome::refused(RefusedCode::NotYours)));
    };
    if may_see(tx.sql(), actor, id)? {
        Ok(Ok(desk))
    } else {
        Ok(Err(Outcome::refused(RefusedCode::NotYours)))
    }
}

/// Whether somebody can hold conversations of this workspace.
pub(crate) fn exists(
    tx: &WriteTx<'_>,
    workspace: &str,
    holder: &Holder,
) -> Result<bool, StoreError> {
    match holder {
        Holder::Member(id) => Ok(members::find(tx.sql(), id)?
            .is_some_and(|member| member.workspace == workspace && !member.removed)),
        Holder::Team(id) => Ok(teams::find(tx.sql(), workspace, id)?.is_some()),
        Holder::Ai | Holder::Nobody => Ok(true),
    }
}

/// Nothing had to be done.
fn unchanged(tx: &WriteTx<'_>, actor: &Actor) -> Result<Outcome, StoreError> {
    Ok(Outcome::done(tx.head(&actor.workspace)?))
}

fn note(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    (id, at): (&str, i64),
    conversation: &str,
    text: &str,
) -> Result<Outcome, StoreError> {
    let mut desk = match seen(tx, actor, conversation)? {
        Ok(desk) => desk,
        Err(refused) => return Ok(refused),
    };
    if texts::by_id(tx.sql(), id)?.is_some() {
        return Ok(Outcome::refused(RefusedCode::IdReused));
    }
    let body = json!({ "kind": "note", "text": text });
    let line = Line {
        id,
        author: "agent",
        member: Some(&actor.member),
        device: Some(&actor.device),
        written_at: Some(at),
        body: &body,
    };
    holders::add_line(tx, &mut desk, &line)?;
    Ok(Outcome::done(touch_conversation(tx, &desk.id)?))
}

fn label(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    object: &Labelled,
    add: &BTreeSet<String>,
    remove: &BTreeSet<String>,
) -> Result<Outcome, StoreError> {
    for id in add {
        if labels::find(tx.sql(), &actor.workspace, id)?.is_none() {
            return Ok(malformed("add"));
        }
    }
    let (add, remove): (Vec<_>, Vec<_>) =
        (add.iter().cloned().collect(), remove.iter().cloned().collect());
    match object {
        Labelled::Conversation(id) => {
            let mut desk = match seen(tx, actor, id)? {
                Ok(desk) => desk,
                Err(refused) => return Ok(refused),
            };
            if !labels::put(tx, id, &add, &remove)? {
                return unchanged(tx, actor);
            }
            let seq = moves::labelled(tx, &mut desk, Who::from(actor), &add, &remove)?;
            Ok(Outcome::done(seq))
        }
        Labelled::Contact(id) => {
            let known = match contact::seen(tx, actor, id)? {
                Ok(known) => known,
                Err(refused) => return Ok(refused),
            };
            if !labels::put(tx, &known.id, &add, &remove)? {
                return unchanged(tx, actor);
            }
            Ok(Outcome::done(contact::touch(tx, &actor.workspace, &known.id)?))
        }
    }
}

/// `changed`: somebody else was faster.
pub(crate) fn changed(by: &Value, at: &Value, now: Option<&Value>) -> Outcome {
    let mut details = json!({ "by": by, "at": at });
    if let (Some(now), Some(map)) = (now, details.as_object_mut()) {
        map.insert("now".into(), now.clone());
    }
    Outcome::refused_with(RefusedCode::Changed, details)
}

/// The refusal for a field that is not what the person saw: by whom it was set if that is known
/// and still holds, else by the customer, whose message opens a conversation.
fn overtaken(desk: &Desk, set: Option<&Value>, now: &Value) -> Outcome {
    match set.filter(|set| set.get("now") == Some(now)) {
        Some(set) => {
            let part = |name: &str| set.get(name).cloned().unwrap_or_default();
            changed(&part("by"), &part("at"), Some(now))
        }
        None => changed(&json!({ "kind": "customer" }), &desk.last_at.into(), Some(now)),
    }
}

fn status(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    conversation: &str,
    (was, to, until): (&str, &str, Option<i64>),
    based_on_n: Option<i64>,
) -> Result<Outcome, StoreError> {
    let mut desk = match seen(tx, actor, conversation)? {
        Ok(desk) => desk,
        Err(refused) => return Ok(refused),
    };
    if until.is_some_and(|until| until > tx.now().saturating_add(MAX_SNOOZE_MS)) {
        return Ok(malformed("until"));
    }
    if desk.status == to && desk.snoozed_until == until {
        return unchanged(tx, actor);
    }
    if desk.status != was {
        let now = moves::status_json(&desk.status, desk.snoozed_until);
        return Ok(overtaken(&desk, desk.status_set.as_ref(), &now));
    }
    // A phone that comes back late has slept over it: the snooze is over already.
    let (to, until) = match until {
        Some(until) if until <= tx.now() => ("open", None),
        _ => (to, until),
    };
    if desk.status == to && desk.snoozed_until == until {
        return unchanged(tx, actor);
    }
    let seq = moves::status(tx, &mut desk, Who::from(actor), to, until)?;
    // A customer's message opens a conversation, also if it was there before the phone got through
    // and its person had not seen it: else it would lie in a closed one, and nobody would answer.
    let wrote_since = match based_on_n {
        Some(n) if to != "open" => customer_messages_after(tx.sql(), &desk.id, n)? > 0,
        _ => false,
    };
    Ok(Outcome::done(if wrote_since { moves::reopened(tx, &mut desk)? } else { seq }))
}

fn assign(tx: &mut WriteTx<'_>, actor: &Actor, command: &Assign) -> Result<Outcome, StoreError> {
    let mut desk = match seen(tx, actor, &command.conversation)? {
        Ok(desk) => desk,
        Err(refused) => return Ok(refused),
    };
    if !exists(tx, &actor.workspace, &command.to)? {
        return Ok(malformed("to"));
    }
    let now = Holder::of(&desk);
    if now == command.to {
        return unchanged(tx, actor);
    }
    if now != command.was {
        return Ok(overtaken(&desk, desk.holder_set.as_ref(), &now.to_json()));
    }
    Ok(Outcome::done(moves::assign(tx, &mut desk, Who::from(actor), &command.to)?))
}

fn take_over(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    workspace: &Workspace,
    conversation: &str,
) -> Result<Outcome, StoreError> {
    let mut desk = match seen(tx, actor, conversation)? {
        Ok(desk) => desk,
        Err(refused) => return Ok(refused),
    };
    let held = matches!(Holder::of(&desk), Holder::Member(_) | Holder::Team(_));
    if desk.handler == "human" && held {
        return unchanged(tx, actor);
    }
    let pause = i64::from(Hours::of(workspace)?.ai_pause_minutes) * 60_000;
    let seq = moves::take_over(tx, &mut desk, Who::from(actor), &actor.member, pause)?;
    Ok(Outcome::done(seq))
}

fn hand_back(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    conversation: &str,
) -> Result<Outcome, StoreError> {
    let mut desk = match seen(tx, actor, conversation)? {
        Ok(desk) => desk,
        Err(refused) => return Ok(refused),
    };
    if desk.handler == "ai" {
        return unchanged(tx, actor);
    }
    Ok(Outcome::done(moves::hand_back(tx, &mut desk, Who::from(actor))?))
}

fn shift(tx: &mut WriteTx<'_>, actor: &Actor, on: bool) -> Result<Outcome, StoreError> {
    let mut member =
        members::find(tx.sql(), &actor.member)?.ok_or(StoreError::Unexpected("member"))?;
    if member.on_shift == on {
        return unchanged(tx, actor);
    }
    member.on_shift = on;
    member.shift_since = tx.now();
    Ok(Outcome::done(members::save(tx, &member)?))
}

fn opened(tx: &mut WriteTx<'_>, actor: &Actor, channel: &str) -> Result<Outcome, StoreError> {
    match chats::workspace_of_channel(tx.sql(), channel)? {
        Some(workspace) if workspace == actor.workspace => {}
        _ => return Ok(malformed("channel")),
    }
    let mut marks = Marks::default();
    line::opened(tx, &mut marks, channel)?;
    marks.write(tx)?;
    Ok(Outcome::done(tx.head(&actor.workspace)?))
}

/// Gives a contact a row in each of its conversations. `people` has the version.
pub(crate) fn touch_contact(
    tx: &mut WriteTx<'_>,
    workspace: &str,
    contact: &str,
    conversations: &[String],
) -> Result<i64, StoreError> {
    let mut seq = tx.head(workspace)?;
    for conversation in conversations {
        let scope = ChangeScope::Conversation(conversation.clone());
        seq = tx.change(workspace, &scope, ChangeKind::Contact, contact)?;
    }
    people::set_version(tx.sql(), contact, seq)?;
    Ok(seq)
}

//! What people say about their messages: send, withdraw, release, pass, settle.
//!
//! Each runs in a commit of its own together with its outcome; the envelope (who asks, repeats,
//! order of a request) is [`crate::agents`]' matter.

use serde_json::{Map, Value, json};

use super::attempt::Change;
use super::content::{self, Prepared};
use super::judge::{Case, Verdict, judge};
use super::order;
use super::state::{Event, State};
use crate::agents::command::{
    PassCommand, ReleaseCommand, SendCommand, SettleCommand, Settlement, WithdrawCommand,
};
use crate::agents::outcome::{Actor, Outcome, RefusedCode};
use crate::feed::scope::may_see;
use crate::meta::answered;
use crate::meta::ladder::{Ladder, Step, Trouble};
use crate::meta::marks::Marks;
use crate::store::chats::ConversationRow;
use crate::store::sends::SendRow;
use crate::store::texts::MessageRow;
use crate::store::{StoreError, WriteTx, chats, commands, sends, small_sends, templates, texts};

/// `send`: a message joins the queue and counts as an answer.
pub fn send(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    command: &SendCommand,
) -> Result<Outcome, StoreError> {
    let Some(chat) = seen_chat(tx, actor, &command.conversation)? else {
        return Ok(Outcome::refused(RefusedCode::NotYours));
    };
    if small_sends::is_taken(tx.sql(), &command.id)? {
        return Ok(Outcome::refused(RefusedCode::IdReused));
    }
    if let Some(quoted) = &command.reply_to {
        let quoted = texts::by_id(tx.sql(), quoted)?;
        if quoted.is_none_or(|quoted| quoted.conversation != chat.id) {
            return Ok(malformed("reply_to"));
        }
    }
    let mut prepared = match content::prepare(tx, &chat, &command.body)? {
        Ok(prepared) => prepared,
        Err(refused) => return Ok(refused),
    };
    let case = Case {
        message: &command.id,
        based_on_n: command.based_on_n,
        device: Some(&actor.device),
        needs_window: content::needs_window(&prepared.body),
    };
    if let Some(refusal) = refusal(tx, &chat, judge(tx, &chat, &case)?)? {
        return Ok(refusal);
    }
    // Last, so that nothing is brought for a message that is refused.
    if !content::is_here(tx, &actor.device, &prepared)? {
        return Ok(content::media_missing());
    }
    content::sign(tx, actor, &mut prepared)?;
    let new = New {
        id: &command.id,
        written_at: command.at,
        prepared,
        reply_to: command.reply_to.clone(),
        based_on_n: command.based_on_n,
    };
    let mut marks = Marks::default();
    add(tx, &mut marks, actor, chat, new)?;
    done(tx, actor, marks)
}

/// `withdraw`: takes a message back that is not out yet. An id that never came is kept as
/// withdrawn, so that a late original is refused.
pub fn withdraw(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    command: &WithdrawCommand,
) -> Result<Outcome, StoreError> {
    if command.message == command.id {
        // Its own outcome is kept under this id.
        return Ok(malformed("message"));
    }
    if texts::by_id(tx.sql(), &command.message)?.is_none() {
        commands::keep_withdrawn(tx, &actor.device, &command.message)?;
        return Ok(Outcome::done(tx.head(&actor.workspace)?));
    }
    let (mut chat, mut change) = match mine(tx, actor, &command.message)? {
        Ok(found) => found,
        Err(refused) => return Ok(refused),
    };
    if change.send.state == State::Withdrawn {
        return Ok(Outcome::done(tx.head(&actor.workspace)?));
    }
    // What was stopped after WhatsApp had it, or after nobody could tell, cannot be taken back.
    let out = change.send.state == State::Stopped
        && (change.message.ladder.step != Step::Queued
            || change.message.ladder.trouble.as_ref().is_some_and(|t| t.reason == "R14"));
    if out || !change.go(Event::Withdraw) {
        return Ok(with_step(RefusedCode::TooLate, &change));
    }
    let mut marks = Marks::default();
    texts::erase(tx.sql(), &change.message, &actor.member, tx.now())?;
    change.message.ladder.trouble = None;
    marks.message(&chat.workspace, &chat.id, change.message.n, &change.message.id);
    marks.conversation(&chat.workspace, &chat.id);
    change.save(tx, &mut marks, &chat)?;
    answered::recount_and_save(tx, &mut marks, &mut chat)?;
    order::show_waiting(tx, &mut marks, &chat)?;
    done(tx, actor, marks)
}

/// `release`: a held message goes after all, judged anew by what the person has seen now.
pub fn release(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    command: &ReleaseCommand,
) -> Result<Outcome, StoreError> {
    let (chat, mut change) = match mine(tx, actor, &command.message)? {
        Ok(found) => found,
        Err(refused) => return Ok(refused),
    };
    if change.send.state != State::Held {
        return Ok(with_step(RefusedCode::Settled, &change));
    }
    let case = Case {
        message: &command.message,
        based_on_n: command.based_on_n,
        device: Some(&actor.device),
        needs_window: content::needs_window(&change.message.body),
    };
    if let Some(refusal) = refusal(tx, &chat, judge(tx, &chat, &case)?)? {
        return Ok(refusal);
    }
    change.go(Event::Release);
    change.send.based_on_n = command.based_on_n;
    change.send.device = Some(actor.device.clone());
    change.send.next_try_at = 0;
    change.send.passed = false;
    change.message.ladder.trouble = None;
    let mut marks = Marks::default();
    change.save(tx, &mut marks, &chat)?;
    order::show_waiting(tx, &mut marks, &chat)?;
    done(tx, actor, marks)
}

/// `pass`: later messages need not wait for this one any more.
pub fn pass(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    command: &PassCommand,
) -> Result<Outcome, StoreError> {
    let (chat, mut change) = match mine(tx, actor, &command.message)? {
        Ok(found) => found,
        Err(refused) => return Ok(refused),
    };
    if matches!(change.send.state, State::Accepted | State::Stopped | State::Withdrawn) {
        return Ok(with_step(RefusedCode::Settled, &change));
    }
    change.send.passed = true;
    let mut marks = Marks::default();
    change.save(tx, &mut marks, &chat)?;
    order::show_waiting(tx, &mut marks, &chat)?;
    done(tx, actor, marks)
}

/// `settle`: a person says what became of a message whose outcome is unknown (R14).
pub fn settle(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    command: &SettleCommand,
) -> Result<Outcome, StoreError> {
    let (chat, mut change) = match mine(tx, actor, &command.message)? {
        Ok(found) => found,
        Err(refused) => return Ok(refused),
    };
    // Of what was erased meanwhile there is nothing to send again.
    let nothing = change.message.deleted && command.result != Settlement::Arrived;
    if change.send.state != State::Unknown || nothing {
        return Ok(with_step(RefusedCode::Settled, &change));
    }
    let mut marks = Marks::default();
    match &command.result {
        Settlement::Arrived => {
            change.go(Event::Arrived);
            change.message.ladder.reach(Step::Sent, tx.now());
            change.send.unknown_since = None;
            change.save(tx, &mut marks, &chat)?;
            order::show_waiting(tx, &mut marks, &chat)?;
        }
        Settlement::SendAgain { new_id, based_on_n } => {
            if small_sends::is_taken(tx.sql(), new_id)? {
                return Ok(malformed("new_id"));
            }
            // The copy may have been withdrawn before this came; no other command has its id.
            match commands::find(tx.sql(), &actor.device, new_id)? {
                None => {}
                Some(kept) if kept.hash.is_empty() => {
                    return Ok(Outcome::refused(RefusedCode::Withdrawn));
                }
                Some(_) => return Ok(malformed("new_id")),
            }
            change.go(Event::SendAgain);
            // It stays untold what became of it; only the question is over.
            change.message.ladder.trouble = change.message.ladder.trouble.map(Trouble::ended);
            let new = New {
                id: new_id,
                written_at: command.at,
                prepared: content::again(tx, &change.message)?,
                reply_to: change.message.reply_to.clone(),
                based_on_n: *based_on_n,
            };
            change.save(tx, &mut marks, &chat)?;
            add(tx, &mut marks, actor, chat, new)?;
        }
    }
    done(tx, actor, marks)
}

/// A message to be made.
pub(super) struct New<'n> {
    pub(super) id: &'n str,
    pub(super) written_at: i64,
    pub(super) prepared: Prepared,
    pub(super) reply_to: Option<String>,
    pub(super) based_on_n: i64,
}

/// Puts a message at the end of its conversation and into the queue.
pub(super) fn add(
    tx: &mut WriteTx<'_>,
    marks: &mut Marks,
    actor: &Actor,
    mut chat: ConversationRow,
    new: New<'_>,
) -> Result<(), StoreError> {
    let now = tx.now();
    let body = content::keep(tx, actor, &chat, new.id, new.prepared)?;
    chat.last_n += 1;
    chat.last_at = chat.last_at.max(now);
    // Whoever answers has looked at everything before it.
    chat.read_up_to_n = chat.read_up_to_n.max(chat.last_n);
    let message = MessageRow {
        conversation: chat.id.clone(),
        n: chat.last_n,
        id: new.id.to_owned(),
        sent_at: now,
        written_at: Some(new.written_at),
        author_kind: "agent".into(),
        author_member: Some(actor.member.clone()),
        author_device: Some(actor.device.clone()),
        body,
        reply_to: new.reply_to,
        deleted: false,
        ladder: Ladder::queued(now),
        wamid: None,
    };
    texts::insert(tx.sql(), &message)?;
    let send = SendRow {
        message: message.id.clone(),
        conversation: chat.id.clone(),
        channel: chat.channel.clone(),
        n: message.n,
        device: Some(actor.device.clone()),
        based_on_n: new.based_on_n,
        state: State::Waiting,
        attempts: 0,
        attempted_at: None,
        next_try_at: 0,
        unknown_since: None,
        passed: false,
        line: None,
        upload_tries: 0,
    };
    sends::insert(tx.sql(), &send)?;
    answered::recount(tx, &mut chat)?;
    chats::update(tx.sql(), &chat)?;
    marks.message(&chat.workspace, &chat.id, message.n, &message.id);
    marks.conversation(&chat.workspace, &chat.id);
    order::show_waiting(tx, marks, &chat)
}

/// The conversation of this id that the actor may answer in; also by another id that a phone
/// began it under.
pub(super) fn seen_chat(
    tx: &WriteTx<'_>,
    actor: &Actor,
    id: &str,
) -> Result<Option<ConversationRow>, StoreError> {
    let chat = match chats::by_id(tx.sql(), id)? {
        None => match small_sends::alias(tx.sql(), id)? {
            Some(alias) => chats::by_id(tx.sql(), &alias)?,
            None => None,
        },
        found => found,
    };
    let Some(chat) = chat.filter(|chat| chat.workspace == actor.workspace) else {
        return Ok(None);
    };
    Ok(may_see(tx.sql(), actor, &chat.id)?.then_some(chat))
}

/// A message of ours that the actor may decide about. Any member who may answer in the
/// conversation may.
fn mine(
    tx: &WriteTx<'_>,
    actor: &Actor,
    message: &str,
) -> Result<Result<(ConversationRow, Change), Outcome>, StoreError> {
    let Some(message) = texts::by_id(tx.sql(), message)? else {
        return Ok(Err(Outcome::refused(RefusedCode::NotYours)));
    };
    let Some(chat) = seen_chat(tx, actor, &message.conversation)? else {
        return Ok(Err(Outcome::refused(RefusedCode::NotYours)));
    };
    match sends::get(tx.sql(), &message.id)? {
        Some(send) => Ok(Ok((chat, Change { send, message }))),
        // A customer's or the owner's: there is nothing to decide about it.
        None => Ok(Err(malformed("message"))),
    }
}

fn refusal(
    tx: &WriteTx<'_>,
    chat: &ConversationRow,
    verdict: Verdict,
) -> Result<Option<Outcome>, StoreError> {
    Ok(match verdict {
        Verdict::Go => None,
        Verdict::Answered { by, n } => {
            Some(Outcome::refused_with(RefusedCode::AnsweredMeanwhile, json!({"by": by, "n": n})))
        }
        Verdict::Closed { closed_at } => {
            let mut details = Map::new();
            if let Some(at) = closed_at {
                details.insert("closed_at".into(), at.into());
            }
            let templates = templates::approved_on(tx.sql(), &chat.channel)?;
            details.insert("templates".into(), templates.into());
            Some(Outcome::refused_with(RefusedCode::WindowClosed, Value::Object(details)))
        }
    })
}

fn with_step(code: RefusedCode, change: &Change) -> Outcome {
    Outcome::refused_with(code, json!({"step": change.message.ladder.step.word()}))
}

pub(super) fn malformed(field: &str) -> Outcome {
    Outcome::refused_with(RefusedCode::Malformed, json!({"field": field}))
}

pub(super) fn done(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    marks: Marks,
) -> Result<Outcome, StoreError> {
    marks.write(tx)?;
    Ok(Outcome::done(tx.head(&actor.workspace)?))
}

//! What a person does. Each command is one transaction: it shows its effect and is kept before the call returns.

use std::sync::Arc;

use super::Client;
use crate::api::{
    CommandId, ConversationId, Discarded, Error, LadderStep, MessageId, Reason, Settlement,
    Withdrawal,
};
use crate::model::queue::{Event, State};
use crate::model::records::{Message, Queued};
use crate::model::{body, steps, text};
use crate::outbox::row;
use crate::store::{Key, StoreError, Stored, Tx};
use crate::support::uuid_v7;
use crate::transport::wire::{CommandBody, TextBody};

/// What a command needs to be made: its time and ids, drawn before the transaction.
struct Stamp {
    now: i64,
    ids: [String; 2],
}

impl Client {
    /// Queues a reply. `seen_n` is `last_n` of the timeline that its author looked at: the guard compares with it.
    ///
    /// Fails with `Invalid{text}` if it is empty or longer than 4,096 characters, with `NotFound` for a conversation
    /// that is not on this phone.
    pub async fn send_reply(
        &self,
        conversation: &ConversationId,
        body: &str,
        seen_n: i64,
    ) -> Result<CommandId, Error> {
        self.write_reply(conversation, body, seen_n, None).await
    }

    /// [`Self::send_reply`] that quotes `message` of the same conversation.
    pub async fn quote_reply(
        &self,
        conversation: &ConversationId,
        message: &MessageId,
        body: &str,
        seen_n: i64,
    ) -> Result<CommandId, Error> {
        self.write_reply(conversation, body, seen_n, Some(message.0.clone())).await
    }

    async fn write_reply(
        &self,
        conversation: &ConversationId,
        body: &str,
        seen_n: i64,
        quoted: Option<String>,
    ) -> Result<CommandId, Error> {
        text::check(body)?;
        let (conversation, body) = (conversation.0.clone(), body.to_owned());
        self.command(move |tx, stamp| {
            if tx.read().conversation(&conversation)?.is_none() {
                return Err(rule(Error::NotFound));
            }
            if let Some(quoted) = &quoted {
                let message = tx.read().message(quoted)?;
                if message.is_none_or(|message| message.conversation_id != conversation) {
                    return Err(rule(Error::NotFound));
                }
            }
            let it = send(&stamp, 0, &conversation, &body, quoted.as_deref(), seen_n, None)?;
            tx.enqueue(&it)?;
            Ok(CommandId(it.id))
        })
        .await
    }

    /// Changes a reply that has not reached WhatsApp: a new command takes its place. One that is at the server is
    /// withdrawn first, and the new one goes only after that was done.
    pub async fn edit(
        &self,
        message: &MessageId,
        body: &str,
        seen_n: i64,
    ) -> Result<CommandId, Error> {
        text::check(body)?;
        let (id, body) = (message.0.clone(), body.to_owned());
        self.command(move |tx, stamp| match tx.read().queued(&id)? {
            Some(old) if old.kind != "send" => Err(rule(Error::NotFound)),
            Some(old) if old.state.is_ours() => {
                let new = rewrite(&stamp, &old, &body, seen_n)?;
                tx.replace(&old, &new)?;
                Ok(CommandId(new.id))
            }
            Some(old) if matches!(old.state, State::Sent | State::Accepted) => {
                let quoted = body::quoted(&old.payload);
                withdraw_then_send(
                    tx,
                    &stamp,
                    &old.conversation,
                    &id,
                    (&body, quoted.as_deref()),
                    seen_n,
                )
            }
            Some(_) => Err(refused("unknown_outcome")),
            None => {
                let message = own_message(tx, &id)?;
                if is_final(&message) {
                    let quoted = message.reply_to.as_deref();
                    let new =
                        send(&stamp, 0, &message.conversation_id, &body, quoted, seen_n, None)?;
                    tx.enqueue(&new)?;
                    return Ok(CommandId(new.id));
                }
                still_ours(&message)?;
                let text = (body.as_str(), message.reply_to.as_deref());
                withdraw_then_send(tx, &stamp, &message.conversation_id, &id, text, seen_n)
            }
        })
        .await
    }

    /// The person's yes to a held reply (R7, R8) or a refused one.
    pub async fn send_anyway(&self, message: &MessageId, seen_n: i64) -> Result<(), Error> {
        let id = message.0.clone();
        self.command(move |tx, stamp| match tx.read().queued(&id)? {
            Some(old)
                if old.kind == "send" && matches!(old.state, State::Held | State::Refused) =>
            {
                let body = old.text.clone().unwrap_or_default();
                tx.replace(&old, &rewrite(&stamp, &old, &body, seen_n)?)
            }
            Some(_) => Err(refused("not_held")),
            None => {
                let message = own_message(tx, &id)?;
                let held = matches!(
                    reason_of(&message),
                    Some(Reason::WindowClosed | Reason::AnsweredMeanwhile)
                );
                if !held || steps::from_word(&message.step) != LadderStep::AtServer {
                    return Err(refused("not_held"));
                }
                act(tx, &stamp, &message, CommandBody::Release { message: &id, based_on_n: seen_n })
            }
        })
        .await
    }

    /// Throws away what has not left this phone.
    pub async fn discard(&self, message: &MessageId) -> Result<Discarded, Error> {
        let id = message.0.clone();
        self.command(move |tx, _stamp| match tx.read().queued(&id)? {
            Some(it) if it.state.is_ours() => {
                tx.step_command(&it, Event::Dropped)?;
                Ok(Discarded::Removed)
            }
            Some(_) => Ok(Discarded::AlreadySending),
            None => own_message(tx, &id).map(|_| Discarded::AlreadySent),
        })
        .await
    }

    /// Takes a reply back, as long as nothing of it went towards WhatsApp.
    pub async fn withdraw(&self, message: &MessageId) -> Result<Withdrawal, Error> {
        let id = message.0.clone();
        self.command(move |tx, stamp| {
            if let Some(it) = tx.read().queued(&id)? {
                if it.state.is_ours() {
                    tx.step_command(&it, Event::Dropped)?;
                    return Ok(Withdrawal::Removed);
                }
                if it.state == State::Unknown || it.kind != "send" {
                    return Err(refused("unknown_outcome"));
                }
                enqueue_withdraw(tx, &stamp, &it.conversation, &id)?;
                return Ok(Withdrawal::Asked);
            }
            let message = own_message(tx, &id)?;
            still_ours(&message)?;
            enqueue_withdraw(tx, &stamp, &message.conversation_id, &id)?;
            Ok(Withdrawal::Asked)
        })
        .await
    }

    /// Lets later replies of the conversation go before this one, which waits for a decision.
    pub async fn let_pass(&self, message: &MessageId) -> Result<(), Error> {
        let id = message.0.clone();
        self.command(move |tx, stamp| match tx.read().queued(&id)? {
            Some(it) if it.state.needs_person() => tx.let_command_pass(&it),
            Some(_) => Err(refused("not_held")),
            None => {
                let message = own_message(tx, &id)?;
                still_ours(&message)?;
                act(tx, &stamp, &message, CommandBody::Pass { message: &id })
            }
        })
        .await
    }

    /// What a person found out about a message with an unknown outcome (R14).
    pub async fn settle(&self, message: &MessageId, result: Settlement) -> Result<(), Error> {
        let id = message.0.clone();
        self.command(move |tx, stamp| {
            let [_, new_id] = &stamp.ids;
            if let Some(old) = tx.read().queued(&id)? {
                if old.state != State::Unknown {
                    return Err(refused("not_unknown"));
                }
                return match result {
                    Settlement::Arrived => tx.step_command(&old, Event::SaidArrived).map(|_| ()),
                    Settlement::SendAgain { seen_n } => {
                        let body = old.text.clone().unwrap_or_default();
                        tx.replace(&old, &rewrite(&stamp, &old, &body, seen_n)?)
                    }
                };
            }
            let message = own_message(tx, &id)?;
            if reason_of(&message) != Some(Reason::UnknownOutcome) {
                return Err(refused("not_unknown"));
            }
            let (word, new_id, based_on_n) = match result {
                Settlement::Arrived => ("arrived", None, None),
                Settlement::SendAgain { seen_n } => {
                    tx.note_own_send(new_id, stamp.now)?;
                    ("send_again", Some(new_id.as_str()), Some(seen_n))
                }
            };
            act(
                tx,
                &stamp,
                &message,
                CommandBody::Settle { message: &id, result: word, new_id, based_on_n },
            )
        })
        .await
    }

    /// Everything up to number `up_to_n` was on an unlocked screen.
    pub async fn mark_read(
        &self,
        conversation: &ConversationId,
        up_to_n: i64,
    ) -> Result<(), Error> {
        let id = conversation.0.clone();
        self.command(move |tx, stamp| {
            let held = tx.read().conversation(&id)?.ok_or_else(|| rule(Error::NotFound))?;
            // The conversation's own mark is moved by whoever has it; a look by others moves only theirs.
            let me = tx.read().meta(Key::MemberId)?;
            let moves_all = held.record.assignee.is_none() || held.record.assignee == me;
            let mine = held.my_read_n.filter(|_| !moves_all).unwrap_or(0);
            let known = held.record.read_up_to_n.max(mine);
            let waiting = tx.read().outbox_of(&id)?.into_iter().filter(|it| it.kind == "read");
            let mut old = None;
            for it in waiting {
                if it.based_on_n >= up_to_n {
                    return Ok(());
                }
                if it.state == State::Queued {
                    old = Some(it);
                }
            }
            if up_to_n <= known || up_to_n < 1 {
                return Ok(());
            }
            let [new_id, _] = &stamp.ids;
            let body = CommandBody::Read { conversation: &id, up_to_n };
            let it = row(new_id, stamp.now, &id, None, body, None).map_err(unwritable)?;
            match old {
                Some(old) => tx.replace(&old, &it),
                None => tx.enqueue(&it),
            }
        })
        .await
    }

    /// Runs one command's transaction, detached from the caller, with the file open for it.
    async fn command<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>, Stamp) -> Stored<T> + Send + 'static,
    {
        let now = self.clock.now_ms();
        let ids = [uuid_v7(now, self.rng.as_ref()), uuid_v7(now, self.rng.as_ref())];
        let (runner, store) = (Arc::clone(&self.runner), self.store.clone());
        let writing = tokio::spawn(async move {
            let write = async { Ok(store.write(move |tx| work(tx, Stamp { now, ids })).await?) };
            runner.with_file(write).await
        });
        let stored = writing.await.map_err(|end| {
            // A runtime that ends, else a panic, of which nothing is told.
            if end.is_cancelled() { Error::Cancelled } else { Error::internal("command") }
        })??;
        self.signals.sender.notify_one();
        if !self.signals.is_fresh() {
            // A person acts: that cuts a back-off short.
            self.signals.sync.notify_one();
        }
        Ok(stored)
    }
}

fn rule(error: Error) -> StoreError {
    StoreError::Rule(error)
}

fn refused(code: &str) -> StoreError {
    rule(Error::Refused { code: code.to_owned() })
}

fn unwritable(_: serde_json::Error) -> StoreError {
    rule(Error::internal("command"))
}

fn send(
    stamp: &Stamp,
    which: usize,
    conversation: &str,
    text: &str,
    reply_to: Option<&str>,
    based_on_n: i64,
    after: Option<&str>,
) -> Stored<Queued> {
    let id = stamp.ids.get(which).ok_or(StoreError::Broken("no id"))?;
    let body = CommandBody::Send { conversation, body: TextBody::new(text), reply_to, based_on_n };
    row(id, stamp.now, conversation, None, body, after).map_err(unwritable)
}

/// A new command in the place of `old`: its quote stays, and what it still waits for.
fn rewrite(stamp: &Stamp, old: &Queued, text: &str, seen_n: i64) -> Stored<Queued> {
    let quoted = body::quoted(&old.payload);
    // Once released or refused, the other command is over and would never release it again.
    let after = old.after.as_deref().filter(|_| old.state == State::Dependent);
    send(stamp, 0, &old.conversation, text, quoted.as_deref(), seen_n, after)
}

fn withdraw_then_send(
    tx: &Tx<'_>,
    stamp: &Stamp,
    conversation: &str,
    id: &str,
    (text, quoted): (&str, Option<&str>),
    seen_n: i64,
) -> Stored<CommandId> {
    let withdraw = enqueue_withdraw(tx, stamp, conversation, id)?;
    let waiting = tx.read().outbox_of(conversation)?.into_iter();
    let mut edited = waiting.filter(|it| it.after.as_deref() == Some(withdraw.id.as_str()));
    // A second edit changes the first one's text: two of them would both go out.
    let new = match edited.next() {
        Some(old) if old.state.is_ours() => {
            let new = rewrite(stamp, &old, text, seen_n)?;
            tx.replace(&old, &new)?;
            new
        }
        Some(_) => return Err(refused("too_late")),
        None => {
            let after = (withdraw.state != State::Accepted).then_some(withdraw.id.as_str());
            let new = send(stamp, 1, conversation, text, quoted, seen_n, after)?;
            tx.enqueue(&new)?;
            new
        }
    };
    Ok(CommandId(new.id))
}

/// Queues a withdrawal, or finds the one that waits already.
fn enqueue_withdraw(
    tx: &Tx<'_>,
    stamp: &Stamp,
    conversation: &str,
    message: &str,
) -> Stored<Queued> {
    let waiting = tx.read().outbox_of(conversation)?.into_iter();
    let mut same =
        waiting.filter(|it| it.kind == "withdraw" && it.target.as_deref() == Some(message));
    if let Some(it) = same.next() {
        return Ok(it);
    }
    let [id, _] = &stamp.ids;
    let body = CommandBody::Withdraw { message };
    let it = row(id, stamp.now, conversation, Some(message), body, None).map_err(unwritable)?;
    tx.enqueue(&it)?;
    Ok(it)
}

/// Queues an act on a message at the server, once: a second tap changes nothing.
fn act(tx: &Tx<'_>, stamp: &Stamp, message: &Message, body: CommandBody<'_>) -> Stored<()> {
    let kind = body.kind();
    let waiting = tx.read().outbox_of(&message.conversation_id)?;
    if waiting.iter().any(|it| it.kind == kind && it.target.as_deref() == Some(message.id.as_str()))
    {
        return Ok(());
    }
    let [id, _] = &stamp.ids;
    let it = row(id, stamp.now, &message.conversation_id, Some(&message.id), body, None)
        .map_err(unwritable)?;
    tx.enqueue(&it)
}

fn own_message(tx: &Tx<'_>, id: &str) -> Stored<Message> {
    let found = tx.read().message(id)?.filter(|message| message.author_kind == "agent");
    found.ok_or_else(|| rule(Error::NotFound))
}

fn still_ours(message: &Message) -> Stored<()> {
    if steps::from_word(&message.step) > LadderStep::AtServer || message.deleted {
        return Err(refused("too_late"));
    }
    Ok(())
}

fn trouble_of(message: &Message) -> Option<serde_json::Value> {
    message.trouble.as_deref().and_then(|json| serde_json::from_str(json).ok())
}

fn reason_of(message: &Message) -> Option<Reason> {
    trouble_of(message)?.get("reason")?.as_str().map(Reason::from_id)
}

fn is_final(message: &Message) -> bool {
    trouble_of(message).and_then(|trouble| trouble.get("final")?.as_bool()).unwrap_or(false)
}

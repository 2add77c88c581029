//! The two commits around a call to Meta.
//!
//! Before the call: guard and window are judged again and the attempt is recorded, in one commit,
//! so that a crash at any later moment leaves a message that is known to have perhaps gone out.
//! After it: what the answer says. News that came by webhook in between always wins.

use super::backoff;
use super::content::{self, Refilled};
use super::held;
use super::judge::{Case, Verdict, judge};
use super::order::{self, Next};
use super::recipient;
use super::request::{self, Extra, Said};
use super::state::{Event, State};
use crate::agents::body::FileRef;
use crate::meta::answered;
use crate::meta::codes::{Class, Meaning};
use crate::meta::graph::{GraphAnswer, GraphFailure, GraphRequest};
use crate::meta::ingest::{learn_wamid, news};
use crate::meta::ladder::{Step, Trouble};
use crate::meta::marks::Marks;
use crate::meta::media::upload::Need;
use crate::meta::payload::StatusWord;
use crate::meta::{line, media, seal};
use crate::store::chats::ConversationRow;
use crate::store::sends::SendRow;
use crate::store::texts::MessageRow;
use crate::store::{StoreError, WriteTx, chats, sends, texts, webhooks};
use crate::support::{Key, Secret};

/// How long a message waits for a token that opens again, ms. Only the operator can help.
const TOKEN_WAIT_MS: i64 = 60_000;

/// A recorded attempt: the call that must follow it.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    /// Message id.
    pub(crate) message: String,
    /// The call.
    pub(crate) request: GraphRequest,
}

/// What the commit before the call came to.
#[derive(Debug, Clone)]
pub(crate) enum Begun {
    /// The attempt is recorded: call.
    Call(Attempt),
    /// Its file has to go up first; nothing is recorded yet.
    Upload(Need),
    /// Nothing to send now: it was held, withdrawn, or has to wait. The queue looks again.
    Nothing,
    /// A raw webhook is there that may answer the customer: it is worked off first.
    WebhooksFirst,
}

/// Judges the next message of a conversation and records its attempt; with `patient`, not before
/// every raw webhook that was received is worked off.
pub(crate) fn begin(
    tx: &mut WriteTx<'_>,
    conversation: &str,
    key: &Key,
    patient: bool,
) -> Result<Begun, StoreError> {
    let Some(chat) = chats::by_id(tx.sql(), conversation)? else { return Ok(Begun::Nothing) };
    let rows = sends::open_of(tx.sql(), conversation)?;
    let Next::Send(row) = order::next(&rows, tx.now()) else { return Ok(Begun::Nothing) };
    if line::stopped(tx.sql(), &chat.channel)?.is_some() {
        // Stopped since the queue looked; it marks what waits on its next look.
        return Ok(Begun::Nothing);
    }
    if patient && webhooks::newest_waiting(tx.sql())?.is_some() {
        return Ok(Begun::WebhooksFirst);
    }
    let mut marks = Marks::default();
    let begun = begin_one(tx, &mut marks, &chat, row.clone(), key)?;
    order::show_waiting(tx, &mut marks, &chat)?;
    marks.write(tx)?;
    Ok(begun)
}

fn begin_one(
    tx: &mut WriteTx<'_>,
    marks: &mut Marks,
    chat: &ConversationRow,
    send: SendRow,
    key: &Key,
) -> Result<Begun, StoreError> {
    let Some(message) = texts::by_id(tx.sql(), &send.message)? else {
        return Err(StoreError::Unexpected("a send without its message"));
    };
    let mut change = Change { send, message };
    let now = tx.now();
    if change.message.deleted {
        // Its content was erased while a call was out that did not go through.
        change.go(Event::Withdraw);
        change.message.ladder.trouble = None;
        change.save(tx, marks, chat)?;
        answered::recount_and_save(tx, marks, &mut chat.clone())?;
        return Ok(Begun::Nothing);
    }
    let case = Case {
        message: &change.send.message,
        based_on_n: change.send.based_on_n,
        device: change.send.device.as_deref(),
        needs_window: content::needs_window(&change.message.body),
    };
    let hold = match judge(tx, chat, &case)? {
        Verdict::Go => None,
        // An automatic answer has nobody to ask: somebody spoke, so it is not said any more
        // (whatsapp.md 0.25).
        Verdict::Answered { .. } if is_automatic(&change.message) => {
            change.go(Event::Withdraw);
            texts::erase(tx.sql(), &change.message, "system", now)?;
            change.message.ladder.trouble = None;
            marks.message(&chat.workspace, &chat.id, change.message.n, &change.message.id);
            marks.conversation(&chat.workspace, &chat.id);
            change.save(tx, marks, chat)?;
            answered::recount_and_save(tx, marks, &mut chat.clone())?;
            return Ok(Begun::Nothing);
        }
        Verdict::Closed { .. } => Some(Trouble::new("R7", now)),
        Verdict::Answered { by, n } => {
            Some(Trouble { by: Some(by), n: Some(n), ..Trouble::new("R8", now) })
        }
    };
    if let Some(trouble) = hold {
        change.go(Event::Hold);
        change.message.ladder.trouble = Some(trouble);
        change.save(tx, marks, chat)?;
        return Ok(Begun::Nothing);
    }
    let target = sends::target(tx.sql(), &change.send)?;
    let Some(token) = open_token(&target.token_sealed, key) else {
        log::error!("token_sealed_with_another_key channel={}", chat.channel);
        let since = change.trouble_since("R5", now);
        change.send.next_try_at = now + TOKEN_WAIT_MS;
        let trouble = Trouble::new("R5", since).saying(Meaning::NO_TOKEN.word);
        change.message.ladder.trouble = Some(trouble.with_next_try(change.send.next_try_at));
        change.save(tx, marks, chat)?;
        return Ok(Begun::Nothing);
    };
    let extra = match extra(tx, chat, &change.message)? {
        Needs::Ready(extra) => extra,
        Needs::Upload(file) => {
            return Ok(Begun::Upload(Need {
                message: change.send.message,
                channel: chat.channel.clone(),
                phone_number_id: target.phone_number_id,
                token,
                file,
            }));
        }
        Needs::Never { reason, word } => {
            change.go(Event::Refused);
            change.message.ladder.trouble = Some(Trouble::new(reason, now).saying(word).ended());
            change.save(tx, marks, chat)?;
            answered::recount_and_save(tx, marks, &mut chat.clone())?;
            return Ok(Begun::Nothing);
        }
    };
    let Some(body) = request::body(&change.send.message, &target, &extra) else {
        // Cannot be: every contact has an id and every body of a send was read when it came.
        log::error!("nothing_to_send message={}", change.send.message);
        change.go(Event::Refused);
        change.message.ladder.trouble = Some(Trouble::new("R16", now).saying("our_fault").ended());
        change.save(tx, marks, chat)?;
        return Ok(Begun::Nothing);
    };
    change.go(Event::Attempt);
    change.send.attempts += 1;
    change.send.attempted_at = Some(now);
    change.send.line = None;
    // What is tried again keeps saying why (R6) until the answer is there.
    if change.message.ladder.trouble.as_ref().is_some_and(|t| t.reason != "R6") {
        change.message.ladder.trouble = None;
    }
    let message = change.send.message.clone();
    change.save(tx, marks, chat)?;
    let path = format!("/{}/messages", target.phone_number_id);
    Ok(Begun::Call(Attempt { message, request: GraphRequest::post(path, token, body) }))
}

fn is_automatic(message: &MessageRow) -> bool {
    matches!(message.author_kind.as_str(), "ai" | "automation")
}

/// What a call needs beside the body.
enum Needs {
    /// It is all there.
    Ready(Extra),
    /// Meta does not hold the file.
    Upload(FileRef),
    /// It must not go: the template is not what it was (R12), or is not wanted any more (R10).
    Never {
        /// The R of experience.md.
        reason: &'static str,
        /// Word for the sentence.
        word: &'static str,
    },
}

fn extra(
    tx: &WriteTx<'_>,
    chat: &ConversationRow,
    message: &MessageRow,
) -> Result<Needs, StoreError> {
    let mut extra = Extra::default();
    if !content::needs_window(&message.body) {
        match content::refill(tx, chat, &message.body)? {
            Refilled::Same(filled) => extra.components = filled.components,
            Refilled::Changed => {
                return Ok(Needs::Never { reason: "R12", word: "template_not_available" });
            }
            Refilled::Unwanted => {
                return Ok(Needs::Never { reason: "R10", word: "no_marketing" });
            }
        }
    }
    if let Some(file) = content::file_of(&message.body) {
        match media::upload::held(tx, &chat.channel, &file)? {
            Some(id) => extra.file = Some(id),
            None => return Ok(Needs::Upload(file)),
        }
    }
    Ok(Needs::Ready(extra))
}

/// Has a message wait for the limit of its recipient, and say so (R6).
pub(crate) fn slow(tx: &mut WriteTx<'_>, message: &str, until: i64) -> Result<(), StoreError> {
    let Some(send) = sends::get(tx.sql(), message)? else { return Ok(()) };
    let Some(chat) = chats::by_id(tx.sql(), &send.conversation)? else { return Ok(()) };
    if send.state != State::Waiting || send.next_try_at >= until {
        return Ok(());
    }
    let Some(mut change) = Change::of(tx, send)? else { return Ok(()) };
    let since = change.trouble_since("R6", tx.now());
    change.send.next_try_at = until;
    let trouble = Trouble::new("R6", since).saying("too_many_to_this_person");
    change.message.ladder.trouble = Some(trouble.with_next_try(until));
    let mut marks = Marks::default();
    change.save(tx, &mut marks, &chat)?;
    order::show_waiting(tx, &mut marks, &chat)?;
    marks.write(tx)
}

/// Opens a channel's token, if this key sealed it.
pub(crate) fn open_token(sealed: &[u8], key: &Key) -> Option<Secret> {
    let bytes = seal::open(key, sealed).ok()?;
    std::str::from_utf8(&bytes).ok().map(Secret::new)
}

/// What a call came to, for whoever paces the next ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Nothing that others of the number must heed.
    Alone,
    /// WhatsApp slows the whole number down for so long, ms.
    SlowFor(i64),
}

/// Writes down what a call came to.
pub(crate) fn finish(
    tx: &mut WriteTx<'_>,
    message: &str,
    result: &Result<GraphAnswer, GraphFailure>,
) -> Result<Ended, StoreError> {
    let Some(send) = sends::get(tx.sql(), message)? else { return Ok(Ended::Alone) };
    let Some(chat) = chats::by_id(tx.sql(), &send.conversation)? else {
        return Ok(Ended::Alone);
    };
    let mut marks = Marks::default();
    let mut ended = Ended::Alone;
    let said = result.as_ref().map(|answer| request::said(answer, send.attempts));
    let retry_after = result.as_ref().ok().and_then(|answer| answer.retry_after_ms);
    match said {
        Ok(Said::Accepted(wamid)) => {
            learn_wamid(tx, &mut marks, message, &wamid)?;
            if let Ok(answer) = result {
                recipient::learn(tx, &mut marks, &chat, answer)?;
            }
            let now = tx.now();
            news(tx, &mut marks, message, StatusWord::Reached(Step::Sent), now)?;
        }
        Ok(Said::Error { meaning, code }) => {
            ended = failed(tx, &mut marks, &chat, send, meaning, code, retry_after)?;
        }
        Err(GraphFailure::NotSent) => {
            failed(tx, &mut marks, &chat, send, Meaning::NOT_SENT, None, None)?;
        }
        Err(GraphFailure::Unanswered) => {
            failed(tx, &mut marks, &chat, send, Meaning::UNANSWERED, None, None)?;
        }
    }
    order::show_waiting(tx, &mut marks, &chat)?;
    marks.write(tx)?;
    Ok(ended)
}

/// Writes down that the file of a message did not go up. Nothing of the message went out, so
/// whatever may pass is tried again.
pub(crate) fn upload_failed(
    tx: &mut WriteTx<'_>,
    message: &str,
    result: &Result<GraphAnswer, GraphFailure>,
) -> Result<Ended, StoreError> {
    let Some(mut send) = sends::get(tx.sql(), message)? else { return Ok(Ended::Alone) };
    let Some(chat) = chats::by_id(tx.sql(), &send.conversation)? else {
        return Ok(Ended::Alone);
    };
    if send.state != State::Waiting {
        return Ok(Ended::Alone);
    }
    // A try of its own, for the back-off, but no attempt to send.
    send.attempted_at = None;
    let (meaning, code, retry_after) = match result {
        Ok(answer) => {
            let (meaning, code) = request::error(answer, send.upload_tries + 1);
            let meaning = match meaning.class {
                // Refused as it is: whatever Meta calls it, it is the file (R13).
                Class::Permanent | Class::NeedsTemplate => {
                    Meaning { class: Class::Permanent, reason: "R13", word: "file_not_taken" }
                }
                _ => meaning.harmless(),
            };
            (meaning, code, answer.retry_after_ms)
        }
        Err(_) => (Meaning::NOT_SENT, None, None),
    };
    send.upload_tries += 1;
    let mut marks = Marks::default();
    let ended = failed(tx, &mut marks, &chat, send, meaning, code, retry_after)?;
    order::show_waiting(tx, &mut marks, &chat)?;
    marks.write(tx)?;
    Ok(ended)
}

fn failed(
    tx: &mut WriteTx<'_>,
    marks: &mut Marks,
    chat: &ConversationRow,
    send: SendRow,
    meaning: Meaning,
    code: Option<i64>,
    retry_after: Option<i64>,
) -> Result<Ended, StoreError> {
    if !matches!(send.state, State::Attempted | State::Waiting) {
        // A status was quicker, and it knows better.
        return Ok(Ended::Alone);
    }
    let Some(message) = texts::by_id(tx.sql(), &send.message)? else { return Ok(Ended::Alone) };
    let mut change = Change { send, message };
    let now = tx.now();
    let since = change.trouble_since(meaning.reason, now);
    let trouble = Trouble::new(meaning.reason, since).with_code(code).saying(meaning.word);
    let mut ended = Ended::Alone;
    let trouble = match meaning.class {
        Class::RetryLater | Class::RetryWhenAllowed | Class::RetryPair => {
            let tries = change.send.attempts.max(change.send.upload_tries);
            let wait = match meaning.class {
                Class::RetryPair => backoff::pair_wait_ms(tries, retry_after),
                _ => backoff::wait_ms(tries, retry_after, tx.rng()),
            };
            if meaning.class == Class::RetryWhenAllowed {
                ended = Ended::SlowFor(backoff::slow_ms(retry_after));
            }
            change.go(Event::TryAgain);
            change.send.next_try_at = now + wait;
            trouble.with_next_try(now + wait)
        }
        Class::UnknownOutcome => {
            change.go(Event::Lost);
            change.send.unknown_since = Some(now);
            trouble
        }
        Class::NeedsTemplate => {
            change.go(Event::WindowClosed);
            trouble
        }
        Class::StopAndAlert => {
            // Nothing went out; it stays first in line until the cause is lifted.
            change.go(Event::TryAgain);
            change.send.next_try_at = 0;
            change.send.line = Some(meaning.reason.to_owned());
            held::stop(tx, marks, &chat.channel, meaning, code, now)?;
            trouble
        }
        Class::Permanent => {
            change.go(Event::Refused);
            recipient::refused(tx, marks, chat, code, now)?;
            if let Some(file) = content::file_of(&change.message.body) {
                // Should it be the file's id that Meta no longer knows, the next message with it
                // brings it anew.
                media::upload::forget(tx, &chat.channel, &file)?;
            }
            log::warn!(
                "message_refused code={} message={}",
                code.unwrap_or(0),
                change.send.message
            );
            trouble.ended()
        }
    };
    change.message.ladder.trouble = Some(trouble);
    change.save(tx, marks, chat)?;
    answered::recount_and_save(tx, marks, &mut chat.clone())?;
    Ok(ended)
}

/// After a start: what was attempted and has no answer may have gone out. It is never sent again
/// by itself. Returns how many there were.
pub(crate) fn recover(tx: &mut WriteTx<'_>) -> Result<usize, StoreError> {
    let mut marks = Marks::default();
    let lost: Vec<SendRow> =
        sends::open(tx.sql())?.into_iter().filter(|send| send.state == State::Attempted).collect();
    let count = lost.len();
    for send in lost {
        unanswered(tx, &mut marks, send)?;
    }
    marks.write(tx)?;
    Ok(count)
}

/// The same for one message whose call is not running any more although nobody wrote down what came of
/// it: else its conversation would stand still until the next start.
pub(crate) fn lost(tx: &mut WriteTx<'_>, message: &str) -> Result<(), StoreError> {
    let send = sends::get(tx.sql(), message)?;
    let Some(send) = send.filter(|send| send.state == State::Attempted) else { return Ok(()) };
    let mut marks = Marks::default();
    unanswered(tx, &mut marks, send)?;
    marks.write(tx)
}

fn unanswered(tx: &mut WriteTx<'_>, marks: &mut Marks, send: SendRow) -> Result<(), StoreError> {
    let Some(chat) = chats::by_id(tx.sql(), &send.conversation)? else { return Ok(()) };
    failed(tx, marks, &chat, send, Meaning::UNANSWERED, None, None)?;
    order::show_waiting(tx, marks, &chat)
}

/// A send and its message, changed together.
pub(super) struct Change {
    pub(super) send: SendRow,
    pub(super) message: MessageRow,
}

impl Change {
    /// The send with this message.
    pub(super) fn of(tx: &WriteTx<'_>, send: SendRow) -> Result<Option<Self>, StoreError> {
        Ok(texts::by_id(tx.sql(), &send.message)?.map(|message| Self { send, message }))
    }

    /// Moves to the next state, if the table knows one.
    pub(super) fn go(&mut self, event: Event) -> bool {
        let next = self.send.state.after(event);
        if let Some(state) = next {
            self.send.state = state;
        }
        next.is_some()
    }

    /// Since when the message has this trouble.
    pub(super) fn trouble_since(&self, reason: &str, now: i64) -> i64 {
        self.message
            .ladder
            .trouble
            .as_ref()
            .filter(|trouble| trouble.reason == reason)
            .map_or(now, |trouble| trouble.since)
    }

    /// Writes both; the message is marked only if phones would see a difference.
    pub(super) fn save(
        self,
        tx: &WriteTx<'_>,
        marks: &mut Marks,
        chat: &ConversationRow,
    ) -> Result<(), StoreError> {
        sends::update(tx.sql(), &self.send)?;
        let held = texts::by_id(tx.sql(), &self.message.id)?;
        if held.is_none_or(|held| held.ladder != self.message.ladder) {
            texts::set_ladder(tx.sql(), &self.message)?;
            marks.message(&chat.workspace, &chat.id, self.message.n, &self.message.id);
        }
        Ok(())
    }
}

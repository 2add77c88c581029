//! The two commits around a call to Meta.
//!
//! Before the call: guard and window are judged again and the attempt is recorded, in one commit,
//! so that a crash at any later moment leaves a message that is known to have perhaps gone out.
//! After it: what the answer says. News that came by webhook in between always wins.

use super::backoff;
use super::judge::{Case, Verdict, judge};
use super::order::{self, Next};
use super::request::{self, Said};
use super::state::{Event, State};
use crate::meta::answered;
use crate::meta::codes::Class;
use crate::meta::graph::{GraphAnswer, GraphFailure, GraphRequest};
use crate::meta::ingest::{learn_wamid, news};
use crate::meta::ladder::{Step, Trouble};
use crate::meta::marks::Marks;
use crate::meta::payload::StatusWord;
use crate::meta::seal;
use crate::store::chats::ConversationRow;
use crate::store::sends::{SendRow, Target};
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
    if patient && webhooks::newest_waiting(tx.sql())?.is_some() {
        return Ok(Begun::WebhooksFirst);
    }
    let mut marks = Marks::default();
    let attempt = begin_one(tx, &mut marks, &chat, row.clone(), key)?;
    order::show_waiting(tx, &mut marks, &chat)?;
    marks.write(tx)?;
    Ok(attempt.map_or(Begun::Nothing, Begun::Call))
}

fn begin_one(
    tx: &mut WriteTx<'_>,
    marks: &mut Marks,
    chat: &ConversationRow,
    send: SendRow,
    key: &Key,
) -> Result<Option<Attempt>, StoreError> {
    let Some(message) = texts::by_id(tx.sql(), &send.message)? else {
        return Err(StoreError::Unexpected("a send without its message"));
    };
    let mut change = Change { send, message };
    let now = tx.now();
    let case = Case {
        message: &change.send.message,
        based_on_n: change.send.based_on_n,
        device: change.send.device.as_deref(),
    };
    let hold = match judge(tx, chat, &case)? {
        Verdict::Go => None,
        Verdict::Closed { .. } => Some(Trouble::new("R7", now)),
        Verdict::Answered { by, n } => {
            Some(Trouble { by: Some(by), n: Some(n), ..Trouble::new("R8", now) })
        }
    };
    if let Some(trouble) = hold {
        change.go(Event::Hold);
        change.message.ladder.trouble = Some(trouble);
        change.save(tx, marks, chat)?;
        return Ok(None);
    }
    let target = sends::target(tx.sql(), &change.send)?;
    let Some(token) = open_token(&target, key) else {
        log::error!("token_sealed_with_another_key channel={}", chat.channel);
        let since = change.trouble_since("R5", now);
        change.send.next_try_at = now + TOKEN_WAIT_MS;
        change.message.ladder.trouble =
            Some(Trouble::new("R5", since).with_next_try(change.send.next_try_at));
        change.save(tx, marks, chat)?;
        return Ok(None);
    };
    let Some(body) = request::body(&change.send.message, &target) else {
        // Cannot be: every contact has an id and every send a text.
        log::error!("nothing_to_send message={}", change.send.message);
        change.send.state = State::Stopped;
        change.message.ladder.trouble = Some(Trouble::new("R16", now).ended());
        change.save(tx, marks, chat)?;
        return Ok(None);
    };
    change.go(Event::Attempt);
    change.send.attempts += 1;
    change.send.attempted_at = Some(now);
    // What is tried again keeps saying why (R6) until the answer is there.
    if change.message.ladder.trouble.as_ref().is_some_and(|t| t.reason != "R6") {
        change.message.ladder.trouble = None;
    }
    let message = change.send.message.clone();
    change.save(tx, marks, chat)?;
    let path = format!("/{}/messages", target.phone_number_id);
    Ok(Some(Attempt { message, request: GraphRequest::post(path, token, body) }))
}

fn open_token(target: &Target, key: &Key) -> Option<Secret> {
    let bytes = seal::open(key, &target.token_sealed).ok()?;
    std::str::from_utf8(&bytes).ok().map(Secret::new)
}

/// Writes down what a call came to.
pub(crate) fn finish(
    tx: &mut WriteTx<'_>,
    message: &str,
    result: &Result<GraphAnswer, GraphFailure>,
) -> Result<(), StoreError> {
    let Some(send) = sends::get(tx.sql(), message)? else { return Ok(()) };
    let Some(chat) = chats::by_id(tx.sql(), &send.conversation)? else { return Ok(()) };
    let mut marks = Marks::default();
    let said = result.as_ref().map(|answer| request::said(answer, send.attempts));
    let retry_after = result.as_ref().ok().and_then(|answer| answer.retry_after_ms);
    match said {
        Ok(Said::Accepted(wamid)) => {
            learn_wamid(tx, &mut marks, message, &wamid)?;
            let now = tx.now();
            news(tx, &mut marks, message, StatusWord::Reached(Step::Sent), now)?;
        }
        Ok(Said::Error { class, code }) => {
            failed(tx, &mut marks, &chat, send, class, code, retry_after)?;
        }
        Err(GraphFailure::NotSent) => {
            failed(tx, &mut marks, &chat, send, Class::RetryLater, None, None)?;
        }
        Err(GraphFailure::Unanswered) => {
            failed(tx, &mut marks, &chat, send, Class::UnknownOutcome, None, None)?;
        }
    }
    order::show_waiting(tx, &mut marks, &chat)?;
    marks.write(tx)
}

fn failed(
    tx: &mut WriteTx<'_>,
    marks: &mut Marks,
    chat: &ConversationRow,
    send: SendRow,
    class: Class,
    code: Option<i64>,
    retry_after: Option<i64>,
) -> Result<(), StoreError> {
    if send.state != State::Attempted {
        // A status was quicker, and it knows better.
        return Ok(());
    }
    let Some(message) = texts::by_id(tx.sql(), &send.message)? else { return Ok(()) };
    let mut change = Change { send, message };
    let now = tx.now();
    let since = change.trouble_since(class.reason(), now);
    let trouble = Trouble::new(class.reason(), since).with_code(code);
    let trouble = match class {
        Class::RetryLater | Class::RetryWhenAllowed | Class::RetryPair => {
            let attempts = change.send.attempts;
            let wait = match class {
                Class::RetryPair => backoff::pair_wait_ms(attempts, retry_after),
                _ => backoff::wait_ms(attempts, retry_after, tx.rng()),
            };
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
        Class::Permanent => {
            change.go(Event::Refused);
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
    let mut chat = chat.clone();
    answered::recount_and_save(tx, marks, &mut chat)
}

/// After a start: what was attempted and has no answer may have gone out. It is never sent again
/// by itself. Returns how many there were.
pub(crate) fn recover(tx: &mut WriteTx<'_>) -> Result<usize, StoreError> {
    let mut marks = Marks::default();
    let lost: Vec<SendRow> =
        sends::open(tx.sql())?.into_iter().filter(|send| send.state == State::Attempted).collect();
    let count = lost.len();
    for send in lost {
        let Some(chat) = chats::by_id(tx.sql(), &send.conversation)? else { continue };
        failed(tx, &mut marks, &chat, send, Class::UnknownOutcome, None, None)?;
        order::show_waiting(tx, &mut marks, &chat)?;
    }
    marks.write(tx)?;
    Ok(count)
}

/// A send and its message, changed together.
pub(super) struct Change {
    pub(super) send: SendRow,
    pub(super) message: MessageRow,
}

impl Change {
    /// Moves to the next state, if the table knows one.
    pub(super) fn go(&mut self, event: Event) -> bool {
        let next = self.send.state.after(event);
        if let Some(state) = next {
            self.send.state = state;
        }
        next.is_some()
    }

    /// Since when the message has this trouble.
    fn trouble_since(&self, reason: &str, now: i64) -> i64 {
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

//! Small calls beside messages: blue ticks, "typing ...", reactions.
//!
//! - Blue ticks follow the phone's `read` and nothing else: never what was not on an unlocked
//!   screen. One call a conversation, the newest customer message up to the mark, which marks all
//!   before it (whatsapp.md 5.2). Best effort: a few tries, then it is left.
//! - Typing is told at most every 20 seconds, and sets blue ticks too.
//! - Reactions are durable, their attempt is recorded first; what was attempted and not answered
//!   is sent again, for the same reaction twice is one reaction, unless a newer one was made since.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{self, BoxFuture};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use serde_json::json;
use tokio::time;

use super::codes::Class;
use super::graph::{GraphAnswer, GraphFailure, GraphRequest};
use super::line;
use super::send::attempt::open_token;
use super::send::queue::call;
use super::send::react;
use super::send::{backoff, request};
use crate::desk::options::Options;
use crate::state::AppState;
use crate::store::media::{self, Source};
use crate::store::small_sends::{self, MarkRow, Named, ReactionRow};
use crate::store::{Sql, StoreError, WriteTx, chats, workspaces};
use crate::support::Secret;

/// Tries of a read mark before it is left.
const TRIES: i64 = 4;
/// A message can be marked within 30 days of its receipt (whatsapp.md 5.2), ms.
const MARKABLE_MS: i64 = 30 * 24 * 60 * 60 * 1_000;
/// Looks at one screen come in bursts: a mark waits so long for a higher one.
const GATHER: Duration = Duration::from_millis(400);
/// "Typing" is shown for 25 seconds; it is told at most this often, ms.
const TYPING_EVERY_MS: i64 = 20_000;
/// How many small calls are made at once: one that hangs holds few others up.
const PARALLEL: usize = 16;
/// Time for a small call.
const LIMIT: Duration = Duration::from_secs(20);
/// The worker looks again after this at the latest, ms.
const LOOK_AGAIN_MS: i64 = 60_000;
/// Reactions that ended are remembered so long, ms: a status may come seven days late.
const REACTIONS_FOR_MS: i64 = 37 * 24 * 60 * 60 * 1_000;

/// After the phone's `read`: Meta is told, if the workplace shows blue ticks. To be called in the
/// commit of a mark that moves the conversation's.
pub(crate) fn wanted(
    tx: &WriteTx<'_>,
    workspace: &str,
    conversation: &str,
    up_to_n: i64,
) -> Result<(), StoreError> {
    if !blue_ticks(tx.sql(), workspace)? {
        return Ok(());
    }
    match small_sends::newest_customer(tx.sql(), conversation, up_to_n)? {
        Some(named) => small_sends::want_mark(tx.sql(), conversation, named.n),
        None => Ok(()),
    }
}

fn blue_ticks(sql: &Sql, workspace: &str) -> Result<bool, StoreError> {
    Ok(Options::of(&workspaces::get(sql, workspace)?)?.blue_ticks)
}

/// Forgets what has been kept long enough.
pub(crate) fn prune(tx: &WriteTx<'_>) -> Result<(), StoreError> {
    small_sends::prune_reactions(tx.sql(), tx.now() - REACTIONS_FOR_MS)
}

/// Runs the worker until the platform stops.
pub(crate) async fn run(state: AppState) {
    loop {
        let wait = match state.store.read(see).await {
            Ok(seen) => work(&state, seen).await,
            Err(error) => {
                log::error!("small_calls cause=\"{error}\"");
                1_000
            }
        };
        let pause = u64::try_from(wait.clamp(1, LOOK_AGAIN_MS)).unwrap_or(1);
        tokio::select! {
            biased;
            () = state.stop.stopped() => return,
            () = state.small.woken() => {
                tokio::select! {
                    biased;
                    () = state.stop.stopped() => return,
                    () = time::sleep(GATHER) => {}
                }
            }
            () = time::sleep(Duration::from_millis(pause)) => {}
        }
    }
}

/// What is to be told, on lines that are not stopped.
struct Seen {
    marks: Vec<(MarkRow, String)>,
    reactions: Vec<ReactionRow>,
}

fn see(sql: &Sql) -> Result<Seen, StoreError> {
    let mut seen = Seen { marks: Vec::new(), reactions: Vec::new() };
    for mark in small_sends::open_marks(sql)? {
        if let Some(chat) = chats::by_id(sql, &mark.conversation)?
            && line::stopped(sql, &chat.channel)?.is_none()
        {
            seen.marks.push((mark, chat.channel));
        }
    }
    for reaction in small_sends::open_reactions(sql)? {
        if line::stopped(sql, &reaction.channel)?.is_none() {
            seen.reactions.push(reaction);
        }
    }
    Ok(seen)
}

/// Makes the calls that are due, a few at once; gives the wait until the next, ms. Of one message only
/// the newest reaction is ever sent, and of one conversation there is one mark: none overtakes another.
async fn work(state: &AppState, seen: Seen) -> i64 {
    let mut calls: Vec<BoxFuture<'_, i64>> = Vec::new();
    for reaction in seen.reactions {
        let due_at = reaction.next_try_at;
        calls.push(when(state, due_at, react(state, reaction.id)).boxed());
    }
    for (mark, channel) in seen.marks {
        let due_at = mark.next_try_at;
        calls.push(when(state, due_at, tell(state, mark, channel)).boxed());
    }
    let calls = stream::iter(calls).buffer_unordered(PARALLEL);
    calls.fold(LOOK_AGAIN_MS, |wait, next| future::ready(wait.min(next))).await
}

/// Makes a call if it is due; gives the wait until it is looked at again, ms. A wait that is longer
/// than any that is ever set was written by a clock that was set back since.
async fn when(state: &AppState, due_at: i64, call: impl Future<Output = i64>) -> i64 {
    let left = due_at.saturating_sub(state.ports.clock.now_ms());
    if (1..=backoff::LONGEST_MS).contains(&left) {
        return left;
    }
    if state.stop.is_stopping() { LOOK_AGAIN_MS } else { call.await }
}

/// Sends one reaction; gives the wait until it is looked at again, ms.
async fn react(state: &AppState, id: String) -> i64 {
    let key = state.settings.key.clone();
    let begun = state.store.write(move |tx| react::begin(tx, &id, &key)).await;
    let attempt = match begun {
        Ok(Some(attempt)) => attempt,
        Ok(None) => return LOOK_AGAIN_MS,
        Err(error) => {
            log::error!("reaction_begin cause=\"{error}\"");
            return 1_000;
        }
    };
    let result = call(state, attempt.request, LIMIT).await;
    let id = attempt.message;
    let written = state.store.write(move |tx| react::finish(tx, &id, &result)).await;
    written.unwrap_or_else(|error| {
        log::error!("reaction_finish cause=\"{error}\"");
        1_000
    })
}

/// Where a small call about a customer's message goes.
struct About {
    source: Source,
    named: Named,
}

/// Tells Meta of one read mark.
async fn tell(state: &AppState, mark: MarkRow, channel: String) -> i64 {
    let conversation = mark.conversation.clone();
    let about = state
        .store
        .read(move |sql| -> Result<Option<About>, StoreError> {
            // The workplace may have changed its mind since the look.
            let Some(chat) = chats::by_id(sql, &conversation)? else { return Ok(None) };
            if !blue_ticks(sql, &chat.workspace)? {
                return Ok(None);
            }
            about(sql, &channel, &conversation, mark.up_to_n)
        })
        .await;
    let about = match about {
        Ok(about) => about,
        Err(error) => {
            log::error!("read_mark cause=\"{error}\"");
            return 1_000;
        }
    };
    let now = state.ports.clock.now_ms();
    let result = match about {
        // Too old to be marked, or nothing left to mark: that is the end of it.
        None => None,
        Some(about) if about.named.sent_at <= now - MARKABLE_MS => None,
        Some(about) => match body(state, &about, false) {
            Some(request) => Some(call(state, request, LIMIT).await),
            None => Some(Err(GraphFailure::NotSent)),
        },
    };
    let written = state.store.write(move |tx| note(tx, &mark, result.as_ref())).await;
    written.unwrap_or_else(|error| {
        log::error!("read_mark_not_noted cause=\"{error}\"");
        1_000
    })
}

fn about(
    sql: &Sql,
    channel: &str,
    conversation: &str,
    up_to_n: i64,
) -> Result<Option<About>, StoreError> {
    let named = small_sends::newest_customer(sql, conversation, up_to_n)?;
    let source = media::source(sql, channel)?;
    Ok(named.zip(source).map(|(named, source)| About { source, named }))
}

fn body(state: &AppState, about: &About, typing: bool) -> Option<GraphRequest> {
    let token: Secret = open_token(&about.source.token_sealed, &state.settings.key)?;
    let mut body = json!({
        "messaging_product": "whatsapp", "status": "read", "message_id": about.named.wamid
    });
    if let (true, Some(map)) = (typing, body.as_object_mut()) {
        map.insert("typing_indicator".into(), json!({"type": "text"}));
    }
    let path = format!("/{}/messages", about.source.phone_number_id);
    Some(GraphRequest::post(path, token, body))
}

/// Writes down what came of a read mark.
fn note(
    tx: &WriteTx<'_>,
    mark: &MarkRow,
    result: Option<&Result<GraphAnswer, GraphFailure>>,
) -> Result<i64, StoreError> {
    let retry_after = match result {
        None => None,
        Some(Ok(answer)) if (200..300).contains(&answer.status) => None,
        Some(Ok(answer)) => match request::error(answer, 1).0.harmless().class {
            // 131009: Meta does not know the message any more; nobody misses the tick.
            Class::Permanent | Class::NeedsTemplate => None,
            _ => Some(answer.retry_after_ms),
        },
        Some(Err(_)) => Some(None),
    };
    let tries = mark.tries + 1;
    match retry_after {
        Some(asked) if tries < TRIES => {
            let wait = backoff::wait_ms(tries, asked, tx.rng()).max(1_000);
            small_sends::mark_later(tx.sql(), &mark.conversation, tries, tx.now() + wait)?;
            Ok(wait)
        }
        _ => {
            small_sends::mark_done(tx.sql(), &mark.conversation, mark.up_to_n)?;
            Ok(LOOK_AGAIN_MS)
        }
    }
}

/// When customers were last told that somebody types, by conversation.
#[derive(Debug, Default)]
pub struct Typing(Mutex<BTreeMap<String, i64>>);

impl Typing {
    /// Whether it may be told now, and notes that it is.
    fn take(&self, conversation: &str, now: i64) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|_, at| (now - TYPING_EVERY_MS..=now).contains(at));
        if told.contains_key(conversation) {
            return false;
        }
        told.insert(conversation.to_owned(), now);
        true
    }
}

/// Somebody types in a conversation that is open on an unlocked screen: the customer is told, if
/// the workplace shows it (which needs blue ticks too), the line is up, and the customer waits for
/// an answer to a message younger than 30 days. Best effort; the caller has checked the scope.
pub async fn typing(state: &AppState, conversation: &str) {
    let now = state.ports.clock.now_ms();
    let id = conversation.to_owned();
    let found = state
        .store
        .read(move |sql| -> Result<Option<About>, StoreError> {
            let Some(chat) = chats::by_id(sql, &id)? else { return Ok(None) };
            let options = Options::of(&workspaces::get(sql, &chat.workspace)?)?;
            let shown = options.typing_shown && options.blue_ticks;
            if !shown
                || chat.waiting_since.is_none()
                || line::stopped(sql, &chat.channel)?.is_some()
            {
                return Ok(None);
            }
            about(sql, &chat.channel, &chat.id, chat.last_n)
        })
        .await;
    let about = match found {
        Ok(Some(about)) if about.named.sent_at > now - MARKABLE_MS => about,
        Ok(_) => return,
        Err(error) => {
            log::warn!("typing cause=\"{error}\"");
            return;
        }
    };
    if !state.typing.take(conversation, now) {
        return;
    }
    let Some(request) = body(state, &about, true) else { return };
    match call(state, request, LIMIT).await {
        Ok(answer) if (200..300).contains(&answer.status) => {
            // It set the blue ticks as well: they need no call of their own.
            let (id, n) = (conversation.to_owned(), about.named.n);
            let noted = state.store.write(move |tx| -> Result<(), StoreError> {
                small_sends::want_mark(tx.sql(), &id, n)?;
                small_sends::mark_done(tx.sql(), &id, n)
            });
            if let Err(error) = noted.await {
                log::warn!("typing_not_noted cause=\"{error}\"");
            }
        }
        Ok(answer) => log::info!("typing_refused status={}", answer.status),
        Err(_) => log::info!("typing_unanswered"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_is_told_every_twenty_seconds() {
        let typing = Typing::default();
        assert!(typing.take("a", 0) && typing.take("b", 5));
        assert!(!typing.take("a", 19_999) && !typing.take("a", 20_000));
        assert!(typing.take("a", 20_001));
        // A clock that was set back does not silence it.
        assert!(typing.take("a", 3));
    }
}

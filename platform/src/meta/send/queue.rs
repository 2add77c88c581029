//! The worker that sends: one call in flight a conversation, several conversations at once.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::task::JoinSet;
use tokio::time::{self, Instant};

use super::attempt::{self, Attempt, Begun};
use super::order::{self, Next};
use crate::meta::graph::GraphFailure;
use crate::state::AppState;
use crate::store::sends::{self, SendRow};

/// How many conversations are sent to at once.
const PARALLEL: usize = 8;
/// How long raw webhooks that were already received may hold an attempt up (protocol.md 5).
const WEBHOOKS_FIRST: Duration = Duration::from_secs(5);
/// After this a call counts as unanswered, whatever the port does.
const CALL_LIMIT: Duration = Duration::from_secs(45);
/// How long calls that are out may take to be answered once the platform stops.
const LAST_ANSWERS: Duration = Duration::from_secs(10);
/// Wait after the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// The queue looks again after this at the latest, should the clock be set.
const LOOK_AGAIN_MS: i64 = 60_000;

/// Runs the queue until the platform stops.
pub(crate) async fn run(state: AppState) {
    let busy = Busy::default();
    let mut calls = JoinSet::new();
    let mut last = String::new();
    loop {
        let wake_at = match state.store.read(sends::open).await {
            Ok(rows) => {
                let look = look(&rows, state.ports.clock.now_ms(), &busy.snapshot(), &last);
                for conversation in look.ready.into_iter().take(PARALLEL - busy.count()) {
                    last.clone_from(&conversation);
                    let guard = busy.guard(&conversation);
                    let state = state.clone();
                    calls.spawn(async move {
                        one(&state, conversation).await;
                        drop(guard);
                    });
                }
                look.wake_at
            }
            Err(error) => {
                log::error!("send_queue cause=\"{error}\"");
                Some(state.ports.clock.now_ms().saturating_add(1_000))
            }
        };
        let pause = wake_at.map(|at| {
            let wait = at.saturating_sub(state.ports.clock.now_ms()).clamp(1, LOOK_AGAIN_MS);
            Duration::from_millis(u64::try_from(wait).unwrap_or(1))
        });
        tokio::select! {
            biased;
            () = state.stop.stopped() => break,
            Some(_) = calls.join_next() => {}
            () = state.sends.woken() => {}
            () = time::sleep(pause.unwrap_or_default()), if pause.is_some() => {}
        }
    }
    // A call that is out had better be answered: otherwise a person has to find out.
    let _ = time::timeout(LAST_ANSWERS, async { while calls.join_next().await.is_some() {} }).await;
}

/// What a look at the whole queue shows.
struct Look {
    /// Conversations with something to send now, in turn.
    ready: Vec<String>,
    /// When the next one may be ready by time alone, ms UTC.
    wake_at: Option<i64>,
}

/// Looks at all open sends. Turns are taken: those behind the conversation served `last` come
/// first, so that a long queue of one does not starve another.
fn look(rows: &[SendRow], now: i64, busy: &BTreeSet<String>, last: &str) -> Look {
    let mut look = Look { ready: Vec::new(), wake_at: None };
    for chat in rows.chunk_by(|a, b| a.conversation == b.conversation) {
        let Some(conversation) = chat.first().map(|row| &row.conversation) else { continue };
        if busy.contains(conversation) {
            continue;
        }
        match order::next(chat, now) {
            Next::Send(_) => look.ready.push(conversation.clone()),
            Next::At(at) => look.wake_at = Some(look.wake_at.map_or(at, |held| held.min(at))),
            Next::Idle => {}
        }
    }
    let turn = look.ready.partition_point(|conversation| conversation.as_str() <= last);
    look.ready.rotate_left(turn);
    look
}

/// Sends the next message of one conversation, if it may go.
async fn one(state: &AppState, conversation: String) {
    let Some(attempt) = begin(state, &conversation).await else { return };
    log::info!("send_attempt message={}", attempt.message);
    let call = async { state.ports.graph.call(attempt.request).await };
    // A call that falls over may have gone out, and its conversation must not stand still.
    let call = AssertUnwindSafe(call).catch_unwind();
    let result = match time::timeout(CALL_LIMIT, call).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) | Err(_) => Err(GraphFailure::Unanswered),
    };
    match &result {
        Ok(answer) => {
            log::info!("send_answer status={} message={}", answer.status, attempt.message);
        }
        Err(failure) => log::warn!("send_answer cause=\"{failure}\" message={}", attempt.message),
    }
    let result = Arc::new(result);
    loop {
        let (message, result) = (attempt.message.clone(), Arc::clone(&result));
        match state.store.write(move |tx| attempt::finish(tx, &message, &result)).await {
            Ok(()) => return,
            // Until this is written the message stays attempted, which is the safe side.
            Err(error) => log::error!("send_finish cause=\"{error}\""),
        }
        time::sleep(STORE_PAUSE).await;
    }
}

/// Records the next attempt of a conversation, once the raw webhooks that were received by then
/// are worked off or have had their time.
async fn begin(state: &AppState, conversation: &str) -> Option<Attempt> {
    let deadline = Instant::now() + WEBHOOKS_FIRST;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        state.webhooks.settled(&state.store, left).await;
        if state.stop.is_stopping() {
            return None;
        }
        let patient = Instant::now() < deadline;
        let (conversation, key) = (conversation.to_owned(), state.settings.key.clone());
        let begun =
            state.store.write(move |tx| attempt::begin(tx, &conversation, &key, patient)).await;
        match begun {
            Ok(Begun::Call(attempt)) => return Some(attempt),
            Ok(Begun::Nothing) => return None,
            Ok(Begun::WebhooksFirst) => {}
            Err(error) => {
                log::error!("send_begin cause=\"{error}\"");
                time::sleep(STORE_PAUSE).await;
                return None;
            }
        }
    }
}

/// The conversations with a call in flight.
#[derive(Debug, Clone, Default)]
struct Busy(Arc<Mutex<BTreeSet<String>>>);

impl Busy {
    fn snapshot(&self) -> BTreeSet<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len().min(PARALLEL)
    }

    /// Marks a conversation until the guard is dropped, however its task ends.
    fn guard(&self, conversation: &str) -> BusyGuard {
        let mut set = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        set.insert(conversation.to_owned());
        BusyGuard { busy: self.clone(), conversation: conversation.to_owned() }
    }
}

struct BusyGuard {
    busy: Busy,
    conversation: String,
}

impl Drop for BusyGuard {
    fn drop(&mut self) {
        self.busy.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.conversation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::send::state::State;

    fn row(conversation: &str, next_try_at: i64) -> SendRow {
        SendRow {
            message: conversation.into(),
            conversation: conversation.into(),
            channel: "h".into(),
            n: 1,
            device: None,
            based_on_n: 0,
            state: State::Waiting,
            attempts: 0,
            attempted_at: None,
            next_try_at,
            unknown_since: None,
            passed: false,
        }
    }

    #[test]
    fn turns_are_taken() {
        let rows = [row("a", 0), row("b", 0), row("c", 70), row("d", 0), row("e", 60)];
        let busy = BTreeSet::from(["d".to_owned()]);
        let seen = look(&rows, 5, &busy, "");
        assert_eq!((seen.ready, seen.wake_at), (vec!["a".into(), "b".into()], Some(60)));
        assert_eq!(look(&rows, 5, &busy, "a").ready, ["b", "a"]);
        assert_eq!(look(&rows, 5, &busy, "z").ready, ["a", "b"]);
    }

    #[test]
    fn a_conversation_is_free_again_however_its_call_ends() {
        let busy = Busy::default();
        let guard = busy.guard("a");
        assert_eq!(busy.count(), 1);
        drop(guard);
        assert_eq!(busy.count(), 0);
    }
}

//! The worker that sends: one call in flight a conversation, many conversations at once.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::task::JoinSet;
use tokio::time::{self, Instant};

use super::attempt::{self, Attempt, Begun, Ended};
use super::held;
use super::order::{self, Next};
use super::pace::{MEMORY_MS, Pace};
use super::state::State;
use crate::meta::graph::{GraphAnswer, GraphFailure, GraphRequest};
use crate::meta::line;
use crate::meta::media::upload::{self, Need};
use crate::state::AppState;
use crate::store::sends::{self, SendRow};
use crate::store::{Sql, StoreError};

/// How many conversations are sent to at once.
const PARALLEL: usize = 400;
/// How many of one number: calls that hang on one number leave the others room. At 20 a second and
/// 30 s a call (the port's time-out) a number that hangs altogether would fill 600.
const PER_NUMBER: usize = 128;
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
/// A wait for the recipient's limit that is longer than this is shown (R6), ms.
const SHOWN_WAIT_MS: i64 = 1_000;

/// What the queue sees of the store.
struct Seen {
    rows: Vec<SendRow>,
    /// Channel -> reason, of those whose line is stopped.
    stopped: BTreeMap<String, &'static str>,
}

fn see(sql: &Sql) -> Result<Seen, StoreError> {
    let rows = sends::open(sql)?;
    let channels: BTreeSet<&String> = rows.iter().map(|row| &row.channel).collect();
    let mut stopped = BTreeMap::new();
    for channel in channels {
        if let Some(stop) = line::stopped(sql, channel)? {
            stopped.insert(channel.clone(), stop.reason);
        }
    }
    Ok(Seen { rows, stopped })
}

/// The clock of the pace: nobody sets it, and what went out before the queue began has its place on it.
#[derive(Debug, Clone, Copy)]
struct Beat(Instant);

impl Beat {
    /// ms since some time before the queue began.
    fn now(self) -> i64 {
        let since = i64::try_from(self.0.elapsed().as_millis()).unwrap_or(i64::MAX);
        since.saturating_add(MEMORY_MS)
    }
}

/// Runs the queue until the platform stops.
pub(crate) async fn run(state: AppState) {
    let busy = Busy::default();
    let beat = Beat(Instant::now());
    let mut calls: JoinSet<Option<(String, i64)>> = JoinSet::new();
    let mut last = String::new();
    let mut pace = remember(&state, beat).await;
    loop {
        let now = state.ports.clock.now_ms();
        pace.tidy(beat.now());
        let wake_at = match state.store.read(see).await {
            Ok(seen) => {
                if show_lines(&state, &seen).await {
                    continue;
                }
                let times = Times { now, beat: beat.now() };
                let look = look(&seen, times, &busy.snapshot(), &last, &pace);
                if !look.lost.is_empty() && give_up(&state, look.lost).await {
                    continue;
                }
                for slowed in look.slowed {
                    let written = state
                        .store
                        .write(move |tx| attempt::slow(tx, &slowed.message, slowed.until))
                        .await;
                    if let Err(error) = written {
                        log::error!("send_slow cause=\"{error}\"");
                    }
                }
                let mut wake_at = look.wake_at;
                for Ready { conversation, channel } in look.ready {
                    let wait = pace.number_free_at(&channel) - times.beat;
                    if wait > 0 {
                        wake_at = Some(wake_at.map_or(now + wait, |at| at.min(now + wait)));
                        continue;
                    }
                    if busy.count() >= PARALLEL || busy.count_of(&channel) >= PER_NUMBER {
                        continue;
                    }
                    pace.take(&channel, &conversation, times.beat);
                    last.clone_from(&conversation);
                    let guard = busy.guard(&conversation, &channel);
                    let state = state.clone();
                    calls.spawn(async move {
                        let ended = one(&state, conversation).await;
                        drop(guard);
                        match ended {
                            Ended::Alone => None,
                            Ended::SlowFor(wait) => Some((channel, wait)),
                        }
                    });
                }
                wake_at
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
            Some(ended) = calls.join_next() => {
                if let Ok(Some((channel, wait))) = ended {
                    pace.slow(&channel, beat.now() + wait);
                }
            }
            () = state.sends.woken() => {}
            () = time::sleep(pause.unwrap_or_default()), if pause.is_some() => {}
        }
    }
    // A call that is out had better be answered: otherwise a person has to find out.
    let _ = time::timeout(LAST_ANSWERS, async { while calls.join_next().await.is_some() {} }).await;
}

/// The pace as the attempts of the last minutes left it.
async fn remember(state: &AppState, beat: Beat) -> Pace {
    let now = state.ports.clock.now_ms();
    let since = now - MEMORY_MS;
    let mut pace = Pace::default();
    match state.store.read(move |sql| sends::recorded_since(sql, since)).await {
        Ok(recorded) => {
            for attempt in recorded {
                // One of a time that is still to come: the clock was set back, and it may be new.
                let ago = (now - attempt.at).clamp(0, MEMORY_MS);
                pace.take(&attempt.channel, &attempt.conversation, beat.now() - ago);
            }
        }
        Err(error) => log::warn!("send_pace_not_read cause=\"{error}\""),
    }
    pace
}

/// Writes down that nobody will hear what came of these calls. Whether that was done: then the queue
/// looks again.
async fn give_up(state: &AppState, lost: Vec<String>) -> bool {
    let mut written = true;
    for message in lost {
        log::error!("send_call_lost message={message}");
        if let Err(error) = state.store.write(move |tx| attempt::lost(tx, &message)).await {
            log::error!("send_lost cause=\"{error}\"");
            written = false;
        }
    }
    written
}

/// Has every waiting message of a channel show whether its line is stopped. Whether something was
/// written: then the queue looks again.
async fn show_lines(state: &AppState, seen: &Seen) -> bool {
    let wrong: BTreeSet<String> = seen
        .rows
        .iter()
        .filter(|row| row.state == State::Waiting)
        .filter(|row| row.line.as_deref() != seen.stopped.get(&row.channel).copied())
        .map(|row| row.channel.clone())
        .collect();
    let mut written = false;
    for channel in wrong {
        match state.store.write(move |tx| held::show(tx, &channel)).await {
            Ok(()) => written = true,
            Err(error) => log::error!("send_line_not_shown cause=\"{error}\""),
        }
    }
    written
}

/// A conversation with something to send now.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ready {
    conversation: String,
    channel: String,
}

/// A message whose recipient had many.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Slowed {
    message: String,
    until: i64,
}

/// When a look is taken.
#[derive(Debug, Clone, Copy)]
struct Times {
    /// ms UTC, as rows and phones have it.
    now: i64,
    /// [`Beat::now`], as the pace has it.
    beat: i64,
}

/// What a look at the whole queue shows.
struct Look {
    /// Conversations with something to send now, in turn.
    ready: Vec<Ready>,
    /// Messages that wait for their recipient's limit and do not say so yet.
    slowed: Vec<Slowed>,
    /// Messages with an attempt although no call for them runs.
    lost: Vec<String>,
    /// When the next one may be ready by time alone, ms UTC.
    wake_at: Option<i64>,
}

/// Looks at all open sends. Turns are taken: those behind the conversation served `last` come
/// first, so that a long queue of one does not starve another. A stopped line has no turn.
fn look(seen: &Seen, times: Times, busy: &BTreeSet<String>, last: &str, pace: &Pace) -> Look {
    let now = times.now;
    let mut look = Look { ready: Vec::new(), slowed: Vec::new(), lost: Vec::new(), wake_at: None };
    let wake = |held: Option<i64>, at: i64| Some(held.map_or(at, |held| held.min(at)));
    for chat in seen.rows.chunk_by(|a, b| a.conversation == b.conversation) {
        let Some(first) = chat.first() else { continue };
        let conversation = &first.conversation;
        if busy.contains(conversation) {
            continue;
        }
        // A call that runs is busy until its end is written down, and it was seen before that.
        if let Some(row) = chat.iter().find(|row| row.state == State::Attempted) {
            look.lost.push(row.message.clone());
            continue;
        }
        if seen.stopped.contains_key(&first.channel) {
            continue;
        }
        match order::next(chat, now) {
            Next::Send(row) => {
                let wait = pace.pair_free_at(conversation) - times.beat;
                if wait <= 0 {
                    let (conversation, channel) = (conversation.clone(), row.channel.clone());
                    look.ready.push(Ready { conversation, channel });
                    continue;
                }
                look.wake_at = wake(look.wake_at, now + wait);
                if wait > SHOWN_WAIT_MS {
                    look.slowed.push(Slowed { message: row.message.clone(), until: now + wait });
                }
            }
            Next::At(at) => look.wake_at = wake(look.wake_at, at),
            Next::Idle => {}
        }
    }
    let turn = look.ready.partition_point(|ready| ready.conversation.as_str() <= last);
    look.ready.rotate_left(turn);
    look
}

/// Sends the next message of one conversation, if it may go.
async fn one(state: &AppState, conversation: String) -> Ended {
    let attempt = loop {
        match begin(state, &conversation).await {
            None => return Ended::Alone,
            Some(Begin::Call(attempt)) => break attempt,
            Some(Begin::Upload(need)) => match bring(state, need).await {
                Went::Up => {}
                Went::Not(ended) => return ended,
            },
        }
    };
    log::info!("send_attempt message={}", attempt.message);
    let result = call(state, attempt.request, CALL_LIMIT).await;
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
            Ok(ended) => return ended,
            // Until this is written the message stays attempted, which is the safe side.
            Err(error) => log::error!("send_finish cause=\"{error}\""),
        }
        time::sleep(STORE_PAUSE).await;
    }
}

/// Makes a call that ends in any case: one that falls over may have gone out, and its conversation
/// must not stand still.
pub(crate) async fn call(
    state: &AppState,
    request: GraphRequest,
    limit: Duration,
) -> Result<GraphAnswer, GraphFailure> {
    let call = async { state.ports.graph.call(request).await };
    match time::timeout(limit, AssertUnwindSafe(call).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) | Err(_) => Err(GraphFailure::Unanswered),
    }
}

/// What became of a file that had to go up.
enum Went {
    Up,
    Not(Ended),
}

/// Brings the file of a message up to Meta.
async fn bring(state: &AppState, need: Need) -> Went {
    let message = need.message.clone();
    let result = match upload::up(state, &need).await {
        Ok(()) => return Went::Up,
        Err(result) => Arc::new(result),
    };
    let written = state.store.write(move |tx| attempt::upload_failed(tx, &message, &result)).await;
    match written {
        Ok(ended) => Went::Not(ended),
        Err(error) => {
            log::error!("send_upload_failed cause=\"{error}\"");
            time::sleep(STORE_PAUSE).await;
            Went::Not(Ended::Alone)
        }
    }
}

/// What the next message of a conversation needs.
enum Begin {
    Call(Attempt),
    Upload(Need),
}

/// Records the next attempt of a conversation, once the raw webhooks that were received by then
/// are worked off or have had their time.
async fn begin(state: &AppState, conversation: &str) -> Option<Begin> {
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
            Ok(Begun::Call(attempt)) => return Some(Begin::Call(attempt)),
            Ok(Begun::Upload(need)) => return Some(Begin::Upload(need)),
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

/// The conversations with a call in flight, and their channels.
#[derive(Debug, Clone, Default)]
struct Busy(Arc<Mutex<BTreeMap<String, String>>>);

impl Busy {
    fn snapshot(&self) -> BTreeSet<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn count_of(&self, channel: &str) -> usize {
        let busy = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        busy.values().filter(|of| *of == channel).count()
    }

    /// Marks a conversation until the guard is dropped, however its task ends.
    fn guard(&self, conversation: &str, channel: &str) -> BusyGuard {
        let mut busy = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        busy.insert(conversation.to_owned(), channel.to_owned());
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
            line: None,
            upload_tries: 0,
        }
    }

    fn seen(rows: Vec<SendRow>) -> Seen {
        Seen { rows, stopped: BTreeMap::new() }
    }

    fn names(look: &Look) -> Vec<&str> {
        look.ready.iter().map(|ready| ready.conversation.as_str()).collect()
    }

    #[test]
    fn turns_are_taken() {
        let seen = seen(vec![row("a", 0), row("b", 0), row("c", 70), row("d", 0), row("e", 60)]);
        let busy = BTreeSet::from(["d".to_owned()]);
        let pace = Pace::default();
        let at = |now| Times { now, beat: now };
        let first = look(&seen, at(5), &busy, "", &pace);
        assert_eq!((names(&first), first.wake_at), (vec!["a", "b"], Some(60)));
        assert_eq!(names(&look(&seen, at(5), &busy, "a", &pace)), ["b", "a"]);
        assert_eq!(names(&look(&seen, at(5), &busy, "z", &pace)), ["a", "b"]);
    }

    #[test]
    fn a_stopped_line_has_no_turn_and_others_do() {
        let mut other = row("b", 0);
        other.channel = "i".into();
        let mut seen = seen(vec![row("a", 0), other, row("c", 9)]);
        seen.stopped.insert("h".into(), "R5");
        let at = Times { now: 0, beat: 0 };
        let found = look(&seen, at, &BTreeSet::new(), "", &Pace::default());
        assert_eq!((names(&found), found.wake_at), (vec!["b"], None));
    }

    #[test]
    fn a_recipient_with_many_waits_and_says_so() {
        let mut pace = Pace::default();
        for _ in 0..46 {
            pace.take("i", "a", 0);
        }
        // The wait is the pace's, its time that of rows and phones.
        let at = Times { now: 70_000, beat: 0 };
        let found = look(&seen(vec![row("a", 0), row("b", 0)]), at, &BTreeSet::new(), "", &pace);
        assert_eq!((names(&found), found.wake_at), (vec!["b"], Some(82_000)));
        assert_eq!(found.slowed, [Slowed { message: "a".into(), until: 82_000 }]);
    }

    #[test]
    fn a_conversation_is_free_again_however_its_call_ends() {
        let busy = Busy::default();
        let guard = busy.guard("a", "h");
        assert_eq!((busy.count(), busy.count_of("h"), busy.count_of("i")), (1, 1, 0));
        drop(guard);
        assert_eq!(busy.count(), 0);
    }
}

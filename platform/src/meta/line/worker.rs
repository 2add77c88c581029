//! What time alone does to lines, and the second source beside webhooks: Meta's phone node.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::time;

use super::events::Topic;
use super::reading::{FIELDS, Reading};
use super::{causes, refresh};
use crate::meta::ask::{Refusal, ask};
use crate::meta::graph::GraphRequest;
use crate::meta::marks::Marks;
use crate::meta::onboarding;
use crate::meta::seal;
use crate::state::AppState;
use crate::store::{StoreError, WriteTx, accounts, lines};
use crate::support::{Rng, Secret};

/// How often days, ends of limits and quiet imports are looked at.
const ROUND: Duration = Duration::from_mins(1);

/// Time between two readings of a number, ms; up to a quarter more by chance, so that the numbers
/// of one server do not ask at once.
const READ_EVERY_MS: i64 = 60 * 60 * 1_000;

/// A reading may show the state of before: it lifts, and ends, only what began longer ago than this,
/// ms.
pub(crate) const LAG_MS: i64 = 10 * 60 * 1_000;

/// Readings at the same time.
const AT_ONCE: usize = 16;

/// Runs the worker until the platform stops.
pub(crate) async fn run(state: AppState) {
    loop {
        tokio::select! {
            biased;
            () = state.stop.stopped() => return,
            () = time::sleep(ROUND) => {}
        }
        tokio::select! {
            biased;
            // A reading in flight is no loss: the next hour has another.
            () = state.stop.stopped() => return,
            done = round(&state) => if let Err(error) = done {
                log::error!("line_round cause=\"{error}\"");
            },
        }
    }
}

/// Readings of the numbers whose time has come, then a look at every line: after a long pause of this
/// server the reading shows that all is well before anybody is told otherwise.
async fn round(state: &AppState) -> Result<(), StoreError> {
    let due = state.store.write(due).await?;
    // Beside each other: one that gets no answer must not keep the others' days waiting.
    let read = stream::iter(due).map(|channel| async move {
        if let Err(refusal) = read_now(state, &channel).await? {
            log::info!("phone_node channel={channel} passes={}", refusal.may_pass());
        }
        Ok::<_, StoreError>(())
    });
    read.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    state
        .store
        .write(|tx| -> Result<(), StoreError> {
            let mut marks = Marks::default();
            for (channel, _) in lines::looks(tx.sql())? {
                refresh(tx, &mut marks, &channel)?;
            }
            marks.write(tx)
        })
        .await?;
    onboarding::round(state).await?;
    // A limit that has ended may have held something.
    state.sends.wake();
    Ok(())
}

/// The channels whose phone node is to be read now; the time of the next reading is set.
fn due(tx: &mut WriteTx<'_>) -> Result<Vec<String>, StoreError> {
    let (now, mut due) = (tx.now(), Vec::new());
    for (channel, look_at) in lines::looks(tx.sql())? {
        match look_at {
            // A new number: somewhere within the hour.
            None => {
                let at = now + chance(tx.rng(), READ_EVERY_MS);
                lines::set_look_at(tx.sql(), &channel, at)?;
            }
            // A time further off than it ever is was set by a clock that ran ahead.
            Some(at) if at <= now || at - now > 2 * READ_EVERY_MS => {
                let next = now + READ_EVERY_MS + chance(tx.rng(), READ_EVERY_MS / 4);
                lines::set_look_at(tx.sql(), &channel, next)?;
                due.push(channel);
            }
            Some(_) => {}
        }
    }
    Ok(due)
}

/// From 0 up to `most` (exclusive).
fn chance(rng: &dyn Rng, most: i64) -> i64 {
    let mut bytes = [0; 8];
    rng.fill(&mut bytes);
    let drawn = i64::try_from(u64::from_le_bytes(bytes) >> 1).unwrap_or(0);
    drawn.checked_rem(most).unwrap_or(0)
}

/// Reads the phone node of a channel now and takes in what it says; the refusal if there was one.
pub(crate) async fn read_now(
    state: &AppState,
    channel: &str,
) -> Result<Result<Reading, Refusal>, StoreError> {
    let id = channel.to_owned();
    let found = state.store.read(move |sql| lines::address(sql, &id)).await?;
    let Some(address) = found else { return Ok(Err(Refusal::NotSent)) };
    let Some(token) = open(state, &address.token_sealed) else {
        log::error!("token_sealed_with_another_key channel={channel}");
        return Ok(Err(Refusal::NotSent));
    };
    let request = GraphRequest {
        query: vec![("fields", Secret::new(FIELDS))],
        ..GraphRequest::get(format!("/{}", address.phone_number_id), token)
    };
    let asked_at = state.ports.clock.now_ms();
    let answer = ask(state.ports.graph.as_ref(), request).await.map(|node| Reading::of(&node));
    let (id, said) = (channel.to_owned(), answer.clone());
    state
        .store
        .write(move |tx| {
            // Connected anew while Meta was asked: this answer is about ids and a token of before.
            match lines::address(tx.sql(), &id)? {
                Some(now) if now == address => take_in(tx, &id, asked_at, &said),
                _ => Ok(()),
            }
        })
        .await?;
    state.sends.wake();
    Ok(answer)
}

/// The access token behind a sealed value.
pub(crate) fn open(state: &AppState, sealed: &[u8]) -> Option<Secret> {
    let bytes = seal::open(&state.settings.key, sealed).ok()?;
    std::str::from_utf8(&bytes).ok().map(Secret::new)
}

/// What a reading (or its refusal) does to a line.
fn take_in(
    tx: &mut WriteTx<'_>,
    channel: &str,
    asked_at: i64,
    answer: &Result<Reading, Refusal>,
) -> Result<(), StoreError> {
    let mut marks = Marks::default();
    match answer {
        Ok(reading) => {
            let was_on_app = lines::note_reading(tx.sql(), channel, asked_at, reading)?;
            let held = lines::held(tx.sql(), channel)?;
            let old = |since: i64| since.saturating_add(LAG_MS) <= asked_at;
            // Whoever may read the node has access.
            let mut over = vec![causes::ACCESS_WITHDRAWN, causes::NUMBER_GONE];
            if reading.payment_trouble() == Some(false) {
                over.push(causes::PAYMENT);
            }
            let (over, young): (Vec<_>, Vec<_>) = held
                .iter()
                .filter(|held| over.contains(&held.cause.as_str()))
                .partition(|held| old(held.since));
            for held in over {
                super::lift(tx, &mut marks, channel, Some(&held.cause))?;
            }
            // What began just now is looked at again as soon as a reading can tell.
            let mut again: Vec<i64> = young.iter().map(|held| held.since).collect();
            if let Some(on_app) = reading.on_app {
                again.extend(connection(tx, &mut marks, channel, asked_at, (on_app, was_on_app))?);
            }
            if let Some(since) = again.into_iter().max() {
                lines::look_by(tx.sql(), channel, since.saturating_add(LAG_MS))?;
            }
        }
        Err(refusal) => {
            let code = refusal.code();
            log::warn!("phone_node_not_read channel={channel} code={}", code.unwrap_or(0));
            // A token without the right to read the node may still send: only these are certain.
            let certain = code.filter(|code| matches!(code, 0 | 33 | 190));
            if let Some((cause, reason)) = certain.and_then(causes::of_code) {
                let stop = super::Stop { reason, cause: cause.to_owned(), code, since: asked_at };
                super::stop(tx, &mut marks, channel, stop)?;
            }
        }
    }
    refresh(tx, &mut marks, channel)?;
    marks.write(tx)
}

/// What a reading says of the connection; since when something stands that it cannot judge yet.
fn connection(
    tx: &mut WriteTx<'_>,
    marks: &mut Marks,
    channel: &str,
    asked_at: i64,
    (on_app, was_on_app): (bool, bool),
) -> Result<Option<i64>, StoreError> {
    let judged_until = asked_at.saturating_sub(LAG_MS);
    let held = lines::held(tx.sql(), channel)?;
    let newest = held
        .iter()
        .filter(|held| causes::OF_CONNECTION.contains(&held.cause.as_str()))
        .map(|held| held.since)
        .max();
    if on_app {
        // News that is older than what Meta says now comes too late.
        let topic = Topic::Connection.word();
        accounts::note_news(tx.sql(), channel, topic, "reading", judged_until)?;
    }
    match (on_app, newest) {
        (true, Some(since)) if since <= judged_until => {
            super::connected(tx, marks, channel, asked_at)?;
        }
        (true, Some(since)) => return Ok(Some(since)),
        (false, None) if was_on_app => {
            let since = lines::facts(tx.sql(), channel)?.map_or(0, |(_, facts)| facts.connected_at);
            if since > judged_until {
                return Ok(Some(since));
            }
            let cause = causes::UNLINKED.to_owned();
            let stop = super::Stop { reason: "R5", cause, code: None, since: asked_at };
            super::stop(tx, marks, channel, stop)?;
        }
        _ => {}
    }
    Ok(None)
}

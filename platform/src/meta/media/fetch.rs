//! The worker that brings customers' files here while Meta holds them: seven days (whatsapp.md 5.3).

use std::time::Duration;

use futures_util::StreamExt as _;
use ring::digest::{Context, SHA256};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time;

use super::files::{CHUNK, Disk};
use super::kinds::MAX_FILE;
use super::{hex, hex_of};
use crate::meta::codes::Class;
use crate::meta::graph::GraphRequest;
use crate::meta::marks::Marks;
use crate::meta::send::attempt::open_token;
use crate::meta::send::queue::call;
use crate::meta::send::{backoff, request};
use crate::state::AppState;
use crate::store::media::{self, MediaRow};
use crate::store::texts::MessageRow;
use crate::store::{StoreError, WriteTx, chats, texts};
use crate::support::Secret;

/// How many files come at once.
const PARALLEL: usize = 4;
/// How long Meta holds a file that a customer sent, ms.
const HELD_FOR_MS: i64 = 7 * 24 * 60 * 60 * 1_000;
/// So often Meta may say that it knows no such file before it is believed.
const TRIES_OF_UNKNOWN: i64 = 3;
/// Time for a call that asks for an address.
const ASK_LIMIT: Duration = Duration::from_secs(45);
/// Time for a whole file.
const FILE_LIMIT: Duration = Duration::from_mins(10);
/// Longest wait between two tries, ms.
const LONGEST_WAIT_MS: i64 = 60 * 60 * 1_000;
/// The worker looks again after this at the latest.
const LOOK_AGAIN_MS: i64 = 60_000;
/// How often the disk is swept.
const SWEEP_MS: i64 = 60 * 60 * 1_000;

/// Runs the worker until the platform stops.
pub(crate) async fn run(state: AppState) {
    let mut running: JoinSet<String> = JoinSet::new();
    let mut busy: Vec<String> = Vec::new();
    let mut sweep_at = 0;
    loop {
        let now = state.ports.clock.now_ms();
        if now >= sweep_at {
            sweep_at = now + SWEEP_MS;
            if let Err(error) = super::sweep(&state).await {
                log::warn!("media_not_swept cause=\"{error}\"");
            }
        }
        let limit = i64::try_from(PARALLEL + busy.len()).unwrap_or(i64::MAX);
        let seen = state.store.read(move |sql| {
            let wanted = media::wanted(sql, now, backoff::LONGEST_MS, limit)?;
            Ok::<_, StoreError>((wanted, media::next_wanted_at(sql)?))
        });
        let next_at = match seen.await {
            Ok((wanted, next_at)) => {
                for row in wanted {
                    if busy.len() >= PARALLEL {
                        break;
                    }
                    if !busy.contains(&row.message) {
                        busy.push(row.message.clone());
                        let state = state.clone();
                        running.spawn(async move {
                            let message = row.message.clone();
                            one(&state, row).await;
                            message
                        });
                    }
                }
                next_at
            }
            Err(error) => {
                log::error!("media_queue cause=\"{error}\"");
                Some(now + 1_000)
            }
        };
        // What is running answers by itself; only what is not due yet is waited for.
        let wait = next_at.filter(|at| *at > now).unwrap_or(now + LOOK_AGAIN_MS) - now;
        let pause = u64::try_from(wait.clamp(1, LOOK_AGAIN_MS)).unwrap_or(1);
        tokio::select! {
            biased;
            () = state.stop.stopped() => return,
            Some(ended) = running.join_next() => match ended {
                Ok(message) => busy.retain(|held| *held != message),
                // Whose it was is not told; when nothing runs nothing is busy.
                Err(_) if running.is_empty() => busy.clear(),
                Err(_) => {}
            },
            () = state.media.woken() => {}
            () = time::sleep(Duration::from_millis(pause)) => {}
        }
    }
}

/// What one try came to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Came {
    /// The file is here: hash and bytes.
    Here { sha256: String, size: i64, mime: Option<String> },
    /// It never comes: `gone`, `too_large` or `refused`.
    Never(&'static str),
    /// It may come later; Meta may have said when, ms.
    Later(Option<i64>),
    /// Meta says that it knows no such file.
    Unknown,
}

async fn one(state: &AppState, row: MediaRow) {
    let (message, meta_id) = (row.message.clone(), row.meta_id.clone());
    let came = match time::timeout(FILE_LIMIT, fetch(state, &row)).await {
        Ok(came) => came,
        Err(_) => Came::Later(None),
    };
    if !matches!(came, Came::Here { .. }) {
        log::info!("media_not_here message={message} tries={}", row.tries + 1);
    }
    let written = state.store.write(move |tx| note(tx, &message, meta_id.as_deref(), came)).await;
    if let Err(error) = written {
        log::error!("media_not_noted cause=\"{error}\"");
        time::sleep(Duration::from_secs(1)).await;
    }
}

async fn fetch(state: &AppState, row: &MediaRow) -> Came {
    if state.disk.is_below() {
        // Messages need the room that is left more than files do, which Meta holds for days.
        return Came::Later(None);
    }
    let channel = row.channel.clone();
    let source = state.store.read(move |sql| media::source(sql, &channel)).await;
    let (Ok(Some(source)), Some(meta_id)) = (source, &row.meta_id) else {
        return Came::Later(None);
    };
    let Some(token) = open_token(&source.token_sealed, &state.settings.key) else {
        return Came::Later(None);
    };
    // An address lives five minutes; one that is over is asked for once more before the wait.
    let mut came = Came::Later(None);
    for _ in 0..2 {
        let asked = match ask(state, meta_id, &source.phone_number_id, &token, row.tries).await {
            Ok(asked) => asked,
            Err(came) => return came,
        };
        came = match load(state, row, asked, token.clone()).await {
            Some(came) => return came,
            None => Came::Later(None),
        };
    }
    came
}

/// Where a file lies and what Meta says of it.
struct Asked {
    url: String,
    mime: Option<String>,
    sha256: Option<String>,
}

/// `GET /{media_id}`: the address of the file.
async fn ask(
    state: &AppState,
    meta_id: &str,
    phone_number_id: &str,
    token: &Secret,
    tries: i64,
) -> Result<Asked, Came> {
    // It came in a webhook and goes into a path.
    if meta_id.is_empty() || !meta_id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(Came::Never("refused"));
    }
    let mut request = GraphRequest::get(format!("/{meta_id}"), token.clone());
    request.query = vec![("phone_number_id", Secret::new(phone_number_id))];
    let answer = call(state, request, ASK_LIMIT).await.map_err(|_| Came::Later(None))?;
    if !(200..300).contains(&answer.status) {
        let (meaning, code) = request::error(&answer, tries + 1);
        return Err(match meaning.class {
            Class::Permanent if code == Some(131_052) => Came::Never("too_large"),
            Class::Permanent => Came::Unknown,
            _ => Came::Later(answer.retry_after_ms),
        });
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let size = body.get("file_size");
    let size = size.and_then(|size| size.as_i64().or_else(|| size.as_str()?.parse().ok()));
    if size.is_some_and(|size| size > MAX_FILE) {
        return Err(Came::Never("too_large"));
    }
    let Some(url) = text("url") else { return Err(Came::Later(None)) };
    if !state.ports.graph.may_fetch(&url) {
        // The address may hold what is private; that there was one is enough.
        log::error!("media_address_refused");
        return Err(Came::Never("refused"));
    }
    let sha256 = text("sha256").and_then(|hash| hex_of(&hash));
    Ok(Asked { url, mime: text("mime_type"), sha256 })
}

/// Loads a file to the disk as it comes; none if its address is over.
async fn load(state: &AppState, row: &MediaRow, asked: Asked, token: Secret) -> Option<Came> {
    let Ok(file) = state.ports.graph.fetch(asked.url, token).await else {
        return Some(Came::Later(None));
    };
    match file.status {
        200 => {}
        401 | 403 | 404 | 410 => return None,
        _ => return Some(Came::Later(file.retry_after_ms)),
    }
    let disk = Disk::of(state);
    let name = &row.message;
    let mut chunks = file.chunks;
    let mut hash = Context::new(&SHA256);
    let (mut written, mut buffer) = (0_u64, Vec::new());
    loop {
        let chunk = match chunks.next().await {
            Some(Ok(chunk)) => Some(chunk),
            Some(Err(_)) => return Some(Came::Later(None)),
            None => None,
        };
        if let Some(chunk) = &chunk {
            hash.update(chunk);
            buffer.extend_from_slice(chunk);
        }
        if buffer.len() >= CHUNK || chunk.is_none() {
            let bytes = std::mem::take(&mut buffer);
            let length = u64::try_from(bytes.len()).unwrap_or(0);
            if let Err(error) = disk.write(name, written, bytes).await {
                log::error!("media_not_written cause={:?}", error.kind());
                return Some(Came::Later(None));
            }
            written += length;
        }
        if i64::try_from(written).is_ok_and(|written| written > MAX_FILE) {
            disk.drop_part(name).await;
            return Some(Came::Never("too_large"));
        }
        if chunk.is_none() {
            break;
        }
    }
    let sha256 = hex(hash.finish().as_ref());
    let said = asked.sha256.as_ref().or(row.sha256.as_ref());
    if said.is_some_and(|said| *said != sha256) {
        log::warn!("media_hash_differs message={name}");
        return Some(Came::Later(None));
    }
    // From here on the row names the file, so that no sweep takes it.
    let (fetched, kept) = (row.clone(), sha256.clone());
    let named = state.store.write(move |tx| {
        let held = media::get(tx.sql(), &fetched.message)?;
        if let Some(held) = held.filter(|held| held.meta_id == fetched.meta_id) {
            media::put(tx.sql(), &MediaRow { sha256: Some(kept), ..held })?;
        }
        Ok::<_, StoreError>(())
    });
    if named.await.is_err() || disk.finish(name, &sha256).await.is_err() {
        return Some(Came::Later(None));
    }
    let size = i64::try_from(written).unwrap_or(i64::MAX);
    Some(Came::Here { sha256, size, mime: asked.mime })
}

/// Writes down what a try came to. An edit may have brought another file meanwhile: what was learnt of
/// the old one says nothing about it.
fn note(
    tx: &mut WriteTx<'_>,
    message: &str,
    meta_id: Option<&str>,
    came: Came,
) -> Result<(), StoreError> {
    let held = media::get(tx.sql(), message)?;
    let Some(mut row) = held.filter(|held| held.meta_id.as_deref() == meta_id) else {
        return Ok(());
    };
    let now = tx.now();
    row.tries += 1;
    let state = match came {
        Came::Here { sha256, size, mime } => {
            if let Some(mime) = mime.filter(|mime| super::kinds::is_mime(mime)) {
                row.mime = mime;
            }
            row.size = Some(size);
            row.sha256 = Some(sha256);
            "ready"
        }
        Came::Never(word) => word,
        Came::Unknown if row.tries >= TRIES_OF_UNKNOWN => "gone",
        Came::Later(_) | Came::Unknown if now - row.since >= HELD_FOR_MS => "gone",
        Came::Later(retry_after) => return later(tx, row, retry_after),
        Came::Unknown => return later(tx, row, None),
    };
    row.state = state.into();
    if row.state != "ready" {
        log::warn!("media_never_comes message={message} state={}", row.state);
    }
    media::put(tx.sql(), &row)?;
    let Some(mut held) = texts::by_id(tx.sql(), message)? else { return Ok(()) };
    if show(tx, &row, &mut held)?
        && let Some(chat) = chats::by_id(tx.sql(), &held.conversation)?
    {
        let mut marks = Marks::default();
        marks.message(&chat.workspace, &chat.id, held.n, message);
        if held.n == chat.last_n {
            marks.conversation(&chat.workspace, &chat.id);
        }
        marks.write(tx)?;
    }
    Ok(())
}

/// Puts what is known of a file into its message's body; whether that changed it.
pub(super) fn show(
    tx: &WriteTx<'_>,
    row: &MediaRow,
    held: &mut MessageRow,
) -> Result<bool, StoreError> {
    let Some(body) = held.body.as_object_mut().filter(|_| !held.deleted) else { return Ok(false) };
    let before = body.clone();
    body.remove("trouble");
    body.insert("ready".into(), (row.state == "ready").into());
    match row.state.as_str() {
        "ready" => {
            body.insert("media".into(), row.message.clone().into());
            body.insert("mime".into(), row.mime.clone().into());
            if let (Some(size), Some(sha256)) = (row.size, &row.sha256) {
                body.insert("size".into(), size.into());
                body.insert("sha256".into(), sha256.clone().into());
            }
        }
        "wanted" => {}
        trouble => {
            body.insert("trouble".into(), trouble.into());
        }
    }
    let changed = *body != before;
    if changed {
        texts::set_body(tx.sql(), held)?;
    }
    Ok(changed)
}

fn later(tx: &WriteTx<'_>, mut row: MediaRow, retry_after: Option<i64>) -> Result<(), StoreError> {
    // Up to a minute like a send, then slower: what does not come in ten tries needs time.
    let slower = u32::try_from((row.tries - 8).clamp(0, 6)).unwrap_or(0);
    let wait = backoff::wait_ms(row.tries, retry_after, tx.rng());
    let wait = (wait.max(1_000) << slower).min(LONGEST_WAIT_MS);
    row.next_try_at = tx.now() + wait;
    media::put(tx.sql(), &row)
}

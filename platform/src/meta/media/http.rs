//! `/v1/media`: phones bring files in pieces and fetch them in pieces (protocol.md 5).

use std::io::ErrorKind;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::{StreamExt as _, stream};
use serde_json::json;

use super::files::{CHUNK, Disk};
use super::kinds::{MAX_FILE, MediaKind};
use crate::agents::body::is_sha256;
use crate::agents::error::{ApiError, ErrorCode};
use crate::agents::http::Params;
use crate::agents::session::{Caller, still};
use crate::feed::scope::may_see;
use crate::state::AppState;
use crate::store::StoreError;
use crate::store::media::{self, Shown, UploadRow};

/// How far an upload is, bytes.
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");

/// How long an upload may stand still before the connection is given up.
const STANDSTILL: Duration = Duration::from_mins(1);

/// `HEAD /v1/media/{sha256}`: how far this device's upload is.
pub(crate) async fn head(
    State(state): State<AppState>,
    caller: Caller,
    Path(sha256): Path<String>,
) -> Result<Response, ApiError> {
    let device = caller.actor.device;
    let held = upload(&state, &device, &sha256).await?;
    let held = held.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    let offset = match held.complete_at {
        Some(_) => held.total,
        None => length(&state, &part(&device, &sha256)).await?,
    };
    Ok((StatusCode::OK, [(UPLOAD_OFFSET, HeaderValue::from(offset))]).into_response())
}

/// `PUT /v1/media/{sha256}`: the next piece, or the whole.
pub(crate) async fn put(
    State(state): State<AppState>,
    caller: Caller,
    Path(sha256): Path<String>,
    params: Params,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    if !is_sha256(&sha256) {
        return Err(ApiError::malformed("sha256"));
    }
    let range = Piece::read(&headers)?;
    let limit = limit(&params)?;
    if range.total > limit {
        return Err(ApiError::with(ErrorCode::TooLarge, json!({"limit": limit})));
    }
    if state.disk.is_below() {
        return Err(ApiError::new(ErrorCode::ServerFull));
    }
    let device = caller.actor.device.clone();
    let name = part(&device, &sha256);
    let Some(_guard) = state.uploads.begin(&name) else {
        // Another request is writing it, perhaps one whose phone is long gone.
        return Ok(wrong_offset(length(&state, &name).await?));
    };
    let disk = Disk::of(&state);
    let held = upload(&state, &device, &sha256).await?;
    match &held {
        Some(held) if held.complete_at.is_some() => return Ok(at(held.total)),
        Some(held) if held.total != range.total => disk.drop_part(&name).await,
        _ => {}
    }
    let have = length(&state, &name).await?;
    if have != range.first {
        return Ok(wrong_offset(have));
    }
    let row = UploadRow { total: range.total, complete_at: None };
    keep(&state, &caller, &sha256, row.clone()).await?;
    let have = receive(&disk, &name, &range, body).await?;
    if have < range.total {
        return Ok(at(have));
    }
    if disk.hash_part(&name).await.map_err(|e| fault(&e))? != sha256 {
        disk.drop_part(&name).await;
        state.store.write(move |tx| media::drop_upload(tx.sql(), &device, &sha256)).await?;
        return Err(ApiError::new(ErrorCode::HashMismatch));
    }
    disk.finish(&name, &sha256).await.map_err(|e| fault(&e))?;
    let now = state.ports.clock.now_ms();
    keep(&state, &caller, &sha256, UploadRow { complete_at: Some(now), ..row }).await?;
    Ok(at(have))
}

/// Writes a piece as it comes and gives the length reached. What was written when the connection
/// breaks stays, and the phone goes on from there.
async fn receive(disk: &Disk, name: &str, range: &Piece, body: Body) -> Result<i64, ApiError> {
    let mut stream = body.into_data_stream();
    let (mut written, mut buffer) = (range.first, Vec::new());
    let mut cut = false;
    loop {
        let chunk = match tokio::time::timeout(STANDSTILL, stream.next()).await {
            Ok(Some(Ok(chunk))) => Some(chunk),
            Ok(None) => None,
            Ok(Some(Err(_))) | Err(_) => {
                cut = true;
                None
            }
        };
        let ended = chunk.is_none();
        if let Some(chunk) = chunk {
            buffer.extend_from_slice(&chunk);
        }
        let length = i64::try_from(buffer.len()).unwrap_or(i64::MAX);
        if written.saturating_add(length) > range.last + 1 {
            return Err(ApiError::malformed("Content-Range"));
        }
        if !buffer.is_empty() && (ended || buffer.len() >= CHUNK) {
            let offset = u64::try_from(written).unwrap_or(0);
            let bytes = std::mem::take(&mut buffer);
            disk.write(name, offset, bytes).await.map_err(|e| fault(&e))?;
            written += length;
        }
        if ended {
            // A piece that ends early without breaking is a mistake of its sender.
            if cut || written <= range.last {
                return Err(ApiError::malformed("body"));
            }
            return Ok(written);
        }
    }
}

/// `GET /v1/media/{id}`: a file of a message in the reader's scope, or a range of it.
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let actor = caller.actor;
    let shown = state
        .store
        .read(move |sql| -> Result<Option<Shown>, StoreError> {
            let Some(shown) = media::shown(sql, &actor.workspace, &id)? else { return Ok(None) };
            Ok(may_see(sql, &actor, &shown.conversation)?.then_some(shown))
        })
        .await?;
    let media = shown.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?.media;
    let sha256 = media.sha256.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    let disk = Disk::of(&state);
    let length = disk.whole_length(&sha256).await;
    let length = length.ok_or_else(|| ApiError::internal("media_not_on_disk"))?;
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let (status, first, count) = match asked.map_or(Asked::All, |range| Asked::read(range, length))
    {
        Asked::All => (StatusCode::OK, 0, length),
        Asked::Some { first, last } => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Asked::Beyond => {
            let range = format!("bytes */{length}");
            let answer = (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, range)]);
            return Ok(answer.into_response());
        }
    };
    let file = disk.open(&sha256, first).await.map_err(|e| fault(&e))?;
    let chunks = stream::try_unfold((disk, file, count), |(disk, file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let (file, bytes) = disk.read(file, left).await?;
        if bytes.is_empty() {
            return Err(std::io::Error::from(ErrorKind::UnexpectedEof));
        }
        let left = left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(left));
        Ok(Some((Bytes::from(bytes), (disk, file, left))))
    });
    let mut answer = (status, Body::from_stream(chunks)).into_response();
    let head = answer.headers_mut();
    let mime = HeaderValue::from_str(&media.mime)
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"));
    head.insert(header::CONTENT_TYPE, mime);
    head.insert(header::CONTENT_LENGTH, HeaderValue::from(count));
    head.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // It came from a stranger: no browser may take it for a page of ours.
    head.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    head.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    head.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{sha256}\"")) {
        head.insert(header::ETAG, tag);
    }
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {first}-{}/{length}", first + count - 1);
        if let Ok(range) = HeaderValue::from_str(&range) {
            head.insert(header::CONTENT_RANGE, range);
        }
    }
    Ok(answer)
}

/// The name of a part: no other device knows it, and none can guess another's.
fn part(device: &str, sha256: &str) -> String {
    format!("{device}.{sha256}")
}

async fn upload(
    state: &AppState,
    device: &str,
    sha256: &str,
) -> Result<Option<UploadRow>, ApiError> {
    let (device, sha256) = (device.to_owned(), sha256.to_owned());
    Ok(state.store.read(move |sql| media::upload(sql, &device, &sha256)).await?)
}

/// Writes an upload down, if its phone is signed in still: what a device brought goes with it, and
/// the end of a file may come long after its beginning.
async fn keep(
    state: &AppState,
    caller: &Caller,
    sha256: &str,
    row: UploadRow,
) -> Result<(), ApiError> {
    let (caller, sha256) = (caller.clone(), sha256.to_owned());
    let kept = state.store.write(move |tx| -> Result<(), ApiError> {
        let device = still(tx.sql(), &caller)??.actor.device;
        Ok(media::put_upload(tx.sql(), &device, &sha256, &row, tx.now())?)
    });
    kept.await
}

async fn length(state: &AppState, part: &str) -> Result<i64, ApiError> {
    let length = Disk::of(state).part_length(part).await.map_err(|e| fault(&e))?;
    Ok(i64::try_from(length).unwrap_or(i64::MAX))
}

fn at(offset: i64) -> Response {
    (StatusCode::NO_CONTENT, [(UPLOAD_OFFSET, HeaderValue::from(offset))]).into_response()
}

fn wrong_offset(have: i64) -> Response {
    let mut answer =
        ApiError::with(ErrorCode::WrongOffset, json!({ "offset": have })).into_response();
    answer.headers_mut().insert(UPLOAD_OFFSET, HeaderValue::from(have));
    answer
}

fn fault(error: &std::io::Error) -> ApiError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => ApiError::new(ErrorCode::ServerFull),
        kind => ApiError::internal(format!("media folder: {kind}")),
    }
}

/// The most that may come: of its kind, if the phone says what it is (`?type=image`).
fn limit(params: &Params) -> Result<i64, ApiError> {
    match params.optional("type") {
        None => Ok(MAX_FILE),
        Some(word) => MediaKind::parse(word)
            .map(|kind| kind.limit(true))
            .ok_or_else(|| ApiError::malformed("type")),
    }
}

/// A piece of an upload: both ends inclusive.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    first: i64,
    last: i64,
    total: i64,
}

impl Piece {
    /// From `Content-Range: bytes 0-9/100`; without it the body is the whole.
    fn read(headers: &HeaderMap) -> Result<Self, ApiError> {
        let text = |name| headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok());
        if let Some(range) = text(header::CONTENT_RANGE) {
            return Self::parse(range).ok_or_else(|| ApiError::malformed("Content-Range"));
        }
        text(header::CONTENT_LENGTH)
            .and_then(|length| length.trim().parse::<i64>().ok())
            .filter(|length| *length > 0)
            .map(|length| Self { first: 0, last: length - 1, total: length })
            .ok_or_else(|| ApiError::malformed("Content-Range"))
    }

    fn parse(text: &str) -> Option<Self> {
        let (range, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let number = |text: &str| text.trim().parse::<i64>().ok();
        let piece = Self { first: number(first)?, last: number(last)?, total: number(total)? };
        (0 <= piece.first && piece.first <= piece.last && piece.last < piece.total).then_some(piece)
    }
}

/// What of a file is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    All,
    Some { first: u64, last: u64 },
    Beyond,
}

impl Asked {
    /// One range of bytes (RFC 9110, 14.1.2); several, or what cannot be read, means all.
    fn read(text: &str, length: u64) -> Self {
        let Some(range) = text.trim().strip_prefix("bytes=") else { return Self::All };
        let Some((first, last)) = range.split_once('-') else { return Self::All };
        let number = |text: &str| text.trim().parse::<u64>().ok();
        let end = length.saturating_sub(1);
        match (number(first), number(last)) {
            (Some(first), _) if first >= length => Self::Beyond,
            (Some(first), None) if last.trim().is_empty() => Self::Some { first, last: end },
            (Some(first), Some(last)) if first <= last => Self::Some { first, last: last.min(end) },
            (None, Some(0)) if first.trim().is_empty() => Self::Beyond,
            (None, Some(count)) if first.trim().is_empty() && length > 0 => {
                Self::Some { first: length.saturating_sub(count), last: end }
            }
            _ => Self::All,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_read() {
        assert_eq!(Piece::parse("bytes 5-9/100"), Some(Piece { first: 5, last: 9, total: 100 }));
        for bad in ["bytes 9-5/100", "bytes 0-100/100", "bytes */100", "0-9/100", "bytes -1-9/100"]
        {
            assert_eq!(Piece::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn ranges_are_read() {
        let some = |first, last| Asked::Some { first, last };
        for (text, asked) in [
            ("bytes=0-4", some(0, 4)),
            ("bytes=5-", some(5, 9)),
            ("bytes=5-500", some(5, 9)),
            ("bytes=-3", some(7, 9)),
            ("bytes=-30", some(0, 9)),
            ("bytes=10-", Asked::Beyond),
            ("bytes=-0", Asked::Beyond),
            ("bytes=0-1,3-4", Asked::All),
            ("bytes=4-1", Asked::All),
            ("lines=1-2", Asked::All),
        ] {
            assert_eq!(Asked::read(text, 10), asked, "{text}");
        }
        assert_eq!(Asked::read("bytes=0-", 0), Asked::Beyond);
    }
}

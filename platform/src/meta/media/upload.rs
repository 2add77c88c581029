//! Files of ours to Meta, before the message that carries them (whatsapp.md 5.3).

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::files::Disk;
use crate::agents::body::FileRef;
use crate::meta::graph::{GraphAnswer, GraphFailure, GraphRequest, Upload};
use crate::meta::send::queue::call;
use crate::state::AppState;
use crate::store::{StoreError, WriteTx, media};
use crate::support::Secret;

/// How long Meta's id of a file is used, ms: it lives 30 days, and a message may wait a day for
/// its turn.
pub(crate) const HELD_FOR_MS: i64 = 29 * 24 * 60 * 60 * 1_000;

/// Time for an upload: 100 MB at 200 kB/s.
const LIMIT: Duration = Duration::from_mins(10);

/// A file that has to go up before its message.
#[derive(Debug, Clone)]
pub(crate) struct Need {
    /// Message id.
    pub(crate) message: String,
    /// Channel id.
    pub(crate) channel: String,
    /// Meta's id of the number.
    pub(crate) phone_number_id: String,
    /// The channel's token.
    pub(crate) token: Secret,
    /// The file.
    pub(crate) file: FileRef,
}

/// Meta's id of a file, if it holds it for this number.
pub(crate) fn held(
    tx: &WriteTx<'_>,
    channel: &str,
    file: &FileRef,
) -> Result<Option<String>, StoreError> {
    media::meta_id(tx.sql(), channel, &file.sha256, &file.mime, tx.now() - HELD_FOR_MS)
}

/// Meta may not know the file any more: it goes up anew before the next message with it.
pub(crate) fn forget(tx: &WriteTx<'_>, channel: &str, file: &FileRef) -> Result<(), StoreError> {
    media::drop_meta_ids(tx.sql(), channel, &file.sha256)
}

/// Brings a file up and keeps Meta's id of it; what Meta said if that failed.
pub(crate) async fn up(
    state: &AppState,
    need: &Need,
) -> Result<(), Result<GraphAnswer, GraphFailure>> {
    let disk = Disk::of(state);
    let length = disk.whole_length(&need.file.sha256).await;
    let Some(length) = length.filter(|length| i64::try_from(*length) == Ok(need.file.size)) else {
        log::error!("media_not_on_disk message={}", need.message);
        // As if Meta had refused it: this message cannot go, and a person has to bring the file.
        return Err(Ok(GraphAnswer { status: 400, retry_after_ms: None, body: Vec::new() }));
    };
    let upload = Upload {
        path: disk.whole(&need.file.sha256),
        length,
        mime: need.file.mime.clone(),
        name: "file".into(),
    };
    let path = format!("/{}/media", need.phone_number_id);
    log::info!("media_upload bytes={length} message={}", need.message);
    let result = call(state, GraphRequest::upload(path, need.token.clone(), upload), LIMIT).await;
    let id = match &result {
        Ok(answer) if (200..300).contains(&answer.status) => {
            let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            body.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()).map(str::to_owned)
        }
        _ => return Err(result),
    };
    // An answer without an id proves nothing; the file may go up again.
    let Some(id) = id else { return Err(Err(GraphFailure::Unanswered)) };
    let (channel, file) = (need.channel.clone(), Arc::new(need.file.clone()));
    let kept = state.store.write(move |tx| {
        media::put_meta_id(tx.sql(), &channel, &file.sha256, &file.mime, &id, tx.now())
    });
    kept.await.map_err(|error| {
        log::error!("media_id_not_kept cause=\"{error}\"");
        Err(GraphFailure::Unanswered)
    })
}

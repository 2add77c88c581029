//! Files of messages: those that customers send come down from Meta at once, those that agents
//! send go up before their message does, and phones bring and fetch them in pieces.
//!
//! - [`kinds`]: what WhatsApp takes, and how large
//! - `files`: the folder `media/` of the data folder, every touch of the disk through the executor
//! - [`http`]: `/v1/media` for phones
//! - `fetch`: the worker that brings customers' files here
//! - `upload`: files of ours to Meta

pub(crate) mod fetch;
pub(crate) mod files;
pub mod http;
pub mod kinds;
pub(crate) mod upload;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::Value;

use crate::state::AppState;
use crate::store::media::{self, MediaRow};
use crate::store::texts::MessageRow;
use crate::store::{StoreError, WriteTx, chats};

/// Uploads that nobody sent are kept so long, ms (protocol.md 5).
const UPLOADS_FOR_MS: i64 = 14 * 24 * 60 * 60 * 1_000;

/// A message that a webhook brought has a file that Meta holds, named by `{id?, ..}`: it is fetched
/// as soon as the commit is there. Known once by its message; the same again, after a repeat of the
/// webhook or an edit of the caption, changes nothing, and another id has the new file fetched. A
/// file without an id cannot be asked for: its `url` is dead before anybody could.
pub(crate) fn wanted(
    tx: &WriteTx<'_>,
    message: &MessageRow,
    named: &Value,
) -> Result<(), StoreError> {
    let text = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let Some(meta_id) = text(named, "id") else { return Ok(()) };
    if let Some(held) = media::get(tx.sql(), &message.id)?
        && held.meta_id.as_ref() == Some(&meta_id)
    {
        // What stood there was put anew; what is known of the file goes into it again.
        return fetch::show(tx, &held, &mut message.clone()).map(|_| ());
    }
    let Some(chat) = chats::by_id(tx.sql(), &message.conversation)? else { return Ok(()) };
    let row = MediaRow {
        message: message.id.clone(),
        workspace: chat.workspace,
        channel: chat.channel,
        state: "wanted".into(),
        meta_id: Some(meta_id),
        mime: text(&message.body, "mime").unwrap_or_else(|| "application/octet-stream".into()),
        size: None,
        sha256: text(&message.body, "sha256").as_deref().and_then(hex_of),
        tries: 0,
        next_try_at: 0,
        since: tx.now(),
    };
    media::put(tx.sql(), &row)
}

/// A SHA-256 as Meta spells it, in hex here and in base64 there, as lower-case hex.
fn hex_of(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Some(text.to_ascii_lowercase());
    }
    let bytes = STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()?;
    (bytes.len() == 32).then(|| hex(&bytes))
}

/// Bytes as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The uploads that are being written: one request at a time each.
#[derive(Debug, Default)]
pub struct Uploads(Mutex<BTreeSet<String>>);

impl Uploads {
    /// Marks an upload as being written until the guard is dropped; none if it is already.
    fn begin(&self, name: &str) -> Option<UploadGuard<'_>> {
        let mut busy = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        busy.insert(name.to_owned()).then(|| UploadGuard { uploads: self, name: name.to_owned() })
    }
}

struct UploadGuard<'u> {
    uploads: &'u Uploads,
    name: String,
}

impl Drop for UploadGuard<'_> {
    fn drop(&mut self) {
        self.uploads.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

/// Forgets what has been kept long enough, in the store and on the disk.
pub(crate) async fn sweep(state: &AppState) -> Result<(), StoreError> {
    let root = state.settings.data.clone();
    state
        .store
        .write(move |tx| {
            let now = tx.now();
            media::prune(tx.sql(), now - UPLOADS_FOR_MS, now - upload::HELD_FOR_MS)?;
            // Inside the transaction: nobody can begin to need a file between question and end.
            let mut swept = 0;
            for (folder, is_part) in [(files::folder(&root), false), (files::parts(&root), true)] {
                for name in files::names(&folder) {
                    let needed = if is_part {
                        media::is_part_needed(tx.sql(), &name)?
                    } else {
                        media::is_needed(tx.sql(), &name)?
                    };
                    if !needed && std::fs::remove_file(folder.join(&name)).is_ok() {
                        swept += 1;
                    }
                }
            }
            if swept > 0 {
                log::info!("media_swept files={swept}");
            }
            Ok(())
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metas_two_spellings_of_a_hash_are_one() {
        let plain = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hex_of(&plain.to_ascii_uppercase()).as_deref(), Some(plain));
        let other = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(hex_of(other).as_deref(), Some(plain));
        assert_eq!(hex_of("x"), None);
        assert_eq!(hex_of("YWJj"), None);
    }

    #[test]
    fn one_request_at_a_time_writes_an_upload() {
        let uploads = Uploads::default();
        let first = uploads.begin("a");
        assert!(first.is_some() && uploads.begin("a").is_none() && uploads.begin("b").is_some());
        drop(first);
        assert!(uploads.begin("a").is_some());
    }
}

//! Files of messages, uploads of phones, and Meta's ids of our files. The bytes lie outside.

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::StoreError;

/// The file of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MediaRow {
    /// Message id, and the file's.
    pub(crate) message: String,
    /// Workspace id.
    pub(crate) workspace: String,
    /// Channel id.
    pub(crate) channel: String,
    /// wanted, ready, gone, too_large, refused.
    pub(crate) state: String,
    /// Meta's id of an incoming file.
    pub(crate) meta_id: Option<String>,
    /// As Meta or the phone says.
    pub(crate) mime: String,
    /// Bytes.
    pub(crate) size: Option<i64>,
    /// Lower-case hex.
    pub(crate) sha256: Option<String>,
    /// Tries to fetch it.
    pub(crate) tries: i64,
    /// Not before, ms UTC.
    pub(crate) next_try_at: i64,
    /// When it was first heard of, ms UTC.
    pub(crate) since: i64,
}

const COLUMNS: &str = "message, workspace, channel, state, meta_id, mime, size, sha256, tries, \
     next_try_at, since";

fn read(row: &Row<'_>) -> rusqlite::Result<MediaRow> {
    Ok(MediaRow {
        message: row.get(0)?,
        workspace: row.get(1)?,
        channel: row.get(2)?,
        state: row.get(3)?,
        meta_id: row.get(4)?,
        mime: row.get(5)?,
        size: row.get(6)?,
        sha256: row.get(7)?,
        tries: row.get(8)?,
        next_try_at: row.get(9)?,
        since: row.get(10)?,
    })
}

/// The file of a message.
pub(crate) fn get(c: &Connection, message: &str) -> Result<Option<MediaRow>, StoreError> {
    Ok(c.prepare_cached(&format!("SELECT {COLUMNS} FROM media WHERE message = ?1"))?
        .query_row([message], read)
        .optional()?)
}

/// Writes a file's row, new or anew.
pub(crate) fn put(c: &Connection, media: &MediaRow) -> Result<(), StoreError> {
    c.prepare_cached(&format!(
        "REPLACE INTO media ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
    ))?
    .execute(rusqlite::params![
        media.message,
        media.workspace,
        media.channel,
        media.state,
        media.meta_id,
        media.mime,
        media.size,
        media.sha256,
        media.tries,
        media.next_try_at,
        media.since,
    ])?;
    Ok(())
}

/// Files that have to be fetched by now, the longest wait first; also those that would wait longer than
/// `longest` (ms), whose time was written by a clock that was set back since.
pub(crate) fn wanted(
    c: &Connection,
    now: i64,
    longest: i64,
    limit: i64,
) -> Result<Vec<MediaRow>, StoreError> {
    let mut statement = c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM media
         WHERE state = 'wanted' AND (next_try_at <= ?1 OR next_try_at > ?2)
         ORDER BY next_try_at, message LIMIT ?3"
    ))?;
    let until = now.saturating_add(longest);
    Ok(statement.query_map((now, until, limit), read)?.collect::<Result<_, _>>()?)
}

/// When the next one has to be fetched, ms UTC.
pub(crate) fn next_wanted_at(c: &Connection) -> Result<Option<i64>, StoreError> {
    Ok(c.prepare_cached("SELECT min(next_try_at) FROM media WHERE state = 'wanted'")?
        .query_row([], |row| row.get(0))?)
}

/// A file that may be handed out: of a message that stands, in a conversation of `workspace`.
pub(crate) struct Shown {
    /// The file.
    pub(crate) media: MediaRow,
    /// Its conversation.
    pub(crate) conversation: String,
}

/// The file with this id, if its message stands.
pub(crate) fn shown(
    c: &Connection,
    workspace: &str,
    id: &str,
) -> Result<Option<Shown>, StoreError> {
    let conversation: Option<String> = c
        .prepare_cached("SELECT conversation FROM messages WHERE id = ?1 AND deleted IS NULL")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let media = get(c, id)?.filter(|media| media.workspace == workspace && media.state == "ready");
    Ok(match (media, conversation) {
        (Some(media), Some(conversation)) => Some(Shown { media, conversation }),
        _ => None,
    })
}

/// Where an incoming file is asked for.
pub(crate) struct Source {
    /// Meta's id of our number.
    pub(crate) phone_number_id: String,
    /// The sealed access token.
    pub(crate) token_sealed: Vec<u8>,
}

/// The number and token of a channel.
pub(crate) fn source(c: &Connection, channel: &str) -> Result<Option<Source>, StoreError> {
    Ok(c.prepare_cached("SELECT phone_number_id, token_sealed FROM channels WHERE id = ?1")?
        .query_row([channel], |row| {
            Ok(Source { phone_number_id: row.get(0)?, token_sealed: row.get(1)? })
        })
        .optional()?)
}

/// A file that a phone brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UploadRow {
    /// Bytes in all.
    pub(crate) total: i64,
    /// When it was whole and right, ms UTC.
    pub(crate) complete_at: Option<i64>,
}

/// An upload of a device.
pub(crate) fn upload(
    c: &Connection,
    device: &str,
    sha256: &str,
) -> Result<Option<UploadRow>, StoreError> {
    Ok(c.prepare_cached(
        "SELECT total, complete_at FROM uploads WHERE device = ?1 AND sha256 = ?2",
    )?
    .query_row((device, sha256), |row| {
        Ok(UploadRow { total: row.get(0)?, complete_at: row.get(1)? })
    })
    .optional()?)
}

/// Writes an upload, new or anew; one that is complete stays so.
pub(crate) fn put_upload(
    c: &Connection,
    device: &str,
    sha256: &str,
    upload: &UploadRow,
    now: i64,
) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO uploads (device, sha256, total, complete_at, used_at)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET total = excluded.total, used_at = excluded.used_at,
             complete_at = coalesce(complete_at, excluded.complete_at)",
    )?
    .execute((device, sha256, upload.total, upload.complete_at, now))?;
    Ok(())
}

/// Forgets an upload.
pub(crate) fn drop_upload(c: &Connection, device: &str, sha256: &str) -> Result<(), StoreError> {
    c.prepare_cached("DELETE FROM uploads WHERE device = ?1 AND sha256 = ?2")?
        .execute((device, sha256))?;
    Ok(())
}

/// Forgets what a device brought. What its accepted messages carry stays: they name it themselves.
pub(crate) fn drop_uploads_of(c: &Connection, device: &str) -> Result<(), StoreError> {
    c.prepare_cached("DELETE FROM uploads WHERE device = ?1")?.execute([device])?;
    Ok(())
}

/// Meta's id of a file of ours that was uploaded after `since` (ms UTC).
pub(crate) fn meta_id(
    c: &Connection,
    channel: &str,
    sha256: &str,
    mime: &str,
    since: i64,
) -> Result<Option<String>, StoreError> {
    Ok(c.prepare_cached(
        "SELECT meta_id FROM meta_files
         WHERE channel = ?1 AND sha256 = ?2 AND mime = ?3 AND uploaded_at > ?4",
    )?
    .query_row((channel, sha256, mime, since), |row| row.get(0))
    .optional()?)
}

/// Keeps Meta's id of a file of ours.
pub(crate) fn put_meta_id(
    c: &Connection,
    channel: &str,
    sha256: &str,
    mime: &str,
    meta_id: &str,
    now: i64,
) -> Result<(), StoreError> {
    c.prepare_cached(
        "REPLACE INTO meta_files (channel, sha256, mime, meta_id, uploaded_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((channel, sha256, mime, meta_id, now))?;
    Ok(())
}

/// Meta knows none of the files of a channel any more.
pub(crate) fn drop_meta_ids_of(c: &Connection, channel: &str) -> Result<(), StoreError> {
    c.prepare_cached("DELETE FROM meta_files WHERE channel = ?1")?.execute([channel])?;
    Ok(())
}

/// Forgets Meta's ids of a file: Meta no longer knows one.
pub(crate) fn drop_meta_ids(c: &Connection, channel: &str, sha256: &str) -> Result<(), StoreError> {
    c.prepare_cached("DELETE FROM meta_files WHERE channel = ?1 AND sha256 = ?2")?
        .execute((channel, sha256))?;
    Ok(())
}

/// Forgets what nobody needs any more: uploads not used since `uploads_before`, Meta's ids from
/// before `meta_before` (ms UTC), files of messages that are deleted or gone.
pub(crate) fn prune(
    c: &Connection,
    uploads_before: i64,
    meta_before: i64,
) -> Result<(), StoreError> {
    c.prepare_cached("DELETE FROM uploads WHERE used_at < ?1")?.execute([uploads_before])?;
    c.prepare_cached("DELETE FROM meta_files WHERE uploaded_at < ?1")?.execute([meta_before])?;
    c.prepare_cached(
        "DELETE FROM media WHERE NOT EXISTS
             (SELECT 1 FROM messages m WHERE m.id = media.message AND m.deleted IS NULL)",
    )?
    .execute([])?;
    Ok(())
}

/// Whether any row names this file of `media/`.
pub(crate) fn is_needed(c: &Connection, sha256: &str) -> Result<bool, StoreError> {
    Ok(c.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM media WHERE sha256 = ?1)
             OR EXISTS (SELECT 1 FROM uploads WHERE sha256 = ?1)",
    )?
    .query_row([sha256], |row| row.get(0))?)
}

/// Whether any row names this file of `media/part/`: `<device>.<sha256>` of an upload that goes
/// on, or the id of a message whose file is being fetched.
pub(crate) fn is_part_needed(c: &Connection, name: &str) -> Result<bool, StoreError> {
    Ok(match name.rsplit_once('.') {
        Some((device, sha256)) => {
            upload(c, device, sha256)?.is_some_and(|upload| upload.complete_at.is_none())
        }
        None => get(c, name)?.is_some_and(|media| media.state == "wanted"),
    })
}

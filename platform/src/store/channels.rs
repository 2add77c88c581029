//! Channels as the operator adds them.

use rusqlite::{Connection, OptionalExtension as _};

use super::{StoreError, WriteTx, media, webhooks};
use crate::meta::payload::number_key;

/// As late as Meta brings anything (whatsapp.md 1.3), ms.
const LATE_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// A channel to be added.
#[derive(Debug)]
pub struct NewChannel<'a> {
    /// Id.
    pub id: &'a str,
    /// Workspace id.
    pub workspace: &'a str,
    /// Meta's id of the number.
    pub phone_number_id: &'a str,
    /// Meta's id of the business account.
    pub waba_id: &'a str,
    /// As printed.
    pub display: &'a str,
    /// Its digits alone, for comparing.
    pub display_digits: &'a str,
    /// The access token, sealed.
    pub token_sealed: &'a [u8],
    /// Seq of the change that writes it.
    pub version: i64,
}

/// A channel that has a phone number id.
pub(crate) struct Known {
    /// Workspace id.
    pub(crate) workspace: String,
    /// The number, digits alone.
    pub(crate) digits: String,
}

/// The channel that has this phone number id now.
pub(crate) fn by_number_id(
    tx: &WriteTx<'_>,
    phone_number_id: &str,
) -> Result<Option<Known>, StoreError> {
    Ok(tx
        .sql()
        .prepare_cached(
            "SELECT workspace, display_digits FROM channels WHERE phone_number_id = ?1",
        )?
        .query_row([phone_number_id], |row| {
            Ok(Known { workspace: row.get(0)?, digits: row.get(1)? })
        })
        .optional()?)
}

/// Whether this is a channel of a workspace.
pub(crate) fn is_of(c: &Connection, id: &str, workspace: &str) -> Result<bool, StoreError> {
    Ok(account_of(c, id, workspace)?.is_some())
}

/// Meta's id of the account of a workspace's channel.
pub(crate) fn account_of(
    c: &Connection,
    id: &str,
    workspace: &str,
) -> Result<Option<String>, StoreError> {
    Ok(c.prepare_cached("SELECT waba_id FROM channels WHERE id = ?1 AND workspace = ?2")?
        .query_row((id, workspace), |row| row.get(0))
        .optional()?)
}

/// The first channel of a workspace on an account.
pub(crate) fn on_account(
    c: &Connection,
    workspace: &str,
    waba_id: &str,
) -> Result<Option<String>, StoreError> {
    Ok(c.prepare_cached("SELECT min(id) FROM channels WHERE workspace = ?1 AND waba_id = ?2")?
        .query_row((workspace, waba_id), |row| row.get(0))?)
}

/// Adds a channel, connected.
pub fn insert(tx: &WriteTx<'_>, channel: &NewChannel<'_>) -> Result<(), StoreError> {
    tx.sql().execute(
        "INSERT INTO channels (id, workspace, version, phone_number_id, waba_id, display,
                               display_digits, token_sealed, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        (
            channel.id,
            channel.workspace,
            channel.version,
            channel.phone_number_id,
            channel.waba_id,
            channel.display,
            channel.display_digits,
            channel.token_sealed,
            tx.now(),
        ),
    )?;
    Ok(())
}

/// A number that is to be a channel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Joining<'a> {
    /// Workspace id.
    pub(crate) workspace: &'a str,
    /// Meta's id of the number.
    pub(crate) phone_number_id: &'a str,
    /// Meta's id of the account.
    pub(crate) waba_id: &'a str,
    /// As printed.
    pub(crate) display: &'a str,
    /// The access token, sealed.
    pub(crate) token_sealed: &'a [u8],
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Joined {
    /// A new channel with this id.
    Made(String),
    /// The channel that has the number already, with its new token.
    Renewed {
        /// Channel id.
        channel: String,
        /// Meta's ids are others than before: a connection of its own.
        moved: bool,
    },
    /// Another workspace has it.
    Taken,
}

/// Makes a channel, or renews the workspace's one with the same number: a new id at Meta is the same
/// business to its customers (protocol.md 4). Its change row is the caller's.
pub(crate) fn join(tx: &mut WriteTx<'_>, joining: &Joining<'_>) -> Result<Joined, StoreError> {
    let digits: String = joining.display.chars().filter(char::is_ascii_digit).collect();
    let owner: Option<(String, String)> = tx
        .sql()
        .prepare_cached("SELECT workspace, id FROM channels WHERE phone_number_id = ?1")?
        .query_row([joining.phone_number_id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if owner.as_ref().is_some_and(|(workspace, _)| workspace != joining.workspace) {
        return Ok(Joined::Taken);
    }
    let by_number = by_digits(tx, joining.workspace, &digits)?;
    if let Some(id) = owner.map(|(_, id)| id).or(by_number) {
        let moved = renew(tx, &id, joining)?;
        take_in(tx, joining)?;
        return Ok(Joined::Renewed { channel: id, moved });
    }
    let id = tx.uuid();
    insert(
        tx,
        &NewChannel {
            id: &id,
            workspace: joining.workspace,
            phone_number_id: joining.phone_number_id,
            waba_id: joining.waba_id,
            display: joining.display,
            display_digits: &digits,
            token_sealed: joining.token_sealed,
            version: 0,
        },
    )?;
    take_in(tx, joining)?;
    Ok(Joined::Made(id))
}

/// Meta sends what customers write from the moment that the account is subscribed, which is before the
/// number is a channel, and after a lost answer long before it.
fn take_in(tx: &WriteTx<'_>, joining: &Joining<'_>) -> Result<(), StoreError> {
    let since = tx.now().saturating_sub(LATE_MS);
    let bodies = webhooks::once_more(tx.sql(), joining.phone_number_id, since)?;
    if bodies > 0 {
        log::info!("webhooks_once_more bodies={bodies}");
    }
    Ok(())
}

/// Gives a channel its new ids and token; late webhooks still come under the old id. Whether the ids
/// are others than before.
pub(crate) fn renew(
    tx: &WriteTx<'_>,
    channel: &str,
    joining: &Joining<'_>,
) -> Result<bool, StoreError> {
    let (number, account): (String, String) = tx
        .sql()
        .prepare_cached("SELECT phone_number_id, waba_id FROM channels WHERE id = ?1")?
        .query_row([channel], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if number != joining.phone_number_id {
        tx.sql()
            .prepare_cached(
                "INSERT OR REPLACE INTO channel_numbers (phone_number_id, channel, until)
                 VALUES (?1, ?2, ?3)",
            )?
            .execute((&number, channel, tx.now()))?;
        // Files that went up belong to the number that they went up for.
        media::drop_meta_ids_of(tx.sql(), channel)?;
    }
    tx.sql()
        .prepare_cached("DELETE FROM channel_numbers WHERE phone_number_id = ?1")?
        .execute([joining.phone_number_id])?;
    tx.sql()
        .prepare_cached(
            "UPDATE channels SET phone_number_id = ?2, waba_id = ?3, token_sealed = ?4
             WHERE id = ?1",
        )?
        .execute((channel, joining.phone_number_id, joining.waba_id, joining.token_sealed))?;
    Ok(number != joining.phone_number_id || account != joining.waba_id)
}

/// The workspace's channel with this number, under whatever id at Meta and however it is spelled.
pub(crate) fn by_digits(
    tx: &WriteTx<'_>,
    workspace: &str,
    digits: &str,
) -> Result<Option<String>, StoreError> {
    let mut statement = tx.sql().prepare_cached(
        "SELECT id, display_digits FROM channels WHERE workspace = ?1 AND kind = 'whatsapp'
         ORDER BY display_digits <> ?2, created_at, id",
    )?;
    let mut rows = statement.query((workspace, digits))?;
    let key = number_key(digits);
    while let Some(row) = rows.next()? {
        if number_key(&row.get::<_, String>(1)?) == key {
            return Ok(Some(row.get(0)?));
        }
    }
    Ok(None)
}

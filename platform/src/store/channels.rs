//! Channels as the operator adds them.

use rusqlite::{Connection, OptionalExtension as _};

use super::{StoreError, WriteTx};

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

/// Whether a channel has this phone number id.
pub fn is_known(tx: &WriteTx<'_>, phone_number_id: &str) -> Result<bool, StoreError> {
    Ok(tx
        .sql()
        .query_row("SELECT 1 FROM channels WHERE phone_number_id = ?1", [phone_number_id], |_| {
            Ok(())
        })
        .optional()?
        .is_some())
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

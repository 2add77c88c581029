//! Onboardings, and the calls that Meta takes once a connection.

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::StoreError;
use crate::meta::onboarding::machine::Step;
use crate::meta::onboarding::sync::Kind;

/// An onboarding; times ms UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Onboarding {
    /// Id.
    pub(crate) id: String,
    /// Workspace id.
    pub(crate) workspace: String,
    /// Who began it: member id.
    pub(crate) member: String,
    /// Where it stands.
    pub(crate) step: Step,
    /// When it began.
    pub(crate) started_at: i64,
    /// When Meta's window told which account.
    pub(crate) told_at: Option<i64>,
    /// The account.
    pub(crate) waba_id: Option<String>,
    /// The number.
    pub(crate) phone_number_id: Option<String>,
    /// The number as printed.
    pub(crate) display: Option<String>,
    /// The access token, sealed.
    pub(crate) token_sealed: Option<Vec<u8>>,
    /// The channel it became.
    pub(crate) channel: Option<String>,
    /// Why it was refused, or what it waits for.
    pub(crate) cause: Option<String>,
    /// WhatsApp's own code.
    pub(crate) code: Option<i64>,
    /// Not before.
    pub(crate) next_try_at: i64,
}

const COLUMNS: &str = "id, workspace, member, step, started_at, told_at, waba_id, phone_number_id, \
     display, token_sealed, channel, cause, code, next_try_at";

fn read(row: &Row<'_>) -> rusqlite::Result<(Onboarding, String)> {
    let onboarding = Onboarding {
        id: row.get(0)?,
        workspace: row.get(1)?,
        member: row.get(2)?,
        step: Step::Refused,
        started_at: row.get(4)?,
        told_at: row.get(5)?,
        waba_id: row.get(6)?,
        phone_number_id: row.get(7)?,
        display: row.get(8)?,
        token_sealed: row.get(9)?,
        channel: row.get(10)?,
        cause: row.get(11)?,
        code: row.get(12)?,
        next_try_at: row.get(13)?,
    };
    Ok((onboarding, row.get(3)?))
}

fn with_step((onboarding, word): (Onboarding, String)) -> Result<Onboarding, StoreError> {
    let step = Step::of(&word).ok_or(StoreError::Unexpected("onboarding step"))?;
    Ok(Onboarding { step, ..onboarding })
}

/// The onboarding of a workspace with this id.
pub(crate) fn find(
    c: &Connection,
    workspace: &str,
    id: &str,
) -> Result<Option<Onboarding>, StoreError> {
    c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM onboardings WHERE id = ?1 AND workspace = ?2"
    ))?
    .query_row((id, workspace), read)
    .optional()?
    .map(with_step)
    .transpose()
}

/// Those that are not at an end and whose time has come, or lies behind `latest`.
pub(crate) fn due(c: &Connection, now: i64, latest: i64) -> Result<Vec<Onboarding>, StoreError> {
    let mut statement = c.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM onboardings
         WHERE step NOT IN ('done', 'cancelled', 'refused', 'expired')
           AND (next_try_at <= ?1 OR next_try_at > ?2)
         ORDER BY id"
    ))?;
    let rows = statement.query_map([now, latest], read)?.collect::<Result<Vec<_>, _>>()?;
    rows.into_iter().map(with_step).collect()
}

/// Writes an onboarding as it is now.
pub(crate) fn save(c: &Connection, onboarding: &Onboarding) -> Result<(), StoreError> {
    c.prepare_cached(&format!(
        "REPLACE INTO onboardings ({COLUMNS})
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
    ))?
    .execute(rusqlite::params![
        onboarding.id,
        onboarding.workspace,
        onboarding.member,
        onboarding.step.word(),
        onboarding.started_at,
        onboarding.told_at,
        onboarding.waba_id,
        onboarding.phone_number_id,
        onboarding.display,
        onboarding.token_sealed,
        onboarding.channel,
        onboarding.cause,
        onboarding.code,
        onboarding.next_try_at,
    ])?;
    Ok(())
}

/// One of the two calls, as far as it got; times ms UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyncCall {
    /// Written before the first call of this connection.
    pub(crate) tried_at: i64,
    /// Meta took it.
    pub(crate) accepted_at: Option<i64>,
    /// Meta's code, if it refused.
    pub(crate) code: Option<i64>,
}

/// The last call of a kind, if there was one.
pub(crate) fn sync_call(
    c: &Connection,
    channel: &str,
    kind: Kind,
) -> Result<Option<SyncCall>, StoreError> {
    Ok(c.prepare_cached(
        "SELECT tried_at, accepted_at, code FROM sync_calls WHERE channel = ?1 AND kind = ?2",
    )?
    .query_row((channel, kind.word()), |row| {
        Ok(SyncCall { tried_at: row.get(0)?, accepted_at: row.get(1)?, code: row.get(2)? })
    })
    .optional()?)
}

/// Notes that a call is about to be made, and when it was first tried for this connection.
pub(crate) fn try_sync(
    c: &Connection,
    channel: &str,
    kind: Kind,
    first: i64,
) -> Result<(), StoreError> {
    c.prepare_cached("REPLACE INTO sync_calls (channel, kind, tried_at) VALUES (?1, ?2, ?3)")?
        .execute((channel, kind.word(), first))?;
    Ok(())
}

/// Meta took a call.
pub(crate) fn sync_accepted(
    c: &Connection,
    channel: &str,
    kind: Kind,
    at: i64,
) -> Result<(), StoreError> {
    c.prepare_cached(
        "UPDATE sync_calls SET accepted_at = coalesce(accepted_at, ?3), code = NULL
         WHERE channel = ?1 AND kind = ?2",
    )?
    .execute((channel, kind.word(), at))?;
    Ok(())
}

/// Meta refused a call, with this code; one that it took meanwhile stays taken.
pub(crate) fn sync_refused(
    c: &Connection,
    channel: &str,
    kind: Kind,
    code: Option<i64>,
) -> Result<(), StoreError> {
    c.prepare_cached(
        "UPDATE sync_calls SET code = ?3
         WHERE channel = ?1 AND kind = ?2 AND accepted_at IS NULL",
    )?
    .execute((channel, kind.word(), code))?;
    Ok(())
}

//! What Meta reports beside messages: who answers a chat, errors, prices.

use rusqlite::Connection;
use schemars::JsonSchema;
use serde::Serialize;

use super::StoreError;

/// Notes who answers a chat now; `person` is empty where none is named. The newest word counts.
pub(crate) fn handover(
    c: &Connection,
    channel: &str,
    person: &str,
    kind: &str,
    at: i64,
) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO handovers (channel, person, kind, at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET kind = excluded.kind, at = excluded.at WHERE excluded.at >= at",
    )?
    .execute((channel, person, kind, at))?;
    Ok(())
}

/// Notes an error that belongs to no message; the number is empty where none is named.
pub(crate) fn error(
    c: &Connection,
    phone_number_id: &str,
    code: i64,
    at: i64,
) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO reported_errors (phone_number_id, code, first_at, last_at)
         VALUES (?1, ?2, ?3, ?3)
         ON CONFLICT DO UPDATE SET last_at = max(last_at, excluded.last_at)",
    )?
    .execute((phone_number_id, code, at))?;
    Ok(())
}

/// Notes what a message cost: type, category, pricing model. What is not told stays as it was.
pub(crate) fn price(
    c: &Connection,
    wamid: &str,
    [kind, category, model]: [Option<&str>; 3],
    at: i64,
) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO prices (wamid, kind, category, model, at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET kind = ifnull(excluded.kind, kind),
             category = ifnull(excluded.category, category), model = ifnull(excluded.model, model),
             at = excluded.at
         WHERE excluded.at >= at",
    )?
    .execute((wamid, kind, category, model, at))?;
    Ok(())
}

/// An error that Meta reported and that belongs to no message; times ms UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ReportedError")]
pub(crate) struct ReportedError {
    /// Meta's code.
    pub(crate) code: i64,
    /// When it was first reported.
    pub(crate) first_at: i64,
    /// When it was last reported.
    pub(crate) last_at: i64,
}

/// The errors of a channel, under every id that its number has had; the newest first.
pub(crate) fn errors_of(c: &Connection, channel: &str) -> Result<Vec<ReportedError>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT code, min(first_at), max(last_at) AS last FROM reported_errors
         WHERE phone_number_id IN (SELECT phone_number_id FROM channels WHERE id = ?1
             UNION SELECT phone_number_id FROM channel_numbers WHERE channel = ?1)
         GROUP BY code ORDER BY last DESC, code",
    )?;
    let rows = statement.query_map([channel], |row| {
        Ok(ReportedError { code: row.get(0)?, first_at: row.get(1)?, last_at: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Who answers a chat where a program of Meta's does so too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Handover")]
pub(crate) struct HandoverNews {
    /// Id of the customer; absent where Meta named none that is known here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) contact: Option<String>,
    /// Meta's word, `control_passed` for example.
    pub(crate) kind: String,
    /// ms UTC.
    pub(crate) at: i64,
}

/// The newest handovers of a channel. A customer is named by our own id, never by a number: who may see
/// numbers is decided elsewhere. Who has another number since is still meant by the one of that day; who took a
/// number up later is not.
pub(crate) fn handovers_of(
    c: &Connection,
    channel: &str,
    limit: i64,
) -> Result<Vec<HandoverNews>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT ifnull((SELECT p.id FROM contacts p
                 WHERE p.workspace = h.workspace AND p.merged_into IS NULL AND n.person <> ''
                   AND (p.wa_user_id = n.person OR p.phone = n.person)
                 ORDER BY p.id LIMIT 1),
                (SELECT a.contact FROM aliases a
                 WHERE a.workspace = h.workspace AND a.alias = n.person AND (a.since >= n.at
                   OR EXISTS (SELECT 1 FROM contacts k WHERE k.merged_into = a.contact)))),
             n.kind, n.at
         FROM handovers n JOIN channels h ON h.id = n.channel
         WHERE n.channel = ?1 ORDER BY n.at DESC, n.person LIMIT ?2",
    )?;
    let rows = statement.query_map((channel, limit), |row| {
        Ok(HandoverNews { contact: row.get(0)?, kind: row.get(1)?, at: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many messages of one kind Meta has priced; words are Meta's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Priced")]
pub(crate) struct Priced {
    /// `service`, `utility`, `marketing` for example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) category: Option<String>,
    /// `regular`, `free_customer_service` for example.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    /// `PMP` for example.
    #[serde(rename = "pricing_model", skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<String>,
    /// So many messages.
    pub(crate) messages: i64,
}

/// What Meta said of the prices of a channel's messages since `since` (ms UTC): each message once.
pub(crate) fn prices_of(
    c: &Connection,
    channel: &str,
    since: i64,
) -> Result<Vec<Priced>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT p.category, p.kind, p.model, count(*) FROM prices p
         JOIN messages m ON m.wamid = p.wamid JOIN conversations v ON v.id = m.conversation
         WHERE p.at >= ?2 AND v.channel = ?1
         GROUP BY p.category, p.kind, p.model ORDER BY 4 DESC, 1, 2, 3",
    )?;
    let rows = statement.query_map((channel, since), |row| {
        Ok(Priced {
            category: row.get(0)?,
            kind: row.get(1)?,
            model: row.get(2)?,
            messages: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

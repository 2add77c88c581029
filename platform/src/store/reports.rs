//! What Meta reports beside messages: who answers a chat, errors, prices.

use rusqlite::Connection;

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

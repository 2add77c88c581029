//! What the metrics show of the store: counts by words of our own, never a value of a row.

use rusqlite::Connection;

use super::StoreError;

/// The most fields that are told apart; they are words of Meta's.
const FIELDS: i64 = 60;

/// Counts of the store at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Gauges {
    /// Webhook bodies.
    pub(crate) webhooks: Webhooks,
    /// Things in bodies that are not understood, by field.
    pub(crate) leftovers: Vec<(String, i64)>,
    /// Messages that are not over: state, reason (`none` without trouble), count.
    pub(crate) sends: Vec<(String, String, i64)>,
    /// Sessions that have not ended.
    pub(crate) sessions: i64,
    /// Business numbers by the kind of their state.
    pub(crate) lines: Vec<(String, i64)>,
    /// Errors of Meta's that belong to no message: code, when it was last reported, ms UTC.
    pub(crate) reported_errors: Vec<(i64, i64)>,
}

/// Webhook bodies at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Webhooks {
    /// Those that wait.
    pub(crate) pending: i64,
    /// When the oldest of them was received, ms UTC.
    pub(crate) oldest_pending: Option<i64>,
    /// Those that could not be worked off or read, by state.
    pub(crate) in_trouble: Vec<(String, i64)>,
}

/// Counts webhook bodies alone.
pub(crate) fn take_webhooks(c: &Connection) -> Result<Webhooks, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT state, count(*) FROM webhooks WHERE state IN ('unreadable', 'set_aside')
         GROUP BY state ORDER BY state",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Webhooks {
        pending: c
            .prepare_cached("SELECT count(*) FROM webhooks WHERE state = 'pending'")?
            .query_row([], |row| row.get(0))?,
        oldest_pending: super::webhooks::oldest_waiting(c)?,
        in_trouble: rows.collect::<Result<_, _>>()?,
    })
}

/// Takes them.
pub(crate) fn take(c: &Connection) -> Result<Gauges, StoreError> {
    let number = |query: &str| c.prepare_cached(query)?.query_row([], |row| row.get::<_, i64>(0));
    let pairs = |query: &str| -> Result<Vec<(String, i64)>, StoreError> {
        let mut statement = c.prepare_cached(query)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    let sends = c
        .prepare_cached(
            "SELECT s.state, coalesce(m.trouble ->> 'reason', 'none') AS reason, count(*)
             FROM sends s JOIN messages m ON m.id = s.message
             WHERE s.state IN ('waiting', 'attempted', 'unknown', 'held')
             GROUP BY s.state, reason ORDER BY s.state, reason",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let reported_errors = c
        .prepare_cached(
            "SELECT code, max(last_at) FROM reported_errors GROUP BY code ORDER BY code",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(Gauges {
        webhooks: take_webhooks(c)?,
        leftovers: pairs(&format!(
            "SELECT field, count(*) FROM webhook_leftovers GROUP BY field ORDER BY field LIMIT {FIELDS}"
        ))?,
        sends,
        sessions: number("SELECT count(*) FROM sessions WHERE ended_at IS NULL")?,
        lines: pairs(
            "SELECT coalesce(state ->> 'kind', 'unknown') AS kind, count(*) FROM channels
             GROUP BY kind ORDER BY kind",
        )?,
        reported_errors,
    })
}

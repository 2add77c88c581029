//! Who holds a conversation and how it stands: what the desk moves.

use rusqlite::{Connection, OptionalExtension as _, Row};
use serde_json::Value;

use super::{ChangeKind, ChangeScope, StoreError, WriteTx};

/// What the desk sees of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Desk {
    /// Id.
    pub(crate) id: String,
    /// Workspace id.
    pub(crate) workspace: String,
    /// Contact id.
    pub(crate) contact: String,
    /// `unassigned`, `member:<id>` or `team:<id>`.
    pub(crate) scope: String,
    /// Member id.
    pub(crate) assignee: Option<String>,
    /// Team id.
    pub(crate) team: Option<String>,
    /// ai, human or none.
    pub(crate) handler: String,
    /// open, pending, snoozed or resolved.
    pub(crate) status: String,
    /// End of the snooze, ms UTC.
    pub(crate) snoozed_until: Option<i64>,
    /// When the AI takes over again, ms UTC.
    pub(crate) ai_resumes_at: Option<i64>,
    /// Newest live message.
    pub(crate) last_n: i64,
    /// When the newest live message was sent, ms UTC.
    pub(crate) last_at: i64,
    /// `{by, at, now}`: who set the status, unless a customer's message did.
    pub(crate) status_set: Option<Value>,
    /// `{by, at, now}`: who moved it last.
    pub(crate) holder_set: Option<Value>,
    /// The newer conversation that took over from this one.
    pub(crate) continued_in: Option<String>,
}

const COLUMNS: &str = "id, workspace, contact, scope, assignee, team, handler, status, \
     snoozed_until, ai_resumes_at, last_n, last_at, status_set, holder_set, continued_in";

fn read(row: &Row<'_>) -> rusqlite::Result<(Desk, Option<String>, Option<String>)> {
    let desk = Desk {
        id: row.get(0)?,
        workspace: row.get(1)?,
        contact: row.get(2)?,
        scope: row.get(3)?,
        assignee: row.get(4)?,
        team: row.get(5)?,
        handler: row.get(6)?,
        status: row.get(7)?,
        snoozed_until: row.get(8)?,
        ai_resumes_at: row.get(9)?,
        last_n: row.get(10)?,
        last_at: row.get(11)?,
        status_set: None,
        holder_set: None,
        continued_in: row.get(14)?,
    };
    Ok((desk, row.get(12)?, row.get(13)?))
}

fn with_json(
    (desk, status, holder): (Desk, Option<String>, Option<String>),
) -> Result<Desk, StoreError> {
    let json = |text: Option<String>| text.map(|text| serde_json::from_str(&text)).transpose();
    Ok(Desk { status_set: json(status)?, holder_set: json(holder)?, ..desk })
}

/// The conversation with this id, if it is of this workspace.
pub(crate) fn find(
    sql: &Connection,
    workspace: &str,
    id: &str,
) -> Result<Option<Desk>, StoreError> {
    sql.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM conversations WHERE id = ?1 AND workspace = ?2"
    ))?
    .query_row((id, workspace), read)
    .optional()?
    .map(with_json)
    .transpose()
}

/// Ids of the conversations with this scope, in their order.
pub(crate) fn with_scope(
    sql: &Connection,
    workspace: &str,
    scope: &str,
) -> Result<Vec<String>, StoreError> {
    let mut statement = sql.prepare_cached(
        "SELECT id FROM conversations WHERE workspace = ?1 AND scope = ?2 ORDER BY id",
    )?;
    Ok(statement.query_map((workspace, scope), |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// How many conversations have this scope.
pub(crate) fn count_with_scope(
    sql: &Connection,
    workspace: &str,
    scope: &str,
) -> Result<i64, StoreError> {
    Ok(sql
        .prepare_cached("SELECT count(*) FROM conversations WHERE workspace = ?1 AND scope = ?2")?
        .query_row((workspace, scope), |row| row.get(0))?)
}

/// Conversations that a clock has to change by `now`: (workspace, id), in their order.
pub(crate) fn due(sql: &Connection, now: i64) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = sql.prepare_cached(
        "SELECT workspace, id FROM conversations WHERE snoozed_until <= ?1
         UNION SELECT workspace, id FROM conversations WHERE ai_resumes_at <= ?1
         ORDER BY 1, 2",
    )?;
    let rows = statement.query_map([now], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// When the clock has to change one next, ms UTC.
pub(crate) fn next_due(sql: &Connection) -> Result<Option<i64>, StoreError> {
    Ok(sql
        .prepare_cached(
            "SELECT min(at) FROM (
                 SELECT min(snoozed_until) AS at FROM conversations WHERE snoozed_until IS NOT NULL
                 UNION ALL
                 SELECT min(ai_resumes_at) FROM conversations WHERE ai_resumes_at IS NOT NULL)",
        )?
        .query_row([], |row| row.get(0))?)
}

/// Writes what the desk changed. The rows on the line are the caller's matter.
pub(crate) fn update(sql: &Connection, desk: &Desk) -> Result<(), StoreError> {
    sql.prepare_cached(
        "UPDATE conversations SET scope = ?2, assignee = ?3, team = ?4, handler = ?5, status = ?6,
             snoozed_until = ?7, ai_resumes_at = ?8, status_set = ?9, holder_set = ?10,
             continued_in = ?11
         WHERE id = ?1",
    )?
    .execute((
        &desk.id,
        &desk.scope,
        &desk.assignee,
        &desk.team,
        &desk.handler,
        &desk.status,
        desk.snoozed_until,
        desk.ai_resumes_at,
        desk.status_set.as_ref().map(Value::to_string),
        desk.holder_set.as_ref().map(Value::to_string),
        &desk.continued_in,
    ))?;
    Ok(())
}

/// A line of the team's own in a conversation: a note or an event.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    /// Message id.
    pub(crate) id: &'a str,
    /// agent or system.
    pub(crate) author: &'a str,
    /// Member id of an agent.
    pub(crate) member: Option<&'a str>,
    /// Device it was written on.
    pub(crate) device: Option<&'a str>,
    /// The writer's own time, ms UTC.
    pub(crate) written_at: Option<i64>,
    /// `{kind, ...}`.
    pub(crate) body: &'a Value,
}

/// Puts a line at the end of a conversation: it takes the next number and moves nothing else,
/// neither unread nor the order of the list. Its row on the line is written here.
pub(crate) fn add_line(
    tx: &mut WriteTx<'_>,
    desk: &mut Desk,
    line: &Line<'_>,
) -> Result<i64, StoreError> {
    desk.last_n += 1;
    let scope = ChangeScope::Conversation(desk.id.clone());
    let seq = tx.change(&desk.workspace, &scope, ChangeKind::Message, line.id)?;
    let now = tx.now();
    tx.sql()
        .prepare_cached(
            "INSERT INTO messages (conversation, n, id, version, sent_at, written_at, author_kind,
                 author_member, author_device, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute((
            &desk.id,
            desk.last_n,
            line.id,
            seq,
            now,
            line.written_at,
            line.author,
            line.member,
            line.device,
            line.body.to_string(),
        ))?;
    tx.sql()
        .prepare_cached("UPDATE conversations SET last_n = ?2 WHERE id = ?1")?
        .execute((&desk.id, desk.last_n))?;
    Ok(seq)
}

/// Gives a conversation that moved its one row, judged for each reader, which brings its contact
/// and newest messages along.
pub(crate) fn moved(tx: &mut WriteTx<'_>, desk: &Desk) -> Result<i64, StoreError> {
    let scope = ChangeScope::Conversation(desk.id.clone());
    let seq = tx.change(&desk.workspace, &scope, ChangeKind::Entered, &desk.id)?;
    tx.sql()
        .prepare_cached("UPDATE conversations SET version = ?2 WHERE id = ?1")?
        .execute((&desk.id, seq))?;
    Ok(seq)
}

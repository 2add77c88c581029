//! Which conversations there are for a reader, and the marks that reading moves.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{StoreError, WriteTx};

/// What a reader may see, as SQL needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// Everything.
    pub all: bool,
    /// What is nobody's.
    pub unassigned: bool,
    /// What is this member's.
    pub member: String,
    /// What is theirs: the teams that the member is in.
    pub teams: Vec<String>,
}

impl Sight {
    /// Whether a conversation with this scope is seen.
    pub fn sees(&self, scope: &str) -> bool {
        self.all
            || (self.unassigned && scope == "unassigned")
            || scope.strip_prefix("member:") == Some(self.member.as_str())
            || scope.strip_prefix("team:").is_some_and(|id| self.teams.iter().any(|t| t == id))
    }
}

/// The condition that [`Sight::sees`] states, on parameters `?2` to `?4`.
const SEEN: &str =
    "workspace = ?1 AND (?2 OR (?3 AND scope = 'unassigned') OR scope = 'member:' || ?4
         OR scope IN (SELECT 'team:' || team FROM team_members WHERE member = ?4))";

/// A conversation in a list; its contact is the one that its own became part of, if it did.
const LISTED: &str =
    "SELECT id, coalesce((SELECT k.merged_into FROM contacts k WHERE k.id = contact), contact),
         last_at FROM conversations";

/// A conversation in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Id.
    pub id: String,
    /// Contact id.
    pub contact: String,
    /// When its newest live message was sent, ms UTC.
    pub last_at: i64,
}

/// The least recent conversation of a first page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boundary {
    /// Its `last_at`.
    pub last_at: i64,
    /// Its id.
    pub id: String,
}

fn read(row: &Row<'_>) -> rusqlite::Result<Listed> {
    Ok(Listed { id: row.get(0)?, contact: row.get(1)?, last_at: row.get(2)? })
}

/// Scope of a conversation of this workspace.
pub fn scope_of(sql: &Connection, workspace: &str, id: &str) -> Result<Option<String>, StoreError> {
    Ok(sql
        .prepare_cached("SELECT scope FROM conversations WHERE id = ?1 AND workspace = ?2")?
        .query_row((id, workspace), |row| row.get(0))
        .optional()?)
}

/// Ids of all that is seen, in their order.
pub fn seen(sql: &Connection, workspace: &str, sight: &Sight) -> Result<Vec<String>, StoreError> {
    let mut statement =
        sql.prepare_cached(&format!("SELECT id FROM conversations WHERE {SEEN} ORDER BY id"))?;
    let ids = statement
        .query_map(params![workspace, sight.all, sight.unassigned, sight.member], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(ids)
}

/// The most recent ones, most recent first.
pub fn recent(
    sql: &Connection,
    workspace: &str,
    sight: &Sight,
    limit: i64,
) -> Result<Vec<Listed>, StoreError> {
    let mut statement = sql.prepare_cached(&format!(
        "{LISTED} WHERE {SEEN}
         ORDER BY last_at DESC, id LIMIT ?5"
    ))?;
    let rows = statement
        .query_map(params![workspace, sight.all, sight.unassigned, sight.member, limit], read)?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Those after `after` by id that are as recent as the boundary now.
pub fn above(
    sql: &Connection,
    workspace: &str,
    sight: &Sight,
    boundary: &Boundary,
    after: &str,
    limit: i64,
) -> Result<Vec<Listed>, StoreError> {
    let mut statement = sql.prepare_cached(&format!(
        "{LISTED} WHERE {SEEN} AND id > ?5
         AND (last_at > ?6 OR (last_at = ?6 AND id <= ?7)) ORDER BY id LIMIT ?8"
    ))?;
    let rows = statement
        .query_map(
            params![
                workspace,
                sight.all,
                sight.unassigned,
                sight.member,
                after,
                boundary.last_at,
                boundary.id,
                limit
            ],
            read,
        )?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Those after `after` by id that a first page at `as_of` did not hold: less recent than the
/// boundary, or written since (they may have risen above it meanwhile).
pub fn below(
    sql: &Connection,
    workspace: &str,
    sight: &Sight,
    boundary: &Boundary,
    as_of: i64,
    after: &str,
    limit: i64,
) -> Result<Vec<Listed>, StoreError> {
    let mut statement = sql.prepare_cached(&format!(
        "{LISTED} WHERE {SEEN} AND id > ?5
         AND (last_at < ?6 OR (last_at = ?6 AND id > ?7) OR version > ?8) ORDER BY id LIMIT ?9"
    ))?;
    let rows = statement
        .query_map(
            params![
                workspace,
                sight.all,
                sight.unassigned,
                sight.member,
                after,
                boundary.last_at,
                boundary.id,
                as_of,
                limit
            ],
            read,
        )?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Whether the contact has a conversation that is seen.
pub fn contact_seen(
    sql: &Connection,
    workspace: &str,
    sight: &Sight,
    contact: &str,
) -> Result<bool, StoreError> {
    let mut statement = sql.prepare_cached(
        "SELECT scope FROM conversations WHERE workspace = ?2 AND contact IN
                 (SELECT ?1 UNION ALL SELECT id FROM contacts WHERE merged_into = ?1)",
    )?;
    let scopes = statement
        .query_map((contact, workspace), |row| row.get(0))?
        .collect::<Result<Vec<String>, _>>()?;
    Ok(scopes.iter().any(|scope| sight.sees(scope)))
}

/// What moving a read mark needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// Scope of the conversation.
    pub scope: String,
    /// Whose it is.
    pub assignee: Option<String>,
    /// Unread customer messages.
    pub unread: i64,
    /// Newest live message.
    pub last_n: i64,
    /// Read up to here.
    pub read_up_to_n: i64,
}

/// The marks of a conversation of this workspace.
pub fn marks(sql: &Connection, workspace: &str, id: &str) -> Result<Option<Marks>, StoreError> {
    Ok(sql
        .prepare_cached(
            "SELECT scope, assignee, unread, last_n, read_up_to_n FROM conversations
             WHERE id = ?1 AND workspace = ?2",
        )?
        .query_row((id, workspace), |row| {
            Ok(Marks {
                scope: row.get(0)?,
                assignee: row.get(1)?,
                unread: row.get(2)?,
                last_n: row.get(3)?,
                read_up_to_n: row.get(4)?,
            })
        })
        .optional()?)
}

/// Customer messages after `n`.
pub fn customer_messages_after(sql: &Connection, id: &str, n: i64) -> Result<i64, StoreError> {
    Ok(sql
        .prepare_cached(
            "SELECT count(*) FROM messages
             WHERE conversation = ?1 AND n > ?2 AND author_kind = 'customer'",
        )?
        .query_row((id, n), |row| row.get(0))?)
}

/// Moves the conversation's mark; the caller touches the conversation.
pub fn set_read(tx: &WriteTx<'_>, id: &str, n: i64, unread: i64) -> Result<(), StoreError> {
    tx.sql().execute(
        "UPDATE conversations SET read_up_to_n = ?2, unread = ?3 WHERE id = ?1",
        (id, n, unread),
    )?;
    Ok(())
}

/// A member's own mark.
pub fn my_read(sql: &Connection, member: &str, id: &str) -> Result<Option<i64>, StoreError> {
    Ok(sql
        .prepare_cached("SELECT n FROM my_reads WHERE member = ?1 AND conversation = ?2")?
        .query_row((member, id), |row| row.get(0))
        .optional()?)
}

/// Writes a member's own mark.
pub fn set_my_read(tx: &WriteTx<'_>, member: &str, id: &str, n: i64) -> Result<(), StoreError> {
    tx.sql().execute(
        "INSERT INTO my_reads (member, conversation, n) VALUES (?1, ?2, ?3)
         ON CONFLICT (member, conversation) DO UPDATE SET n = excluded.n",
        (member, id, n),
    )?;
    Ok(())
}

/// A member's own marks where they differ from the conversation's and it is seen.
pub fn my_reads(
    sql: &Connection,
    workspace: &str,
    sight: &Sight,
) -> Result<Vec<(String, i64)>, StoreError> {
    let mut statement = sql.prepare_cached(&format!(
        "SELECT r.conversation, r.n FROM my_reads r JOIN conversations c ON c.id = r.conversation
         WHERE {SEEN} AND r.member = ?4 AND r.n <> c.read_up_to_n ORDER BY r.conversation"
    ))?;
    let rows = statement
        .query_map(params![workspace, sight.all, sight.unassigned, sight.member], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

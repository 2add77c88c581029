//! What the office asks for: `/v1/office/...`. The same sessions as phones have; each call needs
//! a right (experience.md S22), judged in the transaction that carries it out.

pub(crate) mod audit;
pub(crate) mod bulk;
pub(crate) mod contacts;
pub(crate) mod devices;
pub(crate) mod labels;
pub(crate) mod members;
pub(crate) mod quick_replies;
pub(crate) mod teams;
pub(crate) mod workspace;

use schemars::JsonSchema;
use serde::Serialize;

use super::audit as notes;
use super::rights::{Right, allows};
use crate::agents::error::{ApiError, ErrorCode};
use crate::agents::session::{Caller, still};
use crate::state::AppState;
use crate::store::workspaces::{self, Workspace};
use crate::store::{Sql, WriteTx};

/// The caller as they stand now, and their workspace, if their role has the right there.
pub(crate) fn allowed(
    sql: &Sql,
    caller: &Caller,
    right: Right,
) -> Result<(Caller, Workspace), ApiError> {
    let caller = still(sql, caller)??;
    let workspace = workspaces::get(sql, &caller.actor.workspace)?;
    if allows(&workspace, caller.actor.role, right)? {
        Ok((caller, workspace))
    } else {
        Err(ApiError::new(ErrorCode::NotAllowed))
    }
}

/// Reads with a right.
pub(crate) async fn read<T: Send + 'static>(
    state: &AppState,
    caller: Caller,
    right: Right,
    f: impl FnOnce(&Sql, &Caller, &Workspace) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    state
        .store
        .read(move |sql| {
            let (caller, workspace) = allowed(sql, &caller, right)?;
            f(sql, &caller, &workspace)
        })
        .await
}

/// Writes with a right, in one commit.
pub(crate) async fn write<T: Send + 'static>(
    state: &AppState,
    caller: Caller,
    right: Right,
    f: impl FnOnce(&mut WriteTx<'_>, &Caller, Workspace) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    state
        .store
        .write(move |tx| {
            let (caller, workspace) = allowed(tx.sql(), &caller, right)?;
            f(tx, &caller, workspace)
        })
        .await
}

/// Notes what a member had Meta do, after Meta did it: no commit of ours carries that.
pub(crate) async fn did(
    state: &AppState,
    caller: &Caller,
    what: &'static str,
    (kind, id): (&'static str, &str),
) -> Result<(), ApiError> {
    let (actor, id) = (caller.actor.clone(), id.to_owned());
    let noted =
        state.store.write(move |tx| notes::note(tx, &actor.workspace, &actor, what, kind, &id));
    Ok(noted.await?)
}

/// There is no such thing.
pub(crate) fn not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound)
}

/// A name of 1 to `most` characters, trimmed, without control characters.
pub(crate) fn name(text: &str, field: &str, most: usize) -> Result<String, ApiError> {
    let text = text.trim();
    if text.chars().count() > most {
        return Err(ApiError::over(field, most));
    }
    let good = !text.is_empty() && !text.chars().any(char::is_control);
    if good { Ok(text.to_owned()) } else { Err(ApiError::malformed(field)) }
}

/// How far something got on the line: phones have it once their cursor is there.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Done {
    /// Number of the last change.
    pub(crate) seq: i64,
}

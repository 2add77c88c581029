//! What the office asks about channels: `/v1/office/channels/...` and `/v1/office/alerts`.
//!
//! For owner and managers. Every operation of the dashboard's page on channels is here
//! (experience.md D4, S13-S18, S23).

pub(crate) mod channels;
pub(crate) mod checks;
pub(crate) mod connect;
mod view;

use crate::agents::error::{ApiError, ErrorCode};
use crate::agents::session::Caller;
use crate::desk::office;
use crate::desk::rights::Right;
use crate::state::AppState;
use crate::store::lines::{self, Address};

/// Whether the caller may see to channels.
async fn allowed(state: &AppState, caller: &Caller) -> Result<(), ApiError> {
    let caller = caller.clone();
    state.store.read(move |sql| office::allowed(sql, &caller, Right::Channels).map(|_| ())).await
}

/// A channel of the caller's workspace.
async fn channel(state: &AppState, caller: &Caller, id: &str) -> Result<Address, ApiError> {
    allowed(state, caller).await?;
    let id = id.to_owned();
    let found = state.store.read(move |sql| lines::address(sql, &id)).await?;
    found
        .filter(|channel| channel.workspace == caller.actor.workspace)
        .ok_or_else(|| ApiError::new(ErrorCode::NotFound))
}

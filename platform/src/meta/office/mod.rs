//! What the office asks about channels: `/v1/office/channels/...` and `/v1/office/alerts`.
//!
//! For owner and managers. Every operation of the dashboard's page on channels is here
//! (experience.md D4, S13-S18, S23).

mod channels;
mod checks;
mod connect;
mod view;

use axum::Router;
use axum::routing::{get, post};

use crate::agents::error::{ApiError, ErrorCode};
use crate::agents::session::Caller;
use crate::desk::office;
use crate::desk::rights::Right;
use crate::state::AppState;
use crate::store::lines::{self, Address};

/// Every address of it, below `/v1`.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/office/alerts", get(channels::alerts))
        .route("/office/channels", get(channels::list))
        .route("/office/channels/onboarding", post(connect::start))
        .route("/office/channels/onboarding/{id}", get(connect::get))
        .route("/office/channels/onboarding/{id}/finish", post(connect::finish))
        .route("/office/channels/onboarding/{id}/resume", post(connect::resume))
        .route("/office/channels/{id}", get(channels::health))
        .route("/office/channels/{id}/checks", get(checks::get))
        .route("/office/channels/{id}/read", post(channels::read))
        .route("/office/channels/{id}/opened", post(channels::opened))
        .route("/office/channels/{id}/sync", post(channels::sync))
}

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

//! Which address leads where under `/v1`.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post, put};

use crate::agents::{commands, http, known, push, session, sign_in, wiped};
use crate::desk::office;
use crate::feed;
use crate::meta;
use crate::meta::media::http as media;
use crate::meta::templates::http as templates;
use crate::state::AppState;

/// Everything under `/v1`.
pub(crate) fn v1(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/session", post(sign_in::create).delete(session::end))
        .route("/session/preview", post(sign_in::preview))
        .route("/session/refresh", post(session::refresh))
        .route("/bootstrap", get(feed::bootstrap::get))
        .route("/scope", get(feed::changes::scope))
        .route("/changes", get(feed::changes::get))
        .route("/conversations/{id}/messages", get(feed::pages::get))
        .route("/commands", post(commands::post))
        .route("/messages/known", post(known::post))
        .route("/devices/{id}/push", put(push::put).delete(push::delete))
        .route("/wiped", post(wiped::post))
        .nest("/office", office::routes())
        .route("/live", get(feed::socket::get))
        .merge(meta::office::routes())
        .route("/media/{id}", get(media::get).head(media::head).put(media::put))
        .route("/office/channels/{id}/resume", post(templates::resume))
        .route("/office/templates", get(templates::list).post(templates::create))
        .route("/office/templates/refresh", post(templates::refresh))
        .route("/office/templates/{id}", post(templates::edit).delete(templates::delete))
        .fallback(http::not_found)
        .method_not_allowed_fallback(http::not_found)
        .layer(from_fn_with_state(state.clone(), http::known_client))
}

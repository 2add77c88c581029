//! Which address leads where under `/v1`.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::agents::{commands, http, session, sign_in};
use crate::feed;
use crate::meta::media::http as media;
use crate::meta::templates::http as office;
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
        .route("/live", get(feed::socket::get))
        .route("/media/{id}", get(media::get).head(media::head).put(media::put))
        .route("/office/channels/{id}/resume", post(office::resume))
        .route("/office/templates", get(office::list).post(office::create))
        .route("/office/templates/refresh", post(office::refresh))
        .route("/office/templates/{id}", post(office::edit).delete(office::delete))
        .fallback(http::not_found)
        .method_not_allowed_fallback(http::not_found)
        .layer(from_fn_with_state(state.clone(), http::known_client))
}

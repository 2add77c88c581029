//! Which address leads where. The router and `docs/openapi.json` are made from one list, so
//! neither has an address that the other lacks; no router is put together anywhere else
//! (tests/architecture).

mod channels;
pub(crate) mod endpoint;
mod media;
mod office;
mod outside;
mod phones;

use axum::Router;
use axum::middleware::from_fn_with_state;

use self::endpoint::Endpoint;
use crate::agents::http;
use crate::state::AppState;

/// What stands before every path that phones and the office call.
pub(crate) const V1: &str = "/v1";

/// The operator's figures.
const METRICS: &str = "/metrics";

/// Every address.
pub(crate) fn all() -> Vec<Endpoint> {
    let mut all = phones::endpoints();
    all.extend(media::endpoints());
    all.extend(office::endpoints());
    all.extend(channels::endpoints());
    all.extend(outside::endpoints());
    all
}

/// Everything over HTTP, but for what stands around all of it. The operator's figures are left out
/// unless they may be public.
pub(crate) fn router(state: &AppState) -> Router<AppState> {
    let (mut v1, mut outside) = (Router::new(), Router::new());
    for endpoint in all() {
        match endpoint.path.strip_prefix(V1) {
            Some(path) => v1 = v1.route(path, endpoint.handler),
            None if endpoint.path == METRICS && !state.settings.metrics_public => {}
            None => outside = outside.route(endpoint.path, endpoint.handler),
        }
    }
    let v1 = v1
        .fallback(http::not_found)
        .method_not_allowed_fallback(http::not_found)
        .layer(from_fn_with_state(state.clone(), http::room_for_more))
        .layer(from_fn_with_state(state.clone(), http::known_client));
    outside.nest(V1, v1).fallback(http::not_found).method_not_allowed_fallback(http::not_found)
}

/// The operator's figures alone, for a listener of their own.
pub(crate) fn metrics(state: AppState) -> Router {
    let figures = all().into_iter().filter(|endpoint| endpoint.path == METRICS);
    let route = |router: Router<AppState>, it: Endpoint| router.route(it.path, it.handler);
    figures.fold(Router::new(), route).with_state(state)
}

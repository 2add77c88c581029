//! The control endpoints under `/sim/` (`protocol.md` section 9).

pub(crate) mod guard;
pub(crate) mod input;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::sim::{Inner, Sim};
use input::{ControlError, ReadNews, Written};

/// A file of 100 MB as base64.
const BODY_LIMIT: usize = 140 << 20;

/// Everything under `/sim/`, guarded.
pub(crate) fn router(sim: Arc<Inner>) -> Router {
    let routes = Router::new()
        .route("/customer", post(customer))
        .route("/customer/edit", post(customer_edit))
        .route("/customer/revoke", post(customer_revoke))
        .route("/customer/react", post(customer_react))
        .route("/customer/read", post(customer_read))
        .route("/customer/number", post(customer_number))
        .route("/owner", post(owner))
        .route("/owner/edit", post(owner_edit))
        .route("/owner/revoke", post(owner_revoke))
        .route("/owner/react", post(owner_react))
        .route("/owner/line", post(owner_line))
        .route("/owner/history", post(owner_history))
        .route("/owner/contacts", post(owner_contacts))
        .route("/template", post(template))
        .route("/webhook", post(webhook))
        .route("/status", post(status))
        .route("/faults", post(faults))
        .route("/log", get(log))
        .route("/chats", get(chats))
        .fallback(|| async { ControlError::NotFound })
        .method_not_allowed_fallback(|| async { ControlError::WrongMethod })
        .layer(from_fn(guard::check))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(Sim::from(sim));
    Router::new().nest("/sim", routes)
}

async fn customer(State(sim): State<Sim>, body: Bytes) -> Response {
    answer(read(&body).and_then(|order| sim.customer(&order)))
}

async fn customer_read(State(sim): State<Sim>, body: Bytes) -> Response {
    answer(read(&body).and_then(|ReadNews { wa_id }| sim.customer_read(&wa_id)))
}

async fn owner(State(sim): State<Sim>, body: Bytes) -> Response {
    answer(read(&body).and_then(|order| sim.owner(&order)))
}

async fn customer_edit(State(sim): State<Sim>, body: Bytes) -> Response {
    answer(read(&body).and_then(|news| sim.customer_edit(&news)))
}

async fn customer_revoke(State(sim): State<Sim>, body: Bytes) -> Response {
    answer(read(&body).and_then(|news| sim.customer_revoke(&news)))
}

async fn customer_react(State(sim): State<Sim>, body: Bytes) -> Response {
    answer(read(&body).and_then(|news| sim.customer_react(&news)))
}

async fn customer_number(State(sim): State<Sim>, body: Bytes) -> Response {
    answer(read(&body).and_then(|news| sim.customer_number(&news)))
}

async fn owner_edit(State(sim): State<Sim>, body: Bytes) -> Response {
    answer(read(&body).and_then(|news| sim.owner_edit(&news)))
}

async fn owner_revoke(State(sim): State<Sim>, body: Bytes) -> Response {
    answer(read(&body).and_then(|news| sim.owner_revoke(&news)))
}

async fn owner_react(State(sim): State<Sim>, body: Bytes) -> Response {
    answer(read(&body).and_then(|news| sim.owner_react(&news)))
}

async fn owner_line(State(sim): State<Sim>, body: Bytes) -> Response {
    answer(read(&body).and_then(|news| sim.owner_line(&news).map(|()| json!({}))))
}

async fn owner_history(State(sim): State<Sim>, body: Bytes) -> Response {
    answer(read(&body).and_then(|order| sim.owner_history(order).map(|()| json!({}))))
}

async fn owner_contacts(State(sim): State<Sim>, body: Bytes) -> Response {
    answer(read(&body).and_then(|news| sim.owner_contact(&news).map(|()| json!({}))))
}

async fn template(State(sim): State<Sim>, body: Bytes) -> Response {
    answer(read(&body).and_then(|news| sim.template(&news).map(|id| json!({"id": id}))))
}

async fn webhook(State(sim): State<Sim>, body: Bytes) -> Response {
    answer(read(&body).and_then(|order| sim.webhook(&order).map(|()| json!({}))))
}

async fn status(State(sim): State<Sim>, body: Bytes) -> Response {
    let done = read(&body).and_then(|news: input::StatusNews| {
        sim.status(&news).map(|()| Written { wamid: news.wamid })
    });
    answer(done)
}

async fn faults(State(sim): State<Sim>, body: Bytes) -> Response {
    answer(read(&body).and_then(|order| sim.faults(&order)))
}

async fn log(State(sim): State<Sim>) -> Response {
    Json(sim.log()).into_response()
}

async fn chats(State(sim): State<Sim>) -> Response {
    Json(sim.chats()).into_response()
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ControlError> {
    // serde would also take a list, field by field.
    if body.trim_ascii_start().first() != Some(&b'{') {
        let problem = "is not a JSON object".to_owned();
        return Err(ControlError::Malformed { field: None, problem });
    }
    serde_json::from_slice(body)
        .map_err(|error| ControlError::Malformed { field: None, problem: error.to_string() })
}

fn answer<T: Serialize>(done: Result<T, ControlError>) -> Response {
    match done {
        Ok(value) => (StatusCode::OK, Json(value)).into_response(),
        Err(error) => error.into_response(),
    }
}

//! The control endpoints under `/sim/` (`protocol.md` section 9), for texts.

pub(crate) mod guard;
pub(crate) mod input;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::sim::{Inner, Sim};
use input::{ControlError, ReadNews, Written};

/// Everything under `/sim/`, guarded.
pub(crate) fn router(sim: Arc<Inner>) -> Router {
    let routes = Router::new()
        .route("/customer", post(customer))
        .route("/customer/read", post(customer_read))
        .route("/owner", post(owner))
        .route("/status", post(status))
        .route("/faults", post(faults))
        .route("/log", get(log))
        .route("/chats", get(chats))
        .fallback(|| async { ControlError::NotFound })
        .method_not_allowed_fallback(|| async { ControlError::WrongMethod })
        .layer(from_fn(guard::check))
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

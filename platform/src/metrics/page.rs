//! `GET /metrics`: every counter and gauge on one page.

use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::Metrics;
use super::text::Page;
use crate::state::AppState;
use crate::store::gauges::{self, Gauges};
use crate::store::{DATABASE, StoreError};

/// The format's own content type.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Letters of a field's name that are shown; a longer or odder one is `other`.
const FIELD_MAX: usize = 64;

/// The handler.
pub(crate) async fn show(State(state): State<AppState>) -> Response {
    match state.store.read(|sql| -> Result<_, StoreError> { gauges::take(sql) }).await {
        Ok(gauges) => {
            ([(header::CONTENT_TYPE, CONTENT_TYPE)], page(&state, &gauges)).into_response()
        }
        Err(error) => {
            log::error!("metrics cause=\"{error}\"");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

fn page(state: &AppState, gauges: &Gauges) -> String {
    let mut page = Page::default();
    page.family("fieldline_build_info", "gauge", "The running version.");
    page.sample("fieldline_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    counters(&mut page, &state.metrics);
    store(&mut page, gauges, state.ports.clock.now_ms());
    files(&mut page, state);
    page.into_text()
}

fn counters(page: &mut Page, metrics: &Metrics) {
    let counts = metrics.counts();
    let name = "fieldline_http_requests_total";
    page.family(name, "counter", "Requests answered, by route and status; webhooks included.");
    for (route, statuses) in &counts.requests {
        for (status, count) in statuses {
            page.sample(name, &[("route", route), ("status", &status.to_string())], count);
        }
    }
    let name = "fieldline_commands_total";
    page.family(name, "counter", "Commands of phones, by outcome and code.");
    for (outcome, codes) in &counts.commands {
        for (code, count) in codes {
            page.sample(name, &[("outcome", outcome), ("code", code)], count);
        }
    }
    let name = "fieldline_graph_calls_total";
    page.family(name, "counter", "Calls to Meta's Graph API, by what they came to.");
    for (class, count) in &counts.graph {
        page.sample(name, &[("class", class)], count);
    }
    drop(counts);
    let sockets = metrics.sockets.load(Ordering::Relaxed);
    page.one("fieldline_sockets", "gauge", "Phones' sockets that are open.", sockets);
    let wrong = metrics.wrong_signatures.load(Ordering::Relaxed);
    let name = "fieldline_webhook_signatures_wrong_total";
    page.one(name, "counter", "Webhooks refused for their signature.", wrong);
}

fn store(page: &mut Page, gauges: &Gauges, now: i64) {
    let name = "fieldline_webhooks_pending";
    page.one(name, "gauge", "Webhook bodies that wait.", gauges.webhooks.pending);
    let lag = gauges.webhooks.oldest_pending.map_or(0, |at| now.saturating_sub(at).max(0)) / 1000;
    let name = "fieldline_webhooks_lag_seconds";
    page.one(name, "gauge", "Age of the oldest webhook body that waits.", lag);
    let name = "fieldline_webhooks_in_trouble";
    page.family(name, "gauge", "Webhook bodies that could not be read or worked off.");
    for (state, count) in &gauges.webhooks.in_trouble {
        page.sample(name, &[("state", state)], count);
    }
    let name = "fieldline_webhook_leftovers";
    page.family(name, "gauge", "Things in webhooks that are not understood, by field.");
    let mut other = 0;
    for (field, count) in &gauges.leftovers {
        if is_word(field) {
            page.sample(name, &[("field", field)], count);
        } else {
            other += count;
        }
    }
    if other > 0 {
        page.sample(name, &[("field", "other")], other);
    }
    let name = "fieldline_sends_open";
    page.family(name, "gauge", "Messages on their way to WhatsApp, by state and reason.");
    for (state, reason, count) in &gauges.sends {
        page.sample(name, &[("state", state), ("reason", reason)], count);
    }
    page.one("fieldline_sessions", "gauge", "Sessions that have not ended.", gauges.sessions);
    let name = "fieldline_lines";
    page.family(name, "gauge", "Business numbers, by the state of their line.");
    for (kind, count) in &gauges.lines {
        page.sample(name, &[("state", kind)], count);
    }
    let name = "fieldline_whatsapp_error_seconds";
    page.family(name, "gauge", "When WhatsApp last reported an error of no message, by code.");
    for (code, at) in &gauges.reported_errors {
        page.sample(name, &[("code", &code.to_string())], at / 1_000);
    }
}

/// A field's name as Meta writes them; anything else might be anything.
fn is_word(field: &str) -> bool {
    field.len() <= FIELD_MAX && field.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

fn files(page: &mut Page, state: &AppState) {
    let size = |name: String| {
        std::fs::metadata(state.settings.data.join(name)).map_or(0, |metadata| metadata.len())
    };
    let name = "fieldline_store_bytes";
    page.family(name, "gauge", "Size of the database's files.");
    page.sample(name, &[("file", "main")], size(DATABASE.to_owned()));
    page.sample(name, &[("file", "wal")], size(format!("{DATABASE}-wal")));
    if let Some(free) = state.disk.free() {
        page.one("fieldline_disk_free_bytes", "gauge", "Free disk of the data folder.", free);
    }
    let name = "fieldline_disk_floor_bytes";
    page.one(
        name,
        "gauge",
        "Free disk below which nothing is taken in.",
        state.settings.disk_floor,
    );
}

//! Meta's way to the platform, into the platform's router.

use axum::body::Body;
use axum::http::Request;
use fieldline_whatsapp_sim::{WebhookFailure, WebhookPort};
use futures_util::future::{BoxFuture, FutureExt};

use super::{Journal, Site};

/// Posts webhooks without a socket. Repeats, shuffles, delays and drops are the simulator's own faults.
pub struct WebhookLine {
    site: Site,
    journal: Journal,
}

impl WebhookLine {
    /// To whatever platform stands at `site`.
    pub fn new(site: Site, journal: Journal) -> Self {
        Self { site, journal }
    }

    async fn exchange(&self, body: Vec<u8>, signature: String) -> Result<u16, WebhookFailure> {
        let built = Request::builder()
            .method("POST")
            .uri("/webhooks/meta")
            .header("x-hub-signature-256", signature)
            .header("content-type", "application/json")
            .body(Body::from(body))
            .map_err(|_| WebhookFailure::NotSent)?;
        let status = match self.site.request(built).await {
            None => return Err(WebhookFailure::NotSent),
            Some(None) => return Err(WebhookFailure::Unanswered),
            Some(Some(answer)) => answer.status().as_u16(),
        };
        self.journal.note("meta", format_args!("webhook answered {status}"));
        Ok(status)
    }
}

impl WebhookPort for WebhookLine {
    fn post(&self, body: Vec<u8>, signature: String) -> BoxFuture<'_, Result<u16, WebhookFailure>> {
        self.exchange(body, signature).boxed()
    }
}

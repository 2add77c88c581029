//! The platform's way to Meta, into the simulator's router.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use fieldline_platform::meta::graph::{
    GraphAnswer, GraphBody, GraphFailure, GraphPort, GraphRequest,
};
use fieldline_whatsapp_sim::CutConnection;
use futures_util::future::{BoxFuture, FutureExt};
use tower::ServiceExt;

use super::Journal;

/// Calls the simulator's Graph API without a socket. Lost requests and answers are the simulator's own faults.
pub struct GraphLine {
    router: Router,
    journal: Journal,
}

impl GraphLine {
    /// Over the simulator's `graph_router`.
    pub fn new(router: Router, journal: Journal) -> Self {
        Self { router, journal }
    }

    async fn exchange(&self, request: GraphRequest) -> Result<GraphAnswer, GraphFailure> {
        let about = request.json().get("biz_opaque_callback_data").and_then(|id| id.as_str());
        self.journal
            .note("platform", format_args!("graph {} {}", request.path, about.unwrap_or("-")));
        let url = request.url("http://graph.invalid/v25.0").ok_or(GraphFailure::NotSent)?;
        let mut built = Request::builder().method(request.method).uri(url.as_str());
        if let Some(token) = &request.token {
            built = built.header("authorization", format!("Bearer {}", token.expose()));
        }
        let body = match &request.body {
            GraphBody::Empty => Body::empty(),
            GraphBody::Json(json) => {
                built = built.header("content-type", "application/json");
                Body::from(json.to_string())
            }
        };
        let built = built.body(body).map_err(|_| GraphFailure::NotSent)?;
        let answer =
            self.router.clone().oneshot(built).await.map_err(|_| GraphFailure::Unanswered)?;
        if answer.extensions().get::<CutConnection>().is_some() {
            self.journal.note("platform", "graph cut");
            return Err(GraphFailure::Unanswered);
        }
        let status = answer.status().as_u16();
        self.journal.note("platform", format_args!("graph answered {status}"));
        let body =
            to_bytes(answer.into_body(), 1 << 20).await.map_err(|_| GraphFailure::Unanswered)?;
        Ok(GraphAnswer { status, retry_after_ms: None, body: body.to_vec() })
    }
}

impl GraphPort for GraphLine {
    fn call(&self, request: GraphRequest) -> BoxFuture<'_, Result<GraphAnswer, GraphFailure>> {
        self.exchange(request).boxed()
    }
}

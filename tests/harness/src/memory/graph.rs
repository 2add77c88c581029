//! The platform's way to Meta, into the simulator's router.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use fieldline_platform::meta::graph::{
    GraphAnswer, GraphBody, GraphFailure, GraphFile, GraphPort, GraphRequest, Upload,
};
use fieldline_platform::support::Secret;
use fieldline_whatsapp_sim::CutConnection;
use futures_util::StreamExt as _;
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
            GraphBody::Upload(upload) => {
                let (kind, bytes) = form(upload).map_err(|_| GraphFailure::NotSent)?;
                built = built.header("content-type", kind);
                Body::from(bytes)
            }
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

/// A form as the production port sends it: type and bytes.
fn form(upload: &Upload) -> std::io::Result<(String, Vec<u8>)> {
    let boundary = "fieldline-in-memory";
    let mut bytes = Vec::new();
    for (name, value) in [("messaging_product", "whatsapp"), ("type", upload.mime.as_str())] {
        let part = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
        bytes.extend_from_slice(part.as_bytes());
    }
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n\
         Content-Type: {}\r\n\r\n",
        upload.name, upload.mime
    );
    bytes.extend_from_slice(head.as_bytes());
    bytes.extend_from_slice(&std::fs::read(&upload.path)?);
    bytes.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Ok((format!("multipart/form-data; boundary={boundary}"), bytes))
}

impl GraphPort for GraphLine {
    fn may_fetch(&self, url: &str) -> bool {
        // Every address leads into the simulator's router.
        url.starts_with("http://") || url.starts_with("https://")
    }

    fn fetch(&self, url: String, token: Secret) -> BoxFuture<'_, Result<GraphFile, GraphFailure>> {
        async move {
            let built = Request::get(&url)
                .header("authorization", format!("Bearer {}", token.expose()))
                .body(Body::empty())
                .map_err(|_| GraphFailure::NotSent)?;
            let answer =
                self.router.clone().oneshot(built).await.map_err(|_| GraphFailure::Unanswered)?;
            let status = answer.status().as_u16();
            self.journal.note("platform", format_args!("graph file {status}"));
            let chunks = answer.into_body().into_data_stream();
            let chunks = chunks.map(|chunk| chunk.map_err(|_| GraphFailure::Unanswered)).boxed();
            Ok(GraphFile { status, retry_after_ms: None, chunks })
        }
        .boxed()
    }

    fn call(&self, request: GraphRequest) -> BoxFuture<'_, Result<GraphAnswer, GraphFailure>> {
        self.exchange(request).boxed()
    }
}

//! Counts what calls to Meta come to.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::Metrics;
use crate::meta::graph::{GraphAnswer, GraphFailure, GraphFile, GraphPort, GraphRequest};
use crate::support::Secret;

/// A way to Meta whose calls are counted.
pub(crate) struct Counted {
    inner: Arc<dyn GraphPort>,
    metrics: Arc<Metrics>,
}

impl Counted {
    /// Counts the calls of `inner`.
    pub(crate) fn new(inner: Arc<dyn GraphPort>, metrics: Arc<Metrics>) -> Self {
        Self { inner, metrics }
    }
}

impl GraphPort for Counted {
    fn call(&self, request: GraphRequest) -> BoxFuture<'_, Result<GraphAnswer, GraphFailure>> {
        Box::pin(async move {
            let result = self.inner.call(request).await;
            self.metrics.called(class(&result));
            result
        })
    }

    // No call to Meta: it is not counted.
    fn post_to_ourselves(
        &self,
        url: String,
        signature: String,
        body: Vec<u8>,
    ) -> BoxFuture<'_, Result<u16, GraphFailure>> {
        self.inner.post_to_ourselves(url, signature, body)
    }

    fn may_fetch(&self, url: &str) -> bool {
        self.inner.may_fetch(url)
    }

    fn fetch(&self, url: String, token: Secret) -> BoxFuture<'_, Result<GraphFile, GraphFailure>> {
        Box::pin(async move {
            let result = self.inner.fetch(url, token).await;
            self.metrics.called(match &result {
                Ok(file) => of_status(file.status),
                Err(failure) => of_failure(*failure),
            });
            result
        })
    }
}

fn class(result: &Result<GraphAnswer, GraphFailure>) -> &'static str {
    match result {
        Ok(answer) => of_status(answer.status),
        Err(failure) => of_failure(*failure),
    }
}

const fn of_status(status: u16) -> &'static str {
    match status {
        200..=299 => "accepted",
        429 => "rate_limited",
        400..=499 => "refused",
        500..=599 => "server_error",
        _ => "odd",
    }
}

const fn of_failure(failure: GraphFailure) -> &'static str {
    match failure {
        GraphFailure::NotSent => "not_sent",
        GraphFailure::Unanswered => "unanswered",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_of_a_call_has_a_class() {
        let answer = |status| Ok(GraphAnswer { status, retry_after_ms: None, body: Vec::new() });
        for (result, wanted) in [
            (answer(200), "accepted"),
            (answer(307), "odd"),
            (answer(400), "refused"),
            (answer(429), "rate_limited"),
            (answer(503), "server_error"),
            (Err(GraphFailure::NotSent), "not_sent"),
            (Err(GraphFailure::Unanswered), "unanswered"),
        ] {
            assert_eq!(class(&result), wanted);
        }
    }
}

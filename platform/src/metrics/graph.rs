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
            self.metrics.called(class(result.as_ref().map(|answer| answer.status)));
            result
        })
    }

    fn may_fetch(&self, url: &str) -> bool {
        self.inner.may_fetch(url)
    }

    fn fetch(&self, url: String, token: Secret) -> BoxFuture<'_, Result<GraphFile, GraphFailure>> {
        Box::pin(async move {
            let result = self.inner.fetch(url, token).await;
            self.metrics.called(class(result.as_ref().map(|file| file.status)));
            result
        })
    }
}

fn class(status: Result<u16, &GraphFailure>) -> &'static str {
    match status {
        Ok(status) => match status {
            200..=299 => "accepted",
            429 => "rate_limited",
            400..=499 => "refused",
            500..=599 => "server_error",
            _ => "odd",
        },
        Err(GraphFailure::NotSent) => "not_sent",
        Err(GraphFailure::Unanswered) => "unanswered",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_of_a_call_has_a_class() {
        for (status, wanted) in [
            (Ok(200), "accepted"),
            (Ok(307), "odd"),
            (Ok(400), "refused"),
            (Ok(429), "rate_limited"),
            (Ok(503), "server_error"),
            (Err(&GraphFailure::NotSent), "not_sent"),
            (Err(&GraphFailure::Unanswered), "unanswered"),
        ] {
            assert_eq!(class(status), wanted);
        }
    }

    /// Answers each call in a way that the trait's own defaults do not.
    struct Other;

    impl GraphPort for Other {
        fn call(&self, _: GraphRequest) -> BoxFuture<'_, Result<GraphAnswer, GraphFailure>> {
            let answer = GraphAnswer { status: 201, retry_after_ms: None, body: vec![7] };
            Box::pin(async move { Ok(answer) })
        }

        fn may_fetch(&self, url: &str) -> bool {
            url == "this"
        }

        fn fetch(&self, _: String, _: Secret) -> BoxFuture<'_, Result<GraphFile, GraphFailure>> {
            Box::pin(async { Err(GraphFailure::Unanswered) })
        }
    }

    #[tokio::test]
    async fn every_call_is_passed_on_and_counted() {
        let metrics = Arc::new(Metrics::default());
        let counted = Counted::new(Arc::new(Other), Arc::clone(&metrics));
        let answer = counted.call(GraphRequest::get("/1", Secret::new("t"))).await.unwrap();
        assert_eq!((answer.status, answer.body), (201, vec![7]));
        assert!(counted.may_fetch("this") && !counted.may_fetch("that"));
        let fetched = counted.fetch("this".into(), Secret::new("t")).await;
        assert_eq!(fetched.err(), Some(GraphFailure::Unanswered));
        let counts = &metrics.counts().graph;
        assert_eq!((counts.get("accepted"), counts.get("unanswered")), (Some(&1), Some(&1)));
    }
}

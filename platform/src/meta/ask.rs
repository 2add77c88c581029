//! Calls to Graph that are no sends: asked once, answered as JSON or refused with a code.

use serde_json::Value;
use tokio::time::{self, Duration};

use super::graph::{GraphFailure, GraphPort, GraphRequest};

/// After this a call counts as unanswered, whatever the port does.
const LIMIT: Duration = Duration::from_secs(25);

/// Graph did not do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It answered with an error.
    Refused {
        /// HTTP status.
        status: u16,
        /// Graph's own code, if the answer had one.
        code: Option<i64>,
        /// Graph's older second number, which its sync calls still use.
        subcode: Option<i64>,
    },
    /// No whole answer, or one that is no JSON: it may have been done.
    Unanswered,
    /// It was provably not asked.
    NotSent,
}

impl Refusal {
    /// The first of the codes that `known` knows.
    pub(crate) fn one_of(self, known: impl Fn(i64) -> bool) -> Option<i64> {
        match self {
            Self::Refused { code, subcode, .. } => {
                [subcode, code].into_iter().flatten().find(|code| known(*code))
            }
            Self::Unanswered | Self::NotSent => None,
        }
    }

    /// Graph's own code.
    pub(crate) const fn code(self) -> Option<i64> {
        match self {
            Self::Refused { code, .. } => code,
            Self::Unanswered | Self::NotSent => None,
        }
    }

    /// Whether the same question may be answered later: no answer, Meta's own trouble, or a limit.
    pub(crate) fn may_pass(self) -> bool {
        match self {
            Self::Unanswered | Self::NotSent => true,
            Self::Refused { status, code, .. } => {
                status == 429
                    || status >= 500
                    || matches!(
                        code,
                        Some(1 | 2 | 4 | 80_007 | 80_008 | 131_016 | 131_057 | 133_004)
                    )
            }
        }
    }
}

/// Asks; a 2xx answer with a JSON object is the answer.
pub(crate) async fn ask(graph: &dyn GraphPort, request: GraphRequest) -> Result<Value, Refusal> {
    let answer = match time::timeout(LIMIT, graph.call(request)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(GraphFailure::NotSent)) => return Err(Refusal::NotSent),
        Ok(Err(GraphFailure::Unanswered)) | Err(_) => return Err(Refusal::Unanswered),
    };
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if (200..300).contains(&answer.status) {
        return if body.is_object() { Ok(body) } else { Err(Refusal::Unanswered) };
    }
    let number = |name: &str| body.pointer(&format!("/error/{name}")).and_then(Value::as_i64);
    let (code, subcode) = (number("code"), number("error_subcode"));
    Err(Refusal::Refused { status: answer.status, code, subcode })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::graph::{GraphAnswer, GraphFile};
    use crate::support::Secret;
    use futures_util::future::BoxFuture;

    struct Fixed(Result<GraphAnswer, GraphFailure>);

    impl GraphPort for Fixed {
        fn may_fetch(&self, _: &str) -> bool {
            false
        }

        fn fetch(&self, _: String, _: Secret) -> BoxFuture<'_, Result<GraphFile, GraphFailure>> {
            Box::pin(async { Err(GraphFailure::NotSent) })
        }

        fn call(&self, _: GraphRequest) -> BoxFuture<'_, Result<GraphAnswer, GraphFailure>> {
            Box::pin(async { self.0.clone() })
        }
    }

    async fn heard(status: u16, body: &str) -> Result<Value, Refusal> {
        let answer = GraphAnswer { status, retry_after_ms: None, body: body.into() };
        ask(&Fixed(Ok(answer)), GraphRequest::get("/1", Secret::new("t"))).await
    }

    #[tokio::test]
    async fn answers_and_refusals() {
        assert!(heard(200, r#"{"id":"1"}"#).await.is_ok());
        assert_eq!(heard(200, "<html>").await, Err(Refusal::Unanswered));
        let refused =
            heard(400, r#"{"error":{"code":100,"error_subcode":2593107}}"#).await.unwrap_err();
        assert_eq!(refused.code(), Some(100));
        assert_eq!(refused.one_of(|code| code == 2_593_107), Some(2_593_107));
        assert!(!refused.may_pass());
        for (status, body) in [(503, "{}"), (429, "{}"), (400, r#"{"error":{"code":4}}"#)] {
            assert!(heard(status, body).await.unwrap_err().may_pass(), "{status} {body}");
        }
        let lost =
            ask(&Fixed(Err(GraphFailure::NotSent)), GraphRequest::get("/1", Secret::new("t")));
        assert_eq!(lost.await, Err(Refusal::NotSent));
    }
}

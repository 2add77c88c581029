//! Meta's Graph API, played by the test.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fieldline_platform::meta::graph::{
    GraphAnswer, GraphBody, GraphFailure, GraphFile, GraphPort, GraphRequest,
};
use fieldline_platform::support::Secret;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::time::sleep;
use tower::ServiceExt as _;

use crate::meta_bodies::PHONE_NUMBER_ID;

/// What Graph does with a call.
pub(crate) enum Reply {
    /// Accepts it.
    Accept,
    /// Answers with this status and body, and perhaps `Retry-After` in ms.
    Answer(u16, Value, Option<i64>),
    /// An error with this code.
    Code(u16, i64),
    NotSent,
    Lost,
    /// Falls over.
    Panic,
    /// Never answers.
    Never,
    /// Accepts it after a while.
    Slow(Duration),
    /// Refuses it with this code after a while.
    SlowCode(Duration, i64),
    /// Answers with this status and body after a while.
    Late(Duration, u16, Value),
}

/// Status and chunks of a file.
type File = (u16, Vec<Vec<u8>>);

/// What becomes of a webhook that the platform sends to its own public address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Own {
    /// It arrives as it was sent.
    #[default]
    Arrives,
    /// Nobody is there.
    Nobody,
    /// Another server answers so.
    Other(u16),
    /// A proxy writes the body in its own way.
    Rewritten,
}

#[derive(Default)]
pub(crate) struct Graph {
    /// Who stands at the platform's public address, and what lies before it.
    own: Mutex<(Option<axum::Router>, Own)>,
    /// Nobody is there.
    pub(crate) down: AtomicBool,
    script: Mutex<VecDeque<Reply>>,
    calls: Mutex<Vec<Value>>,
    /// What is asked beside sends: method and path -> answers, the last of which stays.
    asked: Mutex<BTreeMap<String, VecDeque<Reply>>>,
    /// Method, path, query and body of each such question.
    questions: Mutex<Vec<String>>,
    /// Address -> status and chunks, for files; what is not here is 404.
    files: Mutex<BTreeMap<String, File>>,
    /// Types, lengths and contents of the files that went up.
    uploads: Mutex<Vec<(String, Vec<u8>)>>,
}

impl Graph {
    pub(crate) fn then(&self, replies: impl IntoIterator<Item = Reply>) {
        self.script.lock().unwrap().extend(replies);
    }

    /// Answers to `GET /1`, say; nothing is known of any other question.
    pub(crate) fn on(&self, question: &str, replies: impl IntoIterator<Item = Reply>) {
        self.asked.lock().unwrap().insert(question.to_owned(), replies.into_iter().collect());
    }

    /// Takes the questions so far: `GET /1?fields=a {}`.
    pub(crate) fn questions(&self) -> Vec<String> {
        std::mem::take(&mut *self.questions.lock().unwrap())
    }

    fn answer(&self, request: &GraphRequest) -> Reply {
        let query: Vec<String> = request
            .query
            .iter()
            .map(|(name, value)| format!("{name}={}", value.expose()))
            .collect();
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        let key = format!("{} {}", request.method, request.path);
        self.questions.lock().unwrap().push(format!("{key}{query} {}", request.json()));
        let mut asked = self.asked.lock().unwrap();
        match asked.get_mut(&key).and_then(|replies| {
            let next = replies.pop_front();
            if let (Some(Reply::Answer(status, body, wait)), true) = (&next, replies.is_empty()) {
                replies.push_front(Reply::Answer(*status, body.clone(), *wait));
            }
            next
        }) {
            Some(reply) => reply,
            None => Reply::NotSent,
        }
    }

    /// A file lies at this address.
    pub(crate) fn file(&self, url: &str, status: u16, chunks: &[&[u8]]) {
        let chunks = chunks.iter().map(|chunk| chunk.to_vec()).collect();
        self.files.lock().unwrap().insert(url.to_owned(), (status, chunks));
    }

    /// The files that went up: type and content.
    pub(crate) fn uploads(&self) -> Vec<(String, Vec<u8>)> {
        self.uploads.lock().unwrap().clone()
    }

    pub(crate) fn calls(&self) -> Vec<Value> {
        self.calls.lock().unwrap().clone()
    }

    /// The texts of all calls, in order.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.calls().iter().map(|c| c["text"]["body"].as_str().unwrap().to_owned()).collect()
    }
}

impl Graph {
    /// Who answers at the platform's public address; nobody while it is down.
    pub(crate) fn stands(&self, router: Option<axum::Router>) {
        self.own.lock().unwrap().0 = router;
    }

    /// What lies before it.
    pub(crate) fn own(&self, own: Own) {
        self.own.lock().unwrap().1 = own;
    }
}

impl GraphPort for Graph {
    fn post_to_ourselves(
        &self,
        url: String,
        signature: String,
        body: Vec<u8>,
    ) -> BoxFuture<'_, Result<u16, GraphFailure>> {
        assert_eq!(url, "https://desk.example/webhooks/meta");
        let (router, own) = self.own.lock().unwrap().clone();
        Box::pin(async move {
            let body = match own {
                Own::Arrives => body,
                Own::Nobody => return Err(GraphFailure::NotSent),
                Own::Other(status) => return Ok(status),
                Own::Rewritten => {
                    String::from_utf8(body).unwrap().replace('é', "\\u00e9").into_bytes()
                }
            };
            let router = router.ok_or(GraphFailure::NotSent)?;
            let request = axum::http::Request::post("/webhooks/meta")
                .header("X-Hub-Signature-256", signature)
                .body(axum::body::Body::from(body))
                .unwrap();
            Ok(router.oneshot(request).await.unwrap().status().as_u16())
        })
    }

    fn may_fetch(&self, url: &str) -> bool {
        url.starts_with("https://files.test/")
    }

    fn fetch(&self, url: String, token: Secret) -> BoxFuture<'_, Result<GraphFile, GraphFailure>> {
        assert_eq!(token.expose(), "graph token");
        assert!(self.may_fetch(&url));
        let found = self.files.lock().unwrap().get(&url).cloned().unwrap_or((404, Vec::new()));
        self.questions.lock().unwrap().push(format!("FETCH {url}"));
        let chunks = found.1.into_iter().map(|chunk| {
            // What is written so stands for a connection that breaks here.
            if chunk == b"CUT" { Err(GraphFailure::Unanswered) } else { Ok(chunk.into()) }
        });
        let chunks = stream::iter(chunks.collect::<Vec<_>>()).boxed();
        Box::pin(async move { Ok(GraphFile { status: found.0, retry_after_ms: None, chunks }) })
    }

    fn call(&self, request: GraphRequest) -> BoxFuture<'_, Result<GraphAnswer, GraphFailure>> {
        Box::pin(async move {
            let send = request.path == format!("/{PHONE_NUMBER_ID}/messages");
            if let GraphBody::Upload(upload) = &request.body {
                let bytes = std::fs::read(&upload.path).unwrap();
                assert_eq!(bytes.len() as u64, upload.length);
                self.uploads.lock().unwrap().push((upload.mime.clone(), bytes));
            }
            if send {
                assert_eq!(request.token.as_ref().unwrap().expose(), "graph token");
            }
            let number = {
                let mut calls = self.calls.lock().unwrap();
                if send {
                    calls.push(request.json().clone());
                }
                calls.len()
            };
            let answer = |status, body: &Value, retry_after_ms| {
                Ok(GraphAnswer { status, retry_after_ms, body: body.to_string().into_bytes() })
            };
            let accepted = json!({"messages": [{"id": format!("wamid.out.{number}")}]});
            if self.down.load(Ordering::SeqCst) {
                return Err(GraphFailure::NotSent);
            }
            let reply = if send {
                self.script.lock().unwrap().pop_front().unwrap_or(Reply::Accept)
            } else {
                self.answer(&request)
            };
            match reply {
                Reply::Accept => answer(200, &accepted, None),
                Reply::Answer(status, body, retry_after) => answer(status, &body, retry_after),
                Reply::Code(status, code) => {
                    answer(status, &json!({"error": {"code": code, "message": "no"}}), None)
                }
                Reply::NotSent => Err(GraphFailure::NotSent),
                Reply::Lost => Err(GraphFailure::Unanswered),
                Reply::Panic => panic!("as the test wants it"),
                Reply::Never => std::future::pending().await,
                Reply::SlowCode(wait, code) => {
                    sleep(wait).await;
                    answer(400, &json!({"error": {"code": code, "message": "no"}}), None)
                }
                Reply::Slow(wait) => {
                    sleep(wait).await;
                    answer(200, &accepted, None)
                }
                Reply::Late(wait, status, body) => {
                    sleep(wait).await;
                    answer(status, &body, None)
                }
            }
        })
    }
}

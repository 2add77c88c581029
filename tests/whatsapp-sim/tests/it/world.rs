//! What the tests share: a world in process on tokio's paused clock, and one on real ports.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::post;
use fieldline_whatsapp_sim::{
    CutConnection, HttpWebhooks, Sim, SimClock, SimPorts, SimSettings, SystemClock, WebhookFailure,
    WebhookPort, listen, serve, verify,
};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tower::ServiceExt as _;

pub(crate) const SECRET: &str = "app-secret-of-the-tests";
pub(crate) const ANA: &str = "34600111222";
pub(crate) const BEN: &str = "34600333444";
/// Wall time at the start of a paused world.
pub(crate) const START_MS: i64 = 1_790_000_000_000;

/// A text send as Cloud API clients write it.
pub(crate) fn send_body(to: &str, text: &str, callback: &str) -> Value {
    json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": to,
        "type": "text", "text": {"preview_url": false, "body": text},
        "biz_opaque_callback_data": callback})
}

/// A webhook as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    /// Milliseconds since the start, on tokio's clock.
    pub(crate) at: u64,
    pub(crate) body: Value,
}

impl Arrived {
    /// `(field, what)` of each update in it: status word, text or type.
    pub(crate) fn says(&self) -> Vec<String> {
        let changes = self.body["entry"][0]["changes"].as_array().unwrap();
        changes.iter().map(|change| say(&change["value"])).collect()
    }
}

fn say(value: &Value) -> String {
    for key in ["messages", "message_echoes"] {
        if let Some(message) = value.get(key).map(|list| &list[0]) {
            return message["text"]["body"].as_str().unwrap_or("?").to_owned();
        }
    }
    value["statuses"][0]["status"].as_str().unwrap().to_owned()
}

struct PausedClock(Instant);

impl SimClock for PausedClock {
    fn now_ms(&self) -> i64 {
        START_MS + i64::try_from(self.0.elapsed().as_millis()).unwrap()
    }
}

/// Keeps what arrives; answers as told, then 200.
pub(crate) struct Receiver {
    started: Instant,
    takes: Duration,
    answers: Mutex<VecDeque<Result<u16, WebhookFailure>>>,
    arrived: Mutex<Vec<Arrived>>,
}

impl WebhookPort for Receiver {
    fn post(&self, body: Vec<u8>, signature: String) -> BoxFuture<'_, Result<u16, WebhookFailure>> {
        Box::pin(async move {
            assert!(verify(SECRET, &body, &signature));
            let at = u64::try_from(self.started.elapsed().as_millis()).unwrap();
            let body = serde_json::from_slice(&body).unwrap();
            self.arrived.lock().unwrap().push(Arrived { at, body });
            if !self.takes.is_zero() {
                tokio::time::sleep(self.takes).await;
            }
            self.answers.lock().unwrap().pop_front().unwrap_or(Ok(200))
        })
    }
}

/// A simulator in process. Needs `start_paused`.
pub(crate) struct World {
    pub(crate) sim: Sim,
    receiver: Arc<Receiver>,
}

/// What a call in process got; `None` if the connection was cut.
pub(crate) type Got = Option<(u16, Value)>;

impl World {
    pub(crate) fn new() -> Self {
        Self::with(1, |_| {}, vec![], 0)
    }

    pub(crate) fn with(
        seed: u64,
        adjust: impl FnOnce(&mut SimSettings),
        answers: Vec<Result<u16, WebhookFailure>>,
        takes_ms: u64,
    ) -> Self {
        let started = Instant::now();
        let receiver = Arc::new(Receiver {
            started,
            takes: Duration::from_millis(takes_ms),
            answers: Mutex::new(answers.into()),
            arrived: Mutex::default(),
        });
        let mut settings = SimSettings::new(SECRET);
        adjust(&mut settings);
        let clock = Arc::new(PausedClock(started));
        let webhooks = Arc::clone(&receiver) as Arc<dyn WebhookPort>;
        let sim = Sim::new(settings, SimPorts { clock, seed, webhooks });
        sim.start();
        Self { sim, receiver }
    }

    /// Lets virtual time pass, and what is due at its very end happen.
    pub(crate) async fn pass(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
    }

    /// Takes what arrived since the last look.
    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        std::mem::take(&mut *self.receiver.arrived.lock().unwrap())
    }

    /// What arrived since the last look, in words.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.arrived().iter().flat_map(Arrived::says).collect()
    }

    /// `POST` to `messages` with a token.
    pub(crate) async fn graph(&self, body: &Value) -> Got {
        self.request("POST", "/v25.0/106540352242922/messages", &[BEARER], &body.to_string()).await
    }

    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Got {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.sim.router().oneshot(request).await.unwrap();
        if response.extensions().get::<CutConnection>().is_some() {
            return None;
        }
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Some((status, serde_json::from_slice(&bytes).unwrap()))
    }

    /// A Graph call with the token and, if it is not null, a JSON body.
    pub(crate) async fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = [BEARER, ("content-type", "application/json"), ("host", "graph.example")];
        self.request(method, &format!("/v25.0/{path}"), &headers, &body).await.unwrap()
    }

    /// A send of any kind to Ana.
    pub(crate) async fn send(&self, kind: &str, content: &Value) -> (u16, Value) {
        let mut body = json!({"messaging_product": "whatsapp", "to": ANA, "type": kind});
        body[kind] = content.clone();
        self.graph(&body).await.unwrap()
    }

    /// Uploads a file as clients do; the id, or the whole refusal.
    pub(crate) async fn upload(&self, mime: &str, bytes: &str) -> Result<String, (u16, Value)> {
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n\
             --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\nContent-Type: {mime}\
             \r\n\r\n{bytes}\r\n--b--\r\n"
        );
        let headers = [BEARER, ("content-type", "multipart/form-data; boundary=b")];
        let path = "/v25.0/106540352242922/media";
        let (status, answer) = self.request("POST", path, &headers, &body).await.unwrap();
        match answer["id"].as_str() {
            Some(id) => Ok(id.to_owned()),
            None => Err((status, answer)),
        }
    }

    /// A control call that is carried out.
    pub(crate) async fn control(&self, path: &str, body: &Value) -> Value {
        let headers = [("host", "localhost"), ("content-type", "application/json")];
        let path = format!("/sim/{path}");
        let (status, answer) =
            self.request("POST", &path, &headers, &body.to_string()).await.unwrap();
        assert_eq!(status, 200, "{path} {answer}");
        answer
    }

    /// `(field, value)` of each update that arrived since the last look.
    pub(crate) fn updates(&self) -> Vec<(String, Value)> {
        let entries = self
            .arrived()
            .into_iter()
            .flat_map(|webhook| webhook.body["entry"].as_array().cloned().unwrap_or_default());
        let changes = entries.flat_map(|entry| entry["changes"].as_array().cloned().unwrap());
        changes.map(|c| (c["field"].as_str().unwrap().to_owned(), c["value"].clone())).collect()
    }

    /// The texts that a customer's phone shows from the business.
    pub(crate) fn shown(&self, wa_id: &str) -> Vec<String> {
        let chats = self.sim.chats();
        let chat = chats.customers.iter().find(|chat| chat.wa_id == wa_id);
        let from_business = chat.into_iter().flat_map(|chat| &chat.messages).filter(|message| {
            assert!(message.deliveries <= 1);
            message.deliveries == 1
        });
        from_business.map(|message| message.text.clone().unwrap()).collect()
    }
}

pub(crate) const BEARER: (&str, &str) = ("authorization", "Bearer token-of-the-tests");

/// A simulator on a real port, and a platform's webhook endpoint on another.
pub(crate) struct Ports {
    pub(crate) sim: Sim,
    pub(crate) addr: SocketAddr,
    pub(crate) client: reqwest::Client,
    webhooks: mpsc::UnboundedReceiver<Value>,
}

impl Ports {
    pub(crate) async fn open() -> Self {
        let (seen, webhooks) = mpsc::unbounded_channel();
        let endpoint = Router::new().route("/hook", post(take)).with_state(seen);
        let hook = spawn_server(endpoint).await;
        let mut settings = SimSettings::new(SECRET);
        settings.sent_after_ms = 0;
        settings.delivered_after_ms = 1;
        settings.webhook_retry_ms = 1;
        let webhooks_out = HttpWebhooks::new(&format!("http://{hook}/hook")).unwrap();
        let ports =
            SimPorts { clock: Arc::new(SystemClock), seed: 1, webhooks: Arc::new(webhooks_out) };
        let sim = Sim::new(settings, ports);
        sim.start();
        let addr = spawn_server(sim.router()).await;
        Self { sim, addr, client: client(), webhooks }
    }

    /// The next webhook whose signature is right.
    pub(crate) async fn webhook(&mut self) -> Value {
        // Only against a test that would hang for ever.
        let wait = tokio::time::timeout(Duration::from_mins(1), self.webhooks.recv());
        wait.await.expect("a webhook comes").expect("the endpoint lives")
    }

    pub(crate) async fn control(&self, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("http://{}/sim/{path}", self.addr);
        let request = self.client.post(url).header("content-type", "application/json");
        answer(request.body(body.to_string()).send().await.unwrap()).await
    }

    pub(crate) async fn graph(&self, body: &Value) -> Result<(u16, Value), reqwest::Error> {
        let url = format!("http://{}/v25.0/106540352242922/messages", self.addr);
        let request = self.client.post(url).header(BEARER.0, BEARER.1);
        let request = request.header("content-type", "application/json").body(body.to_string());
        Ok(answer(request.send().await?).await)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let url = format!("http://{}/sim/{path}", self.addr);
        answer(self.client.get(url).send().await.unwrap()).await.1
    }
}

async fn answer(response: reqwest::Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
}

async fn take(
    State(seen): State<mpsc::UnboundedSender<Value>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let signature = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok());
    if !signature.is_some_and(|signature| verify(SECRET, &body, signature)) {
        return StatusCode::UNAUTHORIZED;
    }
    seen.send(serde_json::from_slice(&body).unwrap()).unwrap();
    StatusCode::OK
}

async fn spawn_server(router: Router) -> SocketAddr {
    let listener = listen("127.0.0.1:0".parse().unwrap(), false).await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, router, std::future::pending()));
    addr
}

/// A client that needs no roots: the tests speak plain HTTP on loopback.
pub(crate) fn client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}

//! A server by script: answers that the real platform gives on bad days only, counted on virtual time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fieldline_core::api::{
    Choice, Config, ConversationId, Credentials, LinkState, NetworkKind, Reason, SecretError,
    SecretStore, UnsentOnSignOut,
};
use fieldline_core::support::{Clock, Inline, MemorySecrets, SystemRng};
use fieldline_core::transport::{
    ConnectFault, Fault, LiveEvent, LiveSocket, Request, Response, Transport,
};
use fieldline_core::{Client, Ports};
use futures_util::future::{BoxFuture, FutureExt};
use zeroize::Zeroizing;

/// Time that follows tokio's paused clock.
#[derive(Clone, Copy)]
struct Virtual(tokio::time::Instant);

impl Clock for Virtual {
    fn now_ms(&self) -> i64 {
        1_800_000_000_000 + i64::try_from(self.0.elapsed().as_millis()).unwrap()
    }
}

/// What happens to sockets.
#[derive(Clone, Copy)]
pub(crate) enum Sockets {
    /// They stay open and silent.
    Last,
    /// They close at once.
    Close,
    /// A proxy refuses them.
    Refused,
}

struct Script {
    /// Status, `Retry-After` in milliseconds and body for paths that are not as usual.
    answers: BTreeMap<&'static str, (u16, Option<u64>, String)>,
    sockets: Sockets,
    calls: BTreeMap<String, u32>,
}

#[derive(Clone)]
pub(crate) struct Server(Arc<Mutex<Script>>, Virtual);

impl Server {
    pub(crate) fn new(sockets: Sockets) -> Self {
        let (answers, calls) = (BTreeMap::new(), BTreeMap::new());
        let clock = Virtual(tokio::time::Instant::now());
        Self(Arc::new(Mutex::new(Script { answers, sockets, calls })), clock)
    }

    /// What `path` answers from now on; with its query it is meant alone.
    pub(crate) fn answer(
        &self,
        path: &'static str,
        status: u16,
        retry_after_ms: Option<u64>,
        body: &str,
    ) {
        self.0.lock().unwrap().answers.insert(path, (status, retry_after_ms, body.to_owned()));
    }

    pub(crate) fn calls(&self, path: &str) -> u32 {
        self.0.lock().unwrap().calls.get(path).copied().unwrap_or(0)
    }

    /// `path` answers as usual again.
    pub(crate) fn as_usual(&self, path: &str) {
        self.0.lock().unwrap().answers.remove(path);
    }

    fn count(&self, path: &str) {
        *self.0.lock().unwrap().calls.entry(path.to_owned()).or_insert(0) += 1;
    }

    fn usual(request: &Request) -> String {
        let member = r#"{"id":"m","version":1,"name":"Ana","role":"employee"}"#;
        match request.path.split('?').next().unwrap() {
            "/v1/session" | "/v1/session/refresh" => format!(
                r#"{{"access_token":"a","refresh_token":"r","member":{member},"workspace":{{"name":"W"}}}}"#
            ),
            "/v1/bootstrap" => format!(
                r#"{{"epoch":"e","cursor":"c","as_of":1,"me":{member},"workspace":{{"name":"W"}},
                    "conversations":[{{"id":"v","version":1,"contact_id":"k","channel_id":"h",
                    "window":{{"closes_at":{}}}}}]}}"#,
                i64::MAX
            ),
            "/v1/commands" => {
                let sent: serde_json::Value =
                    serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
                let done = |it: &serde_json::Value| serde_json::json!({"id": it["id"], "outcome": "done", "seq": 1});
                let answers: Vec<_> =
                    sent["commands"].as_array().unwrap().iter().map(done).collect();
                serde_json::json!({ "answers": answers }).to_string()
            }
            _ => r#"{"kind":"changes","epoch":"e","from":1,"to":1,"cursor":"c","as_of":1,"changes":[]}"#
                .to_owned(),
        }
    }
}

struct Socket(Sockets);

impl LiveSocket for Socket {
    fn send(&mut self, _text: String) -> BoxFuture<'_, Result<(), Fault>> {
        async { Ok(()) }.boxed()
    }

    fn next(&mut self) -> BoxFuture<'_, LiveEvent> {
        match self.0 {
            Sockets::Last => std::future::pending().boxed(),
            _ => async { LiveEvent::Closed(Some(4400)) }.boxed(),
        }
    }
}

impl Transport for Server {
    fn call(&self, request: Request) -> BoxFuture<'_, Result<Response, Fault>> {
        async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let path = request.path.split('?').next().unwrap();
            self.count(path);
            let scripted = {
                let script = self.0.lock().unwrap();
                script.answers.get(request.path.as_str()).or(script.answers.get(path)).cloned()
            };
            let (status, retry_after_ms, body) =
                scripted.unwrap_or_else(|| (200, None, Self::usual(&request)));
            let server_time = Some(self.1.now_ms());
            Ok(Response { status, server_time, retry_after_ms, body: body.into_bytes() })
        }
        .boxed()
    }

    fn connect(
        &self,
        _bearer: Zeroizing<String>,
    ) -> BoxFuture<'_, Result<Box<dyn LiveSocket>, ConnectFault>> {
        async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            self.count("socket");
            let sockets = self.0.lock().unwrap().sockets;
            match sockets {
                Sockets::Refused => Err(ConnectFault::Status(403)),
                other => Ok(Box::new(Socket(other)) as Box<dyn LiveSocket>),
            }
        }
        .boxed()
    }
}

pub(crate) async fn phone(server: &Server) -> (tempfile::TempDir, Client) {
    phone_with(server, Arc::new(MemorySecrets::default())).await
}

pub(crate) async fn phone_with(
    server: &Server,
    secrets: Arc<dyn SecretStore>,
) -> (tempfile::TempDir, Client) {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        store_path: folder.path().join("s.db"),
        server_url: "http://127.0.0.1".into(),
        device_name: "phone".into(),
        platform: "test".into(),
        extra_roots_pem: None,
    };
    let ports = Ports {
        transport: Arc::new(server.clone()),
        clock: Arc::new(server.1),
        rng: Arc::new(SystemRng::default()),
        executor: Arc::new(Inline),
    };
    let client = Client::open_with(config, secrets, ports).await.unwrap();
    let (email, password) = ("a@example.com".to_owned(), "p".to_owned());
    client.sign_in(Credentials::Password { email, password }).await.unwrap();
    client.enter_foreground().await.unwrap();
    seconds(2).await;
    (folder, client)
}

pub(crate) async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

async fn reply(client: &Client) {
    client.send_reply(&ConversationId("v".into()), "hi", 0).await.unwrap();
}

async fn unsent(client: &Client) -> u32 {
    client.outbox().next(0).await.unwrap().unwrap().total
}

pub(crate) async fn link(client: &Client) -> LinkState {
    client.status().next(0).await.unwrap().unwrap().link
}

#[tokio::test(start_paused = true)]
async fn a_network_that_came_cuts_the_back_off() {
    let server = Server::new(Sockets::Last);
    let (_folder, client) = phone(&server).await;
    server.answer("/v1/commands", 503, None, "{}");
    reply(&client).await;
    seconds(600).await;
    let tries = server.calls("/v1/commands");
    assert!((5..40).contains(&tries), "{tries} tries while everything else is well");
    server.0.lock().unwrap().answers.clear();
    client.network_changed(NetworkKind::Unmetered);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(unsent(&client).await, 0);
}

#[tokio::test(start_paused = true)]
async fn answers_that_end_nothing_are_no_busy_loop() {
    for answer in ["", r#"{"id":"ID","outcome":"later","code":"behind","retry_after_ms":0}"#] {
        let server = Server::new(Sockets::Last);
        let (_folder, client) = phone(&server).await;
        let id = client.send_reply(&ConversationId("v".into()), "hi", 0).await;
        let answer = answer.replace("ID", id.unwrap().as_str());
        server.answer("/v1/commands", 200, None, &format!(r#"{{"answers":[{answer}]}}"#));
        seconds(10).await;
        let tries = server.calls("/v1/commands");
        assert!((2..=50).contains(&tries), "{tries} tries");
        server.0.lock().unwrap().answers.clear();
        seconds(10).await;
        assert_eq!(unsent(&client).await, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn sockets_that_close_at_once_are_no_busy_loop() {
    let server = Server::new(Sockets::Close);
    let (_folder, client) = phone(&server).await;
    seconds(60).await;
    assert!(server.calls("socket") < 20, "{} sockets", server.calls("socket"));
    reply(&client).await;
    seconds(1).await;
    assert_eq!(unsent(&client).await, 0);
}

/// B3: correct with the socket off, and no trouble is told of.
#[tokio::test(start_paused = true)]
async fn a_refused_socket_stops_nothing() {
    let server = Server::new(Sockets::Refused);
    let (_folder, client) = phone(&server).await;
    seconds(120).await;
    assert_eq!(link(&client).await, LinkState::Connecting);
    let pulls = server.calls("/v1/changes");
    assert!((5..60).contains(&pulls), "{pulls} pulls");
    reply(&client).await;
    seconds(1).await;
    assert_eq!(unsent(&client).await, 0);
    assert!(server.calls("/v1/changes") > pulls, "without a socket the phone pulls once");
}

#[tokio::test(start_paused = true)]
async fn pulling_waits_as_long_as_the_server_asks() {
    let server = Server::new(Sockets::Close);
    server.answer("/v1/changes", 429, Some(120_000), "{}");
    let (_folder, _client) = phone(&server).await;
    seconds(100).await;
    assert_eq!(server.calls("/v1/changes"), 1);
    seconds(30).await;
    assert_eq!(server.calls("/v1/changes"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_hint_about_the_network_does_not_stand() {
    let server = Server::new(Sockets::Last);
    let (_folder, client) = phone(&server).await;
    assert_eq!(link(&client).await, LinkState::Online);
    client.network_changed(NetworkKind::None);
    assert_eq!(link(&client).await, LinkState::NoNetwork);
    seconds(1).await;
    assert_eq!(link(&client).await, LinkState::Online);
}

/// I looked while a colleague had it; now it is mine, and my look clears it.
#[tokio::test(start_paused = true)]
async fn a_look_of_mine_counts_again_once_the_conversation_is_mine() {
    for (assignee, sent) in [("m", 1), ("colleague", 0)] {
        let server = Server::new(Sockets::Last);
        let member = r#""id":"m","version":1,"name":"Ana","role":"employee""#;
        let body = format!(
            r#"{{"epoch":"e","cursor":"c","as_of":1,"me":{{{member},"my_reads":[{{"conversation":"v","n":5}}]}},
                "workspace":{{"name":"W"}},"conversations":[{{"id":"v","version":1,"contact_id":"k",
                "channel_id":"h","assignee":"{assignee}","unread":2,"last_n":5,"read_up_to_n":3}}]}}"#
        );
        server.answer("/v1/bootstrap", 200, None, &body);
        let (_folder, client) = phone(&server).await;
        client.mark_read(&ConversationId("v".into()), 5).await.unwrap();
        seconds(1).await;
        assert_eq!(server.calls("/v1/commands"), sent, "{assignee}");
    }
}

/// Tries that fail again change nothing for what waits: neither its reason nor since when, nor what a finger is about to press.
#[tokio::test(start_paused = true)]
async fn a_trouble_that_lasts_is_said_without_a_break_and_since_when() {
    let server = Server::new(Sockets::Last);
    let (_folder, client) = phone(&server).await;
    server.answer("/v1/changes", 503, None, "{}");
    client.network_changed(NetworkKind::Unmetered);
    seconds(1).await;
    let before = client.status().next(0).await.unwrap().unwrap();
    assert_eq!(before.link, LinkState::ServerTrouble);
    seconds(300).await;
    let tries = server.calls("/v1/changes");
    reply(&client).await;
    for _ in 0..50 {
        let status = client.status().next(0).await.unwrap().unwrap();
        assert!(matches!(status.link, LinkState::ServerTrouble | LinkState::Connecting));
        assert!(status.link == LinkState::Connecting || status.since == before.since);
        let outbox = client.outbox().next(0).await.unwrap().unwrap();
        let pause = outbox.pause.unwrap();
        assert_eq!((pause.reason, pause.since), (Reason::ServerUnreachable, before.since));
        let row = &outbox.rows[0];
        assert_eq!(row.choices, [Choice::TryNow, Choice::Edit, Choice::Discard]);
        assert_eq!(row.trouble.as_ref().map(|it| it.reason), Some(Reason::ServerUnreachable));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(server.calls("/v1/changes") > tries, "it was not tried");
    server.as_usual("/v1/changes");
    client.try_now().await.unwrap();
    seconds(2).await;
    assert_eq!((link(&client).await, unsent(&client).await), (LinkState::Online, 0));
    assert_eq!(client.outbox().next(0).await.unwrap().unwrap().pause, None);
}

/// A reply makes the phone ask again although the session is over: until there is another answer it goes on saying what it knows.
#[tokio::test(start_paused = true)]
async fn a_session_that_ended_is_said_without_a_break() {
    let server = Server::new(Sockets::Last);
    let (_folder, client) = phone(&server).await;
    let paths = ["/v1/changes", "/v1/session/refresh"];
    for path in paths {
        server.answer(path, 401, None, r#"{"error":{"code":"session_ended"}}"#);
    }
    client.network_changed(NetworkKind::Unmetered);
    seconds(5).await;
    assert_eq!(link(&client).await, LinkState::SignInAgain);
    reply(&client).await;
    client.try_now().await.unwrap();
    for _ in 0..100 {
        assert_eq!(link(&client).await, LinkState::SignInAgain);
        let outbox = client.outbox().next(0).await.unwrap().unwrap();
        assert_eq!(outbox.pause.map(|pause| pause.reason), Some(Reason::SignInAgain));
        let trouble = outbox.rows[0].trouble.clone();
        assert_eq!(trouble.map(|trouble| trouble.reason), Some(Reason::SignInAgain));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // What it says after the next sign-in is new.
    for path in paths {
        server.as_usual(path);
    }
    client
        .sign_in(Credentials::Password { email: "a@example.com".into(), password: "p".into() })
        .await
        .unwrap();
    seconds(1).await;
    assert_eq!((link(&client).await, unsent(&client).await), (LinkState::Online, 0));
}

/// The key store opens only after the first unlock; the app asks again then.
struct Locked(MemorySecrets, AtomicBool);

impl SecretStore for Locked {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, SecretError> {
        if self.1.load(Ordering::Relaxed) { Err(SecretError::Locked) } else { self.0.get(name) }
    }

    fn set(&self, name: &str, secret: &[u8]) -> Result<(), SecretError> {
        self.0.set(name, secret)
    }

    fn remove(&self, name: &str) -> Result<(), SecretError> {
        self.0.remove(name)
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_that_failed_is_made_up_for() {
    let server = Server::new(Sockets::Last);
    let secrets = Arc::new(Locked(MemorySecrets::default(), AtomicBool::new(false)));
    let (_folder, client) = phone_with(&server, Arc::<Locked>::clone(&secrets)).await;
    client.enter_background(1_000).await.unwrap();
    secrets.1.store(true, Ordering::Relaxed);
    assert!(client.enter_foreground().await.is_err());
    secrets.1.store(false, Ordering::Relaxed);
    let pulls = server.calls("/v1/changes");
    client.enter_foreground().await.unwrap();
    reply(&client).await;
    seconds(1).await;
    assert!(server.calls("/v1/changes") > pulls);
    assert_eq!(unsent(&client).await, 0);
}

/// A refresh under way when somebody signs out must not bring the session back.
#[tokio::test(start_paused = true)]
async fn a_late_refresh_signs_nobody_in() {
    let server = Server::new(Sockets::Last);
    let secrets = Arc::new(MemorySecrets::default());
    let (_folder, client) = phone_with(&server, Arc::<MemorySecrets>::clone(&secrets)).await;
    let over = r#"{"error":{"code":"token"}}"#;
    server.answer("/v1/conversations/v/messages", 401, None, over);
    let id = ConversationId("v".into());
    let older = client.load_older(&id);
    let out = async {
        // The 401 came, the refresh is under way.
        tokio::time::sleep(Duration::from_millis(15)).await;
        client.sign_out(UnsentOnSignOut::Delete).await
    };
    let (_refused, out) = tokio::join!(older, out);
    assert_eq!(out, Ok(()));
    assert_eq!(server.calls("/v1/session/refresh"), 1);
    assert_eq!(secrets.get("refresh_token"), Ok(None));
}

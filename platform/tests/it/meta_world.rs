//! A whole platform on virtual time, with Meta played by the test.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use argon2::password_hash::PasswordHasher as _;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use fieldline_platform::agents::outcome::{Actor, Role};
use fieldline_platform::feed::changes::page;
use fieldline_platform::feed::scope::Reader;
use fieldline_platform::meta::graph::GraphPort;
use fieldline_platform::meta::seal;
use fieldline_platform::store::{StoreError, workspaces};
use fieldline_platform::support::disk::FreeSpace;
use fieldline_platform::support::{Clock, Executor, Key, Secret};
use fieldline_platform::{PasswordCost, Platform, Ports, Settings};
use futures_util::future::FutureExt as _;
use serde_json::{Value, json};
use tokio::time::{Instant, advance, sleep, timeout};
use tower::ServiceExt as _;

use crate::paper::{Seen, held, held_frame};

pub(crate) use crate::meta_bodies::*;
pub(crate) use crate::meta_graph::{Graph, Own, Reply};
pub(crate) use crate::meta_ports::Space;
use crate::meta_ports::{Counting, Cutting, VirtualClock};

pub(crate) struct World {
    dir: tempfile::TempDir,
    /// How much disk is free; without end until a test says otherwise.
    pub(crate) space: Arc<Space>,
    clock: Arc<VirtualClock>,
    ports: Ports,
    executor: Arc<Cutting>,
    pub(crate) graph: Arc<Graph>,
    platform: Option<Platform>,
    /// Where Meta reaches the platform, from its next start on.
    pub(crate) public_url: Option<String>,
    ids: AtomicU64,
    /// How far on the line the contract was looked at.
    told: AtomicI64,
}

impl World {
    /// One workspace, one channel, two agents, workers running.
    pub(crate) async fn new() -> Self {
        let world = Self::asleep().await;
        world.platform.as_ref().unwrap().start();
        world
    }

    /// As [`World::new`], without workers.
    pub(crate) async fn asleep() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let graph = Arc::new(Graph::default());
        let executor = Arc::new(Cutting::default());
        let space = Arc::new(Space(AtomicU64::new(u64::MAX)));
        let clock = Arc::new(VirtualClock { begun: Instant::now(), set: AtomicI64::new(0) });
        let ports = Ports {
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            rng: Arc::new(Counting::default()),
            executor: Arc::clone(&executor) as Arc<dyn Executor>,
            graph: Arc::clone(&graph) as Arc<dyn GraphPort>,
        };
        let mut world = Self {
            dir,
            space,
            clock,
            ports,
            executor,
            graph,
            platform: None,
            public_url: Some("https://desk.example".into()),
            ids: AtomicU64::new(100),
            told: AtomicI64::new(0),
        };
        let platform = world.open().await;
        world.fill();
        world.platform = Some(platform);
        world
    }

    async fn open(&self) -> Platform {
        let settings = Settings {
            listen: "127.0.0.1:0".parse().unwrap(),
            graph_url: "http://127.0.0.1:1".into(),
            public_url: self.public_url.clone(),
            app_id: Some("77".into()),
            config_id: Some("88".into()),
            password_cost: PasswordCost::SMALLEST,
            log: log::LevelFilter::Off,
            ..Settings::new(
                self.dir.path().to_owned(),
                Secret::new(APP_SECRET),
                Secret::new(VERIFY),
                Key::new([7; 32]),
            )
        };
        let space = Arc::clone(&self.space) as Arc<dyn FreeSpace>;
        let platform = Platform::open_with(settings, self.ports.clone(), space).await.unwrap();
        self.graph.stands(Some(platform.router()));
        platform
    }

    fn fill(&self) {
        let sql = self.sql();
        let token =
            seal::seal(&Key::new([7; 32]), self.ports.rng.as_ref(), b"graph token").unwrap();
        let hash = argon2::Argon2::new(
            argon2::Algorithm::Argon2id,
            argon2::Version::V0x13,
            argon2::Params::new(8, 1, 1, None).unwrap(),
        )
        .hash_password_with_salt(b"password", b"saltsaltsaltsalt")
        .unwrap()
        .to_string();
        sql.execute(
            "INSERT INTO workspaces (id, name, epoch, created_at) VALUES ('w', 'Bloom', 'e1', 0)",
            [],
        )
        .unwrap();
        for (id, role) in [("maria", "employee"), ("ben", "employee")] {
            sql.execute(
                "INSERT INTO members (id, workspace, email, name, role, password_hash, created_at)
                 VALUES (?1, 'w', ?1 || '@example.test', ?1, ?2, ?3, 0)",
                (id, role, &hash),
            )
            .unwrap();
        }
        sql.execute(
            "INSERT INTO channels (id, workspace, phone_number_id, waba_id, display, display_digits,
                 token_sealed, created_at) VALUES ('h', 'w', ?1, 'b', '+34 600', '34600', ?2, 1700000000000)",
            (PHONE_NUMBER_ID, token),
        )
        .unwrap();
    }

    /// A connection beside the platform's: to look, and to break things.
    pub(crate) fn sql(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.dir.path().join("platform.db")).unwrap()
    }

    /// One value of one row.
    pub(crate) fn one<T: rusqlite::types::FromSql>(&self, query: &str) -> T {
        self.sql().query_row(query, [], |row| row.get(0)).unwrap()
    }

    /// Rows of texts and numbers, joined by blanks.
    pub(crate) fn rows(&self, query: &str) -> Vec<String> {
        let sql = self.sql();
        let mut statement = sql.prepare(query).unwrap();
        let columns = statement.column_count();
        let rows = statement
            .query_map([], |row| {
                let cells = (0..columns).map(|i| {
                    Ok(match row.get_ref(i)? {
                        rusqlite::types::ValueRef::Integer(n) => n.to_string(),
                        rusqlite::types::ValueRef::Text(t) => {
                            String::from_utf8_lossy(t).into_owned()
                        }
                        _ => "-".to_owned(),
                    })
                });
                Ok(cells.collect::<rusqlite::Result<Vec<_>>>()?.join(" "))
            })
            .unwrap();
        rows.map(Result::unwrap).collect()
    }

    pub(crate) fn now(&self) -> i64 {
        self.ports.clock.now_ms()
    }

    /// Somebody sets the clock by so many ms; what passes goes on as before.
    pub(crate) fn set_clock(&self, by: i64) {
        self.clock.set.fetch_add(by, Ordering::SeqCst);
    }

    /// Seconds since 1970, as Meta counts.
    pub(crate) fn now_s(&self) -> i64 {
        self.now() / 1_000
    }

    /// Lets the workers do what they can without time going by that would matter.
    pub(crate) async fn quiet(&self) {
        sleep(Duration::from_millis(20)).await;
    }

    /// So much time goes by at once: what waited for a time in it happens after it, and what would
    /// have happened again and again meanwhile happens once.
    pub(crate) async fn later(&self, time: Duration) {
        advance(time).await;
        sleep(Duration::from_millis(500)).await;
    }

    /// The process dies here, in the middle of everything.
    pub(crate) async fn kill(&mut self) {
        self.graph.stands(None);
        drop(self.platform.take());
        tokio::task::yield_now().await;
    }

    pub(crate) fn platform(&self) -> &Platform {
        self.platform.as_ref().unwrap()
    }

    /// The data folder.
    pub(crate) fn data(&self) -> &std::path::Path {
        &self.platform().state().settings.data
    }

    /// What `webhooks replay` reports.
    pub(crate) async fn replay(&self) -> fieldline_platform::meta::replay::Report {
        self.platform().office().replay(self.data()).await.unwrap()
    }

    /// From the next start on, the world lives in another folder.
    pub(crate) fn move_to(&mut self, dir: tempfile::TempDir) {
        self.dir = dir;
    }

    /// The data folder, also while nothing runs.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// A new process on the same folder whose workers have not begun yet.
    pub(crate) async fn start_idle(&mut self) {
        self.platform = Some(self.open().await);
    }

    /// A new process on the same folder.
    pub(crate) async fn start(&mut self) {
        let platform = self.open().await;
        platform.start();
        self.platform = Some(platform);
        self.quiet().await;
    }

    pub(crate) async fn stop(&mut self) {
        self.graph.stands(None);
        self.platform.take().unwrap().stop().await;
    }

    async fn call(&self, request: Request<Body>) -> (StatusCode, Vec<u8>) {
        let (parts, sent) = request.into_parts();
        let sent = to_bytes(sent, usize::MAX).await.unwrap();
        let (method, path) = (parts.method.to_string(), parts.uri.to_string());
        let request = Request::from_parts(parts, Body::from(sent.clone()));
        let router = self.platform.as_ref().unwrap().router();
        let answer = router.oneshot(request).await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        // Every answer is held to the contract on paper.
        let seen = Seen {
            method: &method,
            path: &path,
            sent: &sent,
            status: status.as_u16(),
            headers: &headers,
            body: &body,
        };
        if let Err(fault) = held(seen) {
            panic!("{fault}");
        }
        (status, body.to_vec())
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, String) {
        let (status, body) = self.call(Request::get(path).body(Body::empty()).unwrap()).await;
        (status, String::from_utf8(body).unwrap())
    }

    /// Posts a raw webhook with this signature header.
    pub(crate) async fn post(&self, body: Vec<u8>, signature: Option<&str>) -> StatusCode {
        let mut request = Request::post("/webhooks/meta");
        if let Some(signature) = signature {
            request = request.header("X-Hub-Signature-256", signature);
        }
        self.call(request.body(Body::from(body)).unwrap()).await.0
    }

    /// Posts a body as Meta would, signed.
    pub(crate) async fn raw(&self, body: Vec<u8>) -> StatusCode {
        let signature = sign(&body);
        self.post(body, Some(&signature)).await
    }

    /// Posts changes in one signed body and lets them be worked off.
    pub(crate) async fn webhook(&self, changes: &[Value]) {
        assert_eq!(self.raw(envelope(changes)).await, StatusCode::OK);
        self.quiet().await;
        self.held_to_paper().await;
    }

    /// What an owner's phone would be told of all this is held to the contract on paper.
    async fn held_to_paper(&self) {
        let now = self.now();
        let since = self.told.load(Ordering::SeqCst);
        let page = self
            .platform()
            .state()
            .store
            .read(move |sql| -> Result<Value, StoreError> {
                let workspace = workspaces::get(sql, "w")?;
                let actor = Actor {
                    workspace: "w".into(),
                    member: "maria".into(),
                    device: "paper".into(),
                    role: Role::Owner,
                };
                let reader = Reader::new(sql, actor, &workspace)?;
                Ok(json!(page(sql, &workspace, &reader, since, 500, now)?))
            })
            .await;
        // Where a test broke a row on purpose, nobody is told.
        let Ok(page) = page else { return };
        held_frame(&page).unwrap();
        self.told.store(page["to"].as_i64().unwrap(), Ordering::SeqCst);
    }

    /// Ana writes now.
    pub(crate) async fn ana(&self, wamid: &str, text: &str) {
        self.webhook(&[customer(ANA, wamid, text, self.now_s())]).await;
    }

    /// The owner writes to Ana on the phone, now.
    pub(crate) async fn owner(&self, wamid: &str, text: &str) {
        self.webhook(&[echo(ANA, wamid, text, self.now_s())]).await;
    }

    /// The conversation that there is.
    pub(crate) fn chat(&self) -> String {
        self.one("SELECT id FROM conversations LIMIT 1")
    }

    pub(crate) fn uuid(&self) -> String {
        let n = self.ids.fetch_add(1, Ordering::SeqCst);
        format!("00000000-0000-7000-8000-{n:012}")
    }

    /// The store's own connection lets the file grow to so many pages, or without end.
    pub(crate) async fn limit_pages(&self, pages: Option<i64>) {
        let pages = pages.unwrap_or(i64::from(u32::MAX) - 1);
        let limited = self.platform().state().store.write(move |tx| {
            tx.sql().query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
            Ok::<_, fieldline_platform::store::StoreError>(())
        });
        limited.await.unwrap();
    }

    /// Gives commands on a device; the device ids are `MARIA` and `BEN`.
    pub(crate) async fn commands(&self, device: &str, commands: Vec<Value>) -> Vec<Value> {
        self.commands_in("e1", device, commands).await
    }

    /// One command in another epoch than the first; its answer.
    pub(crate) async fn command_in(&self, epoch: &str, device: &str, command: Value) -> Value {
        let mut command = command;
        command["id"] = self.uuid().into();
        command["at"] = self.now().into();
        self.commands_in(epoch, device, vec![command]).await.remove(0)
    }

    async fn commands_in(&self, epoch: &str, device: &str, commands: Vec<Value>) -> Vec<Value> {
        let token = self.token(device).await;
        let body = json!({"epoch": epoch, "commands": commands});
        let answers = self.json("/v1/commands", Some(&token), &body).await;
        answers["answers"].as_array().unwrap().clone()
    }

    /// Signs a device in; its access token.
    async fn token(&self, device: &str) -> String {
        let who = if device == BEN { "ben" } else { "maria" };
        let sign_in = json!({"email": format!("{who}@example.test"), "password": "password",
            "device": {"id": device, "name": "phone", "platform": "test"}});
        let session = self.json("/v1/session", None, &sign_in).await;
        session["access_token"].as_str().unwrap().to_owned()
    }

    /// The names of the files in a folder of the data folder.
    pub(crate) fn files(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.dir.path().join(folder)).into_iter().flatten();
        let files = entries.map(Result::unwrap).filter(|e| e.file_type().unwrap().is_file());
        let mut names: Vec<_> =
            files.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Any request of a device: status, headers, body.
    pub(crate) async fn ask(
        &self,
        device: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> (StatusCode, HeaderMap, Vec<u8>) {
        let token = self.token(device).await;
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("Fieldline-Client", "test/1.0.0")
            .header("Authorization", format!("Bearer {token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let router = self.platform.as_ref().unwrap().router();
        let answer = router.oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        (status, headers, to_bytes(answer.into_body(), usize::MAX).await.unwrap().to_vec())
    }

    /// As [`World::olga`], by the whole path; the status as a number.
    pub(crate) async fn as_owner(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let path = path.strip_prefix("/v1/office").unwrap();
        let (status, answer) = self.olga(method, path, body).await;
        (status.as_u16(), answer)
    }

    /// What Maria's phone reads at this path.
    pub(crate) async fn read(&self, path: &str) -> Value {
        let token = self.token(MARIA).await;
        let request = Request::get(path)
            .header("Fieldline-Client", "test/1.0.0")
            .header("Authorization", format!("Bearer {token}"));
        let (status, body) = self.call(request.body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    /// The first page of a start.
    pub(crate) async fn bootstrap(&self) -> Value {
        self.read("/v1/bootstrap").await
    }

    /// The messages of the one conversation, as phones read them.
    pub(crate) async fn messages(&self) -> Vec<Value> {
        let page = self.read(&format!("/v1/conversations/{}/messages", self.chat())).await;
        page["messages"].as_array().unwrap().clone()
    }

    async fn json(&self, path: &str, token: Option<&str>, body: &Value) -> Value {
        let mut request = Request::post(path)
            .header("Fieldline-Client", "test/1.0.0")
            .header("Content-Type", "application/json");
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let request = request.body(Body::from(body.to_string())).unwrap();
        let (status, body) = self.call(request).await;
        assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    /// An office call of Olga's, who owns the place; status and answer.
    pub(crate) async fn olga(&self, method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
        self.sql()
            .execute(
                "INSERT OR IGNORE INTO members (id, workspace, email, name, role, password_hash, created_at)
                 SELECT 'olga', workspace, 'olga@example.test', 'Olga', 'owner', password_hash, 0
                 FROM members WHERE id = 'maria'",
                [],
            )
            .unwrap();
        self.office_as("olga", method, path, body).await
    }

    /// The same, by somebody else.
    pub(crate) async fn office_as(
        &self,
        who: &str,
        method: &str,
        path: &str,
        body: &Value,
    ) -> (StatusCode, Value) {
        let device = match who {
            "olga" => "00000000-0000-4000-8000-00000000000c",
            _ => MARIA,
        };
        let sign_in = json!({"email": format!("{who}@example.test"), "password": "password",
            "device": {"id": device, "name": "desk", "platform": "test"}});
        let session = self.json("/v1/session", None, &sign_in).await;
        let token = session["access_token"].as_str().unwrap();
        let request = Request::builder()
            .method(method)
            .uri(format!("/v1/office{path}"))
            .header("Fieldline-Client", "test/1.0.0")
            .header("Authorization", format!("Bearer {token}"))
            .body(if body.is_null() { Body::empty() } else { Body::from(body.to_string()) })
            .unwrap();
        let (status, body) = self.call(request).await;
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// Gives one command on Maria's device; the connection breaks while the commit runs.
    pub(crate) async fn command_cut(&self, command: Value) {
        let token = self.token(MARIA).await;
        let body = json!({"epoch": "e1", "commands": [command]});
        // Who asks, the epoch, the command itself.
        self.executor.0.store(3, Ordering::SeqCst);
        let call = self.json("/v1/commands", Some(&token), &body);
        assert!(timeout(Duration::from_millis(1), call).await.is_err());
    }

    /// As [`World::raw`], but Meta's connection breaks while the body is being kept.
    pub(crate) fn raw_cut(&self, body: Vec<u8>) {
        assert_eq!(self.raw(body).now_or_never(), None);
    }

    /// One command; its answer.
    pub(crate) async fn command(&self, device: &str, command: Value) -> Value {
        let mut command = command;
        let id = self.uuid();
        let fields = command.as_object_mut().unwrap();
        fields.entry("id").or_insert_with(|| id.into());
        fields.entry("at").or_insert_with(|| self.now().into());
        self.commands(device, vec![command]).await.remove(0)
    }

    /// The JSON of a `send` into the one conversation.
    pub(crate) fn sending(&self, id: &str, text: &str, based_on_n: i64) -> Value {
        json!({"id": id, "at": self.now(), "kind": "send", "conversation": self.chat(),
            "body": {"kind": "text", "text": text}, "based_on_n": based_on_n})
    }

    /// Sends a text that must be taken; its id.
    pub(crate) async fn send(&self, device: &str, text: &str, based_on_n: i64) -> String {
        let id = self.uuid();
        let answer = self.command(device, self.sending(&id, text, based_on_n)).await;
        assert_eq!(answer["outcome"], "done", "{answer}");
        id
    }

    /// `state step reason` of a message.
    pub(crate) fn state(&self, id: &str) -> String {
        self.rows(&format!(
            "SELECT s.state, m.step, coalesce(m.trouble ->> 'reason', '-') FROM sends s
             JOIN messages m ON m.id = s.message WHERE s.message = '{id}'"
        ))
        .remove(0)
    }

    /// A field of the trouble of a message.
    pub(crate) fn trouble(&self, id: &str) -> Value {
        let trouble: Option<String> =
            self.one(&format!("SELECT trouble FROM messages WHERE id = '{id}'"));
        trouble.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
    }
}

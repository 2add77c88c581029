//! A whole platform on virtual time, as phones and the operator see it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use fieldline_platform::agents::outcome::Role;
use fieldline_platform::meta::graph::{
    GraphAnswer, GraphFailure, GraphFile, GraphPort, GraphRequest,
};
use fieldline_platform::office::{NewAgent, NewChannel};
use fieldline_platform::settings::AppVersion;
use fieldline_platform::store::{ChangeKind, ChangeScope, StoreError};
use fieldline_platform::support::{Clock, Inline, Key, Rng, Secret};
use fieldline_platform::{PasswordCost, Platform, Ports, Settings};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::ServiceExt as _;

use crate::paper::{Seen, held};

pub(crate) const START: i64 = 1_700_000_000_000;
pub(crate) const OWNER: &str = "olga@example.test";
pub(crate) const MARIA: &str = "maria@example.test";
pub(crate) const BEN: &str = "ben@example.test";
pub(crate) const PASSWORD: &str = "correct horse";

struct VirtualClock(Instant);

impl Clock for VirtualClock {
    fn now_ms(&self) -> i64 {
        START + i64::try_from(self.0.elapsed().as_millis()).unwrap()
    }
}

/// Counts instead of drawing, spread so that every byte differs.
#[derive(Default)]
struct Counting(AtomicU64);

impl Rng for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let n = self.0.fetch_add(1, Ordering::SeqCst) + 1;
            let mixed = n.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31) ^ n;
            let mixed = mixed.wrapping_mul(0xBF58_476D_1CE4_E5B9);
            chunk.copy_from_slice(&mixed.to_be_bytes()[..chunk.len()]);
        }
    }
}

/// Takes everything.
#[derive(Default)]
struct Graph(Mutex<u64>);

impl GraphPort for Graph {
    fn may_fetch(&self, _: &str) -> bool {
        false
    }

    fn fetch(&self, _: String, _: Secret) -> BoxFuture<'_, Result<GraphFile, GraphFailure>> {
        Box::pin(async { Err(GraphFailure::NotSent) })
    }

    fn call(&self, _: GraphRequest) -> BoxFuture<'_, Result<GraphAnswer, GraphFailure>> {
        let mut calls = self.0.lock().unwrap();
        *calls += 1;
        let body = json!({"messages": [{"id": format!("wamid.{calls}")}]}).to_string();
        let answer = GraphAnswer { status: 200, retry_after_ms: None, body: body.into_bytes() };
        Box::pin(async move { Ok(answer) })
    }
}

pub(crate) fn settings(data: &Path) -> Settings {
    Settings {
        password_cost: PasswordCost::SMALLEST,
        ..Settings::new(
            data.to_owned(),
            Secret::new("app secret"),
            Secret::new("verify me"),
            Key::new([7; 32]),
        )
    }
}

pub(crate) fn ports() -> Ports {
    Ports {
        clock: Arc::new(VirtualClock(Instant::now())),
        rng: Arc::new(Counting::default()),
        executor: Arc::new(Inline),
        graph: Arc::new(Graph::default()),
    }
}

pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) platform: Platform,
    pub(crate) ports: Ports,
    pub(crate) workspace: String,
    pub(crate) channel: String,
    pub(crate) ids: AtomicU64,
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
}

impl Answer {
    /// The status and the code of an error.
    pub(crate) fn error(&self) -> (u16, &str) {
        (self.status.as_u16(), self.json["error"]["code"].as_str().unwrap_or("none"))
    }

    pub(crate) fn details(&self) -> &Value {
        &self.json["error"]["details"]
    }

    pub(crate) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.json);
        self.json
    }
}

/// A phone that is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Phone {
    pub(crate) device: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Phone {
    pub(crate) fn of(device: &str, grant: &Value) -> Self {
        let text = |name: &str| grant[name].as_str().unwrap().to_owned();
        Self {
            device: device.to_owned(),
            access: text("access_token"),
            refresh: text("refresh_token"),
        }
    }
}

pub(crate) fn device(id: &str) -> Value {
    json!({"id": id, "name": "Phone", "platform": "test", "app_version": "1.0"})
}

impl World {
    /// A workspace with an owner, two employees and a channel; no worker runs.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ports = ports();
        let mut settings = settings(dir.path());
        change(&mut settings);
        let platform = Platform::open(settings, ports.clone()).await.unwrap();
        let office = platform.office();
        let made = office.create_workspace("Bloom", OWNER, Secret::new(PASSWORD)).await.unwrap();
        let workspace = made.workspace_id;
        for (email, name) in [(MARIA, "Maria"), (BEN, "Ben")] {
            let agent = NewAgent {
                workspace: workspace.clone(),
                email: email.into(),
                name: name.into(),
                role: Role::Employee,
                password: Secret::new(PASSWORD),
            };
            office.add_agent(agent).await.unwrap();
        }
        let channel = NewChannel {
            workspace: workspace.clone(),
            phone_number_id: "4242".into(),
            waba_id: "77".into(),
            display: "+34 600 000".into(),
            token: Secret::new("graph-token"),
        };
        let channel = office.add_channel(channel).await.unwrap().channel_id;
        Self { dir, platform, ports, workspace, channel, ids: AtomicU64::new(1) }
    }

    pub(crate) fn uuid(&self) -> String {
        let n = self.ids.fetch_add(1, Ordering::SeqCst);
        format!("00000000-0000-7000-8000-{n:012}")
    }

    pub(crate) fn now(&self) -> i64 {
        self.ports.clock.now_ms()
    }

    /// Every answer is held to the contract on paper.
    pub(crate) async fn raw(&self, request: Request<Body>) -> Answer {
        let (parts, body) = request.into_parts();
        let sent = match body.size_hint().exact() {
            Some(_) => to_bytes(body, usize::MAX).await.unwrap(),
            // A stream is not one to be read before the platform does.
            None => return self.answer(Request::from_parts(parts, body)).await.0,
        };
        let (method, path) = (parts.method.to_string(), parts.uri.to_string());
        let request = Request::from_parts(parts, Body::from(sent.clone()));
        let (answer, body) = self.answer(request).await;
        let seen = Seen {
            method: &method,
            path: &path,
            sent: &sent,
            status: answer.status.as_u16(),
            headers: &answer.headers,
            body: &body,
        };
        if let Err(fault) = held(seen) {
            panic!("{fault}");
        }
        answer
    }

    async fn answer(&self, request: Request<Body>) -> (Answer, Bytes) {
        let answer = self.platform.router().oneshot(request).await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        (Answer { status, headers, json }, bytes)
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
        let mut request =
            Request::builder().method(method).uri(path).header("Fieldline-Client", "test/1.0.0");
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.raw(request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, phone: &Phone, path: &str) -> Answer {
        self.call("GET", path, Some(&phone.access), None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, None, Some(&body)).await
    }

    pub(crate) async fn try_sign_in(&self, email: &str, password: &str, id: &str) -> Answer {
        self.post(
            "/v1/session",
            json!({"email": email, "password": password, "device": device(id)}),
        )
        .await
    }

    pub(crate) async fn sign_in(&self, email: &str) -> Phone {
        let id = self.uuid();
        Phone::of(&id, &self.try_sign_in(email, PASSWORD, &id).await.ok())
    }

    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        self.post("/v1/session/refresh", json!({"refresh_token": token})).await
    }

    pub(crate) async fn commands(&self, phone: &Phone, commands: Vec<Value>) -> Vec<Value> {
        let epoch = self.epoch();
        let body = json!({"epoch": epoch, "commands": commands});
        let answer = self.call("POST", "/v1/commands", Some(&phone.access), Some(&body)).await;
        answer.ok()["answers"].as_array().unwrap().clone()
    }

    pub(crate) fn epoch(&self) -> String {
        self.one("SELECT epoch FROM workspaces")
    }

    /// A connection beside the platform's: to look, and to change the world.
    pub(crate) fn sql(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.dir.path().join("platform.db")).unwrap()
    }

    pub(crate) fn one<T: rusqlite::types::FromSql>(&self, query: &str) -> T {
        self.sql().query_row(query, [], |row| row.get(0)).unwrap()
    }

    pub(crate) fn member(&self, email: &str) -> String {
        self.one(&format!("SELECT id FROM members WHERE email = '{email}'"))
    }

    pub(crate) fn head(&self) -> i64 {
        self.one("SELECT head_seq FROM workspaces")
    }

    /// The phone's cursor at the head.
    pub(crate) async fn cursor(&self, phone: &Phone) -> String {
        let scope = self.get(phone, "/v1/scope").await.ok();
        scope["cursor"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn changes(&self, phone: &Phone, since: &str) -> Answer {
        self.get(phone, &format!("/v1/changes?since={since}")).await
    }

    /// A conversation that customers' messages made, as the ingest would.
    pub(crate) async fn conversation(&self, texts: &[&str]) -> String {
        let id = self.uuid();
        let (conversation, contact) = (id.clone(), self.uuid());
        let (workspace, channel) = (self.workspace.clone(), self.channel.clone());
        let phone = format!("34{}", &id[24..]);
        self.platform
            .state()
            .store
            .write(move |tx| -> Result<(), StoreError> {
                tx.sql().execute(
                    "INSERT INTO contacts (id, workspace, version, name, phone, created_at)
                     VALUES (?1, ?2, 0, 'Ana', ?3, 0)",
                    (&contact, &workspace, &phone),
                )?;
                tx.sql().execute(
                    "INSERT INTO conversations (id, workspace, contact, channel, version, created_at)
                     VALUES (?1, ?2, ?3, ?4, 0, 0)",
                    (&conversation, &workspace, &contact, &channel),
                )?;
                let scope = ChangeScope::Conversation(conversation.clone());
                let seq = tx.change(&workspace, &scope, ChangeKind::Entered, &conversation)?;
                tx.sql().execute("UPDATE contacts SET version = ?1 WHERE id = ?2", (seq, &contact))?;
                tx.sql().execute(
                    "UPDATE conversations SET version = ?1 WHERE id = ?2",
                    (seq, &conversation),
                )?;
                Ok(())
            })
            .await
            .unwrap();
        for text in texts {
            self.customer(&id, text).await;
        }
        id
    }

    /// One more message of the customer's, as the ingest would write it.
    pub(crate) async fn customer(&self, conversation: &str, text: &str) -> String {
        let id = self.uuid();
        let (message, conversation) = (id.clone(), conversation.to_owned());
        let body = json!({"kind": "text", "text": text}).to_string();
        let workspace = self.workspace.clone();
        self.platform
            .state()
            .store
            .write(move |tx| -> Result<(), StoreError> {
                let scope = ChangeScope::Conversation(conversation.clone());
                let seq = tx.change(&workspace, &scope, ChangeKind::Message, &message)?;
                let now = tx.now();
                tx.sql().execute(
                    "UPDATE conversations SET last_n = last_n + 1, unread = unread + 1, last_at = ?2,
                         window_closes_at = ?2 + 86400000, waiting_since = coalesce(waiting_since, ?2)
                     WHERE id = ?1",
                    (&conversation, now),
                )?;
                tx.sql().execute(
                    "INSERT INTO messages (conversation, n, id, version, sent_at, author_kind, body)
                     SELECT id, last_n, ?2, ?3, ?4, 'customer', ?5 FROM conversations WHERE id = ?1",
                    (&conversation, &message, seq, now, &body),
                )?;
                fieldline_platform::store::objects::touch_conversation(tx, &conversation)?;
                Ok(())
            })
            .await
            .unwrap();
        id
    }

    /// Moves a conversation to somebody, or to nobody.
    pub(crate) async fn assign(&self, conversation: &str, member: Option<&str>) {
        let scope = member.map_or("unassigned".to_owned(), |id| format!("member:{id}"));
        let (id, member) = (conversation.to_owned(), member.map(str::to_owned));
        let workspace = self.workspace.clone();
        self.platform
            .state()
            .store
            .write(move |tx| -> Result<(), StoreError> {
                let line = ChangeScope::Conversation(id.clone());
                let seq = tx.change(&workspace, &line, ChangeKind::Entered, &id)?;
                tx.sql().execute(
                    "UPDATE conversations SET scope = ?2, assignee = ?3, version = ?4 WHERE id = ?1",
                    (&id, scope, member, seq),
                )?;
                Ok(())
            })
            .await
            .unwrap();
    }

    pub(crate) fn send(&self, conversation: &str, text: &str, based_on_n: i64) -> Value {
        json!({"id": self.uuid(), "at": self.now(), "kind": "send", "conversation": conversation,
            "body": {"kind": "text", "text": text}, "based_on_n": based_on_n})
    }
}

impl World {
    /// A command with a fresh id and the fields of `fields`.
    pub(crate) fn command(&self, kind: &str, mut fields: Value) -> Value {
        let map = fields.as_object_mut().unwrap();
        map.insert("id".into(), self.uuid().into());
        map.insert("at".into(), self.now().into());
        map.insert("kind".into(), kind.into());
        fields
    }

    /// Gives one command; its answer.
    pub(crate) async fn give(&self, phone: &Phone, kind: &str, fields: Value) -> Value {
        self.commands(phone, vec![self.command(kind, fields)]).await.remove(0)
    }

    /// A call of the office.
    pub(crate) async fn office(
        &self,
        phone: &Phone,
        method: &str,
        path: &str,
        body: Value,
    ) -> Answer {
        let path = format!("/v1/office/{path}");
        let body = (!body.is_null()).then_some(&body);
        self.call(method, &path, Some(&phone.access), body).await
    }

    /// The conversation as this phone would be told it now; none if it may not see it.
    pub(crate) async fn seen(&self, phone: &Phone, conversation: &str) -> Option<Value> {
        let mut path = "/v1/bootstrap".to_owned();
        loop {
            let page = self.get(phone, &path).await.ok();
            let found = page["conversations"].as_array().unwrap().iter();
            if let Some(found) = found.into_iter().find(|c| c["id"] == conversation) {
                return Some(found.clone());
            }
            path = format!("/v1/bootstrap?page={}", page["next_page"].as_str()?);
        }
    }

    /// The messages of a conversation, oldest first.
    pub(crate) async fn messages(&self, phone: &Phone, conversation: &str) -> Vec<Value> {
        let path = format!("/v1/conversations/{conversation}/messages?limit=500");
        self.get(phone, &path).await.ok()["messages"].as_array().unwrap().clone()
    }
}

pub(crate) fn to_member(id: &str) -> Value {
    json!({"kind": "member", "id": id})
}

pub(crate) fn to_nobody() -> Value {
    json!({"kind": "none"})
}

/// `(kind, id)` of the rows of a page.
pub(crate) fn rows(page: &Value) -> Vec<(String, String)> {
    page["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (row["kind"].as_str().unwrap().to_owned(), row["id"].as_str().unwrap().to_owned())
        })
        .collect()
}

pub(crate) fn minimum(platform: &str, version: AppVersion) -> BTreeMap<String, AppVersion> {
    BTreeMap::from([(platform.to_owned(), version)])
}

//! The owner at the office's endpoints, as a second client of the platform beside the phones.

use std::cell::Cell;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use fieldline_core::api::ConversationId;
use fieldline_simulation::{PASSWORD, World};
use serde_json::{Value, json};

/// Somebody with every right and no phone.
pub(crate) struct Manager<'w> {
    world: &'w World,
    token: String,
    epoch: String,
    given: Cell<u64>,
}

impl<'w> Manager<'w> {
    pub(crate) async fn new(world: &'w World) -> Self {
        let mut this =
            Self { world, token: String::new(), epoch: String::new(), given: Cell::new(0) };
        let device = json!({"id": "0190f0a0-0000-7000-8000-0000000000ff", "name": "Office", "platform": "office"});
        let body = json!({"email": "owner@example.com", "password": PASSWORD, "device": device});
        let grant = this.post("/v1/session", &body).await;
        let text = |name: &str| grant[name].as_str().expect("a text").to_owned();
        (this.token, this.epoch) = (text("access_token"), text("epoch"));
        this
    }

    /// One request; its status and its JSON.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Vec<u8>) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("Fieldline-Client", "office/1.0")
            .header("Authorization", format!("Bearer {}", self.token))
            .header("Content-Length", body.len())
            .body(Body::from(body))
            .expect("a request");
        let answer = self.world.site.request(request).await.flatten().expect("an answer");
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn done(&self, method: &str, path: &str, body: Vec<u8>) -> Value {
        let (status, answer) = self.ask(method, path, body).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.done("GET", path, Vec::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        self.done("POST", path, body.to_string().into_bytes()).await
    }

    /// Brings a file, whole.
    pub(crate) async fn upload(&self, sha256: &str, bytes: &[u8]) {
        self.done("PUT", &format!("/v1/media/{sha256}"), bytes.to_vec()).await;
    }

    pub(crate) async fn member(&self, name: &str) -> Value {
        let list = self.get("/v1/office/members").await;
        let members = list["members"].as_array().expect("a list");
        let found = members.iter().find(|member| member["name"] == name).expect("a member");
        json!({"kind": "member", "id": found["id"]})
    }

    /// The id of the one channel.
    pub(crate) async fn channel(&self) -> String {
        let list = self.get("/v1/office/channels").await;
        list["channels"][0]["id"].as_str().expect("a channel").to_owned()
    }

    /// One command; its answer. The id is made here.
    pub(crate) async fn command(&self, mut command: Value) -> Value {
        self.given.set(self.given.get() + 1);
        command["id"] = json!(format!("0190f0a0-0000-7000-8000-{:012}", self.given.get()));
        command["at"] = json!(0);
        let body = json!({"epoch": self.epoch, "commands": [command]});
        self.post("/v1/commands", &body).await["answers"][0].take()
    }

    pub(crate) async fn assign(&self, conversation: &ConversationId, was: &Value, to: &Value) {
        let command =
            json!({"kind": "assign", "conversation": conversation.as_str(), "was": was, "to": to});
        let answer = self.command(command).await;
        assert_eq!(answer["outcome"], "done", "{answer}");
    }
}

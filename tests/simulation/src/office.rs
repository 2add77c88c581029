//! The owner at the office's endpoints, as a second client of the platform beside the phones.

use std::cell::Cell;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use fieldline_core::api::ConversationId;
use fieldline_harness::memory::Site;
use serde_json::{Value, json};

use crate::world::{PASSWORD, World};

/// Somebody with every right and no phone.
pub struct Office {
    site: Site,
    token: String,
    epoch: String,
    given: Cell<u64>,
}

impl Office {
    /// Signs the owner in.
    ///
    /// # Panics
    /// If the platform does not let them.
    pub async fn new(world: &World) -> Self {
        Self::sign_in(&world.site, 0).await.expect("the owner signs in")
    }

    /// The same without a word if no platform answers. Ids of commands go on behind `given`.
    pub(crate) async fn sign_in(site: &Site, given: u64) -> Option<Self> {
        let (site, given) = (site.clone(), Cell::new(given));
        let mut this = Self { site, token: String::new(), epoch: String::new(), given };
        let device = json!({"id": "0190f0a0-0000-7000-8000-0000000000ff", "name": "Office", "platform": "office"});
        let body = json!({"email": "owner@example.com", "password": PASSWORD, "device": device});
        let (status, grant) =
            this.try_ask("POST", "/v1/session", body.to_string().into_bytes()).await?;
        let text = |name: &str| grant.get(name)?.as_str().map(str::to_owned);
        if !status.is_success() {
            return None;
        }
        (this.token, this.epoch) = (text("access_token")?, text("epoch")?);
        Some(this)
    }

    /// Commands given so far.
    pub(crate) fn given(&self) -> u64 {
        self.given.get()
    }

    /// One request; its status and its JSON. `None`: nobody answered.
    pub(crate) async fn try_ask(
        &self,
        method: &str,
        path: &str,
        body: Vec<u8>,
    ) -> Option<(StatusCode, Value)> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("Fieldline-Client", "office/1.0")
            .header("Authorization", format!("Bearer {}", self.token))
            .header("Content-Length", body.len())
            .body(Body::from(body))
            .expect("a request");
        let answer = self.site.request(request).await.flatten()?;
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), usize::MAX).await.ok()?;
        Some((status, serde_json::from_slice(&bytes).unwrap_or_default()))
    }

    /// One request; its status and its JSON.
    ///
    /// # Panics
    /// If nobody answers.
    pub async fn ask(&self, method: &str, path: &str, body: Vec<u8>) -> (StatusCode, Value) {
        self.try_ask(method, path, body).await.expect("an answer")
    }

    async fn done(&self, method: &str, path: &str, body: Vec<u8>) -> Value {
        let (status, answer) = self.ask(method, path, body).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    /// What stands there.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn get(&self, path: &str) -> Value {
        self.done("GET", path, Vec::new()).await
    }

    /// What comes of that.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn post(&self, path: &str, body: &Value) -> Value {
        self.done("POST", path, body.to_string().into_bytes()).await
    }

    /// The same by another method.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn change(&self, method: &str, path: &str, body: &Value) -> Value {
        self.done(method, path, body.to_string().into_bytes()).await
    }

    /// Brings a file, whole.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn upload(&self, sha256: &str, bytes: &[u8]) {
        self.done("PUT", &format!("/v1/media/{sha256}"), bytes.to_vec()).await;
    }

    /// A member as a holder of conversations.
    ///
    /// # Panics
    /// If there is none of that name.
    pub async fn member(&self, name: &str) -> Value {
        let list = self.get("/v1/office/members").await;
        let members = list["members"].as_array().expect("a list");
        let found = members.iter().find(|member| member["name"] == name).expect("a member");
        json!({"kind": "member", "id": found["id"]})
    }

    /// The id of the one channel.
    ///
    /// # Panics
    /// If there is none.
    pub async fn channel(&self) -> String {
        let list = self.get("/v1/office/channels").await;
        list["channels"][0]["id"].as_str().expect("a channel").to_owned()
    }

    /// One command; its answer. The id is made here.
    ///
    /// # Panics
    /// If nobody answers.
    pub async fn command(&self, command: Value) -> Value {
        self.try_command(command).await.expect("an answer")
    }

    pub(crate) async fn try_command(&self, mut command: Value) -> Option<Value> {
        self.given.set(self.given.get() + 1);
        command["id"] = json!(format!("0190f0a0-0000-7000-8000-{:012}", self.given.get()));
        command["at"] = json!(0);
        let body = json!({"epoch": self.epoch, "commands": [command]}).to_string();
        let (status, mut answer) = self.try_ask("POST", "/v1/commands", body.into_bytes()).await?;
        status.is_success().then(|| answer["answers"][0].take())
    }

    /// Gives a conversation to somebody.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn assign(&self, conversation: &ConversationId, was: &Value, to: &Value) {
        let command =
            json!({"kind": "assign", "conversation": conversation.as_str(), "was": was, "to": to});
        let answer = self.command(command).await;
        assert_eq!(answer["outcome"], "done", "{answer}");
    }

    /// The same whoever has it now. `None`: nobody answered.
    pub(crate) async fn hand_to(&self, conversation: &str, to: &Value) -> Option<Value> {
        let mut was = json!({"kind": "none"});
        for _ in 0..3 {
            let command =
                json!({"kind": "assign", "conversation": conversation, "was": was, "to": to});
            let answer = self.try_command(command).await?;
            if answer["code"] != "changed" {
                return Some(answer);
            }
            was = answer["details"]["now"].clone();
        }
        None
    }
}

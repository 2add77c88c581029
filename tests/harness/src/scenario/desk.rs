//! The owner in the office: what somebody with every right does to the others' phones.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::Trouble;
use crate::http;

/// The owner's sign-in.
pub(super) struct Desk {
    pub(super) email: String,
    pub(super) password: String,
}

/// Somebody who is signed in.
struct Signed {
    addr: SocketAddr,
    authorization: String,
    epoch: String,
}

impl Desk {
    async fn sign_in(&self, addr: SocketAddr) -> Result<Signed, Trouble> {
        let device = json!({"id": "0190f0a0-0000-7000-8000-0000000000ff", "name": "Office", "platform": "office"});
        let body = json!({"email": self.email, "password": self.password, "device": device});
        let grant = http::ask(addr, ("POST", "/v1/session"), "none", &body).await?;
        Ok(Signed {
            addr,
            authorization: format!("Bearer {}", text(&grant, "access_token")?),
            epoch: text(&grant, "epoch")?,
        })
    }

    /// Gives a conversation to an employee, or to `nobody`, whoever has it now.
    pub(super) async fn assign(&self, addr: SocketAddr, with: &Value) -> Result<Value, Trouble> {
        let signed = self.sign_in(addr).await?;
        let (conversation, name) = (text(with, "conversation")?, text(with, "to")?);
        let to = match name.as_str() {
            "nobody" => json!({"kind": "none"}),
            name => json!({"kind": "member", "id": text(&signed.member(name).await?, "id")?}),
        };
        let mut was = json!({"kind": "none"});
        for _ in 0..3 {
            let id = uuid();
            let command = json!({"id": id, "at": 0, "kind": "assign", "conversation": conversation, "was": was, "to": to});
            let body = json!({"epoch": signed.epoch, "commands": [command]});
            let mut answers = signed.ask("POST", "/v1/commands", &body).await?;
            let answer = answers.pointer_mut("/answers/0").map(Value::take).unwrap_or_default();
            match answer.get("code").and_then(Value::as_str) {
                None => return Ok(Value::Null),
                Some("changed") => {
                    was = answer.pointer("/details/now").cloned().unwrap_or_default();
                }
                Some(_) => return Err(Trouble::new("assign", answer)),
            }
        }
        Err(Trouble::new("assign", "it changes hands without end"))
    }

    /// Removes an employee's phone for good.
    pub(super) async fn remove_device(
        &self,
        addr: SocketAddr,
        name: &str,
    ) -> Result<Value, Trouble> {
        let signed = self.sign_in(addr).await?;
        let device = text(&signed.device(name).await?, "id")?;
        signed.ask("POST", &format!("/v1/office/devices/{device}/revoke"), &json!({})).await?;
        Ok(Value::Null)
    }

    /// An employee's phone as the office sees it.
    pub(super) async fn device(&self, addr: SocketAddr, name: &str) -> Result<Value, Trouble> {
        self.sign_in(addr).await?.device(name).await
    }
}

impl Signed {
    async fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, Trouble> {
        http::ask(self.addr, (method, path), &self.authorization, body).await
    }

    async fn member(&self, name: &str) -> Result<Value, Trouble> {
        let list = self.ask("GET", "/v1/office/members", &Value::Null).await?;
        let is = |member: &&Value| {
            let shown = member.get("name").and_then(Value::as_str).unwrap_or_default();
            shown.eq_ignore_ascii_case(name)
        };
        let members = list.get("members").and_then(Value::as_array);
        let found = members.into_iter().flatten().find(is).cloned();
        found.ok_or_else(|| Trouble::new("no member", name))
    }

    async fn device(&self, name: &str) -> Result<Value, Trouble> {
        let member = text(&self.member(name).await?, "id")?;
        let path = format!("/v1/office/devices?member={member}");
        let mut list = self.ask("GET", &path, &Value::Null).await?;
        let found = list.pointer_mut("/devices/0").map(Value::take);
        found.ok_or_else(|| Trouble::new("no phone of", name))
    }
}

fn text(of: &Value, field: &str) -> Result<String, Trouble> {
    let found = of.get(field).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| Trouble::new("there is no", field))
}

fn uuid() -> String {
    fieldline_core::support::uuid_v4(&fieldline_core::support::SystemRng::default())
}

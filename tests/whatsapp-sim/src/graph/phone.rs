//! The phone number: its node and what hangs on it (whatsapp.md 5.6).

use serde_json::{Map, Value, json};

use super::call::{Call, Reply};
use super::errors::MetaError;
use super::request::{missing, text};
use super::templates::{chosen, page};
use crate::identity;
use crate::state::{Now, State};

/// Only who wrote within this time can be blocked (whatsapp.md 5.6, [I]).
const BLOCK_WITHIN_MS: i64 = 24 * 3_600_000;

impl State {
    /// Everything that the node of a phone number shows.
    fn phone_shown(&self, id: &str) -> Value {
        json!({
            "id": id,
            "display_phone_number": self.settings.display_phone_number,
            "verified_name": "Fieldline Test Shop",
            "quality_rating": "GREEN",
            "name_status": "APPROVED",
            "code_verification_status": "VERIFIED",
            "platform_type": "CLOUD_API",
            "throughput": {"level": "STANDARD"},
            "is_on_biz_app": self.line.on_app(),
            "whatsapp_business_manager_messaging_limit": "TIER_2K",
            "messaging_limit_tier": "TIER_2K",
            "status": if self.line.may_send(false).is_ok() { "CONNECTED" } else { "DISCONNECTED" },
            "health_status": {"can_send_message":
                if self.line.may_send(true).is_ok() { "AVAILABLE" } else { "BLOCKED" }},
            "webhook_configuration": self.account.override_of_phone(),
        })
    }

    /// `GET` and `POST /{PNID}`.
    pub(super) fn phone_node(&mut self, id: &str, call: &Call) -> Result<Reply, MetaError> {
        match call.method.as_str() {
            "GET" => {
                let fields = call.fields();
                let usual = ["verified_name", "display_phone_number", "quality_rating"];
                let fields =
                    if fields.is_empty() { usual.map(str::to_owned).to_vec() } else { fields };
                Ok(Reply::ok(chosen(&self.phone_shown(id), &fields)))
            }
            "POST" => {
                let body = call.json()?;
                let given = body.get("webhook_configuration").and_then(Value::as_object);
                self.account
                    .set_override_of_phone(given.ok_or_else(|| missing("webhook_configuration"))?);
                Ok(Reply::success())
            }
            other => Err(MetaError::unsupported_path(other)),
        }
    }

    /// `GET /{WABA}/phone_numbers`.
    pub(super) fn phone_numbers(&self, call: &Call) -> Result<Reply, MetaError> {
        if call.method != "GET" {
            return Err(MetaError::unsupported_path(&call.method));
        }
        let shown = self.phone_shown(self.settings.phone_number_id_or_sample());
        page(&[chosen(&shown, &call.fields())], call).map(Reply::ok)
    }

    /// What hangs on the number beside messages and media.
    pub(super) fn phone_edge(
        &mut self,
        now: Now,
        edge: &str,
        call: &Call,
    ) -> Result<Reply, MetaError> {
        match (edge, call.method.as_str()) {
            // Registering takes the number off the app (whatsapp.md 0.9).
            ("register", "POST") => {
                self.line.registered();
                Ok(Reply::success())
            }
            // A coexistence number is never deregistered (whatsapp.md 0.9).
            ("deregister", "POST") => Err(MetaError::new(
                131_055,
                "Deregistering is not allowed for a number that is used in the WhatsApp Business app.",
            )),
            ("whatsapp_business_profile", "GET") => {
                let mut shown = self.account.profile.clone();
                shown.insert("messaging_product".to_owned(), json!("whatsapp"));
                Ok(Reply::ok(json!({"data": [chosen(&Value::Object(shown), &call.fields())]})))
            }
            ("whatsapp_business_profile", "POST") => {
                let body = call.json()?.as_object().cloned().unwrap_or_default();
                let known = ["about", "address", "description", "email", "vertical", "websites"];
                let given: Map<String, Value> =
                    body.into_iter().filter(|(key, _)| known.contains(&key.as_str())).collect();
                self.account.profile.extend(given);
                Ok(Reply::success())
            }
            ("block_users", "GET") => {
                let entry = |wa_id: &String| json!({"messaging_product": "whatsapp", "input": wa_id, "wa_id": wa_id});
                let list: Vec<Value> = self.account.blocked.iter().map(entry).collect();
                page(&list, call).map(Reply::ok)
            }
            ("block_users", "POST" | "DELETE") => self.block(now, call),
            _ => Err(MetaError::unsupported_path(&call.method)),
        }
    }

    fn block(&mut self, now: Now, call: &Call) -> Result<Reply, MetaError> {
        let users = call.json()?.get("block_users").and_then(Value::as_array);
        let users =
            users.filter(|users| !users.is_empty()).ok_or_else(|| missing("block_users"))?;
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for user in users {
            let input = text(user, "user").ok_or_else(|| missing("block_users['user']"))?;
            let wa_id = identity::digits(input).unwrap_or_default();
            let recent = self.customers.get(&wa_id).and_then(|customer| customer.last_wrote_ms);
            let recent = recent.is_some_and(|at| at > now.ms.saturating_sub(BLOCK_WITHIN_MS));
            if call.method == "DELETE" {
                self.account.blocked.remove(&wa_id);
            } else if recent {
                self.account.blocked.insert(wa_id.clone());
            } else {
                failed.push(json!({"input": input, "errors": [{"code": 139_100,
                    "message": "Only who wrote in the last 24 hours can be blocked."}]}));
                continue;
            }
            done.push(json!({"input": input, "wa_id": wa_id}));
        }
        if done.is_empty() {
            return Err(MetaError::known(139_100));
        }
        let key = if call.method == "DELETE" { "removed_users" } else { "added_users" };
        let mut answer = json!({"messaging_product": "whatsapp", "block_users": {key: done}});
        if !failed.is_empty() {
            answer["block_users"]["failed_users"] = json!(failed);
        }
        Ok(Reply::ok(answer))
    }
}

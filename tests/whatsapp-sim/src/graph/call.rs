//! One Graph call from its parts to its answer: who may, where it goes, what the log keeps of it.

use axum::body::Bytes;
use serde_json::{Value, json};

use super::errors::MetaError;
use super::form::Body;
use crate::log::{CallAnswer, CallEntry, Cut};
use crate::state::faults::SendFault;
use crate::state::{Now, State};

/// A call as it came.
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) token: Option<String>,
    /// Scheme and host under which the client reached us: where addresses of files lead.
    pub(crate) origin: String,
    pub(crate) body: Body,
}

impl Call {
    /// The last value of a name in the query.
    pub(crate) fn asked(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }

    /// A value of the body's JSON as text, else of the query: Graph reads parameters from both.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let inside = self.body.json.as_ref().and_then(|json| json.get(name));
        match inside {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Null) | None => self.asked(name).map(str::to_owned),
            Some(other) => Some(other.to_string()),
        }
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<&Value, MetaError> {
        self.body.json.as_ref().ok_or_else(|| MetaError::new(100, "The body is not JSON."))
    }

    /// The names after `fields=`, `{...}` behind a name left off; empty if it is not there.
    pub(crate) fn fields(&self) -> Vec<String> {
        let (mut names, mut depth) = (vec![String::new()], 0_u32);
        for letter in self.asked("fields").unwrap_or_default().chars() {
            match letter {
                '{' | '(' => depth += 1,
                '}' | ')' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => names.push(String::new()),
                ' ' => {}
                other if depth == 0 => {
                    if let Some(name) = names.last_mut() {
                        name.push(other);
                    }
                }
                _ => {}
            }
        }
        names.retain(|name| !name.is_empty());
        names
    }
}

/// What goes back.
pub(crate) struct Reply {
    pub(crate) answer: CallAnswer,
    /// A file's type and bytes, instead of the answer's JSON.
    pub(crate) file: Option<(String, Bytes)>,
    pub(crate) retry_after_s: Option<u64>,
}

impl Reply {
    /// Meta's JSON under HTTP 200.
    pub(crate) fn ok(body: Value) -> Self {
        let answer = CallAnswer::Answered { status: 200, body };
        Self { answer, file: None, retry_after_s: None }
    }

    /// `{"success": true}`.
    pub(crate) fn success() -> Self {
        Self::ok(json!({"success": true}))
    }

    pub(crate) fn cut(cut: Cut) -> Self {
        Self { answer: CallAnswer::Cut { cut }, file: None, retry_after_s: None }
    }
}

/// Names whose values the log never holds.
const SECRET: [&str; 6] =
    ["access_token", "client_secret", "code", "input_token", "pin", "verify_token"];

/// A body without its secrets, which all stand at the top (a template's language has a `code` too).
fn redacted(value: &Value) -> Value {
    let Value::Object(object) = value else { return value.clone() };
    let each = object.iter().map(|(name, value)| {
        let hide = SECRET.contains(&name.as_str()) && value.is_string();
        (name.clone(), if hide { json!("***") } else { value.clone() })
    });
    Value::Object(each.collect())
}

/// Whether a first piece of a path is a version, as `v25.0`.
fn is_version(piece: &str) -> bool {
    piece.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

impl State {
    /// Carries a call out and logs it.
    pub(crate) fn graph_call(&mut self, now: Now, call: &Call) -> Reply {
        let reply = match self.carry_out(now, call) {
            Ok(reply) => reply,
            Err(error) => self.refuse(&error),
        };
        let answer = match &reply.answer {
            CallAnswer::Answered { status, body } => {
                CallAnswer::Answered { status: *status, body: redacted(body) }
            }
            cut @ CallAnswer::Cut { .. } => cut.clone(),
        };
        self.log.calls.push(CallEntry {
            at: now.ms,
            method: call.method.clone(),
            path: call.path.clone(),
            body: redacted(&call.body.logged),
            answer,
        });
        reply
    }

    fn carry_out(&mut self, now: Now, call: &Call) -> Result<Reply, MetaError> {
        let mut pieces: Vec<&str> =
            call.path.split('/').filter(|piece| !piece.is_empty()).collect();
        if pieces.first().is_some_and(|piece| is_version(piece)) {
            pieces.remove(0);
        }
        if pieces == ["oauth", "access_token"] {
            return self.exchange_code(call);
        }
        self.check_token(call)?;
        if let [id, "messages"] = pieces[..] {
            self.check_phone(call, id)?;
            return self.messages(now, id, call);
        }
        self.meet_call_fault(now, &pieces)?;
        self.other_call(now, call, &pieces)
    }

    /// Everything but sends: the management side, where other limits and faults hold.
    fn other_call(&mut self, now: Now, call: &Call, pieces: &[&str]) -> Result<Reply, MetaError> {
        match pieces {
            ["debug_token"] => self.debug_token(call),
            ["whatsapp_business", "attachments"] => Ok(self.attachment(now, call)),
            [id] => self.node(now, id, call),
            [id, edge] => match *edge {
                "media" => self.check_phone(call, id).and_then(|()| self.upload(now, call)),
                "smb_app_data" => {
                    self.check_phone(call, id)?;
                    self.app_data(now, call)
                }
                "register" | "deregister" | "whatsapp_business_profile" | "block_users" => {
                    self.check_phone(call, id)?;
                    self.phone_edge(now, edge, call)
                }
                "message_templates" => {
                    self.check_waba(call, id).and_then(|()| self.templates(now, call))
                }
                "phone_numbers" => {
                    self.check_waba(call, id).and_then(|()| self.phone_numbers(call))
                }
                "subscribed_apps" => {
                    self.check_waba(call, id)?;
                    self.subscribed_apps(call)
                }
                "subscriptions" => self.app_subscriptions(call),
                _ => Err(MetaError::unsupported_path(&call.method)),
            },
            _ => Err(MetaError::unsupported_path(&call.method)),
        }
    }

    /// One object by its number: a media file, a template, a business account or the phone number.
    fn node(&mut self, now: Now, id: &str, call: &Call) -> Result<Reply, MetaError> {
        if self.media.knows(id) {
            return self.media_node(now, id, call);
        }
        if self.templates.by_id(id).is_some() {
            return self.template_node(now, id, call);
        }
        if id == self.settings.waba_id_or_sample() {
            return self.waba_node(call);
        }
        self.check_phone(call, id)?;
        self.phone_node(id, call)
    }

    fn check_token(&self, call: &Call) -> Result<(), MetaError> {
        let Some(token) = &call.token else {
            return Err(MetaError::new(190, "An access token is required."));
        };
        // `<app id>|<app secret>` is the app's own token, for the calls about the app.
        let of_app = token.contains('|') && !call.path.ends_with("/messages");
        if !of_app && self.settings.token.as_ref().is_some_and(|only| only != token) {
            return Err(MetaError::new(190, "The access token is not that of this business."));
        }
        Ok(())
    }

    /// Whether the number in the path is one of ours.
    fn check_phone(&self, call: &Call, id: &str) -> Result<(), MetaError> {
        Self::check_id(call, id, self.settings.phone_number_id.as_deref())
    }

    fn check_waba(&self, call: &Call, id: &str) -> Result<(), MetaError> {
        Self::check_id(call, id, self.settings.waba_id.as_deref())
    }

    fn check_id(call: &Call, id: &str, only: Option<&str>) -> Result<(), MetaError> {
        let numeric = id.bytes().all(|byte| byte.is_ascii_digit());
        if numeric && only.is_none_or(|only| only == id) {
            return Ok(());
        }
        Err(MetaError::unsupported_path(&call.method))
    }

    fn meet_call_fault(&mut self, now: Now, pieces: &[&str]) -> Result<(), MetaError> {
        // Files are served by another host of Meta's, which counts nothing.
        if pieces != ["whatsapp_business", "attachments"] {
            let per_hour = self.faults.now.limits.management_per_hour;
            self.rates.management(now.tick, per_hour)?;
        }
        match self.faults.take_call() {
            SendFault::Error(code) => Err(MetaError::ordered(code)),
            _ => Ok(()),
        }
    }

    fn refuse(&mut self, error: &MetaError) -> Reply {
        let trace = self.rng.bytes::<17>();
        let answer = CallAnswer::Answered { status: error.http, body: error.body(&trace) };
        Reply { answer, file: None, retry_after_s: error.retry_after_s }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Body, Call, is_version, redacted};

    #[test]
    fn fields_lose_what_is_in_braces() {
        let call = Call {
            method: "GET".to_owned(),
            path: "/1".to_owned(),
            query: vec![("fields".to_owned(), "id, throughput{level,x},is_on_biz_app,".to_owned())],
            token: None,
            origin: String::new(),
            body: Body::default(),
        };
        assert_eq!(call.fields(), ["id", "throughput", "is_on_biz_app"]);
    }

    #[test]
    fn secrets_do_not_reach_the_log() {
        let body = json!({"code": "canary", "client_secret": "canary", "pin": "canary",
            "template": {"language": {"code": "en_US"}}});
        let clean = redacted(&body);
        assert!(!clean.to_string().contains("canary"));
        assert_eq!(clean["template"], body["template"]);
        assert!(is_version("v25.0") && is_version("v99") && !is_version("video"));
    }
}

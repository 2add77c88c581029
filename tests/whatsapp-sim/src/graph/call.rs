//! One Graph call from its bytes to its answer, faults included.

use serde_json::{Value, json};

use super::errors::MetaError;
use super::request::{Recipient, Request, TextSend, is_read_mark};
use crate::identity;
use crate::log::{CallAnswer, CallEntry, Cut};
use crate::state::chats::Author;
use crate::state::faults::SendFault;
use crate::state::{Message, Now, State};
use crate::wamid::{Direction, mint};
use crate::window;

/// A call as it came.
pub(crate) struct Call<'a> {
    pub(crate) method: String,
    pub(crate) path: String,
    /// From the path of `messages`; absent for any other path.
    pub(crate) phone_number_id: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) body: &'a [u8],
}

impl State {
    /// Carries a call out and logs it.
    pub(crate) fn graph_call(&mut self, now: Now, call: &Call<'_>) -> CallAnswer {
        let parsed: Option<Value> = serde_json::from_slice(call.body).ok();
        let logged = parsed
            .clone()
            .unwrap_or_else(|| Value::String(String::from_utf8_lossy(call.body).into_owned()));
        let answer = match self.carry_out(now, call, parsed) {
            Ok(answer) => answer,
            Err(error) => self.refuse(&error),
        };
        self.log.calls.push(CallEntry {
            at: now.ms,
            method: call.method.clone(),
            path: call.path.clone(),
            body: logged,
            answer: answer.clone(),
        });
        answer
    }

    fn carry_out(
        &mut self,
        now: Now,
        call: &Call<'_>,
        body: Option<Value>,
    ) -> Result<CallAnswer, MetaError> {
        let phone_number_id = self.check_access(call)?;
        let body = body.ok_or_else(|| MetaError::new(100, "The body is not JSON."))?;
        if is_read_mark(&body) {
            return self.perform(now, phone_number_id, &body);
        }
        match self.faults.take_send() {
            SendFault::Ok => self.perform(now, phone_number_id, &body),
            SendFault::LostRequest => Ok(CallAnswer::Cut { cut: Cut::Request }),
            SendFault::LostAnswer => {
                // Whatever the answer would have been, a refusal included, nobody hears it.
                let _ = self.perform(now, phone_number_id, &body);
                Ok(CallAnswer::Cut { cut: Cut::Answer })
            }
            SendFault::Error(code) => Err(MetaError::ordered(code)),
        }
    }

    fn check_access<'c>(&self, call: &'c Call<'_>) -> Result<&'c str, MetaError> {
        let Some(token) = &call.token else {
            return Err(MetaError::new(190, "An access token is required."));
        };
        if self.settings.token.as_ref().is_some_and(|only| only != token) {
            return Err(MetaError::new(190, "The access token is not that of this business."));
        }
        let known = call.phone_number_id.as_deref().filter(|id| {
            let numeric = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
            numeric && self.settings.phone_number_id.as_ref().is_none_or(|only| only == id)
        });
        match known {
            Some(id) if call.method == "POST" => Ok(id),
            _ => Err(MetaError::unsupported_path(&call.method)),
        }
    }

    fn perform(
        &mut self,
        now: Now,
        phone_number_id: &str,
        body: &Value,
    ) -> Result<CallAnswer, MetaError> {
        let body = match Request::read(body)? {
            Request::Read { message_id } => self.mark_read(&message_id)?,
            Request::Send(send) => self.send(now, phone_number_id, send)?,
        };
        Ok(CallAnswer::Answered { status: 200, body })
    }

    /// Marks a customer's message and all before it in that chat (Meta: mark-message-as-read).
    fn mark_read(&mut self, wamid: &str) -> Result<Value, MetaError> {
        let theirs = |m: &Message| m.author == Author::Customer;
        let wa_id = self.find(wamid).filter(|m| theirs(m)).map(|m| m.wa_id.clone());
        let wa_id = wa_id.ok_or_else(|| MetaError::new(131_009, "message_id is not known."))?;
        for message in &mut self.messages {
            if theirs(message) && message.wa_id == wa_id {
                message.status = Some("read".to_owned());
            }
            if message.wamid == wamid {
                break;
            }
        }
        Ok(json!({"success": true}))
    }

    fn send(
        &mut self,
        now: Now,
        phone_number_id: &str,
        send: TextSend,
    ) -> Result<Value, MetaError> {
        let (input, wa_id) = match &send.recipient {
            Recipient::Phone(input) => {
                let wa_id = identity::digits(input)
                    .ok_or_else(|| MetaError::new(131_009, "to is not a phone number."))?;
                (input, wa_id)
            }
            Recipient::User(input) => {
                let known = self.customers.keys().find(|id| identity::user_id(id) == *input);
                let wa_id =
                    known.ok_or_else(|| MetaError::new(131_026, "recipient is not known."))?;
                (input, wa_id.clone())
            }
        };
        if identity::digits(&self.settings.display_phone_number).as_ref() == Some(&wa_id) {
            return Err(MetaError::known(131_021));
        }
        let last = self.customers.get(&wa_id).and_then(|customer| customer.last_wrote_ms);
        if !window::is_open(last, now.ms) {
            return Err(MetaError::known(131_047));
        }
        let wamid = mint(&mut self.rng, &wa_id, Direction::Out);
        self.add(Message {
            wamid: wamid.clone(),
            wa_id: wa_id.clone(),
            author: Author::Api,
            at_ms: now.ms,
            kind: "text".to_owned(),
            text: Some(send.text),
            reply_to: send.reply_to,
            callback_data: send.callback_data,
            phone_number_id: phone_number_id.to_owned(),
            status: None,
            deliveries: 1,
        });
        self.plan_statuses(now, &wamid);
        Ok(json!({
            "messaging_product": "whatsapp",
            "contacts": [{"input": input, "wa_id": wa_id}],
            "messages": [{"id": wamid}],
        }))
    }

    fn refuse(&mut self, error: &MetaError) -> CallAnswer {
        let trace = self.rng.bytes::<17>();
        CallAnswer::Answered { status: error.http, body: error.body(&trace) }
    }
}

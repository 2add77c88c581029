//! `POST /{PNID}/messages`: sends and read marks, with the faults that were ordered.

use serde_json::Value;

use super::call::{Call, Reply};
use super::errors::MetaError;
use super::request::{Request, is_read_mark};
use crate::log::Cut;
use crate::state::chats::Author;
use crate::state::faults::SendFault;
use crate::state::{Message, Now, State};

/// How long a typing indicator shows (Meta: typing-indicators).
pub(crate) const TYPING_MS: i64 = 25_000;
/// A message can be marked within this time of its receipt (Meta: mark-message-as-read).
const MARK_WITHIN_MS: i64 = 30 * 24 * 3_600_000;

impl State {
    pub(super) fn messages(&mut self, now: Now, id: &str, call: &Call) -> Result<Reply, MetaError> {
        if call.method != "POST" {
            return Err(MetaError::unsupported_path(&call.method));
        }
        let body = call.json()?;
        if is_read_mark(body) {
            return self.perform(now, id, body);
        }
        match self.faults.take_send() {
            SendFault::Ok => self.perform(now, id, body),
            SendFault::LostRequest => Ok(Reply::cut(Cut::Request)),
            SendFault::LostAnswer => {
                // Whatever the answer would have been, a refusal included, nobody hears it.
                let _ = self.perform(now, id, body);
                Ok(Reply::cut(Cut::Answer))
            }
            SendFault::Error(code) => Err(MetaError::ordered(code)),
        }
    }

    fn perform(&mut self, now: Now, id: &str, body: &Value) -> Result<Reply, MetaError> {
        match Request::read(body)? {
            Request::Read { message_id, typing } => {
                self.mark_read(now, &message_id, typing)?;
                Ok(Reply::success())
            }
            Request::Send(send) => self.send(now, id, &send).map(Reply::ok),
        }
    }

    /// Marks a customer's message and all before it in that chat (Meta: mark-message-as-read).
    fn mark_read(&mut self, now: Now, wamid: &str, typing: bool) -> Result<(), MetaError> {
        let theirs = |m: &Message| m.author == Author::Customer && !m.hidden;
        let recent = now.ms.saturating_sub(MARK_WITHIN_MS);
        let found = self.find(wamid).filter(|m| theirs(m) && m.at_ms > recent);
        let wa_id = found.map(|m| m.wa_id.clone());
        let wa_id = wa_id.ok_or_else(|| MetaError::new(131_009, "message_id is not known."))?;
        for message in &mut self.messages {
            if theirs(message) && message.wa_id == wa_id {
                message.status = Some("read".to_owned());
            }
            if message.wamid == wamid {
                break;
            }
        }
        if typing {
            self.meet(&wa_id).typing_until_ms = Some(now.ms.saturating_add(TYPING_MS));
        }
        Ok(())
    }
}

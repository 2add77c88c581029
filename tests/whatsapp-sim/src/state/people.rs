//! What customers and the owner write on their phones.

use serde_json::{Value, json};

use super::agenda::Task;
use super::chats::Author;
use super::content::Content;
pub(crate) use super::content::TEXT_LIMIT;
use super::{Customer, Message, Now, State};
use crate::control::input::{ControlError, CustomerMessage, Forwarded, OwnerMessage};
use crate::identity;
use crate::wamid::{Direction, mint};
use crate::webhooks::payload::{self, Around, Person};
use crate::webhooks::update::Update;

/// The free entry point after a click on an advertisement (whatsapp.md 6).
const FREE_ENTRY_MS: i64 = 72 * 3_600_000;

/// The digits of a number in a control call.
pub(crate) fn number(field: &str, input: &str) -> Result<String, ControlError> {
    identity::digits(input).ok_or_else(|| ControlError::field(field, "is not a phone number"))
}

impl State {
    /// The customer of that number, met now if need be.
    pub(crate) fn meet(&mut self, wa_id: &str) -> &mut Customer {
        self.customers.entry(wa_id.to_owned()).or_insert_with(|| Customer {
            name: identity::default_name(wa_id),
            last_wrote_ms: None,
            username: None,
            hide_phone: false,
            free_until_ms: None,
            typing_until_ms: None,
        })
    }

    /// `context` of a quote: who wrote the quoted message, and which it is.
    fn quote(&self, wa_id: &str, wamid: &str) -> Value {
        let theirs = self.find(wamid).is_some_and(|m| m.author == Author::Customer);
        let hidden = self.customers.get(wa_id).is_some_and(|customer| customer.hide_phone);
        match (theirs, hidden) {
            (true, true) => json!({"from_user_id": identity::user_id(wa_id), "id": wamid}),
            (true, false) => json!({"from": wa_id, "id": wamid}),
            (false, _) => json!({"from": self.settings.display_phone_number, "id": wamid}),
        }
    }

    /// What a pressed button or chosen row answers: the newest message of the business that has
    /// any. Meta quotes it.
    fn answered(&self, wa_id: &str, kind: &str) -> Option<String> {
        let asks = |m: &&Message| {
            m.wa_id == wa_id && ["interactive", "template"].contains(&m.kind.as_str())
        };
        let asked = ["interactive", "button"].contains(&kind);
        self.messages.iter().rev().filter(|_| asked).find(asks).map(|m| m.wamid.clone())
    }

    /// A new message of a customer, not yet on its way.
    pub(crate) fn by_customer(&mut self, wa_id: &str, at_ms: i64) -> Message {
        let wamid = mint(&mut self.rng, wa_id, Direction::In);
        let phone_number_id = self.settings.phone_number_id_or_sample().to_owned();
        Message {
            phone_number_id,
            ..Message::new(wamid, wa_id.to_owned(), Author::Customer, at_ms)
        }
    }

    /// A new message of the owner, not yet on its way.
    pub(crate) fn by_owner(&mut self, wa_id: &str, at_ms: i64) -> Message {
        let wamid = mint(&mut self.rng, wa_id, Direction::Out);
        let phone_number_id = self.settings.phone_number_id_or_sample().to_owned();
        Message { phone_number_id, ..Message::new(wamid, wa_id.to_owned(), Author::Owner, at_ms) }
    }

    /// A customer writes.
    pub(crate) fn customer(
        &mut self,
        now: Now,
        order: &CustomerMessage,
    ) -> Result<String, ControlError> {
        let wa_id = number("wa_id", &order.wa_id)?;
        let mut content = Content::read(order.text.as_deref(), order.message.as_ref())?;
        let age = i64::try_from(order.age_ms.unwrap_or(0))
            .map_err(|_| ControlError::field("age_ms", "is too large"))?;
        let reply_to = order.reply_to.clone().or_else(|| self.answered(&wa_id, &content.kind));
        if order.forwarded.is_some() && order.reply_to.is_some() {
            return Err(ControlError::field("forwarded", "is no reply"));
        }
        self.complete(now, &mut content, order.media.as_ref())?;
        let at_ms = now.ms.saturating_sub(age);
        let customer = self.meet(&wa_id);
        if let Some(name) = &order.name {
            customer.name.clone_from(name);
        }
        if let Some(username) = &order.username {
            customer.username = Some(username.clone());
        }
        customer.hide_phone = order.hide_phone.unwrap_or(customer.hide_phone);
        customer.last_wrote_ms = customer.last_wrote_ms.max(Some(at_ms));
        if order.referral.is_some() {
            customer.free_until_ms = Some(at_ms.saturating_add(FREE_ENTRY_MS));
        }
        let context = match (order.forwarded, &reply_to) {
            // A forward is no reply: it names no message (whatsapp.md 0.15).
            (Some(Forwarded::Once), _) => Some(json!({"forwarded": true})),
            (Some(Forwarded::Often), _) => Some(json!({"frequently_forwarded": true})),
            (None, Some(wamid)) => Some(self.quote(&wa_id, wamid)),
            (None, None) => None,
        };
        let message = Message {
            kind: content.kind.clone(),
            text: content.text().map(str::to_owned),
            content: content.under_type(),
            reply_to,
            ..self.by_customer(&wa_id, at_ms)
        };
        let wamid = message.wamid.clone();
        let blocked = self.account.blocked.contains(&wa_id);
        let person = Person::of(self, &wa_id);
        let around = Around { context, referral: order.referral.clone() };
        let object = content.object;
        let change = payload::customer_message(&self.settings, &message, &person, object, around);
        let first = order.unavailable.as_ref().map(|_| self.unavailable(&message, &person));
        self.add(message);
        match (first, order.unavailable.as_ref().and_then(|order| order.then_ms)) {
            // Who is blocked writes and is not heard.
            _ if blocked => {}
            (None, _) => self.enqueue(now, Update::new(change)),
            (Some(placeholder), then) => {
                self.enqueue(now, Update::new(placeholder));
                if let Some(then) = then {
                    let due = now.tick.saturating_add(then);
                    self.agenda.add(due, Task::Later(Update::new(change)));
                }
            }
        }
        Ok(wamid)
    }

    /// The placeholder under the wamid of the real message (whatsapp.md 0.4).
    fn unavailable(&self, message: &Message, person: &Person) -> Value {
        let placeholder = Message { kind: "unsupported".to_owned(), ..message.clone() };
        let object =
            json!({"errors": [payload::error(131_060)], "unsupported": {"type": "unknown"}});
        let object = object.as_object().cloned().unwrap_or_default();
        let around = Around::default();
        payload::customer_message(&self.settings, &placeholder, person, object, around)
    }

    /// A customer opens the chat: everything there from the business gets its `read`.
    pub(crate) fn customer_read(
        &mut self,
        now: Now,
        wa_id: &str,
    ) -> Result<Vec<String>, ControlError> {
        let wa_id = number("wa_id", wa_id)?;
        if !self.customers.contains_key(&wa_id) {
            return Err(ControlError::unknown("wa_id"));
        }
        let unread: Vec<String> = self
            .messages
            .iter()
            .filter(|m| {
                m.wa_id == wa_id && m.author == Author::Api && m.deliveries > 0 && !m.hidden
            })
            .filter(|m| !matches!(m.status.as_deref(), Some("read" | "played" | "failed")))
            .map(|m| m.wamid.clone())
            .collect();
        for wamid in &unread {
            self.report(now, wamid, "read", None)?;
        }
        Ok(unread)
    }

    /// The owner types on their phone: the customer gets it, and the API gets the echo.
    pub(crate) fn owner(&mut self, now: Now, order: &OwnerMessage) -> Result<String, ControlError> {
        let wa_id = number("to", &order.to)?;
        let mut content = Content::read(order.text.as_deref(), order.message.as_ref())?;
        self.complete(now, &mut content, order.media.as_ref())?;
        self.meet(&wa_id);
        self.sign_of_life();
        let context = order.reply_to.as_ref().map(|wamid| self.quote(&wa_id, wamid));
        let message = Message {
            kind: content.kind.clone(),
            text: content.text().map(str::to_owned),
            content: content.under_type(),
            reply_to: order.reply_to.clone(),
            deliveries: 1,
            ..self.by_owner(&wa_id, now.ms)
        };
        let wamid = message.wamid.clone();
        let person = Person::of(self, &wa_id);
        let change = payload::echo(&self.settings, &message, &person, content.object, context);
        self.add(message);
        self.enqueue(now, Update::new(change));
        Ok(wamid)
    }
}

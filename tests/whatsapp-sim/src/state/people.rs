//! What customers and the owner do on their phones.

use serde_json::{Map, Value};

use super::chats::Author;
use super::{Customer, Message, Now, State};
use crate::control::input::{ControlError, CustomerMessage, OwnerMessage};
use crate::identity;
use crate::wamid::{Direction, mint};
use crate::webhooks::payload;

/// Longest text of a message, in characters (Meta: text messages).
pub(crate) const TEXT_LIMIT: usize = 4_096;

/// What a person writes: Meta's type and the object named like it.
pub(crate) struct Content {
    pub(crate) kind: String,
    pub(crate) object: Map<String, Value>,
}

impl Content {
    /// From either a text or a message as Meta sends it.
    pub(crate) fn read(text: Option<&str>, message: Option<&Value>) -> Result<Self, ControlError> {
        match (text, message) {
            (Some(text), None) => {
                let body = serde_json::json!({"type": "text", "text": {"body": text}});
                Self::read(None, Some(&body))
            }
            (None, Some(Value::Object(object))) => {
                let Some(Value::String(kind)) = object.get("type") else {
                    return Err(ControlError::field("message.type", "is missing"));
                };
                if ["edit", "revoke", "reaction"].contains(&kind.as_str()) {
                    let why = "changes another message, which this version does not simulate";
                    return Err(ControlError::field("message.type", why));
                }
                let content = Self { kind: kind.clone(), object: object.clone() };
                if kind == "text" {
                    check_text(content.text())?;
                }
                Ok(content)
            }
            (None, Some(_)) => Err(ControlError::field("message", "is not an object")),
            _ => Err(ControlError::field("text", "exactly one of text and message is needed")),
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        self.object.get("text")?.get("body")?.as_str()
    }
}

fn check_text(text: Option<&str>) -> Result<(), ControlError> {
    match text.map(|text| text.chars().count()) {
        None | Some(0) => Err(ControlError::field("text", "is empty")),
        Some(length) if length > TEXT_LIMIT => {
            Err(ControlError::field("text", "is longer than 4096 characters"))
        }
        Some(_) => Ok(()),
    }
}

fn number(field: &str, input: &str) -> Result<String, ControlError> {
    identity::digits(input).ok_or_else(|| ControlError::field(field, "is not a phone number"))
}

impl State {
    /// The customer of that number, met now if need be.
    pub(crate) fn meet(&mut self, wa_id: &str) -> &mut Customer {
        self.customers.entry(wa_id.to_owned()).or_insert_with(|| Customer {
            name: identity::default_name(wa_id),
            last_wrote_ms: None,
        })
    }

    /// A customer writes.
    pub(crate) fn customer(
        &mut self,
        now: Now,
        order: &CustomerMessage,
    ) -> Result<String, ControlError> {
        let wa_id = number("wa_id", &order.wa_id)?;
        let content = Content::read(order.text.as_deref(), order.message.as_ref())?;
        let age = i64::try_from(order.age_ms.unwrap_or(0))
            .map_err(|_| ControlError::field("age_ms", "is too large"))?;
        let at_ms = now.ms.saturating_sub(age);
        let customer = self.meet(&wa_id);
        if let Some(name) = &order.name {
            customer.name.clone_from(name);
        }
        customer.last_wrote_ms = customer.last_wrote_ms.max(Some(at_ms));
        let name = customer.name.clone();
        let wamid = mint(&mut self.rng, &wa_id, Direction::In);
        let quoted = order.reply_to.as_ref().map(|wamid| {
            let theirs = self.find(wamid).is_some_and(|m| m.author == Author::Customer);
            let from = if theirs { &wa_id } else { &self.settings.display_phone_number };
            (from.clone(), wamid.clone())
        });
        let message = Message {
            wamid: wamid.clone(),
            wa_id,
            author: Author::Customer,
            at_ms,
            kind: content.kind.clone(),
            text: content.text().map(str::to_owned),
            reply_to: order.reply_to.clone(),
            callback_data: None,
            phone_number_id: self.settings.phone_number_id_or_sample().to_owned(),
            status: None,
            deliveries: 0,
        };
        let change = payload::customer_message(&self.settings, &message, &name, content, quoted);
        self.add(message);
        self.enqueue(now, &change);
        Ok(wamid)
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
            .filter(|m| m.wa_id == wa_id && m.author == Author::Api && m.deliveries > 0)
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
        let content = Content::read(order.text.as_deref(), order.message.as_ref())?;
        self.meet(&wa_id);
        let wamid = mint(&mut self.rng, &wa_id, Direction::Out);
        let message = Message {
            wamid: wamid.clone(),
            wa_id,
            author: Author::Owner,
            at_ms: now.ms,
            kind: content.kind.clone(),
            text: content.text().map(str::to_owned),
            reply_to: None,
            callback_data: None,
            phone_number_id: self.settings.phone_number_id_or_sample().to_owned(),
            status: None,
            deliveries: 1,
        };
        let change = payload::echo(&self.settings, &message, content);
        self.add(message);
        self.enqueue(now, &change);
        Ok(wamid)
    }
}

//! The owner's saved contacts, field `smb_app_state_sync` (whatsapp.md 4.5).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::line::Sync;
use super::people::number;
use super::{Now, State};
use crate::control::input::ControlError;
use crate::identity::user_id;
use crate::webhooks::payload::{self, seconds};
use crate::webhooks::update::Update;

/// Contacts in one webhook.
const TOGETHER: usize = 100;

/// A change of the phone book: `POST /sim/owner/contacts`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactNews {
    /// The customer's number.
    pub wa_id: String,
    /// The whole name; absent takes the contact out of the book.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// The first name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// The user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

impl State {
    /// The owner saves or removes a contact. It is news once the book was asked for.
    pub(crate) fn contact_news(
        &mut self,
        now: Now,
        news: &ContactNews,
    ) -> Result<(), ControlError> {
        let wa_id = number("wa_id", &news.wa_id)?;
        self.sign_of_life();
        let mut contact = json!({"phone_number": wa_id, "user_id": user_id(&wa_id)});
        let entry = if let Some(full_name) = &news.full_name {
            contact["full_name"] = json!(full_name);
            for (key, value) in [("first_name", &news.first_name), ("username", &news.username)] {
                if let Some(value) = value {
                    contact[key] = json!(value);
                }
            }
            self.account.phone_book.insert(wa_id, contact.clone());
            entry("add", &contact, now)
        } else {
            // A removal has no names (whatsapp.md 4.5).
            if self.account.phone_book.remove(&wa_id).is_none() {
                return Err(ControlError::unknown("wa_id"));
            }
            entry("remove", &contact, now)
        };
        if self.line.asked(Sync::Contacts) {
            self.send_contacts(now, &[entry]);
        }
        Ok(())
    }

    /// The whole book, after it was asked for. An empty one is no webhook at all.
    pub(crate) fn send_phone_book(&mut self, now: Now) {
        let book: Vec<Value> =
            self.account.phone_book.values().map(|contact| entry("add", contact, now)).collect();
        for some in book.chunks(TOGETHER) {
            self.send_contacts(now, some);
        }
    }

    fn send_contacts(&mut self, now: Now, entries: &[Value]) {
        let number = self.settings.phone_number_id_or_sample();
        let rest = json!({"state_sync": entries});
        let change = payload::change(&self.settings, "smb_app_state_sync", number, rest);
        self.enqueue(now, Update::new(change));
    }
}

fn entry(action: &str, contact: &Value, now: Now) -> Value {
    json!({"type": "contact", "action": action, "contact": contact,
        "metadata": {"timestamp": seconds(now.ms)}})
}

//! Edits, deletions and reactions, by customers and by the owner (whatsapp.md 2, 4.3).

use serde_json::{Map, Value, json};

use super::chats::Author;
use super::content::check_text;
use super::people::number;
use super::{Message, Now, State};
use crate::control::input::{ControlError, EditNews, NumberNews, ReactNews, RevokeNews};
use crate::identity::user_id;
use crate::webhooks::payload::{self, Around, Person};
use crate::webhooks::update::Update;

/// Who does something on their phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Customer,
    Owner,
}

impl Who {
    /// Whether a message is theirs: the owner's phone shows API sends as its own.
    fn wrote(self, message: &Message) -> bool {
        (message.author == Author::Customer) == (self == Self::Customer)
    }
}

impl State {
    /// A message of theirs that is still there.
    fn own(&self, who: Who, wamid: &str) -> Result<&Message, ControlError> {
        let found = self.find(wamid).filter(|m| who.wrote(m) && !m.deleted && !m.hidden);
        found.ok_or_else(|| ControlError::unknown("wamid"))
    }

    /// Sends what happened to a message as a message of its own: its wamid.
    fn tell(&mut self, now: Now, who: Who, wa_id: &str, kind: &str, under: Value) -> String {
        let message = match who {
            Who::Customer => self.by_customer(wa_id, now.ms),
            Who::Owner => {
                self.sign_of_life();
                self.by_owner(wa_id, now.ms)
            }
        };
        let message = Message { kind: kind.to_owned(), hidden: true, ..message };
        let person = Person::of(self, wa_id);
        let object: Map<String, Value> = [(kind.to_owned(), under)].into_iter().collect();
        let change = match who {
            Who::Customer => payload::customer_message(
                &self.settings,
                &message,
                &person,
                object,
                Around::default(),
            ),
            Who::Owner => payload::echo(&self.settings, &message, &person, object, None),
        };
        if who == Who::Owner || !self.account.blocked.contains(wa_id) {
            self.enqueue(now, Update::new(change));
        }
        message.wamid
    }

    /// A text or caption changes: the webhook holds the whole new content (whatsapp.md 4.3).
    pub(crate) fn edit(
        &mut self,
        now: Now,
        who: Who,
        news: &EditNews,
    ) -> Result<String, ControlError> {
        check_text(Some(&news.text))?;
        let message = self.own(who, &news.wamid)?;
        let (kind, wa_id) = (message.kind.clone(), message.wa_id.clone());
        let content = match (kind.as_str(), &message.content) {
            ("text", _) => json!({"body": news.text}),
            ("image" | "video" | "document", Some(content)) => {
                let mut content = content.clone();
                content["caption"] = json!(news.text);
                content
            }
            _ => return Err(ControlError::field("wamid", "has no text to change")),
        };
        if let Some(message) = self.find_mut(&news.wamid) {
            message.text = Some(news.text.clone());
            message.content = (kind != "text").then(|| content.clone());
            message.edited = true;
        }
        // The inner id is printed as `M0`, not a wamid.
        let mut inner = json!({"context": {"id": "M0"}, "type": kind});
        inner[kind] = content;
        let under = json!({"original_message_id": news.wamid, "message": inner});
        Ok(self.tell(now, who, &wa_id, "edit", under))
    }

    /// A message is deleted for everyone.
    pub(crate) fn revoke(
        &mut self,
        now: Now,
        who: Who,
        news: &RevokeNews,
    ) -> Result<String, ControlError> {
        let wa_id = self.own(who, &news.wamid)?.wa_id.clone();
        if let Some(message) = self.find_mut(&news.wamid) {
            (message.text, message.content, message.deleted) = (None, None, true);
        }
        let under = json!({"original_message_id": news.wamid});
        Ok(self.tell(now, who, &wa_id, "revoke", under))
    }

    /// A reaction to any message of the chat; without an emoji it is taken away, and the key is
    /// absent (whatsapp.md 2).
    pub(crate) fn react(
        &mut self,
        now: Now,
        who: Who,
        news: &ReactNews,
    ) -> Result<String, ControlError> {
        let there = self.find(&news.wamid).filter(|m| !m.deleted && !m.hidden);
        let wa_id = there.map(|m| m.wa_id.clone()).ok_or_else(|| ControlError::unknown("wamid"))?;
        let emoji = news.emoji.clone().filter(|emoji| !emoji.is_empty());
        let mut under = json!({"message_id": news.wamid});
        if let Some(emoji) = &emoji {
            under["emoji"] = json!(emoji);
        }
        let author = if who == Who::Customer { Author::Customer } else { Author::Owner };
        if let Some(message) = self.find_mut(&news.wamid) {
            message.react(author, emoji);
        }
        Ok(self.tell(now, who, &wa_id, "reaction", under))
    }

    /// A customer takes another number: their chat goes with them, their user id is a new one. A
    /// system message says it, without the numbers for who hides theirs (whatsapp.md 8.1).
    pub(crate) fn change_number(
        &mut self,
        now: Now,
        news: &NumberNews,
    ) -> Result<String, ControlError> {
        let (old, new) = (number("wa_id", &news.wa_id)?, number("new_wa_id", &news.new_wa_id)?);
        if self.customers.contains_key(&new) {
            return Err(ControlError::field("new_wa_id", "is somebody's already"));
        }
        let Some(customer) = self.customers.remove(&old) else {
            return Err(ControlError::unknown("wa_id"));
        };
        let (hidden, name) = (customer.hide_phone, customer.name.clone());
        self.customers.insert(new.clone(), customer);
        let message =
            Message { kind: "system".to_owned(), hidden: true, ..self.by_customer(&old, now.ms) };
        for message in self.messages.iter_mut().filter(|message| message.wa_id == old) {
            message.wa_id.clone_from(&new);
        }
        let mut system = json!({"previous_user_id": user_id(&old), "user_id": user_id(&new)});
        if hidden {
            system["type"] = json!("user_changed_user_id");
            system["body"] = json!(format!("{name} changed their account"));
        } else {
            system["type"] = json!("user_changed_number");
            system["body"] = json!(format!("{name} changed from {old} to {new}"));
            system["wa_id"] = json!(new);
        }
        let mut object = json!({"from_user_id": user_id(&old), "id": message.wamid, "type": "system",
            "timestamp": payload::seconds(now.ms), "system": system});
        if !hidden {
            object["from"] = json!(old);
        }
        let rest = json!({"messages": [object]});
        let number = message.phone_number_id.clone();
        let change = payload::change(&self.settings, "messages", &number, rest);
        self.enqueue(now, Update::new(change));
        Ok(message.wamid)
    }
}

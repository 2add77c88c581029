//! A send that is well formed: judged against what Meta knows, and put into the chat.

use serde_json::{Value, json};

use super::errors::MetaError;
use super::kinds::FILES;
use super::request::{Recipient, Send, text};
use super::template_use;
use crate::identity;
use crate::state::chats::{Author, Reaction};
use crate::state::{Message, Now, State};
use crate::wamid::{Direction, mint};
use crate::window;

impl State {
    /// Whom a send reaches: (as written, number).
    fn recipient<'s>(&self, send: &'s Send) -> Result<(&'s str, String), MetaError> {
        match &send.recipient {
            Recipient::Phone(input) => {
                let wa_id = identity::digits(input)
                    .ok_or_else(|| MetaError::new(131_009, "to is not a phone number."))?;
                Ok((input, wa_id))
            }
            Recipient::User(input) => {
                let known = self.customers.keys().find(|id| identity::user_id(id) == *input);
                let wa_id =
                    known.ok_or_else(|| MetaError::new(131_026, "recipient is not known."))?;
                Ok((input, wa_id.clone()))
            }
        }
    }

    /// Accepts a send or says Meta's no.
    pub(super) fn send(
        &mut self,
        now: Now,
        phone_number_id: &str,
        send: &Send,
    ) -> Result<Value, MetaError> {
        let (input, wa_id) = self.recipient(send)?;
        if identity::digits(&self.settings.display_phone_number).as_ref() == Some(&wa_id) {
            return Err(MetaError::known(131_021));
        }
        self.line.may_send(send.kind == "template").map_err(MetaError::known)?;
        let mut words = send.words();
        let mut category = "service".to_owned();
        if send.kind == "template" {
            let (body, kind) = self.template_words(&send.content)?;
            words = Some(body);
            category = kind;
        } else {
            let last = self.customers.get(&wa_id).and_then(|customer| customer.last_wrote_ms);
            if !window::is_open(last, now.ms) {
                return Err(MetaError::known(131_047));
            }
        }
        if FILES.contains(&send.kind.as_str()) {
            self.check_file(now, &send.kind, &send.content)?;
        }
        let limits = self.faults.now.limits;
        self.rates.send(now.tick, limits, phone_number_id, &wa_id)?;
        let wamid = mint(&mut self.rng, &wa_id, Direction::Out);
        self.meet(&wa_id);
        if send.kind == "reaction" {
            self.react_by_api(now, send, &wamid, &wa_id, phone_number_id);
        } else {
            let content = (send.kind != "text").then(|| send.content.clone());
            self.add(Message {
                kind: send.kind.clone(),
                text: words,
                content,
                reply_to: send.reply_to.clone(),
                callback_data: send.callback_data.clone(),
                phone_number_id: phone_number_id.to_owned(),
                category,
                deliveries: 1,
                ..Message::new(wamid.clone(), wa_id.clone(), Author::Api, now.ms)
            });
            self.plan_statuses(now, &wamid);
        }
        Ok(self.accepted(send, input, &wa_id, &wamid))
    }

    fn accepted(&self, send: &Send, input: &str, wa_id: &str, wamid: &str) -> Value {
        let hidden = self.customers.get(wa_id).is_some_and(|customer| customer.hide_phone);
        let mut contact = json!({"input": input});
        // Who was named by a user id alone is not given away by the answer.
        let by_user = matches!(send.recipient, Recipient::User(_));
        if !(by_user && hidden) {
            contact["wa_id"] = json!(wa_id);
        }
        if by_user {
            contact["user_id"] = json!(input);
        }
        let mut message = json!({"id": wamid});
        if send.kind == "template" {
            message["message_status"] = json!("accepted");
        }
        json!({"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]})
    }

    /// A reaction hangs on its target. One that is not there, or is one itself, fails later
    /// (whatsapp.md 5.1).
    fn react_by_api(&mut self, now: Now, send: &Send, wamid: &str, wa_id: &str, number: &str) {
        let target = text(&send.content, "message_id").unwrap_or_default().to_owned();
        let emoji = text(&send.content, "emoji").map(str::to_owned);
        let old = now.ms.saturating_sub(30 * 24 * 3_600_000);
        let there = self.find_mut(&target).filter(|message| {
            message.wa_id == wa_id && !message.hidden && !message.deleted && message.at_ms > old
        });
        let found = there.map(|message| message.react(Author::Api, emoji)).is_some();
        self.add(Message {
            kind: "reaction".to_owned(),
            content: Some(send.content.clone()),
            callback_data: send.callback_data.clone(),
            phone_number_id: number.to_owned(),
            hidden: true,
            deliveries: u32::from(found),
            ..Message::new(wamid.to_owned(), wa_id.to_owned(), Author::Api, now.ms)
        });
        self.plan_reaction_status(now, wamid, found);
    }

    /// The words of a template's body, and its category.
    fn template_words(&self, content: &Value) -> Result<(String, String), MetaError> {
        let name = text(content, "name").unwrap_or_default();
        let language = content.get("language").and_then(|language| text(language, "code"));
        let language = language.unwrap_or_default();
        let template = self.templates.find(name, language).ok_or_else(|| {
            let details = format!("template name ({name}) does not exist in {language}");
            MetaError::new(132_001, details)
        })?;
        match template.status.as_str() {
            "APPROVED" => {}
            "PAUSED" => return Err(MetaError::known(132_015)),
            "DISABLED" => return Err(MetaError::known(132_016)),
            other => {
                return Err(MetaError::new(
                    132_001,
                    format!("The template is {other}, not approved."),
                ));
            }
        }
        let category = text(&template.shown, "category").unwrap_or("utility");
        Ok((template_use::filled(&template.shown, content)?, category.to_ascii_lowercase()))
    }

    /// A file by id must live and be of the message's kind.
    fn check_file(&self, now: Now, kind: &str, content: &Value) -> Result<(), MetaError> {
        let Some(id) = text(content, "id") else { return Ok(()) };
        let Some(file) = self.media.live(id, now.ms) else {
            let details = format!(
                "Param {kind}['id'] is not a valid whatsapp business account media attachment ID"
            );
            return Err(MetaError::new(100, details));
        };
        let family = file.mime.split('/').next().unwrap_or_default();
        let fits = match kind {
            "document" => true,
            "sticker" => file.mime.starts_with("image/webp"),
            kind => family == kind,
        };
        if fits {
            return Ok(());
        }
        Err(MetaError::new(
            131_053,
            format!("Media of type {} cannot be sent as {kind}.", file.mime),
        ))
    }
}

impl Message {
    /// Sets, changes or takes away one author's reaction.
    pub(crate) fn react(&mut self, author: Author, emoji: Option<String>) {
        self.reactions.retain(|reaction| {
            let business = |author| author != Author::Customer;
            business(reaction.author) != business(author)
        });
        if let Some(emoji) = emoji {
            self.reactions.push(Reaction { author, emoji });
        }
    }
}

//! Webhooks about the account: templates and anything raw (whatsapp.md 1.5).

use serde_json::{Value, json};

use super::agenda::Task;
use super::{Now, State};
use crate::control::input::{ControlError, RawWebhook, TemplateNews};
use crate::webhooks::update::Update;

/// Fields whose entries have no time (whatsapp.md 1.1).
const UNTIMED: [&str; 4] = ["messages", "history", "smb_message_echoes", "smb_app_state_sync"];

impl State {
    /// Any webhook, enveloped and signed.
    pub(crate) fn raw_webhook(&mut self, now: Now, order: &RawWebhook) -> Result<(), ControlError> {
        if order.field.is_empty() {
            return Err(ControlError::field("field", "is empty"));
        }
        let change = json!({"field": order.field, "value": order.value});
        let untimed = UNTIMED.contains(&order.field.as_str());
        let update = match (order.time, untimed && order.entry_id.is_none()) {
            (None, true) => Update::new(change),
            (time, _) => {
                Update::timed(change, order.entry_id.clone(), time.unwrap_or(now.ms / 1_000))
            }
        };
        self.enqueue(now, update);
        Ok(())
    }

    /// Plans Meta's verdict on a template.
    pub(crate) fn plan_review(&mut self, now: Now, id: &str) {
        let due = now.tick.saturating_add(self.settings.template_review_ms);
        self.agenda.add(due, Task::Review { id: id.to_owned() });
    }

    /// Approves a template that is still pending.
    pub(crate) fn approve(&mut self, now: Now, id: &str) {
        let pending = self.templates.by_id(id).is_some_and(|template| template.status == "PENDING");
        if pending {
            self.template_state(now, id, "APPROVED", None);
        }
    }

    /// A template takes a state, and Meta tells.
    fn template_state(&mut self, now: Now, id: &str, status: &str, reason: Option<&str>) {
        let changed = self.templates.change(id, |shown| {
            shown["status"] = json!(status);
            shown["quality_score"] = json!({"score": "UNKNOWN", "date": now.ms / 1_000});
            if let Some(reason) = reason {
                shown["rejected_reason"] = json!(reason);
            }
        });
        let Some(template) = changed else { return };
        let number: Value =
            template.id.parse::<u64>().map_or_else(|_| json!(template.id), |id| json!(id));
        let value = json!({"event": status, "message_template_id": number,
            "message_template_name": template.name, "message_template_language": template.language,
            "message_template_category": template.shown["category"],
            "reason": reason.map_or_else(|| json!("NONE"), |reason| json!(reason))});
        let change = json!({"field": "message_template_status_update", "value": value});
        self.enqueue(now, Update::timed(change, None, now.ms / 1_000));
    }

    /// Makes a template or changes one; gives its id.
    pub(crate) fn template_news(
        &mut self,
        now: Now,
        news: &TemplateNews,
    ) -> Result<String, ControlError> {
        if news.name.is_empty() {
            return Err(ControlError::field("name", "is empty"));
        }
        let language = news.language.clone().unwrap_or_else(|| "en_US".to_owned());
        let known = self.templates.find(&news.name, &language).map(|template| template.id.clone());
        let id = known.unwrap_or_else(|| {
            let id = super::media::new_id(&mut self.rng);
            let words = json!([{"type": "BODY", "text": "Hello"}]);
            let body = json!({"name": news.name, "language": language, "category":
                news.category.as_deref().unwrap_or("UTILITY"), "parameter_format":
                news.parameter_format, "components": news.components.clone().unwrap_or(words)});
            self.templates.put(id.clone(), &body, "PENDING");
            id
        });
        self.templates.change(&id, |shown| {
            for (key, value) in [
                ("category", news.category.as_ref().map(|word| json!(word))),
                ("parameter_format", news.parameter_format.as_ref().map(|word| json!(word))),
                ("components", news.components.clone()),
            ] {
                if let Some(value) = value {
                    shown[key] = value;
                }
            }
        });
        let status = news.status.as_deref().unwrap_or("APPROVED");
        self.template_state(now, &id, status, news.reason.as_deref());
        if status == "DELETED" {
            self.templates.remove(now.ms, |template| template.id == id);
        }
        Ok(id)
    }
}

//! Templates on the Graph: lists with cursors, creation, change, deletion (whatsapp.md 5.4).

use serde_json::{Value, json};

use super::call::{Call, Reply};
use super::errors::MetaError;
use super::request::{missing, text};
use crate::state::templates::{self, Template};
use crate::state::{Now, State};

/// Templates on a page if the call names no number.
const PAGE: usize = 25;
/// Longest name (Meta: templates, components).
const NAME_LIMIT: usize = 512;
const BODY_LIMIT: usize = 1_024;
const SHORT_LIMIT: usize = 60;
const BUTTONS: usize = 10;
const CATEGORIES: [&str; 3] = ["AUTHENTICATION", "MARKETING", "UTILITY"];

fn wrong(details: impl Into<String>) -> MetaError {
    MetaError::new(100, details)
}

/// What `fields` asks for; all if it asks for nothing. The id is always there.
pub(crate) fn chosen(shown: &Value, fields: &[String]) -> Value {
    let Value::Object(all) = shown else { return shown.clone() };
    let wanted = |key: &String| fields.is_empty() || key == "id" || fields.contains(key);
    Value::Object(
        all.iter().filter(|(key, _)| wanted(key)).map(|(k, v)| (k.clone(), v.clone())).collect(),
    )
}

/// One page of a list after or before a cursor, with Meta's `paging`.
pub(crate) fn page(list: &[Value], call: &Call) -> Result<Value, MetaError> {
    let number = |name| call.asked(name).map(str::parse::<usize>).transpose();
    let limit =
        number("limit").map_err(|_| wrong("limit is no number."))?.unwrap_or(PAGE).clamp(1, 1_000);
    let cursor = |name| -> Result<Option<usize>, MetaError> {
        let Some(given) = call.asked(name).filter(|given| !given.is_empty()) else {
            return Ok(None);
        };
        let place = given.strip_prefix('c').and_then(|place| place.parse().ok());
        place.map(Some).ok_or_else(|| wrong("The cursor is not valid."))
    };
    let (after, before) = (cursor("after")?, cursor("before")?);
    let from = match (after, before) {
        (Some(after), _) => after.saturating_add(1),
        (None, Some(before)) => before.saturating_sub(limit),
        (None, None) => 0,
    }
    .min(list.len());
    let to = from.saturating_add(limit).min(list.len());
    let data = &list[from..to];
    if data.is_empty() {
        return Ok(json!({"data": []}));
    }
    let mut paging =
        json!({"cursors": {"before": format!("c{from}"), "after": format!("c{}", to - 1)}});
    let link = |name: &str, place: usize| {
        format!("{}{}?limit={limit}&{name}=c{place}", call.origin, call.path)
    };
    if to < list.len() {
        paging["next"] = json!(link("after", to - 1));
    }
    if from > 0 {
        paging["previous"] = json!(link("before", from));
    }
    Ok(json!({"data": data, "paging": paging}))
}

/// Judges the parts of a template.
fn check_parts(parts: &Value) -> Result<(), MetaError> {
    let list = parts.as_array().ok_or_else(|| missing("components"))?;
    let kind = |part: &Value| text(part, "type").unwrap_or_default().to_ascii_uppercase();
    if !list.iter().any(|part| kind(part) == "BODY") {
        return Err(missing("components of type BODY"));
    }
    for part in list {
        let length = text(part, "text").map_or(0, |words| words.chars().count());
        let most = match kind(part).as_str() {
            "BODY" => BODY_LIMIT,
            "HEADER" | "FOOTER" => SHORT_LIMIT,
            "BUTTONS" => {
                let count = part.get("buttons").and_then(Value::as_array).map_or(0, Vec::len);
                if count == 0 || count > BUTTONS {
                    return Err(wrong("A template has 1 to 10 buttons."));
                }
                continue;
            }
            _ => continue,
        };
        if length > most {
            return Err(wrong(format!("{} has at most {most} characters.", kind(part))));
        }
    }
    Ok(())
}

fn word(call: &Call, name: &str) -> Result<String, MetaError> {
    call.parameter(name).filter(|word| !word.is_empty()).ok_or_else(|| missing(name))
}

impl State {
    /// `GET`, `POST`, `DELETE /{WABA}/message_templates`.
    pub(super) fn templates(&mut self, now: Now, call: &Call) -> Result<Reply, MetaError> {
        match call.method.as_str() {
            "GET" => self.list_templates(call).map(Reply::ok),
            "POST" => self.create_template(now, call).map(Reply::ok),
            "DELETE" => self.delete_templates(now, call),
            other => Err(MetaError::unsupported_path(other)),
        }
    }

    fn list_templates(&self, call: &Call) -> Result<Value, MetaError> {
        let fields = call.fields();
        let meets = |template: &Template| {
            ["name", "language", "status", "category"].iter().all(|key| {
                call.asked(key).is_none_or(|wanted| text(&template.shown, key) == Some(wanted))
            })
        };
        let list: Vec<Value> = self
            .templates
            .all()
            .iter()
            .filter(|template| meets(template))
            .map(|template| chosen(&template.shown, &fields))
            .collect();
        let mut answer = page(&list, call)?;
        if call.asked("summary").is_some() {
            answer["summary"] = json!({"total_count": list.len(), "message_template_count":
                self.templates.all().len(), "message_template_limit": templates::MOST,
                "are_translations_complete": false});
        }
        Ok(answer)
    }

    fn create_template(&mut self, now: Now, call: &Call) -> Result<Value, MetaError> {
        let (name, language) = (word(call, "name")?, word(call, "language")?);
        let category = word(call, "category")?.to_ascii_uppercase();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if name.len() > NAME_LIMIT || !name.chars().all(plain) {
            return Err(wrong("name has lower-case letters, digits and underscores only."));
        }
        if !CATEGORIES.contains(&category.as_str()) {
            return Err(wrong("category is none of MARKETING, UTILITY, AUTHENTICATION."));
        }
        let body = call.json()?;
        check_parts(body.get("components").unwrap_or(&Value::Null))?;
        if self.templates.find(&name, &language).is_some() {
            return Err(MetaError::known(2_388_024));
        }
        if self.templates.is_blocked(&name, now.ms) {
            return Err(MetaError::known(2_388_023));
        }
        if self.templates.is_full() {
            return Err(wrong("This account has as many templates as it may."));
        }
        let id = crate::state::media::new_id(&mut self.rng);
        self.templates.put(id.clone(), body, "PENDING");
        self.plan_review(now, &id);
        Ok(json!({"id": id, "status": "PENDING", "category": category}))
    }

    fn delete_templates(&mut self, now: Now, call: &Call) -> Result<Reply, MetaError> {
        let name = word(call, "name")?;
        // With `hsm_id` only that one language goes.
        let only = call.parameter("hsm_id");
        let chosen = |template: &Template| {
            template.name == name && only.as_ref().is_none_or(|id| *id == template.id)
        };
        if self.templates.remove(now.ms, chosen).is_empty() {
            return Err(MetaError::new(132_001, format!("There is no template {name}.")));
        }
        Ok(Reply::success())
    }

    /// `GET`, `POST`, `DELETE /{TEMPLATE_ID}`.
    pub(super) fn template_node(
        &mut self,
        now: Now,
        id: &str,
        call: &Call,
    ) -> Result<Reply, MetaError> {
        match call.method.as_str() {
            "GET" => {
                let template = self.templates.by_id(id);
                let shown = template
                    .map_or(Value::Null, |template| chosen(&template.shown, &call.fields()));
                Ok(Reply::ok(shown))
            }
            "POST" => {
                let body = call.json()?.clone();
                if let Some(parts) = body.get("components") {
                    check_parts(parts)?;
                }
                self.templates.change(id, |shown| {
                    for key in ["components", "category"] {
                        if let Some(value) = body.get(key) {
                            shown[key] = value.clone();
                        }
                    }
                    // A changed template is judged again.
                    shown["status"] = json!("PENDING");
                });
                self.plan_review(now, id);
                Ok(Reply::success())
            }
            "DELETE" => {
                self.templates.remove(now.ms, |template| template.id == id);
                Ok(Reply::success())
            }
            other => Err(MetaError::unsupported_path(other)),
        }
    }
}

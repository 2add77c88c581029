//! Message templates and their states (whatsapp.md 1.5, 5.4).

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// One template as the Graph shows it: `{id, name, language, status, category, components, ...}`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) language: String,
    pub(crate) status: String,
    /// The whole object.
    pub(crate) shown: Value,
}

/// All templates, in the order in which they were made.
#[derive(Debug)]
pub(crate) struct TemplateBook {
    list: Vec<Template>,
    /// A deleted name is blocked 30 days: name -> wall time of its end.
    blocked: BTreeMap<String, i64>,
}

const BLOCKED_MS: i64 = 30 * 24 * 3_600_000;
/// Most templates of an account that is not verified.
pub(crate) const MOST: usize = 250;

/// When the templates that were there from the start were judged: unix seconds.
const JUDGED_S: i64 = 1_767_225_600;

/// The template that every account has from its start.
const HELLO: &str = "hello_world";

impl Default for TemplateBook {
    fn default() -> Self {
        let mut book = Self { list: Vec::new(), blocked: BTreeMap::new() };
        let shown = json!({"name": HELLO, "language": "en_US", "category": "UTILITY",
            "parameter_format": "POSITIONAL", "components": [
                {"type": "HEADER", "format": "TEXT", "text": "Hello World"},
                {"type": "BODY", "text": "Welcome and congratulations!! This message demonstrates your \
                    ability to send a WhatsApp message notification."},
                {"type": "FOOTER", "text": "WhatsApp Business Platform sample message"}]});
        book.put("1192339204654487".to_owned(), &shown, "APPROVED");
        book
    }
}

impl TemplateBook {
    /// Adds a template that was judged; its place in the list.
    pub(crate) fn put(&mut self, id: String, body: &Value, status: &str) -> &Template {
        let word = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let format = match word("parameter_format") {
            format if format.is_empty() => "POSITIONAL".to_owned(),
            format => format.to_ascii_uppercase(),
        };
        let mut shown = json!({"name": word("name"), "parameter_format": format, "components":
            body.get("components").cloned().unwrap_or_else(|| json!([])), "language": word("language"),
            "status": status, "category": word("category").to_ascii_uppercase(), "id": id});
        if status == "APPROVED" {
            shown["quality_score"] = json!({"score": "UNKNOWN", "date": JUDGED_S});
        }
        let (name, language) = (word("name"), word("language"));
        let at = self.list.len();
        self.list.push(Template { id, name, language, status: status.to_owned(), shown });
        &self.list[at]
    }

    pub(crate) fn all(&self) -> &[Template] {
        &self.list
    }

    pub(crate) fn is_full(&self) -> bool {
        self.list.len() >= MOST
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<&Template> {
        self.list.iter().find(|template| template.id == id)
    }

    pub(crate) fn find(&self, name: &str, language: &str) -> Option<&Template> {
        self.list.iter().find(|one| one.name == name && one.language == language)
    }

    /// Changes what the Graph shows of a template.
    pub(crate) fn change(
        &mut self,
        id: &str,
        change: impl FnOnce(&mut Value),
    ) -> Option<&Template> {
        let template = self.list.iter_mut().find(|template| template.id == id)?;
        change(&mut template.shown);
        let status = template.shown.get("status").and_then(Value::as_str);
        template.status = status.unwrap_or_default().to_owned();
        Some(template)
    }

    /// Takes templates away; those that were there. Their names are blocked for 30 days.
    pub(crate) fn remove(
        &mut self,
        now_ms: i64,
        chosen: impl Fn(&Template) -> bool,
    ) -> Vec<Template> {
        let (gone, kept) = self.list.drain(..).partition(|template| chosen(template));
        self.list = kept;
        for Template { name, .. } in &gone {
            self.blocked.insert(name.clone(), now_ms.saturating_add(BLOCKED_MS));
        }
        gone
    }

    pub(crate) fn is_blocked(&self, name: &str, now_ms: i64) -> bool {
        self.blocked.get(name).is_some_and(|until| now_ms < *until)
    }
}

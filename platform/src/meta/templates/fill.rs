//! A template as phones see it, and filled: pure (whatsapp.md 5.4).
//!
//! Meta lists a template as components with placeholders, `{{1}}` or `{{first_name}}`. Phones get
//! its parts and a list of fields; a send brings a value for each field, and from both come the
//! components of the call and the text that the customer reads.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::agents::body::FieldValue;
use crate::meta::media::kinds::MediaKind;
use crate::store::templates::TemplateRow;

/// A value that has to be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// `body.1`, `header.name`, `header` (a file or place), `button.0`.
    pub(crate) id: String,
    /// What it takes.
    pub(crate) kind: FieldKind,
    /// Meta's example, where there is one.
    pub(crate) example: Option<String>,
}

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldKind {
    /// Text of a parameter.
    Text,
    /// A file of this kind.
    File(MediaKind),
    /// A place.
    Location,
    /// The rest of a button's link.
    Url,
    /// A code to be copied.
    Code,
}

impl FieldKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::File(kind) => kind.word(),
            Self::Location => "location",
            Self::Url => "url",
            Self::Code => "code",
        }
    }
}

/// A template filled.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Filled {
    /// What the customer reads: header, text and footer, an empty line between them.
    pub(crate) text: String,
    /// `components` of the call; a file stands in it by [`FILE_ID`] until Meta's id is known.
    pub(crate) components: Vec<Value>,
}

/// Stands for Meta's id of the header's file.
pub(crate) const FILE_ID: &str = "\u{0}file";

/// Why a template cannot be filled with these values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unfilled {
    /// Fields without a value that fits.
    pub(crate) missing: Vec<String>,
    /// Values that no field takes.
    pub(crate) unknown: Vec<String>,
}

/// The names of the placeholders in a text, each once, in their order.
fn placeholders(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once("{{") {
        let Some((name, after)) = behind.split_once("}}") else { break };
        let name = name.trim();
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
        rest = after;
    }
    names
}

/// The placeholders of a part in the order in which the call names their values. Numbers count, not
/// their places in the text: a translation may turn them round. (**Belief**: Meta's page shows values
/// for `{{1}}`, `{{2}}` in that order and no text that turns them round.)
fn parameters<'t>(template: &TemplateRow, text: &'t str) -> Vec<&'t str> {
    let mut names = placeholders(text);
    if template.format != "named" {
        names.sort_by_key(|name| name.parse().unwrap_or(u32::MAX));
    }
    names
}

fn fill_text(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{{") {
        let Some((name, after)) = behind.split_once("}}") else { break };
        filled.push_str(before);
        match value(name.trim()) {
            Some(text) => filled.push_str(&text),
            None => filled.extend(["{{", name, "}}"]),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

fn text_of<'v>(component: &'v Value, name: &str) -> &'v str {
    component.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn is(component: &Value, kind: &str) -> bool {
    text_of(component, "type").eq_ignore_ascii_case(kind)
}

fn components(template: &TemplateRow) -> impl Iterator<Item = &Value> {
    template.components.as_array().into_iter().flatten()
}

fn buttons(component: &Value) -> impl Iterator<Item = (usize, &Value)> {
    component.get("buttons").and_then(Value::as_array).into_iter().flatten().enumerate()
}

fn header_kind(component: &Value) -> Option<FieldKind> {
    match text_of(component, "format").to_ascii_uppercase().as_str() {
        "IMAGE" => Some(FieldKind::File(MediaKind::Image)),
        "VIDEO" => Some(FieldKind::File(MediaKind::Video)),
        "DOCUMENT" => Some(FieldKind::File(MediaKind::Document)),
        "LOCATION" => Some(FieldKind::Location),
        _ => None,
    }
}

fn button_kind(button: &Value) -> Option<FieldKind> {
    match text_of(button, "type").to_ascii_uppercase().as_str() {
        "URL" if !placeholders(text_of(button, "url")).is_empty() => Some(FieldKind::Url),
        "COPY_CODE" => Some(FieldKind::Code),
        _ => None,
    }
}

/// Meta's example for a placeholder of the header or the body.
fn example(component: &Value, part: &str, name: &str, place: usize) -> Option<String> {
    let examples = component.get("example")?;
    let named = examples.get(format!("{part}_text_named_params")).and_then(Value::as_array);
    if let Some(named) = named {
        let found = named.iter().find(|e| text_of(e, "param_name") == name)?;
        return Some(text_of(found, "example").to_owned());
    }
    let list = examples.get(format!("{part}_text"))?;
    // Of the body a list of lists, of the header a list.
    let list = list.get(0).filter(|first| first.is_array()).unwrap_or(list);
    list.get(place).and_then(Value::as_str).map(str::to_owned)
}

/// What has to be filled in, in the order of the template.
pub(crate) fn fields(template: &TemplateRow) -> Vec<Field> {
    let mut fields = Vec::new();
    for component in components(template) {
        for part in ["header", "body"] {
            if !is(component, part) {
                continue;
            }
            let names = parameters(template, text_of(component, "text"));
            for (place, name) in names.into_iter().enumerate() {
                fields.push(Field {
                    id: format!("{part}.{name}"),
                    kind: FieldKind::Text,
                    example: example(component, part, name, place),
                });
            }
        }
        if is(component, "header")
            && let Some(kind) = header_kind(component)
        {
            fields.push(Field { id: "header".into(), kind, example: None });
        }
        for (index, button) in buttons(component) {
            if let Some(kind) = button_kind(button) {
                let example = button.get("example");
                let example = example.and_then(|e| e.get(0).unwrap_or(e).as_str());
                let example = example.map(str::to_owned);
                fields.push(Field { id: format!("button.{index}"), kind, example });
            }
        }
    }
    fields
}

/// The parts of a template as phones draw them.
fn parts(template: &TemplateRow) -> Vec<Value> {
    components(template)
        .map(|component| {
            let mut part = Map::new();
            part.insert("kind".into(), text_of(component, "type").to_ascii_lowercase().into());
            let format = text_of(component, "format").to_ascii_lowercase();
            if !format.is_empty() {
                part.insert("format".into(), format.into());
            }
            let text = text_of(component, "text");
            if !text.is_empty() {
                part.insert("text".into(), text.into());
            }
            let buttons: Vec<_> =
                buttons(component).map(|(_, button)| button_json(button)).collect();
            if !buttons.is_empty() {
                part.insert("buttons".into(), buttons.into());
            }
            Value::Object(part)
        })
        .collect()
}

fn button_json(button: &Value) -> Value {
    let mut shown = Map::new();
    shown.insert("type".into(), text_of(button, "type").to_ascii_lowercase().into());
    for (from, to) in [("text", "text"), ("url", "url"), ("phone_number", "phone")] {
        let text = text_of(button, from);
        if !text.is_empty() {
            shown.insert(to.into(), text.into());
        }
    }
    Value::Object(shown)
}

/// A template as phones and the office read it (`docs/wire.md`).
pub(crate) fn json(template: &TemplateRow) -> Value {
    let fields: Vec<Value> = fields(template)
        .into_iter()
        .map(|field| {
            let mut map = Map::new();
            map.insert("id".into(), field.id.into());
            map.insert("kind".into(), field.kind.word().into());
            if let Some(example) = field.example {
                map.insert("example".into(), example.into());
            }
            Value::Object(map)
        })
        .collect();
    let mut map = Map::new();
    map.insert("id".into(), template.id.clone().into());
    map.insert("version".into(), template.version.into());
    map.insert("waba_id".into(), template.waba_id.clone().into());
    map.insert("name".into(), template.name.clone().into());
    map.insert("language".into(), template.language.clone().into());
    map.insert("kind".into(), template.category.clone().into());
    map.insert("status".into(), template.status.clone().into());
    for (name, value) in [("quality", &template.quality), ("reason", &template.reason)] {
        if let Some(value) = value {
            map.insert(name.into(), value.clone().into());
        }
    }
    map.insert("parts".into(), parts(template).into());
    map.insert("fields".into(), fields.into());
    Value::Object(map)
}

/// Fills a template.
pub(crate) fn fill(
    template: &TemplateRow,
    values: &BTreeMap<String, FieldValue>,
) -> Result<Filled, Unfilled> {
    let wanted = fields(template);
    let missing: Vec<String> = wanted
        .iter()
        .filter(|field| !values.get(&field.id).is_some_and(|value| fits(field.kind, value)))
        .map(|field| field.id.clone())
        .collect();
    let unknown: Vec<String> =
        values.keys().filter(|id| !wanted.iter().any(|f| f.id == **id)).cloned().collect();
    if !missing.is_empty() || !unknown.is_empty() {
        return Err(Unfilled { missing, unknown });
    }
    let mut text = Vec::new();
    let mut out = Vec::new();
    for component in components(template) {
        for part in ["header", "body"] {
            if is(component, part) {
                let pattern = text_of(component, "text");
                let value = |name: &str| text_value(values, &format!("{part}.{name}"));
                if !pattern.is_empty() {
                    text.push(fill_text(pattern, value));
                }
                let names = parameters(template, pattern);
                if !names.is_empty() {
                    let parameters: Vec<Value> = names
                        .into_iter()
                        .filter_map(|name| Some(parameter(template, name, &value(name)?)))
                        .collect();
                    out.push(json!({"type": part, "parameters": parameters}));
                }
            }
        }
        if is(component, "header")
            && let Some(parameter) = values.get("header").and_then(header_parameter)
        {
            out.push(json!({"type": "header", "parameters": [parameter]}));
        }
        if is(component, "footer") {
            text.push(text_of(component, "text").to_owned());
        }
        for (index, button) in buttons(component) {
            let Some(value) = text_value(values, &format!("button.{index}")) else { continue };
            let (sub_type, parameter) = match button_kind(button) {
                Some(FieldKind::Url) => ("url", json!({"type": "text", "text": value})),
                Some(FieldKind::Code) => {
                    ("copy_code", json!({"type": "coupon_code", "coupon_code": value}))
                }
                _ => continue,
            };
            out.push(json!({"type": "button", "sub_type": sub_type, "index": index.to_string(),
                "parameters": [parameter]}));
        }
    }
    Ok(Filled { text: text.join("\n\n"), components: out })
}

fn fits(kind: FieldKind, value: &FieldValue) -> bool {
    match (kind, value) {
        // Meta refuses empty parameters, and new lines, tabs and runs of blanks inside one.
        (FieldKind::Text | FieldKind::Url | FieldKind::Code, FieldValue::Text(text)) => {
            !text.trim().is_empty() && !text.contains(['\n', '\r', '\t']) && !text.contains("     ")
        }
        (FieldKind::File(kind), FieldValue::File(file)) => {
            kind.takes(&file.mime) && file.size <= kind.limit(false)
        }
        (FieldKind::Location, FieldValue::Location(_)) => true,
        _ => false,
    }
}

fn text_value(values: &BTreeMap<String, FieldValue>, id: &str) -> Option<String> {
    match values.get(id) {
        Some(FieldValue::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

fn parameter(template: &TemplateRow, name: &str, value: &str) -> Value {
    if template.format == "named" {
        json!({"type": "text", "parameter_name": name, "text": value})
    } else {
        json!({"type": "text", "text": value})
    }
}

fn header_parameter(value: &FieldValue) -> Option<Value> {
    Some(match value {
        FieldValue::Text(_) => return None,
        FieldValue::Location(place) => json!({"type": "location", "location": place}),
        FieldValue::File(file) => {
            // The header says what it is, whatever kind the phone would send such a file as.
            let kind = if file.kind == MediaKind::Sticker { MediaKind::Image } else { file.kind };
            let mut object = json!({"id": FILE_ID});
            if let (MediaKind::Document, Some(name), Some(map)) =
                (kind, &file.name, object.as_object_mut())
            {
                map.insert("filename".into(), name.clone().into());
            }
            let mut parameter = json!({"type": kind.word()});
            if let Some(map) = parameter.as_object_mut() {
                map.insert(kind.word().into(), object);
            }
            parameter
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::body::FileRef;

    fn template(format: &str, components: Value) -> TemplateRow {
        TemplateRow {
            id: "t1".into(),
            workspace: "w".into(),
            version: 3,
            waba_id: "77".into(),
            meta_id: "9".into(),
            name: "order_ready".into(),
            language: "en_US".into(),
            category: "utility".into(),
            status: "approved".into(),
            quality: None,
            reason: None,
            format: format.into(),
            components,
        }
    }

    fn texts(values: &[(&str, &str)]) -> BTreeMap<String, FieldValue> {
        values.iter().map(|(id, v)| ((*id).into(), FieldValue::Text((*v).into()))).collect()
    }

    fn positional() -> TemplateRow {
        template(
            "positional",
            json!([
                {"type": "HEADER", "format": "TEXT", "text": "Order {{1}}", "example": {"header_text": ["7"]}},
                {"type": "BODY", "text": "Hello {{1}}, {{2}} is ready. Bye {{1}}.",
                    "example": {"body_text": [["Ana", "the lamp"]]}},
                {"type": "FOOTER", "text": "Bloom"},
                {"type": "BUTTONS", "buttons": [
                    {"type": "QUICK_REPLY", "text": "Thanks"},
                    {"type": "URL", "text": "Track", "url": "https://b.example/{{1}}", "example": ["x"]},
                    {"type": "COPY_CODE", "text": "Copy", "example": "SAVE"}]}
            ]),
        )
    }

    #[test]
    fn positional_parameters_as_meta_documents_them() {
        let values = texts(&[
            ("header.1", "42"),
            ("body.1", "Ana"),
            ("body.2", "the lamp"),
            ("button.1", "t/42"),
            ("button.2", "SAVE5"),
        ]);
        let filled = fill(&positional(), &values).unwrap();
        assert_eq!(filled.text, "Order 42\n\nHello Ana, the lamp is ready. Bye Ana.\n\nBloom");
        assert_eq!(
            Value::from(filled.components),
            json!([
                {"type": "header", "parameters": [{"type": "text", "text": "42"}]},
                {"type": "body", "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "the lamp"}]},
                {"type": "button", "sub_type": "url", "index": "1", "parameters": [{"type": "text", "text": "t/42"}]},
                {"type": "button", "sub_type": "copy_code", "index": "2",
                    "parameters": [{"type": "coupon_code", "coupon_code": "SAVE5"}]}
            ])
        );
    }

    #[test]
    fn a_translation_that_turns_the_numbers_round_keeps_their_values() {
        let turned = template(
            "positional",
            json!([{"type": "BODY", "text": "{{2}} is ready, {{1}}. ({{10}})",
                "example": {"body_text": [["Ana", "the lamp", "today"]]}}]),
        );
        let examples: Vec<_> = fields(&turned).into_iter().map(|f| (f.id, f.example)).collect();
        let example = |text: &str| Some(text.to_owned());
        assert_eq!(
            examples,
            [
                ("body.1".to_owned(), example("Ana")),
                ("body.2".to_owned(), example("the lamp")),
                ("body.10".to_owned(), example("today"))
            ]
        );
        let values = texts(&[("body.1", "Bo"), ("body.2", "the chair"), ("body.10", "x")]);
        let filled = fill(&turned, &values).unwrap();
        assert_eq!(filled.text, "the chair is ready, Bo. (x)");
        let sent: Vec<_> = filled.components[0]["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|parameter| parameter["text"].as_str().unwrap())
            .collect();
        assert_eq!(sent, ["Bo", "the chair", "x"]);
    }

    #[test]
    fn named_parameters_carry_their_names() {
        let named = template(
            "named",
            json!([{"type": "BODY", "text": "Hi {{first_name}}",
                "example": {"body_text_named_params": [{"param_name": "first_name", "example": "Ana"}]}}]),
        );
        assert_eq!(
            json(&named)["fields"],
            json!([{"id": "body.first_name", "kind": "text", "example": "Ana"}])
        );
        let filled = fill(&named, &texts(&[("body.first_name", "{{1}}")])).unwrap();
        // What a person typed is not filled again.
        assert_eq!(filled.text, "Hi {{1}}");
        assert_eq!(
            Value::from(filled.components),
            json!([{"type": "body", "parameters":
                [{"type": "text", "parameter_name": "first_name", "text": "{{1}}"}]}])
        );
    }

    #[test]
    fn what_is_missing_or_too_much_is_named() {
        let refused =
            fill(&positional(), &texts(&[("body.1", "Ana"), ("body.2", "a\nb"), ("x", "y")]));
        let unfilled = refused.unwrap_err();
        assert_eq!(unfilled.missing, ["header.1", "body.2", "button.1", "button.2"]);
        assert_eq!(unfilled.unknown, ["x"]);
    }

    #[test]
    fn a_header_takes_a_file_or_a_place() {
        let invoice = template(
            "positional",
            json!([{"type": "HEADER", "format": "DOCUMENT"}, {"type": "BODY", "text": "Your invoice"}]),
        );
        assert_eq!(json(&invoice)["fields"], json!([{"id": "header", "kind": "document"}]));
        let file = FileRef {
            kind: MediaKind::Document,
            mime: "application/pdf".into(),
            size: 5,
            sha256: String::new(),
            name: Some("invoice.pdf".into()),
        };
        let values = BTreeMap::from([("header".into(), FieldValue::File(file))]);
        let filled = fill(&invoice, &values).unwrap();
        assert_eq!(
            Value::from(filled.components),
            json!([{"type": "header", "parameters": [{"type": "document",
                "document": {"id": FILE_ID, "filename": "invoice.pdf"}}]}])
        );
        let shop = template("positional", json!([{"type": "HEADER", "format": "LOCATION"}]));
        let place = json!({"latitude": 1.0, "longitude": 2.0});
        let values = BTreeMap::from([("header".into(), FieldValue::Location(place.clone()))]);
        let filled = fill(&shop, &values).unwrap();
        assert_eq!(filled.components[0]["parameters"][0]["location"], place);
        assert!(fill(&shop, &texts(&[("header", "x")])).is_err());
    }

    #[test]
    fn odd_braces_are_text() {
        assert_eq!(placeholders("a {{ b"), Vec::<&str>::new());
        assert_eq!(placeholders("{{}} {{ x }} {{x}}"), ["x"]);
        assert_eq!(fill_text("{{ x }} {{", |_| Some("y".into())), "y {{");
    }
}

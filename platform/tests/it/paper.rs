//! Holds what really travels to `docs/openapi.json`. Both worlds hand every request and answer
//! over, so each test of theirs is one of the document too.
//!
//! Stricter than the document is to phones: a field that it does not name fails as well.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use axum::http::HeaderMap;
use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value, json};

/// The document as the code makes it now.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = fieldline_platform::contract::openapi();
    let schemas = document["components"]["schemas"].as_object_mut().unwrap();
    schemas.values_mut().for_each(|schema| close(schema, true));
    document
});

/// Compiled schemas by where they stand.
static COMPILED: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// Allows no field that is not named.
fn close(schema: &mut Value, whole: bool) {
    let Some(map) = schema.as_object_mut() else { return };
    let mut has_fields = map.contains_key("properties");
    for name in ["properties", "$defs"] {
        if let Some(Value::Object(fields)) = map.get_mut(name) {
            fields.values_mut().for_each(|field| close(field, true));
        }
    }
    for name in ["items", "additionalProperties"] {
        if let Some(inner) = map.get_mut(name) {
            close(inner, true);
        }
    }
    for name in ["oneOf", "anyOf", "allOf"] {
        if let Some(Value::Array(forms)) = map.get_mut(name) {
            for form in forms {
                has_fields |= form.get("properties").is_some();
                close(form, false);
            }
        }
    }
    if whole && has_fields && !map.contains_key("additionalProperties") {
        map.insert("unevaluatedProperties".into(), false.into());
    }
}

fn validator(place: &str, schema: &Value) -> Arc<Validator> {
    let mut compiled = COMPILED.lock().unwrap();
    let made = compiled.entry(place.to_owned()).or_insert_with(|| {
        let mut schema = schema.clone();
        close(&mut schema, true);
        let whole = json!({"components": DOCUMENT["components"], "allOf": [schema]});
        Arc::new(jsonschema::draft202012::new(&whole).expect(place))
    });
    Arc::clone(made)
}

fn fits(place: &str, schema: &Value, value: &Value) -> Result<(), String> {
    let validator = validator(place, schema);
    let faults: Vec<String> = validator.iter_errors(value).flat_map(|fault| told(&fault)).collect();
    if faults.is_empty() {
        return Ok(());
    }
    let faults = faults.join("\n  ");
    Err(format!(
        "docs/openapi.json (platform/src/wire, routes) does not say so: {place}\n  {faults}"
    ))
}

/// What is wrong, without the whole answer: of several forms the one whose words fit.
fn told(fault: &ValidationError<'_>) -> Vec<String> {
    if let ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } =
        fault.kind()
    {
        let other = |form: &[ValidationError<'_>]| {
            let tag = |fault: &ValidationError<'_>| {
                matches!(fault.kind(), ValidationErrorKind::Constant { .. })
            };
            (form.iter().filter(|fault| tag(fault)).count(), form.len())
        };
        if let Some(form) = context.iter().min_by_key(|form| other(form)) {
            return form.iter().flat_map(told).collect();
        }
    }
    let mut said = format!("{}: {fault}", fault.instance_path());
    if said.len() > 400 {
        let end = (0..=400).rev().find(|end| said.is_char_boundary(*end)).unwrap_or(0);
        said.truncate(end);
    }
    vec![said]
}

fn schema_of(content: &Value) -> Option<&Value> {
    content.get("content")?.get("application/json")?.get("schema")
}

/// The operation behind a path, and its template.
fn operation(method: &str, path: &str) -> Option<(&'static str, &'static Value)> {
    let path = path.split('?').next().unwrap_or_default();
    let same = |template: &str| {
        template.split('/').count() == path.split('/').count()
            && template.split('/').zip(path.split('/')).all(|(t, p)| t == p || t.starts_with('{'))
    };
    let paths = DOCUMENT["paths"].as_object().unwrap();
    // Words before fields: `/contacts/merge` is not the contact `merge`.
    let found = paths
        .iter()
        .filter(|(template, _)| same(template))
        .min_by_key(|(template, _)| template.matches('{').count())?;
    Some((found.0, found.1.get(method.to_lowercase())?))
}

/// A request and its answer, as seen from outside.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) sent: &'a [u8],
    pub(crate) status: u16,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

/// Says what the document does not.
pub(crate) fn held(seen: Seen<'_>) -> Result<(), String> {
    let Seen { method, path, status, .. } = seen;
    let Some((template, operation)) = operation(method, path) else {
        return if status == 404 { Ok(()) } else { Err(format!("{method} {path} is not in it")) };
    };
    let place = format!("{method} {template} {status}");
    let response = operation["responses"].get(status.to_string());
    let response = response.ok_or_else(|| format!("no such status: {place}"))?;
    let response = match response["$ref"].as_str() {
        Some(path) => DOCUMENT.pointer(path.trim_start_matches('#')).unwrap(),
        None => response,
    };
    for (name, _) in response["headers"].as_object().into_iter().flatten() {
        if !seen.headers.contains_key(name) {
            return Err(format!("{place} lacks the header {name}"));
        }
    }
    match schema_of(response) {
        Some(schema) => {
            let body = serde_json::from_slice(seen.body);
            let body: Value = body.map_err(|_| format!("{place} is no JSON"))?;
            fits(&place, schema, &body)?;
            if status == 200 { sent(template, operation, seen.sent, &body) } else { Ok(()) }
        }
        None if response.get("content").is_none() && !seen.body.is_empty() => {
            Err(format!("{place} has a body"))
        }
        None => Ok(()),
    }
}

/// What was done as asked was asked as the document says.
fn sent(template: &str, operation: &Value, sent: &[u8], answer: &Value) -> Result<(), String> {
    let Some(schema) = operation.get("requestBody").and_then(schema_of) else { return Ok(()) };
    let body: Value = serde_json::from_slice(sent).map_err(|_| format!("{template}: no JSON"))?;
    if template != "/v1/commands" {
        return fits(&format!("request of {template}"), schema, &body);
    }
    let commands = body["commands"].as_array().into_iter().flatten();
    for (command, answer) in commands.zip(answer["answers"].as_array().into_iter().flatten()) {
        if answer["outcome"] == "done" {
            // Of a request, null is as good as absent.
            let mut command = command.clone();
            if let Some(fields) = command.as_object_mut() {
                fields.retain(|_, value| !value.is_null());
            }
            fits("a command", &json!({"$ref": "#/components/schemas/Command"}), &command)?;
        }
    }
    Ok(())
}

/// A frame of the live line.
pub(crate) fn held_frame(frame: &Value) -> Result<(), String> {
    if frame["kind"] == "changes" {
        for row in frame["changes"].as_array().into_iter().flatten() {
            fits("a row of the line", &json!({"$ref": "#/components/schemas/Row"}), row)?;
        }
    }
    fits("a frame", &json!({"$ref": "#/components/schemas/LiveFrame"}), frame)
}

/// Every place of the document where an answer carries JSON: method, path, status.
pub(crate) fn places() -> Vec<(String, String, u16)> {
    let mut places = Vec::new();
    for (path, methods) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap_or(&Map::new()) {
            for (status, _) in operation["responses"].as_object().unwrap() {
                places.push((method.to_uppercase(), path.clone(), status.parse().unwrap()));
            }
        }
    }
    places
}

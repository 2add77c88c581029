//! A template and the parameters of one send, put together as Meta does (whatsapp.md 5.4).

use std::collections::BTreeMap;

use serde_json::Value;

use super::errors::MetaError;
use super::request::text;

/// Longest body after the parameters are in, in characters (Meta: templates, components).
const BODY_LIMIT: usize = 1_024;

/// The names between `{{` and `}}`, in order.
pub(crate) fn variables(text: &str) -> Vec<&str> {
    let opened = text.split("{{").skip(1);
    opened.filter_map(|rest| Some(rest.split_once("}}")?.0.trim())).collect()
}

/// The part of a template of that type, as `BODY`.
fn part<'t>(parts: &'t Value, kind: &str) -> Option<&'t Value> {
    parts.as_array()?.iter().find(|part| is(part, kind))
}

fn is(part: &Value, kind: &str) -> bool {
    text(part, "type").is_some_and(|found| found.eq_ignore_ascii_case(kind))
}

fn parameters(used: Option<&Value>) -> &[Value] {
    let list = used.and_then(|used| used.get("parameters")).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

/// One text part with its parameters in. `named` says how the template writes them.
fn fill(words: &str, given: &[Value], named: bool) -> Result<String, MetaError> {
    let wanted = variables(words);
    if wanted.len() != given.len() {
        let details = format!(
            "number of localizable_params ({}) does not match the expected number of params ({})",
            given.len(),
            wanted.len()
        );
        return Err(MetaError::new(132_000, details));
    }
    let mut values = BTreeMap::new();
    for (at, parameter) in given.iter().enumerate() {
        let value = text(parameter, "text").unwrap_or_default();
        let value = match text(parameter, "type") {
            Some("currency" | "date_time") => {
                let object = parameter.get("currency").or_else(|| parameter.get("date_time"));
                object.and_then(|object| text(object, "fallback_value")).unwrap_or_default()
            }
            _ => value,
        };
        if value.is_empty() {
            return Err(MetaError::new(131_008, "A parameter of the template has no text."));
        }
        let name = match (named, text(parameter, "parameter_name")) {
            (true, Some(name)) => name.to_owned(),
            (true, None) => {
                return Err(MetaError::new(132_012, "The template has named parameters."));
            }
            (false, Some(_)) => {
                return Err(MetaError::new(132_012, "The template has positional parameters."));
            }
            (false, None) => (at + 1).to_string(),
        };
        values.insert(name, value);
    }
    let mut whole = String::new();
    let mut rest = words;
    while let Some((before, after)) = rest.split_once("{{") {
        whole.push_str(before);
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        let value = values.get(name.trim());
        whole.push_str(
            value.ok_or_else(|| MetaError::new(132_012, "A parameter has another name."))?,
        );
        rest = after;
    }
    whole.push_str(rest);
    Ok(whole)
}

/// The body as the customer reads it, or why Meta refuses the parameters.
pub(crate) fn filled(template: &Value, send: &Value) -> Result<String, MetaError> {
    let parts = template.get("components").unwrap_or(&Value::Null);
    let used = send.get("components").unwrap_or(&Value::Null);
    let named = text(template, "parameter_format").is_some_and(|f| f.eq_ignore_ascii_case("NAMED"));
    header(part(parts, "HEADER"), part(used, "HEADER"), named)?;
    buttons(parts, used)?;
    let body = part(parts, "BODY").and_then(|body| text(body, "text")).unwrap_or_default();
    let whole = fill(body, parameters(part(used, "BODY")), named)?;
    if whole.chars().count() > BODY_LIMIT {
        return Err(MetaError::new(132_005, "The body is longer than 1024 characters."));
    }
    Ok(whole)
}

/// A header of words takes its parameters; one with a file or a place needs exactly that.
fn header(header: Option<&Value>, used: Option<&Value>, named: bool) -> Result<(), MetaError> {
    let given = parameters(used);
    let Some(header) = header else {
        return if given.is_empty() {
            Ok(())
        } else {
            Err(MetaError::new(132_000, "The template has no header with parameters."))
        };
    };
    let format = text(header, "format").unwrap_or("TEXT").to_ascii_lowercase();
    if format == "text" {
        return fill(text(header, "text").unwrap_or_default(), given, named).map(drop);
    }
    match given {
        [one] if text(one, "type") == Some(&format) && one.get(&format).is_some() => Ok(()),
        _ => Err(MetaError::new(132_012, format!("header: format mismatch, expected {format}."))),
    }
}

/// A button whose address or code has a variable needs its parameter.
fn buttons(parts: &Value, used: &Value) -> Result<(), MetaError> {
    let listed =
        part(parts, "BUTTONS").and_then(|part| part.get("buttons")).and_then(Value::as_array);
    for (at, button) in listed.into_iter().flatten().enumerate() {
        let variable = text(button, "url").is_some_and(|url| !variables(url).is_empty());
        let of_this = |one: &Value| {
            is(one, "BUTTON")
                && one.get("index").is_some_and(|index| {
                    index.as_str().map_or_else(|| index.to_string(), str::to_owned)
                        == at.to_string()
                })
        };
        let mut given = used.as_array().into_iter().flatten();
        if variable && !given.any(|one| of_this(one) && !parameters(Some(one)).is_empty()) {
            let details = format!("buttons: button at index {at} requires a parameter.");
            return Err(MetaError::new(131_008, details));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{filled, variables};

    fn send(parameters: &Value) -> Value {
        json!({"name": "n", "components": [{"type": "body", "parameters": parameters}]})
    }

    fn code(template: &Value, send: &Value) -> u32 {
        filled(template, send).unwrap_err().code
    }

    #[test]
    fn parameters_by_place_and_by_name() {
        let place = json!({"components": [{"type": "BODY", "text": "Hi {{1}}, {{2}}!"}]});
        let given =
            send(&json!([{"type": "text", "text": "Ana"}, {"type": "text", "text": "yes"}]));
        assert_eq!(filled(&place, &given).unwrap(), "Hi Ana, yes!");
        assert_eq!(code(&place, &send(&json!([]))), 132_000);
        let named = json!([{"type": "text", "parameter_name": "name", "text": "Ana"}]);
        let named = send(&named);
        let template = json!({"parameter_format": "NAMED",
            "components": [{"type": "BODY", "text": "Hi {{name}}"}]});
        assert_eq!(filled(&template, &named).unwrap(), "Hi Ana");
        assert_eq!(code(&template, &send(&json!([{"type": "text", "text": "Ana"}]))), 132_012);
        let one = json!({"components": [{"type": "BODY", "text": "Hi {{1}}"}]});
        assert_eq!(code(&one, &named), 132_012);
        assert_eq!(code(&one, &send(&json!([{"type": "text", "text": ""}]))), 131_008);
        let long = send(&json!([{"type": "text", "text": "x".repeat(1_025)}]));
        assert_eq!(code(&one, &long), 132_005);
        assert_eq!(variables("{{1}} {{ two }} {{x"), ["1", "two"]);
    }

    #[test]
    fn headers_and_buttons_get_what_they_ask_for() {
        let body = json!({"type": "BODY", "text": "x"});
        let image = json!({"components": [{"type": "HEADER", "format": "IMAGE"}, body]});
        let with = |parameter: Value| json!({"components": [{"type": "header", "parameters": [parameter]}]});
        let good = with(json!({"type": "image", "image": {"id": "1"}}));
        assert_eq!(filled(&image, &good).unwrap(), "x");
        assert_eq!(code(&image, &with(json!({"type": "text", "text": "x"}))), 132_012);
        assert_eq!(code(&image, &json!({})), 132_012);
        let none = json!({"components": [body]});
        assert_eq!(code(&none, &good), 132_000);
        let link = json!({"components": [body, {"type": "BUTTONS",
            "buttons": [{"type": "URL", "url": "https://a.example/{{1}}"}]}]});
        assert_eq!(code(&link, &json!({})), 131_008);
        let given = json!({"components": [{"type": "button", "sub_type": "url", "index": 0,
            "parameters": [{"type": "text", "text": "a"}]}]});
        assert_eq!(filled(&link, &given).unwrap(), "x");
    }
}

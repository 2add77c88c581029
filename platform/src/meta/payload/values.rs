//! Small readings of JSON values that Meta spells in more than one way.

use serde_json::{Map, Value};

/// Longest word of Meta's that is kept in a leftover.
const WORD_MAX: usize = 64;

/// A non-empty string without U+0000 (which some databases cannot hold).
pub(crate) fn text(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?.replace('\0', "");
    (!text.is_empty()).then_some(text)
}

/// JSON without U+0000 in any of its texts and names.
pub(crate) fn without_nul(value: Value) -> Value {
    match value {
        Value::String(text) => text.replace('\0', "").into(),
        Value::Array(items) => items.into_iter().map(without_nul).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(name, value)| (name.replace('\0', ""), without_nul(value)))
            .collect::<Map<_, _>>()
            .into(),
        other => other,
    }
}

/// An id: a non-empty string without surrounding blanks, or a number.
pub(crate) fn id(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Number(number) => Some(number.to_string()),
        other => text(Some(other)).map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()),
    }
}

/// Unix seconds as a string or an int, in ms.
pub(crate) fn time_ms(value: Option<&Value>) -> Option<i64> {
    int(value).filter(|seconds| *seconds >= 0)?.checked_mul(1_000)
}

/// A whole number as an int or a string.
pub(crate) fn int(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// One of Meta's words, safe to keep and to log: letters, digits and `_.-` only.
pub(crate) fn word(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_alphanumeric() || "_.-".contains(*c))
        .take(WORD_MAX)
        .collect()
}

/// The items of an array; nothing else has any.
pub(crate) fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Whether a key is there with something in it.
pub(crate) fn present(value: Option<&Value>) -> bool {
    value.is_some_and(|v| !v.is_null() && v.as_array().is_none_or(|a| !a.is_empty()))
}

/// Our number that a value is about: the only thing to route by (whatsapp.md 0.10).
pub(crate) fn number_id(value: &Value) -> Option<String> {
    id(value.get("metadata").and_then(|m| m.get("phone_number_id")))
}

/// Puts a value under a name, if there is one.
pub(crate) fn put(map: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        map.insert(name.to_owned(), value.into());
    }
}

/// Copies those of the named keys that hold a text.
pub(crate) fn copy_texts(map: &mut Map<String, Value>, from: &Value, names: &[&str]) {
    for name in names {
        put(map, name, text(from.get(name)));
    }
}

/// A finite number, printed as one or as a text.
pub(crate) fn decimal(value: Option<&Value>) -> Option<f64> {
    let number = match value? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|n| n.is_finite())
}

//! Partial matching of answers, and what was saved put in its place.

use std::collections::BTreeMap;

use serde_json::Value;

/// Puts saved values in the place of `"$name"`. `Err` names what was never saved.
pub(super) fn filled(pattern: &Value, saved: &BTreeMap<String, Value>) -> Result<Value, String> {
    Ok(match pattern {
        Value::String(text) => match text.strip_prefix('$') {
            Some(name) => saved.get(name).cloned().ok_or_else(|| text.clone())?,
            None => pattern.clone(),
        },
        Value::Array(list) => {
            Value::Array(list.iter().map(|it| filled(it, saved)).collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => {
            let mut out = serde_json::Map::new();
            for (key, value) in fields {
                // A key may be a saved id: the relay counts by id.
                let key = match key.strip_prefix('$').and_then(|name| saved.get(name)) {
                    Some(Value::String(id)) => id.clone(),
                    _ => key.clone(),
                };
                out.insert(key, filled(value, saved)?);
            }
            Value::Object(out)
        }
        other => other.clone(),
    })
}

/// `Ok` if `found` is what `pattern` wants; `Err` says where not.
pub(super) fn matches(pattern: &Value, found: &Value) -> Result<(), String> {
    at("", pattern, found)
}

fn at(place: &str, pattern: &Value, found: &Value) -> Result<(), String> {
    let no = |wanted: &str| Err(format!("{place}/: wanted {wanted}, found {}", short(found)));
    match pattern {
        Value::Object(fields) => {
            if let Some((operator, operand)) = operator(fields) {
                return special(place, operator, operand, found);
            }
            let Value::Object(held) = found else { return no(&short(pattern)) };
            for (key, wanted) in fields {
                let value = held.get(key).unwrap_or(&Value::Null);
                at(&format!("{place}/{key}"), wanted, value)?;
            }
            Ok(())
        }
        Value::Array(wanted) => {
            let Value::Array(held) = found else { return no(&short(pattern)) };
            if wanted.len() != held.len() {
                return no(&format!("{} entries", wanted.len()));
            }
            for (index, (wanted, held)) in wanted.iter().zip(held).enumerate() {
                at(&format!("{place}/{index}"), wanted, held)?;
            }
            Ok(())
        }
        plain if plain == found => Ok(()),
        plain => no(&short(plain)),
    }
}

/// The one field of an object that begins with `$`.
fn operator(fields: &serde_json::Map<String, Value>) -> Option<(&str, &Value)> {
    match fields.iter().next() {
        Some((key, operand)) if fields.len() == 1 && key.starts_with('$') => Some((key, operand)),
        _ => None,
    }
}

fn special(place: &str, operator: &str, operand: &Value, found: &Value) -> Result<(), String> {
    let list = || found.as_array().map(Vec::as_slice).unwrap_or_default();
    let good = match operator {
        "$has" => list().iter().any(|entry| matches(operand, entry).is_ok()),
        "$none" => found.is_array() && list().iter().all(|entry| matches(operand, entry).is_err()),
        "$count" => found.is_array() && operand.as_u64() == u64::try_from(list().len()).ok(),
        "$any" => !found.is_null(),
        "$min" => matches!((found.as_i64(), operand.as_i64()), (Some(a), Some(b)) if a >= b),
        unknown => return Err(format!("{place}/: no operator {unknown}")),
    };
    if good {
        Ok(())
    } else {
        Err(format!("{place}/: wanted {operator} {}, found {}", short(operand), short(found)))
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 1_500 {
        return text;
    }
    text.chars().take(1_500).chain("...".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_match_in_part_and_lists_as_a_whole() {
        let found = json!({"rows": [{"key": "a", "n": 1}, {"key": "b", "n": 2}], "total": 2});
        for good in [
            json!({}),
            json!({"total": 2}),
            json!({"rows": [{"key": "a"}, {}]}),
            json!({"rows": {"$has": {"key": "b"}}}),
            json!({"rows": {"$none": {"key": "c"}}}),
            json!({"rows": {"$count": 2}, "missing": null}),
            json!({"total": {"$any": true}}),
            json!({"total": {"$min": 2}}),
        ] {
            assert_eq!(matches(&good, &found), Ok(()), "{good}");
        }
        for bad in [
            json!({"total": 3}),
            json!({"rows": [{"key": "a"}]}),
            json!({"rows": [{"key": "b"}, {"key": "a"}]}),
            json!({"rows": {"$has": {"key": "c"}}}),
            json!({"rows": {"$none": {"key": "a"}}}),
            json!({"missing": {"$none": 1}}),
            json!({"rows": {"$count": 1}}),
            json!({"missing": {"$any": true}}),
            json!({"total": {"$min": 3}}),
            json!({"total": {"$huh": 3}}),
            json!(null),
        ] {
            assert!(matches(&bad, &found).is_err(), "{bad}");
        }
    }

    #[test]
    fn saved_values_take_the_place_of_their_names() {
        let saved = BTreeMap::from([("id".to_owned(), json!("x1")), ("n".to_owned(), json!(3))]);
        let pattern = json!({"a": ["$id", "$n", "plain"], "$id": 1, "$has": "$id"});
        let wanted = json!({"a": ["x1", 3, "plain"], "x1": 1, "$has": "x1"});
        assert_eq!(filled(&pattern, &saved), Ok(wanted));
        assert_eq!(filled(&json!(["$none"]), &saved), Err("$none".to_owned()));
    }
}

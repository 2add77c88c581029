//! Interactive bodies of a `send`, held to WhatsApp's limits (whatsapp.md 5.1).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::body::{line, too_many};
use super::command::malformed;
use super::outcome::Outcome;

/// The longest header and footer.
const MAX_HEADER: usize = 60;
/// The longest text, but for a list.
pub(crate) const MAX_BODY: usize = 1024;
/// The longest text of a list.
const MAX_LIST_BODY: usize = 4096;
/// The most reply buttons.
const MAX_BUTTONS: usize = 3;
/// The longest title of a button, also of a list's and a link's.
const MAX_BUTTON: usize = 20;
/// The longest id of a button (Meta's limit for reply buttons).
const MAX_BUTTON_ID: usize = 256;
/// The most rows of a list, all sections together.
const MAX_ROWS: usize = 10;
/// The longest title of a row or a section.
const MAX_ROW: usize = 24;
/// The longest description of a row.
const MAX_DESCRIPTION: usize = 72;
/// The longest id of a row.
const MAX_ROW_ID: usize = 200;
/// The longest address; a bound of our own.
const MAX_URL: usize = 2000;

/// Reads `{kind: interactive, type, text, header?, footer?, ...}` into the body of a message.
pub(super) fn parse(body: &Map<String, Value>) -> Result<Value, Outcome> {
    let kind = body.get("type").and_then(Value::as_str).ok_or_else(|| malformed("body.type"))?;
    let most = if kind == "list" { MAX_LIST_BODY } else { MAX_BODY };
    let mut whole = Map::new();
    whole.insert("kind".into(), "interactive".into());
    whole.insert("type".into(), kind.into());
    whole.insert("text".into(), needed(body, "text", "body.text", most)?.into());
    for name in ["header", "footer"] {
        if let Some(text) = line(body, name, &format!("body.{name}"), MAX_HEADER)? {
            whole.insert(name.into(), text.into());
        }
    }
    match kind {
        "button" => {
            whole.insert("buttons".into(), buttons(body)?);
        }
        "list" => {
            whole
                .insert("button".into(), needed(body, "button", "body.button", MAX_BUTTON)?.into());
            whole.insert("sections".into(), sections(body)?);
        }
        "cta_url" => {
            whole
                .insert("button".into(), needed(body, "button", "body.button", MAX_BUTTON)?.into());
            let url = needed(body, "url", "body.url", MAX_URL)?;
            let known = ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme));
            if !known || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
                return Err(malformed("body.url"));
            }
            whole.insert("url".into(), url.into());
        }
        // Meta's page for these shows no header and no footer.
        "location_request" | "request_contact_info" => {
            for name in ["header", "footer"] {
                if whole.contains_key(name) {
                    return Err(malformed(&format!("body.{name}")));
                }
            }
        }
        _ => return Err(malformed("body.type")),
    }
    Ok(Value::Object(whole))
}

fn needed(
    map: &Map<String, Value>,
    name: &str,
    field: &str,
    limit: usize,
) -> Result<String, Outcome> {
    line(map, name, field, limit)?.ok_or_else(|| malformed(field))
}

fn buttons(body: &Map<String, Value>) -> Result<Value, Outcome> {
    let list = filled(body, "buttons", "body.buttons")?;
    if list.len() > MAX_BUTTONS {
        return Err(too_many("body.buttons", MAX_BUTTONS, list.len()));
    }
    let (mut ids, mut titles) = (BTreeSet::new(), BTreeSet::new());
    let mut buttons = Vec::new();
    for button in list {
        let button = button.as_object().ok_or_else(|| malformed("body.buttons"))?;
        let id = needed(button, "id", "body.buttons.id", MAX_BUTTON_ID)?;
        let title = needed(button, "title", "body.buttons.title", MAX_BUTTON)?;
        // Meta refuses repeats of either.
        if !ids.insert(id.clone()) || !titles.insert(title.clone()) {
            return Err(malformed("body.buttons"));
        }
        buttons.push(json!({"id": id, "title": title}));
    }
    Ok(buttons.into())
}

fn sections(body: &Map<String, Value>) -> Result<Value, Outcome> {
    let list = filled(body, "sections", "body.sections")?;
    let mut ids = BTreeSet::new();
    let mut sections = Vec::new();
    for section in list {
        let section = section.as_object().ok_or_else(|| malformed("body.sections"))?;
        let mut rows = Vec::new();
        for row in filled(section, "rows", "body.sections.rows")? {
            let row = row.as_object().ok_or_else(|| malformed("body.sections.rows"))?;
            let id = needed(row, "id", "body.sections.rows.id", MAX_ROW_ID)?;
            let title = needed(row, "title", "body.sections.rows.title", MAX_ROW)?;
            let mut kept = json!({"id": id, "title": title});
            let field = "body.sections.rows.description";
            if let (Some(text), Some(map)) =
                (line(row, "description", field, MAX_DESCRIPTION)?, kept.as_object_mut())
            {
                map.insert("description".into(), text.into());
            }
            if !ids.insert(id) {
                return Err(malformed("body.sections.rows.id"));
            }
            rows.push(kept);
        }
        let mut kept = json!({"rows": rows});
        match (line(section, "title", "body.sections.title", MAX_ROW)?, kept.as_object_mut()) {
            (Some(title), Some(map)) => {
                map.insert("title".into(), title.into());
            }
            // Several sections must be told apart.
            (None, _) if list.len() > 1 => return Err(malformed("body.sections.title")),
            _ => {}
        }
        sections.push(kept);
    }
    if ids.len() > MAX_ROWS {
        return Err(too_many("body.sections.rows", MAX_ROWS, ids.len()));
    }
    Ok(sections.into())
}

fn filled<'m>(
    map: &'m Map<String, Value>,
    name: &str,
    field: &str,
) -> Result<&'m Vec<Value>, Outcome> {
    let list = map.get(name).and_then(Value::as_array).filter(|list| !list.is_empty());
    list.ok_or_else(|| malformed(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &Value) -> Result<Value, Outcome> {
        parse(body.as_object().unwrap())
    }

    fn refused(body: &Value) -> (&'static str, Value) {
        match read(body) {
            Err(Outcome::Refused { code, details, .. }) => (code.as_str(), details),
            other => panic!("{other:?}"),
        }
    }

    fn buttons(count: usize) -> Value {
        let list: Vec<_> =
            (0..count).map(|n| json!({"id": n.to_string(), "title": format!("b{n}")})).collect();
        json!({"type": "button", "text": "Which?", "buttons": list})
    }

    fn rows(count: usize) -> Value {
        let list: Vec<_> =
            (0..count).map(|n| json!({"id": n.to_string(), "title": format!("r{n}")})).collect();
        json!({"type": "list", "text": "Which?", "button": "Open", "sections": [{"rows": list}]})
    }

    #[test]
    fn buttons_and_rows_end_at_their_limits() {
        assert!(read(&buttons(3)).is_ok());
        assert_eq!(refused(&buttons(4)).1["limit"], 3);
        assert!(read(&rows(10)).is_ok());
        assert_eq!(refused(&rows(11)).1["limit"], 10);
        let mut twice = buttons(2);
        twice["buttons"][1]["id"] = "0".into();
        assert_eq!(refused(&twice).0, "malformed");
        for (name, limit) in [("text", 1024), ("header", 60), ("footer", 60)] {
            let mut body = buttons(1);
            body[name] = "x".repeat(limit).into();
            assert!(read(&body).is_ok(), "{name}");
            body[name] = "x".repeat(limit + 1).into();
            assert_eq!(refused(&body).1["limit"], limit, "{name}");
        }
        let mut list = rows(1);
        list["text"] = "x".repeat(4096).into();
        assert!(read(&list).is_ok());
        for (name, limit) in [("title", 24), ("description", 72), ("id", 200)] {
            let mut body = rows(1);
            body["sections"][0]["rows"][0][name] = "x".repeat(limit + 1).into();
            assert_eq!(refused(&body).1["limit"], limit, "{name}");
        }
        let mut list = rows(1);
        list["button"] = "x".repeat(21).into();
        assert_eq!(refused(&list).1["limit"], 20);
    }

    #[test]
    fn the_other_kinds_are_read_and_strange_ones_are_not() {
        let link = json!({"type": "cta_url", "text": "Pay", "button": "Pay", "url": "https://a.example/x"});
        assert_eq!(read(&link).unwrap()["url"], "https://a.example/x");
        let mut bad = link;
        bad["url"] = "javascript:alert(1)".into();
        assert_eq!(refused(&bad).1["field"], "body.url");
        for kind in ["location_request", "request_contact_info"] {
            let mut body = json!({"type": kind, "text": "Where?"});
            assert!(read(&body).is_ok());
            body["footer"] = "x".into();
            assert_eq!(refused(&body).0, "malformed");
        }
        assert_eq!(refused(&json!({"type": "hologram", "text": "x"})).1["field"], "body.type");
        assert_eq!(refused(&json!({"type": "button", "text": " "})).1["field"], "body.text");
    }
}

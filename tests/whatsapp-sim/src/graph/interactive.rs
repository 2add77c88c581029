//! Interactive messages and their limits (whatsapp.md 5.1).

use serde_json::Value;

use super::errors::MetaError;
use super::kinds::limit;
use super::request::{missing, text};

const BUTTONS: usize = 3;
const BUTTON_TITLE: usize = 20;
const ROWS: usize = 10;
const ROW_TITLE: usize = 24;
const ROW_DESCRIPTION: usize = 72;
const ROW_ID: usize = 200;
const LIST_BUTTON: usize = 20;
const LIST_BODY: usize = 4_096;
const BODY: usize = 1_024;
const HEADER: usize = 60;
const FOOTER: usize = 60;

/// Judges `interactive`. A type that is not known here passes: Meta adds some each year.
pub(crate) fn check(content: &Value) -> Result<(), MetaError> {
    let kind = text(content, "type").ok_or_else(|| missing("interactive['type']"))?;
    let action = content.get("action");
    let words = content.get("body").and_then(|body| text(body, "text"));
    // A catalogue's single product is the one kind without words.
    if words.is_none() && kind != "product" {
        return Err(missing("interactive['body']['text']"));
    }
    let longest = if kind == "list" { LIST_BODY } else { BODY };
    limit("interactive['body']['text']", words, longest)?;
    let part = |part: &str| content.get(part).and_then(|part| text(part, "text"));
    limit("interactive['header']['text']", part("header"), HEADER)?;
    limit("interactive['footer']['text']", part("footer"), FOOTER)?;
    let action = action.ok_or_else(|| missing("interactive['action']"))?;
    match kind {
        "button" => buttons(action),
        "list" => list(action),
        "cta_url" => {
            let parameters = action.get("parameters").unwrap_or(&Value::Null);
            text(parameters, "url").ok_or_else(|| missing("action['parameters']['url']"))?;
            let words = text(parameters, "display_text");
            words.ok_or_else(|| missing("action['parameters']['display_text']"))?;
            limit("action['parameters']['display_text']", words, BUTTON_TITLE)
        }
        _ => Ok(()),
    }
}

fn array<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn too_many(name: &str, most: usize) -> MetaError {
    MetaError::new(131_009, format!("{name}: minimum is 1 and maximum is {most}."))
}

/// Every id once (Meta: the ids of buttons and rows are unique).
fn unique<'v>(ids: impl Iterator<Item = Option<&'v str>>) -> Result<(), MetaError> {
    let mut seen = std::collections::BTreeSet::new();
    for id in ids {
        let id = id.ok_or_else(|| missing("id"))?;
        if !seen.insert(id) {
            return Err(MetaError::new(131_009, "Duplicated id."));
        }
    }
    Ok(())
}

fn buttons(action: &Value) -> Result<(), MetaError> {
    let buttons = array(action, "buttons");
    if buttons.is_empty() || buttons.len() > BUTTONS {
        return Err(too_many("Buttons count", BUTTONS));
    }
    for button in buttons {
        let title = button.get("reply").and_then(|reply| text(reply, "title"));
        title.ok_or_else(|| missing("button['reply']['title']"))?;
        limit("button['reply']['title']", title, BUTTON_TITLE)?;
    }
    unique(buttons.iter().map(|button| button.get("reply").and_then(|reply| text(reply, "id"))))
}

fn list(action: &Value) -> Result<(), MetaError> {
    let button = text(action, "button").ok_or_else(|| missing("action['button']"))?;
    limit("action['button']", Some(button), LIST_BUTTON)?;
    let rows: Vec<&Value> =
        array(action, "sections").iter().flat_map(|section| array(section, "rows")).collect();
    if rows.is_empty() || rows.len() > ROWS {
        return Err(too_many("Total row count", ROWS));
    }
    for row in &rows {
        limit("row['title']", text(row, "title"), ROW_TITLE)?;
        text(row, "title").ok_or_else(|| missing("row['title']"))?;
        limit("row['description']", text(row, "description"), ROW_DESCRIPTION)?;
        limit("row['id']", text(row, "id"), ROW_ID)?;
    }
    unique(rows.iter().map(|row| text(row, "id")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::check;

    fn code(content: &Value) -> u32 {
        check(content).map_or_else(|error| error.code, |()| 0)
    }

    fn with_buttons(count: usize, title: &str) -> Value {
        let button = |n| json!({"type": "reply", "reply": {"id": n, "title": title}});
        let buttons: Vec<Value> = (0..count).map(|n| button(n.to_string())).collect();
        json!({"type": "button", "body": {"text": "Choose"}, "action": {"buttons": buttons}})
    }

    fn with_rows(count: usize, row: &Value) -> Value {
        let rows: Vec<Value> = (0..count)
            .map(|n| {
                let mut row = row.clone();
                if row.get("id").is_none() {
                    row["id"] = json!(n.to_string());
                }
                row
            })
            .collect();
        json!({"type": "list", "body": {"text": "x".repeat(4_096)},
            "action": {"button": "Open", "sections": [{"title": "S", "rows": rows}]}})
    }

    #[test]
    fn each_limit_is_metas() {
        assert_eq!(code(&with_buttons(3, &"x".repeat(20))), 0);
        assert_eq!(code(&with_buttons(4, "x")), 131_009);
        assert_eq!(code(&with_buttons(0, "x")), 131_009);
        assert_eq!(code(&with_buttons(1, &"x".repeat(21))), 100);
        assert_eq!(code(&with_buttons(1, "")), 131_008);
        assert_eq!(code(&with_rows(10, &json!({"title": "x"}))), 0);
        assert_eq!(code(&with_rows(11, &json!({"title": "x"}))), 131_009);
        assert_eq!(code(&with_rows(1, &json!({"title": "x".repeat(25)}))), 100);
        assert_eq!(code(&with_rows(1, &json!({"title": "x", "description": "x".repeat(73)}))), 100);
        assert_eq!(code(&with_rows(1, &json!({"title": "x", "id": "x".repeat(201)}))), 100);
        assert_eq!(code(&with_rows(2, &json!({"title": "x", "id": "same"}))), 131_009);
        let mut long = with_buttons(1, "x");
        long["body"]["text"] = json!("x".repeat(1_025));
        assert_eq!(code(&long), 100);
        for part in ["header", "footer"] {
            let mut long = with_buttons(1, "x");
            long[part] = json!({"type": "text", "text": "x".repeat(61)});
            assert_eq!(code(&long), 100, "{part}");
        }
        assert_eq!(code(&json!({"type": "button", "body": {"text": "x"}})), 131_008);
        assert_eq!(code(&json!({"type": "list", "action": {}})), 131_008);
        assert_eq!(code(&json!({})), 131_008);
        let link = json!({"name": "cta_url", "parameters": {"display_text": "See", "url": "https://a.example"}});
        assert_eq!(code(&json!({"type": "cta_url", "body": {"text": "x"}, "action": link})), 0);
        assert_eq!(code(&json!({"type": "cta_url", "body": {"text": "x"}, "action": {}})), 131_008);
        let ask = json!({"type": "location_request_message", "body": {"text": "x"}, "action": {"name": "send_location"}});
        assert_eq!(code(&ask), 0);
    }
}

//! Meta's object of an interactive message (whatsapp.md 5.1), from the body that phones see.

use serde_json::{Map, Value, json};

/// The object, or none for a type that is no send of ours.
pub(super) fn object(body: &Value) -> Option<Value> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let list = |name: &str| body.get(name).and_then(Value::as_array);
    let (kind, action) = match text("type")? {
        "button" => {
            let buttons = list("buttons")?.iter().map(|b| json!({"type": "reply", "reply": b}));
            ("button", json!({"buttons": buttons.collect::<Vec<_>>()}))
        }
        "list" => ("list", json!({"button": text("button")?, "sections": list("sections")?})),
        "cta_url" => {
            let parameters = json!({"display_text": text("button")?, "url": text("url")?});
            ("cta_url", json!({"name": "cta_url", "parameters": parameters}))
        }
        "location_request" => ("location_request_message", json!({"name": "send_location"})),
        "request_contact_info" => ("request_contact_info", json!({"name": "request_contact_info"})),
        _ => return None,
    };
    let mut object = Map::new();
    object.insert("type".into(), kind.into());
    if let Some(header) = text("header") {
        object.insert("header".into(), json!({"type": "text", "text": header}));
    }
    object.insert("body".into(), json!({"text": text("text")?}));
    if let Some(footer) = text("footer") {
        object.insert("footer".into(), json!({"text": footer}));
    }
    object.insert("action".into(), action);
    Some(object.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_as_meta_documents_it() {
        let buttons = json!({"kind": "interactive", "type": "button", "text": "Which?", "header": "H",
            "footer": "F", "buttons": [{"id": "a", "title": "A"}]});
        assert_eq!(
            object(&buttons),
            Some(json!({"type": "button", "header": {"type": "text", "text": "H"},
                "body": {"text": "Which?"}, "footer": {"text": "F"},
                "action": {"buttons": [{"type": "reply", "reply": {"id": "a", "title": "A"}}]}}))
        );
        let rows = json!([{"title": "S", "rows": [{"id": "1", "title": "R", "description": "D"}]}]);
        let list = json!({"type": "list", "text": "T", "button": "Open", "sections": rows});
        assert_eq!(
            object(&list),
            Some(
                json!({"type": "list", "body": {"text": "T"}, "action": {"button": "Open", "sections": rows}})
            )
        );
        let link =
            json!({"type": "cta_url", "text": "T", "button": "Pay", "url": "https://a.example"});
        assert_eq!(
            object(&link).unwrap()["action"],
            json!({"name": "cta_url", "parameters": {"display_text": "Pay", "url": "https://a.example"}})
        );
        let place = object(&json!({"type": "location_request", "text": "Where?"})).unwrap();
        assert_eq!(
            (place["type"].clone(), place["action"].clone()),
            (json!("location_request_message"), json!({"name": "send_location"}))
        );
        let ask = object(&json!({"type": "request_contact_info", "text": "Who?"})).unwrap();
        assert_eq!(ask["action"], json!({"name": "request_contact_info"}));
        assert_eq!(object(&json!({"type": "nfm_reply", "text": "x"})), None);
    }
}

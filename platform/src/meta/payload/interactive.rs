//! Answers that a customer chose or filled in, and orders (whatsapp.md 2).

use serde_json::{Map, Value};

use super::values::{copy_texts, decimal, int, items, put, text, without_nul, word};

/// The body of an `interactive` message; none if its object names no kind. A kind that is not known keeps its word and its data.
pub(super) fn read(part: &Value) -> Option<Value> {
    let kind = part.get("type").and_then(Value::as_str).map(word).filter(|w| !w.is_empty())?;
    let said = part.get(&kind).unwrap_or(&Value::Null);
    let mut body = of(&kind);
    match kind.as_str() {
        "button_reply" | "list_reply" => {
            copy_texts(&mut body, said, &["id", "title", "description"]);
        }
        "nfm_reply" => {
            put(&mut body, "title", text(said.get("name")));
            put(&mut body, "description", text(said.get("body")));
            // A string that holds JSON; kept as it is where it holds none.
            let form = text(said.get("response_json"));
            let form = form.map(|form| serde_json::from_str(&form).unwrap_or(Value::String(form)));
            put(&mut body, "data", form.map(without_nul));
        }
        _ => {
            copy_texts(&mut body, said, &["id", "title", "description"]);
            put(&mut body, "data", said.is_object().then(|| without_nul(said.clone())));
        }
    }
    Some(body.into())
}

/// The quick reply of a template.
pub(super) fn button(part: &Value) -> Option<Value> {
    let (title, id) = (text(part.get("text")), text(part.get("payload")));
    if title.is_none() && id.is_none() {
        return None;
    }
    let mut body = of("button");
    put(&mut body, "title", title);
    put(&mut body, "id", id);
    Some(body.into())
}

/// An order from a catalogue.
pub(super) fn order(part: &Value) -> Option<Value> {
    let mut body = of("order");
    put(&mut body, "id", text(part.get("catalog_id")));
    put(&mut body, "description", text(part.get("text")));
    let products: Vec<Value> =
        items(part.get("product_items")).iter().map(|item| product(item).into()).collect();
    body.insert("items".into(), products.into());
    part.is_object().then(|| body.into())
}

fn product(item: &Value) -> Map<String, Value> {
    let mut map = Map::new();
    copy_texts(&mut map, item, &["product_retailer_id", "currency"]);
    put(&mut map, "quantity", int(item.get("quantity")));
    put(&mut map, "item_price", decimal(item.get("item_price")));
    map
}

fn of(kind: &str) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("kind".into(), "interactive".into());
    body.insert("type".into(), kind.into());
    body
}

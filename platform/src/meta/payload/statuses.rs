//! `value.statuses[]`: news about what we sent (whatsapp.md 3).

use serde_json::Value;

use super::messages::first_code;
use super::people::customer;
use super::read::Place;
use super::values::{id, items, number_id, time_ms, word};
use super::{Customer, Leftover, Price, Status, StatusWord, Thing};
use crate::meta::ladder::Step;

pub(super) fn read(place: &Place<'_>, value: &Value, things: &mut Vec<Thing>) {
    for status in items(value.get("statuses")) {
        things.push(one(place, value, status).map_or_else(Thing::Leftover, Thing::Status));
    }
}

fn one(place: &Place<'_>, value: &Value, status: &Value) -> Result<Status, Leftover> {
    let said = status.get("status").and_then(Value::as_str).map_or_else(String::new, word);
    let left = |reason| place.left(&format!("status.{said}"), reason);
    let meaning = match said.as_str() {
        "sent" => StatusWord::Reached(Step::Sent),
        "delivered" => StatusWord::Reached(Step::Delivered),
        "read" => StatusWord::Reached(Step::Read),
        "played" => StatusWord::Reached(Step::Played),
        "failed" => StatusWord::Failed(first_code(status)),
        _ => return Err(left("unknown_status")),
    };
    let wamid = id(status.get("id"));
    let callback = id(status.get("biz_opaque_callback_data"));
    if wamid.is_none() && callback.is_none() {
        return Err(left("no_id"));
    }
    let phone_number_id = number_id(value).ok_or_else(|| left("no_phone_number_id"))?;
    Ok(Status {
        phone_number_id,
        wamid,
        callback,
        at: time_ms(status.get("timestamp")),
        word: meaning,
        customer: recipient(value, status).unwrap_or_default(),
        price: price(status),
    })
}

/// Whom it went to. Ids in the status itself alone count: the contacts beside it serve them all.
fn recipient(value: &Value, status: &Value) -> Option<Customer> {
    if status.get("recipient_type").and_then(Value::as_str) == Some("group") {
        return None;
    }
    let (number, user_id) = (status.get("recipient_id"), status.get("recipient_user_id"));
    let only = items(value.get("statuses")).len() == 1 && items(value.get("messages")).is_empty();
    customer(number, user_id, items(value.get("contacts")), only)
}

fn price(status: &Value) -> Option<Price> {
    let pricing = status.get("pricing").filter(|pricing| pricing.is_object())?;
    let said = |name: &str| {
        let said = pricing.get(name).and_then(Value::as_str).map(word);
        said.filter(|word| !word.is_empty())
    };
    let price =
        Price { kind: said("type"), category: said("category"), model: said("pricing_model") };
    (price != Price::default()).then_some(price)
}

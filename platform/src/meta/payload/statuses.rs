//! `value.statuses[]`: news about what we sent (whatsapp.md 3).

use serde_json::Value;

use super::read::Place;
use super::values::{id, int, items, number_id, time_ms, word};
use super::{Leftover, Status, StatusWord, Thing};
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
        "failed" => StatusWord::Failed(
            items(status.get("errors")).iter().find_map(|error| int(error.get("code"))),
        ),
        _ => return Err(left("unknown_status")),
    };
    let wamid = id(status.get("id"));
    let callback = id(status.get("biz_opaque_callback_data"));
    if wamid.is_none() && callback.is_none() {
        return Err(left("no_id"));
    }
    let phone_number_id = number_id(value).ok_or_else(|| left("no_phone_number_id"))?;
    let at = time_ms(status.get("timestamp"));
    Ok(Status { phone_number_id, wamid, callback, at, word: meaning })
}

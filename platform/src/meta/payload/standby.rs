//! Fields `standby` and `messaging_handovers`: a program of Meta's or of another partner answers
//! beside us (whatsapp.md 1.5). What customers write is theirs whoever answers; what a program
//! writes is nobody's answer.

use serde_json::{Map, Value};

use super::people::customer;
use super::read::Place;
use super::values::{id, items, number_id, time_ms, word};
use super::{Handover, Thing};
use super::{echoes, messages};

/// `value.standby` holds what `value` holds elsewhere; an echo nests its content under `message`.
pub(super) fn read(place: &Place<'_>, value: &Value, things: &mut Vec<Thing>) {
    let Some(standby) = value.get("standby").and_then(Value::as_object) else { return };
    let mut inner = standby.clone();
    for name in ["metadata", "contacts"] {
        if let (None, Some(outer)) = (inner.get(name), value.get(name)) {
            inner.insert(name.into(), outer.clone());
        }
    }
    let inner = Value::Object(inner);
    messages::read(place, &inner, things);
    let all = items(inner.get("message_echoes"));
    for echo in all {
        let thing = echoes::read_one(place, &inner, &flat(echo), all.len() == 1);
        things.push(echoes::automatic(thing));
    }
}

fn flat(echo: &Value) -> Value {
    let mut flat = Map::new();
    for part in [echo.get("message"), Some(echo)].into_iter().flatten().filter_map(Value::as_object)
    {
        for (name, value) in part.iter().filter(|(name, _)| *name != "message") {
            flat.insert(name.clone(), value.clone());
        }
    }
    flat.into()
}

/// Who has the conversation now. There is no `metadata`.
pub(super) fn handovers(place: &Place<'_>, value: &Value, things: &mut Vec<Thing>) {
    let listed = items(value.get("messaging_handovers"));
    let all = if listed.is_empty() { std::slice::from_ref(value) } else { listed };
    for one in all {
        let kind = one.get("type").and_then(Value::as_str).map_or_else(String::new, word);
        let recipient = one.get("recipient").or_else(|| value.get("recipient"));
        let number =
            id(recipient.and_then(|r| r.get("phone_number_id"))).or_else(|| number_id(value));
        let sender = one.get("sender").or_else(|| value.get("sender"));
        let of = |name: &str| sender.and_then(|sender| sender.get(name));
        let who = customer(of("phone_number").or_else(|| of("wa_id")), of("user_id"), &[], false);
        things.push(match number {
            Some(phone_number_id) if !kind.is_empty() => Thing::Handover(Handover {
                phone_number_id,
                kind,
                customer: who.unwrap_or_default(),
                at: time_ms(one.get("timestamp")),
            }),
            Some(_) => place.leftover("", "no_kind"),
            None => place.leftover(&kind, "no_phone_number_id"),
        });
    }
}

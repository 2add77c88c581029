//! Field `smb_message_echoes`: what the business wrote in the app (whatsapp.md 4.2).

use serde_json::Value;

use super::Thing;
use super::messages::message;
use super::people::customer;
use super::read::Place;
use super::values::items;

pub(super) fn read(place: &Place<'_>, value: &Value, things: &mut Vec<Thing>) {
    let echoes = items(value.get("message_echoes"));
    for echo in echoes {
        // `from` is our own number: the customer is the one it went to.
        let who = |contacts| {
            customer(echo.get("to"), echo.get("to_user_id"), contacts, echoes.len() == 1)
        };
        let read = message(place, value, echo, who);
        things.push(read.map_or_else(Thing::Leftover, Thing::Echo));
    }
}

//! Field `smb_message_echoes`: what the business wrote in the app (whatsapp.md 4.2).

use serde_json::Value;

use super::amendments;
use super::messages::{kind, message};
use super::people::customer;
use super::read::Place;
use super::values::items;
use super::{Amendment, Message, Thing};

pub(super) fn read(place: &Place<'_>, value: &Value, things: &mut Vec<Thing>) {
    let echoes = items(value.get("message_echoes"));
    for echo in echoes {
        things.push(read_one(place, value, echo, echoes.len() == 1));
    }
}

/// One echo. `from` is our own number: the customer is the one it went to.
pub(super) fn read_one(place: &Place<'_>, value: &Value, echo: &Value, only: bool) -> Thing {
    let who = |contacts| customer(echo.get("to"), echo.get("to_user_id"), contacts, only);
    let read = match kind(echo).as_str() {
        "edit" | "revoke" | "reaction" => {
            let who = who(items(value.get("contacts")));
            amendments::read(place, value, echo, who, true).map(Thing::Amendment)
        }
        _ => message(place, value, echo, who).map(Thing::Echo),
    };
    read.unwrap_or_else(Thing::Leftover)
}

/// The same echo, written by a program and not on the owner's phone.
pub(super) fn automatic(thing: Thing) -> Thing {
    match thing {
        Thing::Echo(echo) => Thing::Echo(Message { automatic: true, ..echo }),
        Thing::Amendment(amendment) => Thing::Amendment(Amendment { automatic: true, ..amendment }),
        other => other,
    }
}

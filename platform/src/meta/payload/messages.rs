//! Field `messages`: customers' messages, and statuses of ours (whatsapp.md 2 and 3).

use serde_json::{Map, Value};

use super::content::content;
use super::people::customer;
use super::read::Place;
use super::values::{copy_texts, id, int, items, number_id, present, put, text, time_ms, word};
use super::{Customer, Leftover, Message, Thing, Trouble};
use super::{amendments, persons, statuses};

/// Kinds that are no message of their own: never a bubble.
const NO_BUBBLE: [&str; 6] = ["reaction", "edit", "revoke", "system", "errors", "request_welcome"];

/// The keys of an advertisement that a message came from.
const REFERRAL: [&str; 11] = [
    "source_url",
    "source_id",
    "source_type",
    "body",
    "headline",
    "media_type",
    "image_url",
    "video_url",
    "thumbnail_url",
    "ctwa_clid",
    "ref",
];

pub(super) fn read(place: &Place<'_>, value: &Value, things: &mut Vec<Thing>) {
    let messages = items(value.get("messages"));
    // The contacts beside it may be those of a status.
    let only = messages.len() == 1 && items(value.get("statuses")).is_empty();
    for one in messages {
        things.push(read_one(place, value, one, only));
    }
    statuses::read(place, value, things);
    for error in items(value.get("errors")) {
        things.push(match int(error.get("code")) {
            Some(code) => Thing::Trouble(Trouble { phone_number_id: number_id(value), code }),
            None => place.leftover("errors", "no_code"),
        });
    }
}

fn read_one(place: &Place<'_>, value: &Value, one: &Value, only: bool) -> Thing {
    let who = |contacts| customer(one.get("from"), one.get("from_user_id"), contacts, only);
    let kind = kind(one);
    let read = match kind.as_str() {
        "edit" | "revoke" | "reaction" => {
            let who = who(items(value.get("contacts")));
            amendments::read(place, value, one, who, false).map(Thing::Amendment)
        }
        "system" => persons::system(place, value, one).map(Thing::Person),
        _ => message(place, value, one, who).map(|mut message| {
            // The reason may stand beside the message instead of in it.
            let beside = only.then(|| first_code(value)).flatten();
            message.code = message.code.or(beside);
            Thing::Message(message)
        }),
    };
    read.unwrap_or_else(Thing::Leftover)
}

/// Meta's word for the type of a message.
pub(super) fn kind(message: &Value) -> String {
    message.get("type").and_then(Value::as_str).map_or_else(|| "unknown".into(), word)
}

/// The first error code of an object that lists errors.
pub(super) fn first_code(object: &Value) -> Option<i64> {
    items(object.get("errors")).iter().find_map(|error| int(error.get("code")))
}

/// One message of either direction; `who` picks the customer from the contacts beside it.
pub(super) fn message<'a>(
    place: &Place<'_>,
    value: &'a Value,
    message: &Value,
    who: impl FnOnce(&'a [Value]) -> Option<Customer>,
) -> Result<Message, Leftover> {
    let kind = kind(message);
    let left = |reason| place.left(&kind, reason);
    if NO_BUBBLE.contains(&kind.as_str()) {
        // `request_welcome`: a chat was opened and nothing written. `errors`: WhatsApp's own notice.
        return Err(left("nothing_to_show"));
    }
    if present(message.get("group_id")) {
        return Err(left("group"));
    }
    let wamid = id(message.get("id")).ok_or_else(|| left("no_id"))?;
    let phone_number_id = number_id(value).ok_or_else(|| left("no_phone_number_id"))?;
    let customer = who(items(value.get("contacts"))).ok_or_else(|| left("nobody_named"))?;
    let context = message.get("context");
    Ok(Message {
        field: place.field.to_owned(),
        phone_number_id,
        wamid,
        at: time_ms(message.get("timestamp")),
        customer,
        content: content(&kind, message),
        code: first_code(message),
        beside: beside(message),
        automatic: false,
        // A forward names no message.
        reply_to: context.and_then(|c| id(c.get("id"))),
        callback: id(message.get("biz_opaque_callback_data")),
        kind,
    })
}

/// What stands beside the body: a forward, the product asked about, the advertisement it came from.
fn beside(message: &Value) -> Map<String, Value> {
    let mut map = Map::new();
    if let Some(context) = message.get("context") {
        let is = |name: &str| context.get(name).and_then(Value::as_bool).unwrap_or(false);
        let forwarded = match (is("forwarded"), is("frequently_forwarded")) {
            (_, true) => Some("often"),
            (true, _) => Some("once"),
            _ => None,
        };
        put(&mut map, "forwarded", forwarded);
        if let Some(asked) = context.get("referred_product") {
            let mut product = Map::new();
            copy_texts(&mut product, asked, &["catalog_id", "product_retailer_id"]);
            put(&mut map, "product", Some(product).filter(|product| !product.is_empty()));
        }
    }
    if let Some(said) = message.get("referral") {
        let mut referral = Map::new();
        copy_texts(&mut referral, said, &REFERRAL);
        put(
            &mut referral,
            "welcome",
            text(said.get("welcome_message").and_then(|w| w.get("text"))),
        );
        put(&mut map, "referral", Some(referral).filter(|referral| !referral.is_empty()));
    }
    map
}

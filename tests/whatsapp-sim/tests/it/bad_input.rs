//! Control calls that make no sense.

use fieldline_whatsapp_sim::CustomerMessage;
use serde_json::{Value, json};

use crate::world::{ANA, World};

const JSON: [(&str, &str); 2] = [("host", "localhost:9"), ("content-type", "application/json")];

async fn post(world: &World, path: &str, body: &str) -> (u16, Value) {
    world.request("POST", path, &JSON, body).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_is_named_and_nothing_happens() {
    let world = World::new();
    let long = "x".repeat(4_097);
    for (path, body, named) in [
        ("customer", json!({"text": "x"}), "wa_id"),
        ("customer", json!({"wa_id": "Ana", "text": "x"}), "wa_id"),
        ("customer", json!({"wa_id": ANA}), "text"),
        ("customer", json!({"wa_id": ANA, "text": ""}), "text"),
        ("customer", json!({"wa_id": ANA, "text": long}), "text"),
        ("customer", json!({"wa_id": ANA, "text": "x", "message": {"type": "text"}}), "text"),
        ("customer", json!({"wa_id": ANA, "message": []}), "message"),
        ("customer", json!({"wa_id": ANA, "message": {"text": {"body": "x"}}}), "message.type"),
        ("customer", json!({"wa_id": ANA, "message": {"type": "revoke"}}), "message.type"),
        ("customer", json!({"wa_id": ANA, "text": "x", "agems": 1}), "agems"),
        ("customer", json!({"wa_id": ANA, "text": "x", "age_ms": -1}), "integer `-1`"),
        ("customer", json!([ANA, null, null, "x", null, null]), "object"),
        ("customer/read", json!({"wa_id": "x"}), "wa_id"),
        ("owner", json!({"to": "x", "text": "x"}), "to"),
        ("status", json!({"wamid": "w", "status": ""}), "status"),
        ("status", json!({"wamid": "w", "status": "sent", "code": 1}), "code"),
        ("faults", json!({"send": "lost"}), "lost_answer"),
        ("faults", json!({"times": 2}), "times"),
        ("faults", json!({"send": "ok", "times": 0}), "times"),
        ("faults", json!({"webhooks": {"repeat": 21}}), "repeat"),
        ("faults", json!({"webhooks": {"batch": 1_001}}), "batch"),
        ("faults", json!({"calls": "lost_answer"}), "calls"),
        ("faults", json!({"calls_times": 1}), "calls_times"),
        ("faults", json!({"limits": {"per_day": 1}}), "per_day"),
        ("customer", json!({"wa_id": ANA, "text": "x", "media": {}}), "media"),
        (
            "customer",
            json!({"wa_id": ANA, "message": {"type": "image"}, "media": {"base64": "?"}}),
            "base64",
        ),
        (
            "customer",
            json!({"wa_id": ANA, "message": {"type": "image"}, "media": {"size": 104_857_601}}),
            "size",
        ),
        (
            "customer",
            json!({"wa_id": ANA, "text": "x", "reply_to": "w", "forwarded": "once"}),
            "forwarded",
        ),
        ("owner/line", json!({"event": "explode"}), "event"),
        ("owner/history", json!({"messages": 2_000_000, "chats": 1}), "messages"),
        (
            "owner/history",
            json!({"chats": [{"wa_id": "x", "messages": [{"age_ms": 1, "text": "x"}]}]}),
            "wa_id",
        ),
        ("webhook", json!({"field": "", "value": {}}), "field"),
        ("template", json!({"name": ""}), "name"),
        ("faults", json!({"webhooks": {"repaet": 1}}), "repaet"),
    ] {
        let (status, answer) = post(&world, &format!("/sim/{path}"), &body.to_string()).await;
        assert_eq!(status, 400, "{path} {body}");
        assert_eq!(answer["error"]["code"], "malformed");
        let told = answer["error"]["details"].to_string();
        assert!(told.contains(named), "{path} {body}: {told}");
    }
    let (status, answer) = post(&world, "/sim/owner", "{").await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!("malformed")));
    world.pass(1_000).await;
    assert!(world.arrived().is_empty());
    assert!(world.sim.chats().customers.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_404() {
    let world = World::new();
    for (path, body, code) in [
        ("/sim/customer/read", json!({"wa_id": ANA}), "unknown"),
        ("/sim/status", json!({"wamid": "wamid.x", "status": "sent"}), "unknown"),
        ("/sim/customer/edit", json!({"wamid": "wamid.x", "text": "x"}), "unknown"),
        ("/sim/owner/revoke", json!({"wamid": "wamid.x"}), "unknown"),
        ("/sim/customer/react", json!({"wamid": "wamid.x", "emoji": "x"}), "unknown"),
        ("/sim/owner/contacts", json!({"wa_id": ANA}), "unknown"),
        ("/sim/elsewhere", json!({}), "not_found"),
    ] {
        let (status, answer) = post(&world, path, &body.to_string()).await;
        assert_eq!((status, &answer["error"]["code"]), (404, &json!(code)), "{path}");
    }
    assert_eq!(post(&world, "/sim/log", "{}").await.0, 405);
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_host_is_nobody_on_this_machine() {
    let world = World::new();
    let got = world.request("GET", "/sim/log", &[], "").await.unwrap();
    assert_eq!((got.0, &got.1["error"]["code"]), (403, &json!("wrong_host")));
}

#[tokio::test(start_paused = true)]
async fn messages_of_other_types_travel_as_given() {
    let world = World::new();
    let place = json!({"type": "location", "location": {"latitude": 1.5, "longitude": 2.5}});
    let order = CustomerMessage {
        wa_id: ANA.to_owned(),
        message: Some(place),
        ..CustomerMessage::default()
    };
    let wamid = world.sim.customer(&order).unwrap().wamid;
    let quote =
        CustomerMessage { reply_to: Some(wamid.clone()), ..CustomerMessage::text(ANA, "There") };
    world.sim.customer(&quote).unwrap();
    world.pass(1).await;
    let arrived = world.arrived();
    let message = |at: usize| &arrived[at].body["entry"][0]["changes"][0]["value"]["messages"][0];
    assert_eq!(message(0)["type"], "location");
    assert_eq!(message(0)["location"]["longitude"], 2.5);
    assert_eq!(message(1)["context"], json!({"from": ANA, "id": wamid}));
    assert_eq!(world.sim.chats().customers[0].messages[0].text, None);
}

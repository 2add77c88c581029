//! What customers write, in every kind (whatsapp.md 2, 8.1).

use fieldline_whatsapp_sim::WebhookFaults;
use serde_json::{Value, json};

use crate::world::{ANA, BEN, World, send_body};

async fn message(world: &World, order: &Value) -> Value {
    world.control("customer", order).await;
    world.pass(1).await;
    world.updates().remove(0).1
}

#[tokio::test(start_paused = true)]
async fn files_get_an_id_and_what_belongs_to_their_kind() {
    let world = World::new();
    for (kind, key) in [
        ("image", "sha256"),
        ("video", "sha256"),
        ("audio", "voice"),
        ("document", "sha256"),
        ("sticker", "animated"),
    ] {
        let value = message(&world, &json!({"wa_id": ANA, "message": {"type": kind}})).await;
        let file = &value["messages"][0][kind];
        assert!(file["id"].is_string() && file.get(key).is_some(), "{kind} {file}");
    }
    let given = json!({"type": "image", "image": {"id": "77", "mime_type": "image/jpeg"}});
    let value = message(&world, &json!({"wa_id": ANA, "message": given})).await;
    assert_eq!(value["messages"][0]["image"]["id"], "77", "as given");
}

#[tokio::test(start_paused = true)]
async fn other_kinds_travel_as_meta_sends_them() {
    let world = World::new();
    for given in [
        json!({"type": "contacts", "contacts": [{"name": {"formatted_name": "B"}}]}),
        json!({"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": "1", "title": "x"}}}),
        json!({"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {"response_json": "{}"}}}),
        json!({"type": "button", "button": {"text": "x", "payload": "y"}}),
        json!({"type": "order", "order": {"catalog_id": "1", "product_items": []}}),
        json!({"type": "request_welcome"}),
        json!({"type": "a_kind_of_tomorrow", "a_kind_of_tomorrow": {}}),
    ] {
        let value = message(&world, &json!({"wa_id": ANA, "message": given})).await;
        for (key, wanted) in given.as_object().unwrap() {
            assert_eq!(&value["messages"][0][key], wanted);
        }
    }
    let value = message(&world, &json!({"wa_id": ANA, "message": {"type": "unsupported"}})).await;
    assert_eq!(value["messages"][0]["errors"][0]["code"], 131_051);
}

#[tokio::test(start_paused = true)]
async fn a_pressed_button_quotes_what_asked() {
    let world = World::new();
    message(&world, &json!({"wa_id": ANA, "text": "Hi"})).await;
    let ask = json!({"type": "button", "body": {"text": "Yes?"}, "action":
        {"buttons": [{"type": "reply", "reply": {"id": "1", "title": "Yes"}}]}});
    let asked = world.send("interactive", &ask).await.1["messages"][0]["id"].clone();
    world.send("text", &json!({"body": "Take your time"})).await;
    world.pass(10_000).await;
    world.updates();
    let reply = json!({"type": "button_reply", "button_reply": {"id": "1", "title": "Yes"}});
    let given = json!({"type": "interactive", "interactive": reply});
    let value = message(&world, &json!({"wa_id": ANA, "message": given})).await;
    assert_eq!(value["messages"][0]["context"], json!({"from": "15550783881", "id": asked}));
}

#[tokio::test(start_paused = true)]
async fn forwards_and_clicks_on_advertisements() {
    let world = World::new();
    let once = message(&world, &json!({"wa_id": ANA, "text": "x", "forwarded": "once"})).await;
    assert_eq!(once["messages"][0]["context"], json!({"forwarded": true}));
    let often = message(&world, &json!({"wa_id": ANA, "text": "x", "forwarded": "often"})).await;
    assert_eq!(often["messages"][0]["context"], json!({"frequently_forwarded": true}));
    let referral = json!({"source_type": "ad", "source_id": "1", "ctwa_clid": "c"});
    let click = message(&world, &json!({"wa_id": ANA, "text": "x", "referral": referral})).await;
    assert_eq!(click["messages"][0]["referral"], referral);
    world.graph(&send_body(ANA, "Hello", "c")).await;
    world.pass(10_000).await;
    let updates = world.updates();
    let status = |at: usize| &updates[at].1["statuses"][0];
    assert_eq!(status(0)["pricing"]["type"], "free_entry_point");
    assert_eq!(status(0)["conversation"]["origin"]["type"], "referral_conversion");
    assert!(status(0)["conversation"].get("expiration_timestamp").is_some());
    assert!(status(1)["conversation"].get("expiration_timestamp").is_none());
}

#[tokio::test(start_paused = true)]
async fn who_hides_the_number_is_named_by_user_id_alone() {
    let world = World::new();
    let value = message(
        &world,
        &json!({"wa_id": ANA, "text": "x", "hide_phone": true, "username": "ana.r"}),
    )
    .await;
    let user = value["contacts"][0]["user_id"].clone();
    assert_eq!(value["contacts"][0]["profile"]["username"], "ana.r");
    assert_eq!(value["messages"][0]["from_user_id"], user);
    let mut send = send_body("", "Hello", "c");
    send["recipient"] = user.clone();
    let (status, answer) = world.graph(&send).await.unwrap();
    assert_eq!((status, &answer["contacts"]), (200, &json!([{"input": user, "user_id": user}])));
    world.control("owner", &json!({"to": ANA, "text": "x"})).await;
    world.pass(10_000).await;
    let log = serde_json::to_string(&world.sim.log().webhooks).unwrap();
    assert!(!log.contains(ANA) || log.contains("wamid"), "wamids are opaque");
    for webhook in world.sim.log().webhooks {
        let text = webhook.body.to_string();
        assert!(!text.contains(&format!("\"{ANA}\"")), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_number_keeps_the_chat_and_changes_the_user_id() {
    let world = World::new();
    let first = message(&world, &json!({"wa_id": ANA, "text": "x"})).await;
    world.control("customer/number", &json!({"wa_id": ANA, "new_wa_id": BEN})).await;
    world.pass(1).await;
    let value = world.updates().remove(0).1;
    assert!(value.get("contacts").is_none(), "system messages name nobody");
    let system = &value["messages"][0]["system"];
    assert_eq!((&system["type"], &system["wa_id"]), (&json!("user_changed_number"), &json!(BEN)));
    assert_eq!(system["previous_user_id"], first["contacts"][0]["user_id"]);
    assert_ne!(system["user_id"], system["previous_user_id"]);
    let chats = world.sim.chats();
    assert_eq!((chats.customers.len(), chats.customers[0].messages.len()), (1, 1));
    assert_eq!(
        world.graph(&send_body(BEN, "x", "c")).await.unwrap().0,
        200,
        "the window goes along"
    );
    world.control("customer", &json!({"wa_id": BEN, "text": "x", "hide_phone": true})).await;
    world.control("customer/number", &json!({"wa_id": BEN, "new_wa_id": ANA})).await;
    world.pass(10_000).await;
    let system =
        world.updates().into_iter().find(|(_, v)| v["messages"][0]["type"] == "system").unwrap().1;
    assert_eq!(system["messages"][0]["system"]["type"], "user_changed_user_id");
    assert!(!system.to_string().contains(&format!("\"{ANA}\"")));
}

#[tokio::test(start_paused = true)]
async fn edits_deletions_and_reactions() {
    let world = World::new();
    let text =
        world.control("customer", &json!({"wa_id": ANA, "text": "Helo"})).await["wamid"].clone();
    let photo = json!({"wa_id": ANA, "message": {"type": "image", "image": {"caption": "a"}}});
    let photo = world.control("customer", &photo).await["wamid"].clone();
    let sent = world.send("text", &json!({"body": "Yes"})).await.1["messages"][0]["id"].clone();
    world.pass(10_000).await;
    world.updates();
    world.control("customer/edit", &json!({"wamid": text, "text": "Hello"})).await;
    world.control("customer/edit", &json!({"wamid": photo, "text": "b"})).await;
    world.control("customer/react", &json!({"wamid": sent, "emoji": "👍"})).await;
    world.control("customer/react", &json!({"wamid": sent})).await;
    world.control("customer/revoke", &json!({"wamid": text})).await;
    world.pass(1).await;
    let messages: Vec<Value> =
        world.updates().into_iter().map(|(_, value)| value["messages"][0].clone()).collect();
    assert_eq!(messages[0]["edit"]["message"]["text"]["body"], "Hello");
    assert_eq!(messages[0]["edit"]["message"]["context"]["id"], "M0");
    let image = &messages[1]["edit"]["message"]["image"];
    assert!(image["caption"] == "b" && image["id"].is_string(), "the whole new content");
    assert_eq!(messages[2]["reaction"], json!({"message_id": sent, "emoji": "👍"}));
    assert_eq!(messages[3]["reaction"], json!({"message_id": sent}), "taken away: no key");
    assert_eq!(messages[4]["revoke"], json!({"original_message_id": text}));
    let ids: std::collections::BTreeSet<String> =
        messages.iter().map(|m| m["id"].to_string()).collect();
    assert_eq!(ids.len(), 5, "each is a message of its own");
    let shown = &world.sim.chats().customers[0].messages;
    assert_eq!(shown.len(), 3);
    assert!(shown[0].deleted && shown[1].edited && shown[2].reactions.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_unavailable_message_is_replaced_under_the_same_wamid() {
    let world = World::new();
    let order = json!({"wa_id": ANA, "text": "Real", "unavailable": {"then_ms": 200}});
    let wamid = world.control("customer", &order).await["wamid"].clone();
    world.control("customer", &json!({"wa_id": BEN, "text": "Never", "unavailable": {}})).await;
    world.pass(60_000).await;
    let messages: Vec<Value> =
        world.updates().into_iter().map(|(_, value)| value["messages"][0].clone()).collect();
    assert_eq!(messages.len(), 3);
    assert_eq!((&messages[0]["id"], &messages[0]["errors"][0]["code"]), (&wamid, &json!(131_060)));
    assert_eq!((&messages[2]["id"], &messages[2]["text"]["body"]), (&wamid, &json!("Real")));
}

#[tokio::test(start_paused = true)]
async fn held_back_for_days_then_all_at_once_in_batches() {
    let world = World::new();
    world.control("faults", &json!({"webhooks": {"hold": true, "batch": 1_000}})).await;
    for n in 0..1_500 {
        world.control("customer", &json!({"wa_id": ANA, "text": n.to_string()})).await;
    }
    world.pass(7 * 86_400_000).await;
    assert!(world.arrived().is_empty());
    assert_eq!(world.sim.pending(), 1_500);
    world.control("faults", &json!({"webhooks": {"batch": 1_000}})).await;
    world.pass(10).await;
    let arrived = world.arrived();
    let sizes: Vec<usize> = arrived
        .iter()
        .map(|one| one.body["entry"][0]["changes"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [1_000, 500]);
    let off = WebhookFaults { batch: 1_000, ..WebhookFaults::default() };
    let order = fieldline_whatsapp_sim::FaultOrder { webhooks: Some(off), ..Default::default() };
    assert_eq!(world.sim.faults(&order).unwrap().webhooks, off);
    let big = json!({"field": "account_alerts", "value": {"x": "y".repeat(1 << 20)}});
    for _ in 0..5 {
        world.control("webhook", &big).await;
    }
    world.pass(10).await;
    let sizes: Vec<usize> = world.arrived().iter().map(|one| one.body.to_string().len()).collect();
    assert!(sizes.len() > 1 && sizes.iter().all(|size| *size <= 3 << 20), "{sizes:?}");
}

#[tokio::test(start_paused = true)]
async fn any_webhook_can_be_sent_raw() {
    let world = World::new();
    let value = json!({"display_phone_number": "1", "event": "THROUGHPUT_UPGRADE"});
    world
        .control("webhook", &json!({"field": "phone_number_quality_update", "value": value}))
        .await;
    world
        .control(
            "webhook",
            &json!({"field": "of_tomorrow", "value": 7, "entry_id": "9", "time": 5}),
        )
        .await;
    world.control("webhook", &json!({"field": "messages", "value": {}})).await;
    world.pass(1).await;
    let bodies: Vec<Value> =
        world.arrived().into_iter().map(|one| one.body["entry"][0].clone()).collect();
    assert_eq!(bodies[0]["changes"][0]["value"], value);
    assert!(bodies[0]["time"].is_i64());
    assert_eq!(
        bodies[1],
        json!({"id": "9", "time": 5, "changes": [{"field": "of_tomorrow", "value": 7}]})
    );
    assert!(bodies[2].get("time").is_none());
}

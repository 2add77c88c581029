//! The owner's app beside the API: echoes, the line, history, phone book (whatsapp.md 4, 5.5).

use serde_json::{Value, json};

use crate::sends::error;
use crate::world::{ANA, World};

const PHONE: &str = "106540352242922";
const HOUR: u64 = 3_600_000;

async fn sync(world: &World, kind: &str) -> Value {
    let body = json!({"messaging_product": "whatsapp", "sync_type": kind});
    let (status, answer) = world.call("POST", &format!("{PHONE}/smb_app_data"), &body).await;
    if status == 200 {
        assert!(answer["request_id"].is_string());
        return json!(0);
    }
    error(Some((status, answer))).1
}

async fn on_app(world: &World) -> Value {
    world.call("GET", &format!("{PHONE}?fields=is_on_biz_app"), &Value::Null).await.1["is_on_biz_app"].clone()
}

#[tokio::test(start_paused = true)]
async fn each_synchronisation_works_once_within_24_hours() {
    let world = World::new();
    assert_eq!(sync(&world, "smb_app_state_sync").await, 0);
    assert_eq!(sync(&world, "history").await, 0);
    assert_eq!(sync(&world, "history").await, 2_593_107);
    assert_eq!(sync(&world, "smb_app_state_sync").await, 2_593_107);
    assert_eq!(sync(&world, "everything").await, 100);
    world.control("owner/line", &json!({"event": "partner_added"})).await;
    world.pass(24 * HOUR - 1).await;
    assert_eq!(sync(&world, "history").await, 0, "connected again");
    world.pass(1).await;
    assert_eq!(sync(&world, "smb_app_state_sync").await, 2_593_108);
}

#[tokio::test(start_paused = true)]
async fn history_comes_in_phases_with_progress_repeats_and_late_media() {
    let world = World::new();
    let order = json!({"chats": [{"wa_id": ANA, "messages": [
        {"age_ms": HOUR, "text": "young"},
        {"age_ms": 48 * HOUR, "from_me": true, "message": {"type": "image", "image": {"caption": "pic"}}},
        {"age_ms": 40 * 24 * HOUR, "message": {"type": "video", "video": {}}},
        {"age_ms": 100 * 24 * HOUR, "text": "old", "from_me": true, "status": "DELIVERED"}]}]});
    world.control("owner/history", &order).await;
    world.pass(60_000).await;
    assert!(world.updates().is_empty(), "not before it is asked for");
    assert_eq!(sync(&world, "history").await, 0);
    world.pass(60_000).await;
    let updates = world.updates();
    assert!(updates.iter().all(|(field, _)| field == "history"));
    let parts: Vec<&Value> =
        updates.iter().filter_map(|(_, value)| value.get("history")).map(|list| &list[0]).collect();
    let phases: Vec<&Value> = parts.iter().map(|part| &part["metadata"]["phase"]).collect();
    assert_eq!(phases, [&json!(0), &json!(1), &json!(2)]);
    assert_eq!(parts[2]["metadata"]["progress"], 100);
    let messages = |part: usize| parts[part]["threads"][0]["messages"].as_array().unwrap().clone();
    let young = &messages(0)[0];
    assert_eq!(young["history_context"], json!({"from_me": false, "status": "pending"}));
    assert!(young.get("to").is_none() && young["from"] == ANA);
    assert!(messages(1).contains(young), "phase 1 holds phase 0 again");
    let placeholders: Vec<Value> =
        messages(1).into_iter().filter(|m| m["type"] == "media_placeholder").collect();
    assert_eq!(placeholders.len(), 2);
    let oldest = messages(2).pop().unwrap();
    assert_eq!(oldest["history_context"]["status"], "DELIVERED", "newest first");
    let media: Vec<&Value> =
        updates.iter().filter_map(|(_, value)| value.get("message_echoes")).collect();
    assert_eq!(media.len(), 1, "only of the last 14 days");
    let own = placeholders.iter().find(|m| m.get("to").is_some()).unwrap();
    assert_eq!(media[0][0]["id"], own["id"]);
    assert_ne!(media[0][0]["timestamp"], own["timestamp"]);
    let id = media[0][0]["image"]["id"].as_str().unwrap();
    assert_eq!(world.call("GET", id, &Value::Null).await.0, 200);
    assert!(!serde_json::to_string(&parts).unwrap().contains("profile"), "no names anywhere");
}

#[tokio::test(start_paused = true)]
async fn a_shop_of_many_messages_arrives_whole() {
    let world = World::new();
    let order = json!({"chats": 30, "messages": 1_000, "chunk": 70, "at_once": true, "no_repeats": true,
        "shuffle": true});
    world.control("owner/history", &order).await;
    world.pass(60_000).await;
    let (mut ids, mut chats, mut orders) =
        (std::collections::BTreeSet::new(), std::collections::BTreeSet::new(), vec![]);
    for (_, value) in world.updates() {
        let Some(part) = value.get("history").map(|list| list[0].clone()) else { continue };
        orders.push((
            part["metadata"]["phase"].as_u64().unwrap(),
            part["metadata"]["chunk_order"].as_u64().unwrap(),
        ));
        for thread in part["threads"].as_array().unwrap() {
            chats.insert(thread["id"].to_string());
            for message in thread["messages"].as_array().unwrap() {
                assert!(ids.insert(message["id"].to_string()), "twice");
            }
        }
    }
    assert_eq!((ids.len(), chats.len()), (1_000, 30));
    assert!(!orders.is_sorted(), "out of order");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_comes_in_both_printed_forms_and_silence_is_silence() {
    for bare in [false, true] {
        let world = World::new();
        world.control("owner/history", &json!({"consent": false, "bare": bare})).await;
        sync(&world, "history").await;
        world.pass(10_000).await;
        let body = world.arrived().remove(0).body;
        let value = if bare { &body } else { &body["entry"][0]["changes"][0]["value"] };
        assert_eq!(value["history"][0]["errors"][0]["code"], 2_593_109);
        assert_eq!(body.get("entry").is_none(), bare);
    }
    let world = World::new();
    world.control("owner/history", &json!({"silent": true})).await;
    assert_eq!(sync(&world, "history").await, 0);
    world.pass(HOUR).await;
    assert!(world.updates().is_empty());
    let empty = World::new();
    sync(&empty, "history").await;
    empty.pass(10_000).await;
    let part = empty.updates().remove(0).1["history"][0].clone();
    assert_eq!(part["metadata"]["progress"], 100);
    assert!(part.get("threads").is_none());
}

#[tokio::test(start_paused = true)]
async fn the_phone_book_comes_when_asked_and_then_each_change() {
    let world = World::new();
    sync(&world, "history").await;
    world.control("owner/contacts", &json!({"wa_id": ANA, "full_name": "Ana Old"})).await;
    world
        .control(
            "owner/contacts",
            &json!({"wa_id": ANA, "full_name": "Ana Ruiz", "first_name": "Ana"}),
        )
        .await;
    world.pass(10_000).await;
    world.updates();
    sync(&world, "smb_app_state_sync").await;
    world.control("owner/contacts", &json!({"wa_id": ANA})).await;
    world.pass(10_000).await;
    let updates = world.updates();
    let entry = |at: usize| &updates[at].1["state_sync"][0];
    assert_eq!(updates.len(), 2);
    assert_eq!(
        (&entry(0)["action"], &entry(0)["contact"]["full_name"]),
        (&json!("add"), &json!("Ana Ruiz"))
    );
    assert_eq!(entry(1)["action"], "remove");
    assert!(entry(1)["contact"].get("full_name").is_none());
    assert!(entry(0)["metadata"]["timestamp"].is_string());
}

#[tokio::test(start_paused = true)]
async fn each_event_of_the_line_has_its_shape_and_its_effect() {
    let hello = json!({"name": "hello_world", "language": {"code": "en_US"}});
    for (order, event, code, on) in [
        (json!({"event": "disconnect"}), "PARTNER_REMOVED", 133_010, false),
        (
            json!({"event": "disconnect", "reason": "CHANGE_NUMBER"}),
            "PARTNER_REMOVED",
            133_010,
            false,
        ),
        (json!({"event": "inactive"}), "PARTNER_REMOVED", 133_010, false),
        (json!({"event": "offboard"}), "ACCOUNT_OFFBOARDED", 133_010, false),
        (json!({"event": "partner_removed"}), "PARTNER_REMOVED", 133_010, false),
        (json!({"event": "app_uninstalled"}), "PARTNER_APP_UNINSTALLED", 133_010, false),
        (json!({"event": "restrict"}), "ACCOUNT_RESTRICTION", 368, true),
        (json!({"event": "disable"}), "DISABLED_UPDATE", 131_031, true),
        (json!({"event": "delete"}), "ACCOUNT_DELETED", 131_031, true),
        (json!({"event": "violation"}), "ACCOUNT_VIOLATION", 0, true),
        (json!({"event": "partner_added"}), "PARTNER_ADDED", 0, true),
        (json!({"event": "app_installed"}), "PARTNER_APP_INSTALLED", 0, true),
        (json!({"event": "MM_LITE_TERMS_SIGNED"}), "MM_LITE_TERMS_SIGNED", 0, true),
    ] {
        let world = World::new();
        world.control("owner/line", &order).await;
        world.pass(1).await;
        let body = world.arrived().remove(0).body;
        let entry = &body["entry"][0];
        let value = &entry["changes"][0]["value"];
        assert_eq!(entry["changes"][0]["field"], "account_update");
        assert_eq!(value["event"], event, "{order}");
        assert!(entry["time"].is_i64());
        let of_partner = value.get("waba_info").is_some();
        assert_eq!(entry["id"] == "102290129340398", !of_partner, "{order}");
        if let Some(reason) = order.get("reason") {
            assert_eq!(&value["disconnection_info"]["reason"], reason);
        }
        let (status, answer) = world.send("template", &hello).await;
        let got = if status == 200 { json!(0) } else { error(Some((status, answer))).1 };
        assert_eq!(got, code, "{order}");
        assert_eq!(on_app(&world).await, on, "{order}");
    }
    let world = World::new();
    for event in ["offboard", "reconnect", "disable", "reinstate"] {
        world.control("owner/line", &json!({"event": event})).await;
    }
    assert_eq!(world.send("template", &hello).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_owner_is_cut_off_after_14_days_unless_they_come_back() {
    let world = World::new();
    world.control("owner/line", &json!({"event": "quiet"})).await;
    world.pass(10 * 24 * HOUR).await;
    world.control("owner", &json!({"to": ANA, "text": "Back"})).await;
    world.control("owner/line", &json!({"event": "quiet"})).await;
    world.pass(14 * 24 * HOUR - 1).await;
    assert_eq!(world.updates().len(), 1, "the echo");
    assert_eq!(on_app(&world).await, true);
    world.pass(2).await;
    let (_, value) = world.updates().remove(0);
    assert_eq!(
        value["disconnection_info"],
        json!({"reason": "PRIMARY_INACTIVITY", "initiated_by": "SYSTEM"})
    );
    assert_eq!(on_app(&world).await, false);
}

#[tokio::test(start_paused = true)]
async fn the_owner_edits_deletes_and_reacts_also_to_what_the_api_sent() {
    let world = World::new();
    let theirs = world.control("customer", &json!({"wa_id": ANA, "text": "Hi"})).await;
    let own = world
        .control("owner", &json!({"to": ANA, "text": "One", "reply_to": theirs["wamid"]}))
        .await;
    let sent = world.send("text", &json!({"body": "Two"})).await.1["messages"][0]["id"].clone();
    world.pass(10_000).await;
    let echo = world.updates().remove(1).1["message_echoes"][0].clone();
    assert_eq!(echo["context"]["id"], theirs["wamid"]);
    world.control("owner/edit", &json!({"wamid": own["wamid"], "text": "Uno"})).await;
    world.control("owner/revoke", &json!({"wamid": sent})).await;
    world.control("owner/react", &json!({"wamid": theirs["wamid"], "emoji": "👍"})).await;
    world.pass(1).await;
    let echoes: Vec<Value> =
        world.updates().into_iter().map(|(_, value)| value["message_echoes"][0].clone()).collect();
    assert_eq!(
        echoes[0]["edit"],
        json!({"original_message_id": own["wamid"],
        "message": {"context": {"id": "M0"}, "type": "text", "text": {"body": "Uno"}}})
    );
    assert_eq!(echoes[1]["revoke"], json!({"original_message_id": sent}));
    assert_eq!(echoes[2]["reaction"]["emoji"], "👍");
    assert!(echoes.iter().all(|echo| echo["from"] == "15550783881" && echo["to"] == ANA));
    let shown = &world.sim.chats().customers[0].messages;
    assert_eq!((shown[1].text.as_deref(), shown[1].edited), (Some("Uno"), true));
    assert_eq!((shown[2].text.as_deref(), shown[2].deleted), (None, true));
    assert_eq!(shown[0].reactions.len(), 1);
}

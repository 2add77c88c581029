//! Statuses: those that follow by themselves, and those that are ordered.

use fieldline_whatsapp_sim::{ControlError, CustomerMessage, FaultOrder, StatusNews};

use crate::world::{ANA, World, send_body};

async fn sent(world: &World, callback: &str) -> String {
    world.sim.customer(&CustomerMessage::text(ANA, "Hi")).unwrap();
    world.pass(1).await;
    world.arrived();
    let (_, answer) = world.graph(&send_body(ANA, "Hello", callback)).await.unwrap();
    answer["messages"][0]["id"].as_str().unwrap().to_owned()
}

fn news(wamid: &str, status: &str, code: Option<u32>) -> StatusNews {
    StatusNews { wamid: wamid.to_owned(), status: status.to_owned(), code }
}

#[tokio::test(start_paused = true)]
async fn sent_and_delivered_follow_by_themselves_and_read_does_not() {
    let world = World::new();
    sent(&world, "c1").await;
    world.pass(199).await;
    assert!(world.heard().is_empty());
    world.pass(1).await;
    assert_eq!(world.heard(), ["sent"]);
    world.pass(400).await;
    assert_eq!(world.heard(), ["delivered"]);
    world.pass(86_400_000).await;
    assert!(world.heard().is_empty());
    assert_eq!(world.sim.customer_read("+34 600 111 222").unwrap().wamids.len(), 1);
    assert!(world.sim.customer_read(ANA).unwrap().wamids.is_empty(), "only once");
    world.pass(1).await;
    assert_eq!(world.heard(), ["read"]);
}

#[tokio::test(start_paused = true)]
async fn status_delay_holds_them_back() {
    let world = World::new();
    let order = FaultOrder { status_delay_ms: Some(60_000), ..FaultOrder::default() };
    world.sim.faults(&order).unwrap();
    sent(&world, "c1").await;
    world.pass(60_199).await;
    assert!(world.heard().is_empty());
    world.pass(401).await;
    assert_eq!(world.heard(), ["sent", "delivered"]);
    assert_eq!(world.sim.fault_counts().get("status_delay"), Some(&1));
}

#[tokio::test(start_paused = true)]
async fn a_customer_who_reads_at_once_skips_what_was_to_follow() {
    let world = World::new();
    sent(&world, "c1").await;
    world.sim.customer_read(ANA).unwrap();
    world.pass(10_000).await;
    assert_eq!(world.heard(), ["read"]);
}

#[tokio::test(start_paused = true)]
async fn failed_names_its_code_and_takes_the_message_away() {
    let world = World::new();
    let wamid = sent(&world, "c1").await;
    world.pass(200).await;
    world.arrived();
    world.sim.status(&news(&wamid, "failed", Some(131_047))).unwrap();
    world.pass(10_000).await;
    let arrived = world.arrived();
    assert_eq!(arrived.len(), 1, "no delivered after it");
    let status = &arrived[0].body["entry"][0]["changes"][0]["value"]["statuses"][0];
    assert_eq!(status["errors"][0]["code"], 131_047);
    assert_eq!(status["errors"][0]["title"], "Re-engagement message");
    assert_eq!(status["biz_opaque_callback_data"], "c1");
    assert!(world.shown(ANA).is_empty());
    let chats = world.sim.chats();
    assert_eq!(chats.owner[0].messages[1].status.as_deref(), Some("failed"));
}

#[tokio::test(start_paused = true)]
async fn ordered_statuses_may_come_in_any_order_and_of_any_word() {
    let world = World::new();
    let wamid = sent(&world, "c1").await;
    for word in ["delivered", "sent", "warning", "failed"] {
        world.sim.status(&news(&wamid, word, None)).unwrap();
    }
    world.pass(10_000).await;
    assert_eq!(world.heard(), ["delivered", "sent", "warning", "failed"]);
}

#[tokio::test(start_paused = true)]
async fn only_api_sends_have_statuses() {
    let world = World::new();
    let theirs = world.sim.customer(&CustomerMessage::text(ANA, "Hi")).unwrap().wamid;
    let unknown = ControlError::Unknown { field: "wamid".to_owned() };
    for wamid in [theirs.as_str(), "wamid.unknown"] {
        assert_eq!(world.sim.status(&news(wamid, "sent", None)), Err(unknown.clone()));
    }
}

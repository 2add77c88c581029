//! One seed is one run, to the byte.

use std::future::Future;

use fieldline_whatsapp_sim::{
    CustomerMessage, FaultOrder, OwnerMessage, Script, SendFault, WebhookFailure, WebhookFaults,
};
use serde_json::json;

use crate::world::{ANA, BEN, World, send_body};

async fn day(seed: u64) -> String {
    let answers = vec![Ok(200), Ok(500), Err(WebhookFailure::Unanswered)];
    let world = World::with(seed, |settings| settings.webhook_batch = 2, answers, 30);
    let webhooks = WebhookFaults { repeat: 1, shuffle: true, ..WebhookFaults::default() };
    let faults = FaultOrder { webhooks: Some(webhooks), ..FaultOrder::default() };
    world.sim.faults(&faults).unwrap();
    for round in 0..5 {
        for who in [ANA, BEN] {
            world.sim.customer(&CustomerMessage::text(who, format!("q{round}"))).unwrap();
            let lost = FaultOrder {
                send: Some(SendFault::LostAnswer),
                times: Some(1),
                ..FaultOrder::default()
            };
            world.sim.faults(&lost).unwrap();
            for n in 0..2 {
                world.graph(&send_body(who, &format!("a{round}.{n}"), "c")).await;
            }
            world.pass(150).await;
            world.sim.owner(&OwnerMessage::text(who, "me too")).unwrap();
        }
        world.sim.customer_read(ANA).unwrap();
        world.graph(&json!({"wrong": true})).await;
    }
    world.pass(600_000).await;
    let arrived: Vec<_> = world.arrived().into_iter().map(|w| (w.at, w.body)).collect();
    let (log, chats) = (world.sim.log(), world.sim.chats());
    serde_json::to_string(&(log, chats, arrived)).unwrap()
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(work)
}

#[test]
fn the_same_seed_gives_the_same_log_to_the_byte() {
    let first = run(day(7));
    assert_eq!(first, run(day(7)));
    assert_ne!(first, run(day(8)));
}

#[tokio::test(start_paused = true)]
async fn a_script_plays_in_order_and_stops_where_it_is_refused() {
    let world = World::new();
    let script = json!([
        {"path": "/sim/customer", "body": {"wa_id": ANA, "text": "first"}},
        {"after_ms": 5_000, "method": "POST", "path": "/sim/owner", "body": {"to": ANA, "text": "second"}},
        {"after_ms": 100, "method": "GET", "path": "/sim/log"},
        {"path": "/sim/owner", "body": {"to": ANA}},
        {"path": "/sim/owner", "body": {"to": ANA, "text": "never"}},
    ]);
    let script = Script::parse(script.to_string().as_bytes()).unwrap();
    let refused = script.play(&world.sim).await.unwrap_err().to_string();
    assert!(refused.contains("step 4") && refused.contains("400"), "{refused}");
    world.pass(1).await;
    let arrived = world.arrived();
    assert_eq!(arrived.iter().map(|webhook| webhook.at).collect::<Vec<_>>(), [0, 5_000]);
    assert_eq!(arrived[1].says(), ["second"]);
}

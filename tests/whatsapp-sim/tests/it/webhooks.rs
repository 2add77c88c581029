//! How webhooks travel: retries, and what the faults do to them.

use fieldline_whatsapp_sim::{CustomerMessage, FaultOrder, WebhookFailure, WebhookFaults};

use crate::world::{ANA, Arrived, World};

fn write(world: &World, text: &str) {
    world.sim.customer(&CustomerMessage::text(ANA, text)).unwrap();
}

fn order(world: &World, webhooks: WebhookFaults) {
    let order = FaultOrder { webhooks: Some(webhooks), ..FaultOrder::default() };
    world.sim.faults(&order).unwrap();
}

fn times(arrived: &[Arrived]) -> Vec<u64> {
    arrived.iter().map(|webhook| webhook.at).collect()
}

#[tokio::test(start_paused = true)]
async fn tried_again_ever_less_often_until_it_is_answered_200() {
    let answers = vec![
        Ok(500),
        Ok(202),
        Err(WebhookFailure::NotSent),
        Err(WebhookFailure::Unanswered),
        Ok(503),
    ];
    let world = World::with(1, |_| {}, answers, 0);
    write(&world, "Hi");
    world.pass(3_600_000).await;
    let arrived = world.arrived();
    assert_eq!(times(&arrived), [0, 1_000, 3_000, 7_000, 15_000, 31_000]);
    assert!(arrived.iter().all(|webhook| webhook.body == arrived[0].body));
    let answered: Vec<_> = world.sim.log().webhooks.iter().map(|w| w.answered).collect();
    assert_eq!(answered, [Some(500), Some(202), None, None, Some(503), Some(200)]);
    assert_eq!(world.sim.pending(), 0);
}

#[tokio::test(start_paused = true)]
async fn given_up_after_seven_days() {
    let world = World::with(1, |_| {}, vec![Ok(500); 5_000], 0);
    write(&world, "Hi");
    world.pass(8 * 86_400_000).await;
    let last = world.arrived().last().unwrap().at;
    assert!(last <= 7 * 86_400_000 && last > 7 * 86_400_000 - 600_000, "{last}");
    assert_eq!(world.sim.pending(), 0);
}

#[tokio::test(start_paused = true)]
async fn one_after_the_other_in_order() {
    let world = World::with(1, |_| {}, vec![], 50);
    for text in ["a", "b", "c"] {
        write(&world, text);
    }
    world.pass(1_000).await;
    let arrived = world.arrived();
    assert_eq!(times(&arrived), [0, 50, 100]);
    assert_eq!(arrived.iter().flat_map(Arrived::says).collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn repeat_gives_extra_copies() {
    let world = World::new();
    order(&world, WebhookFaults { repeat: 2, ..WebhookFaults::default() });
    write(&world, "a");
    write(&world, "b");
    world.pass(1_000).await;
    assert_eq!(world.heard(), ["a", "a", "a", "b", "b", "b"]);
    assert_eq!(world.sim.fault_counts().get("webhook_repeat"), Some(&4));
    order(&world, WebhookFaults::default());
    write(&world, "c");
    world.pass(1_000).await;
    assert_eq!(world.heard(), ["c"]);
}

#[tokio::test(start_paused = true)]
async fn shuffle_loses_the_order_and_nothing_else() {
    let world = World::with(1, |_| {}, vec![], 200);
    order(&world, WebhookFaults { shuffle: true, ..WebhookFaults::default() });
    let texts: Vec<String> = (0..12).map(|n| format!("{n:02}")).collect();
    for text in &texts {
        write(&world, text);
    }
    world.pass(10_000).await;
    let arrived = world.arrived();
    assert!(times(&arrived).windows(2).any(|pair| pair[1] - pair[0] < 200), "side by side");
    let mut heard: Vec<String> = arrived.iter().flat_map(Arrived::says).collect();
    assert_ne!(heard, texts);
    heard.sort();
    assert_eq!(heard, texts);
}

#[tokio::test(start_paused = true)]
async fn delay_and_drop_hold_them_back() {
    let world = World::new();
    let faults =
        WebhookFaults { delay_ms: 5_000, drop_until_retry: true, ..WebhookFaults::default() };
    order(&world, faults);
    write(&world, "late");
    order(&world, WebhookFaults::default());
    write(&world, "prompt");
    world.pass(60_000).await;
    let arrived = world.arrived();
    assert_eq!(times(&arrived), [0, 6_000]);
    assert_eq!(arrived[1].says(), ["late"]);
    let log: Vec<_> = world.sim.log().webhooks.iter().map(|w| w.answered).collect();
    assert_eq!(log, [Some(200), None, Some(200)], "the lost try is in the log");
    assert_eq!(world.sim.fault_counts().get("webhook_drop"), Some(&1));
}

#[tokio::test(start_paused = true)]
async fn updates_travel_together_only_when_batches_are_on() {
    let world = World::with(1, |settings| settings.webhook_batch = 3, vec![Ok(500)], 0);
    for text in ["a", "b", "c", "d"] {
        write(&world, text);
    }
    world.pass(10_000).await;
    let says: Vec<Vec<String>> = world.arrived().iter().map(Arrived::says).collect();
    assert_eq!(says, [vec!["a", "b", "c"], vec!["d"], vec!["a", "b", "c"]]);
}

#[tokio::test(start_paused = true)]
async fn stopped_is_silent_and_started_again_goes_on() {
    let world = World::new();
    world.sim.stop().await;
    write(&world, "a");
    world.pass(10_000).await;
    assert!(world.heard().is_empty());
    world.sim.start();
    world.pass(1).await;
    assert_eq!(world.heard(), ["a"]);
}

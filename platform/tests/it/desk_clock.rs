//! The desk's clock: a snooze ends, a pause of the AI ends.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::world::{MARIA, World, to_nobody};

#[tokio::test(start_paused = true)]
async fn m14_a_snoozed_conversation_wakes_at_its_time() {
    let world = World::new().await;
    let maria = world.sign_in(MARIA).await;
    let id = world.conversation(&["hello"]).await;
    world.platform.start();
    let until = world.now() + 90_000;
    let snooze = json!({"conversation": id, "was": "open", "to": "snoozed", "until": until});
    assert_eq!(world.give(&maria, "status", snooze).await["outcome"], "done");
    let seen = world.seen(&maria, &id).await.unwrap();
    assert_eq!(seen["status"], json!({"kind": "snoozed", "until": until}));
    sleep(Duration::from_millis(89_900)).await;
    assert_eq!(world.seen(&maria, &id).await.unwrap()["status"]["kind"], "snoozed");
    let since = world.cursor(&maria).await;
    sleep(Duration::from_millis(200)).await;
    assert_eq!(world.seen(&maria, &id).await.unwrap()["status"], json!({"kind": "open"}));
    let page = world.changes(&maria, &since).await.ok();
    assert_eq!(page["changes"][0]["object"]["body"]["by"], json!({"kind": "system"}));
    world.platform.stop().await;
}

#[tokio::test(start_paused = true)]
async fn m14_a_snooze_that_is_over_when_it_comes_opens_at_once() {
    let world = World::new().await;
    let maria = world.sign_in(MARIA).await;
    let id = world.conversation(&["hello"]).await;
    let pending = json!({"conversation": id, "was": "open", "to": "pending"});
    world.give(&maria, "status", pending).await;
    let late =
        json!({"conversation": id, "was": "pending", "to": "snoozed", "until": world.now() - 1});
    assert_eq!(world.give(&maria, "status", late).await["outcome"], "done");
    assert_eq!(world.seen(&maria, &id).await.unwrap()["status"], json!({"kind": "open"}));
    let far = json!({"conversation": id, "was": "open", "to": "snoozed", "until": i64::MAX});
    assert_eq!(world.give(&maria, "status", far).await["details"]["field"], "until");
}

#[tokio::test(start_paused = true)]
async fn m10_the_ai_goes_on_when_its_pause_ends() {
    let world = World::new().await;
    let maria = world.sign_in(MARIA).await;
    let id = world.conversation(&["hello"]).await;
    world.platform.start();
    let ai = json!({"conversation": id, "was": to_nobody(), "to": {"kind": "ai"}});
    world.give(&maria, "assign", ai).await;
    world.give(&maria, "take_over", json!({"conversation": id})).await;
    sleep(Duration::from_secs(3_599)).await;
    // The access token is over by then.
    let asked = |world: &World| world.one::<String>("SELECT handler FROM conversations");
    assert_eq!(asked(&world), "human");
    sleep(Duration::from_secs(2)).await;
    assert_eq!(asked(&world), "ai");
    assert_eq!(
        world.one::<i64>("SELECT count(*) FROM conversations WHERE ai_resumes_at IS NULL"),
        1
    );
    world.platform.stop().await;
}

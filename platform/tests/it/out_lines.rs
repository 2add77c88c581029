//! A stopped line holds everything of its channel, alike, until its cause is lifted.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::meta_world::*;

/// Ana and Bo have written; the line stops when Maria answers Ana.
async fn stopped(code: i64) -> (World, Vec<String>) {
    let world = World::new().await;
    world.ana("wamid.in", "a question").await;
    let ana = world.chat();
    world.webhook(&[customer("34600999", "wamid.b", "me too", world.now_s())]).await;
    let bo: String = world.one(&format!("SELECT id FROM conversations WHERE id <> '{ana}'"));
    world.graph.then([Reply::Code(403, code)]);
    let mut ids = Vec::new();
    for (chat, text) in [(&ana, "1"), (&ana, "2"), (&bo, "3")] {
        let id = world.uuid();
        let mut command = world.sending(&id, text, 1);
        command["conversation"] = chat.as_str().into();
        assert_eq!(world.command(MARIA, command).await["outcome"], "done");
        world.quiet().await;
        ids.push(id);
    }
    (world, ids)
}

#[tokio::test(start_paused = true)]
async fn a_stopped_line_holds_all_of_its_channel_and_goes_on_in_order() {
    let (world, ids) = stopped(190).await;
    for id in &ids {
        assert_eq!(world.state(id), "waiting queued R5");
        assert_eq!(world.trouble(id)["whatsapp_code"], 190);
        assert_eq!(world.trouble(id)["final"], false);
    }
    // A later one is taken (done) and held too.
    let late = world.uuid();
    let mut command = world.sending(&late, "4", 1);
    command["conversation"] = world
        .one::<String>(&format!("SELECT conversation FROM sends WHERE message = '{}'", ids[0]))
        .into();
    assert_eq!(world.command(MARIA, command).await["outcome"], "done");
    world.quiet().await;
    assert_eq!(world.state(&late), "waiting queued R5");
    world.later(Duration::from_hours(3)).await;
    assert_eq!(world.graph.texts(), ["1"]);
    let (status, _) = world.as_owner("POST", "/v1/office/channels/h/resume", &json!({})).await;
    assert_eq!(status, 204);
    world.quiet().await;
    for id in ids.iter().chain([&late]) {
        assert_eq!(world.state(id), "accepted sent -");
    }
    let mut texts = world.graph.texts();
    let of_ana: Vec<_> = texts.iter().filter(|t| *t != "3").cloned().collect();
    assert_eq!(of_ana, ["1", "1", "2", "4"]);
    texts.sort();
    assert_eq!(texts, ["1", "1", "2", "3", "4"]);
}

#[tokio::test(start_paused = true)]
async fn guard_and_window_are_judged_again_when_the_line_is_up() {
    let (world, ids) = stopped(131_042).await;
    assert_eq!(world.state(&ids[0]), "waiting queued R11");
    world.owner("wamid.owner", "answered on the phone").await;
    world.later(Duration::from_hours(24)).await;
    let (status, _) = world.as_owner("POST", "/v1/office/channels/h/resume", &json!({})).await;
    assert_eq!(status, 204);
    world.quiet().await;
    assert_eq!(world.state(&ids[0]), "held queued R8");
    assert_eq!(world.state(&ids[1]), "waiting queued R4");
    assert_eq!(world.state(&ids[2]), "held queued R7");
    assert_eq!(world.graph.texts(), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_line_that_the_owner_took_down_goes_out_when_it_comes_back() {
    let world = World::new().await;
    world.ana("wamid.in", "a question").await;
    world.webhook(&[customer("34600999", "wamid.b", "me too", world.now_s())]).await;
    let bo: String = world.one("SELECT conversation FROM messages WHERE wamid = 'wamid.b'");
    let ana: String = world.one("SELECT conversation FROM messages WHERE wamid = 'wamid.in'");
    let event = async |value: Value| {
        let at = world.now_s();
        let body = json!({"entry": [{"id": "b", "time": at,
            "changes": [{"field": "account_update", "value": value}]}]});
        assert_eq!(world.raw(body.to_string().into_bytes()).await, 200);
        world.quiet().await;
    };
    event(json!({"event": "PARTNER_REMOVED", "phone_number": "34600",
        "disconnection_info": {"reason": "PRIMARY_INACTIVITY", "initiated_by": "SYSTEM"}}))
    .await;
    let mut ids = Vec::new();
    for (chat, text) in [(&ana, "1"), (&ana, "2"), (&bo, "3")] {
        let id = world.uuid();
        let mut command = world.sending(&id, text, 1);
        command["conversation"] = chat.as_str().into();
        assert_eq!(world.command(MARIA, command).await["outcome"], "done");
        ids.push(id);
    }
    sleep(Duration::from_hours(3)).await;
    for id in &ids {
        assert_eq!(world.state(id), "waiting queued R5");
        assert_eq!(world.trouble(id)["word"], "inactive");
    }
    assert!(world.graph.calls().is_empty());
    // Bo was answered on the phone meanwhile.
    world.webhook(&[echo("34600999", "wamid.o", "done", world.now_s())]).await;
    event(json!({"event": "ACCOUNT_RECONNECTED"})).await;
    sleep(Duration::from_secs(2)).await;
    assert_eq!(world.graph.texts(), ["1", "2"]);
    let states: Vec<_> = ids.iter().map(|id| world.state(id)).collect();
    assert_eq!(states, ["accepted sent -", "accepted sent -", "held queued R8"]);
}

#[tokio::test(start_paused = true)]
async fn the_stop_outlives_the_process_and_only_the_office_resumes() {
    let (mut world, ids) = stopped(131_048).await;
    world.kill().await;
    world.start().await;
    world.later(Duration::from_hours(1)).await;
    assert_eq!(world.state(&ids[2]), "waiting queued R11");
    let (status, _, _) =
        world.ask(MARIA, "POST", "/v1/office/channels/h/resume", &[], Vec::new()).await;
    assert_eq!(status, 403);
    let (status, _) = world.as_owner("POST", "/v1/office/channels/x/resume", &json!({})).await;
    assert_eq!(status, 404);
    assert_eq!(world.graph.texts(), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn other_channels_go_on() {
    let (world, _) = stopped(368).await;
    let sql = world.sql();
    sql.execute(
        "INSERT INTO channels (id, workspace, phone_number_id, waba_id, display, display_digits,
             token_sealed, created_at)
         SELECT 'i', workspace, '4343', waba_id, display, display_digits, token_sealed, 0 FROM channels",
        [],
    )
    .unwrap();
    // The same numbers, on the other channel.
    sql.execute(
        "UPDATE conversations SET channel = 'i' WHERE id IN (SELECT min(id) FROM conversations)",
        [],
    )
    .unwrap();
    sql.execute(
        "UPDATE sends SET channel = 'i' WHERE conversation IN (SELECT min(id) FROM conversations)",
        [],
    )
    .unwrap();
    world.graph.on(
        "POST /4343/messages",
        [Reply::Answer(200, json!({"messages": [{"id": "wamid.other"}]}), None)],
    );
    world.platform().state().sends.wake();
    world.quiet().await;
    let accepted = world.rows("SELECT DISTINCT channel FROM sends WHERE state = 'accepted'");
    assert_eq!(accepted, ["i"]);
    let held = world.rows("SELECT DISTINCT channel FROM sends WHERE state = 'waiting'");
    assert_eq!(held, ["h"]);
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_45_to_one_person_is_paid_back_and_says_so() {
    let world = World::new().await;
    world.ana("wamid.in", "a question").await;
    let commands: Vec<_> =
        (0..50).map(|i| world.sending(&world.uuid(), &i.to_string(), 1)).collect();
    let last = commands[46]["id"].as_str().unwrap().to_owned();
    world.commands(MARIA, commands).await;
    sleep(Duration::from_secs(4)).await;
    let sent = world.graph.calls().len();
    assert!((45..=46).contains(&sent), "{sent}");
    // The first that waits says why; those behind it wait for it.
    let head = world
        .rows(
            "SELECT m.id FROM sends s JOIN messages m ON m.id = s.message
        WHERE s.state = 'waiting' ORDER BY s.n LIMIT 1",
        )
        .remove(0);
    let trouble = world.trouble(&head);
    assert_eq!(trouble["reason"], "R6");
    assert_eq!(trouble["word"], "too_many_to_this_person");
    assert!(trouble["next_try"].as_i64().unwrap() > world.now());
    if head != last {
        assert_eq!(world.state(&last), "waiting queued R4");
    }
    sleep(Duration::from_secs(12)).await;
    let more = world.graph.calls().len() - sent;
    assert!((1..=3).contains(&more), "{more}");
    sleep(Duration::from_mins(1)).await;
    assert_eq!(world.rows("SELECT DISTINCT state FROM sends"), ["accepted"]);
}

#[tokio::test(start_paused = true)]
async fn a_number_that_is_slowed_down_rests_for_everybody_as_long_as_whatsapp_asks() {
    let world = World::new().await;
    world.ana("wamid.in", "a question").await;
    world.webhook(&[customer("34600999", "wamid.b", "me too", world.now_s())]).await;
    let chats = world.rows("SELECT id FROM conversations ORDER BY id");
    world.graph.then([Reply::Answer(429, json!({"error": {"code": 130_429}}), Some(30_000))]);
    for (chat, text) in [(&chats[0], "1"), (&chats[1], "2")] {
        let mut command = world.sending(&world.uuid(), text, 1);
        command["conversation"] = chat.as_str().into();
        assert_eq!(world.command(MARIA, command).await["outcome"], "done");
        world.quiet().await;
    }
    sleep(Duration::from_secs(29)).await;
    assert_eq!(world.graph.texts(), ["1"]);
    sleep(Duration::from_secs(5)).await;
    let mut texts = world.graph.texts();
    texts.sort();
    assert_eq!(texts, ["1", "1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn a_burst_counts_across_a_restart() {
    let mut world = World::new().await;
    world.ana("wamid.in", "a question").await;
    let burst = (0..45).map(|i| world.sending(&world.uuid(), &i.to_string(), 1)).collect();
    world.commands(MARIA, burst).await;
    sleep(Duration::from_secs(5)).await;
    let sent = world.graph.calls().len();
    assert_eq!(sent, 45);
    world.stop().await;
    world.start().await;
    let more = (45..50).map(|i| world.sending(&world.uuid(), &i.to_string(), 1)).collect();
    world.commands(MARIA, more).await;
    sleep(Duration::from_secs(1)).await;
    assert!(world.graph.calls().len() <= sent + 2, "{}", world.graph.calls().len());
    sleep(Duration::from_mins(1)).await;
    assert_eq!(world.graph.calls().len(), 50);
}

//! What comes at the worst moment: echoes before answers, connections that break in a commit,
//! bodies that are nearly JSON.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::meta_world::*;

/// A world in which Ana has just written.
async fn asked() -> World {
    let world = World::new().await;
    world.ana("wamid.in", "a question").await;
    world
}

/// A status that carries our own id back.
fn status_with(callback: &str, wamid: &str, word: &str, at_s: i64) -> Value {
    status(&json!({"id": wamid, "status": word, "timestamp": at_s.to_string(),
        "biz_opaque_callback_data": callback}))
}

#[tokio::test(start_paused = true)]
async fn a_status_settles_a_lost_answer_although_the_echo_was_first() {
    let world = asked().await;
    world.graph.then([Reply::Lost]);
    let id = world.send(MARIA, "an answer", 1).await;
    world.quiet().await;
    assert_eq!(world.state(&id), "unknown queued R14");
    // The owner's phone shows the message before anything tells that it is ours.
    world.owner("wamid.x", "an answer").await;
    world.webhook(&[status_with(&id, "wamid.x", "delivered", world.now_s())]).await;
    assert_eq!(world.state(&id), "accepted delivered -");
    let shown = "SELECT author_kind FROM messages WHERE deleted IS NULL ORDER BY n";
    assert_eq!(world.rows(shown), ["customer", "agent"]);
}

#[tokio::test(start_paused = true)]
async fn a_status_between_the_echo_and_the_answer_is_not_forgotten() {
    let world = asked().await;
    world.graph.then([Reply::Slow(Duration::from_secs(2))]);
    let id = world.send(MARIA, "an answer", 1).await;
    world.quiet().await;
    world.owner("wamid.out.1", "an answer").await;
    world.webhook(&[status_of("wamid.out.1", "delivered", world.now_s())]).await;
    sleep(Duration::from_secs(3)).await;
    assert_eq!(world.state(&id), "accepted delivered -");
}

#[tokio::test(start_paused = true)]
async fn an_echo_merges_although_it_spells_the_number_otherwise() {
    let world = asked().await;
    world.graph.then([Reply::Slow(Duration::from_secs(2))]);
    let id = world.send(MARIA, "an answer", 1).await;
    world.quiet().await;
    let elsewhere = echo("5511999", "wamid.out.1", "an answer", world.now_s());
    world.webhook(&[elsewhere]).await;
    sleep(Duration::from_secs(3)).await;
    world.webhook(&[status_of("wamid.out.1", "read", world.now_s())]).await;
    assert_eq!(world.state(&id), "accepted read -");
    let shown = "SELECT author_kind FROM messages WHERE deleted IS NULL ORDER BY author_kind";
    assert_eq!(world.rows(shown), ["agent", "customer"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_committed_goes_out_although_the_phone_is_gone() {
    let world = asked().await;
    let id = world.uuid();
    // What the test itself wrote beside the platform has been noticed.
    sleep(Duration::from_secs(1)).await;
    world.command_cut(world.sending(&id, "an answer", 1)).await;
    sleep(Duration::from_mins(1)).await;
    assert_eq!(world.graph.texts(), ["an answer"]);
    assert_eq!(world.state(&id), "accepted sent -");
}

#[tokio::test(start_paused = true)]
async fn a_kept_body_is_worked_off_although_meta_is_gone() {
    let world = World::new().await;
    sleep(Duration::from_secs(1)).await;
    world.raw_cut(envelope(&[customer(ANA, "wamid.1", "a", world.now_s())]));
    sleep(Duration::from_mins(1)).await;
    assert_eq!(world.rows("SELECT state FROM webhooks"), ["done"]);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM messages"), 1);
}

#[tokio::test(start_paused = true)]
async fn half_a_surrogate_costs_one_character_and_no_message() {
    let world = World::new().await;
    let body = String::from_utf8(envelope(&[
        customer(ANA, "wamid.1", "CUT", world.now_s()),
        customer(ANA, "wamid.2", "fine", world.now_s()),
    ]))
    .unwrap();
    let body = body.replace("CUT", r"\\ud83d \ud83d\ude00 a\ud83d \ude00b");
    assert_eq!(world.raw(body.clone().into_bytes()).await, 200);
    world.quiet().await;
    let mut bytes = body.replace("wamid.1", "wamid.3").into_bytes();
    let at = bytes.windows(4).position(|w| w == b"fine").unwrap();
    bytes[at] = 0xFF;
    let bytes = String::from_utf8_lossy(&bytes).replace("wamid.2", "wamid.4").into_bytes();
    assert_eq!(world.raw(bytes).await, 200);
    world.quiet().await;
    assert_eq!(world.rows("SELECT state FROM webhooks"), ["done", "done"]);
    let mended = "\\ud83d \u{1F600} a\u{FFFD} \u{FFFD}b";
    assert_eq!(
        world.rows("SELECT body ->> 'text' FROM messages ORDER BY n"),
        [mended, "fine", mended, "\u{FFFD}ine"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_command_that_withdraws_itself_is_refused_and_not_asked_for_again() {
    let world = asked().await;
    let id = world.uuid();
    let command = json!({"id": id, "kind": "withdraw", "message": id});
    let answer = world.command(MARIA, command.clone()).await;
    assert_eq!((&answer["outcome"], &answer["code"]), (&json!("refused"), &json!("malformed")));
    assert_eq!(world.command(MARIA, command).await, answer);
}

#[tokio::test(start_paused = true)]
async fn a_placeholder_that_is_the_last_to_be_seen_is_replaced_in_the_list_too() {
    let world = World::new().await;
    let unseen = json!({"id": "wamid.1", "timestamp": world.now_s(), "type": "unsupported",
        "errors": [{"code": 131_060}]});
    world.webhook(&[message(ANA, unseen)]).await;
    world.graph.then([Reply::Code(400, 131_030)]);
    let id = world.send(MARIA, "taken back", 1).await;
    world.quiet().await;
    let withdraw = json!({"kind": "withdraw", "message": id});
    assert_eq!(world.command(MARIA, withdraw).await["outcome"], "done");
    let before: i64 = world.one("SELECT version FROM conversations");
    world.ana("wamid.1", "here I am").await;
    assert!(world.one::<i64>("SELECT version FROM conversations") > before);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_falls_over_is_a_lost_answer() {
    let world = asked().await;
    world.graph.then([Reply::Panic]);
    let id = world.send(MARIA, "1", 1).await;
    let next = world.send(MARIA, "2", 1).await;
    sleep(Duration::from_mins(3)).await;
    assert_eq!(world.state(&id), "unknown queued R14");
    assert_eq!(world.state(&next), "accepted sent -");
}

#[tokio::test(start_paused = true)]
async fn one_bad_row_does_not_cost_the_rest_of_a_body() {
    let world = asked().await;
    world.send(MARIA, "an answer", 1).await;
    world.quiet().await;
    world.sql().execute("UPDATE messages SET times = 'x' WHERE author_kind = 'agent'", []).unwrap();
    let at = world.now_s();
    world
        .webhook(&[
            customer(ANA, "wamid.1", "before", at),
            status_of("wamid.out.1", "read", at),
            customer(ANA, "wamid.2", "after", at),
        ])
        .await;
    sleep(Duration::from_secs(5)).await;
    let texts = "SELECT body ->> 'text' FROM messages WHERE author_kind = 'customer' ORDER BY n";
    assert_eq!(world.rows(texts), ["a question", "before", "after"]);
    assert_eq!(world.rows("SELECT idx, kind, reason FROM webhook_leftovers"), ["1 status failed"]);
    // The operator is told, and the raw body is there.
    assert_eq!(world.rows("SELECT state FROM webhooks ORDER BY id"), ["done", "set_aside"]);
    let rows = "SELECT kind FROM changes WHERE at >= (SELECT max(at) FROM changes) ORDER BY seq";
    assert_eq!(world.rows(rows), ["message", "message", "conversation"]);
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_was_withdrawn_before_it_was_made_is_not_made() {
    let world = asked().await;
    world.graph.then([Reply::Lost]);
    let lost = world.send(MARIA, "an answer", 1).await;
    world.quiet().await;
    let copy = world.uuid();
    let withdraw = json!({"kind": "withdraw", "message": copy});
    assert_eq!(world.command(MARIA, withdraw).await["outcome"], "done");
    let again = json!({"kind": "settle", "message": lost, "result": "send_again", "new_id": copy,
        "based_on_n": 2});
    let answer = world.command(MARIA, again).await;
    assert_eq!((&answer["outcome"], &answer["code"]), (&json!("refused"), &json!("withdrawn")));
    sleep(Duration::from_mins(3)).await;
    assert_eq!(world.graph.texts(), ["an answer"]);
    assert_eq!(world.state(&lost), "unknown queued R14");
}

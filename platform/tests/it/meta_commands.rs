//! What people say about their messages, and how they are refused.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::meta_world::*;

async fn asked() -> World {
    let world = World::new().await;
    world.ana("wamid.in", "a question").await;
    world
}

fn refused(answer: &Value) -> (&str, &Value) {
    assert_eq!(answer["outcome"], "refused", "{answer}");
    (answer["code"].as_str().unwrap(), &answer["details"])
}

#[tokio::test(start_paused = true)]
async fn a_message_has_the_commands_id_author_and_times() {
    let world = asked().await;
    let mut command = world.sending(&world.uuid(), "hi", 1);
    command["at"] = 12_345.into();
    let id = command["id"].as_str().unwrap().to_owned();
    world.command(MARIA, command).await;
    assert_eq!(
        world.rows("SELECT id, n, author_kind, author_member, author_device, written_at FROM messages WHERE n = 2"),
        [format!("{id} 2 agent maria {MARIA} 12345")]
    );
}

#[tokio::test(start_paused = true)]
async fn one_character_too_many_is_refused_for_that_command_alone() {
    let world = asked().await;
    let fits = "é".repeat(4_096);
    let long = world.sending(&world.uuid(), &format!("{fits}é"), 1);
    let (code, details) =
        (world.command(MARIA, long).await, json!({"limit": 4096, "length": 4097}));
    assert_eq!(refused(&code), ("too_long", &details));
    world.send(MARIA, &fits, 1).await;
    world.quiet().await;
    assert_eq!(world.graph.texts(), [fits]);
}

#[tokio::test(start_paused = true)]
async fn the_guard_judges_at_acceptance() {
    let world = asked().await;
    world.owner("wamid.e", "done").await;
    let late = world.sending(&world.uuid(), "me too", 1);
    let answer = world.command(MARIA, late).await;
    assert_eq!(
        refused(&answer),
        ("answered_meanwhile", &json!({"by": {"kind": "owner_app"}, "n": 2}))
    );
    assert_eq!(answer["reason"], "R8");
    world.send(MARIA, "and more", 2).await;
    // The same device may write on without having seen its own; another one may not.
    world.send(MARIA, "and this", 2).await;
    world.quiet().await;
    let other = world.sending(&world.uuid(), "from Ben", 2);
    let answer = world.command(BEN, other).await;
    assert_eq!(
        refused(&answer),
        ("answered_meanwhile", &json!({"by": {"kind": "agent", "id": "maria"}, "n": 4}))
    );
    world.send(BEN, "from Ben", 4).await;
}

#[tokio::test(start_paused = true)]
async fn greetings_customers_and_unsent_texts_are_no_answer() {
    let world = asked().await;
    world.sql().execute("UPDATE workspaces SET greeting_texts = '[\"closed\"]'", []).unwrap();
    world.owner("wamid.g", "closed").await;
    world.ana("wamid.in2", "more").await;
    // Maria's first fails for good, her second is held up: neither has gone out.
    world.graph.then([Reply::Code(400, 131_026), Reply::Never]);
    world.send(MARIA, "1", 1).await;
    world.quiet().await;
    world.send(BEN, "2", 1).await;
    world.quiet().await;
    let waiting = world.send(BEN, "3", 1).await;
    // Ben's second is on its way (his attempt is recorded): that counts for Maria.
    let late = world.sending(&world.uuid(), "4", 1);
    let answer = world.command(MARIA, late).await;
    assert_eq!(refused(&answer).1["n"], 5);
    assert_eq!(world.state(&waiting), "waiting queued -");
}

#[tokio::test(start_paused = true)]
async fn a_closed_window_is_told_with_its_end() {
    let world = World::new().await;
    world.owner("wamid.e", "hello").await;
    let never = world.sending(&world.uuid(), "1", 1);
    assert_eq!(
        refused(&world.command(MARIA, never).await),
        ("window_closed", &json!({"templates": []}))
    );
    let at = world.now_s() - 24 * 3_600 + 5;
    world.webhook(&[customer(ANA, "wamid.in", "a", at)]).await;
    sleep(Duration::from_secs(6)).await;
    let late = world.sending(&world.uuid(), "1", 2);
    let answer = world.command(MARIA, late).await;
    assert_eq!(
        refused(&answer),
        ("window_closed", &json!({"closed_at": (at + 24 * 3_600) * 1_000, "templates": []}))
    );
    assert_eq!(answer["reason"], "R7");
}

#[tokio::test(start_paused = true)]
async fn a_quote_stays_in_its_conversation() {
    let world = asked().await;
    let chat = world.chat();
    world.webhook(&[customer("34600999", "wamid.b", "other", world.now_s())]).await;
    let other: String = world.one("SELECT id FROM messages WHERE wamid = 'wamid.b'");
    let mut command = world.sending(&world.uuid(), "x", 1);
    command["conversation"] = chat.into();
    command["reply_to"] = other.into();
    assert_eq!(
        refused(&world.command(MARIA, command).await),
        ("malformed", &json!({"field": "reply_to"}))
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_yours_stays_so() {
    let world = asked().await;
    world.graph.then([Reply::Lost]);
    let id = world.send(MARIA, "1", 1).await;
    world.quiet().await;
    world
        .sql()
        .execute("UPDATE conversations SET scope = 'member:maria', assignee = 'maria'", [])
        .unwrap();
    for command in [
        world.sending(&world.uuid(), "x", 2),
        json!({"kind": "withdraw", "message": id}),
        json!({"kind": "release", "message": id, "based_on_n": 2}),
        json!({"kind": "pass", "message": id}),
        json!({"kind": "settle", "message": id, "result": "arrived"}),
    ] {
        let answer = world.command(BEN, command).await;
        assert_eq!(refused(&answer).0, "not_yours");
        assert_eq!(answer["reason"], "R9");
    }
    let nobodys = json!({"kind": "pass", "message": world.uuid()});
    assert_eq!(refused(&world.command(MARIA, nobodys).await).0, "not_yours");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_out_can_be_taken_back() {
    let world = asked().await;
    world.graph.then([Reply::Never]);
    let out = world.send(MARIA, "1", 1).await;
    let waiting = world.send(MARIA, "secret", 1).await;
    world.quiet().await;
    let too_late = world.command(MARIA, json!({"kind": "withdraw", "message": out})).await;
    assert_eq!(refused(&too_late), ("too_late", &json!({"step": "queued"})));
    let done = world.command(BEN, json!({"kind": "withdraw", "message": waiting})).await;
    assert_eq!(done["outcome"], "done");
    assert_eq!(world.state(&waiting), "withdrawn queued -");
    let row = format!("SELECT n, body, deleted ->> 'by' FROM messages WHERE id = '{waiting}'");
    assert_eq!(world.rows(&row), [r#"3 {"kind":"text","text":""} ben"#]);
    sleep(Duration::from_mins(5)).await;
    assert_eq!(world.graph.texts(), ["1"]);
    // The number stays its own.
    let next = world.send(MARIA, "3", 3).await;
    assert_eq!(world.rows(&format!("SELECT n FROM messages WHERE id = '{next}'")), ["4"]);
}

#[tokio::test(start_paused = true)]
async fn a_withdrawn_answer_leaves_the_customer_waiting() {
    let world = asked().await;
    world.graph.then([Reply::Code(503, 2)]);
    let id = world.send(MARIA, "1", 1).await;
    world.quiet().await;
    assert_eq!(world.rows("SELECT unread, waiting_since FROM conversations"), ["0 -"]);
    world.command(MARIA, json!({"kind": "withdraw", "message": id})).await;
    let sent: i64 = world.one("SELECT sent_at FROM messages WHERE n = 1");
    assert_eq!(
        world.rows("SELECT unread, waiting_since FROM conversations"),
        [format!("0 {sent}")]
    );
}

#[tokio::test(start_paused = true)]
async fn an_original_that_comes_after_its_withdrawal_is_refused() {
    let world = asked().await;
    let id = world.uuid();
    let done = world.command(MARIA, json!({"kind": "withdraw", "message": id})).await;
    assert_eq!(done["outcome"], "done");
    let late = world.command(MARIA, world.sending(&id, "late", 1)).await;
    assert_eq!(refused(&late).0, "withdrawn");
    assert_eq!(world.one::<i64>("SELECT count(*) FROM sends"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_not_held_needs_no_release() {
    let world = asked().await;
    let id = world.send(MARIA, "1", 1).await;
    world.quiet().await;
    for command in [
        json!({"kind": "release", "message": id, "based_on_n": 2}),
        json!({"kind": "pass", "message": id}),
        json!({"kind": "settle", "message": id, "result": "arrived"}),
        json!({"kind": "settle", "message": id, "result": "send_again", "new_id": world.uuid(), "based_on_n": 2}),
    ] {
        assert_eq!(
            refused(&world.command(MARIA, command).await),
            ("settled", &json!({"step": "sent"}))
        );
    }
    let question: String = world.one("SELECT id FROM messages WHERE n = 1");
    let wrong = json!({"kind": "pass", "message": question});
    assert_eq!(refused(&world.command(MARIA, wrong).await).0, "malformed");
    assert_eq!(world.graph.texts(), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn a_person_saw_that_it_arrived() {
    let world = asked().await;
    world.graph.then([Reply::Lost]);
    let id = world.send(MARIA, "1", 1).await;
    let next = world.send(MARIA, "2", 1).await;
    world.quiet().await;
    let command = json!({"kind": "settle", "message": id, "result": "arrived"});
    assert_eq!(world.command(BEN, command).await["outcome"], "done");
    world.quiet().await;
    assert_eq!(world.state(&id), "accepted sent -");
    assert_eq!(world.state(&next), "accepted sent -");
    assert_eq!(world.graph.texts(), ["1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn a_person_has_it_sent_again() {
    let world = asked().await;
    world.graph.then([Reply::Lost]);
    let id = world.send(MARIA, "1", 1).await;
    world.quiet().await;
    let copy = world.uuid();
    let command = json!({"kind": "settle", "message": id, "result": "send_again", "new_id": copy, "based_on_n": 2});
    assert_eq!(world.command(MARIA, command.clone()).await["outcome"], "done");
    world.quiet().await;
    assert_eq!(world.graph.texts(), ["1", "1"]);
    assert_eq!(world.state(&copy), "accepted sent -");
    assert_eq!(world.state(&id), "stopped queued R14");
    assert_eq!(world.trouble(&id)["final"], true);
    assert_eq!(refused(&world.command(MARIA, command).await).0, "settled");
    // It may have gone out after all: then that is told, and it can never be taken back.
    let back = world.command(MARIA, json!({"kind": "withdraw", "message": id})).await;
    assert_eq!(refused(&back).0, "too_late");
    let news = json!({"id": "wamid.late", "status": "delivered", "timestamp": world.now_s(),
        "biz_opaque_callback_data": id});
    world.webhook(&[status(&news)]).await;
    assert_eq!(world.state(&id), "accepted delivered -");
}

#[tokio::test(start_paused = true)]
async fn passing_an_unknown_one_ends_the_two_minutes() {
    let world = asked().await;
    world.graph.then([Reply::Lost]);
    let id = world.send(MARIA, "1", 1).await;
    let next = world.send(MARIA, "2", 1).await;
    world.quiet().await;
    assert_eq!(world.state(&next), "waiting queued R4");
    world.command(MARIA, json!({"kind": "pass", "message": id})).await;
    world.quiet().await;
    assert_eq!(world.state(&next), "accepted sent -");
    assert_eq!(world.state(&id), "unknown queued R14");
}

#[tokio::test(start_paused = true)]
async fn every_change_of_step_or_trouble_reaches_the_line() {
    let world = asked().await;
    world.graph.then([Reply::Lost]);
    let id = world.send(MARIA, "1", 1).await;
    world.quiet().await;
    let news = json!({"id": "wamid.late", "status": "sent", "timestamp": world.now_s(),
        "biz_opaque_callback_data": id});
    world.webhook(&[status(&news), status(&news)]).await;
    let rows = format!("SELECT kind FROM changes WHERE id = '{id}' ORDER BY seq");
    // Accepted by us; outcome unknown; settled. The attempt itself shows nothing.
    assert_eq!(world.rows(&rows), ["message", "message", "message"]);
    let newest = format!("SELECT max(seq) FROM changes WHERE id = '{id}'");
    let version = format!("SELECT version FROM messages WHERE id = '{id}'");
    assert_eq!(world.one::<i64>(&newest), world.one::<i64>(&version));
}

#[tokio::test(start_paused = true)]
async fn a_reply_counts_as_an_answer_from_its_acceptance_on() {
    let world = asked().await;
    world.graph.then([Reply::Never]);
    let before: i64 = world.one("SELECT last_at FROM conversations");
    sleep(Duration::from_secs(1)).await;
    world.send(MARIA, "1", 1).await;
    assert_eq!(
        world.rows("SELECT unread, waiting_since, last_n, read_up_to_n FROM conversations"),
        ["0 - 2 2"]
    );
    assert!(world.one::<i64>("SELECT last_at FROM conversations") > before);
}

//! Nothing stale, nothing twice, nothing that stands still: what overtakes what on the way out, and
//! clocks that are set.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::meta_world::*;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR_MS: i64 = 60 * 60 * 1_000;
const YEARS_MS: i64 = 10 * 365 * 24 * HOUR_MS;

async fn asked() -> World {
    let world = World::new().await;
    world.ana("wamid.in", "a question").await;
    world
}

async fn react(world: &World, device: &str, emoji: &str) -> Value {
    let message: String = world.one("SELECT id FROM messages WHERE n = 1");
    let command = json!({"kind": "react", "message": message, "emoji": emoji});
    let answer = world.command(device, command).await;
    assert_eq!(answer["outcome"], "done", "{answer}");
    sleep(Duration::from_secs(1)).await;
    answer
}

/// The emojis of all reactions that went out.
fn told(world: &World) -> Vec<String> {
    let calls = world.graph.calls();
    let reactions = calls.iter().filter_map(|call| call["reaction"]["emoji"].as_str());
    reactions.map(str::to_owned).collect()
}

fn marks(world: &World) -> usize {
    world.graph.calls().iter().filter(|call| call["status"] == "read").count()
}

fn shown(world: &World) -> Vec<String> {
    world.rows("SELECT author_kind, coalesce(emoji, '-') FROM reactions WHERE side = 'business'")
}

async fn read(world: &World, up_to_n: i64) {
    let command = json!({"kind": "read", "conversation": world.chat(), "up_to_n": up_to_n});
    assert_eq!(world.command(MARIA, command).await["outcome"], "done");
    sleep(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_silences_no_number() {
    for back in [10 * 60_000, HOUR_MS, YEARS_MS] {
        let world = asked().await;
        let first = world.send(MARIA, "1", 1).await;
        world.quiet().await;
        assert_eq!(world.state(&first), "accepted sent -");
        world.set_clock(-back);
        let second = world.send(MARIA, "2", 1).await;
        sleep(Duration::from_secs(2)).await;
        assert_eq!(world.state(&second), "accepted sent -", "{back}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_ends_waits_and_holds() {
    for back in [10 * 60_000, HOUR_MS, 40 * HOUR_MS] {
        let world = asked().await;
        world.sql().execute("UPDATE conversations SET window_closes_at = 1 << 53", []).unwrap();
        world.graph.then([Reply::Answer(429, json!({"error": {"code": 131_056}}), None)]);
        let slowed = world.send(MARIA, "slowed", 1).await;
        world.quiet().await;
        assert_eq!(world.state(&slowed), "waiting queued R6");
        world.set_clock(-back);
        sleep(2 * MINUTE).await;
        assert_eq!(world.state(&slowed), "accepted sent -", "{back}");
        // Unknown, it holds what follows for two minutes and not until the old time comes again.
        world.graph.then([Reply::Lost]);
        let lost = world.send(MARIA, "lost", 1).await;
        world.quiet().await;
        let behind = world.send(MARIA, "behind", 1).await;
        world.set_clock(-back);
        sleep(5 * MINUTE).await;
        assert_eq!(world.state(&lost), "unknown queued R14", "{back}");
        assert_eq!(world.state(&behind), "accepted sent -", "{back}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_ahead_leaves_no_small_call_waiting_for_years() {
    let world = asked().await;
    world.sql().execute("UPDATE conversations SET window_closes_at = 1 << 53", []).unwrap();
    let list = json!({"data": [{"id": "1", "name": "hello", "language": "en", "status": "APPROVED",
        "components": [{"type": "BODY", "text": "Hello"}]}]});
    world.graph.on("GET /b/message_templates", [Reply::Answer(200, list, None)]);
    // All of them fail, and are to be tried again at times of a clock that is ahead.
    world.graph.down.store(true, Ordering::SeqCst);
    react(&world, MARIA, "👍").await;
    read(&world, 1).await;
    let picture = json!({"id": "wamid.pic", "timestamp": world.now_s().to_string(), "type": "image",
        "image": {"id": "555", "mime_type": "image/jpeg"}});
    world.webhook(&[message(ANA, picture)]).await;
    world
        .sql()
        .execute_batch(&format!(
            "UPDATE reaction_sends SET next_try_at = next_try_at + {YEARS_MS};
             UPDATE read_marks SET next_try_at = next_try_at + {YEARS_MS};
             UPDATE media SET next_try_at = next_try_at + {YEARS_MS};
             UPDATE template_lists SET due_at = due_at + {YEARS_MS}"
        ))
        .unwrap();
    world.graph.down.store(false, Ordering::SeqCst);
    world.graph.questions();
    let before = (told(&world).len(), marks(&world));
    sleep(6 * MINUTE).await;
    assert!(told(&world).len() > before.0 && marks(&world) > before.1);
    let questions = world.graph.questions();
    for asked in ["GET /555", "GET /b/message_templates"] {
        assert!(questions.iter().any(|q| q.starts_with(asked)), "{asked}: {questions:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_pair_limit_costs_no_more_than_a_burst_takes_to_be_paid_back() {
    let world = asked().await;
    // A while without WhatsApp, then once too many to this person.
    world.graph.then((0..8).map(|_| Reply::NotSent));
    world.graph.then([Reply::Code(400, 131_056)]);
    let id = world.send(MARIA, "1", 1).await;
    let refused = || world.graph.calls().len() >= 9;
    for _ in 0..600 {
        if refused() {
            break;
        }
        sleep(Duration::from_secs(1)).await;
    }
    assert!(refused());
    sleep(5 * MINUTE).await;
    assert_eq!(world.state(&id), "accepted sent -");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_hears_of_holds_its_conversation_no_longer_than_a_lost_answer() {
    let world = World::asleep().await;
    world.platform().start();
    world.ana("wamid.in", "a question").await;
    world.graph.then([Reply::NotSent]);
    let lost = world.send(MARIA, "1", 1).await;
    world.quiet().await;
    let behind = world.send(MARIA, "2", 1).await;
    // As after a task that fell over between the attempt and its end.
    world
        .sql()
        .execute(
            "UPDATE sends SET state = 'attempted', next_try_at = 0 WHERE message = ?1",
            [&lost],
        )
        .unwrap();
    let calls = world.graph.calls().len();
    world.platform().state().sends.wake();
    sleep(Duration::from_secs(2)).await;
    assert_eq!(world.state(&lost), "unknown queued R14");
    assert_eq!(world.state(&behind), "waiting queued R4");
    sleep(3 * MINUTE).await;
    assert_eq!(world.state(&behind), "accepted sent -");
    assert_eq!(world.graph.calls().len(), calls + 1);
}

#[tokio::test(start_paused = true)]
async fn an_older_reaction_never_follows_a_newer_one() {
    let world = asked().await;
    world.graph.then([Reply::Lost]);
    react(&world, MARIA, "👍").await;
    react(&world, BEN, "❤️").await;
    sleep(10 * MINUTE).await;
    assert_eq!(told(&world), ["👍", "❤️"]);
    assert_eq!(shown(&world), ["agent ❤️"]);
    // Nor where the clock was set back in between.
    world.set_clock(-HOUR_MS);
    world.sql().execute("UPDATE conversations SET window_closes_at = 1 << 53", []).unwrap();
    react(&world, MARIA, "🎉").await;
    sleep(5 * MINUTE).await;
    assert_eq!(told(&world), ["👍", "❤️", "🎉"]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_reaction_takes_nothing_of_the_owners_back() {
    let world = asked().await;
    let answer = react(&world, MARIA, "👍").await;
    sleep(Duration::from_secs(3)).await;
    let mut owner = echo(ANA, "wamid.o", "", world.now_s());
    owner["value"]["message_echoes"][0] = json!({"from": "34600", "to": ANA, "id": "wamid.o",
        "timestamp": world.now_s().to_string(), "type": "reaction",
        "reaction": {"message_id": "wamid.in", "emoji": "🙏"}});
    world.webhook(&[owner]).await;
    assert_eq!(shown(&world), ["owner_app 🙏"]);
    sleep(Duration::from_secs(3)).await;
    let failed = json!({"id": "wamid.r", "status": "failed", "timestamp": world.now_s().to_string(),
        "biz_opaque_callback_data": answer["id"], "errors": [{"code": 131_009}]});
    world.webhook(&[status(&failed)]).await;
    assert_eq!(world.rows("SELECT state FROM reaction_sends"), ["refused"]);
    assert_eq!(shown(&world), ["owner_app 🙏"]);
}

#[tokio::test(start_paused = true)]
async fn a_reaction_does_not_go_into_a_window_that_closed_while_it_waited() {
    let world = asked().await;
    world.graph.then([Reply::Code(401, 190)]);
    react(&world, MARIA, "👍").await;
    world.later(Duration::from_hours(25)).await;
    let calls = told(&world).len();
    let (status, _) = world.as_owner("POST", "/v1/office/channels/h/resume", &json!({})).await;
    assert_eq!(status, 204);
    sleep(3 * MINUTE).await;
    assert_eq!(told(&world).len(), calls);
    assert_eq!(world.rows("SELECT state FROM reaction_sends"), ["refused"]);
    assert_eq!(shown(&world), ["agent -"]);
}

#[tokio::test(start_paused = true)]
async fn a_small_call_that_hangs_holds_no_other_up() {
    let world = asked().await;
    world.webhook(&[customer("34600999", "wamid.b", "me too", world.now_s())]).await;
    world.graph.then([Reply::Never]);
    let ids = world.rows("SELECT id FROM messages ORDER BY sent_at, conversation");
    let reactions = ids.iter().map(
        |id| json!({"id": world.uuid(), "at": 0, "kind": "react", "message": id, "emoji": "👍"}),
    );
    world.commands(MARIA, reactions.collect()).await;
    sleep(Duration::from_secs(2)).await;
    assert_eq!(told(&world).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_read_mark_that_waits_obeys_what_the_workplace_wants_now() {
    let world = asked().await;
    world.graph.then([Reply::NotSent]);
    read(&world, 1).await;
    let before = marks(&world);
    world.sql().execute("UPDATE workspaces SET options = '{\"blue_ticks\": false}'", []).unwrap();
    sleep(5 * MINUTE).await;
    assert_eq!(marks(&world), before);
    assert_eq!(world.rows("SELECT up_to_n - done_n FROM read_marks"), ["0"]);
}

#[tokio::test(start_paused = true)]
async fn a_look_of_one_who_may_not_answer_tells_the_customer_nothing() {
    let world = asked().await;
    world.sql().execute("UPDATE workspaces SET rights = '{\"employee\": [\"note\"]}'", []).unwrap();
    read(&world, 1).await;
    assert_eq!(marks(&world), 0);
    assert_eq!(world.rows("SELECT unread, read_up_to_n FROM conversations"), ["1 0"]);
    assert_eq!(world.rows("SELECT member, n FROM my_reads"), ["maria 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_read_mark_names_no_message_that_was_deleted() {
    let world = asked().await;
    world.ana("wamid.2", "and another").await;
    world.sql().execute("UPDATE messages SET deleted = '{}' WHERE n = 2", []).unwrap();
    read(&world, 2).await;
    let calls = world.graph.calls();
    let named: Vec<_> = calls.iter().map(|call| call["message_id"].as_str().unwrap()).collect();
    assert_eq!(named, ["wamid.in"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_erased_while_its_call_was_out_is_not_tried_again() {
    let world = asked().await;
    let limit = json!({"error": {"code": 131_056}});
    world.graph.then([Reply::Late(Duration::from_secs(5), 400, limit)]);
    let id = world.send(MARIA, "private", 1).await;
    sleep(Duration::from_secs(1)).await;
    let contact: String = world.one("SELECT id FROM contacts");
    let (status, _) = world.olga("DELETE", &format!("/contacts/{contact}"), &Value::Null).await;
    assert_eq!(status, 200);
    sleep(MINUTE).await;
    assert_eq!(world.state(&id), "withdrawn queued -");
    assert_eq!(world.graph.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn of_what_was_erased_no_copy_is_sent() {
    let world = asked().await;
    world.graph.then([Reply::Lost]);
    let id = world.send(MARIA, "private", 1).await;
    world.quiet().await;
    let contact: String = world.one("SELECT id FROM contacts");
    world.olga("DELETE", &format!("/contacts/{contact}"), &Value::Null).await;
    let again = json!({"kind": "settle", "message": id, "result": "send_again",
        "new_id": world.uuid(), "based_on_n": 2});
    assert_eq!(world.command(MARIA, again).await["code"], "settled");
    let arrived = json!({"kind": "settle", "message": id, "result": "arrived"});
    assert_eq!(world.command(MARIA, arrived).await["outcome"], "done");
    assert_eq!(world.graph.calls().len(), 1);
}

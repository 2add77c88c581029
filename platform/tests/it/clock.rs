//! Clocks that run ahead and are put right: nothing waits for a time that was never to come.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use tokio::time::sleep;
use tower::ServiceExt as _;

use crate::meta_world::*;

const HOUR: i64 = 3_600_000;
const TEN_YEARS: i64 = 3_652 * 24 * HOUR;

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_stops_no_number() {
    let world = World::new().await;
    world.ana("wamid.1", "hello").await;
    for round in 0..3 {
        // The clock goes back in the second of a call, as often as it likes.
        let sent = world.send(MARIA, &format!("answer {round}"), 1).await;
        sleep(Duration::from_secs(7)).await;
        assert_eq!(world.state(&sent), "accepted sent -", "{round}");
        let last = world.send(MARIA, &format!("another {round}"), 1).await;
        world.quiet().await;
        assert_eq!(world.state(&last), "accepted sent -", "{round}");
        world.set_clock(-HOUR);
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_after_the_clock_ran_ahead_sends_at_once() {
    let mut world = World::new().await;
    world.ana("wamid.1", "hello").await;
    world.set_clock(10 * HOUR);
    let ahead = world.send(MARIA, "ten hours ahead", 1).await;
    world.quiet().await;
    assert_eq!(world.state(&ahead), "accepted sent -");
    world.stop().await;
    world.set_clock(-10 * HOUR);
    world.start().await;
    let now = world.send(MARIA, "now", 1).await;
    sleep(Duration::from_secs(7)).await;
    assert_eq!(world.state(&now), "accepted sent -");
}

#[tokio::test(start_paused = true)]
async fn what_failed_while_the_clock_ran_ahead_is_tried_again() {
    let world = World::new().await;
    let whole = b"picture".to_vec();
    let hash = digest(&SHA256, &whole)
        .as_ref()
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    world.ana("wamid.1", "hello").await;
    let message: String = world.one("SELECT id FROM messages");
    // Lists of templates are first fetched after half a minute.
    sleep(Duration::from_secs(28)).await;
    world.graph.down.store(true, Ordering::SeqCst);
    let react = json!({"kind": "react", "message": message, "emoji": "👍"});
    world.command(MARIA, react).await;
    let look = json!({"kind": "read", "conversation": world.chat(), "up_to_n": 1});
    world.command(MARIA, look).await;
    let meta_s = world.now_s();
    world.set_clock(TEN_YEARS);
    let picture = message_of(meta_s, &hash);
    world.webhook(&[picture]).await;
    // Everything fails once at least: file, reaction, tick, list of templates, phone node.
    sleep(Duration::from_secs(5)).await;
    world.sql().execute("UPDATE lines SET look_at = ?1", [world.now() + HOUR]).unwrap();
    world.set_clock(-TEN_YEARS);

    let named = json!({"url": "https://files.test/1", "mime_type": "image/jpeg", "sha256": hash,
        "file_size": whole.len(), "id": "555"});
    world.graph.on("GET /555", [Reply::Answer(200, named, None)]);
    world.graph.file("https://files.test/1", 200, &[&whole]);
    world.graph.on("GET /4242", [Reply::Answer(200, json!({"id": "4242"}), None)]);
    world.graph.on("GET /b/message_templates", [Reply::Answer(200, json!({"data": []}), None)]);
    world.graph.questions();
    world.graph.down.store(false, Ordering::SeqCst);
    for _ in 0..10 {
        world.later(Duration::from_mins(10)).await;
    }
    assert_eq!(world.rows("SELECT state FROM media"), ["ready"]);
    // To a clock ten years ahead its window was closed. One that only waits: `out_stale`.
    assert_eq!(world.rows("SELECT state FROM reaction_sends"), ["refused"]);
    assert_eq!(world.rows("SELECT done_n FROM read_marks"), ["1"]);
    let asked = world.graph.questions();
    for question in ["GET /4242?", "GET /b/message_templates"] {
        assert!(asked.iter().any(|asked| asked.starts_with(question)), "{question}: {asked:?}");
    }
}

/// A picture that Ana sent at this second of Meta's.
fn message_of(at_s: i64, sha256: &str) -> Value {
    message(
        ANA,
        json!({"id": "wamid.pic", "timestamp": at_s.to_string(), "type": "image", "image":
            {"id": "555", "mime_type": "image/jpeg", "sha256": sha256}}),
    )
}

#[tokio::test(start_paused = true)]
async fn a_sign_of_life_of_ten_years_hence_silences_no_warning() {
    let world = World::new().await;
    world.set_clock(TEN_YEARS);
    world.olga("POST", "/channels/h/opened", &Value::Null).await;
    world.set_clock(-TEN_YEARS);
    world.owner("wamid.1", "good morning").await;
    let seen: i64 = world.one("SELECT last_sign_of_life FROM channels");
    assert!((world.now() - seen).abs() < 120_000, "{seen}");
    // Nor does a webhook whose own time is nonsense.
    world.webhook(&[echo(ANA, "wamid.2", "hello", world.now_s() * 1_000)]).await;
    let seen: i64 = world.one("SELECT last_sign_of_life FROM channels");
    assert!((world.now() - seen).abs() < 120_000, "{seen}");
}

#[tokio::test(start_paused = true)]
async fn what_was_dated_ahead_is_not_kept_for_ever() {
    let world = World::new().await;
    world.ana("wamid.before", "before").await;
    world.set_clock(TEN_YEARS);
    world
        .webhook(&[customer(ANA, "wamid.ahead", "ahead", (world.now() - TEN_YEARS) / 1_000)])
        .await;
    world.set_clock(-TEN_YEARS);
    world.ana("wamid.after", "after").await;
    let head: i64 = world.one("SELECT head_seq FROM workspaces");
    for _ in 0..16 {
        world.later(Duration::from_hours(48)).await;
    }
    world.ana("wamid.new", "new").await;
    sleep(Duration::from_hours(2)).await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM webhooks"), 1, "raw bodies live 30 days");
    assert_eq!(world.one::<i64>(&format!("SELECT count(*) FROM changes WHERE seq <= {head}")), 0);
    // And while nothing else is there, what is dated ahead stays: nobody knows how old it is.
    let world = World::new().await;
    world.set_clock(TEN_YEARS);
    world
        .webhook(&[customer(ANA, "wamid.ahead", "ahead", (world.now() - TEN_YEARS) / 1_000)])
        .await;
    world.set_clock(-TEN_YEARS);
    sleep(Duration::from_hours(2)).await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM webhooks"), 1);
    assert!(world.one::<i64>("SELECT count(*) FROM changes") > 0);
}

#[tokio::test(start_paused = true)]
async fn what_opens_a_door_for_minutes_does_not_open_it_for_years() {
    let world = World::new().await;
    world.set_clock(TEN_YEARS);
    let code = world.platform().office().link_code("maria@example.test").await.unwrap();
    world.set_clock(-TEN_YEARS);
    let wish = json!({"link_code": code.link_code, "device":
        {"id": "00000000-0000-4000-8000-0000000000aa", "name": "p", "platform": "test"}});
    let knock = async || {
        let request = Request::post("/v1/session")
            .header("Fieldline-Client", "test/1.0.0")
            .body(Body::from(wish.to_string()))
            .unwrap();
        world.platform().router().oneshot(request).await.unwrap().status().as_u16()
    };
    assert_eq!(knock().await, 401);
    // A clock that goes back by an hour costs nobody a code.
    let code = world.platform().office().link_code("maria@example.test").await.unwrap();
    world.set_clock(-HOUR);
    let wish = json!({"link_code": code.link_code, "device":
        {"id": "00000000-0000-4000-8000-0000000000aa", "name": "p", "platform": "test"}});
    let request = Request::post("/v1/session")
        .header("Fieldline-Client", "test/1.0.0")
        .body(Body::from(wish.to_string()))
        .unwrap();
    assert_eq!(world.platform().router().oneshot(request).await.unwrap().status(), 200);
}

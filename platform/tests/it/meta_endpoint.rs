//! The webhook endpoint: nothing unsigned in, nothing signed lost.

use axum::http::StatusCode;
use serde_json::json;

use crate::meta_world::*;

#[tokio::test(start_paused = true)]
async fn verification_gives_the_bare_challenge() {
    let world = World::new().await;
    let path = |mode, token| {
        format!("/webhooks/meta?hub.mode={mode}&hub.verify_token={token}&hub.challenge=77%2B1")
    };
    assert_eq!(world.get(&path("subscribe", "verify%20me")).await, (StatusCode::OK, "77+1".into()));
    for wrong in
        [path("subscribe", "verify"), path("unsubscribe", "verify%20me"), "/webhooks/meta".into()]
    {
        assert_eq!(world.get(&wrong).await.0, StatusCode::FORBIDDEN, "{wrong}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_signature_stores_nothing() {
    let world = World::new().await;
    let body = envelope(&[customer(ANA, "wamid.1", "hello", world.now_s())]);
    let other = sign(b"other");
    for wrong in [None, Some(""), Some("sha256="), Some(other.as_str())] {
        assert_eq!(world.post(body.clone(), wrong).await, StatusCode::UNAUTHORIZED);
    }
    world.quiet().await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM webhooks"), 0);
    assert_eq!(world.raw(body).await, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn three_mebibytes_pass_and_one_byte_more_does_not() {
    let world = World::new().await;
    let limit = 3 * 1024 * 1024;
    let mut body = envelope(&[customer(ANA, "wamid.1", "hello", world.now_s())]);
    body.resize(limit, b' ');
    assert_eq!(world.raw(body.clone()).await, StatusCode::OK);
    body.push(b' ');
    // Before the signature: a wrong one does not turn it into a 401.
    assert_eq!(world.post(body, None).await, StatusCode::PAYLOAD_TOO_LARGE);
    world.quiet().await;
    assert_eq!(world.rows("SELECT state FROM webhooks"), ["done"]);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM messages"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_stored_is_not_acknowledged() {
    let world = World::new().await;
    let body = envelope(&[customer(ANA, "wamid.1", "hello", world.now_s())]);
    let trigger = "CREATE TRIGGER full BEFORE INSERT ON webhooks
                   BEGIN SELECT RAISE(ABORT, 'no room'); END";
    world.sql().execute_batch(trigger).unwrap();
    assert_eq!(world.raw(body.clone()).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM webhooks"), 0);
    world.sql().execute_batch("DROP TRIGGER full").unwrap();
    assert_eq!(world.raw(body).await, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_kept_and_marked() {
    let world = World::new().await;
    assert_eq!(world.raw(b"{\"object\":".to_vec()).await, StatusCode::OK);
    assert_eq!(world.raw(b"\"text\"".to_vec()).await, StatusCode::OK);
    world.ana("wamid.1", "hello").await;
    assert_eq!(
        world.rows("SELECT state, reason FROM webhooks ORDER BY id"),
        ["unreadable not_json", "unreadable not_an_object", "done -"]
    );
    assert_eq!(world.one::<Vec<u8>>("SELECT body FROM webhooks LIMIT 1"), b"{\"object\":");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_understood_is_marked_by_its_place() {
    let world = World::new().await;
    let strange = json!({"field": "of_tomorrow", "value": {"x": 1}});
    let reaction = message(ANA, json!({"id": "wamid.r", "type": "reaction"}));
    let mut elsewhere = customer(ANA, "wamid.2", "hello", world.now_s());
    elsewhere["value"]["metadata"]["phone_number_id"] = "999".into();
    world.webhook(&[strange, customer(ANA, "wamid.1", "hello", 5), reaction, elsewhere]).await;
    assert_eq!(
        world.rows("SELECT idx, field, kind, reason FROM webhook_leftovers ORDER BY idx"),
        [
            "0 of_tomorrow  field_not_read_yet",
            "2 messages reaction no_target",
            "3 messages text unknown_phone_number_id"
        ]
    );
    assert_eq!(world.one::<i64>("SELECT count(*) FROM messages"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_poisoned_body_is_set_aside_and_the_rest_goes_on() {
    let world = World::new().await;
    world
        .sql()
        .execute_batch(
            "CREATE TRIGGER poison BEFORE INSERT ON messages WHEN NEW.wamid = 'wamid.poison'
             BEGIN SELECT RAISE(ABORT, 'poison'); END",
        )
        .unwrap();
    let now = world.now_s();
    world.raw(envelope(&[customer(ANA, "wamid.poison", "a", now)])).await;
    world.raw(envelope(&[customer(ANA, "wamid.2", "b", now)])).await;
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert_eq!(
        world.rows("SELECT state, tries FROM webhooks ORDER BY id"),
        ["set_aside 3", "done 0"]
    );
    assert_eq!(world.rows("SELECT wamid, n FROM messages"), ["wamid.2 1"]);
}

#[tokio::test(start_paused = true)]
async fn bodies_that_come_together_share_a_transaction() {
    let world = World::new().await;
    let now = world.now_s();
    let bodies: Vec<_> = (0..40)
        .map(|i| world.raw(envelope(&[customer(ANA, &format!("wamid.{i}"), "a", now)])))
        .collect();
    let answers = futures_util::future::join_all(bodies).await;
    assert!(answers.iter().all(|status| *status == StatusCode::OK));
    world.quiet().await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM webhooks WHERE state = 'done'"), 40);
    assert_eq!(world.one::<i64>("SELECT last_n FROM conversations"), 40);
    // One transaction worked them off too: the conversation moved once, besides entering.
    let rows = "SELECT count(*) FROM changes WHERE kind IN ('conversation', 'entered')";
    assert!(world.one::<i64>(rows) <= 2, "{:?}", world.rows("SELECT kind FROM changes"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_refused_alone_costs_no_other() {
    let world = World::new().await;
    let trigger = "CREATE TRIGGER one BEFORE INSERT ON webhooks WHEN length(NEW.body) > 2000
                   BEGIN SELECT RAISE(ABORT, 'no'); END";
    world.sql().execute_batch(trigger).unwrap();
    let now = world.now_s();
    let bodies = (0..10).map(|i| {
        let text = "a".repeat(if i == 4 { 3_000 } else { 3 });
        world.raw(envelope(&[customer(ANA, &format!("wamid.{i}"), &text, now)]))
    });
    let answers = futures_util::future::join_all(bodies).await;
    for (i, status) in answers.into_iter().enumerate() {
        let refused = i == 4;
        assert_eq!(status == StatusCode::SERVICE_UNAVAILABLE, refused, "{i} {status}");
    }
    assert_eq!(world.one::<i64>("SELECT count(*) FROM webhooks"), 9);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_and_keeps_nothing_of_it() {
    let world = World::new().await;
    // 64 MiB of bodies wait at most; these are polled before the first is written.
    let bodies = (0..25).map(|i| {
        let mut body = envelope(&[customer(ANA, &format!("wamid.{i}"), "a", 5)]);
        body.resize(3 * 1024 * 1024, b' ');
        world.raw(body)
    });
    let answers = futures_util::future::join_all(bodies).await;
    let kept = answers.iter().filter(|status| **status == StatusCode::OK).count();
    let refused = answers.iter().filter(|status| **status == StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((kept, refused.count()), (21, 4));
    assert_eq!(world.one::<i64>("SELECT count(*) FROM webhooks"), 21);
    world.quiet().await;
    world.ana("wamid.later", "fits again").await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM messages"), 22);
}

#[tokio::test(start_paused = true)]
async fn a_large_body_is_worked_off_in_slices_that_resume() {
    let mut world = World::new().await;
    let now = world.now_s();
    let thousand: Vec<_> =
        (0..1_000).map(|i| customer(ANA, &format!("wamid.{i}"), "a", now)).collect();
    world
        .sql()
        .execute_batch(
            "CREATE TRIGGER stop BEFORE INSERT ON messages WHEN NEW.wamid = 'wamid.700'
             BEGIN SELECT RAISE(ABORT, 'not yet'); END",
        )
        .unwrap();
    assert_eq!(world.raw(envelope(&thousand)).await, StatusCode::OK);
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    // Two whole slices stand, the third does not.
    assert_eq!(world.rows("SELECT state, position FROM webhooks"), ["pending 512"]);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM messages"), 512);
    world.kill().await;
    world.sql().execute_batch("DROP TRIGGER stop").unwrap();
    world.start().await;
    assert_eq!(world.rows("SELECT state FROM webhooks"), ["done"]);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM messages"), 1_000);
    assert_eq!(world.one::<i64>("SELECT last_n FROM conversations"), 1_000);
}

#[tokio::test(start_paused = true)]
async fn what_was_acknowledged_is_worked_off_after_a_crash() {
    let mut world = World::new().await;
    world.kill().await;
    world.start_idle().await;
    assert_eq!(
        world.raw(envelope(&[customer(ANA, "wamid.1", "a", world.now_s())])).await,
        StatusCode::OK
    );
    world.kill().await;
    assert_eq!(world.rows("SELECT state FROM webhooks"), ["pending"]);
    world.start().await;
    assert_eq!(world.rows("SELECT state FROM webhooks"), ["done"]);
    assert_eq!(world.rows("SELECT wamid, n FROM messages"), ["wamid.1 1"]);
}

#[tokio::test(start_paused = true)]
async fn raw_bodies_are_kept_for_thirty_days() {
    let world = World::new().await;
    world.webhook(&[json!({"field": "of_tomorrow", "value": {}})]).await;
    world.ana("wamid.1", "a").await;
    let age = |days: i64| {
        let at = world.now() - days * 24 * 3_600_000;
        world.sql().execute("UPDATE webhooks SET received_at = ?1 WHERE id = 1", [at]).unwrap();
    };
    age(29);
    tokio::time::sleep(std::time::Duration::from_hours(1)).await;
    assert_eq!(world.rows("SELECT id FROM webhooks"), ["1", "2"]);
    age(31);
    tokio::time::sleep(std::time::Duration::from_hours(1)).await;
    assert_eq!(world.rows("SELECT id FROM webhooks"), ["2"]);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM webhook_leftovers"), 0);
}

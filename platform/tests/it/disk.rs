//! Little free disk: nothing new is taken in, nothing is lost, and it recovers by itself.

use axum::http::StatusCode;
use serde_json::json;

use crate::meta_world::*;

const FLOOR: u64 = 200 * 1024 * 1024;

#[tokio::test(start_paused = true)]
async fn below_the_floor_nothing_is_taken_in_and_reading_goes_on() {
    let world = World::new().await;
    world.ana("wamid.1", "hello").await;
    let id = world.uuid();
    let command = world.sending(&id, "kept before", 1);
    let kept = world.command(MARIA, command.clone()).await;
    assert_eq!(kept["outcome"], "done");
    world.quiet().await;

    world.space.set(FLOOR - 1);
    let body = envelope(&[customer(ANA, "wamid.2", "in need", world.now_s())]);
    assert_eq!(world.raw(body.clone()).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM webhooks"), 1);
    assert_eq!(world.get("/readyz").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(world.get("/healthz").await.0, StatusCode::OK);
    // What was answered is answered again, so that the phone is done with it.
    assert_eq!(world.command(MARIA, command).await["outcome"], "done");
    let later = world.command(MARIA, world.sending(&world.uuid(), "new", 1)).await;
    assert_eq!((&later["outcome"], &later["code"]), (&json!("later"), &json!("server_full")));
    assert!(later["retry_after_ms"].as_i64().unwrap() > 0);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM sends"), 1);

    world.space.set(FLOOR);
    assert_eq!(world.get("/readyz").await.0, StatusCode::OK);
    assert_eq!(world.raw(body).await, StatusCode::OK);
    world.quiet().await;
    let done = world.command(MARIA, world.sending(&world.uuid(), "new", 2)).await;
    assert_eq!(done["outcome"], "done", "{done}");
    assert_eq!(
        world.rows("SELECT body ->> 'text' FROM messages ORDER BY n"),
        ["hello", "kept before", "in need", "new"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_grow_answers_503_and_recovers() {
    let mut world = World::new().await;
    world.ana("wamid.1", "hello").await;
    world.stop().await;
    // A real file that SQLite may not let grow: the disk full below the floor's notice.
    world.start_idle().await;
    let pages: i64 = world.one("PRAGMA page_count");
    world.limit_pages(Some(pages)).await;
    let body = vec![b' '; 300_000];
    assert_eq!(world.raw(body.clone()).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM webhooks"), 1);
    assert!(world.get("/healthz").await.0.is_success());
    world.limit_pages(None).await;
    assert_eq!(world.raw(body).await, StatusCode::OK);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM webhooks"), 2);
}

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
async fn below_the_floor_no_file_and_nothing_of_the_office_is_taken_in() {
    let world = World::new().await;
    world.ana("wamid.1", "hello").await;
    let contact: String = world.one("SELECT id FROM contacts");
    let whole = b"a picture".to_vec();
    let sha256 = ring::digest::digest(&ring::digest::SHA256, &whole);
    let hex =
        sha256.as_ref().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let path = format!("/v1/media/{hex}");
    let put = async |first: usize, last: usize| {
        let range = format!("bytes {first}-{last}/9");
        let headers = [("Content-Range", range.as_str())];
        let piece = whole[first..=last].to_vec();
        let (status, headers, body) = world.ask(MARIA, "PUT", &path, &headers, piece).await;
        let error: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let offset = headers.get("upload-offset").map(|it| it.to_str().unwrap().to_owned());
        (status.as_u16(), offset, error["error"]["code"].as_str().unwrap_or("-").to_owned())
    };
    assert_eq!(put(0, 3).await, (204, Some("4".into()), "-".into()));
    let label = json!({"name": "VIP", "colour": "#112233"});
    let writes = [
        ("POST", "/labels", label.clone()),
        ("POST", "/quick-replies", json!({"shortcut": "hi", "text": "Hello"})),
        ("PATCH", "/workspace", json!({"name": "Other"})),
        ("PUT", "/hours", json!({})),
        ("POST", "/members", json!({"name": "O", "email": "o@example.test", "role": "employee"})),
        ("POST", "/templates", json!({})),
    ];

    world.space.set(FLOOR - 1);
    assert_eq!(put(4, 8).await, (503, None, "server_full".into()));
    for (method, path, body) in &writes {
        let (status, answer) = world.olga(method, path, body).await;
        assert_eq!(
            (status, &answer["error"]["code"]),
            (StatusCode::SERVICE_UNAVAILABLE, &json!("server_full")),
            "{method} {path}"
        );
    }
    assert_eq!(world.one::<String>("SELECT name FROM workspaces"), "Bloom");
    // Reading goes on; so does what shuts somebody out or makes room.
    assert_eq!(world.olga("GET", "/members", &json!(null)).await.0, StatusCode::OK);
    assert_eq!(world.read("/v1/scope").await["conversations"].as_array().unwrap().len(), 1);
    let revoke = format!("/devices/{BEN}/revoke");
    world.command(BEN, json!({"kind": "read", "conversation": world.chat(), "up_to_n": 1})).await;
    assert_eq!(world.olga("POST", &revoke, &json!(null)).await.0, StatusCode::OK);
    let erase = format!("/contacts/{contact}");
    assert!(world.olga("DELETE", &erase, &json!(null)).await.0.is_success());

    world.space.set(FLOOR);
    // The file goes on where it was, and the office too.
    assert_eq!(put(4, 8).await, (204, Some("9".into()), "-".into()));
    let (status, answer) = world.olga("POST", "/labels", &label).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
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

#[tokio::test(start_paused = true)]
async fn what_is_deleted_makes_room_on_the_disk() {
    let world = World::new().await;
    world.ana("wamid.1", "hello").await;
    // The store fills the disk: half a gigabyte in real life, 60 MB here.
    for _ in 0..60 {
        assert_eq!(world.raw(vec![b' '; 1_000_000]).await, StatusCode::OK);
    }
    world.quiet().await;
    let size = || std::fs::metadata(world.folder().join("platform.db")).unwrap().len();
    let full = size();
    assert!(full > 50_000_000, "{full}");
    world.space.set(FLOOR - 1);
    // Raw bodies live 30 days; then the disk has its room back, and by itself.
    world.later(std::time::Duration::from_hours(24 * 31)).await;
    world.later(std::time::Duration::from_hours(2)).await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM webhooks"), 0);
    let now = size();
    assert!(now < full - 30_000_000, "{full} -> {now}");
    assert_eq!(world.one::<String>("PRAGMA integrity_check"), "ok");
    assert_eq!(world.one::<i64>("SELECT count(*) FROM messages"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_leaves_no_long_log_behind() {
    const LIMIT: u64 = 64 * 1024 * 1024;
    let world = World::new().await;
    let size = || std::fs::metadata(world.folder().join("platform.db-wal")).unwrap().len();
    // A backup of a large store, say: one look that lasts, and no log is put away meanwhile.
    let mut slow = world.sql();
    let look = slow.transaction().unwrap();
    let count = || look.query_row("SELECT count(*) FROM webhooks", [], |row| row.get::<_, i64>(0));
    assert_eq!(count().unwrap(), 0);
    for _ in 0..80 {
        assert_eq!(world.raw(vec![b' '; 1_000_000]).await, StatusCode::OK);
    }
    assert!(size() > LIMIT, "the log has to grow while somebody looks: {}", size());
    assert_eq!(count().unwrap(), 0, "a look is one moment");
    drop(look);
    for _ in 0..3 {
        assert_eq!(world.raw(vec![b' '; 5_000]).await, StatusCode::OK);
    }
    assert!(size() <= LIMIT, "{}", size());
}

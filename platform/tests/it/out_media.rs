//! Files: phones bring and fetch them in pieces, they go up to Meta before their message, and what
//! customers send comes down at once.

use std::fmt::Write as _;
use std::time::Duration;

use axum::http::StatusCode;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::meta_world::*;

fn hash(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// A file of this many bytes that are not all alike.
fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|i| u8::try_from(i % 251).unwrap()).collect()
}

async fn asked() -> World {
    let world = World::new().await;
    world.ana("wamid.in", "a question").await;
    world
}

/// `PUT`s a piece; status and offset.
async fn put(
    world: &World,
    device: &str,
    whole: &[u8],
    first: usize,
    last: usize,
) -> (u16, String) {
    let range = format!("bytes {first}-{last}/{}", whole.len());
    put_as(world, device, &hash(whole), &range, whole[first..=last].to_vec()).await
}

async fn put_as(
    world: &World,
    device: &str,
    sha256: &str,
    range: &str,
    piece: Vec<u8>,
) -> (u16, String) {
    let path = format!("/v1/media/{sha256}");
    let (status, headers, _) =
        world.ask(device, "PUT", &path, &[("Content-Range", range)], piece).await;
    let offset = headers.get("upload-offset").map_or("-", |offset| offset.to_str().unwrap());
    (status.as_u16(), offset.to_owned())
}

async fn head(world: &World, device: &str, sha256: &str) -> (u16, String) {
    let path = format!("/v1/media/{sha256}");
    let (status, headers, _) = world.ask(device, "HEAD", &path, &[], Vec::new()).await;
    let offset = headers.get("upload-offset").map_or("-", |offset| offset.to_str().unwrap());
    (status.as_u16(), offset.to_owned())
}

fn picture(whole: &[u8]) -> Value {
    json!({"kind": "media", "mime": "image/jpeg", "size": whole.len(), "sha256": hash(whole),
        "caption": "look"})
}

async fn send(world: &World, id: &str, body: &Value) -> Value {
    let command = json!({"id": id, "at": 0, "kind": "send", "conversation": world.chat(),
        "body": body, "based_on_n": 1});
    let answer = world.command(MARIA, command).await;
    world.quiet().await;
    answer
}

#[tokio::test(start_paused = true)]
async fn an_upload_goes_on_where_it_was_cut() {
    let mut world = asked().await;
    let whole = bytes(700_000);
    assert_eq!(head(&world, MARIA, &hash(&whole)).await, (404, "-".into()));
    assert_eq!(put(&world, MARIA, &whole, 0, 299_999).await, (204, "300000".into()));
    assert_eq!(head(&world, MARIA, &hash(&whole)).await, (200, "300000".into()));
    // Neither a hole nor a repeat; the answer says where to go on.
    assert_eq!(put(&world, MARIA, &whole, 400_000, 699_999).await, (409, "300000".into()));
    assert_eq!(put(&world, MARIA, &whole, 0, 299_999).await, (409, "300000".into()));
    world.kill().await;
    world.start().await;
    assert_eq!(put(&world, MARIA, &whole, 300_000, 699_999).await, (204, "700000".into()));
    assert_eq!(head(&world, MARIA, &hash(&whole)).await, (200, "700000".into()));
    // Whole: a repeat changes nothing.
    assert_eq!(put(&world, MARIA, &whole, 0, 9).await, (204, "700000".into()));
    // Another device knows nothing of it.
    assert_eq!(head(&world, BEN, &hash(&whole)).await, (404, "-".into()));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_hash_starts_again_and_bad_pieces_are_refused() {
    let world = asked().await;
    let whole = bytes(1_000);
    let mut other = whole.clone();
    other[5] ^= 1;
    let range = "bytes 0-999/1000";
    assert_eq!(put_as(&world, MARIA, &hash(&whole), range, other).await, (422, "-".into()));
    assert_eq!(head(&world, MARIA, &hash(&whole)).await, (404, "-".into()));
    assert_eq!(put(&world, MARIA, &whole, 0, 999).await, (204, "1000".into()));
    for (sha256, range, piece, status) in [
        (hash(b"x"), "bytes 0-9/10", 5, 400),
        (hash(b"y"), "bytes 0-9/10", 11, 400),
        (hash(b"z"), "bytes 5-2/10", 5, 400),
        ("E3".to_owned(), "bytes 0-9/10", 10, 400),
        (hash(b"w"), "bytes 0-9/104857601", 10, 413),
    ] {
        let (got, _) = put_as(&world, MARIA, &sha256, range, bytes(piece)).await;
        assert_eq!(got, status, "{range}");
    }
    let path = format!("/v1/media/{}?type=image", hash(b"v"));
    let range = [("Content-Range", "bytes 0-9/5242881")];
    let (status, _, _) = world.ask(MARIA, "PUT", &path, &range, bytes(10)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test(start_paused = true)]
async fn a_file_goes_up_before_its_message_and_once() {
    let world = asked().await;
    let whole = bytes(600_000);
    world.graph.on("POST /4242/media", [Reply::Answer(200, json!({"id": "777"}), None)]);
    let id = world.uuid();
    // Not here yet: the phone asks again.
    let answer = send(&world, &id, &picture(&whole)).await;
    assert_eq!((&answer["outcome"], &answer["code"]), (&json!("later"), &json!("media_missing")));
    put(&world, BEN, &whole, 0, 599_999).await;
    let answer = send(&world, &id, &picture(&whole)).await;
    assert_eq!(answer["code"], "media_missing", "another device's file is not ours");
    put(&world, MARIA, &whole, 0, 599_999).await;
    let answer = send(&world, &id, &picture(&whole)).await;
    assert_eq!(answer["outcome"], "done", "{answer}");
    assert_eq!(world.graph.uploads(), [("image/jpeg".to_owned(), whole.clone())]);
    assert_eq!(world.graph.calls()[0]["image"], json!({"id": "777", "caption": "look"}));
    assert_eq!(world.state(&id), "accepted sent -");
    // A second message with it needs no second upload, for 29 days.
    send(&world, &world.uuid(), &picture(&whole)).await;
    assert_eq!((world.graph.uploads().len(), world.graph.calls().len()), (1, 2));
    world.sql().execute("UPDATE conversations SET window_closes_at = 1 << 53", []).unwrap();
    world.sql().execute("UPDATE uploads SET used_at = 1 << 53", []).unwrap();
    world.later(Duration::from_hours(24 * 29 + 1)).await;
    send(&world, &world.uuid(), &picture(&whole)).await;
    assert_eq!((world.graph.uploads().len(), world.graph.calls().len()), (2, 3));
    // Anybody in whose scope the message is fetches it.
    let path = format!("/v1/media/{id}");
    let (status, headers, body) = world.ask(BEN, "GET", &path, &[], Vec::new()).await;
    assert_eq!((status, &body), (StatusCode::OK, &whole));
    assert_eq!(headers["content-type"], "image/jpeg");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    let range = [("Range", "bytes=10-19")];
    let (status, headers, body) = world.ask(BEN, "GET", &path, &range, Vec::new()).await;
    assert_eq!((status, body.as_slice()), (StatusCode::PARTIAL_CONTENT, &whole[10..20]));
    assert_eq!(headers["content-range"], "bytes 10-19/600000");
    let range = [("Range", "bytes=600000-")];
    let (status, _, _) = world.ask(BEN, "GET", &path, &range, Vec::new()).await;
    assert_eq!(status, StatusCode::RANGE_NOT_SATISFIABLE);
    // Out of scope it is not there.
    world
        .sql()
        .execute("UPDATE conversations SET scope = 'member:maria', assignee = 'maria'", [])
        .unwrap();
    let (status, _, _) = world.ask(BEN, "GET", &path, &[], Vec::new()).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _, _) = world.ask(MARIA, "GET", &path, &[], Vec::new()).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_fails_says_why_and_nothing_goes_out_without_it() {
    let world = asked().await;
    let whole = bytes(1_000);
    put(&world, MARIA, &whole, 0, 999).await;
    world.graph.on(
        "POST /4242/media",
        [
            Reply::Lost,
            Reply::Code(500, 131_000),
            Reply::Answer(400, json!({"error": {"code": 131_053}}), None),
        ],
    );
    let id = world.uuid();
    assert_eq!(send(&world, &id, &picture(&whole)).await["outcome"], "done");
    let next = world.send(MARIA, "a text behind it", 1).await;
    // Neither is an unknown outcome: no message went out.
    sleep(Duration::from_secs(30)).await;
    assert_eq!(world.state(&id), "stopped queued R13");
    assert_eq!(world.trouble(&id)["whatsapp_code"], 131_053);
    assert_eq!(world.graph.uploads().len(), 3);
    // Final trouble holds nothing.
    assert_eq!(world.state(&next), "accepted sent -");
}

#[tokio::test(start_paused = true)]
async fn uploads_that_nobody_sends_go_after_fourteen_days() {
    let world = asked().await;
    let whole = bytes(1_000);
    put(&world, MARIA, &whole, 0, 499).await;
    let sent = bytes(2_000);
    world.graph.on("POST /4242/media", [Reply::Answer(200, json!({"id": "1"}), None)]);
    put(&world, MARIA, &sent, 0, 1_999).await;
    let id = world.uuid();
    assert_eq!(send(&world, &id, &picture(&sent)).await["outcome"], "done");
    world.later(Duration::from_hours(24 * 14 + 2)).await;
    assert_eq!(head(&world, MARIA, &hash(&whole)).await, (404, "-".into()));
    assert_eq!(world.files("media/part"), Vec::<String>::new());
    // What was sent stays with its message.
    assert_eq!(world.files("media"), [hash(&sent)]);
    world.sql().execute("UPDATE messages SET deleted = '{}' WHERE id = ?1", [&id]).unwrap();
    world.later(Duration::from_hours(1)).await;
    assert_eq!(world.files("media"), Vec::<String>::new());
}

/// A picture that Ana sends.
fn incoming(world: &World, wamid: &str, sha256: &str) -> Value {
    message(
        ANA,
        json!({"id": wamid, "timestamp": world.now_s().to_string(), "type": "image", "image":
            {"id": "555", "mime_type": "image/jpeg", "sha256": sha256, "caption": "see"}}),
    )
}

fn body_of(world: &World) -> Value {
    let body: String = world.one("SELECT body FROM messages ORDER BY n DESC LIMIT 1");
    serde_json::from_str(&body).unwrap()
}

fn named(whole: &[u8], url: &str) -> Reply {
    let named = json!({"url": url, "mime_type": "image/jpeg", "sha256": hash(whole),
        "file_size": whole.len(), "id": "555"});
    Reply::Answer(200, named, None)
}

#[tokio::test(start_paused = true)]
async fn a_customers_file_comes_at_once_and_its_message_says_so() {
    let world = asked().await;
    let whole = bytes(900_000);
    world.graph.on("GET /555", [named(&whole, "https://files.test/1")]);
    world.graph.file("https://files.test/1", 200, &[&whole[..500_000], &whole[500_000..]]);
    world.webhook(&[incoming(&world, "wamid.pic", &hash(&whole))]).await;
    let body = body_of(&world);
    assert_eq!((&body["kind"], &body["ready"]), (&json!("media"), &json!(true)), "{body}");
    assert_eq!((&body["size"], &body["caption"]), (&json!(900_000), &json!("see")));
    let path = format!("/v1/media/{}", body["media"].as_str().unwrap());
    let (status, _, got) = world.ask(MARIA, "GET", &path, &[], Vec::new()).await;
    assert_eq!((status, got), (StatusCode::OK, whole.clone()));
    let asked = world.graph.questions();
    assert!(asked.contains(&"GET /555?phone_number_id=4242 null".to_owned()), "{asked:?}");
    // A repeat of the webhook fetches nothing.
    world.webhook(&[incoming(&world, "wamid.pic", &hash(&whole))]).await;
    sleep(Duration::from_secs(30)).await;
    assert!(!world.graph.questions().iter().any(|q| q.contains("555") || q.starts_with("FETCH")));
    assert_eq!(body_of(&world)["ready"], true);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_over_is_asked_for_again_and_a_cut_file_too() {
    let world = asked().await;
    let whole = bytes(1_000);
    world.graph.on(
        "GET /555",
        [
            named(&whole, "https://files.test/over"),
            named(&whole, "https://files.test/cut"),
            named(&whole, "https://files.test/good"),
        ],
    );
    world.graph.file("https://files.test/cut", 200, &[&whole[..10], b"CUT"]);
    world.graph.file("https://files.test/good", 200, &[&whole]);
    world.webhook(&[incoming(&world, "wamid.pic", &hash(&whole))]).await;
    assert_eq!(body_of(&world)["ready"], false);
    sleep(Duration::from_secs(10)).await;
    assert_eq!(body_of(&world)["ready"], true);
    assert_eq!(world.files("media"), [hash(&whole)]);
}

#[tokio::test(start_paused = true)]
async fn the_token_goes_to_no_strange_address_and_a_wrong_file_is_not_taken() {
    let world = asked().await;
    let whole = bytes(1_000);
    world.graph.on("GET /555", [named(&whole, "https://evil.example/1")]);
    world.webhook(&[incoming(&world, "wamid.pic", &hash(&whole))]).await;
    sleep(Duration::from_mins(5)).await;
    // `fetch` of the port would have failed the test for any other address.
    assert_eq!(
        (&body_of(&world)["ready"], &body_of(&world)["trouble"]),
        (&json!(false), &json!("refused"))
    );
    let world = asked().await;
    world.graph.on("GET /555", [named(&whole, "https://files.test/1")]);
    world.graph.file("https://files.test/1", 200, &[b"something else"]);
    world.webhook(&[incoming(&world, "wamid.pic", &hash(&whole))]).await;
    sleep(Duration::from_mins(5)).await;
    assert_eq!(body_of(&world)["ready"], false);
    assert_eq!(world.files("media"), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_or_gone_is_said_and_not_asked_for_for_ever() {
    let world = asked().await;
    let large = json!({"url": "https://files.test/1", "file_size": 100 * 1024 * 1024 + 1});
    world.graph.on("GET /555", [Reply::Answer(200, large, None)]);
    world.webhook(&[incoming(&world, "wamid.pic", &hash(b"x"))]).await;
    assert_eq!(body_of(&world)["trouble"], "too_large");
    let world = asked().await;
    let unknown = json!({"error": {"code": 100, "error_subcode": 33}});
    world.graph.on("GET /555", [Reply::Answer(400, unknown, None)]);
    world.webhook(&[incoming(&world, "wamid.pic", &hash(b"x"))]).await;
    sleep(Duration::from_mins(5)).await;
    assert_eq!(body_of(&world)["trouble"], "gone");
    // Meta down for longer than it keeps files: seven days.
    let world = asked().await;
    world.webhook(&[incoming(&world, "wamid.pic", &hash(b"x"))]).await;
    world.later(Duration::from_hours(24 * 6)).await;
    assert_eq!(body_of(&world)["trouble"], Value::Null);
    world.later(Duration::from_hours(26)).await;
    assert_eq!(body_of(&world)["trouble"], "gone");
    world.graph.questions();
    world.later(Duration::from_hours(24)).await;
    assert!(!world.graph.questions().iter().any(|question| question.contains("555")));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_an_edit_replaced_while_it_came_is_not_shown_in_its_place() {
    let world = asked().await;
    let (old, new) = (bytes(1_000), bytes(2_000));
    let late = json!({"url": "https://files.test/old", "sha256": hash(&old), "id": "555"});
    world.graph.on("GET /555", [Reply::Late(Duration::from_secs(10), 200, late)]);
    world.graph.file("https://files.test/old", 200, &[&old]);
    let newer = json!({"url": "https://files.test/new", "sha256": hash(&new), "id": "556"});
    world.graph.on("GET /556", [Reply::Answer(200, newer, None)]);
    world.graph.file("https://files.test/new", 200, &[&new]);
    world.webhook(&[incoming(&world, "wamid.pic", &hash(&old))]).await;
    let edit = json!({"id": "wamid.edit", "timestamp": (world.now_s() + 1).to_string(), "type": "edit",
        "edit": {"original_message_id": "wamid.pic", "message": {"type": "image", "image":
            {"id": "556", "mime_type": "image/jpeg", "sha256": hash(&new)}}}});
    world.webhook(&[message(ANA, edit)]).await;
    sleep(Duration::from_mins(2)).await;
    let body = body_of(&world);
    assert_eq!((&body["ready"], &body["size"]), (&json!(true), &json!(2_000)), "{body}");
    assert_eq!(body["sha256"], hash(&new));
}

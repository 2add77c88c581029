//! Media ids, their addresses and their ends (whatsapp.md 5.3).

use serde_json::{Value, json};

use crate::sends::error;
use crate::world::{ANA, BEARER, World};

async fn fetch(world: &World, url: &str, token: bool) -> (u16, Vec<u8>) {
    use axum::body::{Body, to_bytes};
    use tower::ServiceExt as _;
    let mut request = axum::http::Request::get(url);
    if token {
        request = request.header(BEARER.0, BEARER.1);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = world.sim.router().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    (status, to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec())
}

#[tokio::test(start_paused = true)]
async fn an_address_lives_5_minutes_and_needs_the_token() {
    let world = World::new();
    let id = world.upload("image/png", "PNG").await.unwrap();
    let (status, node) = world.call("GET", &id, &Value::Null).await;
    assert_eq!(status, 200);
    assert_eq!(node["mime_type"], "image/png");
    assert_eq!(node["file_size"], 3);
    assert_eq!(node["sha256"].as_str().unwrap().len(), 64);
    assert_eq!((&node["id"], &node["messaging_product"]), (&json!(id), &json!("whatsapp")));
    let url = node["url"].as_str().unwrap();
    assert!(url.starts_with("http://graph.example/"), "{url}");
    assert_eq!(fetch(&world, url, true).await, (200, b"PNG".to_vec()));
    assert_eq!(fetch(&world, url, false).await.0, 401);
    world.pass(299_999).await;
    assert_eq!(fetch(&world, url, true).await.0, 200);
    world.pass(1).await;
    assert_eq!(fetch(&world, url, true).await.0, 404, "ask for a new one");
    let again = world.call("GET", &id, &Value::Null).await.1;
    assert_ne!(again["url"], node["url"]);
    assert_eq!(fetch(&world, again["url"].as_str().unwrap(), true).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn uploads_live_30_days_and_files_of_customers_7() {
    let world = World::new();
    let id = world.upload("application/pdf", "PDF").await.unwrap();
    let photo = json!({"wa_id": ANA, "message": {"type": "image", "image": {"caption": "Look"}},
        "media": {"base64": "UE5H", "mime_type": "image/jpeg"}});
    world.control("customer", &photo).await;
    world.pass(1).await;
    let image = world.updates()[0].1["messages"][0]["image"].clone();
    assert_eq!((&image["caption"], &image["mime_type"]), (&json!("Look"), &json!("image/jpeg")));
    let theirs = image["id"].as_str().unwrap();
    let node = world.call("GET", theirs, &Value::Null).await.1;
    assert_eq!(node["sha256"], image["sha256"]);
    assert_eq!(fetch(&world, node["url"].as_str().unwrap(), true).await.1, b"PNG");
    world.pass(7 * 86_400_000).await;
    assert_eq!(world.call("GET", theirs, &Value::Null).await.0, 400);
    assert_eq!(world.call("GET", &id, &Value::Null).await.0, 200);
    world.pass(23 * 86_400_000).await;
    assert_eq!(world.call("GET", &id, &Value::Null).await.0, 400);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_id_is_gone_and_cannot_be_sent() {
    let world = World::new();
    world.control("customer", &json!({"wa_id": ANA, "text": "Hi"})).await;
    let id = world.upload("image/png", "PNG").await.unwrap();
    assert_eq!(world.send("image", &json!({"id": id, "caption": "Ours"})).await.0, 200);
    let as_video = world.send("video", &json!({"id": id})).await;
    assert_eq!(error(Some(as_video)), (400, json!(131_053)));
    let deleted = world.call("DELETE", &id, &Value::Null).await;
    assert_eq!(deleted, (200, json!({"success": true})));
    assert_eq!(world.call("GET", &id, &Value::Null).await.0, 400);
    let (status, refused) = world.send("image", &json!({"id": id})).await;
    assert_eq!((status, &refused["error"]["code"]), (400, &json!(100)));
    assert!(refused["error"]["error_data"]["details"].as_str().unwrap().contains("image['id']"));
    let unknown = world.send("image", &json!({"id": "1"})).await;
    assert_eq!(error(Some(unknown)), (400, json!(100)));
}

#[tokio::test(start_paused = true)]
async fn what_meta_does_not_take_is_refused() {
    let world = World::new();
    let refused = |got: Result<String, (u16, Value)>| error(Some(got.unwrap_err())).1;
    assert_eq!(refused(world.upload("image/gif", "GIF").await), 100);
    assert_eq!(refused(world.upload("image/png", "").await), 131_053);
    assert_eq!(refused(world.upload("image/png", &"x".repeat((5 << 20) + 1)).await), 131_053);
    assert!(world.upload("image/png", &"x".repeat(5 << 20)).await.is_ok());
    let path = "106540352242922/media";
    let no_file = world.call("POST", path, &json!({"messaging_product": "whatsapp"})).await;
    assert_eq!(error(Some(no_file)), (400, json!(131_008)));
    let logged = world.sim.log().calls.last().unwrap().clone();
    assert_eq!(logged.body, json!({"messaging_product": "whatsapp"}));
    let file = &world.sim.log().calls[3].body["file"];
    assert_eq!((&file["mime"], &file["size"]), (&json!("image/png"), &json!(5 << 20)));
}

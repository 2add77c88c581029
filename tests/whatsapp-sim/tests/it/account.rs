//! The phone number, the app and the account (whatsapp.md 5.5, 5.6).

use serde_json::{Value, json};

use crate::sends::error;
use crate::world::{ANA, World};

const PHONE: &str = "106540352242922";
const WABA: &str = "102290129340398";

#[tokio::test(start_paused = true)]
async fn the_phone_node_shows_what_is_asked_for() {
    let world = World::new();
    let path = format!("{PHONE}?fields=is_on_biz_app,platform_type,throughput{{level}}");
    let node = world.call("GET", &path, &Value::Null).await.1;
    assert_eq!(
        node,
        json!({"id": PHONE, "is_on_biz_app": true, "platform_type": "CLOUD_API",
        "throughput": {"level": "STANDARD"}})
    );
    let list = world.call("GET", &format!("{WABA}/phone_numbers"), &Value::Null).await.1;
    assert_eq!(
        (&list["data"][0]["id"], &list["data"][0]["is_on_biz_app"]),
        (&json!(PHONE), &json!(true))
    );
    assert_eq!(world.call("GET", "me", &Value::Null).await.0, 400);
}

#[tokio::test(start_paused = true)]
async fn registering_takes_the_number_off_the_app_and_deregistering_is_refused() {
    let world = World::new();
    let body = json!({"messaging_product": "whatsapp", "pin": "123456"});
    assert!(world.sim.chats().app.on_app);
    let refused = world.call("POST", &format!("{PHONE}/deregister"), &json!({})).await;
    assert_eq!(error(Some(refused)).1, 131_055);
    assert_eq!(world.call("POST", &format!("{PHONE}/register"), &body).await.0, 200);
    let app = world.sim.chats().app;
    assert_eq!((app.on_app, app.registers), (false, 1));
    assert!(!serde_json::to_string(&world.sim.log()).unwrap().contains("123456"));
}

#[tokio::test(start_paused = true)]
async fn a_code_is_exchanged_once() {
    let world = World::new();
    let path = "oauth/access_token?client_id=1&client_secret=canary-secret&code=canary-code";
    let got = world.request("GET", &format!("/v25.0/{path}"), &[], "").await.unwrap();
    let token = got.1["access_token"].as_str().unwrap().to_owned();
    assert_eq!(got.0, 200);
    assert_eq!(world.call("GET", path, &Value::Null).await.0, 400, "used up");
    let expired = path.replace("canary-code", "expired-1");
    assert_eq!(world.call("GET", &expired, &Value::Null).await.0, 400);
    assert_eq!(world.call("GET", "oauth/access_token?client_id=1", &Value::Null).await.0, 400);
    let debug =
        world.call("GET", &format!("debug_token?input_token={token}"), &Value::Null).await.1;
    assert_eq!(debug["data"]["granular_scopes"][0]["target_ids"], json!([WABA]));
    let log = serde_json::to_string(&world.sim.log()).unwrap();
    assert!(!log.contains("canary") && !log.contains(&token), "no secret in the log");
}

#[tokio::test(start_paused = true)]
async fn without_a_subscription_no_webhook_comes() {
    let world = World::new();
    let apps = format!("{WABA}/subscribed_apps");
    let write = json!({"wa_id": ANA, "text": "Hi"});
    assert_eq!(world.call("DELETE", &apps, &Value::Null).await.0, 200);
    assert_eq!(world.call("GET", &apps, &Value::Null).await.1, json!({"data": []}));
    world.control("customer", &write).await;
    world.pass(1_000).await;
    assert!(world.updates().is_empty());
    let uri =
        json!({"override_callback_uri": "https://a.example/hook", "verify_token": "canary-v"});
    assert_eq!(world.call("POST", &apps, &uri).await.0, 200);
    let listed = world.call("GET", &apps, &Value::Null).await.1;
    assert_eq!(listed["data"][0]["override_callback_uri"], "https://a.example/hook");
    world.call("POST", &apps, &Value::Null).await;
    let listed = world.call("GET", &apps, &Value::Null).await.1;
    assert!(listed["data"][0].get("override_callback_uri").is_none(), "an empty call removes it");
    let fields = json!({"object": "whatsapp_business_account", "fields": "history,account_update"});
    world.call("POST", "1/subscriptions", &fields).await;
    let shown = world.call("GET", "1/subscriptions", &Value::Null).await.1;
    assert_eq!(shown["data"][0]["fields"][1]["name"], "history");
    world.control("customer", &write).await;
    world.control("owner/line", &json!({"event": "violation"})).await;
    world.pass(1_000).await;
    let fields: Vec<String> = world.updates().into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["account_update"]);
    assert!(!serde_json::to_string(&world.sim.log()).unwrap().contains("canary-v"));
}

#[tokio::test(start_paused = true)]
async fn profile_and_block_list_keep_what_they_are_told() {
    let world = World::new();
    let profile = format!("{PHONE}/whatsapp_business_profile");
    world.call("POST", &profile, &json!({"messaging_product": "whatsapp", "about": "Open"})).await;
    let shown = world.call("GET", &format!("{profile}?fields=about"), &Value::Null).await.1;
    assert_eq!(shown["data"][0]["about"], "Open");
    let block = format!("{PHONE}/block_users");
    let ana = json!({"messaging_product": "whatsapp", "block_users": [{"user": ANA}]});
    assert_eq!(error(Some(world.call("POST", &block, &ana).await)).1, 139_100, "she never wrote");
    world.control("customer", &json!({"wa_id": ANA, "text": "Hi"})).await;
    assert_eq!(world.call("POST", &block, &ana).await.0, 200);
    assert_eq!(world.call("GET", &block, &Value::Null).await.1["data"][0]["wa_id"], ANA);
    world.pass(1).await;
    world.updates();
    world.control("customer", &json!({"wa_id": ANA, "text": "Hello?"})).await;
    world.pass(1).await;
    assert!(world.updates().is_empty());
    assert_eq!(world.call("DELETE", &block, &ana).await.0, 200);
    world.control("customer", &json!({"wa_id": ANA, "text": "Again"})).await;
    world.pass(1).await;
    assert_eq!(world.updates().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn other_calls_fail_on_demand_and_by_the_hour() {
    let world = World::new();
    world.control("faults", &json!({"calls": 131_031, "calls_times": 1})).await;
    assert_eq!(error(Some(world.call("GET", PHONE, &Value::Null).await)), (403, json!(131_031)));
    assert_eq!(world.call("GET", PHONE, &Value::Null).await.0, 200);
    world.control("faults", &json!({"limits": {"management_per_hour": 2}})).await;
    for wanted in [200, 200, 400] {
        assert_eq!(world.call("GET", PHONE, &Value::Null).await.0, wanted);
    }
    world.pass(3_600_000).await;
    assert_eq!(world.call("GET", PHONE, &Value::Null).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn sends_beyond_the_limit_name_the_pause() {
    use axum::body::Body;
    use tower::ServiceExt as _;
    let world = World::new();
    world.control("customer", &json!({"wa_id": ANA, "text": "Hi"})).await;
    world.control("faults", &json!({"limits": {"per_second": 20}})).await;
    for _ in 0..20 {
        assert_eq!(world.send("text", &json!({"body": "x"})).await.0, 200);
    }
    let body = crate::world::send_body(ANA, "x", "c").to_string();
    let request = axum::http::Request::post(format!("/v25.0/{PHONE}/messages"))
        .header(crate::world::BEARER.0, crate::world::BEARER.1)
        .body(Body::from(body))
        .unwrap();
    let response = world.sim.router().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(response.status(), 400);
    world.pass(1_000).await;
    world.control("faults", &json!({"limits": {"pair": true}})).await;
    for _ in 0..45 {
        assert_eq!(world.send("text", &json!({"body": "x"})).await.0, 200);
    }
    assert_eq!(error(Some(world.send("text", &json!({"body": "x"})).await)).1, 131_056);
    assert_eq!(world.shown(ANA).len(), 65, "what is refused does not go out");
}

//! Templates: lists, states, parameters (whatsapp.md 5.4).

use serde_json::{Value, json};

use crate::sends::error;
use crate::world::World;

const LIST: &str = "102290129340398/message_templates";

async fn code(world: &World, template: &Value) -> Value {
    let (status, body) = world.send("template", template).await;
    if status == 200 { json!(0) } else { error(Some((status, body))).1 }
}

fn greeting() -> Value {
    json!({"name": "greeting", "language": "de", "category": "marketing",
        "components": [{"type": "BODY", "text": "Hallo {{1}}", "example": {"body_text": [["Ana"]]}}]})
}

fn to_send(name: &str, parameters: &Value) -> Value {
    json!({"name": name, "language": {"code": "de"},
        "components": [{"type": "body", "parameters": parameters}]})
}

#[tokio::test(start_paused = true)]
async fn a_new_one_is_pending_then_approved_and_can_be_sent() {
    let world = World::new();
    let (status, made) = world.call("POST", LIST, &greeting()).await;
    assert_eq!(
        (status, &made["status"], &made["category"]),
        (200, &json!("PENDING"), &json!("MARKETING"))
    );
    let id = made["id"].as_str().unwrap();
    let ana = json!([{"type": "text", "text": "Ana"}]);
    assert_eq!(code(&world, &to_send("greeting", &ana)).await, 132_001, "not yet");
    world.pass(1_001).await;
    let (field, value) = world.updates().remove(0);
    assert_eq!(field, "message_template_status_update");
    assert_eq!(
        (&value["event"], &value["message_template_name"]),
        (&json!("APPROVED"), &json!("greeting"))
    );
    assert!(value["message_template_id"].is_u64());
    assert_eq!(code(&world, &to_send("greeting", &ana)).await, 0);
    assert_eq!(world.shown("34600111222"), ["Hallo Ana"]);
    assert_eq!(code(&world, &to_send("greeting", &json!([]))).await, 132_000);
    assert_eq!(code(&world, &to_send("nothing", &ana)).await, 132_001);
    let node = world.call("GET", &format!("{id}?fields=name,status"), &Value::Null).await.1;
    assert_eq!(node, json!({"id": id, "name": "greeting", "status": "APPROVED"}));
    let again = world.call("POST", LIST, &greeting()).await;
    assert_eq!(error(Some(again)).1, 2_388_024);
}

#[tokio::test(start_paused = true)]
async fn each_state_has_its_code() {
    let world = World::new();
    for (state, wanted) in [
        ("APPROVED", 0),
        ("PAUSED", 132_015),
        ("DISABLED", 132_016),
        ("REJECTED", 132_001),
        ("APPROVED", 0),
    ] {
        let order = json!({"name": "one", "language": "de", "status": state, "reason": "NONE"});
        world.control("template", &order).await;
        let got = code(&world, &json!({"name": "one", "language": {"code": "de"}})).await;
        assert_eq!(got, wanted, "{state}");
    }
    world.pass(1).await;
    assert_eq!(world.updates().first().unwrap().1["event"], "APPROVED");
}

#[tokio::test(start_paused = true)]
async fn pages_follow_their_cursors() {
    let world = World::new();
    for n in 0..4 {
        world.control("template", &json!({"name": format!("t{n}")})).await;
    }
    let mut path = format!("{LIST}?fields=name&limit=2");
    let mut names = Vec::new();
    loop {
        let page = world.call("GET", &path, &Value::Null).await.1;
        names.extend(page["data"].as_array().unwrap().iter().map(|one| one["name"].clone()));
        assert!(page["data"][0].get("components").is_none());
        if page["paging"].get("next").is_none() {
            break;
        }
        let after = page["paging"]["cursors"]["after"].as_str().unwrap();
        path = format!("{LIST}?fields=name&limit=2&after={after}");
    }
    assert_eq!(names, ["hello_world", "t0", "t1", "t2", "t3"]);
    let by_name = world.call("GET", &format!("{LIST}?name=t2"), &Value::Null).await.1;
    assert_eq!(by_name["data"].as_array().unwrap().len(), 1);
    let wrong = world.call("GET", &format!("{LIST}?after=x"), &Value::Null).await;
    assert_eq!(error(Some(wrong)).1, 100);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_name_is_blocked_for_30_days() {
    let world = World::new();
    world.call("POST", LIST, &greeting()).await;
    let path = format!("{LIST}?name=greeting");
    assert_eq!(world.call("DELETE", &path, &Value::Null).await, (200, json!({"success": true})));
    assert_eq!(error(Some(world.call("DELETE", &path, &Value::Null).await)).1, 132_001);
    assert_eq!(error(Some(world.call("POST", LIST, &greeting()).await)).1, 2_388_023);
    world.pass(30 * 86_400_000).await;
    assert_eq!(world.call("POST", LIST, &greeting()).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_one_is_not_made_and_a_changed_one_is_judged_again() {
    let world = World::new();
    for (key, value) in [
        ("name", json!("Greeting!")),
        ("category", json!("NEWS")),
        ("components", json!([{"type": "FOOTER", "text": "x"}])),
        ("components", json!([{"type": "BODY", "text": "x".repeat(1_025)}])),
        ("language", json!("")),
    ] {
        let mut body = greeting();
        body[key] = value;
        assert_eq!(world.call("POST", LIST, &body).await.0, 400, "{key}");
    }
    let made = world.call("POST", LIST, &greeting()).await.1;
    let id = made["id"].as_str().unwrap();
    world.pass(1_001).await;
    let words = json!({"components": [{"type": "BODY", "text": "Neu"}]});
    assert_eq!(world.call("POST", id, &words).await.0, 200);
    assert_eq!(world.call("GET", id, &Value::Null).await.1["status"], "PENDING");
    world.pass(1_001).await;
    assert_eq!(code(&world, &json!({"name": "greeting", "language": {"code": "de"}})).await, 0);
    assert_eq!(world.call("DELETE", id, &Value::Null).await.0, 200);
}

//! What nobody meant to send: never a fault of the platform's, and each command answered.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use crate::world::{MARIA, OWNER, PASSWORD, World, device};

const ROUNDS: usize = 300;

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(Value::from("00000000-0000-7000-8000-000000000001")),
        Just(Value::from("x".repeat(5000))),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,8}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Puts something else in one place of a request, or takes it out.
fn spoil(value: &mut Value, mut path: usize, other: Value) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            let index = path % map.len();
            path /= map.len();
            let name = map.keys().nth(index).unwrap().clone();
            if path.is_multiple_of(5) {
                map.remove(&name);
            } else if path.is_multiple_of(3) {
                map.insert(name, other);
            } else {
                spoil(map.get_mut(&name).unwrap(), path, other);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            let index = path % list.len();
            spoil(&mut list[index], path / 2, other);
        }
        value => *value = other,
    }
}

#[tokio::test(start_paused = true)]
async fn spoilt_requests_are_never_a_fault() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let id = world.conversation(&["a"]).await;
    let mut runner = TestRunner::deterministic();
    for round in 0..ROUNDS {
        let commands = json!([
            world.send(&id, "hello", 1),
            {"id": world.uuid(), "at": 1, "kind": "read", "conversation": id, "up_to_n": 1},
            {"id": world.uuid(), "at": 1, "kind": "settle", "message": id, "result": "send_again",
             "new_id": world.uuid(), "based_on_n": 1},
            {"id": world.uuid(), "at": 1, "kind": "release", "message": id, "based_on_n": 1},
        ]);
        let requests = [
            ("/v1/commands", json!({"epoch": world.epoch(), "commands": commands})),
            (
                "/v1/session",
                json!({"email": MARIA, "password": PASSWORD, "device": device(&phone.device)}),
            ),
            ("/v1/session", json!({"link_code": "ABCD", "device": device(&phone.device)})),
            ("/v1/session/preview", json!({"link_code": "ABCD"})),
            ("/v1/session/refresh", json!({"refresh_token": phone.refresh})),
        ];
        let (path, mut body) = requests[if round % 2 == 0 { 0 } else { round % 5 }].clone();
        let other = anything().new_tree(&mut runner).unwrap().current();
        let place = any::<u16>().new_tree(&mut runner).unwrap().current();
        spoil(&mut body, usize::from(place), other);
        let answer = world.call("POST", path, Some(&phone.access), Some(&body)).await;
        assert!(!answer.status.is_server_error(), "{body} {answer:?}");
        if path == "/v1/commands" && answer.status.is_success() {
            let asked = body["commands"].as_array().unwrap();
            let answered = answer.json["answers"].as_array().unwrap();
            assert_eq!(asked.len(), answered.len());
            for (command, answer) in asked.iter().zip(answered) {
                assert_eq!(command["id"], answer["id"]);
                assert!(
                    ["done", "refused", "later"].contains(&answer["outcome"].as_str().unwrap())
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn strange_places_are_never_a_fault() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let id = world.conversation(&["a"]).await;
    let cursor = world.cursor(&phone).await;
    let mut runner = TestRunner::deterministic();
    let text = prop_oneof!["[A-Za-z0-9_.-]{0,40}", "-?[0-9]{1,25}\\.-?[0-9]{1,25}"];
    for _ in 0..ROUNDS {
        let word = text.new_tree(&mut runner).unwrap().current();
        for path in [
            format!("/v1/changes?since={word}"),
            format!("/v1/changes?since={cursor}&limit={word}"),
            format!("/v1/bootstrap?page={word}"),
            format!("/v1/conversations/{id}/messages?before={word}"),
            format!("/v1/conversations/x{word}/messages"),
        ] {
            let answer = world.get(&phone, &path).await;
            assert!(!answer.status.is_server_error(), "{path} {answer:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_no_text_is_refused_in_our_words() {
    let world = World::new().await;
    let (maria, owner) = (world.sign_in(MARIA).await, world.sign_in(OWNER).await);
    for (method, path) in [
        ("GET", "/v1/conversations/%FF/messages"),
        ("PUT", "/v1/devices/%C0%80/push"),
        ("GET", "/v1/media/%FF"),
        ("PUT", "/v1/media/%FF"),
        ("PATCH", "/v1/office/labels/%FF"),
        ("GET", "/v1/office/channels/%FF"),
        ("DELETE", "/v1/office/templates/%FF"),
    ] {
        let phone = if path.contains("office") { &owner } else { &maria };
        let answer = world.call(method, path, Some(&phone.access), Some(&json!({}))).await;
        assert_eq!(answer.error(), (400, "malformed"), "{method} {path}");
        assert_eq!(answer.details()["field"], "id", "{method} {path}");
    }
}

//! Webhook bodies that nobody expects: whatever it is, it is kept, it is answered with 200, and
//! what comes behind it goes on.

use axum::http::StatusCode;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use crate::meta_world::*;

/// Bodies that are tried, made from one seed that `PROPTEST_RNG_SEED` sets.
const CASES: usize = 600;

#[tokio::test(start_paused = true)]
async fn a_thousand_updates_in_one_body_are_a_thousand_messages() {
    let world = World::new().await;
    let changes: Vec<Value> = (0..1_000)
        .map(|number| {
            let from = format!("346{:08}", number % 40);
            customer(&from, &format!("wamid.{number}"), &format!("text {number}"), world.now_s())
        })
        .collect();
    assert_eq!(world.raw(envelope(&changes)).await, StatusCode::OK);
    sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM messages"), 1_000);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM conversations"), 40);
    assert_eq!(world.rows("SELECT state FROM webhooks"), ["done"]);
}

#[tokio::test(start_paused = true)]
async fn json_a_thousand_deep_is_kept_and_stops_nobody() {
    let world = World::new().await;
    let deep = "[".repeat(1_000) + &"]".repeat(1_000);
    let nested = "{\"a\":".repeat(1_000) + "1" + &"}".repeat(1_000);
    // In the middle of a body that is otherwise good, too.
    let message = customer(ANA, "wamid.deep", "DEEP", world.now_s()).to_string();
    let inside = message.replace("\"DEEP\"", &deep);
    let inside = format!(
        "{{\"object\":\"whatsapp_business_account\",\"entry\":[{{\"id\":\"b\",\"changes\":[{inside}]}}]}}"
    );
    for body in [deep, nested, inside] {
        assert_eq!(world.raw(body.into_bytes()).await, StatusCode::OK);
    }
    world.ana("wamid.1", "hello").await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM webhooks"), 4);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM webhooks WHERE state = 'pending'"), 0);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM messages WHERE wamid = 'wamid.1'"), 1);
}

#[tokio::test(start_paused = true)]
async fn three_megabytes_of_one_text_are_one_message() {
    let world = World::new().await;
    let text = "x".repeat(3_000_000);
    world.webhook(&[customer(ANA, "wamid.long", &text, world.now_s())]).await;
    world.ana("wamid.1", "hello").await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM messages WHERE wamid = 'wamid.1'"), 1);
    assert_eq!(world.rows("SELECT DISTINCT state FROM webhooks"), ["done"]);
}

/// Any JSON.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| json!(number)),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,40}".prop_map(Value::String),
        "[0-9]{1,20}".prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::btree_map(word(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Names as Meta uses them, and others.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "object",
            "entry",
            "changes",
            "field",
            "value",
            "messages",
            "statuses",
            "contacts",
            "metadata",
            "id",
            "from",
            "to",
            "type",
            "text",
            "body",
            "timestamp",
            "errors",
            "history",
            "threads",
            "event",
            "wa_id",
            "user_id",
            "context",
            "image",
            "reaction",
            "interactive",
            "message_echoes",
            "state_sync",
        ])
        .prop_map(str::to_owned),
        "[a-z_]{1,12}".prop_map(|name| name),
    ]
}

/// One change of each kind that has a life of its own.
fn fixtures(now_s: i64) -> Vec<Value> {
    let number = json!({"display_phone_number": "+34 600", "phone_number_id": PHONE_NUMBER_ID});
    let of = |field: &str, value: Value| json!({"field": field, "value": value});
    vec![
        customer(ANA, "wamid.fixture", "hello", now_s),
        echo(ANA, "wamid.echo", "from the owner", now_s),
        status_of("wamid.unknown", "delivered", now_s),
        message(
            ANA,
            json!({"id": "wamid.image", "timestamp": now_s.to_string(), "type": "image",
            "image": {"id": "1", "mime_type": "image/jpeg", "sha256": "x", "caption": "c"}}),
        ),
        message(
            ANA,
            json!({"id": "wamid.react", "timestamp": now_s.to_string(), "type": "reaction",
            "reaction": {"message_id": "wamid.fixture", "emoji": "👍"}}),
        ),
        message(
            ANA,
            json!({"id": "wamid.edit", "timestamp": now_s.to_string(), "type": "edit",
            "edit": {"original_message_id": "wamid.fixture", "message": {"type": "text", "text": {"body": "e"}}}}),
        ),
        message(
            ANA,
            json!({"id": "wamid.contacts", "timestamp": now_s.to_string(), "type": "contacts",
            "contacts": [{"name": {"formatted_name": "B"}, "phones": [{"phone": "+1", "wa_id": "1"}]}]}),
        ),
        message(
            ANA,
            json!({"id": "wamid.system", "timestamp": now_s.to_string(), "type": "system",
            "system": {"type": "user_changed_number", "wa_id": "34600999888", "body": "b"}}),
        ),
        of(
            "history",
            json!({"messaging_product": "whatsapp", "metadata": number, "history": [
            {"metadata": {"phase": 0, "chunk_order": 1, "progress": 10}, "threads": [{"id": ANA, "messages": [
                {"from": ANA, "id": "wamid.old", "timestamp": (now_s - 9_000).to_string(), "type": "text",
                 "text": {"body": "old"}, "history_context": {"status": "READ"}}]}]}]}),
        ),
        of(
            "smb_app_state_sync",
            json!({"messaging_product": "whatsapp", "metadata": number, "state_sync": [
            {"type": "contact", "contact": {"full_name": "Ana", "first_name": "Ana", "phone_number": ANA},
             "action": "add", "metadata": {"timestamp": (now_s * 1000).to_string()}}]}),
        ),
        of("account_update", json!({"event": "PARTNER_REMOVED", "waba_info": {"waba_id": "b"}})),
        of(
            "message_template_status_update",
            json!({"event": "APPROVED", "message_template_id": 1,
            "message_template_name": "n", "message_template_language": "en", "reason": "NONE"}),
        ),
        of(
            "phone_number_quality_update",
            json!({"display_phone_number": "34600", "event": "FLAGGED"}),
        ),
        of("user_preferences", json!({"user_preferences": [{"wa_id": ANA, "value": "stop"}]})),
    ]
}

/// Every place of a value, as steps from its root.
fn places(value: &Value, path: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
    found.push(path.clone());
    let children: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => return,
    };
    for (index, child) in children.into_iter().enumerate() {
        path.push(index);
        places(child, path, found);
        path.pop();
    }
}

fn at<'v>(value: &'v mut Value, path: &[usize]) -> &'v mut Value {
    path.iter().fold(value, |value, index| match value {
        Value::Array(items) => &mut items[*index],
        Value::Object(map) => map.values_mut().nth(*index).unwrap(),
        other => other,
    })
}

/// Does something to one place: puts anything there, takes it away, doubles it, renames it.
fn mutate(body: &mut Value, place: usize, how: u8, with: Value, name: String) {
    let mut all = Vec::new();
    places(body, &mut Vec::new(), &mut all);
    let path = &all[place % all.len()];
    let Some((last, parent)) = path.split_last() else {
        *body = with;
        return;
    };
    match (how, at(body, parent)) {
        (0, Value::Array(items)) => drop(items.remove(*last)),
        (1, Value::Array(items)) => items.push(items[*last].clone()),
        (0, Value::Object(map)) => {
            let key = map.keys().nth(*last).unwrap().clone();
            map.remove(&key);
        }
        (1, Value::Object(map)) => {
            let key = map.keys().nth(*last).unwrap().clone();
            let value = map.remove(&key).unwrap();
            map.insert(name, value);
        }
        _ => *at(body, path) = with,
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_comes_is_answered_and_stops_nothing() {
    let world = World::new().await;
    let mut runner = TestRunner::new(Config::default());
    let now_s = world.now_s();
    let fixtures = fixtures(now_s);
    let draw = (
        anything(),
        prop::sample::select(fixtures),
        prop::collection::vec((any::<usize>(), 0_u8..4, anything(), word()), 1..4),
        0_u8..6,
    );
    let mut texts = Vec::new();
    for number in 0..CASES {
        let (any, fixture, mutations, kind) = draw.new_tree(&mut runner).unwrap().current();
        let text = match kind {
            0 => any.to_string(),
            1 => envelope_of(&any).to_string(),
            2 => {
                // Cut off in the middle.
                let whole = envelope_of(&fixture).to_string();
                let end = mutations[0].0 % whole.len();
                (0..=end).rev().find_map(|end| whole.get(..end)).unwrap_or_default().to_owned()
            }
            _ => {
                let mut body = envelope_of(&fixture);
                for (place, how, with, name) in mutations {
                    mutate(&mut body, place, how, with, name);
                }
                body.to_string()
            }
        };
        let status = world.raw(text.clone().into_bytes()).await;
        assert_eq!(status, StatusCode::OK, "{text}");
        texts.push(text);
        if number % 100 == 99 {
            world.quiet().await;
        }
    }
    sleep(std::time::Duration::from_secs(30)).await;
    let stuck = world
        .rows("SELECT id, state, reason FROM webhooks WHERE state NOT IN ('done', 'unreadable')");
    let first = stuck.first().and_then(|row| row.split(' ').next()?.parse::<usize>().ok());
    assert_eq!(stuck, [] as [String; 0], "the first of them: {:?}", first.map(|id| &texts[id - 1]));
    let from = "34600555666";
    world.webhook(&[customer(from, "wamid.behind", "behind it all", now_s)]).await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM messages WHERE wamid = 'wamid.behind'"), 1);
}

fn envelope_of(change: &Value) -> Value {
    json!({"object": "whatsapp_business_account", "entry": [{"id": "b", "changes": [change]}]})
}

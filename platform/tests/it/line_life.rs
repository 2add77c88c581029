//! The life of a line: signs of life and days, events of the account, readings of Meta's phone node,
//! who is told, and the checks that the office can make.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::time::{advance, sleep};

use crate::meta_world::*;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const NODE: &str = "GET /4242";

/// What the node says when all is well.
fn well() -> Value {
    json!({"id": "4242", "is_on_biz_app": true, "platform_type": "CLOUD_API", "quality_rating": "GREEN",
        "verified_name": "Bloom", "health_status": {"can_send_message": "AVAILABLE", "entities": []}})
}

fn says(answer: &Value) -> [Reply; 1] {
    [Reply::Answer(200, answer.clone(), None)]
}

fn refuses(status: u16, code: i64) -> [Reply; 1] {
    [Reply::Answer(status, json!({"error": {"code": code, "message": "no"}}), None)]
}

/// Time goes by at once, as while a machine sleeps; then the workers have two minutes.
async fn pass(seconds: u64) {
    advance(Duration::from_secs(seconds)).await;
    sleep(Duration::from_secs(2 * MINUTE + 1)).await;
}

fn state(world: &World) -> Value {
    serde_json::from_str(&world.one::<String>("SELECT state FROM channels")).unwrap()
}

/// `kind reason` of the state.
fn said(world: &World) -> String {
    let state = state(world);
    let word = |name: &str| state[name].as_str().unwrap_or("-").to_owned();
    format!("{} {}", word("kind"), word("reason"))
}

/// The questions about the phone node so far.
fn readings(world: &World) -> Vec<String> {
    let mut asked = world.graph.questions();
    asked.retain(|question| question.starts_with("GET /4242?"));
    asked
}

async fn event(world: &World, value: &Value, at_s: i64) {
    let body = json!({"entry": [{"id": "b", "time": at_s,
        "changes": [{"field": "account_update", "value": value}]}]});
    assert_eq!(world.raw(body.to_string().into_bytes()).await, StatusCode::OK);
    world.quiet().await;
}

#[tokio::test(start_paused = true)]
async fn the_owner_is_warned_on_days_10_12_and_13() {
    let world = World::new().await;
    world.graph.on(NODE, says(&well()));
    world.olga("GET", "/channels", &Value::Null).await;
    pass(0).await;
    world.owner("wamid.1", "good morning").await;
    let seen: i64 = world.one("SELECT last_sign_of_life FROM channels");
    pass(9 * DAY).await;
    let told = "SELECT kind, day, told FROM alerts WHERE ended_at IS NULL ORDER BY day";
    let quiet = |day| format!(r#"quiet {day} ["olga"]"#);
    for (day, days_told) in [
        (9, vec![]),
        (10, vec![10]),
        (11, vec![10]),
        (12, vec![10, 12]),
        (13, vec![10, 12, 13]),
        (14, vec![10, 12, 13]),
        (15, vec![10, 12, 13]),
    ] {
        assert_eq!(
            world.rows(told),
            days_told.into_iter().map(quiet).collect::<Vec<_>>(),
            "day {day}"
        );
        let expected = if day < 10 {
            json!({"kind": "connected"})
        } else {
            json!({"kind": "attention", "reason": "quiet", "since": seen})
        };
        assert_eq!(state(&world), expected, "day {day}");
        pass(DAY).await;
    }
    // "I opened it" ends it, and says from when it counts now.
    let (status, answer) = world.olga("POST", "/channels/h/opened", &Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer["channel"]["state"], json!({"kind": "connected"}));
    assert_eq!(
        answer["channel"]["last_sign_of_life"].as_i64().unwrap() / 60_000,
        world.now() / 60_000
    );
    assert_eq!(world.rows(told).len(), 0);
    // A person's word is no webhook's: a replay does not miss it.
    assert_eq!(world.replay().await.differences, []);
}

#[tokio::test(start_paused = true)]
async fn each_sign_of_the_owners_phone_counts() {
    let book = json!({"field": "smb_app_state_sync", "value": {"metadata": {"phone_number_id": PHONE_NUMBER_ID},
        "state_sync": [{"type": "contact", "action": "add", "contact": {"full_name": "Ana", "phone_number": ANA}}]}});
    let old = json!({"field": "history", "value": {"metadata": {"phone_number_id": PHONE_NUMBER_ID},
        "history": [{"metadata": {"phase": 0, "chunk_order": 1, "progress": 1}, "threads": []}]}});
    for sign in [echo(ANA, "wamid.e", "hi", 1_700_864_000), book, old] {
        let world = World::new().await;
        world.graph.on(NODE, says(&well()));
        pass(10 * DAY + MINUTE).await;
        assert_eq!(said(&world), "attention quiet");
        // A customer who writes proves nothing about the owner's phone.
        world.ana("wamid.c", "anybody?").await;
        assert_eq!(said(&world), "attention quiet");
        world.webhook(&[sign]).await;
        assert_ne!(said(&world), "attention quiet");
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_that_comes_back_is_lifted_and_late_news_change_nothing() {
    let world = World::new().await;
    let at = world.now_s();
    event(&world, &json!({"event": "ACCOUNT_OFFBOARDED"}), at).await;
    assert_eq!(said(&world), "attention reregistering");
    assert_eq!(world.rows("SELECT cause, reason FROM line_stops"), ["reregistering R5"]);
    sleep(Duration::from_mins(10)).await;
    let back = at + 300;
    event(&world, &json!({"event": "ACCOUNT_RECONNECTED"}), back).await;
    assert_eq!(said(&world), "connected -");
    // Repeats, and older ones that were overtaken.
    for (value, time) in [
        (json!({"event": "ACCOUNT_OFFBOARDED"}), at),
        (json!({"event": "ACCOUNT_RECONNECTED"}), back),
        (json!({"event": "PARTNER_REMOVED", "phone_number": "34600"}), back - 1),
    ] {
        event(&world, &value, time).await;
        assert_eq!(said(&world), "connected -", "{value}");
    }
    event(&world, &json!({"event": "PARTNER_REMOVED", "phone_number": "34600"}), back + 9).await;
    assert_eq!(said(&world), "disconnected owner_disconnected");
    let told = world.rows("SELECT kind, ended_at IS NULL FROM alerts ORDER BY since");
    assert_eq!(told, ["reregistering 0", "owner_disconnected 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_limit_ends_by_itself_and_a_ban_by_its_event() {
    let world = World::new().await;
    let at = world.now_s();
    let restriction = |kind: &str, until: Value| {
        json!({"event": "ACCOUNT_RESTRICTION",
            "restriction_info": [{"restriction_type": kind, "expiration": until}]})
    };
    let until = json!((at + 600).to_string());
    event(&world, &restriction("RESTRICTED_CUSTOMER_INITIATED_MESSAGING", until), at).await;
    assert_eq!(said(&world), "disconnected restricted");
    assert_eq!(world.rows("SELECT cause, reason FROM line_stops"), ["restricted R11"]);
    pass(600).await;
    assert_eq!(said(&world), "connected -");
    assert_eq!(world.rows("SELECT cause FROM line_stops").len(), 0);

    let ban = |state: &str| json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state, "waba_ban_date": "Today"}});
    event(&world, &ban("SCHEDULE_FOR_DISABLE"), at + 700).await;
    assert_eq!(said(&world), "attention disable_scheduled");
    event(&world, &ban("DISABLE"), at + 701).await;
    assert_eq!(said(&world), "disconnected disabled");
    event(&world, &ban("REINSTATE"), at + 702).await;
    assert_eq!(said(&world), "connected -");
    // Writing first is forbidden, answering is not: nothing is held.
    event(&world, &restriction("RESTRICTED_BIZ_INITIATED_MESSAGING", json!(at + 99_999)), at + 703)
        .await;
    assert_eq!(said(&world), "attention limited");
    assert_eq!(world.rows("SELECT cause, coalesce(reason, '-') FROM line_stops"), ["limited -"]);
}

#[tokio::test(start_paused = true)]
async fn the_phone_node_is_read_each_hour_and_lifts_and_stops() {
    let world = World::new().await;
    world.graph.on(NODE, says(&well()));
    pass(0).await;
    pass(HOUR).await;
    let asked = readings(&world);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].starts_with("GET /4242?fields=id,") && asked[0].contains("is_on_biz_app"));
    pass(HOUR + HOUR / 4).await;
    assert_eq!(readings(&world).len(), 1);
    // The event that ended the line was lost: the node tells.
    let gone = json!({"id": "4242", "is_on_biz_app": false});
    world.graph.on(NODE, says(&gone));
    pass(HOUR + HOUR / 4).await;
    assert_eq!(said(&world), "disconnected unlinked");
    assert_eq!(world.rows("SELECT cause, reason FROM line_stops"), ["unlinked R5"]);
    // So does the one that brought it back.
    world.graph.on(NODE, says(&well()));
    pass(HOUR + HOUR / 4).await;
    assert_eq!(said(&world), "connected -");
    // News that is older than the reading comes too late.
    event(&world, &json!({"event": "ACCOUNT_OFFBOARDED"}), world.now_s() - 2_000).await;
    assert_eq!(said(&world), "connected -");
    // The token is gone.
    world.graph.on(NODE, refuses(401, 190));
    pass(HOUR + HOUR / 4).await;
    assert_eq!(said(&world), "disconnected access_withdrawn");
    world.graph.on(NODE, says(&well()));
    pass(HOUR + HOUR / 4).await;
    assert_eq!(said(&world), "connected -");
}

#[tokio::test(start_paused = true)]
async fn a_fresh_disconnect_is_not_lifted_by_a_reading_that_lags() {
    let world = World::new().await;
    world.graph.on(NODE, says(&well()));
    event(&world, &json!({"event": "PARTNER_REMOVED", "phone_number": "34600"}), world.now_s())
        .await;
    // Somebody scanned again: the event alone proves nothing, so the node is asked within a minute.
    event(
        &world,
        &json!({"event": "PARTNER_ADDED", "waba_info": {"waba_id": "b"}}),
        world.now_s() + 1,
    )
    .await;
    sleep(Duration::from_secs(2 * MINUTE)).await;
    assert_eq!(readings(&world).len(), 1);
    assert_eq!(said(&world), "disconnected owner_disconnected");
    pass(HOUR + HOUR / 4).await;
    assert_eq!(said(&world), "connected -");
}

#[tokio::test(start_paused = true)]
async fn a_number_of_the_cloud_alone_is_neither_quiet_nor_unlinked() {
    let world = World::new().await;
    world.graph.on(
        NODE,
        says(&json!({"id": "4242", "is_on_biz_app": false, "platform_type": "CLOUD_API"})),
    );
    pass(HOUR + MINUTE).await;
    assert_eq!(said(&world), "connected -");
    pass(11 * DAY).await;
    assert_eq!(said(&world), "connected -");
}

#[tokio::test(start_paused = true)]
async fn a_day_without_any_word_is_unknown_and_not_well() {
    let world = World::new().await;
    pass(DAY + MINUTE).await;
    assert_eq!(said(&world), "attention unknown");
    let since = state(&world)["since"].as_i64().unwrap();
    assert_eq!(since, 1_700_000_000_000);
    // The owner's phone speaks: then the line is there, whatever the node would say.
    world.owner("wamid.e", "hello").await;
    assert_eq!(said(&world), "connected -");
}

#[tokio::test(start_paused = true)]
async fn facts_about_number_and_templates_are_kept_newest_and_told() {
    let world = World::new().await;
    let at = world.now_s();
    let told = |field: &str, value: Value, at: i64| {
        json!({"entry": [{"id": "b", "time": at, "changes": [{"field": field, "value": value}]}]})
            .to_string()
    };
    let paused = json!({"event": "PAUSED", "message_template_id": 7, "message_template_name": "hello",
        "message_template_language": "es", "reason": "NONE"});
    let approved = json!({"event": "APPROVED", "message_template_id": 7});
    let quality = json!({"display_phone_number": "+34 600", "event": "THROUGHPUT_UPGRADE", "current_limit": "TIER_1K"});
    for body in [
        told("message_template_status_update", paused, at - 5),
        told("message_template_status_update", approved, at - 9),
        told("phone_number_quality_update", quality, at - 5),
        told(
            "security",
            json!({"display_phone_number": "34600", "event": "PIN_CHANGED", "requester": "1"}),
            at - 5,
        ),
    ] {
        assert_eq!(world.raw(body.into_bytes()).await, StatusCode::OK);
        world.quiet().await;
    }
    let (status, health) = world.olga("GET", "/channels/h", &Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    let words: Vec<&str> =
        health["facts"].as_array().unwrap().iter().map(|f| f["word"].as_str().unwrap()).collect();
    assert_eq!(words, ["PAUSED", "THROUGHPUT_UPGRADE", "PIN_CHANGED"], "{health}");
    assert_eq!(world.rows("SELECT reason FROM webhook_leftovers"), ["older_fact"]);
    let (_, alerts) = world.olga("GET", "/alerts", &Value::Null).await;
    let kinds: Vec<&str> =
        alerts["alerts"].as_array().unwrap().iter().map(|a| a["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"template_paused") && kinds.contains(&"security"), "{kinds:?}");
}

#[tokio::test(start_paused = true)]
async fn the_office_sees_health_and_checks_and_employees_do_not() {
    let world = World::new().await;
    let node = json!({"id": "4242", "is_on_biz_app": true, "quality_rating": "YELLOW",
        "health_status": {"can_send_message": "BLOCKED", "entities": [
            {"entity_type": "WABA", "can_send_message": "BLOCKED", "errors": [{"error_code": 131_042}]}]}});
    world.graph.on(NODE, says(&node));
    world.graph.on(
        "GET /b/subscribed_apps",
        says(&json!({"data": [{"whatsapp_business_api_data": {"id": "77"}}]})),
    );
    let fields = ["messages", "history", "smb_app_state_sync", "smb_message_echoes"];
    world.graph.on(
        "GET /77/subscriptions",
        says(&json!({"data": [{"object": "whatsapp_business_account",
        "callback_url": "https://desk.example/webhooks/meta", "active": true,
        "fields": fields.map(|name| json!({"name": name}))}]})),
    );
    let (status, checks) = world.olga("GET", "/channels/h/checks", &Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    let said: Vec<String> = checks["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| format!("{} {} {}", c["check"], c["verdict"], c["detail"]).replace('"', ""))
        .collect();
    assert_eq!(
        said,
        [
            "webhooks bad missing:account_update",
            "address ok came_back",
            "account ok subscribed",
            "token ok valid",
            "on_app ok on_app",
            "payment bad payment",
            "quality warn yellow",
            "line ok connected",
            "phone_seen ok seen",
            "history ok not_asked",
            "groups ok never_mirrored",
        ]
    );
    let (_, health) = world.olga("GET", "/channels/h", &Value::Null).await;
    assert_eq!(health["quiet_days"], 0);
    assert_eq!(
        health["may_end_at"].as_i64().unwrap() - health["alive_at"].as_i64().unwrap(),
        14 * 86_400_000
    );
    assert_eq!(health["reading"]["quality"], "YELLOW");
    assert!(!health.to_string().contains("token"), "{health}");
    for (method, path) in [
        ("GET", "/channels"),
        ("GET", "/channels/h"),
        ("GET", "/channels/h/checks"),
        ("GET", "/alerts"),
        ("POST", "/channels/h/opened"),
        ("POST", "/channels/onboarding"),
    ] {
        let (status, answer) = world.office_as("maria", method, path, &Value::Null).await;
        assert_eq!(
            (status, &answer["error"]["code"]),
            (StatusCode::FORBIDDEN, &json!("not_allowed")),
            "{path}"
        );
    }
    let (status, _) = world.olga("GET", "/channels/another", &Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn a_person_lifts_what_only_a_person_may() {
    let world = World::new().await;
    world.sql().execute("INSERT INTO line_stops (channel, cause, reason, code, since) VALUES ('h', 'slowed', 'R11', 131048, 5)", []).unwrap();
    world.graph.on(NODE, says(&well()));
    pass(HOUR + MINUTE).await;
    assert_eq!(said(&world), "attention slowed");
    let (status, _) = world.olga("POST", "/channels/h/resume", &Value::Null).await;
    assert_eq!((status, said(&world).as_str()), (StatusCode::NO_CONTENT, "connected -"));
    let (status, _) = world.olga("POST", "/channels/h/opened", &Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        world.rows("SELECT member, what, object_kind, object FROM audit WHERE what <> 'signed_in' ORDER BY id"),
        ["olga channel_resumed channel h", "olga owner_app_opened channel h"]
    );
}

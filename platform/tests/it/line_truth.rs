//! Which of two tellings about a line is the newer one, what a reading proves, what a person may lift,
//! and what is told to whom.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::time::{advance, sleep};

use crate::meta_world::*;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const NODE: &str = "GET /4242";

fn says(answer: &Value) -> [Reply; 1] {
    [Reply::Answer(200, answer.clone(), None)]
}

fn well() -> Value {
    json!({"id": "4242", "is_on_biz_app": true, "platform_type": "CLOUD_API"})
}

fn gone() -> Value {
    json!({"id": "4242", "is_on_biz_app": false, "platform_type": "CLOUD_API"})
}

async fn pass(seconds: u64) {
    advance(Duration::from_secs(seconds)).await;
    sleep(Duration::from_secs(2 * MINUTE + 1)).await;
}

/// `kind reason` of the state of the channel that every world has.
fn said(world: &World) -> String {
    let state = world.one::<String>("SELECT state FROM channels WHERE id = 'h'");
    let state: Value = serde_json::from_str(&state).unwrap();
    let word = |name: &str| state[name].as_str().unwrap_or("-").to_owned();
    format!("{} {}", word("kind"), word("reason"))
}

fn stops(world: &World) -> Vec<String> {
    world.rows("SELECT cause FROM line_stops ORDER BY cause")
}

async fn event(world: &World, value: &Value, at_s: i64) {
    let body = json!({"entry": [{"id": "b", "time": at_s,
        "changes": [{"field": "account_update", "value": value}]}]});
    assert_eq!(world.raw(body.to_string().into_bytes()).await, StatusCode::OK);
    world.quiet().await;
}

async fn fact(world: &World, field: &str, value: &Value, at_s: i64) {
    let body = json!({"entry": [{"id": "b", "time": at_s,
        "changes": [{"field": field, "value": value}]}]});
    assert_eq!(world.raw(body.to_string().into_bytes()).await, StatusCode::OK);
    world.quiet().await;
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_does_not_say_silences_no_warning() {
    // Meta answers without `is_on_biz_app`, or says no although the owner's phone was heard.
    for (node, heard) in [(json!({"id": "4242"}), false), (gone(), true)] {
        let world = World::new().await;
        world.graph.on(NODE, says(&node));
        if heard {
            world.owner("wamid.1", "good morning").await;
        }
        pass(2 * HOUR).await;
        assert_eq!(said(&world), "connected -");
        pass(10 * DAY).await;
        assert_eq!(said(&world), "attention quiet", "{node}");
        let told = world.rows("SELECT kind, day FROM alerts WHERE ended_at IS NULL");
        assert_eq!(told, ["quiet 10"]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_ends_another_number_of_the_account_stops_not_ours() {
    let world = World::new().await;
    let at = world.now_s();
    let removed = |number: &str| json!({"event": "PARTNER_REMOVED", "phone_number": number});
    event(&world, &removed("34999888"), at).await;
    assert_eq!((said(&world).as_str(), stops(&world).len()), ("connected -", 0));
    assert_eq!(world.rows("SELECT reason FROM webhook_leftovers"), ["unknown_number"]);
    // The same number in another spelling is ours: Brazil without its 9, Argentina likewise.
    for (ours, printed) in [("5511987654321", "551187654321"), ("5491123456789", "541123456789")] {
        let world = World::new().await;
        world.sql().execute("UPDATE channels SET display_digits = ?1", [ours]).unwrap();
        event(&world, &removed(printed), at).await;
        assert_eq!(stops(&world), ["owner_disconnected"], "{printed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_lags_does_not_end_a_line_that_just_came_back() {
    let world = World::new().await;
    world.graph.on(NODE, says(&well()));
    pass(0).await;
    pass(2 * HOUR).await;
    event(&world, &json!({"event": "ACCOUNT_OFFBOARDED"}), world.now_s() - 60).await;
    assert_eq!(said(&world), "attention reregistering");
    // The node still shows the state of before.
    world.graph.on(NODE, says(&gone()));
    event(&world, &json!({"event": "ACCOUNT_RECONNECTED"}), world.now_s()).await;
    world.graph.questions();
    sleep(Duration::from_secs(2 * MINUTE)).await;
    let asked = world.graph.questions();
    assert_eq!(asked.iter().filter(|q| q.starts_with("GET /4242?")).count(), 1, "{asked:?}");
    assert_eq!((said(&world).as_str(), stops(&world).len()), ("connected -", 0));
    // It is asked again as soon as it can tell, and not only with the next hour.
    sleep(Duration::from_secs(11 * MINUTE)).await;
    assert_eq!(said(&world), "disconnected unlinked");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_back_is_seen_in_minutes() {
    let world = World::new().await;
    world.graph.on(NODE, says(&well()));
    let at = world.now_s();
    event(&world, &json!({"event": "PARTNER_REMOVED", "phone_number": "34600"}), at).await;
    event(&world, &json!({"event": "PARTNER_ADDED", "waba_info": {"waba_id": "b"}}), at + 1).await;
    sleep(Duration::from_secs(9 * MINUTE)).await;
    assert_eq!(said(&world), "disconnected owner_disconnected");
    sleep(Duration::from_secs(4 * MINUTE)).await;
    assert_eq!(said(&world), "connected -");
}

#[tokio::test(start_paused = true)]
async fn a_late_reconnect_does_not_overrule_what_the_node_showed_since() {
    let world = World::new().await;
    world.graph.on(NODE, says(&well()));
    pass(0).await;
    pass(2 * HOUR).await;
    let back = world.now_s();
    world.graph.on(NODE, says(&gone()));
    pass(2 * HOUR).await;
    assert_eq!(said(&world), "disconnected unlinked");
    event(&world, &json!({"event": "ACCOUNT_RECONNECTED"}), back).await;
    assert_eq!(said(&world), "disconnected unlinked");
    // One that is newer counts.
    event(&world, &json!({"event": "ACCOUNT_RECONNECTED"}), world.now_s()).await;
    assert_eq!(said(&world), "connected -");
}

#[tokio::test(start_paused = true)]
async fn a_violation_is_told_whatever_harmless_news_came_before_it() {
    let world = World::new().await;
    let at = world.now_s();
    event(&world, &json!({"event": "MM_LITE_TERMS_SIGNED"}), at).await;
    let violation =
        json!({"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "SCAM"}});
    for _ in 0..2 {
        event(&world, &violation, at - 5).await;
    }
    assert_eq!(world.rows("SELECT kind FROM alerts"), ["violation"]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_message_takes_no_limit_its_end() {
    let world = World::new().await;
    world.ana("wamid.1", "hello").await;
    world.send(MARIA, "good morning", 1).await;
    world.quiet().await;
    let at = world.now_s();
    let limit = json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": [
        {"restriction_type": "RESTRICTED_CUSTOMER_INITIATED_MESSAGING", "expiration": at + 600}]});
    event(&world, &limit, at).await;
    let failed = json!({"id": "wamid.out.1", "status": "failed", "timestamp": at.to_string(),
        "errors": [{"code": 368, "title": "Blocked"}]});
    world.webhook(&[status(&failed)]).await;
    assert_eq!(
        world.rows("SELECT cause, code, ends_at IS NULL FROM line_stops"),
        ["restricted 368 0"]
    );
    pass(600).await;
    assert_eq!((said(&world).as_str(), stops(&world).len()), ("connected -", 0));
}

#[tokio::test(start_paused = true)]
async fn what_meta_brings_twice_is_told_once() {
    let world = World::new().await;
    let at = world.now_s();
    let paused = json!({"event": "PAUSED", "message_template_id": 7, "message_template_name": "hello",
        "message_template_language": "es", "reason": "NONE"});
    for _ in 0..3 {
        fact(&world, "message_template_status_update", &paused, at).await;
    }
    assert_eq!(world.rows("SELECT kind FROM alerts"), ["template_paused"]);
    // Of one second, another word is news.
    let mut rejected = paused.clone();
    rejected["event"] = "REJECTED".into();
    fact(&world, "message_template_status_update", &rejected, at).await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM alerts"), 2);
}

#[tokio::test(start_paused = true)]
async fn an_approved_name_frees_what_waited_for_it() {
    let world = World::new().await;
    let at = world.now_s();
    world.sql().execute("INSERT INTO line_stops (channel, cause, reason, code, since) VALUES ('h', 'name_not_approved', 'R11', 131037, ?1)", [at * 1_000]).unwrap();
    let name = |decision: &str| {
        json!({"display_phone_number": "34600", "decision": decision,
        "requested_verified_name": "Bloom"})
    };
    fact(&world, "phone_number_name_update", &name("APPROVED"), at - 5).await;
    fact(&world, "phone_number_name_update", &name("REJECTED"), at + 1).await;
    assert_eq!(stops(&world), ["name_not_approved"]);
    sleep(Duration::from_secs(5)).await;
    fact(&world, "phone_number_name_update", &name("APPROVED"), at + 2).await;
    assert_eq!(stops(&world).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn numbers_without_an_answer_keep_no_other_waiting() {
    let world = World::new().await;
    world.graph.on(NODE, says(&well()));
    let sql = world.sql();
    for n in 0..40 {
        sql.execute(
            "INSERT INTO channels (id, workspace, phone_number_id, waba_id, display, display_digits,
                 token_sealed, created_at)
             SELECT 'x' || ?1, workspace, '9' || ?1, 'c', display, '3470' || ?1, token_sealed, created_at
             FROM channels WHERE id = 'h'",
            [n],
        )
        .unwrap();
        sql.execute("INSERT INTO lines (channel, look_at) VALUES ('x' || ?1, 0)", [n]).unwrap();
        world.graph.on(&format!("GET /9{n}"), [Reply::Never]);
    }
    sql.execute("INSERT INTO line_stops (channel, cause, reason, since, ends_at) VALUES ('h', 'restricted', 'R11', 1, 2)", []).unwrap();
    sleep(Duration::from_secs(3 * MINUTE)).await;
    assert_eq!(stops(&world).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_person_lifts_no_line_that_a_phone_or_a_token_has_to_bring_back() {
    let world = World::new().await;
    let stop = |cause: &str, reason: &str| {
        world
            .sql()
            .execute(
                "INSERT INTO line_stops (channel, cause, reason, since) VALUES ('h', ?1, ?2, 5)",
                [cause, reason],
            )
            .unwrap();
    };
    let resume = || world.olga("POST", "/channels/h/resume", &Value::Null);
    for cause in [
        "owner_disconnected",
        "number_changed",
        "downgraded",
        "reregistered",
        "inactive",
        "unlinked",
        "removed",
        "not_registered",
        "reregistering",
        "access_withdrawn",
        "number_gone",
        "account_deleted",
    ] {
        stop(cause, "R5");
        stop("slowed", "R11");
        let (status, answer) = resume().await;
        assert_eq!(status, StatusCode::CONFLICT, "{cause}");
        assert_eq!(answer["error"]["code"], "line_down");
        assert_eq!(answer["error"]["details"]["causes"], json!([cause]));
        assert_eq!(stops(&world).len(), 2, "{cause}");
        world.sql().execute("DELETE FROM line_stops", []).unwrap();
    }
    for cause in ["slowed", "payment", "name_not_approved", "restricted", "disabled"] {
        stop(cause, "R11");
    }
    // What Meta answered to a message with a code, the next message finds out.
    stop("access_withdrawn", "R5");
    world
        .sql()
        .execute("UPDATE line_stops SET code = 10 WHERE cause = 'access_withdrawn'", [])
        .unwrap();
    assert_eq!(resume().await.0, StatusCode::NO_CONTENT);
    assert_eq!((said(&world).as_str(), stops(&world).len()), ("connected -", 0));
    assert_eq!(resume().await.0, StatusCode::NO_CONTENT);
}

#[tokio::test(start_paused = true)]
async fn errors_handovers_and_prices_are_shown_to_the_office() {
    let world = World::new().await;
    world.ana("wamid.1", "hello").await;
    world.send(MARIA, "good morning", 1).await;
    world.quiet().await;
    let at = world.now_s();
    let priced = json!({"id": "wamid.out.1", "status": "delivered", "timestamp": at.to_string(),
        "pricing": {"billable": true, "pricing_model": "PMP", "type": "regular", "category": "service"}});
    let trouble = json!({"field": "messages", "value": {"metadata": {"phone_number_id": PHONE_NUMBER_ID},
        "errors": [{"code": 130_429, "title": "Rate limit hit"}]}});
    let handover = |person: &str| {
        json!({"field": "messaging_handovers", "value": {
        "messaging_product": "whatsapp", "recipient": {"phone_number_id": PHONE_NUMBER_ID},
        "messaging_handovers": [{"type": "control_passed", "timestamp": at.to_string(), "sender": {"phone_number": person}}],
        "sender": {"phone_number": person}, "type": "control_passed", "timestamp": at.to_string()}})
    };
    world.webhook(&[status(&priced), status(&priced), trouble, handover(ANA)]).await;
    let (found, health) = world.olga("GET", "/channels/h", &Value::Null).await;
    assert_eq!(found, StatusCode::OK, "{health}");
    assert_eq!(health["reported_errors"][0]["code"], 130_429);
    assert_eq!(health["reported_errors"].as_array().unwrap().len(), 1);
    assert_eq!(health["handovers"][0]["kind"], "control_passed", "{health}");
    assert!(!health["handovers"].to_string().contains(ANA), "{health}");
    assert_eq!(health["webhooks"], json!({"waiting": 0, "failed": 0}));
    let (found, prices) = world.olga("GET", "/channels/h/prices?days=1", &Value::Null).await;
    assert_eq!(found, StatusCode::OK, "{prices}");
    assert_eq!(
        prices["prices"],
        json!([{"category": "service", "type": "regular", "pricing_model": "PMP", "messages": 1}])
    );
    pass(DAY).await;
    let (_, prices) = world.olga("GET", "/channels/h/prices?days=1", &Value::Null).await;
    assert_eq!(prices["prices"], json!([]));
    for path in ["/channels/h/prices?days=0", "/channels/h/prices?days=93"] {
        assert_eq!(world.olga("GET", path, &Value::Null).await.0, StatusCode::BAD_REQUEST);
    }
    let (found, _) = world.olga("GET", "/channels/another/prices", &Value::Null).await;
    assert_eq!(found, StatusCode::NOT_FOUND);
    let (found, _) = world.office_as("maria", "GET", "/channels/h/prices", &Value::Null).await;
    assert_eq!(found, StatusCode::FORBIDDEN);
    // A number's errors are that number's.
    world.sql().execute("UPDATE reported_errors SET phone_number_id = '9'", []).unwrap();
    let (_, health) = world.olga("GET", "/channels/h", &Value::Null).await;
    assert_eq!(health["reported_errors"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_handover_stays_with_its_customer_when_the_number_changes() {
    let world = World::new().await;
    world.ana("wamid.1", "hello").await;
    let handover = |at: i64| {
        json!({"field": "messaging_handovers", "value": {
        "messaging_product": "whatsapp", "recipient": {"phone_number_id": PHONE_NUMBER_ID},
        "sender": {"phone_number": ANA}, "type": "control_passed", "timestamp": at.to_string()}})
    };
    let named = async || {
        let (_, health) = world.olga("GET", "/channels/h", &Value::Null).await;
        health["handovers"][0]["contact"].clone()
    };
    let at = world.now_s();
    world.webhook(&[handover(at)]).await;
    let ana = named().await;
    assert!(ana.is_string(), "{ana}");
    pass(60_000).await;
    let moved = json!({"field": "messages", "value": {"metadata": {"phone_number_id": PHONE_NUMBER_ID},
        "messages": [{"from": ANA, "id": "wamid.2", "timestamp": world.now_s().to_string(), "type": "system",
            "system": {"body": "changed", "type": "user_changed_number", "wa_id": "34600999999"}}]}});
    world.webhook(&[moved]).await;
    assert_eq!(world.rows("SELECT phone FROM contacts"), ["34600999999"]);
    assert_eq!(named().await, ana);
    // Whoever answers to that number long afterwards is not known to be Ana.
    pass(3 * DAY).await;
    world.webhook(&[handover(world.now_s())]).await;
    assert_eq!(named().await, Value::Null);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_told_to_keep_a_line_alive_that_has_ended() {
    let world = World::new().await;
    world.graph.on(NODE, says(&json!({"id": "4242"})));
    pass(0).await;
    let removed = json!({"event": "PARTNER_REMOVED", "phone_number": "34600"});
    event(&world, &removed, world.now_s()).await;
    for _ in 0..3 {
        pass(5 * DAY).await;
        assert_eq!(said(&world), "disconnected owner_disconnected");
    }
    assert_eq!(world.rows("SELECT DISTINCT kind FROM alerts"), ["owner_disconnected"]);
}

#[tokio::test(start_paused = true)]
async fn those_are_told_who_may_see_to_channels() {
    let world = World::new().await;
    world.olga("GET", "/channels", &Value::Null).await;
    world.sql().execute("UPDATE members SET role = 'manager' WHERE id = 'ben'", []).unwrap();
    let told = |kind: &str| world.rows(&format!("SELECT told FROM alerts WHERE kind = '{kind}'"));
    event(&world, &json!({"event": "ACCOUNT_OFFBOARDED"}), world.now_s() - 9).await;
    assert_eq!(told("reregistering"), [r#"["ben","olga"]"#]);
    let rights = r#"{"manager": ["see_all"], "employee": ["answer", "channels"]}"#;
    world.sql().execute("UPDATE workspaces SET rights = ?1", [rights]).unwrap();
    event(&world, &json!({"event": "PARTNER_REMOVED", "phone_number": "34600"}), world.now_s())
        .await;
    assert_eq!(told("owner_disconnected"), [r#"["maria","olga"]"#]);
}

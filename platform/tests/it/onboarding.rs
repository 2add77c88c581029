//! Connecting a number that stays on its owner's phone.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::time::{advance, sleep};

use crate::meta_world::*;

pub(crate) const MINUTE: u64 = 60;
pub(crate) const NEW: &str = "5151";

pub(crate) fn says(answer: &Value) -> [Reply; 1] {
    [Reply::Answer(200, answer.clone(), None)]
}

fn refuses(status: u16, code: i64) -> [Reply; 1] {
    [Reply::Answer(status, json!({"error": {"code": code, "message": "no"}}), None)]
}

fn subscribed(fields: &[&str]) -> Value {
    let fields: Vec<Value> =
        fields.iter().map(|name| json!({"name": name, "version": "v25.0"})).collect();
    json!({"data": [{"object": "whatsapp_business_account", "active": true, "fields": fields,
        "callback_url": "https://desk.example/webhooks/meta"}]})
}

const ALL: [&str; 5] =
    ["messages", "history", "smb_app_state_sync", "smb_message_echoes", "account_update"];

/// A Meta that grants everything about number `NEW` of account `c`.
pub(crate) async fn world(display: &str) -> World {
    let world = World::new().await;
    let graph = &world.graph;
    graph.on("GET /77/subscriptions", says(&subscribed(&ALL)));
    graph.on(
        "GET /oauth/access_token",
        says(&json!({"access_token": "business token", "token_type": "bearer"})),
    );
    graph.on(
        "GET /debug_token",
        says(&json!({"data": {"granular_scopes": [
        {"scope": "whatsapp_business_management", "target_ids": ["900"]}]}})),
    );
    graph.on(
        "GET /900/phone_numbers",
        says(&json!({"data": [
        {"id": "1", "display_phone_number": "+1 555", "is_on_biz_app": false},
        {"id": NEW, "display_phone_number": display, "is_on_biz_app": true}]})),
    );
    graph.on("POST /900/subscribed_apps", says(&json!({"success": true})));
    graph.on(
        &format!("POST /{NEW}/smb_app_data"),
        says(&json!({"messaging_product": "whatsapp", "request_id": "r"})),
    );
    graph.on(&format!("GET /{NEW}"), says(&json!({"id": NEW, "is_on_biz_app": true})));
    world
}

pub(crate) async fn begin(world: &World) -> String {
    let (status, begun) = world.olga("POST", "/channels/onboarding", &Value::Null).await;
    assert_eq!(status, StatusCode::OK, "{begun}");
    assert_eq!(begun["login"]["extras"]["featureType"], "whatsapp_business_app_onboarding");
    assert_eq!(begun["login"]["extras"]["sessionInfoVersion"], "3");
    assert_eq!((&begun["app_id"], &begun["login"]["config_id"]), (&json!("77"), &json!("88")));
    world.graph.questions();
    begun["id"].as_str().unwrap().to_owned()
}

pub(crate) fn finished() -> Value {
    json!({"type": "WA_EMBEDDED_SIGNUP", "event": "FINISH_WHATSAPP_BUSINESS_APP_ONBOARDING", "data": {"waba_id": "900"}})
}

pub(crate) async fn finish(world: &World, id: &str, body: Value) -> Value {
    let (status, answer) =
        world.olga("POST", &format!("/channels/onboarding/{id}/finish"), &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

pub(crate) async fn see(world: &World, id: &str) -> Value {
    world.olga("GET", &format!("/channels/onboarding/{id}"), &Value::Null).await.1
}

/// Questions without their queries and bodies.
fn names(questions: &[String]) -> Vec<String> {
    questions
        .iter()
        .map(|q| q.split(['?', '{']).next().unwrap().replace(" null", "").trim().to_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn rule_08_nothing_starts_before_every_subscription_stands() {
    let world = world("+34 611").await;
    for missing in ALL {
        let fields: Vec<&str> = ALL.into_iter().filter(|field| *field != missing).collect();
        world.graph.on("GET /77/subscriptions", says(&subscribed(&fields)));
        let (status, answer) = world.olga("POST", "/channels/onboarding", &Value::Null).await;
        assert_eq!((status, &answer["error"]["code"]), (StatusCode::CONFLICT, &json!("not_ready")));
        assert_eq!(answer["error"]["details"]["missing_fields"], json!([missing]));
    }
    let mut elsewhere = subscribed(&ALL);
    elsewhere["data"][0]["callback_url"] = "https://old.example/webhooks/meta".into();
    world.graph.on("GET /77/subscriptions", says(&elsewhere));
    let (status, answer) = world.olga("POST", "/channels/onboarding", &Value::Null).await;
    assert_eq!(
        (status, &answer["error"]["details"]["address_verified"]),
        (StatusCode::CONFLICT, &json!(false))
    );
    world.graph.on("GET /77/subscriptions", [Reply::Lost]);
    let (status, answer) = world.olga("POST", "/channels/onboarding", &Value::Null).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("meta_unavailable"))
    );
    assert_eq!(world.one::<i64>("SELECT count(*) FROM onboardings"), 0);
    world.graph.on("GET /77/subscriptions", says(&subscribed(&ALL)));
    begin(&world).await;
}

#[tokio::test(start_paused = true)]
async fn rule_09_a_number_is_connected_and_never_registered() {
    for code_first in [true, false] {
        let world = world("+34 611").await;
        let id = begin(&world).await;
        let two = [json!({"code": "the code"}), json!({"event": finished()})];
        let [first, second] = if code_first { [0, 1] } else { [1, 0] };
        let waits = finish(&world, &id, two[first].clone()).await;
        assert_eq!(waits["step"], if code_first { "granted" } else { "told" });
        let done = finish(&world, &id, two[second].clone()).await;
        assert_eq!(done["step"], "done", "{done}");
        assert_eq!(done["display"], "+34 611");
        let asked = world.graph.questions();
        assert_eq!(
            names(&asked),
            [
                "GET /oauth/access_token",
                "GET /debug_token",
                "GET /900/phone_numbers",
                "POST /900/subscribed_apps",
                "POST /5151/smb_app_data",
                "POST /5151/smb_app_data",
            ]
        );
        assert!(!asked.iter().any(|question| question.contains("register")), "{asked:?}");
        // The phone book first, then old messages.
        assert!(
            asked[4].contains("smb_app_state_sync") && asked[5].contains("\"history\""),
            "{asked:?}"
        );
        let channel = done["channel"].as_str().unwrap();
        let shown: Value = serde_json::from_str(
            &world.one::<String>(&format!("SELECT state FROM channels WHERE id = '{channel}'")),
        )
        .unwrap();
        assert_eq!(shown, json!({"kind": "importing", "percent": 0}));
        // The code is no good twice, and nothing is asked twice.
        finish(&world, &id, json!({"code": "the code", "event": finished()})).await;
        assert_eq!(world.graph.questions().len(), 0);
        // Nothing secret is on disk as it came.
        let sealed: Vec<u8> =
            world.one(&format!("SELECT token_sealed FROM channels WHERE id = '{channel}'"));
        assert!(!sealed.windows(8).any(|w| w == b"business"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_number_with_new_ids_joins_its_channel() {
    let world = world("+34 600").await;
    world.ana("wamid.1", "before").await;
    let chat = world.chat();
    world
        .sql()
        .execute(
            "INSERT INTO meta_files VALUES ('h', 'aa', 'image/jpeg', '777', ?1)",
            [world.now()],
        )
        .unwrap();
    let id = begin(&world).await;
    let done = finish(&world, &id, json!({"code": "c", "event": finished()})).await;
    assert_eq!((&done["step"], &done["channel"]), (&json!("done"), &json!("h")));
    assert_eq!(world.rows("SELECT id, phone_number_id, waba_id FROM channels"), ["h 5151 900"]);
    // A file that went up under the old id goes up anew before the next message with it.
    assert_eq!(world.one::<i64>("SELECT count(*) FROM meta_files"), 0);
    // The new account's templates are asked for at once.
    world.quiet().await;
    assert!(world.graph.questions().iter().any(|q| q.starts_with("GET /900/message_templates")));
    // Under the new id as under the old: one conversation goes on.
    let mut new = customer(ANA, "wamid.2", "after", world.now_s());
    new["value"]["metadata"]["phone_number_id"] = NEW.into();
    world.webhook(&[new, customer(ANA, "wamid.3", "late, by the old id", world.now_s())]).await;
    assert_eq!(world.rows("SELECT id, last_n FROM conversations"), [format!("{chat} 3")]);
    // News of the account that it has left is not its news.
    let body = json!({"entry": [{"id": "b", "time": world.now_s() + 5, "changes": [
        {"field": "account_update", "value": {"event": "PARTNER_REMOVED", "phone_number": "34600"}}]}]});
    assert_eq!(world.raw(body.to_string().into_bytes()).await, StatusCode::OK);
    world.quiet().await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM line_stops"), 0);
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_after_a_kill_at_each_step() {
    let steps = [
        "GET /debug_token",
        "GET /900/phone_numbers",
        "POST /900/subscribed_apps",
        "POST /5151/smb_app_data",
    ];
    for cut in steps {
        let mut world = world("+34 611").await;
        let id = begin(&world).await;
        finish(&world, &id, json!({"code": "c"})).await;
        // The call is out when the process dies: this step has no answer, and later ones were not made.
        world.graph.on(cut, [Reply::Never]);
        let path = format!("/channels/onboarding/{id}/finish");
        let body = json!({"event": finished()});
        let call = world.olga("POST", &path, &body);
        assert!(tokio::time::timeout(Duration::from_secs(1), call).await.is_err(), "{cut}");
        world.kill().await;
        let answer = match cut {
            "GET /debug_token" => json!({"data": {}}),
            "GET /900/phone_numbers" => {
                json!({"data": [{"id": NEW, "display_phone_number": "+34 611", "is_on_biz_app": true}]})
            }
            _ => json!({"success": true}),
        };
        world.graph.on(cut, says(&answer));
        world.start().await;
        sleep(Duration::from_secs(2 * MINUTE)).await;
        assert_eq!(see(&world, &id).await["step"], "done", "{cut}");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_07_a_sync_whose_answer_was_lost_counts_as_made() {
    let world = world("+34 611").await;
    let id = begin(&world).await;
    // Meta took the call; we never heard. The second time it says that it was made already.
    world.graph.on(
        "POST /5151/smb_app_data",
        [
            Reply::Lost,
            Reply::Answer(400, json!({"error": {"code": 2_593_107}}), None),
            Reply::Answer(200, json!({"request_id": "r"}), None),
        ],
    );
    let waits = finish(&world, &id, json!({"code": "c", "event": finished()})).await;
    assert_eq!((&waits["step"], &waits["cause"]), (&json!("joined"), &json!("unanswered")));
    sleep(Duration::from_secs(3 * MINUTE)).await;
    let done = see(&world, &id).await;
    assert_eq!((&done["step"], &done["cause"]), (&json!("done"), &Value::Null));
    let calls = world.rows("SELECT kind, accepted_at IS NOT NULL FROM sync_calls ORDER BY kind");
    assert_eq!(calls, ["contacts 1", "history 1"]);
    assert_eq!(
        world.rows("SELECT member, what, object FROM audit WHERE what <> 'signed_in' ORDER BY id"),
        ["begun", "finished"].map(|what| format!("olga onboarding_{what} {id}"))
    );
}

#[tokio::test(start_paused = true)]
async fn rule_07_each_sync_once_and_within_a_day() {
    let world = World::new().await;
    world.graph.on("POST /4242/smb_app_data", says(&json!({"request_id": "r"})));
    let sync = |kind: &str| json!({"type": kind});
    for kind in ["contacts", "history"] {
        let (status, answer) = world.olga("POST", "/channels/h/sync", &sync(kind)).await;
        assert_eq!((status, &answer["accepted"]), (StatusCode::OK, &json!(true)));
        // Not even asked again: Meta would only refuse.
        world.graph.questions();
        let (status, answer) = world.olga("POST", "/channels/h/sync", &sync(kind)).await;
        assert_eq!(
            (status, &answer["error"]["details"]["cause"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("sync_used"))
        );
        assert_eq!(world.graph.questions().len(), 0);
    }
    assert_eq!(
        world.one::<String>("SELECT state FROM channels"),
        r#"{"kind":"importing","percent":0}"#
    );
    assert_eq!(
        world.rows("SELECT member, what, object FROM audit WHERE what <> 'signed_in' ORDER BY id"),
        ["olga contacts_asked h", "olga history_asked h"]
    );
    let (status, _) = world.olga("POST", "/channels/h/sync", &sync("everything")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);

    let late = World::new().await;
    late.graph.on("GET /4242", says(&json!({"id": "4242", "is_on_biz_app": true})));
    advance(Duration::from_secs(24 * 60 * MINUTE)).await;
    let (status, answer) = late.olga("POST", "/channels/h/sync", &sync("history")).await;
    assert_eq!(
        (status, &answer["error"]["details"]["cause"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("sync_too_late"))
    );
    assert!(!names(&late.graph.questions()).iter().any(|q| q.contains("smb_app_data")));
}

#[tokio::test(start_paused = true)]
async fn each_refusal_has_a_word() {
    // Of Meta's window.
    for (event, step, cause) in [
        (
            json!({"event": "CANCEL", "data": {"error_id": "2655111", "error_message": "m"}}),
            "refused",
            "not_eligible",
        ),
        (json!({"event": "CANCEL", "data": {"error_id": 3_441_003}}), "refused", "qr_left_out"),
        (
            json!({"event": "CANCEL", "data": {"current_step": "PHONE_NUMBER_SETUP"}}),
            "cancelled",
            "phone_number_setup",
        ),
        (json!({"event": "FINISH_ONLY_WABA", "data": {"waba_id": "900"}}), "refused", "no_number"),
    ] {
        let world = world("+34 611").await;
        let id = begin(&world).await;
        let answer = finish(&world, &id, json!({"event": event})).await;
        assert_eq!((&answer["step"], &answer["cause"]), (&json!(step), &json!(cause)));
    }
    // Of Graph.
    for (question, reply, cause) in [
        (
            "GET /debug_token",
            Reply::Answer(
                200,
                json!({"data": {"granular_scopes": [
            {"scope": "whatsapp_business_messaging", "target_ids": [901]}]}}),
                None,
            ),
            "wrong_login",
        ),
        ("GET /900/phone_numbers", Reply::Answer(200, json!({"data": []}), None), "no_number"),
        ("GET /900/phone_numbers", Reply::Code(403, 200), "permission_missing"),
        ("POST /900/subscribed_apps", Reply::Code(401, 190), "access_withdrawn"),
        ("POST /900/subscribed_apps", Reply::Code(400, 100), "refused"),
    ] {
        let world = world("+34 611").await;
        world.graph.on(question, [reply]);
        let id = begin(&world).await;
        let answer = finish(&world, &id, json!({"code": "c", "event": finished()})).await;
        assert_eq!(
            (&answer["step"], &answer["cause"]),
            (&json!("refused"), &json!(cause)),
            "{question}"
        );
        assert_eq!(world.one::<i64>("SELECT count(*) FROM channels"), 1);
    }
    // A refused sync is told, and the number works.
    let world = world("+34 611").await;
    world.graph.on("POST /5151/smb_app_data", refuses(400, 2_593_108));
    let id = begin(&world).await;
    let answer = finish(&world, &id, json!({"code": "c", "event": finished()})).await;
    assert_eq!(
        (&answer["step"], &answer["cause"], &answer["whatsapp_code"]),
        (&json!("done"), &json!("sync_too_late"), &json!(2_593_108))
    );
}

#[tokio::test(start_paused = true)]
async fn a_number_is_found_on_any_page_and_never_picked_from_half_a_list() {
    let page = |id: &str, on: bool, after: Option<&str>| {
        let mut page =
            json!({"data": [{"id": id, "display_phone_number": "+34 611", "is_on_biz_app": on}]});
        if let Some(after) = after {
            page["paging"] =
                json!({"cursors": {"after": after}, "next": "https://graph.example/next"});
        }
        Reply::Answer(200, page, None)
    };
    // The window names no number here: which one is meant is known from the whole list alone.
    for (pages, cause) in [
        (vec![page("1", false, Some("c1")), page(NEW, true, None)], Value::Null),
        (vec![page(NEW, true, Some("c1")), page("2", true, None)], json!("several_numbers")),
        (vec![page(NEW, true, Some("c1")), page("1", false, Some("c1"))], json!("refused")),
    ] {
        let world = world("+34 611").await;
        world.graph.on("GET /900/phone_numbers", pages);
        let id = begin(&world).await;
        let answer = finish(&world, &id, json!({"code": "c", "event": finished()})).await;
        assert_eq!(answer["cause"], cause, "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_code_that_is_over_asks_for_another_login() {
    let world = world("+34 611").await;
    world.graph.on(
        "GET /oauth/access_token",
        [
            Reply::Answer(400, json!({"error": {"code": 100}}), None),
            Reply::Answer(200, json!({"access_token": "t"}), None),
        ],
    );
    let id = begin(&world).await;
    let answer = finish(&world, &id, json!({"code": "old", "event": finished()})).await;
    assert_eq!((&answer["step"], &answer["cause"]), (&json!("told"), &json!("code_over")));
    let answer = finish(&world, &id, json!({"code": "fresh"})).await;
    assert_eq!(answer["step"], "done", "{answer}");
}

#[tokio::test(start_paused = true)]
async fn nobody_came_back_and_nothing_is_set_up() {
    let world = world("+34 611").await;
    world.graph.on("GET /4242", says(&json!({"id": "4242", "is_on_biz_app": true})));
    let id = begin(&world).await;
    advance(Duration::from_secs(24 * 60 * MINUTE)).await;
    sleep(Duration::from_secs(2 * MINUTE)).await;
    assert_eq!(see(&world, &id).await["step"], "expired");
    let answer = finish(&world, &id, json!({"code": "c", "event": finished()})).await;
    assert_eq!(answer["step"], "expired");
    let (status, _) =
        world.olga("POST", &format!("/channels/onboarding/{id}/finish"), &json!({})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, _) = world.olga("GET", "/channels/onboarding/another", &Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

//! What comes between the steps of connecting a number, and a number that the operator brings.

use std::time::Duration;

use axum::http::StatusCode;
use fieldline_platform::office::{ChannelMade, NewChannel, OfficeError};
use fieldline_platform::support::Secret;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::meta_world::*;
use crate::onboarding::{MINUTE, NEW, begin, finish, finished, says, see, world};

/// What the window and Meta say of the number that is connected, and what they say goes through.
async fn connect(world: &World) -> String {
    let id = begin(world).await;
    let done = finish(world, &id, json!({"code": "c", "event": finished()})).await;
    assert_eq!(done["step"], "done", "{done}");
    done["channel"].as_str().unwrap().to_owned()
}

fn state_of(world: &World, channel: &str) -> Value {
    let state = format!("SELECT state FROM channels WHERE id = '{channel}'");
    serde_json::from_str(&world.one::<String>(&state)).unwrap()
}

async fn removed(world: &World, at_s: i64) {
    let body = json!({"entry": [{"id": "900", "time": at_s, "changes": [
        {"field": "account_update", "value": {"event": "PARTNER_REMOVED", "phone_number": "34611"}}]}]});
    assert_eq!(world.raw(body.to_string().into_bytes()).await, StatusCode::OK);
    world.quiet().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_starts_before_a_test_webhook_comes_back() {
    let mut world = world("+34 611").await;
    for (own, word, status) in [
        (Own::Nobody, "not_reached", Value::Null),
        (Own::Other(200), "another_server", Value::Null),
        (Own::Other(204), "another_server", Value::Null),
        (Own::Other(301), "refused", json!(301)),
        (Own::Other(502), "refused", json!(502)),
        // The signature is over the bytes as they were sent.
        (Own::Rewritten, "refused", json!(401)),
    ] {
        world.graph.own(own);
        let (found, answer) = world.olga("POST", "/channels/onboarding", &Value::Null).await;
        assert_eq!((found, &answer["error"]["code"]), (StatusCode::CONFLICT, &json!("not_ready")));
        let details = &answer["error"]["details"];
        assert_eq!((&details["test_webhook"], &details["test_status"]), (&json!(word), &status));
        assert_eq!(
            (&details["address_verified"], &details["missing_fields"]),
            (&json!(true), &json!([]))
        );
        let (_, checks) = world.olga("GET", "/channels/h/checks", &Value::Null).await;
        assert_eq!(checks["checks"][1]["check"], "address");
        assert_eq!(checks["checks"][1]["verdict"], "bad", "{checks}");
    }
    assert_eq!(world.one::<i64>("SELECT count(*) FROM onboardings"), 0);
    world.graph.own(Own::Arrives);
    begin(&world).await;
    // It was ours: nothing of it is kept, and once only.
    assert_eq!(world.one::<i64>("SELECT count(*) FROM webhooks"), 0);

    world.public_url = None;
    world.kill().await;
    world.start().await;
    let (found, answer) = world.olga("POST", "/channels/onboarding", &Value::Null).await;
    assert_eq!((found, &answer["error"]["code"]), (StatusCode::CONFLICT, &json!("not_configured")));
    assert_eq!(answer["error"]["details"]["setting"], "FIELDLINE_PUBLIC_URL");
    let (_, checks) = world.olga("GET", "/channels/h/checks", &Value::Null).await;
    assert_eq!(checks["checks"][1]["detail"], "no_public_url");
}

#[tokio::test(start_paused = true)]
async fn a_removal_of_before_the_connection_comes_too_late() {
    let world = world("+34 611").await;
    let before = world.now_s() - 60;
    let channel = connect(&world).await;
    removed(&world, before).await;
    assert_eq!(state_of(&world, &channel)["kind"], "importing");
    removed(&world, world.now_s() + 1).await;
    assert_eq!(state_of(&world, &channel)["reason"], "owner_disconnected");
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_behind_the_window_is_not_overruled_by_the_steps_that_follow() {
    let world = world("+34 611").await;
    let channel = connect(&world).await;
    let id = begin(&world).await;
    world.graph.on("POST /900/subscribed_apps", [Reply::Lost]);
    let waits = finish(&world, &id, json!({"code": "c", "event": finished()})).await;
    assert_eq!(waits["step"], "named", "{waits}");
    sleep(Duration::from_secs(5)).await;
    removed(&world, world.now_s()).await;
    world.graph.on("POST /900/subscribed_apps", says(&json!({"success": true})));
    let (_, done) =
        world.olga("POST", &format!("/channels/onboarding/{id}/resume"), &Value::Null).await;
    assert_eq!(done["channel"], channel.as_str(), "{done}");
    assert_eq!(state_of(&world, &channel)["reason"], "owner_disconnected");
}

#[tokio::test(start_paused = true)]
async fn a_number_whose_end_nobody_heard_of_is_found_out_by_its_node() {
    let world = world("+34 611").await;
    let channel = connect(&world).await;
    // The owner took it back before the first reading, and the event was lost.
    world.graph.on(&format!("GET /{NEW}"), says(&json!({"id": NEW, "is_on_biz_app": false})));
    sleep(Duration::from_secs(15 * MINUTE)).await;
    assert_eq!(state_of(&world, &channel)["reason"], "unlinked");
}

#[tokio::test(start_paused = true)]
async fn the_owners_no_may_be_quicker_than_metas_answer() {
    let world = world("+34 611").await;
    let accepted = Reply::Answer(200, json!({"request_id": "r"}), None);
    world.graph.on("POST /5151/smb_app_data", [accepted, Reply::Slow(Duration::from_secs(5))]);
    let id = begin(&world).await;
    // As Meta prints it: without an envelope, and so without a number.
    let no = json!({"messaging_product": "whatsapp", "history": [{"errors": [{"code": 2_593_109,
        "title": "History sync is turned off", "message": "History sync is turned off",
        "error_data": {"details": "by the business"}}]}]});
    let says_no = async {
        sleep(Duration::from_secs(2)).await;
        assert_eq!(world.raw(no.to_string().into_bytes()).await, StatusCode::OK);
        world.quiet().await;
    };
    let (done, ()) =
        tokio::join!(finish(&world, &id, json!({"code": "c", "event": finished()})), says_no);
    assert_eq!(done["step"], "done");
    let channel = done["channel"].as_str().unwrap();
    let history = format!("SELECT history FROM channels WHERE id = '{channel}'");
    let history: Value = serde_json::from_str(&world.one::<String>(&history)).unwrap();
    assert_eq!(history["declined"], true, "{history}");
    assert_eq!(world.rows("SELECT reason FROM webhook_leftovers").len(), 0);
    assert_eq!(state_of(&world, channel)["kind"], "connected");
}

#[tokio::test(start_paused = true)]
async fn history_that_comes_before_the_second_try_is_of_this_import() {
    let world = world("+34 611").await;
    let used = Reply::Answer(400, json!({"error": {"code": 2_593_107}}), None);
    let accepted = Reply::Answer(200, json!({"request_id": "r"}), None);
    world.graph.on("POST /5151/smb_app_data", [accepted, Reply::Lost, Reply::Lost, used]);
    let id = begin(&world).await;
    let waits = finish(&world, &id, json!({"code": "c", "event": finished()})).await;
    assert_eq!((&waits["step"], &waits["cause"]), (&json!("contacts_asked"), &json!("unanswered")));
    let whole = json!({"field": "history", "value": {"metadata": {"phone_number_id": NEW},
        "history": [{"metadata": {"phase": 2, "chunk_order": 1, "progress": 100}, "threads": []}]}});
    world.webhook(&[whole]).await;
    sleep(Duration::from_secs(4 * MINUTE)).await;
    assert_eq!(see(&world, &id).await["step"], "done");
    assert_eq!(world.rows("SELECT phase, percent, first_at IS NULL FROM imports"), ["2 100 0"]);
}

#[tokio::test(start_paused = true)]
async fn two_wishes_for_one_sync_make_no_refusal() {
    let world = World::new().await;
    let used = Reply::Answer(400, json!({"error": {"code": 2_593_107}}), None);
    world.graph.on("POST /4242/smb_app_data", [Reply::Slow(Duration::from_secs(5)), used]);
    let wish = json!({"type": "history"});
    let ask = || world.olga("POST", "/channels/h/sync", &wish);
    let (one, other) = tokio::join!(ask(), async {
        sleep(Duration::from_secs(1)).await;
        ask().await
    });
    assert_eq!((one.0, other.0), (StatusCode::OK, StatusCode::OK), "{one:?} {other:?}");
    assert_eq!(
        world.rows("SELECT accepted_at IS NULL, coalesce(code, 0) FROM sync_calls"),
        ["0 0"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_code_that_comes_back_behind_a_cancel_changes_nothing() {
    let world = world("+34 611").await;
    world.graph.on("GET /oauth/access_token", [Reply::Slow(Duration::from_secs(3))]);
    let id = begin(&world).await;
    let left =
        json!({"event": {"event": "CANCEL", "data": {"current_step": "PHONE_NUMBER_SETUP"}}});
    tokio::join!(finish(&world, &id, json!({"code": "c"})), async {
        sleep(Duration::from_secs(1)).await;
        finish(&world, &id, left).await
    });
    let end = see(&world, &id).await;
    assert_eq!((&end["step"], &end["cause"]), (&json!("cancelled"), &json!("phone_number_setup")));
}

#[tokio::test(start_paused = true)]
async fn a_lost_word_of_the_window_is_made_good_by_the_token() {
    let world = world("+34 611").await;
    let id = begin(&world).await;
    let waits = finish(&world, &id, json!({"code": "c"})).await;
    assert_eq!(waits["step"], "granted");
    let resume = || async {
        world.olga("POST", &format!("/channels/onboarding/{id}/resume"), &Value::Null).await.1
    };
    // Good for two accounts: nobody knows which was meant.
    world.graph.on(
        "GET /debug_token",
        says(&json!({"data": {"granular_scopes": [
            {"scope": "whatsapp_business_management", "target_ids": ["900", "901"]}]}})),
    );
    assert_eq!(resume().await["step"], "granted");
    world.graph.on(
        "GET /debug_token",
        says(&json!({"data": {"granular_scopes": [
            {"scope": "whatsapp_business_management", "target_ids": ["900"]},
            {"scope": "whatsapp_business_messaging", "target_ids": [900]}]}})),
    );
    let done = resume().await;
    assert_eq!((&done["step"], &done["display"]), (&json!("done"), &json!("+34 611")), "{done}");
}

async fn add(world: &World, ids: (&str, &str), display: &str) -> Result<ChannelMade, OfficeError> {
    let channel = NewChannel {
        workspace: "w".into(),
        phone_number_id: ids.0.into(),
        waba_id: ids.1.into(),
        display: display.into(),
        token: Secret::new("newer-token"),
    };
    let made = world.platform().office().add_channel(channel).await;
    world.quiet().await;
    made
}

/// Stops the line that every world has.
fn stop(world: &World, cause: &str) {
    world
        .sql()
        .execute(
            "INSERT INTO line_stops (channel, cause, reason, since) VALUES ('h', ?1, 'R5', 5)",
            [cause],
        )
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_operator_brings_a_number_its_new_token() {
    let world = World::new().await;
    world.graph.on("GET /4242", says(&json!({"id": "4242"})));
    stop(&world, "access_withdrawn");
    stop(&world, "owner_disconnected");
    let before: Vec<u8> = world.one("SELECT token_sealed FROM channels");
    let made = add(&world, (PHONE_NUMBER_ID, "77"), "+34 600").await.unwrap();
    assert_eq!((made.channel_id.as_str(), made.renewed), ("h", true));
    assert_ne!(world.one::<Vec<u8>>("SELECT token_sealed FROM channels"), before);
    assert_eq!(world.rows("SELECT count(*) FROM channels"), ["1"]);
    // The account is another one now: it was connected anew.
    assert_eq!(world.rows("SELECT cause FROM line_stops").len(), 0);

    stop(&world, "access_withdrawn");
    stop(&world, "owner_disconnected");
    add(&world, (PHONE_NUMBER_ID, "77"), "+34 600").await.unwrap();
    // A token alone proves access. Whether the phone is connected, its node tells.
    assert_eq!(world.rows("SELECT cause FROM line_stops"), ["owner_disconnected"]);
    let phones: Value =
        serde_json::from_str(&world.one::<String>("SELECT state FROM channels")).unwrap();
    assert_eq!(phones["reason"], "owner_disconnected");
    world.graph.on("GET /4242", says(&json!({"id": "4242", "is_on_biz_app": true})));
    sleep(Duration::from_secs(2 * MINUTE)).await;
    assert_eq!(world.rows("SELECT cause FROM line_stops").len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_number_under_new_ids_stays_one_channel_for_the_operator_too() {
    let world = World::new().await;
    world.ana("wamid.1", "before").await;
    let chat = world.chat();
    world
        .sql()
        .execute(
            "INSERT INTO meta_files (channel, sha256, mime, meta_id, uploaded_at)
             VALUES ('h', 'x', 'image/png', '1', ?1)",
            [world.now()],
        )
        .unwrap();
    world.graph.on(&format!("POST /{NEW}/smb_app_data"), says(&json!({"request_id": "r"})));
    sleep(Duration::from_secs(48 * 60 * MINUTE)).await;
    let made = add(&world, (NEW, "900"), "+34600").await.unwrap();
    assert_eq!((made.channel_id.as_str(), made.renewed), ("h", true));
    assert_eq!(world.rows("SELECT id, phone_number_id, waba_id FROM channels"), ["h 5151 900"]);
    // The new number knows none of the files that went up for the old one.
    assert_eq!(world.one::<i64>("SELECT count(*) FROM meta_files"), 0);
    let mut new = customer(ANA, "wamid.2", "after", world.now_s());
    new["value"]["metadata"]["phone_number_id"] = NEW.into();
    world.webhook(&[new]).await;
    assert_eq!(world.rows("SELECT id, last_n FROM conversations"), [format!("{chat} 2")]);
    // It is a connection of its own, with a day of its own for the old messages.
    let (status, answer) =
        world.olga("POST", "/channels/h/sync", &json!({"type": "history"})).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_slip_of_the_hand_turns_no_channel_into_another() {
    let world = World::new().await;
    for (display, digits) in
        [("+34 600 000 000", "34600000000"), ("+55 11 98765-4321", "5511987654321")]
    {
        world
            .sql()
            .execute("UPDATE channels SET display = ?1, display_digits = ?2", [display, digits])
            .unwrap();
        // Another number with an id that is in use.
        let refused = add(&world, (PHONE_NUMBER_ID, "77"), "+34 699 999 999").await.unwrap_err();
        assert_eq!(refused.code(), "number_taken");
    }
    // Brazil prints its numbers with and without the 9.
    let made = add(&world, ("6161", "77"), "+55 11 8765-4321").await.unwrap();
    assert!(made.renewed);
    let made = add(&world, ("7171", "77"), "+34 699 999 999").await.unwrap();
    assert!(!made.renewed);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM channels"), 2);
    let version: i64 = world.one("SELECT version FROM channels WHERE phone_number_id = '7171'");
    assert!(version > 0, "phones hear of it");
    // Of another workspace: theirs.
    world
        .sql()
        .execute(
            "INSERT INTO workspaces (id, name, epoch, created_at) VALUES ('v', 'V', 'e2', 0)",
            [],
        )
        .unwrap();
    world
        .sql()
        .execute("UPDATE channels SET workspace = 'v' WHERE phone_number_id = '7171'", [])
        .unwrap();
    let refused = add(&world, ("7171", "77"), "+34 699 999 999").await.unwrap_err();
    assert_eq!(refused.code(), "number_taken");
}

/// A customer's text to the number that is being connected.
fn to_new(wamid: &str, text: &str, at_s: i64) -> Value {
    let mut change = customer(ANA, wamid, text, at_s);
    change["value"]["metadata"]["phone_number_id"] = NEW.into();
    change
}

#[tokio::test(start_paused = true)]
async fn what_customers_write_between_subscription_and_channel_is_not_lost() {
    let world = world("+34 611").await;
    let id = begin(&world).await;
    // Meta took the subscription; its answer was lost.
    let subscribed = Reply::Answer(200, json!({"success": true}), None);
    world.graph.on("POST /900/subscribed_apps", [Reply::Lost, subscribed]);
    let waits = finish(&world, &id, json!({"code": "c", "event": finished()})).await;
    assert_eq!(waits["step"], "named");
    world.webhook(&[to_new("wamid.1", "first", world.now_s())]).await;
    world.webhook(&[to_new("wamid.2", "second", world.now_s())]).await;
    let another = world.now_s();
    let mut stranger = to_new("wamid.9", "to somebody else", another);
    stranger["value"]["metadata"]["phone_number_id"] = "9999".into();
    world.webhook(&[stranger]).await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM conversations"), 0);
    sleep(Duration::from_secs(3 * MINUTE)).await;
    assert_eq!(see(&world, &id).await["step"], "done");
    let seen = "SELECT n, body ->> 'text' FROM messages ORDER BY n";
    assert_eq!(world.rows(seen), ["1 first", "2 second"]);
    assert_eq!(world.rows("SELECT unread FROM conversations"), ["2"]);
    // What was for nobody stays kept and marked.
    assert_eq!(world.one::<i64>("SELECT count(*) FROM webhook_leftovers"), 1);
    assert_eq!(world.replay().await.differences, []);
}

#[tokio::test(start_paused = true)]
async fn what_came_before_the_operator_added_the_number_is_not_lost() {
    let world = World::new().await;
    world.webhook(&[to_new("wamid.1", "first", world.now_s())]).await;
    add(&world, (NEW, "77"), "+34 699 999 999").await.unwrap();
    // Another process writes: the platform looks whether anything waits.
    world.webhook(&[to_new("wamid.2", "second", world.now_s())]).await;
    let seen = "SELECT n, body ->> 'text' FROM messages ORDER BY n";
    assert_eq!(world.rows(seen), ["1 first", "2 second"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_about_the_token_of_before_stops_not_the_new_one() {
    for code in [190, 33] {
        let world = World::new().await;
        let wait = Duration::from_secs(5);
        world.graph.on("GET /4242", [Reply::SlowCode(wait, code)]);
        let reading = world.olga("POST", "/channels/h/read", &Value::Null);
        let (read, made) = tokio::join!(reading, async {
            sleep(Duration::from_secs(1)).await;
            add(&world, (PHONE_NUMBER_ID, "77"), "+34 600").await
        });
        assert_eq!(read.0, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(made.unwrap().renewed);
        assert_eq!(world.rows("SELECT cause FROM line_stops").len(), 0, "{code}");
    }
}

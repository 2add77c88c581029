//! What comes before its time, under another name, or about somebody else.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::meta_world::*;

fn number() -> Value {
    json!({"display_phone_number": "+34 600", "phone_number_id": PHONE_NUMBER_ID})
}

fn history(value: &Value) -> Value {
    let mut value = value.clone();
    value["metadata"] = number();
    json!({"field": "history", "value": value})
}

/// One old text of Ana's.
fn old(wamid: &str, text: &str, at_s: i64) -> Value {
    let message = json!({"from": ANA, "id": wamid, "timestamp": at_s.to_string(), "type": "text",
        "text": {"body": text}, "history_context": {"status": "pending"}});
    history(&json!({"history": [{"metadata": {"phase": 0, "chunk_order": 1, "progress": 5},
        "threads": [{"id": ANA, "messages": [message]}]}]}))
}

fn amend(kind: &str, part: &Value, at_s: i64) -> Value {
    let id = format!("wamid.{kind}.{at_s}");
    message(ANA, json!({"id": id, "timestamp": at_s.to_string(), "type": kind, kind: part}))
}

async fn account(world: &World, value: &Value, at_s: i64) {
    let body = json!({"entry": [{"id": "b", "time": at_s,
        "changes": [{"field": "account_update", "value": value}]}]});
    assert_eq!(world.raw(body.to_string().into_bytes()).await, StatusCode::OK);
    world.quiet().await;
}

#[tokio::test(start_paused = true)]
async fn a_program_that_answers_is_no_sign_of_the_owners_phone() {
    let world = World::new().await;
    let at = world.now_s().to_string();
    let standby = |echo: Value| {
        json!({"field": "standby", "value": {"metadata": number(),
            "standby": {"message_echoes": [echo]}}})
    };
    let said = json!({"to": ANA, "id": "wamid.bot", "timestamp": at,
        "message": {"type": "text", "text": {"body": "I am a program"}}});
    let took_back = json!({"to": ANA, "id": "wamid.bot.2", "timestamp": at,
        "message": {"type": "revoke", "revoke": {"original_message_id": "wamid.bot"}}});
    world.webhook(&[standby(said), standby(took_back)]).await;
    assert_eq!(world.rows("SELECT author_kind FROM messages"), ["automation"]);
    let alive = "SELECT coalesce(last_sign_of_life, 0) FROM channels";
    assert_eq!(world.rows(alive), ["0"]);
    world.owner("wamid.e", "and I am here").await;
    assert_ne!(world.rows(alive), ["0"]);
}

#[tokio::test(start_paused = true)]
async fn two_limits_of_one_second_are_two() {
    let world = World::new().await;
    let at = world.now_s();
    let limit = |kind: &str| {
        json!({"event": "ACCOUNT_RESTRICTION",
            "restriction_info": [{"restriction_type": kind, "expiration": at + 99_999}]})
    };
    let stands = "SELECT cause, coalesce(reason, '-') FROM line_stops ORDER BY cause";
    account(&world, &limit("RESTRICTED_BIZ_INITIATED_MESSAGING"), at).await;
    account(&world, &limit("RESTRICTED_CUSTOMER_INITIATED_MESSAGING"), at).await;
    assert_eq!(world.rows(stands), ["limited -", "restricted R11"]);
    let ban =
        |state: &str| json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state}});
    account(&world, &ban("SCHEDULE_FOR_DISABLE"), at).await;
    account(&world, &ban("DISABLE"), at).await;
    assert_eq!(world.rows(stands), ["disabled R11", "limited -", "restricted R11"]);
    // What is older than either is still older, and a repeat is a repeat.
    world.sql().execute("DELETE FROM line_stops", []).unwrap();
    account(&world, &ban("DISABLE"), at).await;
    account(&world, &ban("SCHEDULE_FOR_DISABLE"), at - 1).await;
    account(&world, &limit("RESTRICTED_CUSTOMER_INITIATED_MESSAGING"), at).await;
    assert_eq!(world.rows(stands), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn news_of_another_number_of_the_account_stop_nobody() {
    let world = World::new().await;
    world.graph.on(
        "GET /4242?fields",
        [Reply::Answer(200, json!({"id": "4242", "is_on_biz_app": true}), None)],
    );
    world.sql().execute("UPDATE channels SET display_digits = '5511987654321'", []).unwrap();
    let removed = |number: &str| json!({"event": "PARTNER_REMOVED", "phone_number": number});
    account(&world, &removed("+55 11 2222-3333"), world.now_s()).await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM line_stops"), 0);
    assert_eq!(world.rows("SELECT reason FROM webhook_leftovers"), ["unknown_number"]);
    // Meta's phone node is asked at once whether it was ours after all.
    world.graph.questions();
    tokio::time::sleep(Duration::from_mins(2)).await;
    let asked = world.graph.questions();
    assert!(asked.iter().any(|question| question.starts_with("GET /4242?fields")), "{asked:?}");
    // The same number in Brazil's other spelling is ours.
    account(&world, &removed("551187654321"), world.now_s()).await;
    assert_eq!(world.rows("SELECT cause FROM line_stops"), ["owner_disconnected"]);
}

#[tokio::test(start_paused = true)]
async fn an_edit_outlives_the_import_that_it_was_made_on() {
    let world = World::new().await;
    let at = world.now_s() - 600;
    world.webhook(&[old("wamid.1", "at 9", at)]).await;
    let part = json!({"original_message_id": "wamid.1",
        "message": {"type": "text", "text": {"body": "at 11"}}});
    world.webhook(&[amend("edit", &part, at + 60)]).await;
    // The message itself comes live, late.
    world.webhook(&[customer(ANA, "wamid.1", "at 9", at)]).await;
    let stands = "SELECT n, body ->> 'text', edited_at FROM messages";
    assert_eq!(world.rows(stands), [format!("1 at 11 {}", (at + 60) * 1_000)]);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM amendments"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_done_to_a_message_under_its_old_id_is_done_to_it() {
    for history_first in [true, false] {
        done_under_the_old_id(history_first).await;
    }
}

async fn done_under_the_old_id(history_first: bool) {
    let world = World::new().await;
    tokio::time::sleep(Duration::from_mins(10)).await;
    let at = world.now_s();
    world.webhook(&[customer(ANA, "wamid.live", "my card is 4111", at)]).await;
    // The history knows it under an id of its own.
    let known = old("wamid.old", "my card is 4111", at);
    if history_first {
        world.webhook(std::slice::from_ref(&known)).await;
        assert_eq!(world.one::<i64>("SELECT count(*) FROM messages"), 1);
    }
    let edit = json!({"original_message_id": "wamid.old",
        "message": {"type": "text", "text": {"body": "my card is lost"}}});
    let react = json!({"message_id": "wamid.old", "emoji": "🙏"});
    let reply = json!({"id": "wamid.r", "timestamp": at.to_string(), "type": "text",
        "text": {"body": "this"}, "context": {"id": "wamid.old"}});
    world.webhook(&[amend("edit", &edit, at + 1), amend("reaction", &react, at + 2)]).await;
    world.webhook(&[known]).await;
    world.webhook(&[message(ANA, reply)]).await;
    let told = world.messages().await;
    assert_eq!(told[0]["body"]["text"], "my card is lost");
    assert_eq!(told[0]["reactions"][0]["emoji"], "🙏");
    assert_eq!(told[1]["reply_to"], told[0]["id"]);
    let revoke = json!({"original_message_id": "wamid.old"});
    world.webhook(&[amend("revoke", &revoke, at + 3)]).await;
    assert_eq!(
        world.rows("SELECT body ->> 'text', deleted ->> 'by' FROM messages WHERE n = 1"),
        [" customer"]
    );
    assert_eq!(world.one::<i64>("SELECT count(*) FROM amendments"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_notice_among_the_media_of_an_import_makes_nobody() {
    let world = World::new().await;
    let at = world.now_s().to_string();
    let notice = json!({"from": "16505551234", "id": "wamid.n", "timestamp": at, "type": "unsupported",
        "errors": [{"code": 131_051}]});
    let image = json!({"from": ANA, "id": "wamid.m", "timestamp": at, "type": "image",
        "image": {"id": "m1", "mime_type": "image/jpeg"}});
    world.webhook(&[history(&json!({"messages": [notice, image]}))]).await;
    assert_eq!(world.rows("SELECT phone FROM contacts"), [ANA]);
    assert_eq!(world.rows("SELECT reason FROM webhook_leftovers"), ["notice_of_nobody"]);
}

#[tokio::test(start_paused = true)]
async fn who_a_status_went_to_says_nothing_about_who_wrote_beside_it() {
    let world = World::new().await;
    let at = world.now_s();
    let mut change = customer(ANA, "wamid.1", "hello", at);
    let value = &mut change["value"];
    value["contacts"] = json!([{"profile": {"name": "Bo"}, "wa_id": "34699", "user_id": "ES.bo"}]);
    value["statuses"] = json!([{"id": "wamid.x", "status": "read", "timestamp": at.to_string(),
        "recipient_id": "34699"}]);
    world.webhook(&[change]).await;
    assert_eq!(
        world.rows("SELECT phone, coalesce(wa_user_id, '-'), coalesce(name, '-') FROM contacts"),
        [format!("{ANA} - -")]
    );
}

#[tokio::test(start_paused = true)]
async fn a_decline_that_names_no_number_is_of_the_account_that_it_came_for() {
    let world = World::new().await;
    let sql = world.sql();
    let now = world.now();
    sql.execute(
        "INSERT INTO channels (id, workspace, phone_number_id, waba_id, display, display_digits,
             token_sealed, created_at)
         SELECT 'h2', workspace, '5151', 'b2', '+34 700', '34700', token_sealed, created_at FROM channels",
        [],
    )
    .unwrap();
    // Two imports run, so that the account alone tells whose it is.
    for channel in ["h", "h2"] {
        sql.execute("INSERT INTO imports (channel, asked_at) VALUES (?1, ?2)", (channel, now))
            .unwrap();
    }
    let declined = json!({"entry": [{"id": "b2", "changes": [{"field": "history",
        "value": {"history": [{"errors": [{"code": 2_593_109}]}]}}]}]});
    assert_eq!(world.raw(declined.to_string().into_bytes()).await, StatusCode::OK);
    world.quiet().await;
    assert_eq!(world.rows("SELECT channel FROM imports WHERE declined_at IS NOT NULL"), ["h2"]);
}

#[tokio::test(start_paused = true)]
async fn the_media_of_an_import_are_fetched_at_once() {
    for (name, key, by) in [("messages", "from", "customer"), ("message_echoes", "to", "owner_app")]
    {
        let world = World::new().await;
        let at = world.now_s() - 5_000;
        let url = "https://files.test/1";
        let named = json!({"url": url, "mime_type": "image/jpeg", "file_size": 3, "id": "555"});
        world.graph.on("GET /555", [Reply::Answer(200, named, None)]);
        world.graph.file(url, 200, &[b"abc"]);
        let mut holder = json!({"id": "wamid.m", "timestamp": at.to_string(),
            "type": "media_placeholder", "history_context": {"status": "read"}});
        holder[key] = ANA.into();
        world
            .webhook(&[history(&json!({"history": [{
                "metadata": {"phase": 0, "chunk_order": 1, "progress": 20},
                "threads": [{"id": ANA, "messages": [holder]}]}]}))])
            .await;
        assert_eq!(world.one::<i64>("SELECT count(*) FROM media"), 0);
        let mut image = json!({"id": "wamid.m", "timestamp": (at + 2).to_string(), "type": "image",
            "image": {"id": "555", "mime_type": "image/jpeg", "caption": "the bill"}});
        image[key] = ANA.into();
        let media = history(&json!({ name: [image] }));
        world.webhook(std::slice::from_ref(&media)).await;
        let stands = "SELECT n, author_kind, body ->> 'caption', body ->> 'ready', body ->> 'size',
                      sent_at / 1000 FROM messages";
        assert_eq!(world.rows(stands), [format!("-1 {by} the bill 1 3 {at}")]);
        let message = world.messages().await.remove(0);
        let path = format!("/v1/media/{}", message["body"]["media"].as_str().unwrap());
        let (status, _, got) = world.ask(MARIA, "GET", &path, &[], Vec::new()).await;
        assert_eq!((status, got), (StatusCode::OK, b"abc".to_vec()));
        // Once: a repeat of the webhook asks for nothing.
        world.graph.questions();
        world.webhook(&[media]).await;
        tokio::time::sleep(Duration::from_secs(30)).await;
        let asked = world.graph.questions();
        assert!(!asked.iter().any(|question| question.contains("555")), "{asked:?}");
        assert_eq!(world.rows(stands), [format!("-1 {by} the bill 1 3 {at}")]);
        // Nothing of it rings or counts.
        assert_eq!(
            world.rows("SELECT unread, last_n, status FROM conversations"),
            ["0 0 resolved"]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_note_of_the_owners_to_the_own_number_is_shown_to_nobody() {
    let world = World::new().await;
    let at = world.now_s();
    let note = json!({"from": "34600", "to": "34600", "id": "wamid.h", "timestamp": at.to_string(),
        "type": "text", "text": {"body": "the safe's code"}, "history_context": {"from_me": true}});
    let thread =
        history(&json!({"history": [{"metadata": {"phase": 0, "chunk_order": 1, "progress": 5},
        "threads": [{"id": "34600", "messages": [note]}]}]}));
    world.webhook(&[echo("34600", "wamid.e", "the safe's code", at), thread]).await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM contacts"), 0);
    assert_eq!(
        world.rows("SELECT reason FROM webhook_leftovers"),
        ["to_ourselves", "to_ourselves"]
    );
    // The phone was used all the same.
    assert!(world.one::<Option<i64>>("SELECT last_sign_of_life FROM channels").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_name_of_blanks_is_none() {
    let world = World::new().await;
    let mut blank = customer(ANA, "wamid.1", "hello", world.now_s());
    blank["value"]["contacts"][0]["profile"]["name"] = " \u{3000} ".into();
    world.webhook(&[blank]).await;
    assert_eq!(world.rows("SELECT coalesce(name, '-') FROM contacts"), ["-"]);
}

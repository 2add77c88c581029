//! Rules of whatsapp.md, section 0, that are about Coexistence, and the life of a line around them.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::time::{advance, sleep};

use crate::meta_world::*;

const DAY: u64 = 24 * 60 * 60;
const NEAR: &str = "SELECT unread, last_n, status, handler, last_at FROM conversations";

fn number() -> Value {
    json!({"display_phone_number": "+34 600", "phone_number_id": PHONE_NUMBER_ID})
}

/// A `history` change with these parts.
fn history(parts: &Value) -> Value {
    json!({"field": "history", "value": {"messaging_product": "whatsapp", "metadata": number(), "history": parts}})
}

/// One part of a history: one thread with Ana.
fn part(phase: i64, order: i64, progress: i64, messages: &[Value]) -> Value {
    let mut part =
        json!({"metadata": {"phase": phase, "chunk_order": order, "progress": progress}});
    if !messages.is_empty() {
        part["threads"] = json!([{"id": ANA, "messages": messages}]);
    }
    part
}

/// An old text of Ana's, or of the business to her.
fn old(wamid: &str, text: &str, at_s: i64, by_business: bool) -> Value {
    let (from, status) = if by_business { ("34600", "READ") } else { (ANA, "pending") };
    let mut message = json!({"from": from, "id": wamid, "timestamp": at_s.to_string(), "type": "text",
        "text": {"body": text}, "history_context": {"status": status}});
    if by_business {
        message["to"] = ANA.into();
    }
    message
}

/// The media of an old placeholder, which comes in a webhook of its own.
fn old_media(wamid: &str, at_s: i64) -> Value {
    json!({"field": "history", "value": {"metadata": number(), "messages": [
        {"from": ANA, "id": wamid, "timestamp": at_s.to_string(), "type": "image",
         "image": {"id": "m1", "mime_type": "image/jpeg", "sha256": "x", "caption": "the bill"}}]}})
}

/// A body with one `account_update`.
fn account(event: &Value, at_s: i64) -> Vec<u8> {
    json!({"object": "whatsapp_business_account", "entry": [{"id": "b", "time": at_s,
        "changes": [{"field": "account_update", "value": event}]}]})
    .to_string()
    .into_bytes()
}

/// Time goes by at once; then the workers have two minutes.
async fn pass(seconds: u64) {
    advance(Duration::from_secs(seconds)).await;
    sleep(Duration::from_secs(121)).await;
}

async fn tell(world: &World, event: &Value, at_s: i64) {
    assert_eq!(world.raw(account(event, at_s)).await, StatusCode::OK);
    world.quiet().await;
}

fn state(world: &World) -> String {
    world.one("SELECT state FROM channels")
}

/// Everything that an import may not touch.
fn live_side(world: &World) -> Vec<String> {
    let mut rows = world.rows(
        "SELECT id, unread, last_n, status, handler, last_at, coalesce(window_closes_at, 0),
             coalesce(waiting_since, 0), read_up_to_n FROM conversations ORDER BY id",
    );
    rows.extend(world.rows("SELECT id, n, sent_at, body FROM messages WHERE n > 0 ORDER BY n"));
    rows
}

#[tokio::test(start_paused = true)]
async fn rule_05_history_repeats_itself() {
    let world = World::new().await;
    let at = world.now_s() - 5_000;
    let (a, b) = (old("wamid.a", "hola", at, false), old("wamid.b", "hello", at + 9, true));
    // Newest first within the thread; phase 1 holds phase 0 again; then all of it once more.
    world.webhook(&[history(&json!([part(0, 1, 40, &[b.clone(), a.clone()])]))]).await;
    let c = old("wamid.c", "older", at - 90_000, false);
    let second = history(&json!([part(1, 1, 100, &[a.clone(), b.clone(), c])]));
    world.webhook(std::slice::from_ref(&second)).await;
    let seen = world
        .rows("SELECT n, author_kind, body ->> 'text', imported FROM messages ORDER BY n DESC");
    assert_eq!(seen, ["-1 owner_app hello 1", "-2 customer hola 1", "-3 customer older 1"]);
    let head: i64 =
        world.one("SELECT max(seq) FROM changes WHERE kind IN ('entered', 'imported', 'message')");
    world.webhook(&[second, history(&json!([part(0, 1, 40, &[a, b])]))]).await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM messages"), 3);
    let after: i64 =
        world.one("SELECT max(seq) FROM changes WHERE kind IN ('entered', 'imported', 'message')");
    assert_eq!(after, head, "a repeat writes nothing");
}

#[tokio::test(start_paused = true)]
async fn rule_06_history_is_silent() {
    let world = World::new().await;
    world.ana("wamid.live", "is it open?").await;
    let before = live_side(&world);
    let now = world.now_s();
    let mut messages: Vec<Value> =
        (0..5).map(|i| old(&format!("wamid.{i}"), "before", now - 50 + i, i % 2 == 0)).collect();
    messages.push(old("wamid.later", "a clock that is ahead", now + 500, false));
    world.webhook(&[history(&json!([part(0, 1, 30, &messages)]))]).await;
    // Ana's conversation is as it was: nothing unread, no window, no ring, not moved, not answered.
    assert_eq!(live_side(&world), before);
    // One row tells of all six; none of them is a row of its own.
    let rows = world.rows("SELECT kind, payload ->> 'from_pos', payload ->> 'to_pos' FROM changes WHERE seq > 1 AND kind <> 'channel'");
    assert_eq!(rows, [format!("imported {}.-1 {now}.-6", now - 50)]);

    // A conversation that an import alone made is resolved and nobody's to handle.
    let bo = "34600999888";
    let thread = json!([{"metadata": {"phase": 0, "chunk_order": 2, "progress": 50},
        "threads": [{"id": bo, "messages": [{"from": bo, "id": "wamid.bo", "timestamp": now - 40, "type": "text",
            "text": {"body": "old"}, "history_context": {"status": "pending"}}]}]}]);
    world.webhook(&[history(&thread)]).await;
    let made = format!("{NEAR} WHERE contact = (SELECT id FROM contacts WHERE phone = '{bo}')");
    assert_eq!(world.rows(&made), ["0 0 resolved none 0"]);
    let row =
        world.rows("SELECT kind FROM changes WHERE kind <> 'channel' ORDER BY seq DESC LIMIT 1");
    assert_eq!(row, ["entered"]);
    let quiet = "SELECT count(*) FROM conversations
        WHERE last_n = 0 AND (window_closes_at IS NOT NULL OR waiting_since IS NOT NULL)";
    assert_eq!(world.one::<i64>(quiet), 0);
    // Once its customer writes, it is like any other.
    world.webhook(&[customer(bo, "wamid.new", "hello again", now)]).await;
    assert_eq!(world.rows(&made), [format!("1 1 open human {}", now * 1_000)]);
}

#[tokio::test(start_paused = true)]
async fn rule_06_a_thread_of_notices_makes_nobody() {
    let world = World::new().await;
    let at = world.now_s() - 100;
    let notice = |id: &str, kind: &str| {
        json!({"from": "16505551234", "id": id, "timestamp": at, "type": kind,
            "errors": [{"code": 131_051, "title": "Message type unknown"}], "history_context": {"status": "pending"}})
    };
    let threads = json!([{"metadata": {"phase": 0, "chunk_order": 1, "progress": 10}, "threads": [
        {"id": "16505551234", "messages": [notice("wamid.n1", "errors"), notice("wamid.n2", "unsupported")]},
        {"id": "16505551235", "messages": []}]}]);
    world.webhook(&[history(&threads)]).await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM contacts"), 0);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM messages"), 0);
    let left = world.rows("SELECT reason FROM webhook_leftovers ORDER BY idx");
    assert_eq!(left.len(), 2, "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn rule_07_a_chunk_is_on_disk_before_the_200_and_survives_a_kill() {
    let mut world = World::asleep().await;
    let at = world.now_s() - 900_000;
    let messages: Vec<Value> =
        (0..1_000).map(|i| old(&format!("wamid.{i}"), "x", at + i, false)).collect();
    // Answered 200 with no worker alive: a lost chunk could not be asked for again.
    let body = envelope(&[history(&json!([part(0, 1, 100, &messages)]))]);
    assert_eq!(world.raw(body).await, StatusCode::OK);
    world.kill().await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM messages"), 0);
    world.start().await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM messages WHERE imported"), 1_000);
}

#[tokio::test(start_paused = true)]
async fn an_import_goes_on_where_a_kill_cut_it() {
    let mut world = World::asleep().await;
    let at = world.now_s() - 900_000;
    let messages: Vec<Value> =
        (0..1_000).map(|i| old(&format!("wamid.{i}"), "x", at + i, false)).collect();
    let body = envelope(&[history(&json!([part(0, 1, 100, &messages)]))]);
    assert_eq!(world.raw(body).await, StatusCode::OK);
    world.platform().start();
    // Until the first commit of the import is there, then the process dies.
    while world.one::<i64>("SELECT count(*) FROM messages") == 0 {
        tokio::task::yield_now().await;
    }
    world.kill().await;
    let some: i64 = world.one("SELECT count(*) FROM messages");
    assert!((1..1_000).contains(&some), "{some}");
    assert_eq!(world.one::<i64>("SELECT position FROM webhooks"), some);
    world.start().await;
    let numbers = "SELECT count(*), min(n), max(n), count(DISTINCT n), count(*) FILTER (WHERE imported) FROM messages";
    assert_eq!(world.rows(numbers), ["1000 -1000 -1 1000 1000"]);
}

#[tokio::test(start_paused = true)]
async fn live_messages_go_between_the_parts_of_an_import() {
    let world = World::asleep().await;
    let at = world.now_s() - 900_000;
    let messages: Vec<Value> =
        (0..3_000).map(|i| old(&format!("wamid.{i}"), "x", at + i, false)).collect();
    let body = envelope(&[history(&json!([part(0, 1, 100, &messages)]))]);
    assert_eq!(world.raw(body).await, StatusCode::OK);
    world.platform().start();
    while world.one::<i64>("SELECT count(*) FROM messages") == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        world.raw(envelope(&[customer(ANA, "wamid.live", "now", world.now_s())])).await,
        StatusCode::OK
    );
    while world.one::<i64>("SELECT count(*) FROM messages WHERE n > 0") == 0 {
        tokio::task::yield_now().await;
    }
    let imported: i64 = world.one("SELECT count(*) FROM messages WHERE imported");
    assert!(imported < 3_000, "the live one waited for the whole import");
    world.quiet().await;
    let numbers = "SELECT min(n), max(n), count(*) FROM messages";
    assert_eq!(world.rows(numbers), ["-3000 1 3001"]);
}

#[tokio::test(start_paused = true)]
async fn a_placeholder_is_replaced_under_its_id_and_keeps_its_time() {
    for media_first in [false, true] {
        let world = World::new().await;
        let at = world.now_s() - 500;
        let holder = json!({"from": ANA, "id": "wamid.m", "timestamp": at.to_string(),
            "type": "media_placeholder", "history_context": {"status": "pending"}});
        let two = [history(&json!([part(0, 1, 20, &[holder])])), old_media("wamid.m", at + 2)];
        let order = if media_first { [1, 0] } else { [0, 1] };
        for index in order {
            world.webhook(&[two[index].clone()]).await;
        }
        assert_eq!(world.one::<i64>("SELECT count(*) FROM messages"), 1);
        let (body, sent_at): (String, i64) =
            (world.one("SELECT body FROM messages"), world.one("SELECT sent_at FROM messages"));
        assert!(!body.contains("media_placeholder"), "{body}");
        assert_eq!(sent_at, (at + if media_first { 2 } else { 0 }) * 1_000);
        let kinds = world.rows("SELECT kind FROM changes WHERE kind <> 'channel' ORDER BY seq");
        let expected: &[&str] = if media_first { &["entered"] } else { &["entered", "message"] };
        assert_eq!(kinds, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_live_message_wins_over_its_old_copy_in_either_order() {
    for live_first in [true, false] {
        let world = World::new().await;
        let at = world.now_s() - 60;
        let two = [
            customer(ANA, "wamid.1", "hola", at),
            history(&json!([part(0, 1, 5, &[old("wamid.1", "hola", at, false)])])),
        ];
        for index in if live_first { [0, 1] } else { [1, 0] } {
            world.webhook(&[two[index].clone()]).await;
        }
        assert_eq!(world.rows("SELECT n, imported FROM messages"), ["1 0"]);
        assert_eq!(world.rows(NEAR), [format!("1 1 open human {}", at * 1_000)]);
        assert!(world.one::<Option<i64>>("SELECT window_closes_at FROM conversations").is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_import_after_a_reconnect_doubles_nothing() {
    let world = World::new().await;
    sleep(Duration::from_mins(10)).await;
    world.ana("wamid.live.1", "ok").await;
    world.ana("wamid.live.2", "ok").await;
    let ours = world.send(MARIA, "we are open", 2).await;
    world.quiet().await;
    world.owner("wamid.echo", "until eight").await;
    let at = world.now_s();
    sleep(Duration::from_mins(10)).await;
    tell(&world, &json!({"event": "ACCOUNT_OFFBOARDED"}), world.now_s()).await;
    sleep(Duration::from_mins(10)).await;
    tell(&world, &json!({"event": "ACCOUNT_RECONNECTED"}), world.now_s()).await;
    let before = live_side(&world);
    // The same again under ids of the history's own, a minute off, and once more; three times "ok".
    let messages = [
        old("wamid.h.1", "ok", at + 50, false),
        old("wamid.h.2", "ok", at - 50, false),
        old("wamid.h.3", "we are open", at + 60, true),
        old("wamid.h.4", "until eight", at, true),
        old("wamid.out.1", "we are open", at, true),
    ];
    for _ in 0..2 {
        world.webhook(&[history(&json!([part(0, 1, 100, &messages)]))]).await;
        assert_eq!(world.one::<i64>("SELECT count(*) FROM messages WHERE imported"), 0);
    }
    assert_eq!(live_side(&world), before);
    assert_eq!(
        world.rows(&format!("SELECT author_kind FROM messages WHERE id = '{ours}'")),
        ["agent"]
    );
    // What nobody saw live is new: a third "ok", and one from when the line was down.
    let more =
        [old("wamid.h.5", "ok", at + 20, false), old("wamid.h.6", "we are open", at + 700, true)];
    world.webhook(&[history(&json!([part(0, 2, 100, &more)]))]).await;
    let imported =
        world.rows("SELECT n, author_kind, wamid FROM messages WHERE imported ORDER BY n DESC");
    assert_eq!(imported, ["-1 customer wamid.h.5", "-2 owner_app wamid.h.6"]);
}

#[tokio::test(start_paused = true)]
async fn a_first_import_swallows_no_real_repeat() {
    let world = World::new().await;
    world.ana("wamid.live", "ok").await;
    let before = world.now_s() - 60;
    let messages =
        [old("wamid.h.1", "ok", before, false), old("wamid.h.2", "ok", before + 1, false)];
    world.webhook(&[history(&json!([part(0, 1, 100, &messages)]))]).await;
    // Before the number was connected nothing can have come live.
    assert_eq!(world.one::<i64>("SELECT count(*) FROM messages WHERE imported"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_declined_import_is_final_and_no_error() {
    let error = json!({"code": 2_593_109, "title": "t", "message": "History sync is turned off"});
    let forms = [
        json!({"messaging_product": "whatsapp", "history": [{"errors": [error]}]})
            .to_string()
            .into_bytes(),
        envelope(&[history(&json!([{"errors": [error]}]))]),
        envelope(&[history(
            &json!([{"metadata": {"phase": 0, "chunk_order": 1, "progress": 0}, "errors": [error]}]),
        )]),
    ];
    for form in forms {
        let world = World::new().await;
        let asked =
            format!("INSERT INTO imports (channel, asked_at) VALUES ('h', {})", world.now());
        world.sql().execute(&asked, []).unwrap();
        assert_eq!(world.raw(form).await, StatusCode::OK);
        world.quiet().await;
        let history: Value =
            serde_json::from_str(&world.one::<String>("SELECT history FROM channels")).unwrap();
        assert_eq!(history["declined"], true, "{history}");
        assert_eq!(state(&world), r#"{"kind":"connected"}"#);
        assert_eq!(world.one::<i64>("SELECT count(*) FROM alerts"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn progress_is_shown_until_it_is_whole_and_quiet() {
    let world = World::new().await;
    let at = world.now_s() - 100;
    world.webhook(&[history(&json!([part(0, 1, 40, &[old("wamid.1", "a", at, false)])]))]).await;
    assert_eq!(state(&world), r#"{"kind":"importing","percent":40}"#);
    // 100 was seen on phase 1 with phase 2 to follow; an older part that comes late takes nothing back.
    world
        .webhook(&[history(&json!([part(1, 2, 100, &[old("wamid.2", "b", at - 9, false)])]))])
        .await;
    world.webhook(&[history(&json!([part(1, 1, 70, &[])]))]).await;
    assert_eq!(state(&world), r#"{"kind":"importing","percent":100}"#);
    sleep(Duration::from_mins(5)).await;
    world.webhook(&[history(&json!([part(2, 1, 100, &[])]))]).await;
    sleep(Duration::from_secs(500)).await;
    assert_eq!(state(&world), r#"{"kind":"importing","percent":100}"#);
    sleep(Duration::from_secs(200)).await;
    assert_eq!(state(&world), r#"{"kind":"connected"}"#);
    assert_eq!(world.one::<String>("SELECT history FROM channels"), r#"{"phase":2,"percent":100}"#);
}

#[tokio::test(start_paused = true)]
async fn an_import_of_which_nothing_came_says_so_after_a_day() {
    let world = World::new().await;
    let asked = world.now();
    let insert = format!("INSERT INTO imports (channel, asked_at) VALUES ('h', {asked})");
    world.sql().execute(&insert, []).unwrap();
    pass(DAY - 3_600).await;
    assert_eq!(state(&world), r#"{"kind":"importing","percent":0}"#);
    // An echo shows that the phone lives: a day without any reading would be another trouble.
    world.owner("wamid.e", "still here").await;
    pass(3_700).await;
    assert_eq!(state(&world), r#"{"kind":"connected"}"#);
    let shown: String = world.one("SELECT history FROM channels");
    assert_eq!(shown, format!(r#"{{"asked":{asked},"nothing_came":true}}"#));
}

#[tokio::test(start_paused = true)]
async fn rule_10_account_news_goes_by_the_account_and_not_by_the_entry() {
    let world = World::new().await;
    // `entry.id` is the owner's portfolio here.
    let body = json!({"entry": [{"id": "portfolio", "time": world.now_s(), "changes": [{"field": "account_update",
        "value": {"event": "PARTNER_REMOVED", "waba_info": {"waba_id": "b"},
            "disconnection_info": {"reason": "PRIMARY_INACTIVITY", "initiated_by": "SYSTEM"}}}]}]});
    assert_eq!(world.raw(body.to_string().into_bytes()).await, StatusCode::OK);
    world.quiet().await;
    let down: Value = serde_json::from_str(&state(&world)).unwrap();
    assert_eq!((&down["kind"], &down["reason"]), (&json!("disconnected"), &json!("inactive")));
    // Another account's end is not ours.
    let other = World::new().await;
    let body = json!({"entry": [{"id": "other", "time": other.now_s(), "changes": [{"field": "account_update",
        "value": {"event": "ACCOUNT_DELETED"}}]}]});
    assert_eq!(other.raw(body.to_string().into_bytes()).await, StatusCode::OK);
    other.quiet().await;
    assert_eq!(state(&other), r#"{"kind":"connected"}"#);
    assert_eq!(other.rows("SELECT reason FROM webhook_leftovers"), ["unknown_waba_id"]);
}

#[tokio::test(start_paused = true)]
async fn rule_17_the_status_of_an_old_message_is_never_shown() {
    let world = World::new().await;
    let at = world.now_s() - 100;
    let messages = [old("wamid.1", "a", at, false), old("wamid.2", "b", at, true)];
    world.webhook(&[history(&json!([part(0, 1, 5, &messages)]))]).await;
    let shown = world
        .rows("SELECT step, times, coalesce(trouble, '-'), body FROM messages ORDER BY n DESC");
    assert_eq!(
        shown,
        [r#"none {} - {"kind":"text","text":"a"}"#, r#"none {} - {"kind":"text","text":"b"}"#,]
    );
}

#[tokio::test(start_paused = true)]
async fn rule_18_history_has_no_names_and_the_address_book_has() {
    let world = World::new().await;
    let at = world.now_s() - 100;
    world.webhook(&[history(&json!([part(0, 1, 5, &[old("wamid.1", "a", at, false)])]))]).await;
    assert_eq!(world.rows("SELECT coalesce(name, '-'), phone FROM contacts"), [format!("- {ANA}")]);
    let entry = |action: &str, name: Option<&str>, at: i64| {
        let mut contact = json!({"phone_number": format!("+{ANA}")});
        if let Some(name) = name {
            contact["full_name"] = name.into();
        }
        json!({"field": "smb_app_state_sync", "value": {"metadata": number(), "state_sync": [
            {"type": "contact", "action": action, "contact": contact, "metadata": {"timestamp": at.to_string()}}]}})
    };
    let name = || world.one::<Option<String>>("SELECT name FROM contacts");
    // An entry that only repeats the number is no name.
    world.webhook(&[entry("add", Some("+34 600 111 222"), at)]).await;
    assert_eq!(name(), None);
    world.webhook(&[entry("add", Some("Ana, the florist"), at + 1)]).await;
    assert_eq!(name().as_deref(), Some("Ana, the florist"));
    // The phone book's name stays above the profile's.
    world.ana("wamid.2", "hola").await;
    assert_eq!(name().as_deref(), Some("Ana, the florist"));
    // Removed: the profile's name, and the conversation stays. An older add that comes later loses.
    world.webhook(&[entry("remove", None, at + 9)]).await;
    world.webhook(&[entry("add", Some("Ana old"), at + 5)]).await;
    assert_eq!(name().as_deref(), Some("Ana"));
    assert_eq!(world.one::<i64>("SELECT count(*) FROM conversations"), 1);
    // A name that was saved before anybody wrote is there from the first message on.
    let body = entry("add", Some("Bo the baker"), at);
    let body = json!(body.to_string().replace(ANA, "34611")).as_str().unwrap().to_owned();
    world.webhook(&[serde_json::from_str(&body).unwrap()]).await;
    world.webhook(&[customer("34611", "wamid.bo", "hi", world.now_s())]).await;
    assert_eq!(
        world.one::<String>("SELECT name FROM contacts WHERE phone = '34611'"),
        "Bo the baker"
    );
}

/// Half a year of a busy shop is 200,000 messages in 5,000 chats; every run imports a part of that.
/// `FIELDLINE_IMPORT_CHATS=5000 cargo test --release -p fieldline-platform --test it half_a_year -- --nocapture`
/// imports all of it and prints the figures.
#[tokio::test(start_paused = true)]
async fn half_a_year_of_a_busy_shop_is_imported_whole() {
    const EACH: i64 = 40;
    const THREADS_A_BODY: i64 = 50;
    let chats: i64 =
        std::env::var("FIELDLINE_IMPORT_CHATS").ok().and_then(|n| n.parse().ok()).unwrap_or(150);
    let world = World::new().await;
    let begun = std::time::Instant::now();
    let at = world.now_s() - 15_552_000;
    let mut bytes = 0;
    for first in (0..chats).step_by(usize::try_from(THREADS_A_BODY).unwrap()) {
        let threads: Vec<Value> = (first..(first + THREADS_A_BODY).min(chats))
            .map(|chat| {
                let phone = format!("346{chat:08}");
                let messages: Vec<Value> = (0..EACH)
                    .rev()
                    .map(|i| {
                        let text = format!("message {i} of a chat with somebody about something");
                        let mut one = old(
                            &format!("wamid.{chat}.{i}"),
                            &text,
                            at + i * 977 + chat,
                            i % 2 == 1,
                        );
                        one[if i % 2 == 1 { "to" } else { "from" }] = phone.clone().into();
                        one
                    })
                    .collect();
                json!({"id": phone, "messages": messages})
            })
            .collect();
        let percent = (first + THREADS_A_BODY).min(chats) * 100 / chats;
        let part = json!([{"metadata": {"phase": 1, "chunk_order": first, "progress": percent}, "threads": threads}]);
        let body = envelope(&[history(&part)]);
        bytes += body.len();
        assert_eq!(world.raw(body).await, StatusCode::OK);
        world.quiet().await;
    }
    while world.one::<i64>("SELECT count(*) FROM webhooks WHERE state = 'pending'") > 0 {
        world.quiet().await;
    }
    let took = begun.elapsed();
    let totals =
        "SELECT count(*), count(DISTINCT conversation), min(imported), max(n) FROM messages";
    assert_eq!(world.rows(totals), [format!("{} {chats} 1 -1", chats * EACH)]);
    assert_eq!(state(&world), r#"{"kind":"importing","percent":100}"#);
    let memory = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = memory.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("-").to_owned();
    println!(
        "imported {} messages of {chats} chats, {bytes} bytes, in {took:?}, {peak}",
        chats * EACH
    );
}

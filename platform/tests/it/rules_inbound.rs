//! The rules of whatsapp.md section 0 about what Meta sends, one test each, by their numbers there.
//! `docs/coexistence.md` lists the others and where they are proved, or why not.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::meta_world::*;

const CHATS: &str = "SELECT count(*) FROM conversations";

/// A customer's message of this JSON, under these ids.
fn by_ids(phone: Option<&str>, user: Option<&str>, wamid: &str) -> Value {
    under_ids(phone, user, wamid, "x", 5)
}

/// A change that edits, deletes or reacts, of the customer or of the owner.
fn amend(by_owner: bool, kind: &str, part: &Value, wamid: &str, at_s: i64) -> Value {
    let change = json!({"id": wamid, "timestamp": at_s.to_string(), "type": kind, kind: part});
    if !by_owner {
        return message(ANA, change);
    }
    let mut echo = echo(ANA, wamid, "", at_s);
    let one = echo["value"]["message_echoes"][0].as_object_mut().unwrap();
    one.remove("text");
    one.extend(change.as_object().unwrap().clone());
    echo
}

fn edit(by_owner: bool, target: &str, text: &str, at_s: i64) -> Value {
    let part = json!({"original_message_id": target,
        "message": {"context": {"id": "M0"}, "type": "text", "text": {"body": text}}});
    amend(by_owner, "edit", &part, &format!("wamid.edit.{at_s}.{text}"), at_s)
}

fn revoke(by_owner: bool, target: &str, at_s: i64) -> Value {
    let part = json!({"original_message_id": target});
    amend(by_owner, "revoke", &part, &format!("wamid.revoke.{at_s}"), at_s)
}

fn react(by_owner: bool, target: &str, emoji: &str, at_s: i64) -> Value {
    let part = json!({"message_id": target, "emoji": emoji});
    amend(by_owner, "reaction", &part, &format!("wamid.react.{at_s}.{emoji}"), at_s)
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_person_is_known_by_either_id() {
    let world = World::new().await;
    world.webhook(&[by_ids(None, Some("ES.a"), "w1")]).await;
    world.webhook(&[by_ids(Some("34611"), Some("ES.a"), "w2")]).await;
    world.webhook(&[by_ids(Some("34611"), None, "w3")]).await;
    assert_eq!(world.one::<i64>(CHATS), 1);
    assert_eq!(world.one::<i64>("SELECT last_n FROM conversations"), 3);
    assert_eq!(world.rows("SELECT phone, wa_user_id FROM contacts"), ["34611 ES.a"]);
}

#[tokio::test(start_paused = true)]
async fn rule_02_a_message_of_the_phone_has_no_receipts() {
    let world = World::new().await;
    world.owner("wamid.e", "on my way").await;
    assert_eq!(world.rows("SELECT author_kind, step FROM messages"), ["owner_app none"]);
    // Should a status come all the same, it is taken and makes no tick.
    world.webhook(&[status_of("wamid.e", "delivered", world.now_s())]).await;
    assert_eq!(world.rows("SELECT author_kind, step FROM messages"), ["owner_app none"]);
    assert_eq!(world.rows("SELECT DISTINCT state FROM webhooks"), ["done"]);
}

#[tokio::test(start_paused = true)]
async fn rule_03_a_thousand_updates_twice_and_out_of_order_make_each_message_once() {
    let world = World::new().await;
    let at = world.now_s() - 5_000;
    let mut all: Vec<Value> = (0..1_000)
        .map(|i| customer(&format!("3460000{:04}", i % 10), &format!("w{i}"), "x", at + i))
        .collect();
    assert_eq!(world.raw(envelope(&all)).await, StatusCode::OK);
    all.reverse();
    assert_eq!(world.raw(envelope(&all)).await, StatusCode::OK);
    all.rotate_left(333);
    assert_eq!(world.raw(envelope(&all)).await, StatusCode::OK);
    world.quiet().await;
    assert_eq!(world.rows("SELECT count(*), count(DISTINCT wamid) FROM messages"), ["1000 1000"]);
    // Numbers are dense in each conversation.
    assert_eq!(
        world.rows("SELECT DISTINCT count(*), min(n), max(n) FROM messages GROUP BY conversation"),
        ["100 1 100"]
    );
    assert_eq!(world.rows("SELECT DISTINCT state FROM webhooks"), ["done"]);
}

#[tokio::test(start_paused = true)]
async fn rule_04_a_placeholder_is_replaced_under_the_same_id() {
    let world = World::new().await;
    let at = world.now_s();
    let placeholder = json!({"id": "wamid.1", "timestamp": at.to_string(), "type": "unsupported",
        "errors": [{"code": 131_060}]});
    world.webhook(&[message(ANA, placeholder.clone())]).await;
    assert_eq!(
        world.rows("SELECT body FROM messages"),
        [r#"{"code":131060,"kind":"unsupported","type":"unsupported"}"#]
    );
    let real = json!({"id": "wamid.1", "timestamp": at.to_string(), "type": "image",
        "image": {"id": "m1", "mime_type": "image/jpeg", "sha256": "s", "caption": "the ad"},
        "context": {"id": "wamid.0"}, "referral": {"source_id": "a1"}});
    world.webhook(&[message(ANA, real.clone())]).await;
    let stands =
        "SELECT n, body ->> 'caption', media_ref, beside, reply_to IS NOT NULL FROM messages";
    let whole = [r#"1 the ad {"id":"m1"} {"referral":{"source_id":"a1"}} 1"#];
    assert_eq!(world.rows(stands), whole);
    // Neither the placeholder again nor the message again changes anything.
    world.webhook(&[message(ANA, placeholder), message(ANA, real)]).await;
    assert_eq!(world.rows(stands), whole);
    assert_eq!(world.rows("SELECT unread, last_n FROM conversations"), ["1 1"]);
}

#[tokio::test(start_paused = true)]
async fn rule_10_the_number_id_routes_and_never_the_display_text() {
    let world = World::new().await;
    let mut odd = customer(ANA, "wamid.1", "hello", 5);
    odd["value"]["metadata"]["display_phone_number"] = "(nobody's) 999".into();
    let mut other = customer(ANA, "wamid.2", "hello", 5);
    other["value"]["metadata"]["phone_number_id"] = "999".into();
    world.webhook(&[odd, other]).await;
    assert_eq!(world.rows("SELECT wamid FROM messages"), ["wamid.1"]);
    assert_eq!(world.rows("SELECT reason FROM webhook_leftovers"), ["unknown_phone_number_id"]);
}

#[tokio::test(start_paused = true)]
async fn rule_11_an_echo_opens_the_customers_chat_quietly() {
    let world = World::new().await;
    // `from` is our own number.
    world.webhook(&[echo(ANA, "wamid.e", "hello", world.now_s())]).await;
    assert_eq!(world.rows("SELECT phone FROM contacts"), [ANA]);
    assert_eq!(
        world.rows("SELECT unread, last_n, window_closes_at, waiting_since FROM conversations"),
        ["0 1 - -"]
    );
}

#[tokio::test(start_paused = true)]
async fn rule_12_our_sends_are_told_by_their_id_and_never_by_their_text() {
    let world = World::new().await;
    world.ana("wamid.1", "all right?").await;
    world.send(MARIA, "ok", 1).await;
    world.quiet().await;
    // The owner says the same; that is a message of its own.
    world.owner("wamid.e", "ok").await;
    // The echo of ours is none.
    world.owner("wamid.out.1", "ok").await;
    let texts = "SELECT author_kind, wamid FROM messages WHERE body ->> 'text' = 'ok' ORDER BY n";
    assert_eq!(world.rows(texts), ["agent wamid.out.1", "owner_app wamid.e"]);
}

#[tokio::test(start_paused = true)]
async fn rule_15_a_forward_is_no_reply() {
    let world = World::new().await;
    let forwarded = |wamid: &str, context: Value| {
        message(
            ANA,
            json!({"id": wamid, "timestamp": "5", "type": "text", "text": {"body": "x"},
            "context": context}),
        )
    };
    world
        .webhook(&[
            forwarded("wamid.1", json!({"forwarded": true})),
            forwarded("wamid.2", json!({"frequently_forwarded": true})),
            forwarded("wamid.3", json!({"from": "1", "id": "wamid.1"})),
        ])
        .await;
    assert_eq!(
        world.rows("SELECT reply_to IS NOT NULL, beside ->> 'forwarded' FROM messages ORDER BY n"),
        ["0 once", "0 often", "1 -"]
    );
}

/// All orders of a few things.
fn orders<T: Clone>(things: &[T]) -> Vec<Vec<T>> {
    if things.is_empty() {
        return vec![Vec::new()];
    }
    (0..things.len())
        .flat_map(|first| {
            let mut rest = things.to_vec();
            let head = rest.remove(first);
            orders(&rest).into_iter().map(move |mut order| {
                order.insert(0, head.clone());
                order
            })
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn rule_16_the_newest_edit_wins_and_a_deletion_beats_all_in_any_order() {
    let stands = "SELECT body ->> 'text', edited_at, deleted FROM messages WHERE wamid = 'wamid.1'";
    for by_owner in [false, true] {
        let at = 1_000;
        let first = if by_owner {
            echo(ANA, "wamid.1", "at 9", at)
        } else {
            customer(ANA, "wamid.1", "at 9", at)
        };
        let edits = [
            first.clone(),
            edit(by_owner, "wamid.1", "at 10", at + 60),
            edit(by_owner, "wamid.1", "at 11", at + 120),
        ];
        for order in orders(&edits) {
            let world = World::new().await;
            for change in order.iter().chain(&order) {
                world.webhook(std::slice::from_ref(change)).await;
            }
            assert_eq!(world.rows(stands), ["at 11 1120000 -"], "{order:?}");
            assert_eq!(world.one::<i64>("SELECT count(*) FROM amendments"), 0);
        }
        let with_end = [
            first,
            edit(by_owner, "wamid.1", "at 11", at + 120),
            revoke(by_owner, "wamid.1", at + 60),
        ];
        for order in orders(&with_end) {
            let world = World::new().await;
            for change in order.iter().chain(&order) {
                world.webhook(std::slice::from_ref(change)).await;
            }
            let by = if by_owner { "owner_app" } else { "customer" };
            let text = world
                .rows("SELECT body ->> 'text', deleted ->> 'by', deleted ->> 'at' FROM messages");
            assert_eq!(text, [format!(" {by} 1060000")], "{order:?}");
            assert_eq!(world.rows("SELECT unread FROM conversations"), ["0"]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rule_16_nobody_changes_what_the_other_side_wrote() {
    let world = World::new().await;
    world.ana("wamid.1", "mine").await;
    world.owner("wamid.e", "ours").await;
    let at = world.now_s();
    world
        .webhook(&[
            edit(true, "wamid.1", "forged", at),
            revoke(true, "wamid.1", at),
            edit(false, "wamid.e", "forged", at),
            revoke(false, "wamid.e", at),
        ])
        .await;
    assert_eq!(
        world.rows("SELECT body ->> 'text', deleted, edited_at FROM messages ORDER BY n"),
        ["mine - -", "ours - -"]
    );
}

#[tokio::test(start_paused = true)]
async fn rule_19_only_a_customers_message_opens_the_window() {
    let window = "SELECT window_closes_at FROM conversations";
    let world = World::new().await;
    let at = world.now_s();
    world.webhook(&[echo(ANA, "wamid.e", "hello", at - 100)]).await;
    assert_eq!(world.rows(window), ["-"]);
    // None of these opens or extends it.
    let quiet = |at: i64| {
        vec![
            echo(ANA, &format!("wamid.e.{at}"), "more", at),
            react(false, "wamid.e", "+", at),
            edit(false, "wamid.1", "changed", at),
            status_of("wamid.e", "read", at),
            message(
                ANA,
                json!({"id": format!("wamid.s.{at}"), "timestamp": at.to_string(),
                "type": "system", "system": {"type": "customer_identity_changed", "body": "x"}}),
            ),
        ]
    };
    world.webhook(&quiet(at - 50)).await;
    assert_eq!(world.rows(window), ["-"]);
    world.webhook(&[customer(ANA, "wamid.1", "hi", at - 40)]).await;
    let closes = format!("{}", (at - 40) * 1_000 + 24 * 60 * 60 * 1_000);
    assert_eq!(world.rows(window), std::slice::from_ref(&closes));
    world.webhook(&quiet(at - 30)).await;
    world.webhook(&[revoke(false, "wamid.1", at - 20)]).await;
    assert_eq!(world.rows(window), [closes]);
}

#[tokio::test(start_paused = true)]
async fn rule_21_an_automatic_greeting_is_no_answer() {
    let world = World::new().await;
    world
        .sql()
        .execute("UPDATE workspaces SET greeting_texts = '[\"Thank you for writing.\"]'", [])
        .unwrap();
    world.ana("wamid.1", "is somebody there?").await;
    world.owner("wamid.e", "Thank you for writing.").await;
    let waiting = "SELECT unread, waiting_since IS NOT NULL FROM conversations";
    assert_eq!(world.rows(waiting), ["1 1"]);
    world.owner("wamid.f", "Yes, me.").await;
    assert_eq!(world.rows(waiting), ["0 0"]);
}

#[tokio::test(start_paused = true)]
async fn rule_22_no_text_keeps_a_nul() {
    let world = World::new().await;
    let document = json!({"id": "wamid.2", "timestamp": "5", "type": "document",
        "document": {"id": "m", "filename": "a\u{0}b.pdf", "caption": "c\u{0}"}});
    let mut named = customer(ANA, "wamid.1", "a\u{0}b", 5);
    named["value"]["contacts"][0]["profile"]["name"] = "An\u{0}a".into();
    // A form is JSON in a text, and what is not known yet is kept whole.
    let form = json!({"type": "nfm_reply", "nfm_reply": {"name": "flow",
        "response_json": "{\"na\\u0000me\":[\"x\\u0000y\"]}"}});
    let tomorrow = json!({"type": "dance", "dance": {"steps": "a\u{0}b"}});
    let forms = [("wamid.3", form), ("wamid.4", tomorrow)].map(|(id, part)| {
        message(
            ANA,
            json!({"id": id, "timestamp": "5", "type": "interactive", "interactive": part}),
        )
    });
    world.webhook(&[named, message(ANA, document)]).await;
    world.webhook(&forms).await;
    for query in ["SELECT body FROM messages", "SELECT name FROM contacts"] {
        for text in world.rows(query) {
            assert!(!text.contains('\0') && !text.contains("u0000"), "{text}");
        }
    }
    assert_eq!(world.one::<i64>("SELECT count(*) FROM messages"), 4);
}

#[tokio::test(start_paused = true)]
async fn rule_23_samples_that_are_printed_wrong_are_read() {
    let world = World::new().await;
    let good = String::from_utf8(envelope(&[customer(ANA, "wamid.1", "hello", 5)])).unwrap();
    let broken = good.replacen("},\"messaging_product\"", "} \"messaging_product\"", 1);
    let broken = broken.replacen("],\"messages\"", "] \"messages\"", 1);
    assert!(serde_json::from_str::<Value>(&broken).is_err(), "{broken}");
    assert_eq!(world.raw(broken.into_bytes()).await, StatusCode::OK);
    // `field` outside `changes`.
    let mut change = customer(ANA, "wamid.2", "hello", 5);
    let field = change.as_object_mut().unwrap().remove("field").unwrap();
    let body = json!({"object": "whatsapp_business_account",
        "entry": [{"id": "b", "field": field, "changes": [change]}]});
    assert_eq!(world.raw(body.to_string().into_bytes()).await, StatusCode::OK);
    world.quiet().await;
    assert_eq!(world.rows("SELECT wamid FROM messages ORDER BY n"), ["wamid.1", "wamid.2"]);
}

#[tokio::test(start_paused = true)]
async fn rule_24_unknown_words_are_kept_and_stop_nothing() {
    let world = World::new().await;
    world
        .webhook(&[
            status_of("wamid.out.9", "teleported", 5),
            message(
                ANA,
                json!({"id": "wamid.1", "timestamp": "5", "type": "hologram", "hologram": {}}),
            ),
            message(
                ANA,
                json!({"id": "wamid.2", "timestamp": "5", "type": "system",
                "system": {"type": "customer_became_a_cat"}}),
            ),
            json!({"field": "of_tomorrow", "value": {"x": 1}}),
            customer(ANA, "wamid.3", "behind it all", 6),
        ])
        .await;
    assert_eq!(world.rows("SELECT state FROM webhooks"), ["done"]);
    assert_eq!(
        world.rows("SELECT body FROM messages ORDER BY n"),
        [
            r#"{"kind":"unsupported","type":"hologram"}"#,
            r#"{"kind":"text","text":"behind it all"}"#
        ]
    );
    assert_eq!(
        world.rows("SELECT kind, reason FROM webhook_leftovers ORDER BY idx"),
        [
            "status.teleported unknown_status",
            "system.customer_became_a_cat unknown_system_kind",
            " field_not_read_yet"
        ]
    );
}

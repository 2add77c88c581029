//! The change line: what is on a page, for whom, and when a cursor is good no more.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fieldline_platform::store::changes;
use serde_json::{Value, json};
use tokio::time::advance;

use crate::world::{BEN, MARIA, OWNER, Phone, World, rows};

fn cause(answer: &crate::world::Answer) -> &str {
    assert_eq!(answer.error(), (410, "reset"), "{}", answer.json);
    answer.details()["cause"].as_str().unwrap()
}

/// The cursor with one of its parts changed.
fn forged(cursor: &str, part: usize, value: &str) -> String {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap();
    let mut parts: Vec<&str> = text.split('.').collect();
    parts[part] = value;
    URL_SAFE_NO_PAD.encode(parts.join("."))
}

#[tokio::test(start_paused = true)]
async fn a_page_brings_each_object_once_in_its_newest_state() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let old = world.conversation(&["one"]).await;
    let since = world.cursor(&phone).await;
    let from = world.head();
    let second = world.customer(&old, "two").await;
    let third = world.customer(&old, "three").await;
    let page = world.changes(&phone, &since).await.ok();
    let expected: Vec<(String, String)> =
        [("message", &second), ("message", &third), ("conversation", &old)]
            .map(|(kind, id)| (kind.to_owned(), id.clone()))
            .into();
    assert_eq!(rows(&page), expected);
    assert_eq!(page["kind"], "changes");
    assert_eq!((&page["from"], &page["to"]), (&json!(from), &json!(world.head())));
    assert_eq!((&page["as_of"], &page["has_more"]), (&json!(world.head()), &json!(false)));
    assert_eq!(page["server_time"], world.now());
    let row = &page["changes"][2];
    assert_eq!(row["object"]["version"], row["seq"]);
    assert_eq!(row["object"]["last_message"]["id"], third.as_str());
    assert_eq!(row["object"]["unread"], 3);
    let next = world.changes(&phone, page["cursor"].as_str().unwrap()).await.ok();
    assert_eq!((rows(&next).len(), &next["from"]), (0, &page["to"]));
}

#[tokio::test(start_paused = true)]
async fn a_new_conversation_enters_with_all_that_it_needs() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let since = world.cursor(&phone).await;
    let texts: Vec<String> = (1..=25).map(|n| format!("text {n}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let id = world.conversation(&texts).await;
    let page = world.changes(&phone, &since).await.ok();
    let rows = rows(&page);
    // The five older messages are rows of their own; all else is inside.
    assert_eq!(rows.iter().filter(|(kind, _)| kind == "message").count(), 5);
    let entered: Vec<_> = rows.iter().filter(|(kind, _)| kind == "entered").collect();
    assert_eq!(entered, [&("entered".to_owned(), id.clone())]);
    assert_eq!(rows.len(), 6);
    let object = &page["changes"][0]["object"];
    assert_eq!(object["conversation"]["id"], id.as_str());
    assert_eq!(object["contact"]["id"], object["conversation"]["contact_id"]);
    let ns: Vec<i64> =
        object["messages"].as_array().unwrap().iter().map(|m| m["n"].as_i64().unwrap()).collect();
    assert_eq!(ns, (6..=25).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_move_is_judged_for_each_reader() {
    let world = World::new().await;
    let phones = [world.sign_in(OWNER).await, world.sign_in(MARIA).await, world.sign_in(BEN).await];
    let id = world.conversation(&["hello"]).await;
    let mut cursors = Vec::new();
    for phone in &phones {
        cursors.push(world.cursor(phone).await);
    }
    world.assign(&id, Some(&world.member(MARIA))).await;
    world.customer(&id, "secret").await;
    let mut kinds = Vec::new();
    for (phone, cursor) in phones.iter().zip(&cursors) {
        let page = world.changes(phone, cursor).await.ok();
        assert!(page.to_string().contains("secret") == (phone.device != phones[2].device));
        kinds.push(rows(&page).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>());
    }
    assert_eq!(kinds, [vec!["entered"], vec!["entered"], vec!["left"]]);
    let scope = world.get(&phones[2], "/v1/scope").await.ok();
    assert_eq!(scope["conversations"], json!([]));
    let page = world.get(&phones[2], &format!("/v1/conversations/{id}/messages")).await;
    assert_eq!(page.error(), (404, "not_found"));
    world.assign(&id, None).await;
    let page = world.changes(&phones[2], &cursors[2]).await.ok();
    assert_eq!(rows(&page), [("entered".to_owned(), id)]);
}

#[tokio::test(start_paused = true)]
async fn pages_end_at_five_hundred_rows() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let id = world.conversation(&["first"]).await;
    let mut cursor = world.cursor(&phone).await;
    for n in 0..600 {
        world.customer(&id, &format!("{n}")).await;
    }
    let page = world.changes(&phone, &cursor).await.ok();
    assert_eq!((rows(&page).len(), &page["has_more"]), (500, &json!(true)));
    let mut seen = std::collections::BTreeSet::new();
    let mut pages = 0;
    loop {
        let page = world.get(&phone, &format!("/v1/changes?since={cursor}&limit=70")).await.ok();
        assert!(rows(&page).len() <= 70);
        for row in rows(&page) {
            assert!(seen.insert(row.clone()), "{row:?} twice");
        }
        pages += 1;
        page["cursor"].as_str().unwrap().clone_into(&mut cursor);
        if page["has_more"] == false {
            break;
        }
    }
    assert_eq!((pages, seen.len()), (9, 601));
    for bad in ["0", "501", "x", "-1"] {
        let answer = world.get(&phone, &format!("/v1/changes?since={cursor}&limit={bad}")).await;
        assert_eq!(answer.error(), (400, "malformed"));
        assert_eq!(answer.details()["limit"], 500);
    }
}

#[tokio::test(start_paused = true)]
async fn pages_end_at_a_mebibyte_and_never_without_a_row() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let id = world.conversation(&["first"]).await;
    let mut cursor = world.cursor(&phone).await;
    // The worst that a text can cost: each of these is six bytes in JSON.
    let worst = "\u{1}".repeat(4096);
    for _ in 0..100 {
        world.customer(&id, &worst).await;
    }
    // And one that is larger than a page alone.
    let giant = world.customer(&id, &"x".repeat(2 * 1024 * 1024)).await;
    world.customer(&id, "last").await;
    let mut seen = 0;
    loop {
        let page = world.changes(&phone, &cursor).await.ok();
        let rows = rows(&page);
        let length = page.to_string().len();
        assert!(!rows.is_empty());
        assert!(length <= 1024 * 1024 || rows == [("message".to_owned(), giant.clone())]);
        seen += rows.len();
        page["cursor"].as_str().unwrap().clone_into(&mut cursor);
        if page["has_more"] == false {
            break;
        }
    }
    assert_eq!(seen, 103);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_falls_with_epoch_tag_scope_and_age() {
    let world = World::new().await;
    let (maria, ben) = (world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let id = world.conversation(&["one"]).await;
    let cursor = world.cursor(&maria).await;
    assert!(world.changes(&maria, &cursor).await.status.is_success());
    for (part, value, expected) in [(1, "other", "epoch"), (2, "99", "tag"), (3, "other", "tag")] {
        let answer = world.changes(&maria, &forged(&cursor, part, value)).await;
        assert_eq!(cause(&answer), expected);
        assert_eq!(answer.details()["epoch"], world.epoch().as_str());
    }
    assert_eq!(cause(&world.changes(&maria, &forged(&cursor, 0, "2")).await), "tag");
    assert_eq!(cause(&world.changes(&ben, &cursor).await), "scope");
    world.customer(&id, "two").await;
    // An inner place is known by its tag too.
    assert!(world.changes(&maria, &cursor).await.status.is_success());
    assert_eq!(cause(&world.changes(&maria, &forged(&cursor, 3, "other")).await), "tag");
    for bad in ["", "x", "%20", "AAAA"] {
        let answer = world.changes(&maria, bad).await;
        assert_eq!(answer.error(), (400, "malformed"));
        assert_eq!(answer.details()["field"], "since");
    }
    world.sql().execute("UPDATE workspaces SET members_see_unassigned = 0", []).unwrap();
    assert_eq!(cause(&world.changes(&maria, &cursor).await), "scope");
    world.sql().execute("UPDATE workspaces SET members_see_unassigned = 1", []).unwrap();
    advance(Duration::from_hours(24 * 31)).await;
    let fresh = world.try_sign_in(MARIA, crate::world::PASSWORD, &maria.device).await.ok();
    let maria = Phone::of(&maria.device, &fresh);
    world.customer(&id, "three").await;
    assert!(world.changes(&maria, &cursor).await.status.is_success());
    world.platform.state().store.write(|tx| changes::prune(tx)).await.unwrap();
    assert_eq!(cause(&world.changes(&maria, &cursor).await), "expired");
    assert_eq!(cause(&world.changes(&maria, &forged(&cursor, 2, "0")).await), "expired");
    let now = world.cursor(&maria).await;
    assert!(world.changes(&maria, &now).await.status.is_success());
}

#[tokio::test(start_paused = true)]
async fn the_line_can_be_read_from_its_beginning() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let id = world.conversation(&["one"]).await;
    let start = forged(&forged(&world.cursor(&phone).await, 2, "0"), 3, "");
    let page = world.changes(&phone, &start).await.ok();
    let kinds: Vec<String> = rows(&page).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["workspace", "member", "member", "member", "channel", "entered"]);
    let channel = &page["changes"][4]["object"];
    assert_eq!(channel["state"], json!({"kind": "connected"}));
    assert!(channel.get("last_sign_of_life").is_none() && !page.to_string().contains("null"));
    assert_eq!(page["changes"][5]["id"], id.as_str());
}

fn ids(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|o| o["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_start_draws_the_first_screen_first_and_brings_everything_once() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let mut all = Vec::new();
    for n in 0..120 {
        let texts: Vec<String> = (0..3).map(|m| format!("{n} {m}")).collect();
        all.push(world.conversation(&texts.iter().map(String::as_str).collect::<Vec<_>>()).await);
        advance(Duration::from_secs(1)).await;
    }
    world.assign(&all[100], Some(&world.member(BEN))).await;
    let first = world.get(&phone, "/v1/bootstrap").await.ok();
    let expected: Vec<String> =
        all.iter().rev().filter(|id| **id != all[100]).take(50).cloned().collect();
    assert_eq!(ids(&first["conversations"]), expected);
    assert_eq!(first["contacts"].as_array().unwrap().len(), 50);
    assert_eq!(first["messages"].as_array().unwrap().len(), 50);
    assert_eq!(first["messages"][0]["body"]["text"], "119 2");
    assert_eq!(first["me"]["name"], "Maria");
    assert_eq!(first["me"]["my_reads"], json!([]));
    assert_eq!(first["members"].as_array().unwrap().len(), 3);
    assert_eq!(ids(&first["channels"]).join(" "), world.channel);
    // Meanwhile one that was not on the first page rises above the others.
    world.customer(&all[3], "risen").await;
    let late = world.conversation(&["late"]).await;
    let (mut conversations, mut messages) = (expected, Vec::new());
    let mut next = first["next_page"].as_str().map(str::to_owned);
    while let Some(token) = next {
        let page = world.get(&phone, &format!("/v1/bootstrap?page={token}")).await.ok();
        assert_eq!(page["cursor"], first["cursor"]);
        conversations.extend(ids(&page["conversations"]));
        messages.extend(ids(&page["messages"]));
        next = page["next_page"].as_str().map(str::to_owned);
    }
    conversations.sort();
    let mut expected: Vec<String> = all.iter().filter(|id| **id != all[100]).cloned().collect();
    expected.push(late);
    expected.sort();
    assert_eq!(conversations, expected);
    let distinct: std::collections::BTreeSet<_> = messages.iter().collect();
    assert_eq!(distinct.len(), 119 * 3 + 2);
    let page = world.changes(&phone, first["cursor"].as_str().unwrap()).await.ok();
    assert_eq!(page["from"], first["as_of"]);
    assert_eq!(world.get(&phone, "/v1/bootstrap?page=x").await.details()["field"], "page");
}

#[tokio::test(start_paused = true)]
async fn an_empty_start_has_one_page() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let page = world.get(&phone, "/v1/bootstrap").await.ok();
    assert!(page.get("next_page").is_none());
    assert_eq!(page["conversations"], json!([]));
    assert!(world.changes(&phone, page["cursor"].as_str().unwrap()).await.status.is_success());
}

#[tokio::test(start_paused = true)]
async fn a_conversation_is_read_backwards_page_by_page() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let id = world.conversation(&[]).await;
    for n in 1..=30 {
        world.customer(&id, &n.to_string()).await;
        if n % 4 == 0 {
            advance(Duration::from_millis(700)).await;
        }
    }
    let path = format!("/v1/conversations/{id}/messages?limit=12");
    let mut before = String::new();
    let mut ns = Vec::new();
    for expected_more in [true, true, false] {
        let page = world.get(&phone, &format!("{path}{before}")).await.ok();
        assert_eq!(page["has_more"], expected_more);
        assert_eq!(page["as_of"], world.head());
        let messages = page["messages"].as_array().unwrap();
        let place = |message: &Value| {
            format!("{}.{}", message["sent_at"].as_i64().unwrap() / 1000, message["n"])
        };
        assert_eq!(page["from_pos"], place(&messages[0]).as_str());
        assert_eq!(page["to_pos"], place(messages.last().unwrap()).as_str());
        let mut older: Vec<i64> = messages.iter().map(|m| m["n"].as_i64().unwrap()).collect();
        older.append(&mut ns);
        ns = older;
        before = format!("&before={}", page["from_pos"].as_str().unwrap());
    }
    assert_eq!(ns, (1..=30).collect::<Vec<_>>());
    let end = world.get(&phone, &format!("{path}{before}")).await.ok();
    assert_eq!((&end["messages"], end.get("from_pos")), (&json!([]), None));
    let bad = world.get(&phone, &format!("{path}&before=x")).await;
    assert_eq!(bad.details()["field"], "before");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_wrong_for_a_moment_makes_no_hole_in_the_line() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let id = world.conversation(&["one"]).await;
    let since = world.cursor(&phone).await;
    let second = world.customer(&id, "two").await;
    world.sql().execute("UPDATE changes SET at = 0 WHERE id = ?1", [&second]).unwrap();
    world.platform.state().store.write(|tx| changes::prune(tx)).await.unwrap();
    let page = world.changes(&phone, &since).await.ok();
    assert!(rows(&page).contains(&("message".to_owned(), second)), "{page}");
}

#[tokio::test(start_paused = true)]
async fn long_last_messages_do_not_swell_a_page_of_the_start() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let long = "x".repeat(60_000);
    let mut made = std::collections::BTreeSet::new();
    for _ in 0..55 {
        made.insert(world.conversation(&[&long]).await);
    }
    let mut path = "/v1/bootstrap".to_owned();
    let (mut conversations, mut messages) = (Vec::new(), std::collections::BTreeSet::new());
    loop {
        let page = world.get(&phone, &path).await.ok();
        assert!(page.to_string().len() < 1_400_000, "{}", page.to_string().len());
        conversations.extend(ids(&page["conversations"]));
        messages.extend(ids(&page["messages"]));
        let Some(next) = page["next_page"].as_str() else { break };
        path = format!("/v1/bootstrap?page={next}");
    }
    assert_eq!((conversations.len(), messages.len()), (55, 55));
    assert_eq!(conversations.into_iter().collect::<std::collections::BTreeSet<_>>(), made);
}

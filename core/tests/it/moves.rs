//! What moves while a phone is away, is told anew where it stands, or is in the middle of a download.

use fieldline_core::Client;
use fieldline_core::api::{
    BackgroundReason, Body, Choice, ConversationId, LadderStep, NetworkKind, Reason,
    TimelineSnapshot,
};

use crate::scripted::{Server, Sockets, phone, seconds};

const NOW: i64 = 1_800_000_000_000;
const RESET: &str = r#"{"error":{"code":"reset","details":{"cause":"scope","epoch":"e"}}}"#;
const PAGE: &str = "/v1/changes?since=c&limit=500";

fn v() -> ConversationId {
    ConversationId("v".into())
}

async fn timeline(client: &Client) -> TimelineSnapshot {
    client.timeline(&v()).next(0).await.unwrap().unwrap()
}

async fn listed(client: &Client) -> u32 {
    client.inbox().next(0).await.unwrap().unwrap().total
}

/// Message `n` of a customer, so many seconds after the first, as it stands in that version.
fn message(n: i64, second: i64, version: i64) -> String {
    format!(
        r#"{{"id":"x{n}","version":{version},"conversation_id":"v","n":{n},"sent_at":{},"author":{{"kind":"customer"}},
            "body":{{"kind":"text","text":"v{version}"}},"ladder":{{"step":"none"}}}}"#,
        NOW + second * 1_000
    )
}

fn messages(numbers: std::ops::RangeInclusive<i64>) -> Vec<String> {
    numbers.map(|n| message(n, n, 1)).collect()
}

const CHAT: &str = r#"{"id":"v","version":1,"contact_id":"k","channel_id":"h","last_n":30,
    "window":{"closes_at":9000000000000}}"#;

fn bootstrap(cursor: &str, conversations: &str, messages: &[String], next_page: bool) -> String {
    let member = r#"{"id":"m","version":1,"name":"Ana","role":"employee"}"#;
    let more = if next_page { r#","next_page":"2""# } else { "" };
    format!(
        r#"{{"epoch":"e","cursor":"{cursor}","as_of":9,"me":{member},"workspace":{{"name":"W"}},
            "conversations":[{conversations}],"messages":[{}]{more}}}"#,
        messages.join(",")
    )
}

fn changes(rows: &str) -> String {
    format!(
        r#"{{"kind":"changes","epoch":"e","from":1,"to":9,"cursor":"c9","as_of":9,"changes":[{rows}]}}"#
    )
}

fn scope(cursor: &str, conversations: &str) -> String {
    format!(r#"{{"epoch":"e","conversations":[{conversations}],"cursor":"{cursor}","as_of":9}}"#)
}

fn history(messages: &[String], has_more: bool) -> String {
    format!(r#"{{"messages":[{}],"has_more":{has_more},"as_of":9}}"#, messages.join(","))
}

fn numbers(shown: &TimelineSnapshot) -> Vec<i64> {
    shown.rows.iter().filter_map(|row| row.n).collect()
}

/// A phone that holds the one conversation with these messages.
async fn holding(numbers: std::ops::RangeInclusive<i64>) -> (Server, (tempfile::TempDir, Client)) {
    let server = Server::new(Sockets::Close);
    server.answer("/v1/bootstrap", 200, None, &bootstrap("c", CHAT, &messages(numbers), false));
    let open = phone(&server).await;
    (server, open)
}

/// What leaves between the answer about the scope and the download is a row behind the former and not behind the latter.
#[tokio::test(start_paused = true)]
async fn after_a_reset_the_line_goes_on_from_the_scope() {
    let (server, (_folder, client)) = holding(1..=3).await;
    assert_eq!(listed(&client).await, 1);
    server.answer(PAGE, 410, None, RESET);
    server.answer("/v1/scope", 200, None, &scope("s", r#""v""#));
    server.answer("/v1/bootstrap", 200, None, &bootstrap("b", "", &[], false));
    let left = changes(r#"{"seq":9,"kind":"left","id":"v","object":{}}"#);
    server.answer("/v1/changes?since=s&limit=500", 200, None, &left);
    client.network_changed(NetworkKind::Unmetered);
    seconds(5).await;
    assert_eq!(listed(&client).await, 0, "it had left before the download began");
    assert!(timeline(&client).await.rows.is_empty());
}

/// Protocol.md 2: whoever was removed while no row could tell is in no list after a reset.
#[tokio::test(start_paused = true)]
async fn after_a_reset_members_and_channels_are_whole_lists() {
    let people = |members: &str, channels: &str| {
        let page = bootstrap("c", CHAT, &messages(1..=1), false);
        page.replace(
            r#""conversations""#,
            &format!(r#""members":[{members}],"channels":[{channels}],"conversations""#),
        )
    };
    let ben = r#"{"id":"ben","version":1,"name":"Ben","role":"employee"}"#;
    let eva = r#"{"id":"eva","version":2,"name":"Eva","role":"employee"}"#;
    let line = |id: &str| {
        format!(
            r#"{{"id":"{id}","version":1,"display":"+34 {id}","state":{{"kind":"connected"}}}}"#
        )
    };
    let server = Server::new(Sockets::Close);
    let both = [line("h"), line("old")].join(",");
    server.answer("/v1/bootstrap", 200, None, &people(ben, &both));
    let (folder, client) = phone(&server).await;
    assert_eq!(listed(&client).await, 1);
    server.answer(PAGE, 410, None, RESET);
    server.answer("/v1/scope", 200, None, &scope("c", r#""v""#));
    server.answer("/v1/bootstrap", 200, None, &people(eva, &line("h")));
    client.network_changed(NetworkKind::Unmetered);
    seconds(1).await;
    server.answer(PAGE, 200, None, &changes(""));
    seconds(5).await;
    let lines = client.health().next(0).await.unwrap().unwrap().lines;
    assert_eq!(lines.iter().map(|line| line.name.as_str()).collect::<Vec<_>>(), ["+34 h"]);
    client.shutdown().await.unwrap();
    let mut files = std::fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().path());
    let store = files.find(|path| path.extension().is_some_and(|it| it == "db")).unwrap();
    let sql = rusqlite::Connection::open(store).unwrap();
    let mut query = sql.prepare("SELECT id FROM members ORDER BY id").unwrap();
    let held: Vec<String> =
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(held, ["eva", "m"]);
}

/// Rights were cut in the middle of the first download: what its first pages brought is judged again.
#[tokio::test(start_paused = true)]
async fn a_download_of_another_time_asks_for_the_scope_first() {
    for (status, said) in [(410, RESET), (400, r#"{"error":{"code":"malformed"}}"#)] {
        let server = Server::new(Sockets::Close);
        let first = bootstrap("c", CHAT, &messages(3..=3), true);
        server.answer("/v1/bootstrap", 200, None, &first);
        server.answer("/v1/bootstrap?page=2", 503, None, "{}");
        let (_folder, client) = phone(&server).await;
        assert_eq!(listed(&client).await, 1);
        server.answer("/v1/bootstrap?page=2", status, None, said);
        server.answer("/v1/scope", 200, None, &scope("c", ""));
        server.answer("/v1/bootstrap", 200, None, &bootstrap("c", "", &[], false));
        client.network_changed(NetworkKind::Unmetered);
        seconds(60).await;
        assert_eq!(listed(&client).await, 0, "{status}");
        assert!(timeline(&client).await.rows.is_empty());
        assert_eq!(server.calls("/v1/scope"), 1);
    }
}

/// A server that takes no page of its own is waited for, not asked without end.
#[tokio::test(start_paused = true)]
async fn pages_that_are_never_taken_are_no_busy_loop() {
    let server = Server::new(Sockets::Close);
    server.answer("/v1/bootstrap", 200, None, &bootstrap("c", CHAT, &messages(3..=3), true));
    server.answer("/v1/bootstrap?page=2", 400, None, r#"{"error":{"code":"malformed"}}"#);
    server.answer("/v1/scope", 200, None, &scope("c", r#""v""#));
    let (_folder, _client) = phone(&server).await;
    seconds(60).await;
    assert!(server.calls("/v1/bootstrap") < 120, "{}", server.calls("/v1/bootstrap"));
}

/// F1, M3: the list's last message is the last by number; what came late stands far above the newest by place.
#[tokio::test(start_paused = true)]
async fn the_last_message_alone_takes_nothing_away() {
    let (server, (_folder, client)) = holding(1..=5).await;
    server.answer(PAGE, 410, None, RESET);
    server.answer("/v1/scope", 200, None, &scope("c", r#""v""#));
    let late = message(6, 2, 7);
    server.answer(
        "/v1/bootstrap",
        200,
        None,
        &bootstrap("c", CHAT, std::slice::from_ref(&late), true),
    );
    server.answer("/v1/bootstrap?page=2", 503, None, "{}");
    client.network_changed(NetworkKind::Unmetered);
    seconds(20).await;
    assert_eq!(numbers(&timeline(&client).await), [1, 2, 6, 3, 4, 5]);
    // The page of the newest does not reach down to it.
    let second = bootstrap("c", CHAT, &messages(4..=5), false);
    server.answer("/v1/bootstrap?page=2", 200, None, &second);
    let rest = [message(1, 1, 1), message(2, 2, 1), late, message(3, 3, 1)];
    let below = "/v1/conversations/v/messages?before=1800000004.4&limit=50";
    server.answer(below, 200, None, &history(&rest, false));
    server.answer(PAGE, 200, None, &changes(""));
    client.network_changed(NetworkKind::Unmetered);
    seconds(120).await;
    let shown = timeline(&client).await;
    assert_eq!((numbers(&shown), shown.last_n), (vec![1, 2, 6, 3, 4, 5], 6));
    assert!(!shown.has_more_before && shown.rows.iter().all(|row| !row.hole_before));
}

/// What happened to older messages behind the forgotten place no row tells: they are fetched again. None goes meanwhile, and
/// what was read stays read for the guard.
#[tokio::test(start_paused = true)]
async fn what_happened_before_a_reset_is_found_out() {
    let (server, (_folder, client)) = holding(1..=30).await;
    server.answer(PAGE, 410, None, RESET);
    server.answer("/v1/scope", 200, None, &scope("c", r#""v""#));
    let last = bootstrap("c", CHAT, &messages(30..=30), true);
    server.answer("/v1/bootstrap", 200, None, &last);
    let second = bootstrap("c", CHAT, &messages(11..=30), false);
    server.answer("/v1/bootstrap?page=2", 200, None, &second);
    let below = "/v1/conversations/v/messages?before=1800000011.11&limit=50";
    server.answer(below, 503, None, "{}");
    client.network_changed(NetworkKind::Unmetered);
    seconds(1).await;
    server.answer(PAGE, 200, None, &changes(""));
    seconds(30).await;
    let shown = timeline(&client).await;
    assert_eq!((numbers(&shown), shown.last_n), ((1..=30).collect(), 30));
    // Meanwhile the fifth was changed and the seventh erased.
    let mut old = messages(1..=10);
    old.remove(6);
    old[4] = message(5, 5, 8);
    server.answer(below, 200, None, &history(&old, false));
    client.network_changed(NetworkKind::Unmetered);
    seconds(120).await;
    let shown = timeline(&client).await;
    let left: Vec<i64> = (1..=30).filter(|n| *n != 7).collect();
    assert_eq!((numbers(&shown), shown.last_n), (left, 30));
    assert_eq!(shown.rows[4].body, Body::Text { text: "v8".into() });
    assert!(shown.rows.iter().all(|row| !row.hole_before));
}

/// Fewer than twenty messages may also be what fits into a frame: then they are not all there are.
#[tokio::test(start_paused = true)]
async fn an_entry_cut_for_its_size_is_not_the_whole_conversation() {
    let (server, (_folder, client)) = holding(1..=30).await;
    let (cut, chat) = (messages(29..=30).join(","), CHAT);
    let entered = format!(
        r#"{{"seq":9,"kind":"entered","id":"v","object":{{"conversation":{chat},"messages":[{cut}]}}}}"#
    );
    server.answer(PAGE, 200, None, &changes(&entered));
    client.network_changed(NetworkKind::Unmetered);
    seconds(5).await;
    let shown = timeline(&client).await;
    assert_eq!(numbers(&shown), (1..=30).collect::<Vec<_>>());
    assert!(shown.has_more_before, "what is older can still be asked for");
    // The same on a phone that held nothing of it.
    let server = Server::new(Sockets::Close);
    server.answer("/v1/bootstrap", 200, None, &bootstrap("c", "", &[], false));
    server.answer(PAGE, 200, None, &changes(&entered));
    let (_folder, client) = phone(&server).await;
    let shown = timeline(&client).await;
    assert_eq!((numbers(&shown), shown.has_more_before), (vec![29, 30], true));
}

/// Seven days late and still new: it is shown where it belongs, although what lies between is not on this phone.
#[tokio::test(start_paused = true)]
async fn a_new_message_from_long_ago_is_shown() {
    let (server, (_folder, client)) = holding(11..=30).await;
    let below = "/v1/conversations/v/messages?before=1800000011.11&limit=50";
    server.answer(below, 503, None, "{}");
    let late = message(31, 5, 9);
    let row = format!(r#"{{"seq":9,"kind":"message","id":"x31","object":{late}}}"#);
    server.answer(PAGE, 200, None, &changes(&row));
    client.network_changed(NetworkKind::Unmetered);
    seconds(5).await;
    let shown = timeline(&client).await;
    let wanted: Vec<i64> = std::iter::once(31).chain(11..=30).collect();
    assert_eq!((numbers(&shown), shown.last_n), (wanted, 31));
    assert!(shown.rows[1].hole_before && !shown.rows[0].hole_before && shown.has_more_before);
    let mut old = messages(1..=10);
    old.insert(5, late);
    server.answer(below, 200, None, &history(&old, false));
    client.network_changed(NetworkKind::Unmetered);
    seconds(60).await;
    let shown = timeline(&client).await;
    let wanted: Vec<i64> = (1..=5).chain([31]).chain(6..=30).collect();
    assert_eq!((numbers(&shown), shown.has_more_before), (wanted, false));
    assert!(shown.rows.iter().all(|row| !row.hole_before));
}

/// S12: what a notification counts is new messages alone, not news about old or imported ones that are not here.
#[tokio::test(start_paused = true)]
async fn news_of_old_messages_ring_nothing() {
    let (server, (_folder, client)) = holding(25..=30).await;
    client.enter_background(1_000).await.unwrap();
    let row = |seq: i64, it: String| {
        format!(r#"{{"seq":{seq},"kind":"message","id":"x","object":{it}}}"#)
    };
    let rows = [
        row(6, message(-4, -900_000, 6)),
        row(7, message(3, 3, 7)),
        row(8, message(30, 30, 8)),
        row(9, message(31, 31, 9)),
    ];
    server.answer(PAGE, 200, None, &changes(&rows.join(",")));
    let report = client.run_background(BackgroundReason::Push, 5_000).await.unwrap();
    assert_eq!(report.new_messages, 1);
}

/// N4: a reply on its way when its conversation left keeps its bytes, unseen, and is sent again until the server has said.
#[tokio::test(start_paused = true)]
async fn a_reply_on_its_way_is_unseen_once_its_conversation_left() {
    for refused in [false, true] {
        let (server, (_folder, client)) = holding(1..=3).await;
        server.answer("/v1/commands", 503, None, "{}");
        let id = client.send_reply(&v(), "On my way", 3).await.unwrap();
        seconds(2).await;
        assert_eq!(timeline(&client).await.rows.len(), 4);
        let left = changes(r#"{"seq":9,"kind":"left","id":"v","object":{}}"#);
        server.answer(PAGE, 200, None, &left);
        client.network_changed(NetworkKind::Unmetered);
        seconds(2).await;
        let outbox = async || client.outbox().next(0).await.unwrap().unwrap();
        assert_eq!((outbox().await.total, timeline(&client).await.total), (0, 0));
        assert!(timeline(&client).await.rows.is_empty() && outbox().await.rows.is_empty());
        if refused {
            let no = format!(
                r#"{{"answers":[{{"id":"{id}","outcome":"refused","code":"not_yours","reason":"R9"}}]}}"#
            );
            server.answer("/v1/commands", 200, None, &no);
        } else {
            server.as_usual("/v1/commands");
        }
        client.try_now().await.unwrap();
        seconds(60).await;
        let rows = outbox().await.rows;
        if refused {
            let [row] = &rows[..] else { panic!("{rows:?}") };
            assert_eq!(row.trouble.as_ref().map(|it| it.reason), Some(Reason::NotYours));
            assert_eq!((row.step, &row.choices[..]), (LadderStep::OnPhone, &[Choice::Discard][..]));
            // Its text is read again only while the workplace allows it.
            assert_eq!(row.text, None);
            for (seq, allowed) in [(10, true), (11, false)] {
                let options = format!(
                    r#"{{"seq":{seq},"kind":"workspace","id":"w","object":
                        {{"name":"W","options":{{"copy_after_left":{allowed}}}}}}}"#
                );
                server.answer(
                    "/v1/changes?since=c9&limit=500",
                    200,
                    None,
                    &changes(&options).replace(r#""to":9"#, &format!(r#""to":{seq}"#)),
                );
                client.network_changed(NetworkKind::Unmetered);
                seconds(120).await;
                let rows = outbox().await.rows;
                assert_eq!(rows[0].text.as_deref(), allowed.then_some("On my way"));
            }
        } else {
            assert!(rows.is_empty(), "{rows:?}");
        }
    }
}

/// A conversation that left in between, of which the line has not told yet, keeps no other waiting for what it lacks.
#[tokio::test(start_paused = true)]
async fn what_left_meanwhile_keeps_no_hole_of_others_open() {
    let other = |numbers: std::ops::RangeInclusive<i64>| -> Vec<String> {
        let named =
            |it: String| it.replace(r#""v","n""#, r#""u","n""#).replace(r#""id":"x"#, r#""id":"u"#);
        numbers.map(|n| named(message(n, n - 1_000, 1))).collect()
    };
    let chats = format!("{CHAT},{}", CHAT.replace(r#""id":"v""#, r#""id":"u""#));
    let both = |numbers: std::ops::RangeInclusive<i64>| {
        [messages(numbers.clone()), other(numbers)].concat()
    };
    let server = Server::new(Sockets::Close);
    server.answer("/v1/bootstrap", 200, None, &bootstrap("c", &chats, &both(1..=30), false));
    let (_folder, client) = phone(&server).await;
    assert_eq!(listed(&client).await, 2);
    server.answer(PAGE, 410, None, RESET);
    server.answer("/v1/scope", 200, None, &scope("c", r#""v","u""#));
    server.answer("/v1/bootstrap", 200, None, &bootstrap("c", &chats, &both(30..=30), true));
    server.answer(
        "/v1/bootstrap?page=2",
        200,
        None,
        &bootstrap("c", &chats, &both(11..=30), false),
    );
    // Both are equally old to the list: "u" stands first.
    let gone = "/v1/conversations/u/messages?before=1799999011.11&limit=50";
    server.answer(gone, 404, None, r#"{"error":{"code":"not_found"}}"#);
    let below = "/v1/conversations/v/messages?before=1800000011.11&limit=50";
    server.answer(below, 200, None, &history(&messages(1..=10), false));
    client.network_changed(NetworkKind::Unmetered);
    seconds(1).await;
    server.answer(PAGE, 200, None, &changes(""));
    seconds(120).await;
    assert!(server.calls("/v1/conversations/u/messages") > 0, "it is asked about first");
    assert_eq!(server.calls("/v1/conversations/v/messages"), 1);
    let shown = timeline(&client).await;
    assert_eq!(numbers(&shown), (1..=30).collect::<Vec<_>>());
    assert!(shown.rows.iter().all(|row| !row.hole_before));
}

//! What a screen gets to draw, from what a server by script says.

use fieldline_core::Client;
use fieldline_core::api::{
    Attention, AuthorKind, Body, ConversationId, Forwarded, MediaKind, NetworkKind, Reason,
    TimelineSnapshot,
};

use crate::scripted::{Server, Sockets, phone, seconds};

const NOW: i64 = 1_800_000_000_000;
const DAY: i64 = 24 * 3_600_000;

async fn timeline(client: &Client) -> TimelineSnapshot {
    client.timeline(&ConversationId("v".into())).next(0).await.unwrap().unwrap()
}

fn message(n: i64, sent_at: i64, author: &str, body: &str, more: &str) -> String {
    format!(
        r#"{{"id":"x{n}","version":1,"conversation_id":"v","n":{n},"sent_at":{sent_at},"author":{author},"body":{body}{more}}}"#
    )
}

fn customers(n: i64, sent_at: i64) -> String {
    let body = format!(r#"{{"kind":"text","text":"no {n}"}}"#);
    message(n, sent_at, r#"{"kind":"customer"}"#, &body, r#","ladder":{"step":"none"}"#)
}

/// A first download with these messages of the one conversation.
fn bootstrap(messages: &[String], assignee: &str, next_page: &str) -> String {
    let member = r#"{"id":"m","version":1,"name":"Ana","role":"employee"}"#;
    format!(
        r#"{{"epoch":"e","cursor":"c","as_of":1,"me":{member},"workspace":{{"name":"W"}},
            "members":[{{"id":"b","version":1,"name":"Ben","role":"employee"}}],
            "conversations":[{{"id":"v","version":1,"contact_id":"k","channel_id":"h","assignee":"{assignee}"}}],
            "messages":[{}]{next_page}}}"#,
        messages.join(",")
    )
}

fn changes(rows: &str) -> String {
    format!(
        r#"{{"kind":"changes","epoch":"e","from":1,"to":9,"cursor":"c9","as_of":9,"changes":[{rows}]}}"#
    )
}

fn history(messages: &[String], has_more: bool) -> String {
    format!(r#"{{"messages":[{}],"has_more":{has_more},"as_of":9}}"#, messages.join(","))
}

fn numbers(shown: &TimelineSnapshot) -> Vec<i64> {
    shown.rows.iter().filter_map(|row| row.n).collect()
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_message_is_a_row() {
    let server = Server::new(Sockets::Last);
    let customer = r#"{"kind":"customer"}"#;
    let none = r#","ladder":{"step":"none"}"#;
    let photo =
        r#"{"kind":"media","type":"image","mime":"image/jpeg","caption":"the tap","ready":false}"#;
    let reacted = format!(
        r#"{none},"edited_at":7,"forwarded":"often","reactions":[{{"author":{{"kind":"agent","id":"b"}},"emoji":"👍","at":1}}]"#
    );
    let gone = format!(r#"{none},"deleted":{{"by":"customer","at":5}},"edited_at":4"#);
    let rows = [
        message(1, 1_000, customer, photo, &reacted),
        message(2, 2_000, customer, r#"{"kind":"text","text":""}"#, &gone),
        message(3, 3_000, r#"{"kind":"system"}"#, r#"{"kind":"event","type":"assigned"}"#, none),
        message(4, 4_000, r#"{"kind":"agent","id":"b"}"#, r#"{"kind":"note","text":"dog"}"#, none),
        message(5, 5_000, customer, r#"{"kind":"hologram","depth":3}"#, none),
    ];
    server.answer("/v1/bootstrap", 200, None, &bootstrap(&rows, "m", ""));
    let (_folder, client) = phone(&server).await;
    let shown = timeline(&client).await;
    let [photo, gone, line, note, unknown] = &shown.rows[..] else { panic!("{shown:?}") };
    assert!(
        matches!(&photo.body, Body::Media { what: MediaKind::Image, caption: Some(said), ready: false, .. } if said == "the tap")
    );
    assert_eq!((photo.forwarded, photo.edited_at.map(|at| at.0)), (Forwarded::Often, Some(7)));
    assert_eq!(photo.reactions[0].emoji, "👍");
    assert_eq!(photo.reactions[0].author.name.as_deref(), Some("Ben"));
    assert_eq!(gone.body, Body::Deleted { by: AuthorKind::Customer });
    assert_eq!(gone.edited_at, None);
    assert_eq!(line.body, Body::Line { what: "assigned".into() });
    assert_eq!(note.body, Body::Note { text: "dog".into() });
    assert_eq!(unknown.body, Body::Unsupported { what: "hologram".into() });
    assert!(shown.rows.iter().all(|row| !row.hole_before && !row.never_confirmed));
}

/// N3: a reply that nobody confirmed within 30 days says so, and is nobody's turn.
#[tokio::test(start_paused = true)]
async fn thirty_days_at_sent_are_never_confirmed() {
    let server = Server::new(Sockets::Last);
    let sent = |n: i64, at: i64| {
        let ladder = format!(r#","ladder":{{"step":"sent","times":{{"sent":{at}}}}}"#);
        let body = r#"{"kind":"text","text":"on my way"}"#;
        message(n, at, r#"{"kind":"agent","id":"m"}"#, body, &ladder)
    };
    // The second one turns thirty days old while the app is open.
    let rows = [sent(1, NOW - 31 * DAY), sent(2, NOW - 30 * DAY + 60_000)];
    server.answer("/v1/bootstrap", 200, None, &bootstrap(&rows, "m", ""));
    let (_folder, client) = phone(&server).await;
    let never = async || -> Vec<bool> {
        timeline(&client).await.rows.iter().map(|row| row.never_confirmed).collect()
    };
    assert_eq!(never().await, [true, false]);
    seconds(61).await;
    assert_eq!(never().await, [true, true]);
    assert!(timeline(&client).await.rows.iter().all(|row| row.trouble.is_none()));
}

/// Rows of a newer platform do not stop the line.
#[tokio::test(start_paused = true)]
async fn kinds_without_a_screen_are_passed_over() {
    let server = Server::new(Sockets::Close);
    let rows = r#"{"seq":2,"kind":"template","id":"t","object":{"id":"t","version":2}},
        {"seq":3,"kind":"label","id":"l","object":{"id":"l"}},{"seq":4,"kind":"quick_reply","id":"q","gone":true},
        {"seq":5,"kind":"team","id":"t","object":7},{"seq":6,"kind":"merged","id":"k","object":{"from":"j","into":"k"}},
        {"seq":7,"kind":"imported","id":"nobody","object":{"from_pos":"1.-2","to_pos":"2.-1"}},
        {"seq":8,"kind":"imported","id":"v","object":{"from_pos":"odd"}},
        {"seq":9,"kind":"contact","id":"k","object":{"id":"k","version":9,"name":"Luis"}}"#;
    server.answer("/v1/changes?since=c&limit=500", 200, None, &changes(rows));
    let (_folder, client) = phone(&server).await;
    let inbox = client.inbox().next(0).await.unwrap().unwrap();
    assert_eq!(inbox.rows[0].name, "Luis");
}

#[tokio::test(start_paused = true)]
async fn an_import_of_an_own_conversation_is_fetched() {
    for (assignee, asked) in [("m", 1), ("b", 0)] {
        let server = Server::new(Sockets::Last);
        let live = [customers(1, NOW)];
        server.answer("/v1/bootstrap", 200, None, &bootstrap(&live, assignee, ""));
        let row = r#"{"seq":9,"kind":"imported","id":"v","object":{"from_pos":"1000.-2","to_pos":"2000.-1"}}"#;
        server.answer("/v1/changes?since=c&limit=500", 200, None, &changes(row));
        let old = [customers(-2, 1_000_000), customers(-1, 2_000_000)];
        let path = "/v1/conversations/v/messages";
        let all = [&old[..], &live[..]].concat();
        server.answer("/v1/conversations/v/messages?limit=50", 200, None, &history(&all, false));
        server.answer(
            "/v1/conversations/v/messages?before=1800000000.1&limit=50",
            200,
            None,
            &history(&old, false),
        );
        let (_folder, client) = phone(&server).await;
        assert_eq!(server.calls(path), asked, "{assignee}");
        let shown = timeline(&client).await;
        if asked == 0 {
            assert_eq!((numbers(&shown), shown.has_more_before), (vec![1], true));
            client.load_older(&ConversationId("v".into())).await.unwrap();
        }
        let shown = timeline(&client).await;
        assert_eq!((numbers(&shown), shown.has_more_before), (vec![-2, -1, 1], false));
        assert_eq!(shown.last_n, 1);
    }
}

/// F1: while a reset's download is under way, and while it cannot be finished, nothing that was shown goes.
#[tokio::test(start_paused = true)]
async fn a_reset_never_shows_fewer_rows() {
    let server = Server::new(Sockets::Close);
    let at = |n: i64| NOW + n * 1_000;
    let messages = |numbers: std::ops::RangeInclusive<i64>| -> Vec<String> {
        numbers.map(|n| customers(n, at(n))).collect()
    };
    server.answer("/v1/bootstrap", 200, None, &bootstrap(&messages(1..=5), "m", ""));
    let (_folder, client) = phone(&server).await;
    assert_eq!(numbers(&timeline(&client).await), (1..=5).collect::<Vec<_>>());

    let reset = r#"{"error":{"code":"reset","details":{"cause":"expired","epoch":"e"}}}"#;
    server.answer("/v1/changes?since=c&limit=500", 410, None, reset);
    let scope = r#"{"epoch":"e","conversations":["v"],"cursor":"c2","as_of":9}"#;
    server.answer("/v1/scope", 200, None, scope);
    let first =
        bootstrap(&messages(90..=90), "m", r#","next_page":"2""#).replace(r#""c""#, r#""c2""#);
    server.answer("/v1/bootstrap", 200, None, &first);
    server.answer("/v1/bootstrap?page=2", 503, None, "{}");
    client.network_changed(NetworkKind::Unmetered);
    seconds(20).await;
    let shown = timeline(&client).await;
    assert_eq!(numbers(&shown), [1, 2, 3, 4, 5, 90]);
    let holes: Vec<bool> = shown.rows.iter().map(|row| row.hole_before).collect();
    assert_eq!(holes, [false, false, false, false, false, true]);
    // Who writes now has not seen what is missing: the guard will say so.
    assert_eq!(shown.last_n, 5);

    // Only once: the usual answer of this server names that cursor again.
    server.as_usual("/v1/changes?since=c&limit=500");
    let second = bootstrap(&messages(71..=90), "m", "").replace(r#""c""#, r#""c2""#);
    server.answer("/v1/bootstrap?page=2", 200, None, &second);
    server.answer(
        "/v1/conversations/v/messages?before=1800000071.71&limit=50",
        200,
        None,
        &history(&messages(21..=70), true),
    );
    server.answer(
        "/v1/conversations/v/messages?before=1800000021.21&limit=50",
        200,
        None,
        &history(&messages(1..=20), false),
    );
    client.network_changed(NetworkKind::Unmetered);
    seconds(120).await;
    let shown = timeline(&client).await;
    assert_eq!(numbers(&shown), (41..=90).collect::<Vec<_>>(), "the window's fifty");
    assert_eq!((shown.total, shown.last_n, shown.has_more_before), (90, 90, true));
    assert!(shown.rows.iter().all(|row| !row.hole_before));
    assert_eq!(server.calls("/v1/conversations/v/messages"), 2);
}

/// What waits, asks or has stopped is said once, in the core.
#[tokio::test(start_paused = true)]
async fn whose_turn_it_is() {
    let turn = |reason: Reason| match reason.attention() {
        Attention::Waits => 'w',
        Attention::Asks => 'a',
        Attention::Stopped => 's',
    };
    let picture: String = Reason::ALL.into_iter().map(turn).collect();
    //                 R1       R7    R9  R11  R14
    assert_eq!(picture, "wwawwwaasswssass");
    let server = Server::new(Sockets::Last);
    let reply = |n: i64, is_final: bool| {
        let trouble = format!(r#"{{"reason":"R6","since":1,"final":{is_final}}}"#);
        let ladder = format!(r#","ladder":{{"step":"queued","trouble":{trouble}}}"#);
        let body = r#"{"kind":"text","text":"on my way"}"#;
        message(n, n * 1_000, r#"{"kind":"agent","id":"m"}"#, body, &ladder)
    };
    let rows = [reply(1, false), reply(2, true)];
    server.answer("/v1/bootstrap", 200, None, &bootstrap(&rows, "m", ""));
    let (_folder, client) = phone(&server).await;
    let shown = timeline(&client).await;
    let turns: Vec<Attention> =
        shown.rows.iter().filter_map(|row| Some(row.trouble.as_ref()?.attention)).collect();
    assert_eq!(turns, [Attention::Waits, Attention::Stopped]);
}

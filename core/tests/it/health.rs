//! The one line about the business's numbers, and the list of them (E8, S14), from what a server by script says.

use fieldline_core::Client;
use fieldline_core::api::{
    BannerKind, ConversationId, Fixer, HealthSnapshot, LineCause, LineState, NetworkKind,
};

use crate::scripted::{Server, Sockets, phone, seconds};

const DAY: i64 = 24 * 3_600_000;
const NOW: i64 = 1_800_000_000_000;

async fn health(client: &Client) -> HealthSnapshot {
    client.health().next(0).await.unwrap().unwrap()
}

fn bootstrap(channels: &[(&str, &str)], messages: &str) -> String {
    let member = r#"{"id":"m","version":1,"name":"Ana","role":"employee"}"#;
    let channels: Vec<String> = channels
        .iter()
        .map(|(id, state)| {
            format!(r#"{{"id":"{id}","version":1,"display":"+{id}","state":{state}}}"#)
        })
        .collect();
    format!(
        r#"{{"epoch":"e","cursor":"c","as_of":1,"me":{member},"workspace":{{"name":"W"}},
            "channels":[{}],"messages":[{messages}],
            "conversations":[{{"id":"v","version":1,"contact_id":"k","channel_id":"h","assignee":"m"}}]}}"#,
        channels.join(",")
    )
}

/// A reply of this member's that the server holds for the line's sake.
fn held_back(reason: &str) -> String {
    format!(
        r#"{{"id":"r","version":1,"conversation_id":"v","n":1,"sent_at":{NOW},"author":{{"kind":"agent","id":"m"}},
            "body":{{"kind":"text","text":"On my way"}},
            "ladder":{{"step":"queued","times":{{}},"trouble":{{"reason":"{reason}","since":{NOW},"final":false}}}}}}"#
    )
}

async fn drawn(channels: &[(&str, &str)], messages: &str) -> (tempfile::TempDir, Client) {
    let server = Server::new(Sockets::Last);
    server.answer("/v1/bootstrap", 200, None, &bootstrap(channels, messages));
    let (folder, client) = phone(&server).await;
    seconds(1).await;
    (folder, client)
}

const WELL: &str = r#"{"kind":"connected"}"#;
const DOWN: &str = r#"{"kind":"disconnected","reason":"owner_disconnected","since":1799999000000}"#;

#[tokio::test(start_paused = true)]
async fn nothing_is_said_while_all_is_well() {
    let (_folder, client) =
        drawn(&[("h", WELL), ("i", r#"{"kind":"importing","percent":40}"#)], "").await;
    let shown = health(&client).await;
    assert_eq!(shown.banner, None);
    assert_eq!((shown.loading, shown.as_of), (false, None));
    let states: Vec<_> = shown.lines.iter().map(|line| (line.name.as_str(), line.state)).collect();
    assert_eq!(states, [("+i", LineState::Importing), ("+h", LineState::Connected)]);
    assert_eq!(shown.lines[0].percent, Some(40));
}

#[tokio::test(start_paused = true)]
async fn one_line_worst_first() {
    let quiet = format!(r#"{{"kind":"attention","reason":"quiet","since":{}}}"#, NOW - 11 * DAY);
    let lines = [
        ("h", WELL),
        ("i", &quiet),
        ("j", DOWN),
        ("l", r#"{"kind":"attention","reason":"slowed","since":5}"#),
    ];
    let (_folder, client) = drawn(&lines, "").await;
    let shown = health(&client).await;
    let banner = shown.banner.unwrap();
    let line = banner.line.unwrap();
    assert_eq!((banner.kind, banner.fixer, banner.others), (BannerKind::Line, Fixer::Owner, 2));
    assert_eq!((line.name.as_str(), line.cause), ("+j", Some(LineCause::OwnerDisconnected)));
    assert_eq!(banner.since.map(|at| at.0), Some(1_799_999_000_000));
    let names: Vec<_> = shown.lines.iter().map(|line| line.name.as_str()).collect();
    assert_eq!(names, ["+j", "+l", "+i", "+h"]);
    let quiet = &shown.lines[2];
    assert_eq!(quiet.quiet_days, Some(11));
    assert_eq!(quiet.may_end_at.map(|at| at.0), Some(NOW + 3 * DAY));
}

/// The banner counts what waits, and stays until that has gone.
#[tokio::test(start_paused = true)]
async fn a_banner_stays_while_a_reply_waits_for_the_line() {
    let (_folder, client) = drawn(&[("h", DOWN)], &held_back("R5")).await;
    let banner = health(&client).await.banner.unwrap();
    assert_eq!((banner.kind, banner.waiting), (BannerKind::Line, 1));

    let (_folder, client) = drawn(&[("h", WELL)], &held_back("R5")).await;
    let banner = health(&client).await.banner.unwrap();
    assert_eq!((banner.kind, banner.waiting), (BannerKind::Returning, 1));
    let (_folder, client) = drawn(&[("h", WELL)], &held_back("R7")).await;
    assert_eq!(health(&client).await.banner, None);
}

/// What this phone wrote meanwhile waits for a line that is down, and typing is never in its way.
#[tokio::test(start_paused = true)]
async fn offline_the_last_known_state_has_its_age() {
    let (_folder, client) = drawn(&[("h", DOWN)], "").await;
    client.network_changed(NetworkKind::None);
    client.send_reply(&ConversationId("v".into()), "I come", 0).await.unwrap();
    let shown = health(&client).await;
    let banner = shown.banner.unwrap();
    assert_eq!((banner.kind, banner.waiting), (BannerKind::Line, 1));
    assert!(banner.as_of.is_some() && shown.as_of == banner.as_of);

    let (_folder, client) = drawn(&[("h", WELL)], "").await;
    client.network_changed(NetworkKind::None);
    let banner = health(&client).await.banner.unwrap();
    assert_eq!(
        (banner.kind, banner.line, banner.fixer),
        (BannerKind::NoNetwork, None, Fixer::Nobody)
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_not_well() {
    for (state, cause) in [
        ("7", LineCause::Unknown),
        (r#"{"kind":"attention","reason":"unknown","since":5}"#, LineCause::Unknown),
        (r#"{"kind":"attention","reason":"solar_storm","since":5}"#, LineCause::Other),
        (r#"{"kind":"hibernating"}"#, LineCause::Other),
    ] {
        let (_folder, client) = drawn(&[("h", state)], "").await;
        let line = health(&client).await.banner.unwrap().line.unwrap();
        assert_eq!(line.cause, Some(cause), "{state}");
        assert_eq!(line.since.is_some(), cause == LineCause::Unknown || state.contains("since"));
    }
}

/// The list is never waited for: before the first download nothing is said about lines.
#[tokio::test(start_paused = true)]
async fn nothing_is_said_before_anything_was_heard() {
    let server = Server::new(Sockets::Last);
    server.answer("/v1/bootstrap", 500, None, "{}");
    let (_folder, client) = phone(&server).await;
    let shown = health(&client).await;
    assert!(shown.loading && shown.lines.is_empty());
    assert!(shown.banner.is_none_or(|banner| banner.line.is_none()));
}

/// A state that changes is a new snapshot of whoever watches.
#[tokio::test(start_paused = true)]
async fn who_watches_is_told_of_a_new_state() {
    let server = Server::new(Sockets::Close);
    server.answer("/v1/bootstrap", 200, None, &bootstrap(&[("h", WELL)], ""));
    let (_folder, client) = phone(&server).await;
    seconds(1).await;
    let view = client.health();
    let before = view.next(0).await.unwrap().unwrap();
    assert_eq!(before.banner, None);
    let row = format!(
        r#"{{"kind":"changes","epoch":"e","from":1,"to":9,"cursor":"c9","as_of":9,"changes":[{{"seq":9,"kind":"channel",
            "id":"h","object":{{"id":"h","version":9,"display":"+h","state":{DOWN}}}}}]}}"#
    );
    server.answer("/v1/changes?since=c&limit=500", 200, None, &row);
    let mut since = before.revision;
    loop {
        let shown = view.next(since).await.unwrap().unwrap();
        if shown.banner.is_some_and(|banner| banner.kind == BannerKind::Line) {
            break;
        }
        since = shown.revision;
    }
}

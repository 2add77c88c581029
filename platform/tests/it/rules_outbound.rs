//! Rules of whatsapp.md, section 0, on the way out; and every code of its section 7.

use std::time::Duration;

use serde_json::{Value, json};

use crate::meta_world::*;

async fn asked() -> World {
    let world = World::new().await;
    world.ana("wamid.in", "a question").await;
    world
}

/// 13. No idempotency key on send: a time-out means unknown, and nothing is resent by itself.
#[tokio::test(start_paused = true)]
async fn rule_13_a_lost_answer_is_never_resent_by_itself() {
    for lost in [Reply::Lost, Reply::Never, Reply::Panic, Reply::Code(500, 131_000)] {
        let mut world = asked().await;
        world.graph.then([lost]);
        let id = world.send(MARIA, "1", 1).await;
        world.later(Duration::from_hours(5)).await;
        world.kill().await;
        world.start().await;
        world.later(Duration::from_hours(24 * 8)).await;
        assert_eq!(world.graph.texts(), ["1"]);
        assert_eq!(world.state(&id), "unknown queued R14");
        // A person's word alone sends a copy.
        let copy = world.uuid();
        let again = json!({"kind": "settle", "message": id, "result": "send_again",
            "new_id": copy, "based_on_n": 1});
        assert_eq!(world.command(MARIA, again).await["outcome"], "done");
    }
}

/// 14. A lone `sent` may stay for ever: nothing of ours makes a failure or a delivery of it.
#[tokio::test(start_paused = true)]
async fn rule_14_a_lone_sent_stays_sent() {
    let mut world = asked().await;
    let id = world.send(MARIA, "1", 1).await;
    world.quiet().await;
    world.webhook(&[status_of("wamid.out.1", "sent", world.now_s())]).await;
    for _ in 0..3 {
        world.later(Duration::from_hours(24 * 20)).await;
        assert_eq!(world.state(&id), "accepted sent -");
        world.kill().await;
        world.start().await;
    }
    assert_eq!(world.trouble(&id), Value::Null);
    let times: String = world.one(&format!("SELECT times FROM messages WHERE id = '{id}'"));
    assert!(!times.contains("delivered") && !times.contains("failed"), "{times}");
    // And a late failure still counts.
    let failed = json!({"id": "wamid.out.1", "status": "failed", "timestamp": world.now_s().to_string(),
        "errors": [{"code": 131_026}]});
    world.webhook(&[status(&failed)]).await;
    assert_eq!(world.state(&id), "stopped sent R10");
}

/// 20. API replies cost money since 1 October 2026, those typed on the phone do not: phones are
/// given the day as a fact of each channel.
#[tokio::test(start_paused = true)]
async fn rule_20_a_channel_says_since_when_replies_cost() {
    let world = asked().await;
    let (status, _, body) = world.ask(MARIA, "GET", "/v1/bootstrap", &[], Vec::new()).await;
    assert_eq!(status, 200);
    let start: Value = serde_json::from_slice(&body).unwrap();
    // 2026-10-01T00:00:00Z
    assert_eq!(start["channels"][0]["replies_cost_since"], 1_790_812_800_000_i64);
}

/// 25. A reply typed on the phone stops an automatic answer still being written.
#[tokio::test(start_paused = true)]
async fn rule_25_a_reply_on_the_phone_stops_an_automatic_answer() {
    let world = asked().await;
    let mine = automatic(&world, "ai");
    world.owner("wamid.owner", "I am here").await;
    world.sql().execute("UPDATE sends SET next_try_at = 0", []).unwrap();
    world.platform().state().sends.wake();
    world.quiet().await;
    assert_eq!(world.state(&mine), "withdrawn queued -");
    assert!(world.graph.calls().is_empty());
    let deleted: String = world.one(&format!("SELECT deleted FROM messages WHERE id = '{mine}'"));
    assert_eq!(serde_json::from_str::<Value>(&deleted).unwrap()["by"], "system");
}

/// The control of rule 25: nobody spoke, so the automatic answer goes.
#[tokio::test(start_paused = true)]
async fn rule_25_an_automatic_answer_goes_when_nobody_spoke() {
    let world = asked().await;
    let mine = automatic(&world, "ai");
    world.sql().execute("UPDATE sends SET next_try_at = 0", []).unwrap();
    world.platform().state().sends.wake();
    world.quiet().await;
    assert_eq!(world.state(&mine), "accepted sent -");
    assert_eq!(world.graph.texts(), ["an automatic answer"]);
}

/// An answer of the AI that waits for its turn, written on what the customer said.
fn automatic(world: &World, kind: &str) -> String {
    let id = world.uuid();
    let chat = world.chat();
    let later = world.now() + 1_000_000;
    let sql = world.sql();
    sql.execute(
        "INSERT INTO messages (conversation, n, id, version, sent_at, author_kind, body, step, times)
         VALUES (?1, 2, ?2, 0, ?3, ?4, '{\"kind\":\"text\",\"text\":\"an automatic answer\"}', 'queued', '{}')",
        (&chat, &id, world.now(), kind),
    )
    .unwrap();
    sql.execute("UPDATE conversations SET last_n = 2 WHERE id = ?1", [&chat]).unwrap();
    sql.execute(
        "INSERT INTO sends (message, conversation, channel, n, based_on_n, state, next_try_at)
         VALUES (?1, ?2, 'h', 2, 1, 'waiting', ?3)",
        (&id, &chat, later),
    )
    .unwrap();
    id
}

/// Every code of section 7 as an answer to a send: HTTP status, what the message shows, and whether
/// the line is stopped. Written down from the page.
const CODES: &[(u16, i64, &str, bool)] = &[
    (500, 131_000, "unknown queued R14", false),
    (400, 1, "waiting queued R6", false),
    (503, 2, "waiting queued R6", false),
    (500, 131_016, "waiting queued R6", false),
    (500, 131_057, "waiting queued R6", false),
    (503, 133_004, "waiting queued R6", false),
    (503, 2_494_100, "waiting queued R6", false),
    (400, 4, "waiting queued R6", false),
    (400, 80_007, "waiting queued R6", false),
    (400, 130_429, "waiting queued R6", false),
    (400, 131_056, "waiting queued R6", false),
    (400, 131_049, "stopped queued R16", false),
    (400, 131_064, "waiting queued R6", false),
    (400, 132_069, "waiting queued R6", false),
    (400, 131_047, "held queued R7", false),
    (401, 0, "waiting queued R5", true),
    (401, 190, "waiting queued R5", true),
    (500, 3, "waiting queued R5", true),
    (403, 10, "waiting queued R5", true),
    (403, 200, "waiting queued R5", true),
    (403, 299, "waiting queued R5", true),
    (403, 131_005, "waiting queued R5", true),
    (400, 33, "waiting queued R5", true),
    (403, 368, "waiting queued R11", true),
    (403, 131_031, "waiting queued R11", true),
    (400, 131_048, "waiting queued R11", true),
    (400, 131_037, "waiting queued R11", true),
    (400, 131_042, "waiting queued R11", true),
    (500, 131_045, "waiting queued R5", true),
    (400, 133_000, "waiting queued R5", true),
    (400, 133_005, "waiting queued R5", true),
    (400, 133_006, "waiting queued R5", true),
    (400, 133_008, "waiting queued R5", true),
    (400, 133_009, "waiting queued R5", true),
    (400, 133_010, "waiting queued R5", true),
    (400, 133_015, "waiting queued R5", true),
    (400, 133_016, "waiting queued R5", true),
    (400, 100, "stopped queued R16", false),
    (400, 131_008, "stopped queued R16", false),
    (400, 131_009, "stopped queued R16", false),
    (400, 135_000, "stopped queued R16", false),
    (400, 131_055, "stopped queued R16", false),
    (400, 131_021, "stopped queued R16", false),
    (400, 131_026, "stopped queued R10", false),
    (400, 131_030, "stopped queued R16", false),
    (403, 130_497, "stopped queued R10", false),
    (400, 130_472, "stopped queued R10", false),
    (400, 131_050, "stopped queued R10", false),
    (400, 131_051, "stopped queued R16", false),
    (400, 131_053, "stopped queued R13", false),
    (400, 131_062, "stopped queued R16", false),
    (400, 131_063, "stopped queued R16", false),
    (400, 130_501, "stopped queued R16", false),
    (400, 132_000, "stopped queued R12", false),
    (404, 132_001, "stopped queued R12", false),
    (400, 132_005, "stopped queued R12", false),
    (400, 132_015, "stopped queued R12", false),
    (400, 132_016, "stopped queued R12", false),
    (400, 132_068, "stopped queued R12", false),
    (400, 134_011, "stopped queued R16", false),
    (400, 134_101, "stopped queued R16", false),
    (400, 137_000, "stopped queued R16", false),
    (400, 139_100, "stopped queued R16", false),
    (400, 2_388_299, "stopped queued R16", false),
    (400, 131_052, "stopped queued R16", false),
    (400, 999_999, "stopped queued R16", false),
    (500, 999_999, "unknown queued R14", false),
];

#[tokio::test(start_paused = true)]
async fn every_code_of_section_7_on_demand() {
    for (http, code, shown, stops) in CODES {
        let world = asked().await;
        // As often as it takes: a wait that ends during the look must not hide what it showed.
        world.graph.then((0..50).map(|_| Reply::Code(*http, *code)));
        let id = world.send(MARIA, "1", 1).await;
        world.quiet().await;
        assert_eq!(world.state(&id), *shown, "{code}");
        assert_eq!(world.trouble(&id)["whatsapp_code"], *code);
        assert_eq!(world.trouble(&id)["final"], shown.starts_with("stopped"), "{code}");
        let stopped: i64 = world.one("SELECT count(*) FROM line_stops WHERE reason IS NOT NULL");
        assert_eq!(stopped == 1, *stops, "{code}");
        if *stops {
            // Somebody sees it under Channels, and nothing more goes out.
            let state: String = world.one("SELECT state FROM channels");
            assert!(
                state.contains("disconnected") || state.contains("attention"),
                "{code} {state}"
            );
            world.later(Duration::from_hours(2)).await;
            assert_eq!(world.graph.calls().len(), 1, "{code}");
        }
    }
}

/// The same codes in a `failed` status: the message is at its end with the reason of the code, and
/// a code of the line stops the line.
#[tokio::test(start_paused = true)]
async fn every_code_of_section_7_as_a_failed_status() {
    for (_, code, shown, stops) in CODES {
        let world = asked().await;
        let id = world.send(MARIA, "1", 1).await;
        world.quiet().await;
        let failed = json!({"id": "wamid.out.1", "status": "failed",
            "timestamp": world.now_s().to_string(), "errors": [{"code": code}]});
        world.webhook(&[status(&failed)]).await;
        let reason = match shown.rsplit(' ').next().unwrap() {
            // Meta gave up on it: nothing is tried again.
            "R6" | "R14" => "R16",
            reason => reason,
        };
        assert_eq!(world.state(&id), format!("stopped sent {reason}"), "{code}");
        assert_eq!(world.trouble(&id)["final"], true, "{code}");
        let stopped: i64 = world.one("SELECT count(*) FROM line_stops WHERE reason IS NOT NULL");
        assert_eq!(stopped == 1, *stops, "{code}");
    }
}

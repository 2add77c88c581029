//! Worlds that no platform wishes for: Graph away for a day, clocks that jump, webhooks a week
//! late, eight hours at once, floods of strangers.

use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use tokio::time::sleep;
use tower::ServiceExt as _;

use crate::meta_world::*;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// So many hours are lived through, five minutes a step: every worker runs in each.
async fn live(world: &World, hours: u64) {
    for _ in 0..hours * 12 {
        world.later(Duration::from_mins(5)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn graph_is_down_for_a_day_and_everything_goes_out_once_in_order() {
    let world = World::new().await;
    world.ana("wamid.1", "hello").await;
    let well = json!({"id": "4242", "is_on_biz_app": true, "platform_type": "CLOUD_API"});
    world.graph.on("GET /4242", [Reply::Answer(200, well, None)]);
    world.graph.down.store(true, Ordering::SeqCst);
    let mut sent = Vec::new();
    for number in 0..5 {
        sent.push(world.send(MARIA, &format!("answer {number}"), 1).await);
        live(&world, 4).await;
    }
    for (number, id) in sent.iter().enumerate() {
        let wanted = if number == 0 { "waiting queued R6" } else { "waiting queued R4" };
        assert_eq!(world.state(id), wanted);
    }
    // The customer keeps the window open, for 23 hours have gone by; the owner's phone lives.
    world.ana("wamid.2", "anybody there?").await;
    live(&world, 4).await;
    let tries = world.graph.calls().len();
    // One a minute at most, for the first message alone, and all day long.
    assert!((200..=1_440).contains(&tries), "{tries} tries");
    assert!(world.graph.texts().iter().all(|text| text == "answer 0"));

    world.graph.down.store(false, Ordering::SeqCst);
    sleep(Duration::from_mins(5)).await;
    let went: Vec<String> = world.graph.texts().split_off(tries);
    assert_eq!(went, ["answer 0", "answer 1", "answer 2", "answer 3", "answer 4"]);
    for id in &sent {
        assert_eq!(world.state(id), "accepted sent -");
    }
    // Nobody took the silence for an end of the line, and its next reading says so.
    live(&world, 2).await;
    assert_eq!(world.one::<String>("SELECT state ->> 'kind' FROM channels"), "connected");
    assert_eq!(world.one::<i64>("SELECT count(*) FROM line_stops"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_loses_nothing_and_storms_nobody() {
    let world = World::new().await;
    let ten_years = 3_652 * DAY;
    let to_1970 = -world.now();
    let mut number = 0;
    for (name, jump, back) in [
        ("+10 years", ten_years, -ten_years),
        ("1970", to_1970, -to_1970),
        ("-1 hour", -HOUR, HOUR),
    ] {
        // What waits for its next try when the clock is set must not wait for years.
        number += 1;
        world.ana(&format!("wamid.before.{number}"), "before").await;
        let n: i64 = world.one("SELECT last_n FROM conversations");
        world.graph.then([Reply::NotSent, Reply::NotSent]);
        let waits = world.send(MARIA, &format!("waits {name}"), n).await;
        world.quiet().await;
        world.set_clock(jump);
        let calls = world.graph.calls().len();
        sleep(Duration::from_mins(3)).await;
        // Meta's own time does not jump with ours.
        let meta_s = (world.now() - jump) / 1000;
        world.webhook(&[customer(ANA, &format!("wamid.in.{number}"), name, meta_s)]).await;
        assert_eq!(
            world.one::<i64>(&format!(
                "SELECT count(*) FROM messages WHERE wamid = 'wamid.in.{number}'"
            )),
            1,
            "{name}"
        );
        world.set_clock(back);
        sleep(Duration::from_mins(3)).await;
        let settled = world.state(&waits);
        assert!(
            settled.starts_with("accepted ") || settled.starts_with("held "),
            "{name}: {settled}"
        );
        let storm = world.graph.calls().len() - calls;
        assert!(storm <= 20, "{name}: {storm} calls");
        // The way is free: a message written now goes out at once.
        world.ana(&format!("wamid.after.{number}"), "after").await;
        let n: i64 = world.one("SELECT last_n FROM conversations");
        if settled.starts_with("held ") {
            world.command(MARIA, json!({"kind": "withdraw", "message": waits})).await;
        }
        let now = world.send(MARIA, &format!("now {name}"), n).await;
        sleep(Duration::from_secs(30)).await;
        assert_eq!(world.state(&now), "accepted sent -", "{name}");
    }
    assert_eq!(world.one::<i64>("SELECT count(*) FROM webhooks WHERE state = 'pending'"), 0);
    let numbers = world.rows("SELECT n FROM messages WHERE n > 0 ORDER BY n");
    let dense: Vec<String> = (1..=numbers.len()).map(|n| n.to_string()).collect();
    assert_eq!(numbers, dense);
}

#[tokio::test(start_paused = true)]
async fn webhooks_seven_days_late_stand_where_they_belong() {
    let world = World::new().await;
    world.ana("wamid.today", "today").await;
    let window: i64 = world.one("SELECT window_closes_at FROM conversations");
    let sent = world.send(MARIA, "answer", 1).await;
    world.quiet().await;
    let wamid: String = world.one(&format!("SELECT wamid FROM messages WHERE id = '{sent}'"));
    let week = 7 * 24 * 3600;
    let late = world.now_s() - week;
    world.webhook(&[customer(ANA, "wamid.late", "a week ago", late)]).await;
    world.webhook(&[echo(ANA, "wamid.echo", "the owner, then", late + 60)]).await;
    assert_eq!(
        world.rows("SELECT body ->> 'text' FROM messages ORDER BY sent_at / 1000, n"),
        ["a week ago", "the owner, then", "today", "answer"]
    );
    assert_eq!(world.one::<i64>("SELECT window_closes_at FROM conversations"), window);

    // The statuses of today's answer come a week from now.
    live(&world, 7 * 24).await;
    let then = world.now_s() - week;
    world.webhook(&[status_of(&wamid, "delivered", then)]).await;
    assert_eq!(world.state(&sent), "accepted delivered -");
}

#[tokio::test(start_paused = true)]
async fn eight_hours_of_messages_come_at_once_and_mixed() {
    let mut world = World::new().await;
    world.ana("wamid.first", "first").await;
    world.stop().await;
    sleep(Duration::from_hours(8)).await;
    world.start().await;
    let begun = world.now_s() - 8 * 3600;
    // 600 customers' texts over the hours, in an order that no clock knows, a third of it twice.
    let mut changes: Vec<_> = (0..600_i64)
        .map(|number| {
            let mixed = number * 7919 % 600;
            let from = format!("346{:08}", mixed % 50);
            customer(&from, &format!("wamid.{mixed}"), &format!("text {mixed}"), begun + mixed * 48)
        })
        .collect();
    let again: Vec<_> = changes.iter().step_by(3).cloned().collect();
    changes.extend(again);
    for some in changes.chunks(25) {
        assert_eq!(world.raw(envelope(some)).await, StatusCode::OK);
    }
    sleep(Duration::from_secs(5)).await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM messages"), 601);
    assert_eq!(world.rows("SELECT DISTINCT state FROM webhooks"), ["done"]);
    // Within each conversation the screen's order is that of Meta's time.
    let orders = world.rows(
        "SELECT group_concat(text, ',') FROM (
             SELECT conversation, substr(body ->> 'text', 6) AS text FROM messages
             WHERE wamid <> 'wamid.first' ORDER BY conversation, sent_at / 1000, n)
         GROUP BY conversation",
    );
    assert_eq!(orders.len(), 50);
    for order in orders {
        let numbers: Vec<i64> = order.split(',').map(|number| number.parse().unwrap()).collect();
        assert!(numbers.is_sorted() && numbers.len() == 12, "{numbers:?}");
    }
    // Each has its own n without a gap, and one answer of an agent still works.
    assert_eq!(
        world.one::<i64>(
            "SELECT count(*) FROM conversations v WHERE last_n <>
             (SELECT count(*) FROM messages m WHERE m.conversation = v.id)"
        ),
        0
    );
}

/// What an inbox is made of, for each customer: unread, since when somebody waits, until when the
/// window is open, and what stands last on the screen.
fn inbox(world: &World) -> Vec<String> {
    world.rows(
        "SELECT k.phone, v.unread, v.waiting_since, v.window_closes_at, v.status,
                (SELECT body ->> 'text' FROM messages m WHERE m.conversation = v.id
                 ORDER BY sent_at / 1000 DESC, n DESC LIMIT 1)
         FROM conversations v JOIN contacts k ON k.id = v.contact ORDER BY k.phone",
    )
}

#[tokio::test(start_paused = true)]
async fn an_outage_rings_for_nobody_whom_the_owner_answered() {
    // Eight hours: each customer writes thrice; the owner, on the phone, answers some of them at
    // the end, some before they write again, some never.
    let day = |begun: i64| -> Vec<serde_json::Value> {
        let mut changes = Vec::new();
        for who in 0..24_i64 {
            let from = format!("346000000{who:02}");
            let at = begun + who * 1_000;
            for (number, after) in [(1, 0), (2, 60), (3, 900)] {
                let id = format!("wamid.{who}.{number}");
                changes.push((at + after, customer(&from, &id, &id, at + after)));
            }
            let answered = match who % 3 {
                0 => Some(at + 1_000),
                1 => Some(at + 500),
                _ => None,
            };
            if let Some(when) = answered {
                let id = format!("wamid.{who}.owner");
                changes.push((when, echo(&from, &id, "of course", when)));
            }
        }
        changes.sort_by_key(|(at, _)| *at);
        changes.into_iter().map(|(_, change)| change).collect()
    };
    // As it would be had everything come in its time.
    let calm = World::new().await;
    let begun = calm.now_s();
    sleep(Duration::from_hours(8)).await;
    for change in day(begun) {
        calm.webhook(&[change]).await;
    }
    // And as it comes: at once, mixed, a third of it twice.
    let mut world = World::new().await;
    world.stop().await;
    sleep(Duration::from_hours(8)).await;
    world.start().await;
    // Both days begin at once, so that their times are the same.
    assert_eq!(world.now_s() - 8 * 3_600, begun);
    let changes = day(begun);
    let count = changes.len();
    let mut mixed: Vec<_> = (0..count).map(|i| changes[i * 37 % count].clone()).collect();
    mixed.extend(changes.into_iter().step_by(3));
    for some in mixed.chunks(10) {
        assert_eq!(world.raw(envelope(some)).await, StatusCode::OK);
    }
    sleep(Duration::from_secs(5)).await;
    let inbox = inbox(&world);
    assert_eq!(inbox, self::inbox(&calm));
    let calls = inbox.iter().filter(|row| row.split(' ').nth(1) != Some("0")).count();
    assert_eq!((inbox.len(), calls), (24, 16), "{inbox:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_strangers_stores_nothing_and_keeps_nobody_out() {
    let world = World::new().await;
    let body = envelope(&[customer(ANA, "wamid.flood", "flood", world.now_s())]);
    let wrong = sign(b"another body");
    for number in 0..800 {
        let signature = (number % 2 == 0).then_some(wrong.as_str());
        assert_eq!(world.post(body.clone(), signature).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(world.one::<i64>("SELECT count(*) FROM webhooks"), 0);
    world.ana("wamid.1", "hello").await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM messages"), 1);
}

#[tokio::test(start_paused = true)]
async fn bodies_that_never_end_fill_no_memory() {
    let world = World::new().await;
    // Strangers, each with most of three mebibytes on the way and no end in sight.
    let piece = vec![b' '; 1024 * 1024];
    let mut strangers = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let (router, piece) = (world.platform().router(), piece.clone());
        strangers.spawn(async move {
            let begun = stream::iter((0..2).map(move |_| Ok::<_, Infallible>(piece.clone())));
            let body = Body::from_stream(begun.chain(stream::pending()));
            let request =
                Request::post("/webhooks/meta").header("X-Hub-Signature-256", "sha256=00");
            let answer = router.oneshot(request.body(body).unwrap()).await.unwrap();
            answer.status().as_u16()
        });
    }
    world.quiet().await;
    // What there is room for is waited for; the rest was sent away at once.
    assert_eq!(strangers.len(), 40);
    let mut answers: Vec<u16> = Vec::new();
    while let Some(answer) = strangers.try_join_next() {
        answers.push(answer.unwrap());
    }
    assert_eq!(answers, [503; 8], "64 MiB hold 32 of them");
    // Meta is told to come again, and so are phones; nothing is lost.
    let body = envelope(&[customer(ANA, "wamid.1", "hello", world.now_s())]);
    assert_eq!(world.raw(body.clone()).await, StatusCode::SERVICE_UNAVAILABLE);
    sleep(Duration::from_secs(31)).await;
    assert_eq!(world.raw(body).await, StatusCode::OK);
    while let Some(answer) = strangers.join_next().await {
        assert_eq!(answer.unwrap(), 408);
    }
}

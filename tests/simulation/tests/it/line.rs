//! What happens to the line between WhatsApp and the owner's app, as the employees' phones show it (E8, S13, R5, R11).

use std::time::Duration;

use fieldline_core::api::{Choice, ConversationId, LadderStep, Reason, TimelineRow};
use fieldline_simulation::{CUSTOMERS, Office, Phone, World};
use fieldline_whatsapp_sim::{CustomerMessage, FaultOrder, LineNews, OwnerMessage, SendFault};
use serde_json::{Value, json};

use crate::cases::{asked, at_customer, reply, says};

const ANA: usize = 0;
const HOUR_MS: i64 = 3_600_000;

fn happens(world: &World, event: &str, reason: Option<&str>) {
    let news =
        LineNews { event: event.into(), reason: reason.map(str::to_owned), ..LineNews::default() };
    world.sim.owner_line(&news).expect(event);
}

/// The line's state as this phone keeps it for the banner of E8.
fn state_on(phone: &Phone) -> Value {
    let open = rusqlite::Connection::open_with_flags(
        &phone.store_path,
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    );
    let found = open
        .expect("the phone's file")
        .query_row("SELECT state FROM channels", [], |row| row.get::<_, String>(0))
        .expect("one channel");
    serde_json::from_str(&found).expect("JSON")
}

async fn until_state(world: &World, wanted: &Value) -> Value {
    let mut last = Value::Null;
    for phone in &world.phones {
        let about = format!("{wanted} on {}", phone.name);
        last = world
            .until(&about, async || {
                let state = state_on(phone);
                let same =
                    |name: &str| wanted.get(name).is_none_or(|it| state.get(name) == Some(it));
                (same("kind") && same("reason")).then_some(state)
            })
            .await;
    }
    last
}

async fn until_row(
    world: &World,
    id: &ConversationId,
    text: &str,
    good: impl Fn(&TimelineRow) -> bool,
) -> TimelineRow {
    let mut found = None;
    for phone in &world.phones {
        let row = world
            .until(&format!("{text:?} on {}", phone.name), async || {
                let rows = phone.timeline(id).await.rows;
                rows.into_iter().find(|row| says(row, text) && good(row))
            })
            .await;
        found = Some(row);
    }
    found.expect("two phones")
}

fn reason(row: &TimelineRow) -> Option<Reason> {
    row.trouble.as_ref().map(|trouble| trouble.reason)
}

fn texts(world: &World) -> Vec<String> {
    at_customer(world).into_iter().filter_map(|message| message.text).collect()
}

/// The owner disconnects: each phone knows why, replies are taken and held in words, reading goes on; on reconnect they go, once
/// and in order, and one that somebody answered on the owner's phone meanwhile asks.
#[tokio::test(start_paused = true)]
async fn r5_a_line_that_is_down_holds_and_a_line_that_is_back_sends() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    happens(&world, "disconnect", Some("ACCOUNT_DISCONNECTED"));
    let down =
        until_state(&world, &json!({"kind": "disconnected", "reason": "owner_disconnected"})).await;
    assert!(down["since"].is_i64());
    for text in ["one", "two"] {
        reply(&world, ANA, &id, text).await;
    }
    let held = until_row(&world, &id, "one", |row| reason(row) == Some(Reason::LineDown)).await;
    assert_eq!(held.step, LadderStep::AtServer);
    until_row(&world, &id, "two", |row| reason(row).is_some()).await;
    let ana = &world.phones[ANA];
    let outbox = ana.outbox().await;
    assert_eq!((outbox.total, outbox.needs_me), (2, 0), "it waits by itself");
    assert!(outbox.rows.iter().all(|row| row.choices.contains(&Choice::Withdraw)));
    assert_eq!(texts(&world), Vec::<String>::new());
    // What stays possible: reading, and taking back.
    let two = until_row(&world, &id, "two", |_| true).await;
    ana.client.withdraw(&two.key).await.expect("asked");
    world.until("taken back", async || (ana.outbox().await.total == 1).then_some(())).await;
    happens(&world, "reconnect", None);
    until_state(&world, &json!({"kind": "connected"})).await;
    let went = until_row(&world, &id, "one", |row| row.step >= LadderStep::Delivered).await;
    assert_eq!(went.trouble, None);
    assert_eq!(texts(&world), ["one"]);
    assert_eq!(ana.outbox().await.total, 0);
}

/// While the line is down the owner answers on the phone: what was held is judged again before it goes (N2).
#[tokio::test(start_paused = true)]
async fn what_was_held_is_judged_again_when_the_line_is_back() {
    let world = World::calm().await;
    let id = asked(&world, "How much?").await;
    happens(&world, "offboard", None);
    until_state(&world, &json!({"kind": "attention", "reason": "reregistering"})).await;
    reply(&world, ANA, &id, "Ten").await;
    until_row(&world, &id, "Ten", |row| reason(row) == Some(Reason::LineDown)).await;
    world.sim.owner(&OwnerMessage::text(CUSTOMERS[0], "Twelve")).expect("the owner writes");
    until_row(&world, &id, "Twelve", |_| true).await;
    happens(&world, "reconnect", None);
    let held =
        until_row(&world, &id, "Ten", |row| reason(row) == Some(Reason::AnsweredMeanwhile)).await;
    assert!(held.trouble.is_some_and(|trouble| trouble.answer.as_deref() == Some("Twelve")));
    assert_eq!(texts(&world), Vec::<String>::new());
}

/// Each reason of a disconnect is a word of its own on the phone.
#[tokio::test(start_paused = true)]
async fn e8_each_reason_reaches_the_phones() {
    let world = World::calm().await;
    asked(&world, "Hello").await;
    for (meta, word) in [
        ("CHANGE_NUMBER", "number_changed"),
        ("BUSINESS_DOWNGRADE", "downgraded"),
        ("PRIMARY_INACTIVITY", "inactive"),
        ("USER_RE_REGISTERED", "reregistered"),
        ("SOMETHING_NEW", "removed"),
    ] {
        happens(&world, "disconnect", Some(meta));
        until_state(&world, &json!({"kind": "disconnected", "reason": word})).await;
        happens(&world, "reconnect", None);
        until_state(&world, &json!({"kind": "connected"})).await;
        // Events of one second have no order.
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

/// A token that is over, and a bill that is not paid: all of the channel waits with its reason until the office says so.
#[tokio::test(start_paused = true)]
async fn r5_and_r11_by_the_code_of_a_send() {
    for (code, wanted, step) in
        [(190, Reason::LineDown, "access_withdrawn"), (131_042, Reason::AccountTrouble, "payment")]
    {
        let world = World::calm().await;
        let id = asked(&world, "Hello").await;
        let other = CustomerMessage::text(CUSTOMERS[1], "Me too");
        world.sim.customer(&other).expect("a customer may write");
        let ana = &world.phones[ANA];
        world.until("two chats", async || (ana.inbox().await.total == 2).then_some(())).await;
        let second = ana.inbox().await.rows.into_iter().find(|row| row.key != id);
        let second = second.expect("the other chat").key;
        let order = FaultOrder { send: Some(SendFault::Error(code)), ..FaultOrder::default() };
        world.sim.faults(&order).expect("a fault order");
        reply(&world, ANA, &id, "first").await;
        until_row(&world, &id, "first", |row| reason(row) == Some(wanted)).await;
        reply(&world, ANA, &second, "second").await;
        until_row(&world, &second, "second", |row| reason(row) == Some(wanted)).await;
        let state = until_state(&world, &json!({"reason": step})).await;
        assert_ne!(state["kind"], "connected", "{state}");
        let order = FaultOrder { send: Some(SendFault::Ok), ..FaultOrder::default() };
        world.sim.faults(&order).expect("a fault order");
        assert_eq!(ana.outbox().await.needs_me, 0, "who can end it is the owner, not Ana");
        let office = Office::new(&world).await;
        let channel = office.channel().await;
        let (status, answer) =
            office.ask("POST", &format!("/v1/office/channels/{channel}/resume"), Vec::new()).await;
        assert!(status.is_success(), "{status} {answer}");
        until_row(&world, &id, "first", |row| row.step >= LadderStep::Delivered).await;
        until_row(&world, &second, "second", |row| row.step >= LadderStep::Delivered).await;
        assert_eq!(at_customer(&world).len(), 2);
    }
}

/// S13: from day 10 the phones know that the owner's app is quiet; who can act is told on days 10, 12 and 13; a word of the owner
/// ends it.
#[tokio::test(start_paused = true)]
async fn s13_a_quiet_phone_is_said_in_time() {
    let world = World::calm().await;
    asked(&world, "Hello").await;
    world.sim.owner(&OwnerMessage::text(CUSTOMERS[0], "Hi")).expect("the owner writes");
    for phone in &world.phones {
        phone.client.enter_background(1_000).await.expect("away");
    }
    let mut said = Vec::new();
    for day in 1..=13 {
        // The machine slept most of the day; in two hours every worker has had its turn.
        world.clock.jump(22 * HOUR_MS);
        tokio::time::sleep(Duration::from_hours(2)).await;
        let office = Office::new(&world).await;
        let alerts = office.get("/v1/office/alerts").await;
        let quiet = alerts["alerts"].as_array().expect("a list").iter();
        let days: Vec<i64> = quiet.filter_map(|alert| alert["day"].as_i64()).collect();
        said.push((day, days.len()));
    }
    let told = |day: usize| said[day - 1].1;
    assert_eq!((told(9), told(10), told(11), told(12), told(13)), (0, 1, 1, 2, 3), "{said:?}");
    for phone in &world.phones {
        phone.client.enter_foreground().await.expect("back");
    }
    let quiet = until_state(&world, &json!({"kind": "attention", "reason": "quiet"})).await;
    let since = quiet["since"].as_i64().expect("a time");
    assert!(
        world.clock.now() - since >= 13 * 24 * HOUR_MS,
        "the last sign of life, not when it was noticed"
    );
    world.sim.owner(&OwnerMessage::text(CUSTOMERS[0], "I am here")).expect("the owner writes");
    until_state(&world, &json!({"kind": "connected"})).await;
}

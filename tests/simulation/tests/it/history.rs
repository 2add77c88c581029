//! The owner's old messages and phone book through whole phones (S10, S12; whatsapp.md 0.5, 0.6, 4.4, 4.5).

use std::time::Duration;

use fieldline_core::api::{
    AuthorKind, BackgroundReason, Body, ConversationId, LadderStep, WindowState,
};
use fieldline_simulation::{CUSTOMERS, Office, Phone, World};
use fieldline_whatsapp_sim::{
    ContactNews, CustomerMessage, HistoryChat, HistoryChats, HistoryMessage, HistoryOrder,
};
use serde_json::{Value, json};

use crate::cases::{asked, at_customer, reply, says};

const ANA: usize = 0;
const BEN: usize = 1;
const HOUR: u64 = 3_600_000;
const OLD: &str = "34622000009";

/// Chats of half a year: one with somebody who has just written, one with somebody who has not.
fn chats() -> HistoryChats {
    let message = |n: u64, hours: u64| HistoryMessage {
        age_ms: hours * HOUR + 1_000,
        from_me: n.is_multiple_of(3),
        text: Some(format!("old {n}")),
        ..HistoryMessage::default()
    };
    let picture = HistoryMessage {
        age_ms: 30 * HOUR,
        message: Some(json!({"type": "image", "image": {"caption": "Old picture"}})),
        ..HistoryMessage::default()
    };
    // From half a day to 170 days: all three phases.
    let mut messages: Vec<HistoryMessage> = (0..60).map(|n| message(n, 12 + n * 68)).collect();
    messages.push(picture);
    let other = (0..3).map(|n| message(n, 24 * 20 + n)).collect();
    HistoryChats::Given(vec![
        HistoryChat { wa_id: CUSTOMERS[0].into(), messages },
        HistoryChat { wa_id: OLD.into(), messages: other },
    ])
}

fn order() -> HistoryOrder {
    HistoryOrder { chats: Some(chats()), chunk: Some(7), shuffle: true, ..HistoryOrder::default() }
}

async fn ask(office: &Office, what: &str) {
    let path = format!("/v1/office/channels/{}/sync", office.channel().await);
    let answer = office.post(&path, &json!({"type": what})).await;
    assert_eq!(answer["accepted"], true, "{answer}");
}

/// `history` of the channel as the office sees it.
async fn progress(office: &Office) -> Value {
    office.get("/v1/office/channels").await["channels"][0]["history"].take()
}

async fn whole(world: &World, office: &Office) {
    world
        .until("the import is whole", async || {
            (progress(office).await["percent"] == 100).then_some(())
        })
        .await;
    // Whole = 100 % and some quiet time (whatsapp.md 4.4).
    tokio::time::sleep(Duration::from_mins(15)).await;
}

/// Scrolls to the start of a conversation; its texts, oldest first.
async fn read_all(phone: &Phone, id: &ConversationId) -> Vec<String> {
    let view = phone.client.timeline(id);
    view.widen(1_000);
    for _ in 0..20 {
        phone.client.load_older(id).await.expect("online");
    }
    let shown = view.next(0).await.expect("a view").expect("a store");
    assert!(!shown.has_more_before && shown.rows.iter().all(|row| !row.hole_before), "{shown:?}");
    let text = |body: &Body| match body {
        Body::Text { text } => text.clone(),
        Body::Media { caption, .. } => caption.clone().unwrap_or_default(),
        other => panic!("{other:?}"),
    };
    shown.rows.iter().map(|row| text(&row.body)).collect()
}

/// An import rings nothing, reorders nothing, counts nothing, opens nothing; and all of it is there to be read, once and in order.
#[tokio::test(start_paused = true)]
async fn s12_an_import_is_silent_and_whole() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let second = CustomerMessage::text(CUSTOMERS[1], "Me too");
    world.sim.customer(&second).expect("a customer may write");
    let (ana, ben) = (&world.phones[ANA], &world.phones[BEN]);
    world.until("two chats", async || (ana.inbox().await.total == 2).then_some(())).await;
    world.until("two chats", async || (ben.inbox().await.total == 2).then_some(())).await;
    ben.client.enter_background(3_000).await.expect("away");
    let before = ana.inbox().await.rows;
    let closes = async |phone: &Phone| match phone.timeline(&id).await.window {
        WindowState::Open { closes_at, .. } => Some(closes_at),
        WindowState::Closed { .. } => None,
    };
    let window = closes(ana).await;

    world.sim.owner_history(order()).expect("an order");
    let office = Office::new(&world).await;
    ask(&office, "history").await;
    whole(&world, &office).await;
    let report = ben.client.run_background(BackgroundReason::Push, 10_000).await.expect("a run");
    assert_eq!(report.new_messages, 0, "nothing rings");
    ben.client.enter_foreground().await.expect("back");
    world.until("the old chat too", async || (ben.inbox().await.total == 3).then_some(())).await;
    for phone in &world.phones {
        let rows = phone.inbox().await.rows;
        assert_eq!(rows.len(), 3);
        for (row, was) in rows.iter().zip(&before) {
            assert_eq!((&row.key, row.unread, &row.preview), (&was.key, was.unread, &was.preview));
        }
        let old = &rows[2];
        assert_eq!((old.unread, old.waiting_since), (0, None));
        assert_eq!(old.window, WindowState::Closed { closed_at: None });
        assert_eq!(closes(phone).await, window);
    }
    let mut wanted: Vec<String> = (0..60).rev().map(|n| format!("old {n}")).collect();
    // Thirty hours old: between 12 and 80 hours.
    wanted.insert(59, "Old picture".into());
    wanted.push("Hello".into());
    for phone in &world.phones {
        assert_eq!(read_all(phone, &id).await, wanted, "{}", phone.name);
        let shown = phone.timeline(&id).await;
        assert_eq!(shown.last_n, 1, "no import is numbered among the live ones");
        let old = shown.rows.iter().filter(|row| row.n.is_some_and(|n| n < 0));
        assert!(old.clone().count() >= 40);
        for row in old {
            let ours = row.author.kind == AuthorKind::OwnerApp;
            assert!(ours || row.author.kind == AuthorKind::Customer, "{row:?}");
            assert_eq!((row.step, &row.trouble), (LadderStep::None, &None));
        }
        let other = phone.inbox().await.rows.remove(2).key;
        assert_eq!(read_all(phone, &other).await, ["old 2", "old 1", "old 0"]);
    }
    // The guard does not take what was imported for an answer.
    reply(&world, ANA, &id, "Good morning").await;
    world.until("it came", async || (at_customer(&world).len() == 1).then_some(())).await;
}

/// S10: a refusal is final and no error, in each form that Meta prints; phones go on as ever.
#[tokio::test(start_paused = true)]
async fn s10_a_declined_import_disturbs_nobody() {
    for bare in [false, true] {
        let world = World::calm().await;
        let id = asked(&world, "Hello").await;
        let refusal = HistoryOrder { consent: Some(false), bare, ..order() };
        world.sim.owner_history(refusal).expect("an order");
        let office = Office::new(&world).await;
        ask(&office, "history").await;
        world
            .until("it is said", async || {
                (progress(&office).await["declined"] == true).then_some(())
            })
            .await;
        let channel = office.get("/v1/office/channels").await["channels"][0]["state"].take();
        assert_eq!(channel["kind"], "connected", "{channel}");
        reply(&world, ANA, &id, "Yes").await;
        world.until("it came", async || (at_customer(&world).len() == 1).then_some(())).await;
        assert_eq!(world.phones[BEN].inbox().await.total, 1);
    }
}

/// Accepted, and nothing ever comes: after a day that is said.
#[tokio::test(start_paused = true)]
async fn an_import_of_which_nothing_comes_says_so() {
    let world = World::calm().await;
    asked(&world, "Hello").await;
    world.sim.owner_history(HistoryOrder { silent: true, ..order() }).expect("an order");
    let office = Office::new(&world).await;
    ask(&office, "history").await;
    for phone in &world.phones {
        phone.client.enter_background(1_000).await.expect("away");
    }
    tokio::time::sleep(Duration::from_hours(25)).await;
    // The session of the office is older than its token.
    let office = Office::new(&world).await;
    let said = progress(&office).await;
    assert_eq!(said["nothing_came"], true, "{said}");
}

/// Names come from the owner's phone book, follow its changes, and a removal takes no chat away.
#[tokio::test(start_paused = true)]
async fn names_come_from_the_owners_phone_book() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let contact = |name: Option<&str>| ContactNews {
        wa_id: CUSTOMERS[0].into(),
        full_name: name.map(str::to_owned),
        first_name: None,
        username: None,
    };
    world.sim.owner_contact(&contact(Some("Luis from the bakery"))).expect("a contact");
    let office = Office::new(&world).await;
    ask(&office, "contacts").await;
    let named = async |name: &str| {
        for phone in &world.phones {
            world
                .until(name, async || (phone.inbox().await.rows[0].name == name).then_some(()))
                .await;
            assert_eq!(phone.timeline(&id).await.name, name);
        }
    };
    named("Luis from the bakery").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.sim.owner_contact(&contact(Some("Luis Bread"))).expect("a contact");
    named("Luis Bread").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.sim.owner_contact(&contact(None)).expect("a contact");
    tokio::time::sleep(Duration::from_mins(1)).await;
    for phone in &world.phones {
        let rows = phone.inbox().await.rows;
        assert_eq!((rows.len(), &rows[0].key), (1, &id));
        assert!(phone.timeline(&id).await.rows.iter().any(|row| says(row, "Hello")));
    }
}

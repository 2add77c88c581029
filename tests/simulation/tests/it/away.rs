//! A phone that comes back after a month: its place on the line is gone, nothing that it holds is.

use std::time::Duration;

use fieldline_core::api::{BackgroundReason, Choice, Reason, TimelineRow};
use fieldline_simulation::{CUSTOMERS, World};
use fieldline_whatsapp_sim::{CustomerMessage, OwnerMessage};
use tokio::time::{advance, sleep};

use crate::cases::{asked, at_customer, reply, says};

const ANA: usize = 0;
const BEN: usize = 1;
const HOUR: Duration = Duration::from_hours(1);

/// An hour at once, then a minute in which everything that waited for a time in it happens.
async fn an_hour() {
    advance(HOUR).await;
    sleep(Duration::from_mins(1)).await;
}

/// What a person sees of a row: id, number, text, step.
fn seen(rows: &[TimelineRow]) -> Vec<String> {
    let held = rows.iter().filter(|row| row.n.is_some());
    held.map(|row| format!("{} {:?} {:?} {:?}", row.key.0, row.n, row.body, row.step)).collect()
}

/// H2: 31 days in a drawer. The platform keeps its line for 30, so the phone is told to begin anew: it draws what it holds
/// first, loses no word that was typed on it, sends nothing stale, and ends equal to a phone that was never away.
#[tokio::test(start_paused = true)]
async fn a_phone_away_for_31_days_begins_anew_and_loses_nothing() {
    let world = World::calm().await;
    let id = asked(&world, "Are you open?").await;
    let (ana, ben) = (&world.phones[ANA], &world.phones[BEN]);
    reply(&world, ANA, &id, "Until eight").await;
    world.until("it came", async || (at_customer(&world).len() == 1).then_some(())).await;
    // The last thing that Ana types has no network any more.
    ana.line.set_offline(true);
    reply(&world, ANA, &id, "And on Sundays until two").await;
    ana.client.enter_background(1_000).await.expect("suspended");

    for day in 0..31 {
        let who = CUSTOMERS[day % 2];
        let message = CustomerMessage::text(who, format!("day {day}"));
        world.sim.customer(&message).expect("a customer writes");
        if day % 5 == 0 {
            let answer = OwnerMessage::text(who, format!("the owner, day {day}"));
            world.sim.owner(&answer).expect("the owner writes");
        }
        for _ in 0..24 {
            an_hour().await;
        }
    }
    // What Ben's phone shows is what the platform has.
    let newest = CustomerMessage::text(CUSTOMERS[0], "Still there?");
    world.sim.customer(&newest).expect("a customer writes");
    world
        .until("the newest on the phone that was never away", async || {
            let rows = ben.timeline(&id).await.rows;
            rows.iter().any(|row| says(row, "Still there?")).then_some(())
        })
        .await;

    // Back, still without a network: everything that was there is drawn at once.
    ana.client.enter_foreground().await.expect("back");
    assert_eq!(ana.inbox().await.rows.len(), 1);
    let before = ana.timeline(&id).await.rows;
    for text in ["Are you open?", "Until eight", "And on Sundays until two"] {
        assert!(before.iter().any(|row| says(row, text)), "{text}");
    }
    ana.line.set_offline(false);
    world
        .until("both conversations, up to the newest", async || {
            let list = ana.inbox().await.rows.len();
            let rows = ana.timeline(&id).await.rows;
            assert!(list > 0 && !rows.is_empty(), "an empty list was shown");
            (list == 2 && rows.iter().any(|row| says(row, "Still there?"))).then_some(())
        })
        .await;
    let told = world.journal.lines();
    assert!(
        told.iter().any(|line| line.contains("ana") && line.contains("/v1/changes -> 410")),
        "its place was still there: {told:#?}"
    );
    // It shows what the other shows, id by id, and none of it twice.
    for row in ben.inbox().await.rows {
        let (theirs, hers) = (ben.timeline(&row.key).await.rows, ana.timeline(&row.key).await.rows);
        let newest = |rows: &[TimelineRow]| -> Vec<String> {
            let rows = seen(rows);
            rows[rows.len().saturating_sub(20)..].to_vec()
        };
        assert_eq!(newest(&hers), newest(&theirs));
        let mut keys: Vec<_> = hers.iter().map(|row| row.key.0.clone()).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), hers.len());
    }
    // What she typed a month ago is still hers and waits for her: R15, or R8, for the owner has answered since.
    let outbox = world
        .until("a question about what was typed", async || {
            let outbox = ana.outbox().await;
            let trouble = outbox.rows.first()?.trouble.clone()?;
            let asks = [Reason::TooOld, Reason::AnsweredMeanwhile].contains(&trouble.reason);
            asks.then_some(outbox)
        })
        .await;
    assert_eq!((outbox.total, outbox.needs_me), (1, 1));
    assert_eq!(outbox.rows[0].text.as_deref(), Some("And on Sundays until two"));
    assert!(outbox.rows[0].choices.contains(&Choice::Discard));
    assert_eq!(at_customer(&world).len(), 1, "something stale went out");
    // A run in the background finds nothing more to do.
    ana.client.enter_background(1_000).await.expect("suspended");
    let report = ana.client.run_background(BackgroundReason::Push, 5_000).await.expect("a run");
    assert_eq!(report.new_messages, 0);
}

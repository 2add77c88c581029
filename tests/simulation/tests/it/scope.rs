//! Scope moves through whole phones (S20, N4): what leaves goes from the phone, what enters comes.

use fieldline_core::api::{Choice, ConversationId, LadderStep, Reason};
use fieldline_simulation::{Office, Phone, World};
use serde_json::json;

use crate::cases::{asked, at_customer, reply, says};

const ANA: usize = 0;
const BEN: usize = 1;

async fn gone(world: &World, phone: &Phone, id: &ConversationId) {
    world
        .until(&format!("it left {}", phone.name), async || {
            let empty = phone.inbox().await.rows.is_empty();
            (empty && phone.timeline(id).await.rows.is_empty()).then_some(())
        })
        .await;
}

async fn there(world: &World, phone: &Phone, id: &ConversationId, text: &str) {
    world
        .until(&format!("{text:?} on {}", phone.name), async || {
            phone.timeline(id).await.rows.iter().any(|row| says(row, text)).then_some(())
        })
        .await;
}

/// Assigned to Ana it leaves Ben's phone and stays on hers; given back it comes again, with what was said meanwhile.
#[tokio::test(start_paused = true)]
async fn s20_what_leaves_goes_and_what_enters_comes() {
    let world = World::calm().await;
    let id = asked(&world, "Are you open?").await;
    let (ana, ben) = (&world.phones[ANA], &world.phones[BEN]);
    let office = Office::new(&world).await;
    let (nobody, hers) = (json!({"kind": "none"}), office.member("Ana").await);
    office.assign(&id, &nobody, &hers).await;
    gone(&world, ben, &id).await;
    assert_eq!(ana.inbox().await.rows.len(), 1);
    reply(&world, ANA, &id, "Yes, until eight").await;
    world.until("it came", async || (at_customer(&world).len() == 1).then_some(())).await;
    assert!(ben.timeline(&id).await.rows.is_empty());
    office.assign(&id, &hers, &nobody).await;
    there(&world, ben, &id, "Are you open?").await;
    there(&world, ben, &id, "Yes, until eight").await;
    assert_eq!(ben.inbox().await.rows.len(), 1);
}

/// N4: what was written offline and never sent becomes R9 at first contact, and never reaches the customer.
#[tokio::test(start_paused = true)]
async fn n4_a_reply_that_never_left_the_phone_is_r9() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let (ana, ben) = (&world.phones[ANA], &world.phones[BEN]);
    let office = Office::new(&world).await;
    ben.line.set_offline(true);
    reply(&world, BEN, &id, "Too late").await;
    office.assign(&id, &json!({"kind": "none"}), &office.member("Ana").await).await;
    there(&world, ana, &id, "Hello").await;
    ben.line.set_offline(false);
    let outbox = world
        .until("R9", async || {
            let outbox = ben.outbox().await;
            let row = outbox.rows.first()?;
            let reason = row.trouble.as_ref()?.reason;
            (reason == Reason::NotYours).then_some(outbox)
        })
        .await;
    assert!(outbox.rows[0].choices.contains(&Choice::Discard));
    // The customer's words went; one's own stay readable until the person discards them.
    assert!(!ben.timeline(&id).await.rows.iter().any(|row| says(row, "Hello")));
    assert!(at_customer(&world).is_empty());
}

/// What was accepted before the move still goes out; the phone that lost it shows nothing more of it.
#[tokio::test(start_paused = true)]
async fn s20_what_was_accepted_still_goes() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let (ana, ben) = (&world.phones[ANA], &world.phones[BEN]);
    let office = Office::new(&world).await;
    reply(&world, BEN, &id, "On its way").await;
    world
        .until("taken", async || {
            let rows = ana.timeline(&id).await.rows;
            rows.iter().any(|row| says(row, "On its way")).then_some(())
        })
        .await;
    office.assign(&id, &json!({"kind": "none"}), &office.member("Ana").await).await;
    gone(&world, ben, &id).await;
    world
        .until("delivered", async || {
            let rows = ana.timeline(&id).await.rows;
            let row = rows.into_iter().find(|row| says(row, "On its way"))?;
            (row.step >= LadderStep::Delivered).then_some(())
        })
        .await;
    assert_eq!(at_customer(&world).len(), 1);
    assert_eq!(ben.outbox().await.total, 0);
}

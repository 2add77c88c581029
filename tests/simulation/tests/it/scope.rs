//! Scope moves through whole phones (S20, N4): what leaves goes from the phone, what enters comes.

use fieldline_core::api::{Body, Choice, ConversationId, LadderStep, Reason};
use fieldline_simulation::{CUSTOMERS, Office, Phone, World};
use fieldline_whatsapp_sim::{CustomerMessage, EditNews, RevokeNews};
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
    // The customer's words went; one's own are readable only while the workplace allows it.
    assert_eq!(outbox.rows[0].text, None);
    for allowed in [true, false] {
        let options = json!({"options": {"copy_after_left": allowed}});
        office.change("PATCH", "/v1/office/workspace", &options).await;
        world
            .until("the workplace's word", async || {
                let text = ben.outbox().await.rows[0].text.clone();
                (text.as_deref() == allowed.then_some("Too late")).then_some(())
            })
            .await;
    }
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

/// S20, protocol.md 2: who is in a team, and what the workplace lets be seen, change a phone's scope without a row: the cursor
/// no longer fits, and the phone wipes and fetches by the scope that it has now.
#[tokio::test(start_paused = true)]
async fn s20_teams_and_options_move_conversations() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let (ana, ben) = (&world.phones[ANA], &world.phones[BEN]);
    let office = Office::new(&world).await;
    let (anas, bens) = (office.member("Ana").await, office.member("Ben").await);
    let team = json!({"name": "Kitchen", "members": [anas["id"]]});
    let made = office.post("/v1/office/teams", &team).await;
    let team = json!({"kind": "team", "id": made["id"]});
    let path = format!("/v1/office/teams/{}", made["id"].as_str().expect("an id"));
    office.assign(&id, &json!({"kind": "none"}), &team).await;
    gone(&world, ben, &id).await;
    there(&world, ana, &id, "Hello").await;
    // He joins, also while his phone is offline and something is written meanwhile.
    ben.line.set_offline(true);
    let both = json!({"members": [anas["id"], bens["id"]]});
    office.change("PATCH", &path, &both).await;
    reply(&world, ANA, &id, "Good morning").await;
    ben.line.set_offline(false);
    there(&world, ben, &id, "Hello").await;
    there(&world, ben, &id, "Good morning").await;
    // She leaves it in the middle of a reply: what never left is R9 to her, and nothing of the chat stays on her phone.
    ana.line.set_offline(true);
    reply(&world, ANA, &id, "Too late").await;
    office.change("PATCH", &path, &json!({"members": [bens["id"]]})).await;
    ana.line.set_offline(false);
    let not_hers = world.until("R9", async || {
        let row = ana.outbox().await.rows.into_iter().next()?;
        (row.trouble?.reason == Reason::NotYours).then_some(row.key)
    });
    let left = not_hers.await;
    assert!(!ana.timeline(&id).await.rows.iter().any(|row| says(row, "Hello")));
    ana.client.discard(&left.0.into()).await.expect("hers to throw away");
    gone(&world, ana, &id).await;
    assert_eq!(ben.inbox().await.total, 1);
    // Nobody's again; and then nobody's are nobody's to see.
    office.assign(&id, &team, &json!({"kind": "none"})).await;
    there(&world, ana, &id, "Good morning").await;
    let unseen = json!({"options": {"members_see_unassigned": false}});
    office.change("PATCH", "/v1/office/workspace", &unseen).await;
    gone(&world, ana, &id).await;
    gone(&world, ben, &id).await;
    assert_eq!(at_customer(&world).len(), 1, "what was written too late never went");
}

/// M3: while a phone's place on the line is forgotten, an old message is changed and one taken back: it comes to show both, though
/// neither is among the newest that a download brings.
#[tokio::test(start_paused = true)]
async fn what_changed_behind_a_forgotten_place_is_found_out() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let ben = &world.phones[BEN];
    let mut wamids = Vec::new();
    for n in 0..40 {
        let message = CustomerMessage::text(CUSTOMERS[0], format!("line {n}"));
        wamids.push(world.sim.customer(&message).expect("a customer may write").wamid);
        there(&world, ben, &id, &format!("line {n}")).await;
    }
    ben.line.set_offline(true);
    let edit = EditNews { wamid: wamids[3].clone(), text: "changed".into() };
    world.sim.customer_edit(&edit).expect("an edit");
    world.sim.customer_revoke(&RevokeNews { wamid: wamids[5].clone() }).expect("a deletion");
    there(&world, &world.phones[ANA], &id, "changed").await;
    let office = Office::new(&world).await;
    let bens = office.member("Ben").await;
    office.post("/v1/office/teams", &json!({"name": "Yard", "members": [bens["id"]]})).await;
    ben.line.set_offline(false);
    there(&world, ben, &id, "changed").await;
    world
        .until("taken back", async || {
            let rows = ben.timeline(&id).await.rows;
            let gone = rows.iter().any(|row| matches!(row.body, Body::Deleted { .. }));
            (gone && rows.iter().all(|row| !row.hole_before)).then_some(())
        })
        .await;
    let shown = ben.timeline(&id).await;
    assert_eq!((shown.rows.len(), shown.last_n), (41, 41));
    assert!(!shown.rows.iter().any(|row| says(row, "line 5") || says(row, "line 3")));
}

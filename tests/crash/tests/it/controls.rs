//! Real controls: with a guard taken away in the harness, the same checks must find the fault.

use fieldline_crash::check::{self, Fault};
use fieldline_crash::child;
use fieldline_crash::orders::Orders;
use fieldline_crash::wait::until;

use crate::binary;
use crate::lives::{Moment, Plan, Way, customers, drain, live, written};
use crate::report::say;
use crate::world::{World, arrived};

/// The control: a phone that promises before it keeps must be found out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_that_promises_too_early_is_found_out() {
    let mut world = World::open(&customers()).await;
    let chats = world.store.chats();
    let conversations: Vec<String> = chats.keys().cloned().collect();
    let mut all = Vec::new();
    let deaths = 12;
    for life in 1..=deaths {
        let orders = Orders { replies: 4, promise_first: true, ..world.orders(life) };
        let plan = Plan { moment: Moment::Promise, nth: 4, micros: 0, way: Way::Clear, replies: 4 };
        let (said, _) = live(&mut world, plan, &orders).await;
        all.extend(written(&said, &orders, &conversations, &chats));
    }
    drain(&mut world, deaths + 1).await;
    world.calm().await;
    let faults = check::replies(&all, &arrived(&world.sim));
    let lost = faults.iter().filter(|fault| matches!(fault, Fault::Lost { .. })).count();
    say(&format!(
        "phone that promises too early: deaths {deaths}, promised {}, lost {lost}",
        all.len()
    ));
    assert!(lost > 0, "the checker found nothing: {faults:?}");
    world.close().await;
}

/// The control: if repeats could not be known again, the customers would get them twice, and the checker must say so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeats_that_nobody_knows_again_are_found_out() {
    let mut world = World::open(&customers()).await;
    world.rename_repeats();
    let chats = world.store.chats();
    let conversations: Vec<String> = chats.keys().cloned().collect();
    let mut all = Vec::new();
    let deaths = 12;
    for life in 1..=deaths {
        let orders = Orders { replies: 2, ..world.orders(life) };
        let (moment, way) = (Moment::CommandsAnswered, Way::Clear);
        let plan = Plan { moment, nth: 1, micros: 0, way, replies: 2 };
        let (said, _) = live(&mut world, plan, &orders).await;
        all.extend(written(&said, &orders, &conversations, &chats));
    }
    // The guard takes the strange copies for a colleague's answers and holds replies, so this outbox need not drain.
    let (running, _) = child::phone(binary(), &world.orders(deaths + 1), |_| {});
    let doubled = until("a reply that arrives twice", || {
        let faults = check::replies(&all, &arrived(&world.sim));
        let doubled = faults.iter().filter(|fault| matches!(fault, Fault::Doubled { .. })).count();
        (doubled > 0).then_some(doubled)
    })
    .await;
    running.kill();
    running.ended().await;
    say(&format!(
        "repeats that nobody knows again: deaths {deaths}, promised {}, doubled {doubled}",
        all.len()
    ));
    world.close().await;
}

//! kill -9 of phones that are new: while they make their store, sign in, and download for the first time.

use std::collections::BTreeSet;

use fieldline_crash::autopsy::Corpse;
use fieldline_crash::check;
use fieldline_crash::child;
use fieldline_crash::dice::Dice;
use fieldline_crash::orders::{Line, Orders};
use fieldline_crash::wait::until;

use crate::binary;
use crate::lives::{Moment, Plan, Way, customers, drain_as, line, live, written};
use crate::report::say;
use crate::world::{World, arrived};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_phone_killed_anywhere_starts_again() {
    use Moment as M;
    let seed = Dice::seed();
    let mut dice = Dice::new(seed);
    let mut world = World::open(&customers()).await;
    let chats = world.store.chats();
    let mut all = Vec::new();
    let (phones, mut kills, mut half_made) = (12, 0, 0);
    for phone in 1..=phones {
        let orders = Orders { life: phone, ..world.new_phone(&format!("new-{phone}")) };
        for _ in 0..dice.nth(4) {
            let moment = *dice.pick(&[M::Start, M::Start, M::Opened, M::ChangesAnswered]);
            let most = if moment == M::Start { 30_000 } else { 8_000 };
            let (micros, way) = (dice.below(most), Way::Clear);
            let plan = Plan { moment, nth: 1, micros, way, replies: 0 };
            let (said, _) = live(&mut world, plan, &orders).await;
            let failed = said.iter().find(|line| matches!(line, Line::Failed { .. }));
            assert_eq!(failed, None, "seed {seed} phone {phone} {plan:?}");
            kills += 1;
            let Some(corpse) = Corpse::of(&orders.store) else { continue };
            assert_eq!(corpse.complaints(), [] as [String; 0], "seed {seed} phone {phone}");
            half_made += u32::from(!corpse.has_tables());
        }
        // It sees everything before it answers: the employee's other phones have answered too.
        while world.seen.try_recv().is_ok() {}
        let orders = Orders { drain: true, ..orders };
        let (running, ears) = child::phone(binary(), &orders, world.ears());
        let mut said = Vec::new();
        for wanted in [false, true] {
            until("the new phone to be up to date, then to answer", || {
                said.extend(world.seen.try_recv().ok().and_then(line));
                let hit = |line: &Line| match line {
                    Line::Drained => !wanted,
                    Line::Promised { .. } => wanted,
                    _ => false,
                };
                said.iter().any(hit).then_some(())
            })
            .await;
            if !wanted {
                running.write("1\n").await;
            }
        }
        running.kill();
        running.ended().await;
        ears.await.unwrap();
        drain_as(&mut world, orders).await;
        let none: [String; 0] = [];
        all.extend(written(&said, &world.orders(phone), &none, &chats));
        world.calm().await;
    }
    assert_eq!(all.len(), usize::try_from(phones).unwrap(), "seed {seed}");
    assert_eq!(check::replies(&all, &arrived(&world.sim)), BTreeSet::new(), "seed {seed}");
    say(&format!(
        "new phones killed: seed {seed}, phones {phones}, kills {kills}, stores without tables {half_made}"
    ));
    world.close().await;
}

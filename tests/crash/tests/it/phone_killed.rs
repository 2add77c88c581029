//! kill -9 of a phone at random points of enqueue and sync (issue 3, item 9): nothing lost, nothing doubled, nothing swapped.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_crash::autopsy::Corpse;
use fieldline_crash::canary::sightings;
use fieldline_crash::check;
use fieldline_crash::dice::Dice;
use fieldline_crash::orders::{Line, Orders};

use crate::lives::{Moment, Plan, Way, customers, drain, live, written};
use crate::report::say;
use crate::world::{World, arrived};

/// Deaths of the one phone.
const LIVES: u32 = 200;
/// Most replies that one life writes.
const REPLIES: u32 = 6;
/// Draws a life.
fn draw(dice: &mut Dice) -> Plan {
    use Moment as M;
    let way = match dice.below(10) {
        0 => Way::AnswersLost,
        1 => Way::Refused,
        2 => Way::OneAnswerLost,
        _ => Way::Clear,
    };
    let moments: &[Moment] = match way {
        Way::Refused | Way::AnswersLost => &[M::Start, M::Opened, M::Promise],
        Way::OneAnswerLost => &[M::CommandsArrived, M::CommandsAnswered],
        Way::Clear => &[
            M::Start,
            M::Opened,
            M::Promise,
            M::Promise,
            M::CommandsArrived,
            M::CommandsAnswered,
            M::ChangesAnswered,
            M::Refreshed,
        ],
    };
    let moment = *dice.pick(moments);
    let replies = dice.nth(REPLIES);
    let nth = match moment {
        M::Promise => dice.nth(replies),
        // Under a lost answer the second arrival is the same commands again; else it takes more than one reply, for the
        // first goes alone.
        M::CommandsArrived | M::CommandsAnswered if way == Way::OneAnswerLost || replies > 3 => {
            dice.nth(2)
        }
        _ => 1,
    };
    let most = match moment {
        M::Start => 120_000,
        M::Opened | M::Refreshed | M::ChangesAnswered | M::CommandsAnswered => 20_000,
        _ => 4_000,
    };
    let micros = if dice.chance(25) { 0 } else { dice.below(most) };
    Plan { moment, nth, micros, way, replies }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_killed_anywhere_loses_doubles_and_swaps_nothing() {
    let seed = Dice::seed();
    let mut dice = Dice::new(seed);
    let customers = customers();
    let mut world = World::open(&customers).await;
    let chats = world.store.chats();
    let conversations: Vec<String> = chats.keys().cloned().collect();
    let mut all = Vec::new();
    let mut deaths: BTreeMap<Moment, u32> = BTreeMap::new();
    let mut ways: BTreeMap<Way, u32> = BTreeMap::new();
    let mut missed: BTreeMap<(Moment, Way, u32), u32> = BTreeMap::new();
    let (mut cursors, mut in_total) = (0, customers.len());
    for life in 1..=LIVES {
        let plan = draw(&mut dice);
        let orders = Orders { replies: plan.replies, ..world.orders(life) };
        if dice.chance(50) {
            let customer: &String = dice.pick(&customers);
            world.customer_writes(customer, &format!("question {life}"));
            in_total += 1;
        }
        let (said, came) = live(&mut world, plan, &orders).await;
        let unexpected = said.iter().find(|line| {
            matches!(line, Line::Failed { call, .. } if call != "sign_in") || **line == Line::Closed
        });
        assert_eq!(unexpected, None, "seed {seed} life {life} {plan:?}");
        if came {
            *deaths.entry(plan.moment).or_default() += 1;
        } else {
            *missed.entry((plan.moment, plan.way, plan.nth)).or_default() += 1;
        }
        *ways.entry(plan.way).or_default() += 1;
        all.extend(written(&said, &orders, &conversations, &chats));
        let Some(corpse) = Corpse::of(&world.phone_store()) else { continue };
        assert_eq!(corpse.complaints(), [] as [String; 0], "seed {seed} life {life} {plan:?}");
        if corpse.has_tables()
            && let Some(seq) = corpse.phone_seq()
        {
            cursors += 1;
            let ahead = check::cursor(seq, &world.store.line(), &corpse.phone_versions());
            assert_eq!(ahead, BTreeSet::new(), "seed {seed} life {life} {plan:?}");
        }
    }

    drain(&mut world, LIVES + 1).await;
    world.calm().await;
    // Another start pulls what came after the last reply: statuses.
    drain(&mut world, LIVES + 2).await;

    let arrived = arrived(&world.sim);
    assert_eq!(check::replies(&all, &arrived), BTreeSet::new(), "seed {seed}");
    let mut calls = BTreeMap::new();
    for call in world.sim.log().calls {
        // Not only messages: the platform also reads the number and its templates, and marks what was read.
        if let Some(id) = call.body["biz_opaque_callback_data"].as_str() {
            *calls.entry(id.to_owned()).or_default() += 1;
        }
    }
    assert_eq!(check::calls(&calls), BTreeSet::new(), "seed {seed}");
    let corpse = Corpse::of(&world.phone_store()).unwrap();
    assert_eq!(corpse.complaints(), [] as [String; 0], "seed {seed}");
    let (here, there) = (corpse.phone_messages(), world.store.messages());
    let apart: Vec<_> = here.symmetric_difference(&there).collect();
    assert!(apart.is_empty(), "seed {seed}: phone and platform differ: {apart:#?}");
    assert_eq!(there.len(), arrived.len() + in_total, "seed {seed}");

    let personal = ["good morning", "question 1", "reply 1", "3460011122"].map(str::to_owned);
    let personal = BTreeMap::from([("personal data".to_owned(), personal.to_vec())]);
    assert_eq!(sightings(&[world.phone_log()], &personal), [], "seed {seed}");

    let promised = all.iter().filter(|it| it.promised.is_some()).count();
    let accepted = usize::try_from(world.store.commands()).unwrap();
    let posted = world.posted().len();
    say(&format!(
        "phone killed: seed {seed}, lives {LIVES}, promised {promised}, accepted {accepted}, posts {posted}, repeats absorbed {}, \
         at the customers {}, cursors compared {cursors}, killed after {deaths:?}, moment missed {missed:?}, ways {ways:?}",
        posted - accepted,
        arrived.len(),
    ));
    assert_eq!(accepted, arrived.len(), "seed {seed}");
    assert!(promised >= 200 && posted > accepted, "seed {seed}: too little happened");
    assert!(deaths.len() == 7 && ways.len() == 4, "seed {seed}: a moment or a way never came");
    assert!(cursors > LIVES / 2, "seed {seed}: too few cursors");
    assert!(missed.values().sum::<u32>() < LIVES / 4, "seed {seed}: too many moments did not come");
    world.close().await;
}

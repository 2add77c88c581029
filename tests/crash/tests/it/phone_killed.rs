//! kill -9 of a phone at random points of enqueue and sync (issue 3, item 9): nothing lost, nothing doubled, nothing swapped.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fieldline_crash::autopsy::Corpse;
use fieldline_crash::canary::sightings;
use fieldline_crash::check::{self, Fault, Written};
use fieldline_crash::child;
use fieldline_crash::dice::Dice;
use fieldline_crash::orders::{Line, Orders, text};
use fieldline_crash::relay::Weather;
use fieldline_crash::wait::{before_kill, until};

use crate::binary;
use crate::report::say;
use crate::world::{Seen, World, arrived};

/// Deaths of the one phone.
const LIVES: u32 = 200;
/// Most replies that one life writes.
const REPLIES: u32 = 6;
/// A life whose moment does not come is killed after this all the same.
const PATIENCE: Duration = Duration::from_millis(800);

/// After what the phone dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    /// Its process was started.
    Start,
    /// Its store is open.
    Opened,
    /// A promise was made.
    Promise,
    /// Commands reached the platform.
    CommandsArrived,
    /// The platform has done commands.
    CommandsAnswered,
    /// Changes are on their way to it.
    ChangesAnswered,
    /// New tokens are on their way to it.
    Refreshed,
}

/// What the way is like in a life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// Good.
    Clear,
    /// The answer to the first commands is lost, then it is good.
    OneAnswerLost,
    /// No answer comes.
    AnswersLost,
    /// No connection.
    Refused,
}

/// One life, drawn.
#[derive(Debug, Clone, Copy)]
struct Plan {
    moment: Moment,
    nth: u32,
    micros: u64,
    way: Way,
    replies: u32,
}

impl Plan {
    fn draw(dice: &mut Dice) -> Self {
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
            M::CommandsArrived | M::CommandsAnswered
                if way == Way::OneAnswerLost || replies > 3 =>
            {
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
        Self { moment, nth, micros, way, replies }
    }

    fn hit_by(self, seen: &Seen) -> bool {
        matches!(
            (self.moment, seen),
            (Moment::Opened, Seen::Said(Line::Opened))
                | (Moment::Promise, Seen::Said(Line::Promised { .. }))
                | (Moment::CommandsArrived, Seen::CommandsArrived)
                | (Moment::CommandsAnswered, Seen::CommandsAnswered)
                | (Moment::ChangesAnswered, Seen::ChangesAnswered | Seen::BootstrapAnswered)
                | (Moment::Refreshed, Seen::Refreshed)
        )
    }
}

/// Lives one life up to its end and gives what the phone said in it, and whether its moment came.
async fn live(world: &mut World, plan: Plan, orders: &Orders) -> (Vec<Line>, bool) {
    while world.seen.try_recv().is_ok() {}
    world.relay.weather(match plan.way {
        Way::Clear | Way::OneAnswerLost => Weather::Clear,
        Way::AnswersLost => Weather::AnswersLost,
        Way::Refused => Weather::Refused,
    });
    let mut said = Vec::new();
    let (running, ears) = child::phone(binary(), orders, world.ears());
    let mut left = plan.nth;
    let mut lose = plan.way == Way::OneAnswerLost;
    let came = plan.moment == Moment::Start
        || tokio::time::timeout(PATIENCE, async {
            while left > 0 {
                let seen = world.seen.recv().await.unwrap();
                if lose && seen == Seen::CommandsArrived {
                    lose = false;
                    world.relay.weather(Weather::NextAnswerLost);
                }
                left -= u32::from(plan.hit_by(&seen));
                said.extend(line(seen));
            }
        })
        .await
        .is_ok();
    before_kill(plan.micros).await;
    running.kill();
    running.ended().await;
    ears.await.unwrap();
    while let Ok(seen) = world.seen.try_recv() {
        said.extend(line(seen));
    }
    (said, came)
}

fn line(seen: Seen) -> Option<Line> {
    match seen {
        Seen::Said(line) => Some(line),
        _ => None,
    }
}

/// A life that ends by itself once nothing is unsent.
async fn drain(world: &mut World, life: u32) {
    let orders = Orders { drain: true, ..world.orders(life) };
    drain_as(world, orders).await;
}

async fn drain_as(world: &mut World, orders: Orders) {
    world.relay.weather(Weather::Clear);
    while world.seen.try_recv().is_ok() {}
    let (running, ears) = child::phone(binary(), &orders, world.ears());
    until("the phone to send everything", || match world.seen.try_recv() {
        Ok(Seen::Said(Line::Drained)) => Some(()),
        _ => None,
    })
    .await;
    running.close_stdin();
    assert!(running.ended().await.success());
    ears.await.unwrap();
}

/// What a life wrote: its promises, and one that it may have begun.
fn written(
    said: &[Line],
    orders: &Orders,
    conversations: &[String],
    chats: &BTreeMap<String, String>,
) -> Vec<Written> {
    let mut written = Vec::new();
    for line in said {
        let Line::Promised { id, conversation, number } = line else { continue };
        let chat = chats[conversation].clone();
        let text = text(orders.life, *number);
        written.push(Written { chat, text, promised: Some(id.clone()) });
    }
    let next = u32::try_from(written.len()).unwrap() + 1;
    if said.contains(&Line::Ready) && next <= orders.replies && !orders.promise_first {
        let place = usize::try_from(orders.life + next - 1).unwrap() % conversations.len();
        let chat = chats[&conversations[place]].clone();
        written.push(Written { chat, text: text(orders.life, next), promised: None });
    }
    written
}

fn customers() -> Vec<String> {
    (1..=4).map(|n| format!("3460011122{n}")).collect()
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
    let (mut cursors, mut in_total) = (0, 4);
    for life in 1..=LIVES {
        let plan = Plan::draw(&mut dice);
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
        let id = call.body["biz_opaque_callback_data"].as_str().unwrap().to_owned();
        *calls.entry(id).or_default() += 1;
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

/// Phones killed while they are new: making the store, signing in, the first download.
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

//! One life of a phone, from its start to its kill, and what it wrote.

use std::collections::BTreeMap;
use std::time::Duration;

use fieldline_crash::check::Written;
use fieldline_crash::child;
use fieldline_crash::orders::{Line, Orders, text};
use fieldline_crash::relay::Weather;
use fieldline_crash::wait::{before_kill, until};

use crate::binary;
use crate::world::{Seen, World};

/// A life whose moment does not come is killed after this all the same.
const PATIENCE: Duration = Duration::from_millis(2_500);

/// After what the phone dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
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
pub(crate) enum Way {
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
pub(crate) struct Plan {
    pub(crate) moment: Moment,
    pub(crate) nth: u32,
    pub(crate) micros: u64,
    pub(crate) way: Way,
    pub(crate) replies: u32,
}

impl Plan {
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
pub(crate) async fn live(world: &mut World, plan: Plan, orders: &Orders) -> (Vec<Line>, bool) {
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

pub(crate) fn line(seen: Seen) -> Option<Line> {
    match seen {
        Seen::Said(line) => Some(line),
        _ => None,
    }
}

/// A life that ends by itself once nothing is unsent.
pub(crate) async fn drain(world: &mut World, life: u32) {
    let orders = Orders { drain: true, ..world.orders(life) };
    drain_as(world, orders).await;
}

pub(crate) async fn drain_as(world: &mut World, orders: Orders) {
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
pub(crate) fn written(
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

/// As many as it takes that no pair of them and the number meets WhatsApp's pace: 45 at once, then one in six seconds.
pub(crate) fn customers() -> Vec<String> {
    (10..34).map(|n| format!("3460011122{n}")).collect()
}

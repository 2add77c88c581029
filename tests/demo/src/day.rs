//! The day itself: who does what when, and what is awaited in between. Nothing here decides whether it went well.

use std::collections::BTreeMap;
use std::time::Duration;

use fieldline_whatsapp_sim::{FaultOrder, SendFault, WebhookFaults};
use tokio::time::Instant;

use crate::cast::{self, ANA, BEN, CARLA, Customer};
use crate::claims::{self, Judged};
use crate::facts::{self, Facts, Moment};
use crate::phone::{Order, Screens};
use crate::show::{Page, Scene};
use crate::trouble::Trouble;
use crate::world::{Employee, Seen, World};

/// Statuses that never come within a day.
const NO_STATUS_MS: u64 = 24 * 3_600_000;
/// How long the day waits for what hangs on a status where WhatsApp reports none: in vain.
const IN_VAIN: Duration = Duration::from_secs(2);

/// How the day ended.
pub struct Verdict {
    /// What the surfaces said.
    pub facts: Facts,
    /// What became of each claim.
    pub results: Vec<Judged>,
}

/// Plays the day, printing it, and judges it.
///
/// # Errors
/// A process that is gone or does not answer; what merely does not come in time is told by the claims.
pub async fn play(world: &mut World, page: &Page) -> Result<Verdict, Trouble> {
    let mut day = Day { world, page, moments: BTreeMap::new(), started: Instant::now(), scene: 0 };
    day.page.title(day.world);
    day.customers_write().await?;
    day.owner_answers_by_phone().await?;
    day.no_network().await?;
    day.killed().await?;
    day.meanwhile().await?;
    day.network_is_back().await?;
    day.yes().await?;
    day.colleague().await?;
    let facts = day.gather().await?;
    let results = claims::judge(&facts);
    Ok(Verdict { facts, results })
}

struct Day<'d> {
    world: &'d mut World,
    page: &'d Page,
    moments: BTreeMap<String, Moment>,
    started: Instant,
    scene: u32,
}

impl Day<'_> {
    async fn customers_write(&mut self) -> Result<(), Trouble> {
        if !self.world.plan.statuses {
            let never = FaultOrder { status_delay_ms: Some(NO_STATUS_MS), ..FaultOrder::default() };
            self.world.faults(&never).await?;
        }
        self.scene("Ana and Ben write to the business.");
        self.world.customer(ANA, cast::ANA_ASKS, 0).await?;
        self.world.customer(BEN, cast::BEN_ASKS, 0).await?;
        let asked = |s: &Screens| {
            s.bubble(ANA.name, cast::ANA_ASKS).is_some()
                && s.bubble(BEN.name, cast::BEN_ASKS).is_some()
        };
        let seen = both(self.world, asked).await?;
        self.surfaces(ANA, &seen).await
    }

    async fn owner_answers_by_phone(&mut self) -> Result<(), Trouble> {
        self.scene("Olivia, the owner, answers Ben on her own phone, and Ben writes again.");
        self.world.owner(BEN, cast::OWNER_TO_BEN).await?;
        let answered = |s: &Screens| s.bubble(BEN.name, cast::OWNER_TO_BEN).is_some();
        both(self.world, answered).await?;
        self.world.customer(BEN, cast::BEN_AGAIN, 0).await?;
        let again = |s: &Screens| s.bubble(BEN.name, cast::BEN_AGAIN).is_some();
        let seen = both(self.world, again).await?;
        self.surfaces(BEN, &seen).await
    }

    async fn no_network(&mut self) -> Result<(), Trouble> {
        self.scene(
            "Carla wrote 23 h 59 min 50 s ago. Maria loses the network and writes five replies.",
        );
        self.world.customer(CARLA, cast::CARLA_ASKS, cast::CARLA_AGE_MS).await?;
        let there = |s: &Screens| s.bubble(CARLA.name, cast::CARLA_ASKS).is_some();
        let mut seen = both(self.world, there).await?;
        self.world.maria.relay.set_offline(true).await.map_err(Trouble::of("the relay"))?;
        // Before it is noticed a reply may leave into the dark: then it is not only on the phone any more.
        self.world.maria.until(|s| s.link == "no network").await?;
        let to_ana = cast::MARIA_TO_ANA.map(|text| (ANA, text));
        let others = [(BEN, cast::MARIA_TO_BEN), (CARLA, cast::MARIA_TO_CARLA)];
        for (customer, text) in to_ana.into_iter().chain(others) {
            self.reply(customer, text, &seen.screens).await?;
        }
        let noticed = |s: &Screens| {
            let marked = cast::MARIA_TO_ANA.iter().all(|text| {
                s.bubble(ANA.name, text).is_some_and(|bubble| bubble.trouble.is_some())
            });
            marked && s.pause.is_some() && s.unsent().count() == 5
        };
        seen = self.world.maria.until(noticed).await?;
        self.moment(facts::OFFLINE, &seen.screens, None).await?;
        self.surfaces(ANA, &seen).await
    }

    async fn killed(&mut self) -> Result<(), Trouble> {
        if !self.world.plan.kill {
            return Ok(());
        }
        self.scene(
            "Maria's process is ended with kill -9 and started again, still without a network.",
        );
        let before = self.world.maria.look().await?.pid;
        let signal = self.world.maria.kill_and_reopen().await?;
        let back = |s: &Screens| s.pause.is_some();
        let seen = self.world.maria.until(back).await?;
        self.moment(facts::REOPENED, &seen.screens, signal).await?;
        self.page.reopened(before, signal, &seen.screens);
        Ok(())
    }

    async fn meanwhile(&mut self) -> Result<(), Trouble> {
        self.scene(
            "Meanwhile Olivia answers Ben, and Carla's window closes in front of Maria's reply.",
        );
        self.world.owner(BEN, cast::OWNER_MEANWHILE).await?;
        self.world.tom.until(|s| s.bubble(BEN.name, cast::OWNER_MEANWHILE).is_some()).await?;
        let closed = |s: &Screens| {
            let reply = s.bubble(CARLA.name, cast::MARIA_TO_CARLA);
            reply.is_some_and(|bubble| bubble.reason() == Some("R7"))
        };
        let left = Duration::from_millis(cast::CARLA_LEFT_MS);
        let seen = self.world.maria.until_within(left + self.world.plan.patience, closed).await?;
        self.surfaces(CARLA, &seen).await
    }

    async fn network_is_back(&mut self) -> Result<(), Trouble> {
        self.scene(
            "The network is back. One answer is lost before the phone, one before the platform.",
        );
        if self.world.plan.lose_answers {
            let lost = FaultOrder {
                send: Some(SendFault::LostAnswer),
                times: Some(1),
                ..FaultOrder::default()
            };
            self.world.faults(&lost).await?;
            self.world.maria.relay.lose_next_answer();
        }
        // Until one has seen what the phone says meanwhile, however long that takes here.
        self.webhooks_held(true).await?;
        self.world.maria.relay.set_offline(false).await.map_err(Trouble::of("the relay"))?;
        self.world.maria.order(&Order::TryNow).await?;
        if self.world.plan.lose_answers {
            let [first, second, third] = cast::MARIA_TO_ANA;
            let reason = |s: &Screens, text: &str, id: &str| {
                s.bubble(ANA.name, text).is_some_and(|bubble| bubble.reason() == Some(id))
            };
            let unknown = |s: &Screens| {
                reason(s, first, "R14") && reason(s, second, "R4") && reason(s, third, "R4")
            };
            let seen = self.world.maria.until(unknown).await?;
            self.moment(facts::UNKNOWN, &seen.screens, None).await?;
            self.surfaces(ANA, &seen).await?;
            let relay = self.world.maria.relay.counts();
            let twice = relay.commands.values().filter(|times| **times > 1).count();
            self.page.remark(&format!(
                "Maria's network lost {} answer; her phone sent {twice} replies again, with the same ids.",
                relay.answers_lost
            ));
        }
        self.webhooks_held(false).await?;
        self.scene("WhatsApp's status settles it; nobody had to ask, and nothing went out twice.");
        let delivered = |s: &Screens| {
            cast::MARIA_TO_ANA.iter().all(|text| {
                s.bubble(ANA.name, text).is_some_and(|bubble| bubble.has_reached("delivered"))
            })
        };
        let seen = self.world.maria.until_within(self.status_patience(), delivered).await?;
        self.surfaces(ANA, &seen).await
    }

    async fn yes(&mut self) -> Result<(), Trouble> {
        self.scene(
            "Maria's reply to Ben was held: Olivia had answered. Maria reads both and says yes.",
        );
        let held = |s: &Screens| {
            let reply = s.bubble(BEN.name, cast::MARIA_TO_BEN);
            reply.is_some_and(|bubble| bubble.reason() == Some("R8"))
        };
        let seen = self.world.maria.until(held).await?;
        self.moment(facts::HELD, &seen.screens, None).await?;
        self.page.held(&seen.screens, BEN.name);
        let bubble = seen.screens.bubble(BEN.name, cast::MARIA_TO_BEN);
        let may = bubble.is_some_and(|bubble| bubble.choices.iter().any(|c| c == "send anyway"));
        if let (Some(bubble), Some(chat), true) = (bubble, seen.screens.chat(BEN.name), may) {
            let order = Order::SendAnyway { message: bubble.id.clone(), seen_n: chat.last_n };
            self.world.maria.order(&order).await?;
        }
        let delivered = |s: &Screens| {
            let reply = s.bubble(BEN.name, cast::MARIA_TO_BEN);
            reply.is_some_and(|bubble| bubble.has_reached("delivered"))
        };
        let seen = self.world.maria.until_within(self.status_patience(), delivered).await?;
        self.surfaces(BEN, &seen).await
    }

    async fn colleague(&mut self) -> Result<(), Trouble> {
        self.scene("Ana writes back and Tom, the other employee, answers. Then Ana and Ben open their chats.");
        self.world.customer(ANA, cast::ANA_THANKS, 0).await?;
        let asked = |s: &Screens| s.bubble(ANA.name, cast::ANA_THANKS).is_some();
        let seen = self.world.tom.until(asked).await?;
        reply(&mut self.world.tom, ANA, cast::TOM_TO_ANA, &seen.screens).await?;
        let delivered = |s: &Screens| {
            let reply = s.bubble(ANA.name, cast::TOM_TO_ANA);
            reply.is_some_and(|bubble| bubble.has_reached("delivered"))
        };
        self.world.tom.until_within(self.status_patience(), delivered).await?;
        // Where WhatsApp reports nothing it does not report readings either.
        for customer in [ANA, BEN].into_iter().filter(|_| self.world.plan.statuses) {
            self.world.customer_reads(customer).await?;
        }
        let read = |s: &Screens| {
            let read = |name: &str, text: &str| {
                s.bubble(name, text).is_some_and(|bubble| bubble.has_reached("read"))
            };
            cast::MARIA_TO_ANA.iter().all(|text| read(ANA.name, text))
                && read(ANA.name, cast::TOM_TO_ANA)
                && read(BEN.name, cast::MARIA_TO_BEN)
        };
        let seen = both_within(self.world, self.status_patience(), read).await?;
        self.surfaces(ANA, &seen).await
    }

    async fn gather(&mut self) -> Result<Facts, Trouble> {
        // What is on its way between Meta and platform has arrived when each webhook has its answer.
        let deadline = Instant::now() + self.world.plan.patience;
        while Instant::now() < deadline {
            let log = self.world.log().await?;
            if log.webhooks.iter().all(|webhook| webhook.answered.is_some()) {
                break;
            }
            tokio::task::yield_now().await;
        }
        self.page.took(self.started.elapsed());
        Facts::gather(self.world, std::mem::take(&mut self.moments)).await
    }

    async fn webhooks_held(&self, hold: bool) -> Result<(), Trouble> {
        let webhooks = Some(WebhookFaults { hold, ..WebhookFaults::default() });
        self.world.faults(&FaultOrder { webhooks, ..FaultOrder::default() }).await.map(|_| ())
    }

    fn status_patience(&self) -> Duration {
        if self.world.plan.statuses { self.world.plan.patience } else { IN_VAIN }
    }

    async fn reply(&mut self, to: Customer, text: &str, seen: &Screens) -> Result<(), Trouble> {
        reply(&mut self.world.maria, to, text, seen).await
    }

    async fn moment(
        &mut self,
        name: &str,
        phone: &Screens,
        signal: Option<i32>,
    ) -> Result<(), Trouble> {
        let calls = self.world.log().await?.calls;
        self.moments.insert(name.to_owned(), Moment { phone: phone.clone(), calls, signal });
        Ok(())
    }

    fn scene(&mut self, words: &str) {
        self.scene += 1;
        self.page.scene(self.scene, self.started.elapsed(), words);
    }

    /// Prints what the three surfaces show of one conversation.
    async fn surfaces(&self, customer: Customer, seen: &Seen) -> Result<(), Trouble> {
        let chats = self.world.chats().await?;
        self.page.surfaces(&Scene { customer, chats: &chats, phone: &seen.screens });
        if !seen.met {
            self.page.in_vain(self.world.plan.patience);
        }
        Ok(())
    }
}

/// Writes a reply in the conversation with a customer, if the phone has it.
async fn reply(
    phone: &mut Employee,
    to: Customer,
    text: &str,
    seen: &Screens,
) -> Result<(), Trouble> {
    let Some(chat) = seen.chat(to.name) else { return Ok(()) };
    let order =
        Order::Reply { conversation: chat.id.clone(), text: text.to_owned(), seen_n: chat.last_n };
    phone.order(&order).await.map(|_| ())
}

/// Waits for both employees' phones; gives what Maria's shows.
async fn both(world: &mut World, shown: impl Fn(&Screens) -> bool) -> Result<Seen, Trouble> {
    both_within(world, world.plan.patience, shown).await
}

/// [`both`] with a patience of its own.
async fn both_within(
    world: &mut World,
    patience: Duration,
    shown: impl Fn(&Screens) -> bool,
) -> Result<Seen, Trouble> {
    let (maria, tom) = tokio::join!(
        world.maria.until_within(patience, &shown),
        world.tom.until_within(patience, &shown)
    );
    let (maria, tom) = (maria?, tom?);
    Ok(Seen { met: maria.met && tom.met, ..maria })
}

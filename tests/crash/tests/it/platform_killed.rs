//! kill -9 of the platform after its 200 answers and while it sends (issue 3, item 9): each body is on disk and becomes one
//! message, and no second Graph call goes out for one message id.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use fieldline_core::Client;
use fieldline_core::api::{
    ConversationId, Credentials, LadderStep, LinkState, MessageId, Reason, Settlement,
};
use fieldline_crash::autopsy::{Corpse, PlatformStore};
use fieldline_crash::canary::sightings;
use fieldline_crash::check::{self, Written};
use fieldline_crash::dice::Dice;
use fieldline_crash::orders::text;
use fieldline_crash::wait::{bounded, until};

use crate::report::say;
use crate::stage::{Moment, Plan, Stage, lock};
use crate::world::arrived;

/// Deaths of the platform.
const DEATHS: u32 = 120;
/// Customers, one conversation each.
const CUSTOMERS: u32 = 80;
/// A life whose moment does not come is killed after this all the same.
const PATIENCE: Duration = Duration::from_millis(2_500);

/// Draws a death.
fn draw(dice: &mut Dice) -> Plan {
    use Moment as M;
    let moment = *dice.pick(&[
        M::Start,
        M::Listening,
        M::WebhookAnswered,
        M::WebhookAnswered,
        M::WebhookAnswered,
        M::CallArrived,
        M::CallDone,
        M::CallAnswered,
        M::CallAnswered,
    ]);
    let (top, most) = match moment {
        M::Start => (1, 120_000),
        M::Listening => (1, 30_000),
        M::WebhookAnswered => (5, 3_000),
        M::CallArrived | M::CallDone => (2, 1_000),
        M::CallAnswered => (2, 6_000),
    };
    let micros = if dice.chance(40) { 0 } else { dice.below(most) };
    Plan { moment, nth: dice.nth(top), micros }
}

/// Everything that was written, and what became of it so far.
#[derive(Default)]
struct Ledger {
    written: Vec<Written>,
    conversation_of: BTreeMap<String, String>,
    wamids: Vec<String>,
}

async fn reply(client: &Client, ledger: &mut Ledger, conversation: &str, chat: &str, text: String) {
    let id = ConversationId(conversation.to_owned());
    let seen = client.timeline(&id).next(0).await.unwrap().unwrap();
    let promised = client.send_reply(&id, &text, seen.last_n).await.unwrap();
    ledger.conversation_of.insert(promised.0.clone(), conversation.to_owned());
    ledger.written.push(Written { chat: chat.to_owned(), text, promised: Some(promised.0) });
}

fn with_state(sends: &BTreeMap<String, String>, wanted: &str) -> BTreeSet<String> {
    sends.iter().filter(|(_, state)| *state == wanted).map(|(id, _)| id.clone()).collect()
}

fn clean(data: &Path, seed: u64, life: u32) -> Corpse {
    let corpse = PlatformStore::corpse(data).unwrap();
    assert_eq!(corpse.complaints(), [] as [String; 0], "seed {seed} life {life}");
    corpse
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platform_killed_after_its_answers_keeps_them_and_calls_no_message_twice() {
    let seed = Dice::seed();
    let mut dice = Dice::new(seed);
    let stage = Stage::build().await;
    let customers: Vec<String> = (0..CUSTOMERS).map(|n| format!("3460022{n:04}")).collect();
    let mut ledger = Ledger::default();

    // The first life: everybody is there and the phone knows them all. It ends by a kill at rest.
    let (running, mut lines) = stage.start();
    stage.lead_to(&bounded("the platform", lines.recv()).await.unwrap());
    for customer in &customers {
        ledger.wamids.push(stage.customer_writes(customer, "good morning".into()));
    }
    let client = stage.phone().await;
    client.sign_in(Credentials::LinkCode { code: stage.link_code.clone() }).await.unwrap();
    let inbox = client.inbox();
    let mut revision = 0;
    bounded("all conversations", async {
        loop {
            let snapshot = inbox.next(revision).await.unwrap().unwrap();
            if snapshot.total == CUSTOMERS {
                return;
            }
            revision = snapshot.revision;
        }
    })
    .await;
    client.shutdown().await.unwrap();
    running.kill();
    running.ended().await;
    let chats = PlatformStore::beside(&stage.data()).chats();
    let conversations: Vec<(&String, &String)> = chats.iter().collect();

    let mut deaths: BTreeMap<Moment, u32> = BTreeMap::new();
    let mut attempted: BTreeSet<String> = BTreeSet::new();
    let mut blocked: BTreeSet<String> = BTreeSet::new();
    let (mut missed, mut in_the_middle) = (0, 0);
    for life in 1..=DEATHS {
        let plan = draw(&mut dice);
        let (running, mut lines) = stage.start();
        let mut client = None;
        if plan.moment == Moment::Start {
            stage.scene.strike(plan).await;
            stage.scene.sprung.notified().await;
            *deaths.entry(plan.moment).or_default() += 1;
        } else {
            let address = bounded("the platform", lines.recv()).await.unwrap();
            // What was attempted when it died the last time is unknown before anything else can happen.
            let after = PlatformStore::beside(&stage.data()).sends();
            assert_eq!(check::unknown(&attempted, &after), BTreeSet::new(), "seed {seed} {life}");
            in_the_middle += std::mem::take(&mut attempted).len();
            *lock(&stage.scene.trap) = (plan.moment != Moment::Listening).then_some(plan);
            stage.lead_to(&address);
            let phone = stage.phone().await;
            for _ in 0..3 {
                let customer: &String = dice.pick(&customers);
                ledger.wamids.push(stage.customer_writes(customer, format!("question {life}")));
            }
            for number in 1..=3 {
                let (conversation, chat) = *dice.pick(&conversations);
                if !blocked.contains(conversation) {
                    reply(&phone, &mut ledger, conversation, chat, text(life, number)).await;
                }
            }
            client = Some(phone);
            if plan.moment == Moment::Listening {
                stage.scene.strike(plan).await;
            }
            let came = tokio::time::timeout(PATIENCE, stage.scene.sprung.notified()).await.is_ok();
            if came {
                *deaths.entry(plan.moment).or_default() += 1;
            } else {
                lock(&stage.scene.trap).take();
                missed += 1;
            }
        }
        running.kill();
        running.ended().await;
        stage.scene.lead_to(None);
        if let Some(client) = client {
            client.shutdown().await.unwrap();
        }
        let corpse = clean(&stage.data(), seed, life);
        let answered = lock(&stage.scene.answered).clone();
        let lost = check::kept(&answered, &corpse.bodies());
        assert_eq!(lost, BTreeSet::new(), "seed {seed} life {life} {plan:?}");
        let sends = corpse.sends();
        attempted.extend(with_state(&sends, "attempted"));
        blocked = with_state(&sends, "unknown")
            .iter()
            .chain(&attempted)
            .filter_map(|id| ledger.conversation_of.get(id).cloned())
            .collect();
    }

    let settled = settle_and_drain(&stage, &mut ledger, &attempted, seed).await;
    in_the_middle += attempted.len();

    let calls = lock(&stage.scene.calls).clone();
    assert_eq!(check::calls(&calls), BTreeSet::new(), "seed {seed}");
    let arrived = arrived(&stage.sim);
    assert_eq!(check::replies(&ledger.written, &arrived), BTreeSet::new(), "seed {seed}");
    let store = PlatformStore::beside(&stage.data());
    assert_eq!(check::messages(&ledger.wamids, &store.wamids()), BTreeSet::new(), "seed {seed}");
    assert_eq!(store.webhooks_refused(), [] as [String; 0], "seed {seed}");
    let here = Corpse::of(&stage.phone_store()).unwrap().phone_messages();
    let there = store.messages();
    let apart: Vec<_> = here.symmetric_difference(&there).collect();
    assert!(apart.is_empty(), "seed {seed}: phone and platform differ: {apart:#?}");

    let personal = ["good morning", "question 1", "reply 1", "3460022"].map(str::to_owned).to_vec();
    let personal = BTreeMap::from([("personal data".to_owned(), personal)]);
    assert_eq!(sightings(&[stage.log()], &personal), [], "seed {seed}");

    let webhooks = lock(&stage.scene.answered).len();
    say(&format!(
        "platform killed: seed {seed}, deaths {DEATHS} after {deaths:?}, moment missed {missed}, webhooks answered {webhooks}, \
         customers' messages {}, replies {}, Graph calls {}, died with a call out {in_the_middle}, sent again by a person {settled}",
        ledger.wamids.len(),
        ledger.written.len(),
        calls.len(),
    ));
    assert!(deaths.len() == 6, "seed {seed}: a moment never came");
    assert!(missed < DEATHS / 4, "seed {seed}: too many moments did not come");
    assert!(in_the_middle > 0 && settled > 0, "seed {seed}: it never died with a call out");
    stage.sim.stop().await;
}

/// A last life without a kill: a person looks at the customers' phones and decides about every R14; then everything comes to
/// rest. Gives how many were sent again.
async fn settle_and_drain(
    stage: &Stage,
    ledger: &mut Ledger,
    attempted: &BTreeSet<String>,
    seed: u64,
) -> usize {
    let (running, mut lines) = stage.start();
    let address = bounded("the platform", lines.recv()).await.unwrap();
    let store = PlatformStore::beside(&stage.data());
    assert_eq!(check::unknown(attempted, &store.sends()), BTreeSet::new(), "seed {seed}");
    stage.lead_to(&address);
    let client = stage.phone().await;
    let outbox = client.outbox();
    let mut settled: BTreeSet<String> = BTreeSet::new();
    let mut revision = 0;
    bounded("an empty outbox", async {
        loop {
            let snapshot = outbox.next(revision).await.unwrap().unwrap();
            revision = snapshot.revision;
            if snapshot.rows.is_empty() {
                return;
            }
            if snapshot.rows.iter().any(|row| row.step == LadderStep::OnPhone) {
                continue;
            }
            for row in snapshot.rows {
                let unknown = row.trouble.is_some_and(|it| it.reason == Reason::UnknownOutcome);
                let arrived = arrived(&stage.sim).iter().any(|it| it.id == row.key.0);
                // What arrived is settled by its status, without anybody.
                if !unknown || arrived || !settled.insert(row.key.0.clone()) {
                    continue;
                }
                let seen = client.timeline(&row.conversation).next(0).await.unwrap().unwrap();
                let again = Settlement::SendAgain { seen_n: seen.last_n };
                client.settle(&MessageId(row.key.0.clone()), again).await.unwrap();
                // The copy is a new message with an id of its own, written now.
                let promised = Some(row.key.0);
                let place = ledger.written.iter().position(|it| it.promised == promised).unwrap();
                let copy =
                    Written { promised: Some(String::new()), ..ledger.written.remove(place) };
                ledger.written.push(copy);
            }
        }
    })
    .await;
    until("every message settled and every webhook worked off", || {
        let sends = store.sends();
        let ended = sends.values().all(|state| matches!(state.as_str(), "accepted" | "stopped"));
        let quiet = stage.sim.pending() == 0 && store.webhooks_waiting() == 0;
        (ended && quiet).then_some(())
    })
    .await;
    client.shutdown().await.unwrap();
    // Another start pulls the last statuses.
    let client = stage.phone().await;
    let (status, head) = (client.status(), store.head());
    let mut revision = 0;
    bounded("the phone to be up to date", async {
        loop {
            let snapshot = status.next(revision).await.unwrap().unwrap();
            if snapshot.link == LinkState::Online {
                return;
            }
            revision = snapshot.revision;
        }
    })
    .await;
    assert_eq!(store.head(), head, "seed {seed}: something still moves");
    client.shutdown().await.unwrap();
    running.kill();
    running.ended().await;
    settled.len()
}

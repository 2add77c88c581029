//! S19: three hundred employees with whole phones on one number, and S5's figure: how long a message takes to be shown on them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fieldline_core::api::{Body, LadderStep};
use fieldline_harness::memory::PhoneFaults;
use fieldline_simulation::World;
use fieldline_whatsapp_sim::CustomerMessage;
use tokio::time::Instant;

use crate::cases::at_customer;

const AGENTS: usize = 300;
/// Customers who write at once, and employees who answer.
const CHATS: usize = 4;
/// A good network, each way.
const NETWORK_MS: u64 = 150;
/// S5: from the webhook to the open app, at the 95th of a hundred.
const S5: Duration = Duration::from_secs(2);

/// When which text stood first in somebody's list.
type Shown = Arc<Mutex<Vec<(String, Instant)>>>;

/// Looks at a list as a screen does, and notes each text that comes to stand in it.
async fn look(view: fieldline_core::InboxView, shown: Shown) {
    let (mut revision, mut known) = (0, std::collections::BTreeSet::new());
    while let Some(Ok(list)) = view.next(revision).await {
        revision = list.revision;
        for row in list.rows {
            let Some(Body::Text { text }) = row.preview.map(|preview| preview.body) else {
                continue;
            };
            if known.insert(text.clone()) {
                shown.lock().expect("a list").push((text, Instant::now()));
            }
        }
    }
}

fn customer(chat: usize) -> String {
    format!("3461100{chat:04}")
}

fn percentile(mut times: Vec<Duration>, of_hundred: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() * of_hundred).div_ceil(100).max(1) - 1]
}

/// Each phone holds about eight files open.
fn may_open_enough() {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    let most = line.and_then(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok());
    assert!(most.is_none_or(|most| most >= 4_096), "raise the limit of open files: ulimit -n 4096");
}

#[tokio::test(start_paused = true)]
async fn s19_three_hundred_agents_on_one_number_and_s5() {
    may_open_enough();
    let began = std::time::Instant::now();
    let world = World::crowd(AGENTS).await;
    assert_eq!(world.phones.len(), AGENTS);
    let network = PhoneFaults { latency_ms: NETWORK_MS, ..PhoneFaults::default() };
    for phone in &world.phones {
        phone.line.set_faults(network);
    }
    // Everybody is up to date and listens.
    tokio::time::sleep(Duration::from_mins(1)).await;
    let shown = Shown::default();
    for phone in &world.phones {
        tokio::spawn(look(phone.client.inbox(), Arc::clone(&shown)));
    }
    // In the middle of a busy minute: one at a time, then all at once.
    let mut written = Vec::new();
    for chat in 0..CHATS {
        let text = format!("question {chat}");
        let message = CustomerMessage::text(customer(chat), &text);
        written.push((text, Instant::now()));
        world.sim.customer(&message).expect("a customer may write");
        if chat < CHATS / 2 {
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
    }
    let all = |texts: usize| {
        let shown = Arc::clone(&shown);
        async move { (shown.lock().expect("a list").len() >= texts * AGENTS).then_some(()) }
    };
    world.until("every question on every phone", || all(CHATS)).await;
    let took = |written: &[(String, Instant)]| -> Vec<Duration> {
        let shown = shown.lock().expect("a list");
        let since = |text: &String| written.iter().find(|(it, _)| it == text).map(|(_, at)| *at);
        shown.iter().filter_map(|(text, at)| Some(*at - since(text)?)).collect()
    };
    let inbound = took(&written);
    assert_eq!(inbound.len(), CHATS * AGENTS, "each on each phone, once");

    // Others answer; the answers are at their customers once, and on everybody's phone.
    let mut answers = Vec::new();
    for (phone, chat) in world.phones.iter().skip(10).step_by(AGENTS / CHATS).zip(0..CHATS) {
        let question = format!("question {chat}");
        let rows = phone.inbox().await.rows;
        let row = rows.into_iter().find(|row| {
            let body = row.preview.as_ref().map(|preview| &preview.body);
            matches!(body, Some(Body::Text { text }) if *text == question)
        });
        let id = row.expect("the question").key;
        let seen_n = phone.timeline(&id).await.last_n;
        let text = format!("answer {chat}");
        phone.client.send_reply(&id, &text, seen_n).await.expect("taken");
        answers.push((text, Instant::now()));
    }
    world.until("every answer on every phone", || all(2 * CHATS)).await;
    world
        .until("every answer at its customer", async || {
            (at_customer(&world).len() == CHATS).then_some(())
        })
        .await;
    let sent = took(&answers);
    let mut texts: Vec<String> =
        at_customer(&world).into_iter().filter_map(|message| message.text).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), CHATS, "each once");
    for phone in &world.phones {
        let rows = phone.inbox().await.rows;
        assert_eq!((rows.len(), phone.outbox().await.total), (CHATS, 0), "{}", phone.name);
        let last = phone.timeline(&rows[0].key).await.rows.pop().expect("a bubble");
        assert!(last.step >= LadderStep::AtServer);
    }
    let (inbound, sent) = (percentile(inbound, 95), percentile(sent, 95));
    println!(
        "S19, S5: {AGENTS} agents on one number; question to open app p95 {inbound:?}, answer to everybody's app p95 {sent:?} \
         of virtual time, {NETWORK_MS} ms of it the network each way ({:.1} s of this machine's in all)",
        began.elapsed().as_secs_f64()
    );
    assert!(inbound <= S5 && sent <= S5, "{inbound:?} {sent:?}");
    assert!(inbound >= Duration::from_millis(NETWORK_MS), "the network takes its time");
}

//! What customers, the owner and the employees do by chance, and how they decide in the end.

use std::time::Duration;

use fieldline_core::api::{
    Choice, ConversationId, Error, MessageId, OutboxRow, Reason, Settlement,
};
use fieldline_whatsapp_sim::{
    Chats, CustomerMessage, FaultOrder, OwnerMessage, SendFault, WebhookFaults,
};

use crate::phone::Promise;
use crate::world::{CUSTOMERS, World};

/// Windows of aged messages close within minutes.
const NEARLY_A_DAY_MS: i64 = 24 * 3_600_000 - 120_000;
/// Longer than an access token lives.
const OVER_A_TOKEN: Duration = Duration::from_mins(16);
/// Rounds of five seconds in which everything must come to rest.
const ROUNDS: u32 = 400;

/// One thing that somebody does, and a pause.
pub(crate) async fn act(world: &mut World) {
    let who = usize::try_from(world.dice.below(2)).unwrap_or(0);
    match world.dice.below(100) {
        0..=23 => customer_writes(world, None),
        24..=28 => {
            let age = NEARLY_A_DAY_MS + i64::try_from(world.dice.below(100_000)).unwrap_or(0);
            customer_writes(world, Some(age));
        }
        29..=37 => owner_writes(world),
        38..=63 => reply(world, who).await,
        64..=67 => read(world, who).await,
        68..=72 => {
            let offline = world.dice.percent(60);
            world.journal.note(&world.phones[who].name, format_args!("offline {offline}"));
            world.phones[who].line.set_offline(offline);
        }
        73..=76 => {
            world.journal.fault(&world.phones[who].name.clone(), "phone_killed");
            world.phones[who].kill().await;
        }
        77..=79 => {
            world.journal.fault("platform", "platform_killed");
            world.site.kill();
            world.pause(8_000).await;
            world.start_platform().await;
        }
        80..=85 => send_fault(world),
        86..=89 => webhook_fault(world),
        90..=92 => drop_one(world, who).await,
        93..=94 => {
            let by = i64::try_from(world.dice.below(7_200_000)).unwrap_or(0) - 3_600_000;
            world.journal.fault(&world.phones[who].name.clone(), "clock_jumped");
            world.phones[who].clock.jump(by);
        }
        95..=97 => background(world, who).await,
        98 => {
            world.journal.note("world", "a quarter of an hour passes");
            tokio::time::sleep(OVER_A_TOKEN).await;
        }
        _ => customer_reads(world),
    }
    world.pause(15_000).await;
}

fn customer(world: &World) -> &'static str {
    let index = usize::try_from(world.dice.below(CUSTOMERS.len() as u64)).unwrap_or(0);
    CUSTOMERS[index]
}

fn customer_writes(world: &mut World, age_ms: Option<i64>) {
    world.written += 1;
    let text = format!("question {}", world.written);
    let wa_id = customer(world);
    world.journal.note("customer", format_args!("{wa_id} writes {text:?} age {age_ms:?}"));
    let age_ms = age_ms.map(|age| age.try_into().expect("an age"));
    let message = CustomerMessage { age_ms, ..CustomerMessage::text(wa_id, text) };
    world.sim.customer(&message).expect("a customer may write");
}

fn owner_writes(world: &mut World) {
    world.written += 1;
    let text = format!("owner {}", world.written);
    let to = customer(world);
    world.journal.note("owner", format_args!("writes {text:?} to {to}"));
    world.sim.owner(&OwnerMessage::text(to, text)).expect("the owner may write");
}

fn customer_reads(world: &mut World) {
    let wa_id = customer(world);
    // Nothing to read yet is no fault.
    let read = world.sim.customer_read(wa_id).is_ok();
    world.journal.note("customer", format_args!("{wa_id} reads {read}"));
}

/// One of the conversations on this phone.
async fn some_conversation(world: &World, who: usize) -> Option<ConversationId> {
    let rows = world.phones[who].inbox().await.rows;
    let index = usize::try_from(world.dice.below(rows.len() as u64)).unwrap_or(0);
    rows.get(index).map(|row| row.key.clone())
}

async fn reply(world: &mut World, who: usize) {
    let Some(conversation) = some_conversation(world, who).await else { return };
    for _ in 0..=world.dice.below(3) {
        world.written += 1;
        let phone = &mut world.phones[who];
        let seen_n = phone.timeline(&conversation).await.last_n;
        let text = format!("reply {} of {}", world.written, phone.name);
        let id = phone.client.send_reply(&conversation, &text, seen_n).await;
        let id = id.expect("a held conversation takes a reply, also offline");
        world.journal.note(&phone.name, format_args!("promised {id} {text:?} seen {seen_n}"));
        world.journal.count("~promised", 1);
        phone.promises.push(Promise { text, disturbed: false, dropped: false, extra_yes: 0 });
    }
}

async fn read(world: &mut World, who: usize) {
    let Some(conversation) = some_conversation(world, who).await else { return };
    let phone = &world.phones[who];
    let last_n = phone.timeline(&conversation).await.last_n;
    phone.client.mark_read(&conversation, last_n).await.expect("a held conversation can be read");
    world.journal.note(&phone.name, format_args!("read up to {last_n}"));
}

/// A person changes their mind about something that is not at WhatsApp yet.
async fn drop_one(world: &mut World, who: usize) {
    let rows = world.phones[who].outbox().await.rows;
    let index = usize::try_from(world.dice.below(rows.len() as u64)).unwrap_or(0);
    let Some(row) = rows.get(index).cloned() else { return };
    decide(world, who, &row, &[Choice::Discard, Choice::Withdraw]).await;
}

async fn background(world: &mut World, who: usize) {
    let phone = &world.phones[who];
    let report = phone.client.enter_background(3_000).await.expect("into the background");
    world.journal.note(&phone.name, format_args!("background {report:?}"));
    world.journal.count("suspended", 1);
    world.pause(60_000).await;
    let phone = &world.phones[who];
    let reason = fieldline_core::api::BackgroundReason::Push;
    let report = phone.client.run_background(reason, 10_000).await.expect("a background run");
    world.journal.note(&phone.name, format_args!("ran {report:?}"));
    phone.client.enter_foreground().await.expect("back");
}

fn send_fault(world: &mut World) {
    let table = [
        SendFault::LostAnswer,
        SendFault::LostRequest,
        SendFault::Error(429),
        SendFault::Error(500),
        SendFault::Error(503),
        SendFault::Error(131_026),
        SendFault::LostAnswer,
    ];
    let index = usize::try_from(world.dice.below(table.len() as u64)).unwrap_or(0);
    let order = FaultOrder {
        send: Some(table[index]),
        times: Some(u32::try_from(world.dice.below(2)).unwrap_or(0) + 1),
        ..FaultOrder::default()
    };
    world.journal.note("meta", format_args!("will {:?}", table[index]));
    world.sim.faults(&order).expect("a fault order");
}

fn webhook_fault(world: &mut World) {
    let faults = WebhookFaults {
        repeat: u32::from(world.dice.percent(60)),
        shuffle: world.dice.percent(60),
        delay_ms: world.dice.below(20_000),
        drop_until_retry: world.dice.percent(30),
        ..WebhookFaults::default()
    };
    let order = FaultOrder {
        webhooks: Some(faults),
        status_delay_ms: Some(world.dice.below(8_000)),
        ..FaultOrder::default()
    };
    world.journal.note("meta", format_args!("webhooks {faults:?}"));
    world.sim.faults(&order).expect("a fault order");
}

/// After everything healed, people decide what waits for them, until nothing waits any more.
pub(crate) async fn settle(world: &mut World) -> Vec<String> {
    let mut quiet = 0;
    for _ in 0..ROUNDS {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let mut waiting = world.sim.pending();
        for who in 0..world.phones.len() {
            let rows = world.phones[who].outbox().await.rows;
            waiting += rows.len();
            for row in rows {
                decide(world, who, &row, &[]).await;
            }
        }
        quiet = if waiting == 0 { quiet + 1 } else { 0 };
        if quiet == 3 {
            // A frame that was lost as the last one is missed only at the slow check.
            tokio::time::sleep(OVER_A_TOKEN).await;
        }
        if quiet >= 5 {
            return Vec::new();
        }
    }
    let mut problems = vec![format!("never came to rest: {} at Meta", world.sim.pending())];
    for phone in &world.phones {
        let outbox = phone.outbox().await;
        problems
            .extend(outbox.rows.iter().map(|row| format!("{} still waits: {row:?}", phone.name)));
        problems.extend(outbox.pause.map(|pause| format!("{} is paused: {pause:?}", phone.name)));
    }
    problems
}

/// A person looks at one row and decides; `only` limits what they may choose.
async fn decide(world: &mut World, who: usize, row: &OutboxRow, only: &[Choice]) {
    let chats = world.sim.chats();
    let reason = row.trouble.as_ref().map(|trouble| trouble.reason);
    let allowed = |choice: Choice| {
        row.choices.contains(&choice) && (only.is_empty() || only.contains(&choice))
    };
    let message = MessageId(row.key.0.clone());
    let dice = world.dice.percent(50);
    let phone = &mut world.phones[who];
    let seen_n = phone.timeline(&row.conversation).await.last_n;
    let waits_by_itself = !matches!(
        reason,
        Some(
            Reason::WindowClosed
                | Reason::AnsweredMeanwhile
                | Reason::UnknownOutcome
                | Reason::NotYours
                | Reason::Refused
        )
    );
    let choice = if reason == Some(Reason::UnknownOutcome) && allowed(Choice::ItArrived) {
        if arrived(&chats, &row.key.0) { Choice::ItArrived } else { Choice::SendAgain }
    } else if only.is_empty() && waits_by_itself {
        return;
    } else if allowed(Choice::SendAnyway) && dice {
        Choice::SendAnyway
    } else if allowed(Choice::Discard) {
        Choice::Discard
    } else if allowed(Choice::Withdraw) {
        Choice::Withdraw
    } else {
        return;
    };
    let done: Result<String, Error> = match choice {
        Choice::ItArrived => {
            phone.client.settle(&message, Settlement::Arrived).await.map(|()| String::new())
        }
        Choice::SendAgain => {
            let again = Settlement::SendAgain { seen_n };
            phone.client.settle(&message, again).await.map(|()| String::new())
        }
        Choice::SendAnyway => {
            phone.client.send_anyway(&message, seen_n).await.map(|()| String::new())
        }
        Choice::Discard => phone.client.discard(&message).await.map(|found| format!("{found:?}")),
        _ => phone.client.withdraw(&message).await.map(|found| format!("{found:?}")),
    };
    let name = phone.name.clone();
    world.journal.note(&name, format_args!("{choice:?} {message} {done:?}"));
    world.journal.count(&format!("~{choice:?}"), 1);
    // Whoever wrote it: a colleague may decide about what waits at the server.
    for phone in &mut world.phones {
        if let Some(promise) = phone.promise(row.text.as_deref()) {
            promise.disturbed = true;
            match (&done, choice) {
                (Ok(_), Choice::SendAgain) => promise.extra_yes += 1,
                (Ok(_), Choice::Discard | Choice::Withdraw) => promise.dropped = true,
                _ => {}
            }
        }
    }
}

/// What a person would find out by asking the customer.
fn arrived(chats: &Chats, id: &str) -> bool {
    chats
        .customers
        .iter()
        .flat_map(|chat| &chat.messages)
        .any(|message| message.callback_data.as_deref() == Some(id) && message.deliveries > 0)
}

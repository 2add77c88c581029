//! The outbox by name: what happens to a reply, on good lines and on bad ones.

use fieldline_core::api::{
    AuthorKind, Body, Choice, ConversationId, Discarded, Error, LadderStep, MessageId, Reason,
    Settlement, TimelineRow, WindowState, Withdrawal,
};
use fieldline_simulation::{CUSTOMERS, Phone, World};
use fieldline_whatsapp_sim::{CustomerMessage, FaultOrder, OwnerMessage, SendFault, ShownMessage};

const ANA: usize = 0;
const BEN: usize = 1;

/// A customer writes; both phones hold the conversation.
pub(crate) async fn asked(world: &World, text: &str) -> ConversationId {
    asked_before(world, text, 0).await
}

async fn asked_before(world: &World, text: &str, age_ms: i64) -> ConversationId {
    let age_ms = Some(age_ms.try_into().expect("an age"));
    let message = CustomerMessage { age_ms, ..CustomerMessage::text(CUSTOMERS[0], text) };
    world.sim.customer(&message).expect("a customer may write");
    let mut id = None;
    for phone in &world.phones {
        let found = world
            .until("the question is on the phone", async || {
                let row = phone.inbox().await.rows.into_iter().next()?;
                let shown = phone.timeline(&row.key).await.rows;
                shown.iter().any(|row| says(row, text)).then_some(row.key)
            })
            .await;
        id = Some(found);
    }
    id.expect("two phones")
}

pub(crate) fn says(row: &TimelineRow, text: &str) -> bool {
    matches!(&row.body, Body::Text { text: found } if found == text)
}

async fn bubble(phone: &Phone, id: &ConversationId, text: &str) -> Option<TimelineRow> {
    phone.timeline(id).await.rows.into_iter().find(|row| says(row, text))
}

async fn until_bubble(
    world: &World,
    who: usize,
    id: &ConversationId,
    text: &str,
    good: impl Fn(&TimelineRow) -> bool,
) -> TimelineRow {
    let phone = &world.phones[who];
    world
        .until(&format!("{text:?} on {}", phone.name), async || {
            bubble(phone, id, text).await.filter(|row| good(row))
        })
        .await
}

fn reason(row: &TimelineRow) -> Option<Reason> {
    row.trouble.as_ref().map(|trouble| trouble.reason)
}

pub(crate) fn at_customer(world: &World) -> Vec<ShownMessage> {
    let chats = world.sim.chats();
    let mut shown: Vec<ShownMessage> =
        chats.customers.into_iter().flat_map(|c| c.messages).collect();
    shown.retain(|message| message.callback_data.is_some() && message.deliveries > 0);
    shown
}

fn texts_at_customer(world: &World) -> Vec<String> {
    at_customer(world).into_iter().filter_map(|message| message.text).collect()
}

fn next_send(world: &World, fault: SendFault, times: u32) {
    let order = FaultOrder { send: Some(fault), times: Some(times), ..FaultOrder::default() };
    world.sim.faults(&order).expect("a fault order");
}

pub(crate) async fn reply(world: &World, who: usize, id: &ConversationId, text: &str) -> MessageId {
    let phone = &world.phones[who];
    let seen = phone.timeline(id).await.last_n;
    phone.client.send_reply(id, text, seen).await.expect("taken").into()
}

/// N3 and S6: the ladder climbs to read, the colleague's phone shows who wrote it.
#[tokio::test(start_paused = true)]
async fn a_reply_climbs_the_ladder() {
    let world = World::calm().await;
    let id = asked(&world, "Are you open?").await;
    reply(&world, ANA, &id, "Yes").await;
    let shown =
        until_bubble(&world, ANA, &id, "Yes", |row| row.step == LadderStep::Delivered).await;
    let steps: Vec<LadderStep> = shown.times.iter().map(|time| time.step).collect();
    assert_eq!(steps, [LadderStep::AtServer, LadderStep::Sent, LadderStep::Delivered]);
    assert!(shown.trouble.is_none() && shown.choices.is_empty());
    world.sim.customer_read(CUSTOMERS[0]).expect("read");
    until_bubble(&world, ANA, &id, "Yes", |row| row.step == LadderStep::Read).await;
    let colleague = until_bubble(&world, BEN, &id, "Yes", |row| row.step == LadderStep::Read).await;
    assert_eq!(colleague.author.kind, AuthorKind::Colleague);
    assert_eq!(colleague.author.name.as_deref(), Some("Ana"));
    assert_eq!(texts_at_customer(&world), ["Yes"]);
}

/// M1: three replies written offline go in order, once, and the queue says R1 meanwhile.
#[tokio::test(start_paused = true)]
async fn replies_written_offline_go_in_order() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let ana = &world.phones[ANA];
    ana.line.set_offline(true);
    for text in ["one", "two", "three"] {
        reply(&world, ANA, &id, text).await;
        assert_eq!(bubble(ana, &id, text).await.expect("at once").step, LadderStep::OnPhone);
    }
    world
        .until("the queue says why it waits", async || {
            ana.outbox().await.pause.filter(|pause| pause.reason == Reason::NoNetwork)
        })
        .await;
    let outbox = ana.outbox().await;
    assert_eq!((outbox.total, outbox.needs_me), (3, 0));
    assert!(outbox.rows.iter().all(|row| row.choices.contains(&Choice::TryNow)));
    assert_eq!(ana.inbox().await.rows[0].unsent.waiting, 3);
    ana.line.set_offline(false);
    until_bubble(&world, ANA, &id, "three", |row| row.step == LadderStep::Delivered).await;
    assert_eq!(texts_at_customer(&world), ["one", "two", "three"]);
    assert_eq!(ana.outbox().await.total, 0);
}

/// F2, F3: the answer is lost after the server took it; the same command goes again and is done once.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_doubles_nothing() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let lossy = fieldline_harness::memory::PhoneFaults { lost_answer: 60, ..Default::default() };
    world.phones[ANA].line.set_faults(lossy);
    for text in ["a", "b", "c", "d"] {
        reply(&world, ANA, &id, text).await;
    }
    until_bubble(&world, ANA, &id, "d", |row| row.step >= LadderStep::Sent).await;
    assert_eq!(texts_at_customer(&world), ["a", "b", "c", "d"]);
    let lost = world.journal.counts().get("lost_answer").copied().unwrap_or(0);
    assert!(lost > 0, "the fault must have happened");
}

/// N2 on the phone: the owner answered while the reply waited offline.
#[tokio::test(start_paused = true)]
async fn the_owner_answered_meanwhile() {
    let world = World::calm().await;
    let id = asked(&world, "How much?").await;
    world.phones[ANA].line.set_offline(true);
    reply(&world, ANA, &id, "Ten").await;
    reply(&world, ANA, &id, "Euros").await;
    world.sim.owner(&OwnerMessage::text(CUSTOMERS[0], "Twelve")).expect("the owner writes");
    until_bubble(&world, BEN, &id, "Twelve", |row| row.author.kind == AuthorKind::OwnerApp).await;
    world.phones[ANA].line.set_offline(false);
    let held = until_bubble(&world, ANA, &id, "Ten", |row| {
        row.trouble.is_some()
            && row.step == LadderStep::OnPhone
            && reason(row) == Some(Reason::AnsweredMeanwhile)
    })
    .await;
    let trouble = held.trouble.expect("held");
    assert_eq!(trouble.by.map(|by| by.kind), Some(AuthorKind::OwnerApp));
    assert_eq!(trouble.answer.as_deref(), Some("Twelve"));
    assert_eq!(held.choices, [Choice::SendAnyway, Choice::Edit, Choice::Discard, Choice::LetPass]);
    assert_eq!(texts_at_customer(&world), Vec::<String>::new());
    let ana = &world.phones[ANA];
    assert_eq!(ana.inbox().await.rows[0].unsent.needs_me, 2, "both were written before the answer");
    let seen = ana.timeline(&id).await.last_n;
    ana.client.send_anyway(&held.key, seen).await.expect("a yes");
    until_bubble(&world, ANA, &id, "Ten", |row| row.step >= LadderStep::Sent).await;
    let second = bubble(ana, &id, "Euros").await.expect("still here");
    assert_eq!(ana.client.discard(&second.key).await, Ok(Discarded::Removed));
    assert_eq!(texts_at_customer(&world), ["Ten"]);
}

/// N2 at the platform: a colleague's answer was not on this phone yet when the reply left it.
#[tokio::test(start_paused = true)]
async fn a_colleague_answered_first() {
    let world = World::calm().await;
    let id = asked(&world, "Who comes?").await;
    let seen = world.phones[BEN].timeline(&id).await.last_n;
    reply(&world, ANA, &id, "Me").await;
    until_bubble(&world, BEN, &id, "Me", |row| row.step >= LadderStep::Sent).await;
    // Ben had looked before Ana's answer came.
    world.phones[BEN].client.send_reply(&id, "I do", seen).await.expect("taken");
    let held = until_bubble(&world, BEN, &id, "I do", |row| {
        reason(row) == Some(Reason::AnsweredMeanwhile)
    })
    .await;
    assert_eq!(held.trouble.expect("held").by.and_then(|by| by.name).as_deref(), Some("Ana"));
    assert_eq!(texts_at_customer(&world), ["Me"]);
}

/// One's own messages from the same phone are no reason to ask.
#[tokio::test(start_paused = true)]
async fn own_replies_do_not_hold_each_other() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let seen = world.phones[ANA].timeline(&id).await.last_n;
    for text in ["one", "two"] {
        world.phones[ANA].client.send_reply(&id, text, seen).await.expect("taken");
        until_bubble(&world, ANA, &id, text, |row| row.step >= LadderStep::Sent).await;
    }
    assert_eq!(texts_at_customer(&world), ["one", "two"]);
}

/// N1, M5: the window closes in front of a waiting reply, offline; it never goes out by itself afterwards.
#[tokio::test(start_paused = true)]
async fn the_window_closes_in_front_of_a_reply() {
    let world = World::calm().await;
    let id = asked_before(&world, "Hello", 24 * 3_600_000 - 30_000).await;
    let ana = &world.phones[ANA];
    assert!(
        matches!(ana.timeline(&id).await.window, WindowState::Open { left_ms, .. } if left_ms <= 30_000)
    );
    ana.line.set_offline(true);
    reply(&world, ANA, &id, "Too late").await;
    let held =
        until_bubble(&world, ANA, &id, "Too late", |row| reason(row) == Some(Reason::WindowClosed))
            .await;
    assert!(held.trouble.as_ref().is_some_and(|trouble| trouble.closed_at.is_some()));
    assert_eq!(held.choices, [Choice::Edit, Choice::Discard]);
    assert!(matches!(ana.timeline(&id).await.window, WindowState::Closed { closed_at: Some(_) }));
    ana.line.set_offline(false);
    // The customer writes again: now the person may say yes.
    asked(&world, "Are you there?").await;
    let asked_again =
        until_bubble(&world, ANA, &id, "Too late", |row| row.choices.contains(&Choice::SendAnyway))
            .await;
    assert!(asked_again.customer_wrote_since);
    assert_eq!(texts_at_customer(&world), Vec::<String>::new());
    let seen = ana.timeline(&id).await.last_n;
    ana.client.send_anyway(&asked_again.key, seen).await.expect("a yes");
    until_bubble(&world, ANA, &id, "Too late", |row| row.step >= LadderStep::Sent).await;
    assert_eq!(texts_at_customer(&world), ["Too late"]);
}

/// R14: no answer from WhatsApp, nothing ever comes; asked after two minutes, and later ones went on.
#[tokio::test(start_paused = true)]
async fn nobody_knows_whether_it_went_out() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    next_send(&world, SendFault::LostRequest, 1);
    reply(&world, ANA, &id, "first").await;
    let unknown =
        until_bubble(&world, ANA, &id, "first", |row| reason(row) == Some(Reason::UnknownOutcome))
            .await;
    reply(&world, ANA, &id, "second").await;
    let waits =
        until_bubble(&world, ANA, &id, "second", |row| reason(row) == Some(Reason::BehindEarlier))
            .await;
    assert_eq!(waits.step, LadderStep::AtServer);
    until_bubble(&world, ANA, &id, "second", |row| row.step >= LadderStep::Sent).await;
    assert_eq!(texts_at_customer(&world), ["second"], "never resent by itself");
    let still = bubble(&world.phones[ANA], &id, "first").await.expect("still asked about");
    assert_eq!(still.choices, [Choice::ItArrived, Choice::SendAgain]);
    assert_eq!(world.phones[ANA].outbox().await.needs_me, 1);
    let ana = &world.phones[ANA];
    let seen = ana.timeline(&id).await.last_n;
    ana.client
        .settle(&unknown.key, Settlement::SendAgain { seen_n: seen })
        .await
        .expect("a decision");
    world
        .until("the copy came", async || (texts_at_customer(&world).len() == 2).then_some(()))
        .await;
    assert_eq!(texts_at_customer(&world), ["second", "first"]);
}

/// A2: the answer was cut after the message went out; the status settles it without a second call.
#[tokio::test(start_paused = true)]
async fn a_status_settles_an_unknown_outcome() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    next_send(&world, SendFault::LostAnswer, 1);
    reply(&world, ANA, &id, "once").await;
    let done =
        until_bubble(&world, ANA, &id, "once", |row| row.step == LadderStep::Delivered).await;
    assert!(done.trouble.is_none());
    assert_eq!(texts_at_customer(&world), ["once"]);
    let calls = world.sim.log().calls;
    assert_eq!(calls.iter().filter(|call| call.body.get("type").is_some()).count(), 1);
}

/// R6 goes by itself, R16 does not and names its number.
#[tokio::test(start_paused = true)]
async fn busy_goes_by_itself_and_refused_does_not() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    next_send(&world, SendFault::Error(130_429), 1);
    reply(&world, ANA, &id, "slow").await;
    let busy =
        until_bubble(&world, ANA, &id, "slow", |row| reason(row) == Some(Reason::WhatsAppBusy))
            .await;
    assert!(busy.trouble.is_some_and(|trouble| trouble.next_try.is_some()));
    until_bubble(&world, ANA, &id, "slow", |row| row.step >= LadderStep::Sent).await;
    next_send(&world, SendFault::Error(131_051), 1);
    reply(&world, ANA, &id, "never").await;
    let refused =
        until_bubble(&world, ANA, &id, "never", |row| reason(row) == Some(Reason::Refused)).await;
    let trouble = refused.trouble.expect("refused");
    assert_eq!((trouble.whatsapp_code, trouble.is_final), (Some(131_051), true));
    assert_eq!(refused.choices, [Choice::Edit]);
    // What stopped for good holds nothing.
    reply(&world, ANA, &id, "next").await;
    until_bubble(&world, ANA, &id, "next", |row| row.step >= LadderStep::Sent).await;
    assert_eq!(texts_at_customer(&world), ["slow", "next"]);
    let seen = world.phones[ANA].timeline(&id).await.last_n;
    world.phones[ANA].client.edit(&refused.key, "rewritten", seen).await.expect("edited");
    until_bubble(&world, ANA, &id, "rewritten", |row| row.step >= LadderStep::Sent).await;
}

/// Withdraw: on the phone at once, at the server by asking, at WhatsApp too late.
#[tokio::test(start_paused = true)]
async fn taking_a_reply_back() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let ana = &world.phones[ANA];
    ana.line.set_offline(true);
    let kept = reply(&world, ANA, &id, "kept here").await;
    assert_eq!(ana.client.withdraw(&kept).await, Ok(Withdrawal::Removed));
    assert_eq!(bubble(ana, &id, "kept here").await, None);
    ana.line.set_offline(false);
    next_send(&world, SendFault::Error(131_016), 50);
    let waiting = reply(&world, ANA, &id, "at the server").await;
    until_bubble(&world, ANA, &id, "at the server", |row| {
        row.step == LadderStep::AtServer && reason(row) == Some(Reason::WhatsAppBusy)
    })
    .await;
    assert_eq!(ana.client.discard(&waiting).await, Ok(Discarded::AlreadySent));
    assert_eq!(ana.client.withdraw(&waiting).await, Ok(Withdrawal::Asked));
    let gone =
        world.until("it was taken back", async || {
            ana.timeline(&id).await.rows.into_iter().find(|row| {
                row.key == waiting && row.body == (Body::Deleted { by: AuthorKind::Me })
            })
        });
    assert!(gone.await.choices.is_empty());
    next_send(&world, SendFault::Ok, 1);
    let out = reply(&world, ANA, &id, "out").await;
    until_bubble(&world, ANA, &id, "out", |row| row.step >= LadderStep::Sent).await;
    let late = Err(Error::Refused { code: "too_late".into() });
    assert_eq!(ana.client.withdraw(&out).await, late);
    assert_eq!(texts_at_customer(&world), ["out"]);
}

/// Edit of what waits at the server: withdrawn first, and only then the new text goes.
#[tokio::test(start_paused = true)]
async fn editing_what_waits_at_the_server() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    next_send(&world, SendFault::Error(131_016), 1);
    let old = reply(&world, ANA, &id, "tomorow").await;
    until_bubble(&world, ANA, &id, "tomorow", |row| {
        row.step == LadderStep::AtServer && row.trouble.is_some()
    })
    .await;
    let ana = &world.phones[ANA];
    let seen = ana.timeline(&id).await.last_n;
    ana.client.edit(&old, "tomorrow", seen).await.expect("edited");
    until_bubble(&world, ANA, &id, "tomorrow", |row| row.step >= LadderStep::Sent).await;
    assert_eq!(texts_at_customer(&world), ["tomorrow"]);
    assert_eq!(ana.outbox().await.total, 0);
}

/// A held one holds what comes after it (R4), until the person lets that pass.
#[tokio::test(start_paused = true)]
async fn later_replies_wait_until_let_pass() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    world.phones[ANA].line.set_offline(true);
    reply(&world, ANA, &id, "old view").await;
    world.sim.owner(&OwnerMessage::text(CUSTOMERS[0], "Mine")).expect("the owner writes");
    until_bubble(&world, BEN, &id, "Mine", |_| true).await;
    world.phones[ANA].line.set_offline(false);
    let held = until_bubble(&world, ANA, &id, "old view", |row| {
        reason(row) == Some(Reason::AnsweredMeanwhile)
    })
    .await;
    reply(&world, ANA, &id, "new view").await;
    let behind = until_bubble(&world, ANA, &id, "new view", |row| {
        reason(row) == Some(Reason::BehindEarlier)
    })
    .await;
    assert_eq!(behind.step, LadderStep::OnPhone);
    world.phones[ANA].client.let_pass(&held.key).await.expect("let pass");
    until_bubble(&world, ANA, &id, "new view", |row| row.step >= LadderStep::Sent).await;
    assert_eq!(
        reason(&bubble(&world.phones[ANA], &id, "old view").await.expect("held")),
        Some(Reason::AnsweredMeanwhile)
    );
    assert_eq!(texts_at_customer(&world), ["new view"]);
}

/// Bad input is refused before anything is queued.
#[tokio::test(start_paused = true)]
async fn bad_input_is_refused() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let client = &world.phones[ANA].client;
    let invalid = Error::Invalid { field: "text".into(), limit: 4_096 };
    for text in ["", "  \n ", &"x".repeat(4_097)] {
        assert_eq!(client.send_reply(&id, text, 1).await, Err(invalid.clone()));
    }
    let elsewhere = ConversationId("nowhere".into());
    assert_eq!(client.send_reply(&elsewhere, "hi", 0).await, Err(Error::NotFound));
    assert_eq!(client.discard(&MessageId("nothing".into())).await, Err(Error::NotFound));
    assert_eq!(client.withdraw(&MessageId("nothing".into())).await, Err(Error::NotFound));
    assert_eq!(world.phones[ANA].outbox().await.total, 0);
    client.send_reply(&id, &"語".repeat(4_096), 1).await.expect("the limit itself");
    world
        .until("the longest text came", async || {
            (texts_at_customer(&world).len() == 1).then_some(())
        })
        .await;
}

/// Unread belongs to the conversation: a member's look clears it everywhere, at once on the own phone, also offline.
#[tokio::test(start_paused = true)]
async fn reading_clears_unread_everywhere() {
    let world = World::calm().await;
    let id = asked(&world, "one").await;
    asked(&world, "two").await;
    let unread = async |who: usize| world.phones[who].inbox().await.rows[0].unread;
    assert_eq!((unread(ANA).await, unread(BEN).await), (2, 2));
    world.phones[ANA].line.set_offline(true);
    world.phones[ANA].client.mark_read(&id, 2).await.expect("read");
    assert_eq!((unread(ANA).await, unread(BEN).await), (0, 2));
    world.phones[ANA].line.set_offline(false);
    world.until("the colleague's list", async || (unread(BEN).await == 0).then_some(())).await;
}

/// The owner's phone shows what the team wrote; what the owner types starts no ladder.
#[tokio::test(start_paused = true)]
async fn three_surfaces_show_one_conversation() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    reply(&world, ANA, &id, "From Ana").await;
    until_bubble(&world, ANA, &id, "From Ana", |row| row.step >= LadderStep::Sent).await;
    world.sim.owner(&OwnerMessage::text(CUSTOMERS[0], "From the shop")).expect("the owner writes");
    let owner = until_bubble(&world, BEN, &id, "From the shop", |_| true).await;
    assert_eq!((owner.step, owner.author.kind), (LadderStep::None, AuthorKind::OwnerApp));
    let chats = world.sim.chats();
    let shown: Vec<&str> =
        chats.owner[0].messages.iter().filter_map(|m| m.text.as_deref()).collect();
    assert_eq!(shown, ["Hello", "From Ana", "From the shop"]);
}

/// A quote travels as an id, survives an edit on the phone, and reaches WhatsApp as its context.
#[tokio::test(start_paused = true)]
async fn a_quote_goes_along() {
    let world = World::calm().await;
    let id = asked(&world, "Which size?").await;
    let ana = &world.phones[ANA];
    let question = bubble(ana, &id, "Which size?").await.expect("asked").key;
    ana.line.set_offline(true);
    let kept = ana.client.quote_reply(&id, &question, "Large", 1).await.expect("taken");
    assert_eq!(bubble(ana, &id, "Large").await.expect("shown").reply_to, Some(question.clone()));
    ana.client.edit(&kept.into(), "Medium", 1).await.expect("edited");
    ana.line.set_offline(false);
    let sent = until_bubble(&world, BEN, &id, "Medium", |row| row.step >= LadderStep::Sent).await;
    assert_eq!(sent.reply_to, Some(question));
    let chats = world.sim.chats();
    let asked = chats.customers[0].messages.iter().find(|m| m.callback_data.is_none());
    let shown = at_customer(&world);
    assert_eq!(shown[0].reply_to, asked.map(|message| message.wamid.clone()));
    let elsewhere = MessageId("not here".into());
    assert_eq!(ana.client.quote_reply(&id, &elsewhere, "x", 1).await, Err(Error::NotFound));
}

/// An edited reply that was held after its original had been taken back goes on a yes, and is edited again.
#[tokio::test(start_paused = true)]
async fn a_yes_to_an_edited_reply_sends_it() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    next_send(&world, SendFault::Error(131_016), 50);
    let old = reply(&world, ANA, &id, "tomorow").await;
    until_bubble(&world, ANA, &id, "tomorow", |row| {
        row.step == LadderStep::AtServer && row.trouble.is_some()
    })
    .await;
    let ana = &world.phones[ANA];
    ana.line.set_offline(true);
    let seen = ana.timeline(&id).await.last_n;
    ana.client.edit(&old, "tomorrow", seen).await.expect("edited");
    world.sim.owner(&OwnerMessage::text(CUSTOMERS[0], "Mine")).expect("the owner writes");
    until_bubble(&world, BEN, &id, "Mine", |_| true).await;
    ana.line.set_offline(false);
    let held = until_bubble(&world, ANA, &id, "tomorrow", |row| {
        reason(row) == Some(Reason::AnsweredMeanwhile)
    })
    .await;
    next_send(&world, SendFault::Ok, 1);
    let seen = ana.timeline(&id).await.last_n;
    ana.client.send_anyway(&held.key, seen).await.expect("a yes");
    until_bubble(&world, ANA, &id, "tomorrow", |row| row.step >= LadderStep::Sent).await;
    assert_eq!(texts_at_customer(&world), ["tomorrow"]);
}

/// Two edits of one reply at the server are one reply with the newer text.
#[tokio::test(start_paused = true)]
async fn editing_twice_sends_once() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    next_send(&world, SendFault::Error(131_016), 1);
    let old = reply(&world, ANA, &id, "one").await;
    until_bubble(&world, ANA, &id, "one", |row| {
        row.step == LadderStep::AtServer && row.trouble.is_some()
    })
    .await;
    let ana = &world.phones[ANA];
    let seen = ana.timeline(&id).await.last_n;
    ana.line.set_offline(true);
    ana.client.edit(&old, "two", seen).await.expect("edited");
    ana.client.edit(&old, "three", seen).await.expect("edited again");
    ana.line.set_offline(false);
    until_bubble(&world, ANA, &id, "three", |row| row.step >= LadderStep::Sent).await;
    tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    assert_eq!(texts_at_customer(&world), ["three"]);
}

/// A5: the message may come before the answer of its command: it is one row all the time, also among the unsent work.
#[tokio::test(start_paused = true)]
async fn a_reply_is_one_row_before_its_answer_comes() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    next_send(&world, SendFault::Error(131_016), 50);
    let ana = &world.phones[ANA];
    let lossy = fieldline_harness::memory::PhoneFaults { lost_answer: 60, ..Default::default() };
    ana.line.set_faults(lossy);
    for n in 0..10 {
        reply(&world, ANA, &id, &format!("reply {n}")).await;
        for _ in 0..100 {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            let rows = ana.outbox().await.rows;
            let mut keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), rows.len(), "{rows:?}");
        }
    }
}

/// The list counts my own decisions; a colleague's held reply asks the colleague.
#[tokio::test(start_paused = true)]
async fn a_colleagues_decision_is_not_mine() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    next_send(&world, SendFault::LostRequest, 1);
    reply(&world, ANA, &id, "first").await;
    let asks = |row: &TimelineRow| reason(row) == Some(Reason::UnknownOutcome);
    until_bubble(&world, ANA, &id, "first", asks).await;
    until_bubble(&world, BEN, &id, "first", asks).await;
    let (ana, ben) = (&world.phones[ANA], &world.phones[BEN]);
    assert_eq!((ana.inbox().await.rows[0].unsent.needs_me, ana.outbox().await.needs_me), (1, 1));
    assert_eq!((ben.inbox().await.rows[0].unsent.needs_me, ben.outbox().await.needs_me), (0, 0));
}

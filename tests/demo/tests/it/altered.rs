//! A good day as it was recorded from the real programs (`cargo demo -- --record tests/demo/tests/it/good_day.json`), with what one
//! surface says altered.

use std::collections::BTreeSet;

use fieldline_demo::cast::{self, ANA, BEN, CARLA, Customer};
use fieldline_demo::claims::{CLAIMS, judge};
use fieldline_demo::facts::{self, Facts, text_of};
use fieldline_demo::phone::{Bubble, Reason};
use fieldline_harness::relay::Counts;
use fieldline_whatsapp_sim::{Author, CallAnswer, CallEntry, Cut, ShownMessage};
use serde_json::json;

fn good_day() -> Facts {
    serde_json::from_str(include_str!("good_day.json"))
        .expect("the record is of another version: record a day anew")
}

fn broken(facts: &Facts) -> Vec<&'static str> {
    judge(facts).into_iter().filter(|j| j.outcome.is_err()).map(|judged| judged.id).collect()
}

fn customer(facts: &mut Facts, who: Customer) -> &mut Vec<ShownMessage> {
    let chat = facts.chats.customers.iter_mut().find(|chat| chat.wa_id == who.wa_id);
    &mut chat.unwrap().messages
}

fn owner(facts: &mut Facts, who: Customer) -> &mut Vec<ShownMessage> {
    let chat = facts.chats.owner.iter_mut().find(|chat| chat.wa_id == who.wa_id);
    &mut chat.unwrap().messages
}

fn bubbles<'f>(facts: &'f mut Facts, employee: &str, who: Customer) -> &'f mut Vec<Bubble> {
    let phone = facts.phones.get_mut(employee).unwrap();
    &mut phone.chats.iter_mut().find(|chat| chat.name == who.name).unwrap().bubbles
}

fn moment<'f>(facts: &'f mut Facts, name: &str) -> &'f mut facts::Moment {
    facts.moments.get_mut(name).unwrap()
}

fn call<'f>(facts: &'f mut Facts, text: &str) -> &'f mut CallEntry {
    facts.log.calls.iter_mut().find(|call| text_of(call) == Some(text)).unwrap()
}

/// A second copy with another id of ours: what a phone that resends under a fresh id would do.
fn send_again(facts: &mut Facts, text: &str) {
    let mut copy = call(facts, text).clone();
    copy.body["biz_opaque_callback_data"] = json!("another");
    facts.log.calls.push(copy);
}

const FIRST: &str = cast::MARIA_TO_ANA[0];

type Break = (&'static str, &'static str, fn(&mut Facts));

/// Claim, what is broken, how.
const BREAKS: &[Break] = &[
    ("customer-on-every-phone", "a webhook never came", |f| {
        bubbles(f, cast::TOM, BEN).retain(|bubble| bubble.text != cast::BEN_AGAIN);
    }),
    ("customer-on-every-phone", "a webhook counted twice", |f| {
        let all = bubbles(f, cast::MARIA, ANA);
        all.push(all.iter().find(|bubble| bubble.text == cast::ANA_ASKS).unwrap().clone());
    }),
    ("customer-on-every-phone", "nobody wrote", |f| customer(f, CARLA).clear()),
    ("owner-on-every-phone", "an echo was dropped", |f| {
        bubbles(f, cast::MARIA, BEN).retain(|bubble| bubble.text != cast::OWNER_MEANWHILE);
    }),
    ("owner-on-every-phone", "an echo shown as a colleague's", |f| {
        let all = bubbles(f, cast::TOM, BEN);
        let echo = all.iter_mut().find(|bubble| bubble.text == cast::OWNER_TO_BEN).unwrap();
        echo.author = "colleague".into();
    }),
    ("kept-offline", "a reply was forgotten", |f| {
        moment(f, facts::OFFLINE).phone.outbox.retain(|waiting| waiting.text != FIRST);
    }),
    ("kept-offline", "the order was lost", |f| {
        moment(f, facts::OFFLINE).phone.outbox.reverse();
    }),
    ("kept-offline", "no reason", |f| moment(f, facts::OFFLINE).phone.pause = None),
    ("kept-offline", "the network was never gone", |f| {
        let calls = f.log.calls.clone();
        moment(f, facts::OFFLINE).calls = calls;
    }),
    ("survives-kill", "a reply died with the process", |f| {
        moment(f, facts::REOPENED).phone.outbox.pop();
    }),
    ("survives-kill", "a reply came back under another id", |f| {
        moment(f, facts::REOPENED).phone.outbox.iter_mut().for_each(|w| w.id = "another".into());
    }),
    ("survives-kill", "nobody was killed", |f| moment(f, facts::REOPENED).signal = None),
    ("survives-kill", "the same process", |f| {
        let pid = moment(f, facts::OFFLINE).phone.pid;
        moment(f, facts::REOPENED).phone.pid = pid;
    }),
    ("phone-asks-again", "no answer was lost", |f| f.relay.answers_lost = 0),
    ("phone-asks-again", "the phone did not ask again", |f| {
        f.relay.commands.values_mut().for_each(|times| *times = 1);
    }),
    ("phone-asks-again", "it asked again under fresh ids", |f| {
        f.relay = Counts { answers_lost: 1, ..Counts::default() };
    }),
    ("phone-asks-again", "the platform took a reply in twice", |f| {
        let copy =
            f.platform.messages.iter().find(|message| message.text == FIRST).unwrap().clone();
        f.platform.messages.push(copy);
    }),
    ("phone-asks-again", "the platform forgot the outcome", |f| f.platform.commands.clear()),
    ("unknown-is-said", "no answer was lost", |f| {
        call(f, FIRST).answer = CallAnswer::Answered { status: 200, body: json!({}) };
    }),
    ("unknown-is-said", "the phone said nothing", |f| {
        moment(f, facts::UNKNOWN).phone.chats.iter_mut().for_each(|chat| {
            chat.bubbles.iter_mut().for_each(|bubble| bubble.trouble = None);
        });
    }),
    ("unknown-is-said", "a later reply overtook", |f| {
        let calls = f.log.calls.clone();
        moment(f, facts::UNKNOWN).calls = calls;
    }),
    ("status-settles", "the status was withheld", |f| {
        f.log.webhooks.retain(|hook| !hook.body.to_string().contains("statuses"));
    }),
    ("status-settles", "it was sent a second time", |f| send_again(f, FIRST)),
    ("status-settles", "it stayed unknown", |f| {
        let mut messages = f.platform.messages.iter_mut();
        messages.find(|message| message.text == FIRST).unwrap().trouble = Some("R14".into());
    }),
    ("each-reply-once", "delivered twice", |f| {
        let reply =
            customer(f, ANA).iter_mut().find(|message| message.text.as_deref() == Some(FIRST));
        reply.unwrap().deliveries = 2;
    }),
    ("each-reply-once", "sent again under a fresh id", |f| {
        send_again(f, cast::TOM_TO_ANA);
        let copy = customer(f, ANA).last().unwrap().clone();
        customer(f, ANA).push(ShownMessage { wamid: "another".into(), ..copy });
    }),
    ("each-reply-once", "never delivered", |f| {
        customer(f, BEN).retain(|message| message.text.as_deref() != Some(cast::MARIA_TO_BEN));
    }),
    ("each-reply-once", "a stray call", |f| {
        let mut stray = call(f, FIRST).clone();
        stray.body["text"]["body"] = json!("something else");
        f.log.calls.push(stray);
    }),
    ("in-written-order", "two replies changed places", |f| {
        let chat = customer(f, ANA);
        let place = |text: &str| chat.iter().position(|m| m.text.as_deref() == Some(text)).unwrap();
        let (a, b) = (place(FIRST), place(cast::MARIA_TO_ANA[1]));
        chat.swap(a, b);
    }),
    ("held-when-answered", "nothing was held", |f| {
        f.moments.remove(facts::HELD);
    }),
    ("held-when-answered", "the answer is not shown", |f| {
        for waiting in &mut moment(f, facts::HELD).phone.outbox {
            if let Some(Reason { answer, .. }) = &mut waiting.trouble {
                *answer = None;
            }
        }
    }),
    ("held-when-answered", "it went out before the yes", |f| {
        let calls = f.log.calls.clone();
        moment(f, facts::HELD).calls = calls;
    }),
    ("goes-on-yes", "the yes was lost", |f| {
        customer(f, BEN).retain(|message| message.text.as_deref() != Some(cast::MARIA_TO_BEN));
    }),
    ("goes-on-yes", "it came before the owner's answer", |f| customer(f, BEN).reverse()),
    ("goes-on-yes", "the held one still stands there", |f| {
        let all = bubbles(f, cast::MARIA, BEN);
        all.push(all.last().unwrap().clone());
    }),
    ("stops-at-window", "it went out after all", |f| {
        let mut late = call(f, FIRST).clone();
        late.body["text"]["body"] = json!(cast::MARIA_TO_CARLA);
        f.log.calls.push(late);
    }),
    ("stops-at-window", "it was thrown away", |f| {
        f.phones.get_mut(cast::MARIA).unwrap().outbox.clear();
    }),
    ("stops-at-window", "it says something else", |f| {
        for waiting in &mut f.phones.get_mut(cast::MARIA).unwrap().outbox {
            waiting.trouble = Some(Reason { id: "R16".into(), ..Reason::default() });
        }
    }),
    ("nothing-after-window", "a call two days late", |f| call(f, FIRST).at += 172_800_000),
    ("nothing-after-window", "WhatsApp refused a call", |f| {
        call(f, cast::TOM_TO_ANA).answer =
            CallAnswer::Answered { status: 400, body: json!({"error": {"code": 131_047}}) };
    }),
    ("owner-sees-replies", "a reply is not mirrored", |f| {
        owner(f, ANA).retain(|message| message.text.as_deref() != Some(FIRST));
    }),
    ("owner-sees-replies", "the owner sees a reply that nobody got", |f| {
        let stray = owner(f, ANA).iter().find(|m| m.author == Author::Api).unwrap().clone();
        owner(f, CARLA).push(stray);
    }),
    ("phones-agree", "a bubble is missing", |f| {
        bubbles(f, cast::TOM, ANA).pop();
    }),
    ("phones-agree", "a step is behind", |f| {
        bubbles(f, cast::TOM, ANA).last_mut().unwrap().step = "sent".into();
    }),
    ("phones-agree", "a phone is still offline", |f| {
        f.phones.get_mut(cast::TOM).unwrap().link = "no network".into();
    }),
    ("phones-agree", "the colleague has no name", |f| {
        bubbles(f, cast::MARIA, ANA).last_mut().unwrap().name = None;
    }),
    ("steps-are-true", "statuses were withheld", |f| {
        for message in customer(f, ANA) {
            message.status = None;
        }
    }),
    ("steps-are-true", "a phone claims a reading that never was", |f| {
        for message in customer(f, BEN) {
            message.status = message.status.as_ref().map(|_| "delivered".into());
        }
    }),
    ("nothing-left-over", "a reply is stuck", |f| {
        let stuck = moment(f, facts::OFFLINE).phone.outbox.clone();
        f.phones.get_mut(cast::MARIA).unwrap().outbox = stuck;
    }),
    ("nothing-left-over", "a webhook was refused", |f| {
        f.log.webhooks.last_mut().unwrap().answered = Some(401);
    }),
    ("nothing-left-over", "a webhook waits", |f| f.platform.webhooks_left = 1),
    ("logs-are-clean", "a text in a log", |f| f.leaks.push("a text in platform.log".into())),
    ("logs-are-clean", "no log was written", |f| f.logged.clear()),
    ("stays-private", "a port for everybody", |f| f.listening.push("0.0.0.0:80".into())),
    ("stays-private", "a folder for everybody", |f| {
        f.modes.insert(String::new(), 0o755);
    }),
    ("stays-private", "a secret that others can read", |f| {
        f.modes.insert("maria/secrets/refresh".into(), 0o644);
    }),
];

#[test]
fn a_good_day_keeps_every_claim() {
    let facts = good_day();
    assert!(broken(&facts).is_empty(), "{:?}", broken(&facts));
    assert!(CLAIMS.len() >= 12);
    let ids: BTreeSet<&str> = CLAIMS.iter().map(|claim| claim.id).collect();
    assert_eq!(ids.len(), CLAIMS.len());
    let lost = |call: &CallEntry| matches!(call.answer, CallAnswer::Cut { cut: Cut::Answer });
    assert_eq!(facts.log.calls.iter().filter(|call| lost(call)).count(), 1);
}

#[test]
fn each_broken_world_is_named() {
    for (claim, what, alter) in BREAKS {
        let mut facts = good_day();
        alter(&mut facts);
        assert!(broken(&facts).contains(claim), "{what}: named {:?}, not {claim}", broken(&facts));
    }
}

#[test]
fn every_claim_is_broken_once() {
    for claim in &CLAIMS {
        assert!(BREAKS.iter().any(|(id, ..)| *id == claim.id), "nothing breaks {}", claim.id);
    }
}

#[test]
fn without_any_facts_no_claim_holds() {
    assert_eq!(broken(&Facts::default()).len(), CLAIMS.len());
}

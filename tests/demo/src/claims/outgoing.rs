//! Claims about replies on their way to customers.

use fieldline_whatsapp_sim::{Author, CallAnswer, CallEntry, Cut, ShownMessage, WINDOW_MS};
use serde_json::Value;

use super::{Judgement, must, told};
use crate::cast::{self, ANA, BEN, Customer};
use crate::facts::{self, Facts, text_of};
use crate::phone::rank;

/// The replies that have to arrive; the last of the cast's is the one that stops.
fn to_arrive() -> Vec<(Customer, &'static str)> {
    cast::replies().into_iter().filter(|(_, text)| *text != cast::MARIA_TO_CARLA).collect()
}

fn is_lost(call: &CallEntry) -> bool {
    matches!(call.answer, CallAnswer::Cut { cut: Cut::Answer })
}

fn lost(facts: &Facts) -> Result<(&CallEntry, &str), String> {
    let call = facts.log.calls.iter().find(|call| is_lost(call));
    let call = call.ok_or("no answer was lost before the platform")?;
    Ok((call, text_of(call).ok_or("the call had no text")?))
}

pub(super) fn unknown_is_said(facts: &Facts) -> Judgement {
    let (_, text) = lost(facts)?;
    let moment = facts.moments.get(facts::UNKNOWN).ok_or("the phone never said so")?;
    let shown = moment.phone.bubble(ANA.name, text).and_then(|bubble| bubble.reason());
    must(shown == Some("R14"), format!("the phone shows {}", shown.unwrap_or("no reason")))?;
    let mut behind = cast::MARIA_TO_ANA.iter().skip_while(|held| **held != text).skip(1).peekable();
    must(behind.peek().is_some(), "no reply stood behind it")?;
    let mut count = 0;
    for text in behind {
        let bubble = moment.phone.bubble(ANA.name, text);
        let reason = bubble.and_then(|bubble| bubble.reason());
        must(reason == Some("R4"), format!("\"{text}\" does not say that it waits"))?;
        let early = facts::calls_with(&moment.calls, text).len();
        must(early == 0, format!("\"{text}\" overtook it"))?;
        count += 1;
    }
    Ok(format!("R14, {count} behind it with R4"))
}

pub(super) fn status_settles(facts: &Facts) -> Judgement {
    let (call, text) = lost(facts)?;
    let calls = facts.calls(text).len();
    must(calls == 1, format!("{calls} calls"))?;
    let ours = call.body.get("biz_opaque_callback_data").and_then(Value::as_str);
    let ours = ours.ok_or("the call carried no id of ours")?;
    let news = facts.log.webhooks.iter().filter(|hook| {
        let statuses = hook.body.pointer("/entry/0/changes/0/value/statuses");
        let statuses = statuses.and_then(Value::as_array).into_iter().flatten();
        let mut ids = statuses.filter_map(|status| status.get("biz_opaque_callback_data"));
        hook.answered == Some(200) && ids.any(|id| id.as_str() == Some(ours))
    });
    let news = news.count();
    must(news > 0, "WhatsApp reported no status")?;
    let message = facts.platform.messages.iter().find(|message| message.id == ours);
    let message = message.ok_or("the platform does not know the message")?;
    must(message.wamid.is_some(), "the platform never learned WhatsApp's id")?;
    must(message.trouble.is_none(), "it is still in trouble")?;
    must(rank(&message.step) >= rank("sent"), format!("it is only {}", message.step))?;
    let attempts = message.attempts.unwrap_or_default();
    must(attempts == 1, format!("{attempts} attempts"))?;
    Ok(format!("1 call, {news} statuses"))
}

pub(super) fn each_reply_once(facts: &Facts) -> Judgement {
    for (customer, text) in to_arrive() {
        let calls = facts.calls(text).len();
        must(calls == 1, format!("\"{text}\" went out in {calls} calls"))?;
        let copies: Vec<&ShownMessage> = facts
            .customer(customer)
            .map(|chat| chat.messages.iter().filter(|m| m.text.as_deref() == Some(text)).collect())
            .unwrap_or_default();
        let times: u32 = copies.iter().map(|message| message.deliveries).sum();
        let wrong = format!("{} got \"{text}\" {times} times", customer.name);
        must(copies.len() == 1 && times == 1, wrong)?;
    }
    let all = facts.log.calls.iter().filter(|call| text_of(call).is_some()).count();
    must(all == to_arrive().len(), format!("{all} calls for {} replies", to_arrive().len()))?;
    told(all, "replies")
}

pub(super) fn in_written_order(facts: &Facts) -> Judgement {
    let chat = facts.customer(ANA).ok_or("no chat")?;
    let texts: Vec<&str> = chat
        .messages
        .iter()
        .filter(|message| message.author == Author::Api)
        .filter_map(|message| message.text.as_deref())
        .filter(|text| cast::MARIA_TO_ANA.contains(text))
        .collect();
    let wrong =
        format!("{} sees {} of the three replies, or in another order", ANA.name, texts.len());
    must(texts == cast::MARIA_TO_ANA, wrong)?;
    Ok(format!("1, 2, 3 at {}", ANA.name))
}

pub(super) fn goes_on_yes(facts: &Facts) -> Judgement {
    let chat = facts.customer(BEN).ok_or("no chat")?;
    let place = |text: &str| chat.messages.iter().position(|m| m.text.as_deref() == Some(text));
    let owner = place(cast::OWNER_MEANWHILE).ok_or("the owner's answer is missing")?;
    let reply = place(cast::MARIA_TO_BEN).ok_or("the reply did not arrive")?;
    must(owner < reply, "the reply came before the owner's answer")?;
    let phone = facts.maria().ok_or("no phone")?;
    let bubbles = phone.chat(BEN.name).map_or(&[][..], |chat| &chat.bubbles);
    let shown = bubbles.iter().filter(|bubble| bubble.text == cast::MARIA_TO_BEN).count();
    must(shown == 1, format!("her phone shows it {shown} times"))?;
    Ok("once".to_owned())
}

pub(super) fn nothing_after_window(facts: &Facts) -> Judgement {
    let mut sends = 0;
    for call in &facts.log.calls {
        // The platform also asks for the number's state and its templates.
        let Some(to) = call.body.get("to").and_then(Value::as_str) else { continue };
        sends += 1;
        let to = to.trim_start_matches('+');
        let chat = facts.chats.customers.iter().find(|chat| chat.wa_id == to);
        let chat = chat.ok_or("a call to somebody who never wrote")?;
        let wrote = chat.messages.iter().filter(|m| m.author == Author::Customer);
        let open =
            wrote.map(|message| message.at).any(|at| at <= call.at && call.at < at + WINDOW_MS);
        must(open, format!("a call to {} outside the window", chat.name))?;
        if let CallAnswer::Answered { status, .. } = &call.answer {
            must(*status == 200, format!("WhatsApp answered {status}"))?;
        }
    }
    told(sends, "calls")
}

pub(super) fn steps_are_true(facts: &Facts) -> Judgement {
    let mut steps = 0;
    for (customer, text) in to_arrive() {
        let chat = facts.customer(customer).ok_or("no chat")?;
        let message = chat.messages.iter().find(|m| m.text.as_deref() == Some(text));
        let status = message.and_then(|m| m.status.as_deref());
        let status = status.ok_or_else(|| format!("WhatsApp has no status of \"{text}\""))?;
        must(rank(status) >= rank("delivered"), format!("\"{text}\" is only {status}"))?;
        for employee in [cast::MARIA, cast::TOM] {
            let phone = facts.phones.get(employee).ok_or("no phone")?;
            let step = phone.bubble(customer.name, text).map_or("not there", |bubble| &bubble.step);
            let wrong = format!("\"{text}\" is {status} at WhatsApp, {step} on {employee}'s phone");
            must(step == status, wrong)?;
            steps += 1;
        }
    }
    told(steps, "ladders")
}

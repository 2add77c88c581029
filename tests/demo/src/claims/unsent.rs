//! Claims about replies that wait: without a network, through a kill, behind a lost answer, for a person.

use super::{Judgement, must};
use crate::cast::{self, ANA, BEN, CARLA};
use crate::facts::{self, Facts, Moment, calls_with};
use crate::phone::{Screens, Waiting};

/// What Maria writes without a network, by customer.
fn written_offline() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![
        (ANA.name, cast::MARIA_TO_ANA.to_vec()),
        (BEN.name, vec![cast::MARIA_TO_BEN]),
        (CARLA.name, vec![cast::MARIA_TO_CARLA]),
    ]
}

fn moment<'f>(facts: &'f Facts, name: &str) -> Result<&'f Moment, String> {
    facts.moments.get(name).ok_or_else(|| format!("the moment \"{name}\" did not come"))
}

fn unsent<'s>(screens: &'s Screens, name: &str) -> Vec<&'s Waiting> {
    screens.unsent().filter(|waiting| waiting.name == name).collect()
}

pub(super) fn kept_offline(facts: &Facts) -> Judgement {
    let moment = moment(facts, facts::OFFLINE)?;
    let pause = moment.phone.pause.as_deref();
    must(matches!(pause, Some("R1" | "R2")), "the outbox gives no reason for its pause")?;
    let mut kept = 0;
    for (name, texts) in written_offline() {
        let shown: Vec<&str> =
            unsent(&moment.phone, name).iter().map(|waiting| waiting.text.as_str()).collect();
        must(
            shown == texts,
            format!("the outbox holds {} of {} for {name}", shown.len(), texts.len()),
        )?;
        for text in texts {
            let early = calls_with(&moment.calls, text).len();
            must(early == 0, format!("\"{text}\" was at WhatsApp already"))?;
            kept += 1;
        }
    }
    Ok(format!("{kept} kept, {}", pause.unwrap_or_default()))
}

pub(super) fn survives_kill(facts: &Facts) -> Judgement {
    let (before, after) = (moment(facts, facts::OFFLINE)?, moment(facts, facts::REOPENED)?);
    must(after.signal == Some(9), "the process was not killed")?;
    must(before.phone.pid != after.phone.pid, "it is the same process")?;
    let kept = |moment: &Moment| -> Vec<(String, String)> {
        moment.phone.unsent().map(|waiting| (waiting.id.clone(), waiting.text.clone())).collect()
    };
    let (was, is) = (kept(before), kept(after));
    must(!was.is_empty(), "nothing waited")?;
    must(was == is, format!("{} replies waited before, {} after", was.len(), is.len()))?;
    Ok(format!("{} of {}", is.len(), was.len()))
}

pub(super) fn phone_asks_again(facts: &Facts) -> Judgement {
    must(facts.relay.answers_lost > 0, "no answer was lost before the phone")?;
    let waited = &moment(facts, facts::OFFLINE)?.phone;
    let ids = unsent(waited, ANA.name);
    must(ids.len() == cast::MARIA_TO_ANA.len(), "not every reply waited")?;
    for waiting in ids {
        let (id, text) = (&waiting.id, &waiting.text);
        let went = facts.relay.commands.get(id).copied().unwrap_or_default();
        must(went > 1, format!("\"{text}\" was sent {went} times by the phone"))?;
        let taken = facts.platform.commands.iter().filter(|known| *known == id).count();
        must(taken == 1, format!("the platform keeps {taken} outcomes of \"{text}\""))?;
        let stored = facts.platform.messages.iter().filter(|m| m.text == *text).count();
        must(stored == 1, format!("the platform has \"{text}\" {stored} times"))?;
    }
    Ok(format!("{} lost", facts.relay.answers_lost))
}

pub(super) fn held_when_answered(facts: &Facts) -> Judgement {
    let moment = moment(facts, facts::HELD)?;
    let waiting = unsent(&moment.phone, BEN.name);
    let held = waiting.iter().find(|waiting| waiting.text == cast::MARIA_TO_BEN);
    let held = held.ok_or("the reply is not in the outbox")?;
    let reason = held.trouble.as_ref().ok_or("the reply has no reason")?;
    must(reason.id == "R8", format!("the reply shows {}", reason.id))?;
    must(reason.by.as_deref() == Some("owner_app"), "it does not say that the owner answered")?;
    let answer = reason.answer.as_deref();
    must(answer == Some(cast::OWNER_MEANWHILE), "the owner's answer does not stand beside it")?;
    let offered = held.choices.iter().any(|choice| choice == "send anyway");
    must(offered, "the person is not asked")?;
    let early = calls_with(&moment.calls, cast::MARIA_TO_BEN).len();
    must(early == 0, format!("{early} calls went out before the yes"))?;
    Ok("R8, by the owner".to_owned())
}

pub(super) fn stops_at_window(facts: &Facts) -> Judgement {
    let calls = facts.calls(cast::MARIA_TO_CARLA).len();
    must(calls == 0, format!("{calls} calls to WhatsApp"))?;
    let phone = facts.maria().ok_or("no phone")?;
    must(phone.chat(CARLA.name).is_some_and(|chat| chat.left_ms.is_none()), "the window is open")?;
    let waiting = unsent(phone, CARLA.name);
    let stopped = waiting.iter().find(|waiting| waiting.text == cast::MARIA_TO_CARLA);
    let stopped = stopped.ok_or("the reply is gone")?;
    let reason = stopped.trouble.as_ref().map_or("no reason", |trouble| trouble.id.as_str());
    must(reason == "R7", format!("the reply shows {reason}"))?;
    let offers = |choice: &str| stopped.choices.iter().any(|offered| offered == choice);
    must(offers("edit") && offers("discard"), "nothing is offered")?;
    must(!offers("send anyway"), "sending is offered although the window is closed")?;
    Ok("R7, 0 calls".to_owned())
}

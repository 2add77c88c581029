//! Claims about the whole: phones and platform alike, nothing left over, nothing let out.

use std::net::SocketAddr;

use super::{Judgement, must, told};
use crate::cast::{self, CARLA};
use crate::facts::Facts;
use crate::phone::{Bubble, Screens};
use crate::store::Message;

/// A message as it has to look on an employee's phone.
fn as_on_phone(message: &Message, employee: &str) -> (String, i64, String, String, String) {
    let author = match (message.author.as_str(), message.member.as_deref()) {
        ("agent", Some(member)) if member == employee => "me",
        ("agent", _) => "colleague",
        (other, _) => other,
    };
    let step = if message.step == "queued" { "at_server" } else { &message.step };
    (message.id.clone(), message.n, author.to_owned(), message.text.clone(), step.to_owned())
}

fn as_drawn(bubble: &Bubble) -> Option<(String, i64, String, String, String)> {
    let (id, author) = (bubble.id.clone(), bubble.author.clone());
    Some((id, bubble.n?, author, bubble.text.clone(), bubble.step.clone()))
}

pub(super) fn phones_agree(facts: &Facts) -> Judgement {
    let mut compared = 0;
    for employee in [cast::MARIA, cast::TOM] {
        let phone: &Screens = facts.phones.get(employee).ok_or("no phone")?;
        must(phone.link == "online", format!("{employee}'s phone is not online"))?;
        must(phone.chats.len() == cast::CUSTOMERS.len(), "not every conversation is there")?;
        for customer in cast::CUSTOMERS {
            let stored = facts.platform.messages.iter();
            let stored = stored.filter(|message| message.customer == customer.wa_id);
            let mut stored: Vec<_> = stored.map(|message| as_on_phone(message, employee)).collect();
            let chat = phone.chat(customer.name).ok_or("a conversation is missing")?;
            let mut drawn: Vec<_> = chat.bubbles.iter().filter_map(as_drawn).collect();
            stored.sort_by_key(|(_, n, ..)| *n);
            drawn.sort_by_key(|(_, n, ..)| *n);
            let wrong = format!("{employee}'s phone shows {} otherwise", customer.name);
            must(stored == drawn && !stored.is_empty(), wrong)?;
            compared += drawn.len();
        }
    }
    // A colleague's reply carries the colleague's name.
    let tom = facts.maria().and_then(|phone| phone.bubble(cast::ANA.name, cast::TOM_TO_ANA));
    let named = tom.is_some_and(|bubble| bubble.name.as_deref() == Some(cast::TOM));
    must(named, format!("{}'s phone does not name {}", cast::MARIA, cast::TOM))?;
    told(compared, "bubbles compared")
}

pub(super) fn nothing_left_over(facts: &Facts) -> Judgement {
    for (employee, phone) in &facts.phones {
        for waiting in &phone.outbox {
            let stopped = employee == cast::MARIA
                && waiting.name == CARLA.name
                && waiting.text == cast::MARIA_TO_CARLA;
            must(stopped, format!("{employee}'s phone still holds a {}", waiting.kind))?;
        }
    }
    for message in facts.platform.messages.iter().filter(|message| message.author == "agent") {
        let state = message.state.as_deref().unwrap_or("no send");
        must(state == "accepted", format!("\"{}\" is {state} at the platform", message.text))?;
    }
    let left = facts.platform.webhooks_left;
    must(left == 0, format!("{left} webhooks are not worked off"))?;
    let refused = facts.log.webhooks.iter().filter(|hook| hook.answered != Some(200)).count();
    must(refused == 0, format!("{refused} webhooks were not answered with 200"))?;
    told(facts.log.webhooks.len(), "webhooks")
}

pub(super) fn logs_are_clean(facts: &Facts) -> Judgement {
    for name in ["maria.log", "tom.log", "simulator.log"] {
        must(facts.logged.contains_key(name), format!("there is no {name}"))?;
    }
    // Healthy phones say next to nothing; a platform at its most talkative does.
    let bytes = facts.logged.get("platform.log").copied().unwrap_or_default();
    must(bytes > 0, "platform.log is empty, so it proves nothing")?;
    must(facts.leaks.is_empty(), facts.leaks.join(", "))?;
    let lines: u64 = facts.logged.values().sum();
    Ok(format!("{} kB searched", lines.div_ceil(1024)))
}

pub(super) fn stays_private(facts: &Facts) -> Judgement {
    must(!facts.listening.is_empty(), "nothing listens")?;
    for addr in &facts.listening {
        let local = addr.parse::<SocketAddr>().is_ok_and(|addr| addr.ip().is_loopback());
        must(local, format!("{addr} can be reached from outside"))?;
    }
    must(facts.modes.get("") == Some(&0o700), "the demo's folder is not the user's alone")?;
    for (path, mode) in &facts.modes {
        must(mode | 0o700 == 0o700, format!("{path} has mode {mode:o}"))?;
    }
    let secrets = facts.modes.keys().filter(|path| path.contains("secrets/")).count();
    must(secrets > 0, "no phone keeps a secret")?;
    Ok(format!("{} addresses, {secrets} secrets", facts.listening.len()))
}

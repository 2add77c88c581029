//! Claims about what people write on their own phones.

use fieldline_whatsapp_sim::Author;

use super::{Judgement, must, told};
use crate::cast::{self, BEN};
use crate::facts::Facts;

pub(super) fn customer_on_every_phone(facts: &Facts) -> Judgement {
    for (customer, text) in cast::questions() {
        let name = customer.name;
        let wrote = facts.customer(customer).is_some_and(|chat| {
            let texts = chat.messages.iter().filter(|m| m.author == Author::Customer);
            texts.filter(|m| m.text.as_deref() == Some(text)).count() == 1
        });
        must(wrote, format!("{name} did not write \"{text}\" once"))?;
        let at_owner = facts.owner(customer).map_or(0, |chat| {
            chat.messages.iter().filter(|m| m.text.as_deref() == Some(text)).count()
        });
        must(at_owner == 1, format!("the owner's phone shows \"{text}\" {at_owner} times"))?;
        shown_on_phones(facts, name, text, "customer")?;
    }
    told(cast::questions().len() * 3, "bubbles")
}

pub(super) fn owner_on_every_phone(facts: &Facts) -> Judgement {
    for text in cast::OWNER_WRITES {
        let got = facts.customer(BEN).map_or(0, |chat| {
            let owners = chat.messages.iter().filter(|m| m.author == Author::Owner);
            owners.filter(|m| m.text.as_deref() == Some(text)).count()
        });
        must(got == 1, format!("{} got \"{text}\" {got} times", BEN.name))?;
        shown_on_phones(facts, BEN.name, text, "owner_app")?;
    }
    told(cast::OWNER_WRITES.len() * 2, "bubbles")
}

fn shown_on_phones(facts: &Facts, name: &str, text: &str, author: &str) -> Result<(), String> {
    for employee in [cast::MARIA, cast::TOM] {
        let bubbles = facts.phones.get(employee).and_then(|phone| phone.chat(name));
        let bubbles = bubbles.map_or(&[][..], |chat| &chat.bubbles);
        let shown: Vec<_> = bubbles.iter().filter(|bubble| bubble.text == text).collect();
        must(
            shown.len() == 1,
            format!("{employee}'s phone shows \"{text}\" {} times", shown.len()),
        )?;
        let right = shown.iter().all(|bubble| bubble.author == author);
        must(right, format!("{employee}'s phone shows \"{text}\" as somebody else's"))?;
    }
    Ok(())
}

pub(super) fn owner_sees_replies(facts: &Facts) -> Judgement {
    let mut seen = 0;
    for customer in cast::CUSTOMERS {
        let sent = |messages: &[fieldline_whatsapp_sim::ShownMessage]| -> Vec<Option<String>> {
            let api = messages.iter().filter(|message| message.author == Author::Api);
            api.map(|message| message.text.clone()).collect()
        };
        let got = facts.customer(customer).map(|chat| sent(&chat.messages)).unwrap_or_default();
        let shown = facts.owner(customer).map(|chat| sent(&chat.messages)).unwrap_or_default();
        let differ =
            format!("{} got {} replies, the owner sees {}", customer.name, got.len(), shown.len());
        must(got == shown, differ)?;
        seen += shown.len();
    }
    told(seen, "replies")
}

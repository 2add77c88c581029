//! The statuses of API sends: those that follow by themselves and those that are ordered.

use super::agenda::Task;
use super::chats::Author;
use super::{Now, State};
use crate::control::input::ControlError;
use crate::webhooks::payload;
use crate::webhooks::update::Update;

/// How far up the ladder a word is; unknown words are nowhere on it.
fn rank(word: &str) -> u8 {
    match word {
        "sent" => 1,
        "delivered" => 2,
        "read" => 3,
        "played" => 4,
        _ => 0,
    }
}

/// What a bubble shows once `word` was reported: it only climbs, `failed` counts until the message
/// was delivered after all, and a word that is not on the ladder shows nothing.
fn shown_after<'w>(before: Option<&'w str>, word: &'w str) -> Option<&'w str> {
    let reached = before.map_or(0, rank);
    match (before, word) {
        (_, "failed") if reached < rank("delivered") => Some(word),
        (Some("failed"), _) if rank(word) < rank("delivered") => before,
        _ if rank(word) > reached => Some(word),
        _ => before,
    }
}

/// The code of a `failed` that names none: message undeliverable.
const UNDELIVERABLE: u32 = 131_026;
/// The code of a reaction whose target is not there.
const BAD_TARGET: u32 = 131_009;

impl State {
    /// Plans `sent` and `delivered` of a send that was just accepted.
    pub(crate) fn plan_statuses(&mut self, now: Now, wamid: &str) {
        let delay = self.faults.now.status_delay_ms;
        if delay > 0 {
            self.faults.count("status_delay");
        }
        let plan = [
            ("sent", self.settings.sent_after_ms),
            ("delivered", self.settings.delivered_after_ms),
        ];
        for (word, after) in plan {
            let due = now.tick.saturating_add(delay).saturating_add(after);
            self.agenda.add(due, Task::Status { wamid: wamid.to_owned(), word });
        }
    }

    /// Plans the one status of a reaction: `sent`, or `failed` with 131009 (whatsapp.md 3, 5.1).
    pub(crate) fn plan_reaction_status(&mut self, now: Now, wamid: &str, found: bool) {
        let delay = self.faults.now.status_delay_ms.saturating_add(self.settings.sent_after_ms);
        let word = if found { "sent" } else { "failed" };
        self.agenda
            .add(now.tick.saturating_add(delay), Task::Status { wamid: wamid.to_owned(), word });
    }

    /// Reports a status of an API send now; lower ones that were still to follow do not any more.
    pub(crate) fn report(
        &mut self,
        now: Now,
        wamid: &str,
        word: &str,
        code: Option<u32>,
    ) -> Result<(), ControlError> {
        if word.is_empty() {
            return Err(ControlError::field("status", "is empty"));
        }
        if code.is_some() && word != "failed" {
            return Err(ControlError::field("code", "belongs to the status failed only"));
        }
        let Some(message) = self.find_mut(wamid).filter(|m| m.author == Author::Api) else {
            return Err(ControlError::unknown("wamid"));
        };
        let before = message.status.take();
        message.status = shown_after(before.as_deref(), word).map(str::to_owned);
        message.deliveries = u32::from(message.status.as_deref() != Some("failed"));
        let second_price = ["delivered", "read"].contains(&word) && message.later_prices == 0;
        message.later_prices += u8::from(second_price);
        let message = message.clone();
        let usual = if message.kind == "reaction" { BAD_TARGET } else { UNDELIVERABLE };
        let failure = (word == "failed").then(|| code.unwrap_or(usual));
        self.agenda
            .cancel_statuses(wamid, |planned| failure.is_some() || rank(planned) <= rank(word));
        let person = payload::Person::of(self, &message.wa_id);
        let news = payload::Status {
            word,
            at_ms: now.ms,
            failure,
            priced: word == "sent" || second_price,
        };
        let change = payload::status(&self.settings, &message, &person, &news);
        self.enqueue(now, Update::new(change));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::shown_after;

    #[test]
    fn every_pair_of_words() {
        let words = ["sent", "delivered", "read", "played", "failed", "warning"];
        // Rows: what is shown before; columns: the word that is reported, in the order above.
        let table = [
            (None, ["sent", "delivered", "read", "played", "failed", ""]),
            (Some("sent"), ["sent", "delivered", "read", "played", "failed", "sent"]),
            (
                Some("delivered"),
                ["delivered", "delivered", "read", "played", "delivered", "delivered"],
            ),
            (Some("read"), ["read", "read", "read", "played", "read", "read"]),
            (Some("played"), ["played"; 6]),
            (Some("failed"), ["failed", "delivered", "read", "played", "failed", "failed"]),
        ];
        for (before, row) in table {
            for (word, after) in words.into_iter().zip(row) {
                assert_eq!(shown_after(before, word).unwrap_or(""), after, "{before:?} {word}");
            }
        }
    }
}

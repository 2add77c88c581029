//! The statuses of API sends: those that follow by themselves and those that are ordered.

use super::agenda::Task;
use super::chats::Author;
use super::{Now, State};
use crate::control::input::ControlError;
use crate::webhooks::payload;

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

/// The code of a `failed` that names none: message undeliverable.
const UNDELIVERABLE: u32 = 131_026;

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
        let before = message.status.as_deref().map_or(0, rank);
        if word == "failed" && before < rank("delivered") {
            message.deliveries = 0;
        }
        if rank(word) == 0 || rank(word) > before {
            message.status = Some(word.to_owned());
        }
        let message = message.clone();
        let failure = (word == "failed").then(|| code.unwrap_or(UNDELIVERABLE));
        self.agenda
            .cancel_statuses(wamid, |planned| failure.is_some() || rank(planned) <= rank(word));
        let change = payload::status(&self.settings, &message, word, now.ms, failure);
        self.enqueue(now, &change);
        Ok(())
    }
}

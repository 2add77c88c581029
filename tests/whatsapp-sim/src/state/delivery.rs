//! Webhooks as data: made, held back, repeated, tried and tried again.

use serde_json::Value;

use super::agenda::{Delivery, Task};
use super::{Now, State};
use crate::log::WebhookEntry;
use crate::webhooks::update::{Update, envelope};

/// Shuffled webhooks that may travel at once.
const PARALLEL: usize = 8;

/// Bytes of updates in one body: 3 MB with their envelope (whatsapp.md 1.3).
const BODY_LIMIT: usize = (3 << 20) - (64 << 10);

/// What the worker does next.
pub(crate) enum Action {
    /// Post this body, then give the outcome back with the ticket.
    Post(Ticket, Value),
    /// Nothing until this tick, an answer or a new task.
    Wait(Option<u64>),
}

/// A try that is under way.
pub(crate) struct Ticket {
    delivery: Delivery,
    entry: usize,
}

impl State {
    /// Puts one update on its way, as the webhook faults in force will have it.
    pub(crate) fn enqueue(&mut self, now: Now, update: Update) {
        let faults = self.faults.now.webhooks;
        if !self.account.lets_out(update.field()) {
            return;
        }
        if faults.hold {
            self.faults.count("webhook_hold");
            self.held.push(update);
            return;
        }
        for copy in 0..=faults.repeat {
            let lag = if faults.shuffle { self.rng.below(self.settings.shuffle_ms) } else { 0 };
            for (happened, name) in [
                (copy > 0, "webhook_repeat"),
                (faults.shuffle, "webhook_shuffle"),
                (faults.delay_ms > 0, "webhook_delay"),
                (faults.drop_until_retry, "webhook_drop"),
            ] {
                if happened {
                    self.faults.count(name);
                }
            }
            let delivery = Delivery {
                updates: vec![update.clone()],
                tries: 0,
                born: now.tick,
                drop_first: faults.drop_until_retry,
                parallel: faults.shuffle,
            };
            let due = now.tick.saturating_add(faults.delay_ms).saturating_add(lag);
            self.agenda.add(due, Task::Post(delivery));
        }
    }

    /// What is to be done at this moment, while `under_way` tries await their answer.
    pub(crate) fn next_action(&mut self, now: Now, under_way: usize) -> Action {
        let may_go = move |task: &Task| match task {
            Task::Post(delivery) if delivery.parallel => under_way < PARALLEL,
            Task::Post(_) => under_way == 0,
            _ => true,
        };
        while let Some(task) = self.agenda.take(now.tick, may_go) {
            match task {
                Task::Status { wamid, word } => {
                    // A send never leaves the world, so its planned status finds it.
                    let _ = self.report(now, &wamid, word, None);
                }
                Task::Later(update) => self.enqueue(now, update),
                Task::History => self.history_step(now),
                Task::Review { id } => self.approve(now, &id),
                Task::Inactive { signs } => self.end_quiet(now, signs),
                Task::Post(mut delivery) => {
                    self.batch(now, &mut delivery);
                    let body = envelope(&self.settings, &delivery.updates);
                    let entry = self.log.webhooks.len();
                    self.log.webhooks.push(WebhookEntry {
                        at: now.ms,
                        body: body.clone(),
                        answered: None,
                    });
                    let lost = std::mem::take(&mut delivery.drop_first);
                    let ticket = Ticket { delivery, entry };
                    if lost {
                        self.finish(now, ticket, None);
                    } else {
                        return Action::Post(ticket, body);
                    }
                }
            }
        }
        // A task that is due but may not go yet waits for an answer, not for a time.
        Action::Wait(self.agenda.next_due().filter(|due| *due > now.tick))
    }

    /// Notes the outcome of a try; anything but 200 brings the webhook back later.
    pub(crate) fn finish(&mut self, now: Now, ticket: Ticket, answered: Option<u16>) {
        let Ticket { mut delivery, entry } = ticket;
        if let Some(entry) = self.log.webhooks.get_mut(entry) {
            entry.answered = answered;
        }
        if answered == Some(200) {
            return;
        }
        let pause = pause_ms(
            delivery.tries,
            self.settings.webhook_retry_ms,
            self.settings.webhook_retry_max_ms,
        );
        delivery.tries += 1;
        let due = now.tick.saturating_add(pause);
        if due.saturating_sub(delivery.born) <= self.settings.webhook_give_up_ms {
            self.agenda.add(due, Task::Post(delivery));
        }
    }

    /// Lets fresh updates that are due as well travel in the same webhook.
    fn batch(&mut self, now: Now, delivery: &mut Delivery) {
        if delivery.tries > 0 {
            return;
        }
        let (parallel, drop_first) = (delivery.parallel, delivery.drop_first);
        let most = match self.faults.now.webhooks.batch {
            0 => self.settings.webhook_batch,
            batch => usize::try_from(batch).unwrap_or(usize::MAX),
        };
        let mut size: usize = delivery.updates.iter().map(|update| update.size).sum();
        while delivery.updates.len() < most && delivery.updates.iter().all(Update::joins) {
            let alike = |task: &Task| {
                matches!(task, Task::Post(other) if other.tries == 0
                    && other.parallel == parallel && other.drop_first == drop_first
                    && other.updates.iter().all(|one| one.joins() && size + one.size <= BODY_LIMIT))
            };
            let Some(Task::Post(other)) = self.agenda.take(now.tick, alike) else { return };
            size += other.updates.iter().map(|update| update.size).sum::<usize>();
            delivery.updates.extend(other.updates);
        }
    }

    /// Lets out what waited for the end of `hold`.
    pub(crate) fn release(&mut self, now: Now) {
        for update in std::mem::take(&mut self.held) {
            self.enqueue(now, update);
        }
    }
}

/// The pause after a try that was not answered 200: doubled each time, up to the longest.
fn pause_ms(tries_before: u32, first_ms: u64, longest_ms: u64) -> u64 {
    let factor = 1_u64.checked_shl(tries_before).unwrap_or(u64::MAX);
    first_ms.saturating_mul(factor).min(longest_ms)
}

#[cfg(test)]
mod tests {
    use super::pause_ms;

    #[test]
    fn pauses_grow_to_the_longest() {
        let pauses: Vec<u64> = (0..5).map(|tries| pause_ms(tries, 1_000, 6_000)).collect();
        assert_eq!(pauses, [1_000, 2_000, 4_000, 6_000, 6_000]);
        assert_eq!(pause_ms(500, 1_000, 6_000), 6_000);
    }
}

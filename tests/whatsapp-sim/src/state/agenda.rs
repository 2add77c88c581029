//! What is still to happen by itself, in order of time and then of entry.

use std::collections::BTreeMap;

use crate::webhooks::update::Update;

/// Something due later.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Task {
    /// A status that follows a send by itself.
    Status {
        wamid: String,
        word: &'static str,
    },
    Post(Delivery),
    /// An update leaves only now: it was planned.
    Later(Update),
    /// The next part of the history.
    History,
    /// Meta judged a template.
    Review {
        id: String,
    },
    /// A quiet time is over.
    Inactive {
        signs: u64,
    },
}

/// A webhook on its way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Delivery {
    /// Updates that travel together.
    pub(crate) updates: Vec<Update>,
    /// Tries so far.
    pub(crate) tries: u32,
    /// Tick at which it was made.
    pub(crate) born: u64,
    /// The first try is lost on the way.
    pub(crate) drop_first: bool,
    /// May travel beside others (shuffled), where order is not kept.
    pub(crate) parallel: bool,
}

/// Tasks by (tick at which they are due, number).
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    tasks: BTreeMap<(u64, u64), Task>,
    next: u64,
}

impl Agenda {
    pub(crate) fn add(&mut self, due: u64, task: Task) {
        self.tasks.insert((due, self.next), task);
        self.next += 1;
    }

    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// The tick of the earliest task.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.tasks.keys().next().map(|(due, _)| *due)
    }

    /// The earliest task if it is due at `tick` and `wanted`.
    pub(crate) fn take(&mut self, tick: u64, wanted: impl Fn(&Task) -> bool) -> Option<Task> {
        let entry = self.tasks.first_entry()?;
        (entry.key().0 <= tick && wanted(entry.get())).then(|| entry.remove())
    }

    /// Drops the statuses that would follow `wamid` by themselves, of the words chosen.
    pub(crate) fn cancel_statuses(&mut self, wamid: &str, chosen: impl Fn(&str) -> bool) {
        self.tasks.retain(
            |_, task| !matches!(task, Task::Status { wamid: w, word } if w == wamid && chosen(word)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{Agenda, Task};

    fn status(word: &'static str) -> Task {
        Task::Status { wamid: "w".to_owned(), word }
    }

    #[test]
    fn goes_by_time_then_by_entry() {
        let mut agenda = Agenda::default();
        agenda.add(20, status("late"));
        agenda.add(10, status("first"));
        agenda.add(10, status("second"));
        assert_eq!(agenda.next_due(), Some(10));
        assert_eq!(agenda.take(9, |_| true), None);
        assert_eq!(agenda.take(10, |_| false), None);
        assert_eq!(agenda.take(10, |_| true), Some(status("first")));
        assert_eq!(agenda.take(10, |_| true), Some(status("second")));
        assert_eq!(agenda.take(10, |_| true), None);
        agenda.cancel_statuses("w", |word| word == "late");
        assert_eq!(agenda.len(), 0);
    }
}

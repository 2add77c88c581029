//! The steps of an onboarding: a table, and pure. Every step is written down before the next call,
//! so that a crash at any moment goes on where it was.

/// Where an onboarding stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The owner is in Meta's window.
    Started,
    /// The window told which account; the code is not here yet.
    Told,
    /// The code was exchanged for a token; which account is not told yet.
    Granted,
    /// Token and account are here.
    Ready,
    /// The number is known.
    Named,
    /// The account sends us webhooks.
    Subscribed,
    /// The number is a channel.
    Joined,
    /// The phone book was asked for.
    ContactsAsked,
    /// Everything was asked for. The end.
    Done,
    /// The owner left Meta's window. The end.
    Cancelled,
    /// Meta or we refused. The end.
    Refused,
    /// Nobody came back from Meta's window for a day. The end.
    Expired,
}

/// What happened to an onboarding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// Meta's window named the account.
    Told,
    /// The code was exchanged.
    Granted,
    /// The number was found.
    Named,
    /// The account was subscribed.
    Subscribed,
    /// The channel was made or joined.
    Joined,
    /// The phone book was asked for, or never will be.
    ContactsAsked,
    /// The history was asked for, or never will be.
    HistoryAsked,
    /// The owner left.
    Cancelled,
    /// A refusal that nothing mends.
    Refused,
    /// A day went by.
    Expired,
}

impl Step {
    /// All of them.
    pub(crate) const ALL: [Self; 12] = [
        Self::Started,
        Self::Told,
        Self::Granted,
        Self::Ready,
        Self::Named,
        Self::Subscribed,
        Self::Joined,
        Self::ContactsAsked,
        Self::Done,
        Self::Cancelled,
        Self::Refused,
        Self::Expired,
    ];

    /// As stored and on the wire.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Told => "told",
            Self::Granted => "granted",
            Self::Ready => "ready",
            Self::Named => "named",
            Self::Subscribed => "subscribed",
            Self::Joined => "joined",
            Self::ContactsAsked => "contacts_asked",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
            Self::Expired => "expired",
        }
    }

    /// Reads the word.
    pub(crate) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.word() == word)
    }

    /// Whether the next step is a call of ours, and no person's.
    pub(crate) const fn is_ours(self) -> bool {
        matches!(
            self,
            Self::Ready | Self::Named | Self::Subscribed | Self::Joined | Self::ContactsAsked
        )
    }

    /// The next step, if this event means anything here.
    pub(crate) const fn after(self, event: Event) -> Option<Self> {
        Some(match (self, event) {
            (Self::Started, Event::Told) => Self::Told,
            (Self::Started, Event::Granted) => Self::Granted,
            (Self::Told, Event::Granted) | (Self::Granted, Event::Told) => Self::Ready,
            (Self::Ready, Event::Named) => Self::Named,
            (Self::Named, Event::Subscribed) => Self::Subscribed,
            (Self::Subscribed, Event::Joined) => Self::Joined,
            (Self::Joined, Event::ContactsAsked) => Self::ContactsAsked,
            (Self::ContactsAsked, Event::HistoryAsked) => Self::Done,
            (Self::Started | Self::Told | Self::Granted, Event::Cancelled) => Self::Cancelled,
            (Self::Started | Self::Told | Self::Granted, Event::Expired) => Self::Expired,
            (
                Self::Started
                | Self::Told
                | Self::Granted
                | Self::Ready
                | Self::Named
                | Self::Subscribed,
                Event::Refused,
            ) => Self::Refused,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [Event; 10] = [
        Event::Told,
        Event::Granted,
        Event::Named,
        Event::Subscribed,
        Event::Joined,
        Event::ContactsAsked,
        Event::HistoryAsked,
        Event::Cancelled,
        Event::Refused,
        Event::Expired,
    ];

    /// Rows: steps; columns: the events in the order above; `.` = nothing.
    const TABLE: [(&str, &str); 12] = [
        ("started", "told granted . . . . . cancelled refused expired"),
        ("told", ". ready . . . . . cancelled refused expired"),
        ("granted", "ready . . . . . . cancelled refused expired"),
        ("ready", ". . named . . . . . refused ."),
        ("named", ". . . subscribed . . . . refused ."),
        ("subscribed", ". . . . joined . . . refused ."),
        ("joined", ". . . . . contacts_asked . . . ."),
        ("contacts_asked", ". . . . . . done . . ."),
        ("done", ". . . . . . . . . ."),
        ("cancelled", ". . . . . . . . . ."),
        ("refused", ". . . . . . . . . ."),
        ("expired", ". . . . . . . . . ."),
    ];

    #[test]
    fn every_pair_is_in_the_table() {
        for (row, step) in TABLE.iter().zip(Step::ALL) {
            assert_eq!(row.0, step.word());
            let expected: Vec<_> = row.1.split(' ').collect();
            let found: Vec<_> =
                EVENTS.iter().map(|event| step.after(*event).map_or(".", Step::word)).collect();
            assert_eq!(found, expected, "{}", row.0);
        }
    }

    #[test]
    fn words_are_read_back_and_the_ends_are_ends() {
        for step in Step::ALL {
            assert_eq!(Step::of(step.word()), Some(step));
        }
        // Once the number is a channel, nothing throws it away any more.
        for step in [Step::Joined, Step::ContactsAsked] {
            assert_eq!(step.after(Event::Refused), None);
            assert!(step.is_ours());
        }
    }
}

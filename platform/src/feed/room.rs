//! Who has which conversation open, who types in it, who is there at all. Kept in memory alone:
//! nothing that matters depends on it (protocol.md 6).
//!
//! A feed compares what is so now with what it said last, so a slow reader costs no memory and
//! misses nothing but what is over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The sockets of a platform and what they look at.
#[derive(Debug, Default)]
pub struct Rooms {
    state: Mutex<State>,
    moved: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Moves with everything that is told here.
    count: u64,
    seats: BTreeMap<u64, Seat>,
    /// Newest word by conversation and member: its number, and whether they type.
    typing: BTreeMap<(String, String), (u64, bool)>,
}

#[derive(Debug)]
struct Seat {
    member: String,
    open: Option<String>,
}

/// What one reader of a conversation is to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    /// Members who have it open, the reader left out.
    pub(crate) viewing: BTreeSet<String>,
    /// What others said about typing after a number: (number, member, whether they type).
    pub(crate) typing: Vec<(u64, String, bool)>,
}

impl Rooms {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        state.count += 1;
        change(&mut state);
        drop(state);
        self.moved.notify_waiters();
    }

    /// A member's socket is there; gives its number.
    pub(crate) fn enter(&self, member: &str) -> u64 {
        let mut number = 0;
        self.tell(|state| {
            number = state.count;
            state.seats.insert(number, Seat { member: member.to_owned(), open: None });
        });
        number
    }

    /// A socket is gone.
    pub(crate) fn leave(&self, seat: u64) {
        self.tell(|state| {
            let Some(seat) = state.seats.remove(&seat) else { return };
            state.forget(&seat);
        });
    }

    /// A socket looks at a conversation, or at none.
    pub(crate) fn open(&self, seat: u64, conversation: Option<&str>) {
        self.tell(|state| {
            let Some(mut at) = state.seats.remove(&seat) else { return };
            let member = at.member.clone();
            state.forget(&at);
            at.open = conversation.map(str::to_owned);
            state.seats.insert(seat, Seat { member, open: at.open });
        });
    }

    /// A member types in the conversation that their socket looks at, or stopped.
    pub(crate) fn typing(&self, seat: u64, on: bool) {
        self.tell(|state| {
            let count = state.count;
            let Some(seat) = state.seats.get(&seat) else { return };
            if let Some(open) = seat.open.clone() {
                state.typing.insert((open, seat.member.clone()), (count, on));
            }
        });
    }

    /// The conversation that a socket looks at.
    pub(crate) fn open_of(&self, seat: u64) -> Option<String> {
        self.lock().seats.get(&seat).and_then(|seat| seat.open.clone())
    }

    /// How often something was told.
    pub(crate) fn count(&self) -> u64 {
        self.lock().count
    }

    /// Whether the member has a socket.
    pub(crate) fn is_online(&self, member: &str) -> bool {
        self.lock().seats.values().any(|seat| seat.member == member)
    }

    /// What is so in a conversation, for one of its readers.
    pub(crate) fn view(&self, conversation: &str, reader: &str, typed: u64) -> View {
        let state = self.lock();
        let viewing = state
            .seats
            .values()
            .filter(|seat| seat.open.as_deref() == Some(conversation) && seat.member != reader)
            .map(|seat| seat.member.clone())
            .collect();
        let mut typing: Vec<_> = state
            .typing
            .iter()
            .filter(|((open, member), (number, _))| {
                open == conversation && member != reader && *number > typed
            })
            .map(|((_, member), (number, on))| (*number, member.clone(), *on))
            .collect();
        typing.sort_unstable();
        View { viewing, typing }
    }

    /// Ends once something was told since `seen`. Cancel safe.
    pub(crate) async fn wait(&self, seen: u64) {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            if self.count() != seen {
                return;
            }
            moved.await;
        }
    }
}

impl State {
    /// Whoever looks elsewhere has stopped typing, unless another of their sockets still looks.
    fn forget(&mut self, seat: &Seat) {
        let Some(open) = &seat.open else { return };
        let elsewhere = self
            .seats
            .values()
            .any(|other| other.member == seat.member && other.open.as_ref() == Some(open));
        if !elsewhere {
            self.typing.remove(&(open.clone(), seat.member.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reader_sees_the_others() {
        let rooms = Rooms::default();
        let (maria, ben) = (rooms.enter("maria"), rooms.enter("ben"));
        rooms.open(maria, Some("v"));
        rooms.open(ben, Some("v"));
        let view = rooms.view("v", "maria", 0);
        assert_eq!(view.viewing, BTreeSet::from(["ben".to_owned()]));
        rooms.typing(ben, true);
        let said = rooms.view("v", "maria", 0).typing;
        assert_eq!(
            said.iter().map(|(_, who, on)| (who.as_str(), *on)).collect::<Vec<_>>(),
            [("ben", true)]
        );
        assert_eq!(rooms.view("v", "maria", said[0].0).typing, []);
        assert_eq!(rooms.view("v", "ben", 0).typing, []);
        assert!(rooms.is_online("ben"));
        rooms.leave(ben);
        assert!(!rooms.is_online("ben"));
        assert_eq!(rooms.view("v", "maria", 0), View { viewing: BTreeSet::new(), typing: vec![] });
    }

    #[test]
    fn a_second_phone_keeps_the_seat() {
        let rooms = Rooms::default();
        let (one, two) = (rooms.enter("ben"), rooms.enter("ben"));
        rooms.open(one, Some("v"));
        rooms.open(two, Some("v"));
        rooms.open(one, None);
        assert_eq!(rooms.view("v", "maria", 0).viewing.len(), 1);
        rooms.open(two, Some("w"));
        assert_eq!(rooms.view("v", "maria", 0).viewing.len(), 0);
    }
}

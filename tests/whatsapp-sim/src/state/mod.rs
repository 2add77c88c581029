//! The simulated world as data: no I/O, no clock of its own, one change at a time.

pub(crate) mod agenda;
pub(crate) mod chats;
pub(crate) mod delivery;
pub(crate) mod faults;
pub(crate) mod people;
pub(crate) mod statuses;

use std::collections::BTreeMap;

use crate::log::Log;
use crate::seeded::Seeded;
use crate::settings::SimSettings;
use agenda::Agenda;
use chats::Author;
use faults::Faults;

/// The moment of a change, on both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    /// Wall time, milliseconds UTC: dates.
    pub(crate) ms: i64,
    /// Milliseconds since the simulator's start, never going back: waiting.
    pub(crate) tick: u64,
}

/// A person with WhatsApp.
#[derive(Debug, Clone)]
pub(crate) struct Customer {
    pub(crate) name: String,
    /// Date of their newest message, which opens the window.
    pub(crate) last_wrote_ms: Option<i64>,
}

/// One message, whoever wrote it.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) wamid: String,
    pub(crate) wa_id: String,
    pub(crate) author: Author,
    pub(crate) at_ms: i64,
    pub(crate) kind: String,
    pub(crate) text: Option<String>,
    pub(crate) reply_to: Option<String>,
    pub(crate) callback_data: Option<String>,
    pub(crate) phone_number_id: String,
    /// The last status word: of a send its own, of a customer's message `read` once it was.
    pub(crate) status: Option<String>,
    /// How often the customer's phone took it in.
    pub(crate) deliveries: u32,
}

/// Everything the simulator knows.
pub(crate) struct State {
    pub(crate) settings: SimSettings,
    pub(crate) rng: Seeded,
    pub(crate) customers: BTreeMap<String, Customer>,
    /// In order of arrival.
    pub(crate) messages: Vec<Message>,
    /// Place in `messages` by wamid.
    by_wamid: BTreeMap<String, usize>,
    pub(crate) faults: Faults,
    pub(crate) agenda: Agenda,
    pub(crate) log: Log,
}

impl State {
    pub(crate) fn new(settings: SimSettings, seed: u64) -> Self {
        Self {
            settings,
            rng: Seeded::new(seed),
            customers: BTreeMap::new(),
            messages: Vec::new(),
            by_wamid: BTreeMap::new(),
            faults: Faults::default(),
            agenda: Agenda::default(),
            log: Log::default(),
        }
    }

    pub(crate) fn add(&mut self, message: Message) {
        self.by_wamid.insert(message.wamid.clone(), self.messages.len());
        self.messages.push(message);
    }

    pub(crate) fn find(&self, wamid: &str) -> Option<&Message> {
        self.messages.get(*self.by_wamid.get(wamid)?)
    }

    pub(crate) fn find_mut(&mut self, wamid: &str) -> Option<&mut Message> {
        self.messages.get_mut(*self.by_wamid.get(wamid)?)
    }
}

//! The simulated world as data: no I/O, no clock of its own, one change at a time.

pub(crate) mod account;
pub(crate) mod agenda;
pub(crate) mod changes;
pub(crate) mod chats;
pub(crate) mod content;
pub(crate) mod delivery;
pub(crate) mod faults;
pub(crate) mod history;
pub(crate) mod line;
pub(crate) mod media;
pub(crate) mod news;
pub(crate) mod people;
pub(crate) mod phone_book;
pub(crate) mod rates;
pub(crate) mod statuses;
pub(crate) mod templates;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::log::Log;
use crate::seeded::Seeded;
use crate::settings::SimSettings;
use crate::webhooks::update::Update;
use account::Account;
use agenda::Agenda;
use chats::{Author, Reaction};
use faults::Faults;
use history::HistoryShelf;
use line::Line;
use media::MediaShelf;
use rates::Rates;
use templates::TemplateBook;

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
    pub(crate) username: Option<String>,
    /// Webhooks leave out the number.
    pub(crate) hide_phone: bool,
    /// End of the free entry point after a click on an advertisement.
    pub(crate) free_until_ms: Option<i64>,
    /// Until when this phone shows that the business types.
    pub(crate) typing_until_ms: Option<i64>,
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
    /// What stands under Meta's type, for all but texts.
    pub(crate) content: Option<Value>,
    pub(crate) reply_to: Option<String>,
    pub(crate) callback_data: Option<String>,
    pub(crate) phone_number_id: String,
    /// The last status word: of a send its own, of a customer's message `read` once it was.
    pub(crate) status: Option<String>,
    /// How often the customer's phone took it in.
    pub(crate) deliveries: u32,
    pub(crate) edited: bool,
    pub(crate) deleted: bool,
    pub(crate) reactions: Vec<Reaction>,
    /// No bubble of its own: a reaction.
    pub(crate) hidden: bool,
    /// `pricing.category` of its statuses.
    pub(crate) category: String,
    /// Prices reported after `sent`: one in all.
    pub(crate) later_prices: u8,
}

impl Message {
    /// A message without content yet.
    pub(crate) fn new(wamid: String, wa_id: String, author: Author, at_ms: i64) -> Self {
        Self {
            wamid,
            wa_id,
            author,
            at_ms,
            kind: "text".to_owned(),
            text: None,
            content: None,
            reply_to: None,
            callback_data: None,
            phone_number_id: String::new(),
            status: None,
            deliveries: 0,
            edited: false,
            deleted: false,
            reactions: Vec::new(),
            hidden: false,
            category: "service".to_owned(),
            later_prices: 0,
        }
    }
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
    pub(crate) media: MediaShelf,
    pub(crate) templates: TemplateBook,
    pub(crate) rates: Rates,
    pub(crate) line: Line,
    pub(crate) account: Account,
    pub(crate) history: HistoryShelf,
    /// Updates that wait for the end of `hold`.
    pub(crate) held: Vec<Update>,
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
            media: MediaShelf::default(),
            templates: TemplateBook::default(),
            rates: Rates::default(),
            line: Line::default(),
            account: Account::default(),
            history: HistoryShelf::default(),
            held: Vec::new(),
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

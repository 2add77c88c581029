//! Meta's side of WhatsApp for Fieldline's tests and demo: the Graph API, signed webhooks, the
//! customers and the owner's phone, with faults on demand.
//!
//! The heart ([`Sim`]) is plain data behind one lock; time, randomness and the way webhooks leave
//! are injected, so one seed on tokio's paused clock gives the same [`Log`] to the byte. The binary
//! `fieldline-whatsapp-sim` puts it on a loopback port (`protocol.md` section 9).

#![forbid(unsafe_code)]

mod control;
mod graph;
mod identity;
mod log;
mod script;
mod seeded;
mod serve;
mod settings;
mod sim;
mod state;
mod wamid;
mod webhooks;
mod window;

pub use control::input::{
    ControlError, CustomerMessage, EditNews, FaultOrder, Forwarded, MediaFile, NumberNews,
    OwnerMessage, RawWebhook, ReactNews, ReadDone, ReadNews, RevokeNews, StatusNews, TemplateNews,
    Unavailable, Written,
};
pub use graph::CutConnection;
pub use log::{CallAnswer, CallEntry, Cut, Log, WebhookEntry};
pub use script::{Script, ScriptError, Step};
pub use serve::{ListenError, listen, serve};
pub use settings::{SimClock, SimPorts, SimSettings, SystemClock};
pub use sim::Sim;
pub use state::chats::{Author, Chats, CustomerChat, OwnerApp, OwnerChat, Reaction, ShownMessage};
pub use state::faults::{FaultState, SendFault, WebhookFaults};
pub use state::history::{HistoryChat, HistoryChats, HistoryMessage, HistoryOrder};
pub use state::line::LineNews;
pub use state::phone_book::ContactNews;
pub use state::rates::Limits;
pub use webhooks::port::{HttpWebhooks, WebhookFailure, WebhookPort, WebhookUrlError};
pub use webhooks::signature::{sign, verify};
pub use window::WINDOW_MS;

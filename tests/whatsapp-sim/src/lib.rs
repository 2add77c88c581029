//! Meta's side of WhatsApp for Fieldline's tests and demo: the Graph API for text sends, signed
//! webhooks, the customers and the owner's phone, with faults on demand.
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
    ControlError, CustomerMessage, FaultOrder, OwnerMessage, ReadDone, ReadNews, StatusNews,
    Written,
};
pub use graph::CutConnection;
pub use log::{CallAnswer, CallEntry, Cut, Log, WebhookEntry};
pub use script::{Script, ScriptError, Step};
pub use serve::{ListenError, listen, serve};
pub use settings::{SimClock, SimPorts, SimSettings, SystemClock};
pub use sim::Sim;
pub use state::chats::{Author, Chats, CustomerChat, OwnerChat, ShownMessage};
pub use state::faults::{FaultState, SendFault, WebhookFaults};
pub use webhooks::port::{HttpWebhooks, WebhookFailure, WebhookPort, WebhookUrlError};
pub use webhooks::signature::{sign, verify};
pub use window::WINDOW_MS;

//! The simulator itself: the state behind one lock, and a method for everything that can be done.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::control::input::{
    ControlError, CustomerMessage, EditNews, FaultOrder, NumberNews, OwnerMessage, RawWebhook,
    ReactNews, ReadDone, RevokeNews, StatusNews, TemplateNews, Written,
};
use crate::log::Log;
use crate::settings::{SimClock, SimPorts, SimSettings};
use crate::state::changes::Who;
use crate::state::chats::Chats;
use crate::state::faults::{FaultState, SendFault};
use crate::state::history::HistoryOrder;
use crate::state::line::LineNews;
use crate::state::phone_book::ContactNews;
use crate::state::{Now, State};
use crate::webhooks::port::WebhookPort;
use crate::webhooks::worker;
use crate::{control, graph};

/// Most extra copies of one webhook.
const REPEAT_LIMIT: u32 = 20;
/// Most updates in one webhook (whatsapp.md 1.3).
const BATCH_LIMIT: u32 = 1_000;

/// Meta, the customers and the owner's phone. Clones share one world.
#[derive(Clone)]
pub struct Sim {
    inner: Arc<Inner>,
}

/// What the clones share.
pub(crate) struct Inner {
    state: Mutex<State>,
    clock: Arc<dyn SimClock>,
    worker: Mutex<Option<JoinHandle<()>>>,
    pub(crate) webhooks: Arc<dyn WebhookPort>,
    pub(crate) app_secret: String,
    pub(crate) started: Instant,
    pub(crate) wake: Notify,
}

impl From<Arc<Inner>> for Sim {
    fn from(inner: Arc<Inner>) -> Self {
        Self { inner }
    }
}

impl Inner {
    /// Changes or reads the state at this moment.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State, Now) -> T) -> T {
        let tick = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let now = Now { ms: self.clock.now_ms(), tick };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state, now)
    }

    /// The same, and lets the worker look at the agenda again.
    pub(crate) fn change_and_wake<T>(&self, change: impl FnOnce(&mut State, Now) -> T) -> T {
        let done = self.change(change);
        self.wake.notify_one();
        done
    }
}

impl Sim {
    /// A new world with nobody in it. Ticks count from here, on tokio's clock.
    pub fn new(settings: SimSettings, ports: SimPorts) -> Self {
        let app_secret = settings.app_secret.clone();
        Self {
            inner: Arc::new(Inner {
                state: Mutex::new(State::new(settings, ports.seed)),
                clock: ports.clock,
                worker: Mutex::new(None),
                webhooks: ports.webhooks,
                app_secret,
                started: Instant::now(),
                wake: Notify::new(),
            }),
        }
    }

    /// Graph and control together.
    pub fn router(&self) -> Router {
        self.graph_router().merge(self.control_router())
    }

    /// The Graph side alone; every path that is not known is Meta's error 100.
    pub fn graph_router(&self) -> Router {
        graph::router(Arc::clone(&self.inner))
    }

    /// The control side alone, under `/sim/`.
    pub fn control_router(&self) -> Router {
        control::router(Arc::clone(&self.inner))
    }

    /// Spawns the delivery worker on the current tokio runtime; a second call does nothing.
    pub fn start(&self) {
        let mut worker = self.inner.worker.lock().unwrap_or_else(PoisonError::into_inner);
        if worker.is_none() {
            *worker = Some(tokio::spawn(worker::run(Arc::clone(&self.inner))));
        }
    }

    /// Ends the delivery worker. A webhook that is under way then is not tried again.
    pub async fn stop(&self) {
        let worker = self.inner.worker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(worker) = worker {
            worker.abort();
            let _ = worker.await;
        }
    }

    /// A customer writes: their message's id. Opens the window and sends the webhook.
    pub fn customer(&self, order: &CustomerMessage) -> Result<Written, ControlError> {
        let wamid = self.inner.change_and_wake(|state, now| state.customer(now, order))?;
        Ok(Written { wamid })
    }

    /// A customer opens the chat: the sends whose `read` goes out now, oldest first.
    pub fn customer_read(&self, wa_id: &str) -> Result<ReadDone, ControlError> {
        let wamids = self.inner.change_and_wake(|state, now| state.customer_read(now, wa_id))?;
        Ok(ReadDone { wamids })
    }

    /// The owner types on their phone: the message's id. Sends the echo, no statuses.
    pub fn owner(&self, order: &OwnerMessage) -> Result<Written, ControlError> {
        let wamid = self.inner.change_and_wake(|state, now| state.owner(now, order))?;
        Ok(Written { wamid })
    }

    /// Reports a status of an API send now. Lower ones that were to follow by themselves do not any
    /// more; `failed` before `delivered` takes the message from the customer's phone.
    pub fn status(&self, news: &StatusNews) -> Result<(), ControlError> {
        let StatusNews { wamid, status, code } = news;
        self.inner.change_and_wake(|state, now| state.report(now, wamid, status, *code))
    }

    /// A customer changes the text or caption of one of their messages: the wamid of the change.
    pub fn customer_edit(&self, news: &EditNews) -> Result<Written, ControlError> {
        self.written(|state, now| state.edit(now, Who::Customer, news))
    }

    /// A customer deletes one of their messages for everyone.
    pub fn customer_revoke(&self, news: &RevokeNews) -> Result<Written, ControlError> {
        self.written(|state, now| state.revoke(now, Who::Customer, news))
    }

    /// A customer reacts to any message of the chat. It opens no window: Meta does not say that it
    /// would (whatsapp.md 6).
    pub fn customer_react(&self, news: &ReactNews) -> Result<Written, ControlError> {
        self.written(|state, now| state.react(now, Who::Customer, news))
    }

    /// A customer takes another number.
    pub fn customer_number(&self, news: &NumberNews) -> Result<Written, ControlError> {
        self.written(|state, now| state.change_number(now, news))
    }

    /// The owner changes the text or caption of a message of the business.
    pub fn owner_edit(&self, news: &EditNews) -> Result<Written, ControlError> {
        self.written(|state, now| state.edit(now, Who::Owner, news))
    }

    /// The owner deletes a message of the business for everyone.
    pub fn owner_revoke(&self, news: &RevokeNews) -> Result<Written, ControlError> {
        self.written(|state, now| state.revoke(now, Who::Owner, news))
    }

    /// The owner reacts to any message of a chat.
    pub fn owner_react(&self, news: &ReactNews) -> Result<Written, ControlError> {
        self.written(|state, now| state.react(now, Who::Owner, news))
    }

    /// Something happens to the line between the owner's app and the Cloud API.
    pub fn owner_line(&self, news: &LineNews) -> Result<(), ControlError> {
        self.inner.change_and_wake(|state, now| state.line_news(now, news))
    }

    /// What the owner's phone holds and whether they share it.
    pub fn owner_history(&self, order: HistoryOrder) -> Result<(), ControlError> {
        self.inner.change_and_wake(|state, now| state.history_order(now, order))
    }

    /// The owner saves or removes a contact.
    pub fn owner_contact(&self, news: &ContactNews) -> Result<(), ControlError> {
        self.inner.change_and_wake(|state, now| state.contact_news(now, news))
    }

    /// Sends any webhook, enveloped and signed.
    pub fn webhook(&self, order: &RawWebhook) -> Result<(), ControlError> {
        self.inner.change_and_wake(|state, now| state.raw_webhook(now, order))
    }

    /// Makes a template or changes its state, and tells: its id.
    pub fn template(&self, news: &TemplateNews) -> Result<String, ControlError> {
        self.inner.change_and_wake(|state, now| state.template_news(now, news))
    }

    fn written(
        &self,
        change: impl FnOnce(&mut State, Now) -> Result<String, ControlError>,
    ) -> Result<Written, ControlError> {
        self.inner.change_and_wake(change).map(|wamid| Written { wamid })
    }

    /// Sets faults; gives those in force.
    pub fn faults(&self, order: &FaultOrder) -> Result<FaultState, ControlError> {
        for (times, what, name, of) in [
            (order.times, order.send, "times", "belongs to send"),
            (order.calls_times, order.calls, "calls_times", "belongs to calls"),
        ] {
            if times.is_some() && what.is_none() {
                return Err(ControlError::field(name, of));
            }
            if times == Some(0) {
                return Err(ControlError::field(name, "is 0"));
            }
        }
        if !matches!(order.calls, None | Some(SendFault::Ok | SendFault::Error(_))) {
            return Err(ControlError::field("calls", "is ok or a code"));
        }
        if let Some(webhooks) = order.webhooks {
            if webhooks.repeat > REPEAT_LIMIT {
                return Err(ControlError::field("webhooks.repeat", "is more than 20"));
            }
            if webhooks.batch > BATCH_LIMIT {
                return Err(ControlError::field("webhooks.batch", "is more than 1000"));
            }
        }
        Ok(self.inner.change_and_wake(|state, now| {
            let faults = &mut state.faults.now;
            if let Some(send) = order.send {
                faults.send = send;
                faults.times = order.times;
            }
            if let Some(calls) = order.calls {
                faults.calls = calls;
                faults.calls_times = order.calls_times;
            }
            faults.status_delay_ms = order.status_delay_ms.unwrap_or(faults.status_delay_ms);
            faults.webhooks = order.webhooks.unwrap_or(faults.webhooks);
            faults.limits = order.limits.unwrap_or(faults.limits);
            let faults = *faults;
            if !faults.webhooks.hold {
                state.release(now);
            }
            faults
        }))
    }

    /// Everything that crossed the border so far.
    pub fn log(&self) -> Log {
        self.inner.change(|state, _| state.log.clone())
    }

    /// What every phone shows now.
    pub fn chats(&self) -> Chats {
        self.inner.change(|state, now| state.chats(now))
    }

    /// How often each fault happened: `send_<fault>`, `status_delay`, `webhook_repeat`,
    /// `webhook_shuffle`, `webhook_delay`, `webhook_drop`, `webhook_hold`, `call_<fault>`.
    pub fn fault_counts(&self) -> BTreeMap<String, u64> {
        self.inner.change(|state, _| state.faults.counts.clone())
    }

    /// Statuses and webhooks that are still to go out, those under way not counted.
    pub fn pending(&self) -> usize {
        self.inner.change(|state, _| state.agenda.len() + state.held.len())
    }
}

//! The loop: does what the state says, feeds what happened back into the table.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::apply;
use super::state::{Event, State};
use crate::api::{Error, LinkState};
use crate::model::backoff;
use crate::store::{Key, Store, Stored, Topic, Tx};
use crate::support::{Rng, ServerClock, Signals};
use crate::transport::{CallError, Fault, Link, LiveEvent, LiveSocket, Session, wire};

/// Rows a page.
const PAGE: u32 = 500;
/// Without any frame or ping for so long the socket counts as dead; the platform pings every 55 s.
const SILENCE: Duration = Duration::from_secs(130);
/// A socket that ends sooner did not last: the next one is waited for.
const STEADY: Duration = Duration::from_secs(10);
/// Longest wait before a socket is tried again while requests pass; it is pulled before each try.
const SOCKET_MS: u64 = 15_000;
/// A slow check even without a gap.
const PERIODIC: Duration = Duration::from_mins(15);

/// Keeps the store in step with the server.
pub(crate) struct Engine {
    pub(crate) store: Store,
    pub(crate) session: Arc<Session>,
    pub(crate) clock: ServerClock,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) link: Link,
    pub(crate) signals: Signals,
}

/// What a pull brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Pulled {
    /// Customers' messages that were not held before.
    pub new_messages: u32,
}

impl Engine {
    /// Runs while the app is in the foreground; ended by dropping it.
    pub(crate) async fn run(&self) {
        let mut state = State::CatchingUp;
        let mut failures = 0_u32;
        // Sockets in a row that were refused or did not last.
        let mut unsteady = 0_u32;
        // What the server asked to be waited for, in milliseconds.
        let mut asked = 0;
        // The server ended the session or wants another app: until it says otherwise this is what a person reads, also while
        // it is asked again.
        let mut barred = false;
        let mut socket: Option<Box<dyn LiveSocket>> = None;
        self.link.set(LinkState::Connecting, None);
        self.link.forget_trouble();
        loop {
            self.signals.set_live(state == State::Live);
            let outcome = match state {
                State::CatchingUp => {
                    if !barred {
                        self.link.set(LinkState::Connecting, None);
                    }
                    match self.pull().await {
                        Ok(_) => {
                            barred = false;
                            self.link.set(LinkState::Connecting, None);
                            self.link.forget_trouble();
                            self.fill_holes().await.map(|()| Event::CaughtUp)
                        }
                        Err(error) => Err(error),
                    }
                }
                State::Connecting if self.is_wanted_before_socket(unsteady).await => {
                    Ok(Event::Interrupted)
                }
                State::Connecting => match self.open().await {
                    Ok(open) => {
                        socket = Some(open);
                        Ok(Event::Opened)
                    }
                    Err(CallError::Trouble { .. }) => {
                        // Requests pass, sockets do not: it is pulled instead.
                        unsteady = unsteady.saturating_add(1);
                        Ok(Event::Interrupted)
                    }
                    Err(error) => Err(error),
                },
                State::Live => {
                    failures = 0;
                    self.link.set(LinkState::Online, None);
                    let began = tokio::time::Instant::now();
                    let ended = match socket.take() {
                        Some(mut open) => self.listen(open.as_mut()).await,
                        None => Ok(Event::Interrupted),
                    };
                    let lasted = began.elapsed() >= STEADY;
                    unsteady = if lasted { 0 } else { unsteady.saturating_add(1) };
                    ended
                }
                State::SignedOut | State::Outdated => {
                    barred = true;
                    self.signals.set_fresh(false);
                    self.link.set(state.link(), None);
                    self.signals.sync.notified().await;
                    Ok(Event::Retry)
                }
                State::WaitingForNetwork | State::WaitingForServer => {
                    barred = false;
                    self.signals.set_fresh(false);
                    self.wait(state, failures, asked).await;
                    Ok(Event::Retry)
                }
            };
            let event = outcome.unwrap_or_else(|error| {
                failures = failures.saturating_add(1);
                asked = match error {
                    CallError::Trouble { retry_after_ms: Some(ms) } => ms,
                    _ => 0,
                };
                event_of(&error)
            });
            state = state.after(event);
        }
    }

    /// Pulls until nothing is left; the first download and a reset's wipe included.
    pub(crate) async fn pull(&self) -> Result<Pulled, CallError> {
        let mut pulled = Pulled::default();
        let mut resets = 0;
        loop {
            if self.meta(Key::Resetting).await?.is_some() {
                self.wipe_by_scope().await?;
            }
            // Before the download takes away what the new server does not have.
            if self.meta(Key::AskKnown).await?.is_some() {
                self.ask_known().await?;
            }
            let answer = match self.meta(Key::Cursor).await? {
                None => self.bootstrap().await.map(|()| None),
                Some(cursor) => {
                    let path = format!("/v1/changes?since={}&limit={PAGE}", encoded(&cursor));
                    self.get::<wire::Changes>(&path).await.map(Some)
                }
            };
            let page = match answer {
                Err(CallError::Reset { cause, epoch }) if resets < 3 => {
                    resets += 1;
                    self.note_reset(cause, epoch).await?;
                    continue;
                }
                Ok(None) => continue,
                Ok(Some(page)) => page,
                Err(other) => return Err(other),
            };
            let has_more = page.has_more;
            pulled.new_messages += self.apply(page).await?;
            if !has_more {
                self.signals.set_fresh(true);
                return Ok(pulled);
            }
        }
    }

    async fn open(&self) -> Result<Box<dyn LiveSocket>, CallError> {
        let cursor = self.meta(Key::Cursor).await?.unwrap_or_default();
        let mut socket = self.session.connect().await?;
        let hello = serde_json::json!({ "kind": "hello", "since": cursor }).to_string();
        socket.send(hello).await.map_err(CallError::Fault)?;
        Ok(socket)
    }

    async fn listen(&self, socket: &mut dyn LiveSocket) -> Result<Event, CallError> {
        let mut check = tokio::time::Instant::now() + PERIODIC;
        loop {
            let event = tokio::select! {
                biased;
                event = socket.next() => event,
                () = self.signals.sync.notified() => {
                    self.pull().await?;
                    // Whatever was said about the network meanwhile.
                    self.link.set(LinkState::Online, None);
                    continue;
                }
                () = tokio::time::sleep_until(check) => {
                    check = tokio::time::Instant::now() + PERIODIC;
                    self.pull().await?;
                    continue;
                }
                () = tokio::time::sleep(SILENCE) => LiveEvent::Closed(None),
            };
            match event {
                LiveEvent::Alive => {}
                LiveEvent::Closed(_) => {
                    // Whether there is still a network only the next pull can tell.
                    return Ok(Event::Interrupted);
                }
                LiveEvent::Text(text) => {
                    self.take_frame(&text).await?;
                    self.fill_holes().await?;
                }
            }
        }
    }

    async fn take_frame(&self, text: &str) -> Result<(), CallError> {
        match wire::Frame::read(text) {
            Ok(wire::Frame::Changes(page)) => {
                if let Some(time) = page.server_time {
                    self.clock.observe(time);
                }
                let held = self.meta(Key::Seq).await?.and_then(|seq| seq.parse::<i64>().ok());
                let epoch = self.meta(Key::Epoch).await?;
                let joins = held.is_some_and(|held| page.from <= held)
                    && epoch.as_deref() == Some(&page.epoch);
                if joins && !page.has_more {
                    if held.is_some_and(|held| held < page.to) {
                        self.apply(page).await?;
                    }
                    return Ok(());
                }
                self.pull().await.map(|_| ())
            }
            Ok(wire::Frame::Reset { cause, epoch }) => {
                self.note_reset(cause, epoch).await?;
                self.pull().await.map(|_| ())
            }
            Ok(wire::Frame::Other) => Ok(()),
            Err(_) => {
                log::warn!("event=unreadable_frame");
                self.pull().await.map(|_| ())
            }
        }
    }

    /// One transaction: the rows, the cursor, the ends of commands.
    async fn apply(&self, page: wire::Changes) -> Result<u32, CallError> {
        let (now, offset) = (self.clock.now_ms(), self.clock.offset_ms());
        let wire::Changes { epoch, to, cursor, as_of, rows, has_more, .. } = page;
        let ops = apply::plan(rows);
        let new = self
            .write(move |tx| {
                super::epoch::see_epoch(tx, &epoch, now)?;
                let new = apply::carry_out(tx, &ops, as_of, now)?;
                tx.set_meta(Key::Cursor, &cursor)?;
                tx.set_meta(Key::Seq, &to.to_string())?;
                tx.finish_up_to(to)?;
                if !has_more {
                    tx.set_meta(Key::OffsetMs, &offset.to_string())?;
                    tx.set_meta(Key::UpToDateAt, &now.to_string())?;
                    tx.prune_marks(now)?;
                    tx.prune_own_sends(now)?;
                    tx.prune_contacts()?;
                    tx.touch(Topic::Status);
                }
                Ok(new)
            })
            .await?;
        self.signals.sender.notify_one();
        Ok(new)
    }

    /// Waits before the next socket, if those before did not last. True if a pull is wanted first.
    async fn is_wanted_before_socket(&self, unsteady: u32) -> bool {
        if unsteady == 0 {
            return false;
        }
        let delay = backoff::delay_ms(unsteady, SOCKET_MS, 0, self.rng.as_ref());
        tokio::select! {
            biased;
            () = self.signals.sync.notified() => true,
            () = tokio::time::sleep(Duration::from_millis(delay)) => false,
        }
    }

    async fn wait(&self, state: State, failures: u32, asked: u64) {
        let delay = backoff::delay_ms(failures, backoff::FOREGROUND_MS, asked, self.rng.as_ref());
        let next_try = self.clock.now_ms().saturating_add(i64::try_from(delay).unwrap_or(i64::MAX));
        self.link.set(state.link(), Some(next_try));
        tokio::select! {
            biased;
            () = self.signals.sync.notified() => {}
            () = tokio::time::sleep(Duration::from_millis(delay)) => {}
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CallError> {
        self.session.get(path).await
    }

    pub(super) async fn meta(&self, key: Key) -> Result<Option<String>, CallError> {
        self.store.read(move |read| read.meta(key)).await.map_err(store_trouble)
    }

    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, CallError>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Stored<T> + Send + 'static,
    {
        self.store.write(work).await.map_err(store_trouble)
    }
}

/// The store's trouble is logged where it is converted; for the loop it is one more reason to wait and try again.
pub(super) fn store_trouble(error: crate::store::StoreError) -> CallError {
    let _logged = Error::from(error);
    CallError::Trouble { retry_after_ms: None }
}

fn event_of(error: &CallError) -> Event {
    match error {
        CallError::Fault(Fault::NotSent) => Event::NoNetwork,
        CallError::SignIn(_) | CallError::Revoked(_) => Event::NoSession,
        CallError::Upgrade => Event::TooOld,
        _ => Event::NoAnswer,
    }
}

/// A query value.
pub(super) fn encoded(value: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

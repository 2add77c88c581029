//! Carries the table out: starts and stops the tasks, opens and closes the file, keeps within budgets.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard, RwLock, RwLockWriteGuard, watch};

use super::state::{Fact, State};
use super::supervisor::Supervised;
use crate::api::{BackgroundReport, Error, LinkState, StopCause};
use crate::model::queue;
use crate::outbox::{Drained, Sender};
use crate::store::{Key, Store};
use crate::support::uuid_v4;
use crate::sync::Engine;
use crate::transport::{CallError, Session, WipeToken};

/// Commands in one request of a background run.
const BATCH: usize = 100;
/// While something waits that could go by itself, the core would like to run again after this.
const WANTED_AGAIN_MS: u64 = 15 * 60 * 1_000;

struct Life {
    state: State,
    tasks: Vec<Supervised>,
}

/// A standstill.
pub(crate) struct Paused<'a> {
    _life: MutexGuard<'a, Life>,
    _file: RwLockWriteGuard<'a, ()>,
}

/// Owns the tasks of one client.
pub(crate) struct Runner {
    store: Store,
    session: Arc<Session>,
    engine: Arc<Engine>,
    sender: Arc<Sender>,
    life: Mutex<Life>,
    suspended: AtomicBool,
    ended: AtomicBool,
    /// A manager removed this device, and nobody signed in since.
    removed: AtomicBool,
    /// Held shared while a command is written, alone while the file is closed.
    file: RwLock<()>,
}

impl Runner {
    pub(crate) fn new(
        store: Store,
        session: Arc<Session>,
        engine: Arc<Engine>,
        sender: Arc<Sender>,
        removed: bool,
    ) -> Self {
        Self {
            store,
            session,
            engine,
            sender,
            life: Mutex::new(Life { state: State::Opened, tasks: Vec::new() }),
            suspended: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            removed: AtomicBool::new(removed),
            file: RwLock::new(()),
        }
    }

    /// True after shutdown.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    pub(crate) async fn enter_foreground(&self) -> Result<(), Error> {
        let mut life = self.life.lock().await;
        let Some(next) = life.state.after(Fact::EnterForeground) else {
            self.refuse_ended()?;
            // A start that failed (a secret store still locked) is made up for.
            return if life.tasks.is_empty() { self.start_tasks(&mut life) } else { Ok(()) };
        };
        self.store.reopen().await?;
        self.suspended.store(false, Ordering::Release);
        life.state = next;
        self.store.revisions().bump_all();
        self.start_tasks(&mut life)
    }

    /// Starts the tasks anew: somebody signed in.
    pub(crate) async fn restart(&self) -> Result<(), Error> {
        let mut life = self.life.lock().await;
        if life.state != State::Foreground {
            return Ok(());
        }
        Self::stop_tasks(&mut life).await;
        self.start_tasks(&mut life)
    }

    /// Ends the tasks. Until the answer is dropped nothing starts, suspends or writes a command.
    pub(crate) async fn pause(&self) -> Paused<'_> {
        let mut life = self.life.lock().await;
        Self::stop_tasks(&mut life).await;
        self.engine.signals.set_fresh(false);
        Paused { _life: life, _file: self.file.write().await }
    }

    /// Nobody is signed in any more.
    pub(crate) fn signed_out(&self) {
        let removed = self.removed.load(Ordering::Acquire);
        let state = if removed { LinkState::Removed } else { LinkState::SignedOut };
        self.engine.link.set(state, None);
    }

    /// Somebody is again.
    pub(crate) fn signed_in(&self) {
        self.removed.store(false, Ordering::Release);
    }

    /// A manager removed this device: everything of the account goes at once, whatever is unsent, and the server is told. Killed
    /// in the middle, it is done again when the server says so again.
    pub(crate) async fn wipe(&self, wipe_token: &WipeToken) -> Result<(), Error> {
        let paused = self.pause().await;
        if self.has_ended() {
            return Ok(());
        }
        // The key first: with it goes all that could open the session again.
        if self.session.forget_revoked(wipe_token).is_err() {
            log::warn!("event=wipe_without_key_store");
        }
        let closed = self.suspended.load(Ordering::Acquire);
        if closed {
            self.store.reopen().await?;
        }
        let device_id = uuid_v4(self.engine.rng.as_ref());
        let wiped = self.store.write(move |tx| {
            tx.wipe_account()?;
            // What was removed stays removed: who signs in next is another device.
            tx.set_meta(Key::DeviceId, &device_id)?;
            tx.set_meta(Key::Removed, "1")
        });
        let wiped = wiped.await;
        let scrubbed = self.store.scrub().await;
        if closed {
            self.store.close().await?;
        }
        wiped?;
        scrubbed?;
        log::info!("event=wiped");
        self.removed.store(true, Ordering::Release);
        self.signed_out();
        self.store.revisions().bump_all();
        drop(paused);
        self.confirm_wipe().await;
        Ok(())
    }

    /// Tells the server of a wipe that it has not heard of. Not heard again, it is told at the next start.
    pub(crate) async fn confirm_wipe(&self) {
        if self.session.owes_word() && self.session.confirm_wipe().await.is_err() {
            log::info!("event=wipe_not_told");
        }
    }

    /// Wipes whenever the server says so, until the session is dropped.
    pub(crate) async fn watch_for_wipe(
        this: Weak<Self>,
        mut revoked: watch::Receiver<Option<WipeToken>>,
    ) {
        while revoked.changed().await.is_ok() {
            let token = revoked.borrow_and_update().clone();
            let (Some(token), Some(this)) = (token, this.upgrade()) else { continue };
            if this.wipe(&token).await.is_err() {
                log::error!("event=wipe_failed");
            }
        }
    }

    /// Sends what can still go before `deadline_ms` is over, then lets go of the file.
    pub(crate) async fn enter_background(
        &self,
        deadline_ms: u64,
    ) -> Result<BackgroundReport, Error> {
        let mut life = self.life.lock().await;
        let Some(next) = life.state.after(Fact::EnterBackground) else {
            self.refuse_ended()?;
            return Ok(report(Counts::default(), Waiting::default(), StopCause::Finished));
        };
        Self::stop_tasks(&mut life).await;
        // True from here on, also if the caller stops waiting.
        life.state = State::Opened;
        let counts = Tally::default();
        let why = self.work(&counts, working_ms(deadline_ms), false).await;
        let waiting = self.suspend(&mut life, next).await?;
        Ok(report(counts.read(), waiting, why))
    }

    /// Opens, catches up, sends, closes; always within `budget_ms` and always with a report.
    pub(crate) async fn run_background(&self, budget_ms: u64) -> Result<BackgroundReport, Error> {
        let mut life = self.life.lock().await;
        let Some(next) = life.state.after(Fact::RunBackground) else {
            self.refuse_ended()?;
            // In the foreground the tasks do all this already.
            self.engine.signals.sync.notify_one();
            let waiting = self.waiting().await?;
            return Ok(report(Counts::default(), waiting, StopCause::Finished));
        };
        self.store.reopen().await?;
        life.state = next;
        // Replies need not wait for the end of the run.
        self.suspended.store(false, Ordering::Release);
        let counts = Tally::default();
        let why = self.work(&counts, working_ms(budget_ms), true).await;
        let ended = life.state.after(Fact::RunEnded).unwrap_or(State::Suspended);
        let waiting = self.suspend(&mut life, ended).await?;
        Ok(report(counts.read(), waiting, why))
    }

    /// Runs `write` with the file open for it, also while suspended: a reply from a notification is kept at once.
    pub(crate) async fn with_file<T, F>(&self, write: F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        loop {
            if self.has_ended() {
                return Err(Error::Cancelled);
            }
            let open = self.file.read().await;
            if !self.suspended.load(Ordering::Acquire) {
                return write.await;
            }
            drop(open);
            let _turn = self.life.lock().await;
            if !self.suspended.load(Ordering::Acquire) {
                continue;
            }
            self.store.reopen().await?;
            let result = write.await;
            // The command is kept or not; how the file was closed changes nothing about it.
            if self.store.close().await.is_err() {
                log::warn!("event=close_failed");
            }
            return result;
        }
    }

    pub(crate) async fn shutdown(&self) -> Result<(), Error> {
        self.ended.store(true, Ordering::Release);
        let mut life = self.life.lock().await;
        let Some(next) = life.state.after(Fact::Shutdown) else { return Ok(()) };
        Self::stop_tasks(&mut life).await;
        life.state = next;
        self.store.revisions().end();
        Ok(self.store.close().await?)
    }

    fn refuse_ended(&self) -> Result<(), Error> {
        if self.has_ended() { Err(Error::Cancelled) } else { Ok(()) }
    }

    fn start_tasks(&self, life: &mut Life) -> Result<(), Error> {
        if !self.session.exists()? {
            self.signed_out();
            return Ok(());
        }
        let engine = Arc::clone(&self.engine);
        life.tasks.push(Supervised::start("sync", move || {
            let engine = Arc::clone(&engine);
            async move { engine.run().await }
        }));
        let sender = Arc::clone(&self.sender);
        life.tasks.push(Supervised::start("sender", move || {
            let sender = Arc::clone(&sender);
            async move { sender.run().await }
        }));
        Ok(())
    }

    async fn stop_tasks(life: &mut Life) {
        for task in std::mem::take(&mut life.tasks) {
            task.stop().await;
        }
    }

    async fn suspend(&self, life: &mut Life, as_state: State) -> Result<Waiting, Error> {
        let waiting = self.waiting().await?;
        self.engine.signals.set_fresh(false);
        // Commands that began before are on disk first; those that come after open the file for themselves.
        let _nobody_writes = self.file.write().await;
        self.suspended.store(true, Ordering::Release);
        life.state = as_state;
        self.store.close().await?;
        Ok(waiting)
    }

    async fn work(&self, counts: &Tally, within_ms: u64, pull: bool) -> StopCause {
        let all = async {
            if pull || !self.engine.signals.is_fresh() {
                let pulled = self.engine.pull().await?;
                counts.new_messages.fetch_add(pulled.new_messages, Ordering::Relaxed);
            }
            let mut limit = BATCH;
            loop {
                match self.sender.drain_once(limit).await? {
                    Drained::Answered(ended) => {
                        counts.answered.fetch_add(ended, Ordering::Relaxed);
                        if ended == 0 {
                            return Ok(());
                        }
                    }
                    Drained::Nothing { .. } => return Ok(()),
                    Drained::TooLarge => limit = (limit / 2).max(1),
                }
            }
        };
        let outcome: Result<Result<(), CallError>, _> =
            tokio::time::timeout(Duration::from_millis(within_ms), all).await;
        match outcome {
            Ok(Ok(())) => StopCause::Finished,
            Ok(Err(CallError::SignIn(_) | CallError::Revoked(_) | CallError::Secret)) => {
                StopCause::SignIn
            }
            Ok(Err(_)) => StopCause::Offline,
            Err(_) => StopCause::Budget,
        }
    }

    async fn waiting(&self) -> Result<Waiting, Error> {
        let counted = self.store.read(|read| {
            let rows = read.outbox()?;
            let count = |which: fn(queue::State) -> bool| {
                u32::try_from(rows.iter().filter(|it| which(it.state)).count()).unwrap_or(u32::MAX)
            };
            Ok(Waiting {
                by_itself: count(|state| {
                    matches!(state, queue::State::Queued | queue::State::Sent)
                }),
                needs_me: count(queue::State::needs_person),
            })
        });
        Ok(counted.await?)
    }
}

/// A tenth is kept for closing the file.
fn working_ms(budget_ms: u64) -> u64 {
    budget_ms.saturating_sub((budget_ms / 10).min(500))
}

#[derive(Default)]
struct Tally {
    answered: AtomicU32,
    new_messages: AtomicU32,
}

#[derive(Default, Clone, Copy)]
struct Counts {
    answered: u32,
    new_messages: u32,
}

#[derive(Default, Clone, Copy)]
struct Waiting {
    by_itself: u32,
    needs_me: u32,
}

impl Tally {
    fn read(&self) -> Counts {
        Counts {
            answered: self.answered.load(Ordering::Relaxed),
            new_messages: self.new_messages.load(Ordering::Relaxed),
        }
    }
}

fn report(counts: Counts, waiting: Waiting, why_stopped: StopCause) -> BackgroundReport {
    BackgroundReport {
        answered: counts.answered,
        still_waiting: waiting.by_itself,
        needs_me: waiting.needs_me,
        new_messages: counts.new_messages,
        next_wanted_in_ms: (waiting.by_itself > 0).then_some(WANTED_AGAIN_MS),
        why_stopped,
    }
}

//! The task that empties the outbox. It sends only while what is held is fresh, so that guard and window judge the newest state.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{answers, pick};
use crate::api::Error;
use crate::model::backoff;
use crate::model::queue::Event;
use crate::store::{Store, Stored, Tx};
use crate::support::{Rng, ServerClock, Signals};
use crate::transport::{CallError, Fault, Method, Session, wire};

/// Empties the outbox.
pub(crate) struct Sender {
    pub(crate) store: Store,
    pub(crate) session: Arc<Session>,
    pub(crate) clock: ServerClock,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) signals: Signals,
}

/// What one request did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drained {
    /// So many commands were answered for good.
    Answered(u32),
    /// Nothing can go now; at that server time something may.
    Nothing { next_at: Option<i64> },
    /// The request was too large for the server: try with half of it.
    TooLarge,
}

impl Sender {
    /// Runs while the app is in the foreground; ended by dropping it.
    pub(crate) async fn run(&self) {
        let mut failures = 0_u32;
        let mut limit = pick::BATCH;
        let mut fresh = self.signals.fresh.subscribe();
        loop {
            let closes_at = self.write(pick::judge_waiting).await.ok().flatten();
            if !*fresh.borrow_and_update() {
                self.wait(closes_at, &mut fresh).await;
                continue;
            }
            match self.drain_once(limit).await {
                Ok(Drained::Answered(ended)) => {
                    (failures, limit) = (0, pick::BATCH);
                    if ended > 0 && !self.signals.is_live() {
                        // No frame will bring the effect.
                        self.signals.sync.notify_one();
                    }
                }
                Ok(Drained::TooLarge) => limit = (limit / 2).max(1),
                Ok(Drained::Nothing { next_at }) => {
                    failures = 0;
                    let until = [closes_at, next_at].into_iter().flatten().min();
                    self.wait(until, &mut fresh).await;
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    let asked = match error {
                        CallError::Trouble { retry_after_ms: Some(ms) } => ms,
                        _ => 0,
                    };
                    // Whether the way is still there the engine finds out; it says so by `fresh`.
                    self.signals.set_fresh(false);
                    self.signals.sync.notify_one();
                    let delay = backoff::delay_ms(
                        failures,
                        backoff::FOREGROUND_MS,
                        asked,
                        self.rng.as_ref(),
                    );
                    if failures > 1 || asked > 0 {
                        tokio::select! {
                            biased;
                            // A person cuts our own patience short, never what the server asked for.
                            () = self.signals.now.notified(), if asked == 0 => failures = 0,
                            () = tokio::time::sleep(Duration::from_millis(delay)) => {}
                        }
                    }
                }
            }
        }
    }

    /// One request with what may go now.
    pub(crate) async fn drain_once(&self, limit: usize) -> Result<Drained, CallError> {
        let batch = self.write(move |tx, now| pick::pick(tx, now, limit)).await?;
        if batch.commands.is_empty() {
            return Ok(Drained::Nothing { next_at: batch.next_at });
        }
        let payloads: Vec<String> = batch.commands.iter().map(|it| it.payload.clone()).collect();
        let ids: Vec<String> = batch.commands.iter().map(|it| it.id.clone()).collect();
        // Without a token nothing leaves at all.
        if let Err(error) = self.session.ready().await {
            self.back(batch).await?;
            return Err(error);
        }
        let outcome = self.exchange(&batch.epoch, &payloads).await;
        let taken = match outcome {
            Ok(answers) => {
                let known = ids;
                self.write(move |tx, now| {
                    let mut ended = 0;
                    let mut waiting: BTreeSet<String> = known.into_iter().collect();
                    for answer in answers.answers {
                        let (id, answer) = answer.read();
                        if waiting.remove(&id) {
                            ended += u32::from(answers::take(tx, &id, answer, now)?);
                        }
                    }
                    for id in waiting {
                        let none = wire::Answer::Later { retry_after_ms: None };
                        answers::take(tx, &id, none, now)?;
                    }
                    Ok(ended)
                })
                .await?
            }
            Err(CallError::Fault(Fault::NotSent)) => {
                self.back(batch).await?;
                return Err(CallError::Fault(Fault::NotSent));
            }
            Err(CallError::Refused { status: 400 | 413, .. }) if ids.len() > 1 => {
                return Ok(Drained::TooLarge);
            }
            Err(CallError::Refused { status: 400 | 413, .. }) => {
                // Alone and still unreadable for the server: that command is refused, whatever is in it.
                self.write(move |tx, now| {
                    for id in &ids {
                        let code = "malformed".to_owned();
                        let answer = wire::Answer::Refused { code, reason: None, details: None };
                        answers::take(tx, id, answer, now)?;
                    }
                    Ok(1)
                })
                .await?
            }
            Err(other) => return Err(other),
        };
        Ok(Drained::Answered(taken))
    }

    async fn exchange(&self, epoch: &str, payloads: &[String]) -> Result<wire::Answers, CallError> {
        let body = wire::batch(epoch, payloads).map_err(|_| CallError::Refused {
            status: 400,
            code: "malformed".to_owned(),
            cause: None,
        })?;
        let response = self.session.call(Method::Post, "/v1/commands", Some(&body)).await?;
        serde_json::from_slice(&response.body)
            .map_err(|_| CallError::Trouble { retry_after_ms: None })
    }

    /// The request provably never left: what had not left before is still wholly ours.
    async fn back(&self, batch: pick::Batch) -> Result<(), CallError> {
        self.write(move |tx, _now| {
            for id in &batch.first_tries {
                // As it stands now: a reset may have moved it meanwhile.
                if let Some(it) = tx.read().queued(id)? {
                    tx.step_command(&it, Event::NeverLeft)?;
                }
            }
            Ok(())
        })
        .await
    }

    async fn wait(&self, until: Option<i64>, fresh: &mut tokio::sync::watch::Receiver<bool>) {
        let sleep = async {
            match until {
                Some(at) => {
                    let left = u64::try_from(at.saturating_sub(self.clock.now_ms())).unwrap_or(0);
                    tokio::time::sleep(Duration::from_millis(left.saturating_add(1))).await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.signals.sender.notified() => {}
            changed = fresh.changed() => if changed.is_err() { std::future::pending::<()>().await },
            () = sleep => {}
        }
    }

    async fn write<T, F>(&self, work: F) -> Result<T, CallError>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>, i64) -> Stored<T> + Send + 'static,
    {
        let now = self.clock.now_ms();
        self.store.write(move |tx| work(tx, now)).await.map_err(trouble)
    }
}

/// Logged where it is converted; for the loop it is one more reason to wait.
fn trouble(error: crate::store::StoreError) -> CallError {
    let _logged = Error::from(error);
    CallError::Trouble { retry_after_ms: None }
}

//! The live line of one device: frames made when they are asked for, so that a slow reader costs
//! no memory.

use std::collections::VecDeque;

use serde_json::json;

use super::MAX_ROWS;
use super::changes::{Page, page};
use super::close::CloseCode;
use super::cursor::{self, ResetCause};
use super::scope::Reader;
use crate::agents::error::ApiError;
use crate::agents::session::{Caller, authenticate};
use crate::state::AppState;
use crate::store::sessions::{self, Session};
use crate::store::{StoreError, workspaces};

/// What a socket is to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LiveEvent {
    /// One JSON frame.
    Text(String),
    /// The end, and why.
    Close(CloseCode),
}

/// The live line of one device.
pub struct LiveFeed {
    state: AppState,
    caller: Caller,
    fingerprint: String,
    epoch: String,
    /// `to` of the last frame: the next one's `from`.
    sent: i64,
    /// Everything up to here was looked at; what lies between was not for this reader.
    looked: i64,
    /// The workspace's count when it was last looked at.
    seen: Option<u64>,
    first: bool,
    more: bool,
    queue: VecDeque<LiveEvent>,
    ended: bool,
}

/// What a look at the line came to.
enum Look {
    Page(Page),
    Reset(ResetCause, String),
    Ended,
}

impl LiveFeed {
    /// Signs the device in by its access token and begins where its hello says.
    ///
    /// # Errors
    /// What [`authenticate`] refuses, and `malformed` for a cursor that is none. A cursor that is
    /// no good any more is no error: the feed says so in its first frame.
    pub async fn open(state: AppState, access_token: &str, since: &str) -> Result<Self, ApiError> {
        let caller = authenticate(&state, access_token).await?;
        Self::begin(state, caller, since).await
    }

    /// As [`LiveFeed::open`], for a caller who is signed in.
    pub(crate) async fn begin(
        state: AppState,
        caller: Caller,
        since: &str,
    ) -> Result<Self, ApiError> {
        let (actor, since) = (caller.actor.clone(), since.to_owned());
        let (place, fingerprint, epoch) = state
            .store
            .read(move |sql| -> Result<_, ApiError> {
                let workspace = workspaces::get(sql, &actor.workspace)?;
                let reader = Reader::new(actor, &workspace);
                let place = cursor::place(sql, &workspace, &reader, &since, "since")?;
                Ok((place, reader.fingerprint(), workspace.epoch))
            })
            .await?;
        let mut feed = Self {
            state,
            caller,
            fingerprint,
            epoch,
            sent: 0,
            looked: 0,
            seen: None,
            first: true,
            more: false,
            queue: VecDeque::new(),
            ended: false,
        };
        match place {
            Ok(seq) => (feed.sent, feed.looked) = (seq, seq),
            Err(cause) => {
                let epoch = feed.epoch.clone();
                feed.reset(cause, &epoch);
            }
        }
        Ok(feed)
    }

    /// The next thing to send; `None` after [`LiveEvent::Close`]. Cancel safe.
    pub async fn next(&mut self) -> Option<LiveEvent> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            if self.state.stop.is_stopping() {
                self.end(CloseCode::Away);
                continue;
            }
            let heads = std::sync::Arc::clone(self.state.store.heads());
            let workspace = self.caller.actor.workspace.clone();
            let count = heads.count(&workspace);
            if self.seen == Some(count) && !self.more {
                tokio::select! {
                    biased;
                    () = self.state.stop.stopped() => {}
                    () = heads.wait(&workspace, count) => {}
                }
                continue;
            }
            let looked = self.look().await;
            self.seen = Some(count);
            match looked {
                Ok(Look::Page(page)) => self.take(page),
                Ok(Look::Reset(cause, epoch)) => self.reset(cause, &epoch),
                Ok(Look::Ended) => self.end(CloseCode::Ended),
                Err(_) if self.state.stop.is_stopping() => self.end(CloseCode::Away),
                Err(error) => {
                    log::error!("live cause=\"{error}\"");
                    self.end(CloseCode::Fault);
                }
            }
        }
    }

    async fn look(&self) -> Result<Look, StoreError> {
        let (session, looked) = (self.caller.session.clone(), self.looked);
        let (epoch, fingerprint) = (self.epoch.clone(), self.fingerprint.clone());
        let now = self.state.ports.clock.now_ms();
        self.state
            .store
            .read(move |sql| {
                let session = sessions::find(sql, &session)?.filter(Session::is_alive);
                let Some(session) = session else { return Ok(Look::Ended) };
                let workspace = workspaces::get(sql, &session.actor.workspace)?;
                if workspace.epoch != epoch {
                    return Ok(Look::Reset(ResetCause::Epoch, workspace.epoch));
                }
                let reader = Reader::new(session.actor, &workspace);
                if reader.fingerprint() != fingerprint {
                    return Ok(Look::Reset(ResetCause::Scope, workspace.epoch));
                }
                page(sql, &workspace, &reader, looked, MAX_ROWS, now).map(Look::Page)
            })
            .await
    }

    fn take(&mut self, mut page: Page) {
        self.looked = page.to;
        self.more = page.has_more;
        let wanted = self.state.wanted.of(&self.caller.actor.device);
        let reaches = wanted > self.sent && page.to > self.sent;
        if page.changes.is_empty() && !self.first && !reaches {
            return;
        }
        page.from = self.sent;
        self.sent = page.to;
        self.first = false;
        match serde_json::to_string(&page) {
            Ok(text) => self.queue.push_back(LiveEvent::Text(text)),
            Err(_) => self.end(CloseCode::Fault),
        }
    }

    fn reset(&mut self, cause: ResetCause, epoch: &str) {
        let frame = json!({
            "kind": "reset",
            "cause": cause.as_str(),
            "epoch": epoch,
            "server_time": self.state.ports.clock.now_ms(),
        });
        self.queue.push_back(LiveEvent::Text(frame.to_string()));
        self.end(CloseCode::Normal);
    }

    fn end(&mut self, code: CloseCode) {
        self.queue.push_back(LiveEvent::Close(code));
        self.ended = true;
    }
}

impl std::fmt::Debug for LiveFeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LiveFeed({}..{})", self.sent, self.looked)
    }
}

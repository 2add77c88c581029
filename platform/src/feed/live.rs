//! The live line of one device: frames made when they are asked for, so that a slow reader costs
//! no memory.

use std::collections::{BTreeSet, VecDeque};

use serde::Deserialize;
use serde_json::{Value, json};

use super::MAX_ROWS;
use super::changes::{Page, page};
use super::close::CloseCode;
use super::cursor::{self, ResetCause};
use super::scope::{Reader, may_see};
use crate::agents::error::ApiError;
use crate::agents::session::{Caller, authenticate};
use crate::meta::reads;
use crate::state::AppState;
use crate::store::sessions::{self, Session};
use crate::store::{StoreError, holders, workspaces};

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
    /// Its number among the sockets.
    seat: u64,
    /// The conversation that the phone shows.
    open: Option<String>,
    shown: Shown,
}

/// What was last said about the open conversation.
#[derive(Debug, Default)]
struct Shown {
    /// The rooms' count when they were last looked at; `None`: look again.
    count: Option<u64>,
    viewing: BTreeSet<String>,
    typed: u64,
    /// Its assignee, and whether they are there.
    presence: Option<(String, bool)>,
}

/// What a phone says on the line after its hello.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Said {
    /// It shows this conversation now, or none.
    Open { conversation: Option<String> },
    /// Its person types in the open conversation, or stopped.
    Typing { on: bool },
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
                let reader = Reader::new(sql, actor, &workspace)?;
                let place = cursor::place(sql, &workspace, &reader, &since, "since")?;
                Ok((place, reader.fingerprint(), workspace.epoch))
            })
            .await?;
        let seat = state.rooms.enter(&caller.actor.member);
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
            seat,
            open: None,
            shown: Shown::default(),
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
                let rooms = self.state.rooms.count();
                if self.open.is_some() && self.shown.count != Some(rooms) {
                    if self.is_as_shown() {
                        self.shown.count = Some(rooms);
                    } else if let Err(error) = self.look_around(rooms).await {
                        log::error!("live cause=\"{error}\"");
                        self.end(CloseCode::Fault);
                    }
                    continue;
                }
                tokio::select! {
                    biased;
                    () = self.state.stop.stopped() => {}
                    () = heads.wait(&workspace, count) => {}
                    () = self.state.rooms.wait(rooms), if self.open.is_some() => {}
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

    /// Takes in what the phone says after its hello. What is not understood is not heard.
    pub async fn hear(&mut self, text: &str) {
        match serde_json::from_str(text) {
            Ok(Said::Open { conversation }) => self.show(conversation).await,
            Ok(Said::Typing { on }) => {
                self.state.rooms.typing(self.seat, on);
                if let (true, Some(open)) = (on, self.state.rooms.open_of(self.seat)) {
                    // The customer may be told; the socket does not wait for Meta.
                    let state = self.state.clone();
                    tokio::spawn(async move { reads::typing(&state, &open).await });
                }
            }
            Err(_) => {}
        }
    }

    /// The phone shows another conversation; one that its member may not see is none.
    async fn show(&mut self, conversation: Option<String>) {
        let mut shown = None;
        if let Some(id) = conversation {
            let (actor, asked) = (self.caller.actor.clone(), id.clone());
            let seen = self.state.store.read(move |sql| may_see(sql, &actor, &asked)).await;
            shown = matches!(seen, Ok(true)).then_some(id);
        }
        self.state.rooms.open(self.seat, shown.as_deref());
        // What was said before it was opened is over.
        self.shown = Shown { typed: self.state.rooms.count(), ..Shown::default() };
        self.open = shown;
    }

    /// Whether what was told since the last look is about other conversations: most of it is, and
    /// with hundreds of sockets each look into the store counts. What the line moved is looked at.
    fn is_as_shown(&self) -> bool {
        let (Some(open), Some(_)) = (&self.open, self.shown.count) else { return false };
        let rooms = &self.state.rooms;
        let view = rooms.view(open, &self.caller.actor.member, self.shown.typed);
        let presence = self.shown.presence.as_ref();
        view.typing.is_empty()
            && view.viewing == self.shown.viewing
            && presence.is_none_or(|(member, online)| rooms.is_online(member) == *online)
    }

    /// Says what changed around the open conversation since it was last said.
    async fn look_around(&mut self, count: u64) -> Result<(), StoreError> {
        let Some(open) = self.open.clone() else { return Ok(()) };
        let (actor, id) = (self.caller.actor.clone(), open.clone());
        let seen = self
            .state
            .store
            .read(move |sql| -> Result<_, StoreError> {
                if !may_see(sql, &actor, &id)? {
                    return Ok(None);
                }
                Ok(holders::find(sql, &actor.workspace, &id)?.map(|desk| desk.assignee))
            })
            .await?;
        let Some(assignee) = seen else {
            // It left the scope while it was open.
            self.show(None).await;
            return Ok(());
        };
        let (rooms, me) = (&self.state.rooms, &self.caller.actor.member);
        let view = rooms.view(&open, me, self.shown.typed);
        let presence = assignee.filter(|member| member != me).map(|member| {
            let online = rooms.is_online(&member);
            (member, online)
        });
        let mut frames = Vec::new();
        if view.viewing != self.shown.viewing {
            frames.push(json!({ "kind": "viewing", "members": view.viewing }));
            self.shown.viewing = view.viewing;
        }
        if presence != self.shown.presence {
            if let Some((member, online)) = &presence {
                frames.push(json!({ "kind": "presence", "member": member, "online": online }));
            }
            self.shown.presence = presence;
        }
        for (number, member, on) in view.typing {
            self.shown.typed = self.shown.typed.max(number);
            frames.push(json!({ "kind": "typing", "member": member, "on": on }));
        }
        self.shown.count = Some(count);
        for frame in frames {
            self.queue.push_back(LiveEvent::Text(self.about(&open, frame)));
        }
        Ok(())
    }

    fn about(&self, conversation: &str, mut frame: Value) -> String {
        if let Some(map) = frame.as_object_mut() {
            map.insert("conversation".into(), conversation.into());
            map.insert("server_time".into(), self.state.ports.clock.now_ms().into());
        }
        frame.to_string()
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
                let reader = Reader::new(sql, session.actor, &workspace)?;
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
        // What moved may have moved the open conversation.
        self.shown.count = None;
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

impl Drop for LiveFeed {
    fn drop(&mut self) {
        self.state.rooms.leave(self.seat);
    }
}

impl std::fmt::Debug for LiveFeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LiveFeed({}..{})", self.sent, self.looked)
    }
}

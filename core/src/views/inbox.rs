//! The conversation list.

use std::sync::atomic::{AtomicU32, Ordering};

use serde::Deserialize;

use super::hub::Waiter;
use super::overlay::{self, People};
use super::{Sources, timeline};
use crate::api::{
    AuthorKind, Body, ConversationId, Error, InboxRow, InboxSnapshot, Millis, Preview, QueuePause,
    Unsent,
};
use crate::model::body;
use crate::model::extras;
use crate::model::records::Queued;
use crate::reply::window;
use crate::store::{HeldConversation, Key, Read, Stored, Topic};

/// Rows drawn at first.
const FIRST_WINDOW: u32 = 50;

/// A pulled view of the list.
pub struct InboxView {
    sources: Sources,
    window: AtomicU32,
    waiter: Waiter,
}

impl InboxView {
    pub(crate) fn new(sources: Sources) -> Self {
        let topics = vec![Topic::Inbox, Topic::Outbox];
        let waiter = Waiter::new(sources.store.revisions().clone(), topics);
        Self { sources, window: AtomicU32::new(FIRST_WINDOW), waiter }
    }

    /// Waits for a revision above `since` (0 = now) and draws it; `None` after `cancel`.
    /// While the app is suspended it waits.
    pub async fn next(&self, since: u64) -> Option<Result<InboxSnapshot, Error>> {
        let mut since = since;
        loop {
            let revision = self.waiter.next(since).await?;
            match self.snapshot(revision).await {
                Err(Error::Suspended) => since = revision,
                other => return Some(other),
            }
        }
    }

    /// Shows so many more rows.
    pub fn widen(&self, more: u32) {
        self.window.fetch_add(more, Ordering::Relaxed);
        self.waiter.again();
    }

    /// Ends the view.
    pub fn cancel(&self) {
        self.waiter.cancel();
    }

    /// True after `cancel`.
    pub fn is_cancelled(&self) -> bool {
        self.waiter.is_cancelled()
    }

    async fn snapshot(&self, revision: u64) -> Result<InboxSnapshot, Error> {
        let limit = self.window.load(Ordering::Relaxed);
        let (now, pause) = (self.sources.clock.now_ms(), self.sources.link.pause());
        let built =
            self.sources.store.read(move |read| build(read, limit, now, pause, revision)).await?;
        Ok(built)
    }
}

fn build(
    read: &Read<'_>,
    limit: u32,
    now: i64,
    pause: Option<QueuePause>,
    revision: u64,
) -> Stored<InboxSnapshot> {
    let people = People::read(read)?;
    let channels = read.channel_names()?;
    let queued = read.outbox()?;
    let total = read.count_conversations()?;
    let troubled = read.troubled_messages()?;
    let mut rows = Vec::new();
    for held in read.recent_conversations(limit)? {
        let mine: Vec<Queued> =
            queued.iter().filter(|it| it.conversation == held.record.id).cloned().collect();
        let mut unsent = Unsent::default();
        for (it, standing) in mine.iter().zip(overlay::standings(read, &people, &mine, pause, now)?)
        {
            if standing.needs_me {
                unsent.needs_me += 1;
            } else if it.kind == "send" && !overlay::is_at_server(read, it)? {
                unsent.waiting += 1;
            }
        }
        for message in troubled.iter().filter(|m| m.conversation_id == held.record.id) {
            let standing = timeline::standing_of(read, &people, message, &mine, now)?;
            // Colleagues decide about theirs.
            let mine = standing.author.kind == AuthorKind::Me;
            if mine && standing.trouble.is_some_and(|t| timeline::asks(t.reason, &standing.choices))
            {
                unsent.needs_me += 1;
            }
        }
        let (preview, at) = preview(&people, &held, &mine);
        rows.push(InboxRow {
            key: ConversationId(held.record.id.clone()),
            name: timeline::name(read, &held)?,
            preview,
            at,
            unread: unread(&held, &mine),
            window: window::state(held.record.window_closes_at, now),
            waiting_since: held.record.waiting_since.map(Millis),
            unsent,
            channel: channels.get(&held.record.channel_id).cloned().unwrap_or_default(),
        });
    }
    let shown = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    Ok(InboxSnapshot {
        revision,
        rows,
        total,
        has_more_before: false,
        has_more_after: shown < total,
        loading: read.meta(Key::Drawn)?.is_none(),
    })
}

/// A read mark that waits here counts at once, as far as it reaches the newest message.
fn unread(held: &HeldConversation, mine: &[Queued]) -> u32 {
    let read_here =
        mine.iter().filter(|it| it.kind == "read").any(|it| it.based_on_n >= held.record.last_n);
    if read_here { 0 } else { held.record.unread }
}

#[derive(Deserialize)]
struct Last {
    sent_at: i64,
    author: LastAuthor,
    body: Box<serde_json::value::RawValue>,
    deleted: Option<Box<serde_json::value::RawValue>>,
}

#[derive(Deserialize)]
struct LastAuthor {
    kind: String,
    id: Option<String>,
}

fn preview(
    people: &People,
    held: &HeldConversation,
    mine: &[Queued],
) -> (Option<Preview>, Option<Millis>) {
    let own = mine.iter().rev().find(|it| it.kind == "send" && it.done_seq.is_none());
    if let Some(own) = own {
        let body = Body::Text { text: own.text.clone().unwrap_or_default() };
        return (Some(Preview { author: people.me(), body }), Some(Millis(own.written_at)));
    }
    let last = held.record.last_message.as_deref();
    let last: Option<Last> = last.and_then(|json| serde_json::from_str(json).ok());
    last.map_or((None, None), |last| {
        let author = people.author(&last.author.kind, last.author.id.as_deref());
        // As of a message: who deleted it is read from the same words.
        let kept = extras::Kept { deleted: last.deleted.as_deref(), ..extras::Kept::default() };
        let extras = extras::read(kept.json().as_deref());
        let body = body::read(last.body.get(), people.deleter(last.deleted.is_some(), &extras));
        (Some(Preview { author, body }), Some(Millis(last.sent_at)))
    })
}

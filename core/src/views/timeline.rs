//! One conversation's bubbles.

use std::sync::atomic::{AtomicU32, Ordering};

use super::Sources;
use super::hub::Waiter;
use super::overlay::{self, People};
use crate::api::{
    AuthorKind, Body, Choice, ConversationId, Error, Forwarded, LadderStep, MessageId, Millis,
    QueuePause, Reason, TimelineRow, TimelineSnapshot, WindowState,
};
use crate::model::queue::State;
use crate::model::records::{Hole, Message, Queued};
use crate::model::{body, extras, place::Place, steps};
use crate::reply::{choices, window};
use crate::store::{HeldConversation, Read, Stored, Topic};

/// Bubbles drawn at first.
const FIRST_WINDOW: u32 = 50;

/// A pulled view of one conversation. Dropping it frees it; `cancel` ends a waiting `next`.
pub struct TimelineView {
    sources: Sources,
    id: ConversationId,
    window: AtomicU32,
    waiter: Waiter,
}

impl TimelineView {
    pub(crate) fn new(sources: Sources, id: ConversationId) -> Self {
        let topics = vec![Topic::Conversation(id.0.clone()), Topic::Status];
        let waiter = Waiter::new(sources.store.revisions().clone(), topics);
        Self { sources, id, window: AtomicU32::new(FIRST_WINDOW), waiter }
    }

    /// Waits for a revision above `since` (0 = now) and draws it; `None` after `cancel`.
    /// While the app is suspended it waits.
    pub async fn next(&self, since: u64) -> Option<Result<TimelineSnapshot, Error>> {
        let mut since = since;
        loop {
            let revision = self.waiter.next(since).await?;
            match self.snapshot(revision).await {
                Err(Error::Suspended) => since = revision,
                other => return Some(other),
            }
        }
    }

    /// Shows so many more older messages that are held.
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

    async fn snapshot(&self, revision: u64) -> Result<TimelineSnapshot, Error> {
        let (id, limit) = (self.id.clone(), self.window.load(Ordering::Relaxed));
        let (now, pause) = (self.sources.clock.now_ms(), self.sources.link.pause());
        let built = self
            .sources
            .store
            .read(move |read| build(read, &id, limit, now, pause, revision))
            .await?;
        Ok(built)
    }
}

fn build(
    read: &Read<'_>,
    id: &ConversationId,
    limit: u32,
    now: i64,
    pause: Option<QueuePause>,
    revision: u64,
) -> Stored<TimelineSnapshot> {
    let people = People::read(read)?;
    let queued = read.outbox_of(id.as_str())?;
    let held = read.conversation(id.as_str())?;
    let closes_at = held.as_ref().and_then(|held| held.record.window_closes_at);
    let is_open = window::is_open(closes_at, now);
    let hole = held.as_ref().and_then(|held| held.hole);
    let from = held.as_ref().and_then(|held| held.from).unwrap_or(Place::START);
    let messages = match &held {
        Some(_) => read.messages_from(id.as_str(), from, limit)?,
        None => Vec::new(),
    };
    let total = if held.is_some() { read.count_messages_from(id.as_str(), from)? } else { 0 };
    let mut rows = Vec::with_capacity(messages.len() + queued.len());
    for (index, message) in messages.iter().enumerate() {
        let holds_others = messages
            .iter()
            .skip(index + 1)
            .any(|later| later.author_kind == "agent" && later.step == "queued" && !later.deleted);
        let seen = Seen { now, window_open: is_open, holds_others };
        let mut row = bubble(read, &people, message, &queued, seen)?;
        row.hole_before = hole.is_some_and(|hole| is_behind(messages.get(..index), message, hole));
        rows.push(row);
    }
    let standings = overlay::standings(read, &people, &queued, pause, now)?;
    let newest_customer = messages.iter().rev().find(|m| m.author_kind == "customer");
    let mut waiting = 0;
    for (it, standing) in queued.iter().zip(standings) {
        // One row is both echo and message: once the message is here, it is what is drawn.
        let is_drawn = messages.iter().any(|message| message.id == it.id);
        if it.kind != "send" || is_drawn || overlay::is_unseen(read, it)? {
            continue;
        }
        waiting += 1;
        rows.push(TimelineRow {
            key: MessageId(it.id.clone()),
            n: None,
            author: people.me(),
            body: Body::Text { text: it.text.clone().unwrap_or_default() },
            at: Millis(it.written_at),
            step: if it.state == State::Accepted {
                LadderStep::AtServer
            } else {
                LadderStep::OnPhone
            },
            times: Vec::new(),
            trouble: standing.trouble,
            choices: standing.choices,
            reply_to: crate::model::body::quoted(&it.payload).map(MessageId),
            reactions: Vec::new(),
            edited_at: None,
            forwarded: Forwarded::No,
            never_confirmed: false,
            hole_before: false,
            customer_wrote_since: newest_customer.is_some_and(|m| m.n > it.based_on_n),
        });
    }
    let shown = u32::try_from(messages.len()).unwrap_or(u32::MAX);
    let start_reached = held.as_ref().is_some_and(|held| held.start_reached);
    Ok(TimelineSnapshot {
        revision,
        rows,
        total: total.saturating_add(waiting),
        has_more_before: held.is_some() && (shown < total || !start_reached),
        has_more_after: false,
        name: held.as_ref().map_or_else(|| Ok(String::new()), |held| name(read, held))?,
        window: held.as_ref().map_or(WindowState::Closed { closed_at: None }, |held| {
            window::state(held.record.window_closes_at, now)
        }),
        last_n: newest_n(held.as_ref(), &messages),
        held: held.is_some(),
    })
}

/// True for the first message drawn above a hole.
fn is_behind(earlier: Option<&[Message]>, message: &Message, hole: Hole) -> bool {
    let behind = |message: &Message| Place::of(message.sent_at, message.n) > hole.to;
    behind(message) && !earlier.and_then(<[Message]>::last).is_some_and(behind)
}

fn newest_n(held: Option<&HeldConversation>, messages: &[Message]) -> i64 {
    // What a person can have seen is what is drawn, not what the conversation's row already counts; and of what stands
    // above a hole nobody can say that what came before it was seen.
    let Some(hole) = held.and_then(|held| held.hole).filter(|hole| hole.live) else {
        let drawn = messages.iter().map(|message| message.n).max();
        return drawn.unwrap_or_else(|| held.map_or(0, |held| held.record.last_n));
    };
    let below = |message: &&Message| Place::of(message.sent_at, message.n) <= hole.to;
    let live = messages.iter().filter(below).map(|message| message.n).filter(|n| *n > 0);
    let mut numbers: Vec<i64> = live.collect();
    numbers.sort_unstable();
    // Numbers are dense: where one is missing, somebody may have spoken.
    let known = numbers.chunk_by(|one, next| one.saturating_add(1) == *next).next();
    known.and_then(<[i64]>::last).copied().unwrap_or(0)
}

/// The customer's name, else number, else username.
pub(super) fn name(read: &Read<'_>, held: &HeldConversation) -> Stored<String> {
    let contact = read.contact(&held.record.contact_id)?;
    Ok(contact
        .and_then(|contact| {
            let phone = contact.phone.map(|phone| format!("+{}", phone.trim_start_matches('+')));
            contact.name.filter(|name| !name.trim().is_empty()).or(phone).or(contact.username)
        })
        .unwrap_or_default())
}

/// What a bubble is judged by.
#[derive(Clone, Copy)]
struct Seen {
    /// Server time.
    now: i64,
    window_open: bool,
    holds_others: bool,
}

fn bubble(
    read: &Read<'_>,
    people: &People,
    message: &Message,
    queued: &[Queued],
    Seen { now, window_open, holds_others }: Seen,
) -> Stored<TimelineRow> {
    let author = people.author(&message.author_kind, message.author_id.as_deref());
    let mut step = steps::from_word(&message.step);
    let ours = matches!(author.kind, AuthorKind::Me | AuthorKind::Colleague);
    let mut trouble = overlay::message_trouble(
        read,
        people,
        &message.conversation_id,
        message.trouble.as_deref(),
    )?;
    let is_final = trouble.as_ref().is_some_and(|trouble| trouble.is_final);
    let mut choices = if ours && !message.deleted {
        let reason = trouble.as_ref().map(|trouble| trouble.reason);
        choices::for_message(step, reason, is_final, window_open, holds_others)
    } else {
        Vec::new()
    };
    let acts = queued.iter().filter(|it| it.target.as_deref() == Some(message.id.as_str()));
    for act in acts {
        choices.clear();
        match act.kind.as_str() {
            "settle" if act.payload.contains("\"arrived\"") => {
                step = step.max(LadderStep::Sent);
                trouble = None;
            }
            "release" => trouble = None,
            _ => {}
        }
    }
    let extras = extras::read(message.extras.as_deref());
    let times = steps::times(&message.times);
    Ok(TimelineRow {
        key: MessageId(message.id.clone()),
        n: Some(message.n),
        author,
        body: body::read(&message.body, people.deleter(message.deleted, &extras)),
        at: Millis(message.sent_at),
        step,
        never_confirmed: steps::is_never_confirmed(step, &times, message.sent_at, now),
        times,
        trouble,
        choices,
        reply_to: message.reply_to.clone().map(MessageId),
        reactions: people.reactions(&extras),
        edited_at: extras.edited_at.map(Millis).filter(|_| !message.deleted),
        forwarded: extras.forwarded,
        hole_before: false,
        customer_wrote_since: false,
    })
}

/// True if a person has to decide something about a message at the server.
pub(super) fn asks(reason: Reason, choices: &[Choice]) -> bool {
    !choices.is_empty()
        && matches!(
            reason,
            Reason::WindowClosed | Reason::AnsweredMeanwhile | Reason::UnknownOutcome
        )
}

/// The choices and trouble of a message at the server, for the outbox.
pub(super) fn standing_of(
    read: &Read<'_>,
    people: &People,
    message: &Message,
    queued: &[Queued],
    now: i64,
) -> Stored<TimelineRow> {
    let closes_at =
        read.conversation(&message.conversation_id)?.and_then(|held| held.record.window_closes_at);
    let seen = Seen { now, window_open: window::is_open(closes_at, now), holds_others: true };
    bubble(read, people, message, queued, seen)
}

//! All unsent work: what is on this phone, and this member's replies that wait at the server.

use super::hub::Waiter;
use super::overlay::{self, People};
use super::{Sources, timeline};
use crate::api::{
    AuthorKind, CommandId, ConversationId, Error, LadderStep, Millis, OutboxRow, OutboxSnapshot,
    QueuePause,
};
use crate::model::body;
use crate::model::queue::State;
use crate::store::{Key, Read, Stored, Topic};

/// A pulled view of the outbox.
pub struct OutboxView {
    sources: Sources,
    waiter: Waiter,
}

impl OutboxView {
    pub(crate) fn new(sources: Sources) -> Self {
        let topics = vec![Topic::Outbox, Topic::Status];
        let waiter = Waiter::new(sources.store.revisions().clone(), topics);
        Self { sources, waiter }
    }

    /// Waits for a revision above `since` (0 = now) and draws it; `None` after `cancel`.
    /// While the app is suspended it waits.
    pub async fn next(&self, since: u64) -> Option<Result<OutboxSnapshot, Error>> {
        let mut since = since;
        loop {
            let revision = self.waiter.next(since).await?;
            match self.snapshot(revision).await {
                Err(Error::Suspended) => since = revision,
                other => return Some(other),
            }
        }
    }

    /// Ends the view.
    pub fn cancel(&self) {
        self.waiter.cancel();
    }

    /// True after `cancel`.
    pub fn is_cancelled(&self) -> bool {
        self.waiter.is_cancelled()
    }

    async fn snapshot(&self, revision: u64) -> Result<OutboxSnapshot, Error> {
        let (now, pause) = (self.sources.clock.now_ms(), self.sources.link.pause());
        let built = self.sources.store.read(move |read| build(read, now, pause, revision)).await?;
        Ok(built)
    }
}

fn build(
    read: &Read<'_>,
    now: i64,
    pause: Option<QueuePause>,
    revision: u64,
) -> Stored<OutboxSnapshot> {
    let people = People::read(read)?;
    let queued = read.outbox()?;
    let copy_after_left = read.meta(Key::CopyAfterLeft)?.as_deref() == Some("1");
    let mut rows: Vec<(bool, OutboxRow)> = Vec::new();
    let name = |conversation: &str| -> Stored<String> {
        read.conversation(conversation)?
            .map_or_else(|| Ok(String::new()), |held| timeline::name(read, &held))
    };
    for message in read.troubled_messages()? {
        // What this phone asks about the same reply comes below.
        if queued.iter().any(|it| it.id == message.id && it.state == State::Unknown) {
            continue;
        }
        let standing = timeline::standing_of(read, &people, &message, &queued, now)?;
        // Colleagues decide about theirs, and what stopped for good waits for nothing: both show on their bubbles.
        let mine = standing.author.kind == AuthorKind::Me && standing.step == LadderStep::AtServer;
        let Some(trouble) = standing.trouble.filter(|trouble| mine && !trouble.is_final) else {
            continue;
        };
        let text = body::written(standing.body);
        let needs_me = timeline::asks(trouble.reason, &standing.choices);
        rows.push((
            needs_me,
            OutboxRow {
                key: CommandId(message.id.clone()),
                conversation: ConversationId(message.conversation_id.clone()),
                name: name(&message.conversation_id)?,
                kind: "send".to_owned(),
                text,
                written_at: Millis(message.written_at.unwrap_or(message.sent_at)),
                step: LadderStep::AtServer,
                trouble: Some(trouble),
                choices: standing.choices,
            },
        ));
    }
    for (it, standing) in queued.iter().zip(overlay::standings(read, &people, &queued, pause, now)?)
    {
        if overlay::is_at_server(read, it)? || overlay::is_unseen(read, it)? {
            continue;
        }
        // What was written for a chat that left is read again only where the workplace allows it (N4, R9).
        let may_read = copy_after_left || read.conversation(&it.conversation)?.is_some();
        rows.push((
            standing.needs_me,
            OutboxRow {
                key: CommandId(it.id.clone()),
                conversation: ConversationId(it.conversation.clone()),
                name: name(&it.conversation)?,
                kind: it.kind.clone(),
                text: it.text.clone().filter(|_| may_read),
                written_at: Millis(it.written_at),
                step: LadderStep::OnPhone,
                trouble: standing.trouble,
                choices: standing.choices,
            },
        ));
    }
    // "Needs me" first, then by conversation; within one in the order of writing, which the stable sort keeps.
    rows.sort_by(|(a_needs, a), (b_needs, b)| {
        b_needs.cmp(a_needs).then_with(|| a.conversation.cmp(&b.conversation))
    });
    let needs_me = rows.iter().filter(|(needs, _)| *needs).count();
    let rows: Vec<OutboxRow> = rows.into_iter().map(|(_, row)| row).collect();
    Ok(OutboxSnapshot {
        revision,
        total: u32::try_from(rows.len()).unwrap_or(u32::MAX),
        rows,
        has_more_before: false,
        has_more_after: false,
        needs_me: u32::try_from(needs_me).unwrap_or(u32::MAX),
        pause,
    })
}

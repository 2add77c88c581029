//! How the lines of the business stand, and the one line that is said about it (experience.md E8).

use std::collections::BTreeMap;

use super::hub::Waiter;
use super::overlay::{self, People};
use super::{Sources, timeline};
use crate::api::{
    AuthorKind, Banner, BannerKind, ChannelId, Error, Fixer, HealthSnapshot, LadderStep, LineRow,
    LineState, LinkState, Millis, QueuePause, Reason,
};
use crate::model::lines::{self, Line};
use crate::store::{Key, Read, Stored, Topic};

/// A pulled view of the lines' health.
pub struct HealthView {
    sources: Sources,
    waiter: Waiter,
}

/// What is known about the way to the server.
#[derive(Clone, Copy)]
struct Way {
    state: LinkState,
    pause: Option<QueuePause>,
}

impl HealthView {
    pub(crate) fn new(sources: Sources) -> Self {
        let topics = vec![Topic::Status, Topic::Outbox, Topic::Inbox];
        let waiter = Waiter::new(sources.store.revisions().clone(), topics);
        Self { sources, waiter }
    }

    /// Waits for a revision above `since` (0 = now) and draws it; `None` after `cancel`.
    /// While the app is suspended it waits.
    pub async fn next(&self, since: u64) -> Option<Result<HealthSnapshot, Error>> {
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

    async fn snapshot(&self, revision: u64) -> Result<HealthSnapshot, Error> {
        let link = &self.sources.link;
        let (now, way) =
            (self.sources.clock.now_ms(), Way { state: link.info().state, pause: link.pause() });
        let built = self.sources.store.read(move |read| build(read, now, way, revision)).await?;
        Ok(built)
    }
}

fn build(read: &Read<'_>, now: i64, way: Way, revision: u64) -> Stored<HealthSnapshot> {
    let loading = read.meta(Key::Drawn)?.is_none();
    let up_to_date = read.meta_i64(Key::UpToDateAt)?;
    let as_of = up_to_date.filter(|_| way.state != LinkState::Online).map(Millis);
    let waits = waiting(read, way.pause, now)?;
    let mut lines: Vec<(Line, LineRow)> = Vec::new();
    for channel in read.channels()? {
        let line = lines::read(&channel.state);
        let waits = waits.get(&channel.id).copied().unwrap_or_default();
        let (quiet_days, may_end_at) = line.quiet(now);
        let unknown_since = up_to_date.filter(|_| line.state == LineState::Unknown);
        let row = LineRow {
            key: ChannelId(channel.id),
            name: channel.display,
            state: line.state,
            cause: line.cause,
            word: line.word.clone(),
            since: line.since.or(unknown_since).map(Millis),
            quiet_days,
            may_end_at: may_end_at.map(Millis),
            percent: line.percent,
            // What is still on this phone waits for a line that is down, too.
            waiting: waits.at_server
                + if line.state == LineState::Down { waits.on_phone } else { 0 },
            fixer: line.fixer(),
        };
        lines.push((line, row));
    }
    lines.sort_by(|(a, x), (b, y)| {
        // Of two that stand alike, the one that more waits for.
        (a.rank(), std::cmp::Reverse(x.waiting), &x.name).cmp(&(
            b.rank(),
            std::cmp::Reverse(y.waiting),
            &y.name,
        ))
    });
    let banner = banner(&lines, way, as_of, waits.values().map(|it| it.on_phone).sum());
    let lines = lines.into_iter().map(|(_, row)| row).collect();
    Ok(HealthSnapshot { revision, banner, lines, as_of, loading })
}

/// One line, worst first: what this person has to do before anything goes, a line that is down, the way to the server, what
/// may pass. At last a line that is well again, as long as something waits for it.
fn banner(
    lines: &[(Line, LineRow)],
    way: Way,
    as_of: Option<Millis>,
    on_phone: u32,
) -> Option<Banner> {
    let told = u32::try_from(lines.iter().filter(|(line, _)| line.is_told()).count()).unwrap_or(0);
    let about = |kind, row: &LineRow| Banner {
        kind,
        line: Some(row.clone()),
        since: row.since,
        as_of,
        waiting: row.waiting,
        fixer: row.fixer,
        others: told.saturating_sub(u32::from(kind == BannerKind::Line)),
    };
    let on_the_way = |kind, fixer| Banner {
        kind,
        line: None,
        since: way.pause.map(|pause| pause.since),
        as_of,
        waiting: on_phone,
        fixer,
        others: told,
    };
    let worst = lines.iter().find(|(line, _)| line.is_told());
    let down = worst.filter(|(line, _)| line.state == LineState::Down);
    let pause = way.pause;
    match (way.state, pause.map(|pause| pause.reason)) {
        (LinkState::Removed, _) => Some(on_the_way(BannerKind::Removed, Fixer::Manager)),
        _ if pause.is_some_and(|pause| pause.update_app) => {
            Some(on_the_way(BannerKind::UpdateApp, Fixer::Me))
        }
        (_, Some(Reason::SignInAgain)) => Some(on_the_way(BannerKind::SignInAgain, Fixer::Me)),
        (_, reason) => match (down, reason) {
            (Some((_, row)), _) => Some(about(BannerKind::Line, row)),
            (None, Some(Reason::NoNetwork)) => {
                Some(on_the_way(BannerKind::NoNetwork, Fixer::Nobody))
            }
            (None, Some(_)) => Some(on_the_way(BannerKind::ServerTrouble, Fixer::Operator)),
            (None, None) => worst.map(|(_, row)| about(BannerKind::Line, row)).or_else(|| {
                let returning = lines.iter().find(|(_, row)| row.waiting > 0);
                returning.map(|(_, row)| about(BannerKind::Returning, row))
            }),
        },
    }
}

/// This member's unsent replies on one line.
#[derive(Clone, Copy, Default)]
struct Waits {
    /// Held at the server for the line's sake (R5, R11).
    at_server: u32,
    /// Not at the server yet.
    on_phone: u32,
}

/// By channel.
fn waiting(
    read: &Read<'_>,
    pause: Option<QueuePause>,
    now: i64,
) -> Stored<BTreeMap<String, Waits>> {
    let mut by_channel: BTreeMap<String, Waits> = BTreeMap::new();
    let people = People::read(read)?;
    let queued = read.outbox()?;
    let channel_of = |conversation: &str| -> Stored<Option<String>> {
        Ok(read.conversation(conversation)?.map(|held| held.record.channel_id))
    };
    for message in read.troubled_messages()? {
        let standing = timeline::standing_of(read, &people, &message, &queued, now)?;
        let mine = standing.author.kind == AuthorKind::Me && standing.step == LadderStep::AtServer;
        let held = standing.trouble.is_some_and(|trouble| {
            !trouble.is_final && matches!(trouble.reason, Reason::LineDown | Reason::AccountTrouble)
        });
        if let Some(channel) = channel_of(&message.conversation_id)?.filter(|_| mine && held) {
            by_channel.entry(channel).or_default().at_server += 1;
        }
    }
    for (it, standing) in queued.iter().zip(overlay::standings(read, &people, &queued, pause, now)?)
    {
        if it.kind != "send" || standing.needs_me || overlay::is_at_server(read, it)? {
            continue;
        }
        if let Some(channel) = channel_of(&it.conversation)? {
            by_channel.entry(channel).or_default().on_phone += 1;
        }
    }
    Ok(by_channel)
}

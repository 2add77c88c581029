//! Laying waiting commands over what the platform said.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::api::{
    Attention, Author, AuthorKind, Choice, Millis, QueuePause, Reaction, Reason, Trouble,
};
use crate::model::body;
use crate::model::extras::{Extras, Somebody};
use crate::model::queue::State;
use crate::model::records::Queued;
use crate::reply::{choices, window};
use crate::store::{Key, Read, Stored};

/// What the rows of one conversation need to name people.
pub(super) struct People {
    me: Option<String>,
    members: std::collections::BTreeMap<String, String>,
}

impl People {
    pub(super) fn read(read: &Read<'_>) -> Stored<Self> {
        Ok(Self { me: read.meta(Key::MemberId)?, members: read.member_names()? })
    }

    /// The author of the wire's words.
    pub(super) fn author(&self, kind: &str, id: Option<&str>) -> Author {
        let name = id.and_then(|id| self.members.get(id)).cloned();
        let kind = match kind {
            "customer" => AuthorKind::Customer,
            "owner_app" => AuthorKind::OwnerApp,
            "agent" if id.is_some() && id == self.me.as_deref() => AuthorKind::Me,
            "agent" => AuthorKind::Colleague,
            "ai" => AuthorKind::Ai,
            "automation" => AuthorKind::Automation,
            "system" => AuthorKind::System,
            _ => AuthorKind::Unknown,
        };
        Author { kind, name }
    }

    pub(super) fn somebody(&self, who: &Somebody) -> Author {
        self.author(&who.kind, who.id.as_deref())
    }

    /// Who took a message's content away, if it is gone.
    pub(super) fn deleter(&self, deleted: bool, extras: &Extras) -> Option<AuthorKind> {
        let by = extras.deleted_by.as_ref().map(|by| self.somebody(by).kind);
        deleted.then(|| by.unwrap_or(AuthorKind::Unknown))
    }

    pub(super) fn reactions(&self, extras: &Extras) -> Vec<Reaction> {
        let shown = |(who, emoji): &(Somebody, String)| Reaction {
            author: self.somebody(who),
            emoji: emoji.clone(),
        };
        extras.reactions.iter().map(shown).collect()
    }

    pub(super) fn me(&self) -> Author {
        let name = self.me.as_ref().and_then(|me| self.members.get(me)).cloned();
        Author { kind: AuthorKind::Me, name }
    }
}

#[derive(Deserialize, Default)]
struct Details {
    by: Option<By>,
    n: Option<i64>,
    closed_at: Option<i64>,
}

#[derive(Deserialize)]
struct By {
    kind: String,
    id: Option<String>,
}

/// The text of message `n`, to be shown beside a held reply.
fn answer_text(read: &Read<'_>, conversation: &str, n: i64) -> Stored<Option<String>> {
    let found = read.messages_after(conversation, n.saturating_sub(1))?;
    let answer = found.into_iter().find(|message| message.n == n && !message.deleted);
    Ok(answer.and_then(|answer| body::written(body::read(&answer.body, None))))
}

fn explain(
    read: &Read<'_>,
    people: &People,
    conversation: &str,
    mut trouble: Trouble,
    details: Option<&str>,
) -> Stored<Trouble> {
    let details: Details =
        details.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    trouble.by = details.by.map(|by| people.author(&by.kind, by.id.as_deref()));
    trouble.closed_at = details.closed_at.map(Millis);
    if let Some(n) = details.n {
        trouble.answer = answer_text(read, conversation, n)?;
    }
    Ok(trouble)
}

fn plain(reason: Reason) -> Trouble {
    Trouble {
        reason,
        attention: reason.attention(),
        whatsapp_code: None,
        code: None,
        since: None,
        next_try: None,
        by: None,
        answer: None,
        closed_at: None,
        is_final: false,
    }
}

#[derive(Deserialize)]
struct WireTrouble {
    reason: String,
    whatsapp_code: Option<i64>,
    since: Option<i64>,
    next_try: Option<i64>,
    #[serde(rename = "final", default)]
    is_final: bool,
}

/// The platform's trouble of a message.
pub(super) fn message_trouble(
    read: &Read<'_>,
    people: &People,
    conversation: &str,
    json: Option<&str>,
) -> Stored<Option<Trouble>> {
    let Some(json) = json else { return Ok(None) };
    let Ok(wire) = serde_json::from_str::<WireTrouble>(json) else { return Ok(None) };
    let trouble = Trouble {
        whatsapp_code: wire.whatsapp_code,
        since: wire.since.map(Millis),
        next_try: wire.next_try.map(Millis),
        is_final: wire.is_final,
        ..plain(Reason::from_id(&wire.reason))
    };
    let attention = if trouble.is_final { Attention::Stopped } else { trouble.attention };
    let trouble = Trouble { attention, ..trouble };
    explain(read, people, conversation, trouble, Some(json)).map(Some)
}

/// True if the send is a message at the server, of which the answer may still be under way: the message is its one row.
pub(super) fn is_at_server(read: &Read<'_>, it: &Queued) -> Stored<bool> {
    Ok(match it.state {
        State::Accepted => true,
        State::Sent => it.kind == "send" && read.message(&it.id)?.is_some(),
        _ => false,
    })
}

/// True for what was on its way when its conversation left this phone: nothing of that is shown until the answer says what has
/// become of it.
pub(super) fn is_unseen(read: &Read<'_>, it: &Queued) -> Stored<bool> {
    let on_its_way = matches!(it.state, State::Sent | State::Accepted);
    Ok(on_its_way && read.conversation(&it.conversation)?.is_none())
}

/// Where a waiting command stands, for bubble and outbox alike.
pub(super) struct Standing {
    pub(super) trouble: Option<Trouble>,
    pub(super) choices: Vec<Choice>,
    pub(super) needs_me: bool,
}

/// Without a session nothing is gained by trying.
fn worth_trying(pause: Option<QueuePause>) -> bool {
    pause.is_some_and(|pause| pause.reason != Reason::SignInAgain)
}

/// The sends of one conversation with their standing, in order.
pub(super) fn standings(
    read: &Read<'_>,
    people: &People,
    rows: &[Queued],
    pause: Option<QueuePause>,
    now: i64,
) -> Stored<Vec<Standing>> {
    let mut out = Vec::with_capacity(rows.len());
    let mut blocked: BTreeSet<&str> = BTreeSet::new();
    for (index, it) in rows.iter().enumerate() {
        let closes_at =
            read.conversation(&it.conversation)?.and_then(|held| held.record.window_closes_at);
        let kept_reason = it.reason.as_deref().map(Reason::from_id);
        let behind = it.kind == "send" && blocked.contains(it.conversation.as_str());
        let reason = match it.state {
            State::Held | State::Refused | State::Unknown => kept_reason.or(Some(Reason::Refused)),
            State::Accepted | State::Finished => None,
            State::Dependent => Some(Reason::BehindEarlier),
            // Trouble of the queue is shown once, above all; but what stands behind another one says so.
            State::Queued | State::Sent if behind => Some(Reason::BehindEarlier),
            State::Queued | State::Sent => pause.map(|pause| pause.reason),
        };
        let trouble = match reason {
            None => None,
            Some(reason) => {
                let paused = pause.filter(|pause| pause.reason == reason);
                let trouble = Trouble {
                    code: it.code.clone(),
                    since: it.since.map(Millis).or(paused.map(|pause| pause.since)),
                    next_try: paused.and_then(|pause| pause.next_try),
                    ..plain(reason)
                };
                Some(explain(read, people, &it.conversation, trouble, it.details.as_deref())?)
            }
        };
        let later = rows.iter().skip(index + 1);
        let holds_others = !it.passed
            && later
                .clone()
                .any(|other| other.kind == "send" && other.conversation == it.conversation);
        let open = window::is_open(closes_at, now);
        let mut choices =
            choices::for_command(it.state, reason, open, worth_trying(pause), holds_others);
        let being_withdrawn = rows.iter().any(|other| {
            other.kind == "withdraw" && other.target.as_deref() == Some(it.id.as_str())
        });
        if being_withdrawn || it.kind != "send" {
            choices.clear();
        }
        let stops = it.state.needs_person() || it.state == State::Dependent;
        if it.kind == "send" && stops && !it.passed {
            blocked.insert(&it.conversation);
        }
        out.push(Standing { trouble, choices, needs_me: it.state.needs_person() });
    }
    Ok(out)
}

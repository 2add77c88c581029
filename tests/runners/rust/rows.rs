//! The core's values as the scenarios' JSON. Written by hand, so that the core's types need no serialization for tests.

use std::fmt::Debug;

use fieldline_core::api::{
    Account, Author, BackgroundReport, Body, Error, InboxRow, InboxSnapshot, OutboxRow,
    OutboxSnapshot, Preview, QueuePause, StatusSnapshot, TimelineRow, TimelineSnapshot, Trouble,
    WindowState,
};
use serde_json::{Value, json};

/// A variant without data: its name in snake_case.
pub(crate) fn word(variant: impl Debug) -> Value {
    let name = format!("{variant:?}");
    let mut out = String::new();
    for (index, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && index > 0 {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    Value::String(out)
}

fn words<T: Debug>(variants: Vec<T>) -> Value {
    variants.into_iter().map(word).collect()
}

pub(crate) fn account(it: &Account) -> Value {
    json!({
        "member_id": it.member_id, "member_name": it.member_name, "role": it.role,
        "workspace_name": it.workspace_name, "device_id": it.device_id,
    })
}

pub(crate) fn report(it: &BackgroundReport) -> Value {
    json!({
        "answered": it.answered, "still_waiting": it.still_waiting, "needs_me": it.needs_me,
        "new_messages": it.new_messages, "next_wanted_in_ms": it.next_wanted_in_ms,
        "why_stopped": word(it.why_stopped),
    })
}

pub(crate) fn error(it: &Error) -> Value {
    let details = match it {
        Error::SignIn { trouble } => json!({ "trouble": word(trouble) }),
        Error::Refused { code } => json!({ "code": code }),
        Error::Invalid { field, limit } => json!({ "field": field, "limit": limit }),
        Error::Storage { trouble } => json!({ "trouble": word(trouble) }),
        Error::Internal { reason } => json!({ "reason": reason }),
        _ => json!({}),
    };
    json!({ "code": it.code(), "details": details })
}

fn author(it: &Author) -> Value {
    json!({ "kind": word(it.kind), "name": it.name })
}

fn body(it: Body) -> Value {
    match it {
        Body::Text { text } => json!({ "kind": "text", "text": text }),
        Body::Media { what, caption, name, mime, size, ready } => json!({
            "kind": "media", "what": word(what), "caption": caption, "name": name, "mime": mime,
            "size": size, "ready": ready,
        }),
        Body::Location { latitude, longitude, name, address } => json!({
            "kind": "location", "latitude": latitude, "longitude": longitude, "name": name,
            "address": address,
        }),
        Body::Contacts { contacts } => {
            let cards: Vec<Value> = contacts
                .into_iter()
                .map(|card| json!({ "name": card.name, "phones": card.phones }))
                .collect();
            json!({ "kind": "contacts", "contacts": cards })
        }
        Body::Template { name, text } => {
            json!({ "kind": "template", "name": name, "text": text })
        }
        Body::Interactive { what, title, description } => json!({
            "kind": "interactive", "what": what, "title": title, "description": description,
        }),
        Body::Note { text } => json!({ "kind": "note", "text": text }),
        Body::Line { what } => json!({ "kind": "line", "what": what }),
        Body::Deleted { by } => json!({ "kind": "deleted", "by": word(by) }),
        Body::Unsupported { what } => json!({ "kind": "unsupported", "what": what }),
    }
}

fn window(it: WindowState) -> Value {
    match it {
        WindowState::Open { closes_at, left_ms } => {
            json!({ "kind": "open", "closes_at": closes_at, "left_ms": left_ms })
        }
        WindowState::Closed { closed_at } => json!({ "kind": "closed", "closed_at": closed_at }),
    }
}

fn trouble(it: &Trouble) -> Value {
    json!({
        "reason": word(it.reason), "attention": word(it.attention),
        "whatsapp_code": it.whatsapp_code, "code": it.code,
        "since": it.since, "next_try": it.next_try, "by": it.by.as_ref().map(author),
        "answer": it.answer, "closed_at": it.closed_at, "is_final": it.is_final,
    })
}

fn preview(it: Preview) -> Value {
    json!({ "author": author(&it.author), "body": body(it.body) })
}

fn inbox_row(it: InboxRow) -> Value {
    json!({
        "key": it.key, "name": it.name, "preview": it.preview.map(preview), "at": it.at,
        "unread": it.unread, "window": window(it.window), "waiting_since": it.waiting_since,
        "unsent": { "waiting": it.unsent.waiting, "needs_me": it.unsent.needs_me },
        "channel": it.channel,
    })
}

pub(crate) fn inbox(it: InboxSnapshot) -> Value {
    json!({
        "revision": it.revision, "rows": it.rows.into_iter().map(inbox_row).collect::<Vec<_>>(),
        "total": it.total, "has_more_before": it.has_more_before,
        "has_more_after": it.has_more_after, "loading": it.loading,
    })
}

fn timeline_row(it: TimelineRow) -> Value {
    let times: Vec<Value> =
        it.times.iter().map(|time| json!({ "step": word(time.step), "at": time.at })).collect();
    let reactions: Vec<Value> = it
        .reactions
        .iter()
        .map(|reaction| json!({ "author": author(&reaction.author), "emoji": reaction.emoji }))
        .collect();
    json!({
        "reactions": reactions, "edited_at": it.edited_at, "forwarded": word(it.forwarded),
        "never_confirmed": it.never_confirmed, "hole_before": it.hole_before,
        "key": it.key, "n": it.n, "author": author(&it.author), "body": body(it.body), "at": it.at,
        "step": word(it.step), "times": times, "trouble": it.trouble.as_ref().map(trouble),
        "choices": words(it.choices), "reply_to": it.reply_to,
        "customer_wrote_since": it.customer_wrote_since,
    })
}

pub(crate) fn timeline(it: TimelineSnapshot) -> Value {
    json!({
        "revision": it.revision, "rows": it.rows.into_iter().map(timeline_row).collect::<Vec<_>>(),
        "total": it.total, "has_more_before": it.has_more_before,
        "has_more_after": it.has_more_after, "name": it.name, "window": window(it.window),
        "last_n": it.last_n, "held": it.held,
    })
}

fn outbox_row(it: OutboxRow) -> Value {
    json!({
        "key": it.key, "conversation": it.conversation, "name": it.name, "kind": it.kind,
        "text": it.text, "written_at": it.written_at, "step": word(it.step),
        "trouble": it.trouble.as_ref().map(trouble), "choices": words(it.choices),
    })
}

fn pause(it: QueuePause) -> Value {
    json!({
        "reason": word(it.reason), "update_app": it.update_app, "since": it.since,
        "next_try": it.next_try,
    })
}

pub(crate) fn outbox(it: OutboxSnapshot) -> Value {
    json!({
        "revision": it.revision, "rows": it.rows.into_iter().map(outbox_row).collect::<Vec<_>>(),
        "total": it.total, "has_more_before": it.has_more_before,
        "has_more_after": it.has_more_after, "needs_me": it.needs_me, "pause": it.pause.map(pause),
    })
}

pub(crate) fn status(it: &StatusSnapshot) -> Value {
    json!({
        "revision": it.revision, "link": word(it.link), "since": it.since,
        "up_to_date_at": it.up_to_date_at,
    })
}

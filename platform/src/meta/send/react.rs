//! `react`: a reaction to a message, or its end. Never a message, never unread, never an answer;
//! it ends at step sent (experience.md N3).

use super::attempt::{Attempt, open_token};
use super::commands::{done, malformed, seen_chat};
use super::{backoff, held, request};
use crate::agents::command::ReactCommand;
use crate::agents::outcome::{Actor, Outcome, RefusedCode};
use crate::meta::codes::{Class, Meaning};
use crate::meta::graph::{GraphAnswer, GraphFailure, GraphRequest};
use crate::meta::line;
use crate::meta::marks::Marks;
use crate::meta::payload::StatusWord;
use crate::store::reactions::{self, Reaction};
use crate::store::small_sends::{self, ReactionRow};
use crate::store::texts::MessageRow;
use crate::store::{StoreError, WriteTx, chats, media, sends, templates, texts};
use crate::support::Key;

/// Tries of a reaction before it is given up.
const TRIES: i64 = 8;
/// A message can be reacted to for 30 days (whatsapp.md 5.1), ms.
const REACTABLE_MS: i64 = 30 * 24 * 60 * 60 * 1_000;
/// When the worker looks by itself, ms.
const LATER_MS: i64 = 60_000;

/// `react`: shown at once, and put into its own queue.
pub(crate) fn react(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    command: &ReactCommand,
) -> Result<Outcome, StoreError> {
    let Some(message) = texts::by_id(tx.sql(), &command.message)? else {
        return Ok(Outcome::refused(RefusedCode::NotYours));
    };
    let Some(chat) = seen_chat(tx, actor, &message.conversation)? else {
        return Ok(Outcome::refused(RefusedCode::NotYours));
    };
    if small_sends::is_taken(tx.sql(), &command.id)? {
        return Ok(Outcome::refused(RefusedCode::IdReused));
    }
    // Only what is at WhatsApp can be reacted to, and only so long.
    if message.wamid.is_none() || message.deleted || message.sent_at <= tx.now() - REACTABLE_MS {
        return Ok(malformed("message"));
    }
    if chat.window_closes_at.is_none_or(|closes_at| closes_at <= tx.now()) {
        let mut details = serde_json::Map::new();
        if let Some(at) = chat.window_closes_at {
            details.insert("closed_at".into(), at.into());
        }
        let ids = templates::approved_on(tx.sql(), &chat.channel)?;
        details.insert("templates".into(), ids.into());
        return Ok(Outcome::refused_with(RefusedCode::WindowClosed, details.into()));
    }
    let made_at = small_sends::newest_made_at(tx.sql(), &message.id)? + 1;
    let mut marks = Marks::default();
    show(tx, &mut marks, &message, Some(&actor.member), &command.emoji)?;
    small_sends::replace_reactions(tx.sql(), &message.id)?;
    let row = ReactionRow {
        id: command.id.clone(),
        message: message.id,
        conversation: chat.id,
        channel: chat.channel,
        member: actor.member.clone(),
        emoji: command.emoji.clone(),
        state: "waiting".into(),
        tries: 0,
        next_try_at: 0,
        // Later than those before it also where the clock was set back: the newest counts.
        made_at: tx.now().max(made_at),
        code: None,
    };
    small_sends::put_reaction(tx.sql(), &row)?;
    done(tx, actor, marks)
}

/// An emoji as it is kept: none where the reaction was taken away.
fn shown(emoji: &str) -> Option<&str> {
    Some(emoji).filter(|emoji| !emoji.is_empty())
}

/// The business has one reaction to a message, whoever gave it: the newest.
fn show(
    tx: &WriteTx<'_>,
    marks: &mut Marks,
    message: &MessageRow,
    member: Option<&str>,
    emoji: &str,
) -> Result<(), StoreError> {
    let Some(chat) = chats::by_id(tx.sql(), &message.conversation)? else { return Ok(()) };
    let Some(target) = &message.wamid else { return Ok(()) };
    let emoji = shown(emoji);
    let reaction =
        Reaction { target, author_kind: "agent", author_member: member, emoji, at: tx.now() };
    reactions::set(tx.sql(), &reaction)?;
    marks.message(&chat.workspace, &chat.id, message.n, &message.id);
    Ok(())
}

/// Records the attempt of a reaction; none if there is nothing to send. One that was attempted and
/// not answered must not follow a newer one, nor go out once the window is closed.
pub(crate) fn begin(
    tx: &mut WriteTx<'_>,
    id: &str,
    key: &Key,
) -> Result<Option<Attempt>, StoreError> {
    let Some(mut row) = small_sends::reaction(tx.sql(), id)? else { return Ok(None) };
    let open = matches!(row.state.as_str(), "waiting" | "attempted");
    if !open || line::stopped(tx.sql(), &row.channel)?.is_some() {
        return Ok(None);
    }
    if !small_sends::is_newest(tx.sql(), &row)? {
        row.state = "replaced".into();
        small_sends::put_reaction(tx.sql(), &row)?;
        return Ok(None);
    }
    let chat = chats::by_id(tx.sql(), &row.conversation)?;
    if chat.and_then(|chat| chat.window_closes_at).is_none_or(|closes_at| closes_at <= tx.now()) {
        let mut marks = Marks::default();
        refused(tx, &mut marks, &mut row, None)?;
        marks.write(tx)?;
        return Ok(None);
    }
    let message = texts::by_id(tx.sql(), &row.message)?.filter(|message| !message.deleted);
    let source = media::source(tx.sql(), &row.channel)?;
    let (Some(message), Some(source)) = (message, source) else {
        row.state = "refused".into();
        small_sends::put_reaction(tx.sql(), &row)?;
        return Ok(None);
    };
    let (phone, user_id) = sends::address(tx.sql(), &row.conversation)?;
    let body = message.wamid.and_then(|wamid| {
        request::reaction(&row.id, phone.as_deref(), user_id.as_deref(), &wamid, &row.emoji)
    });
    let (Some(body), Some(token)) = (body, open_token(&source.token_sealed, key)) else {
        row.next_try_at = tx.now() + LATER_MS;
        small_sends::put_reaction(tx.sql(), &row)?;
        return Ok(None);
    };
    row.state = "attempted".into();
    row.tries += 1;
    small_sends::put_reaction(tx.sql(), &row)?;
    let path = format!("/{}/messages", source.phone_number_id);
    Ok(Some(Attempt { message: row.id, request: GraphRequest::post(path, token, body) }))
}

/// Writes down what came of it; gives the wait until the worker looks again, ms.
pub(crate) fn finish(
    tx: &mut WriteTx<'_>,
    id: &str,
    result: &Result<GraphAnswer, GraphFailure>,
) -> Result<i64, StoreError> {
    let Some(mut row) = small_sends::reaction(tx.sql(), id)? else { return Ok(LATER_MS) };
    if row.state != "attempted" {
        return Ok(LATER_MS);
    }
    let (meaning, code, asked) = match result {
        Ok(answer) if (200..300).contains(&answer.status) => {
            row.state = "sent".into();
            small_sends::put_reaction(tx.sql(), &row)?;
            return Ok(LATER_MS);
        }
        Ok(answer) => {
            let (meaning, code) = request::error(answer, row.tries);
            (meaning.harmless(), code, answer.retry_after_ms)
        }
        Err(_) => (Meaning::NOT_SENT, None, None),
    };
    let mut marks = Marks::default();
    let wait = match meaning.class {
        Class::StopAndAlert => {
            row.state = "waiting".into();
            held::stop(tx, &mut marks, &row.channel, meaning, code, tx.now())?;
            LATER_MS
        }
        Class::Permanent | Class::NeedsTemplate => {
            refused(tx, &mut marks, &mut row, code)?;
            LATER_MS
        }
        _ if row.tries >= TRIES => {
            refused(tx, &mut marks, &mut row, code)?;
            LATER_MS
        }
        _ => {
            let wait = backoff::wait_ms(row.tries, asked, tx.rng()).max(1_000);
            row.next_try_at = tx.now() + wait;
            wait
        }
    };
    small_sends::put_reaction(tx.sql(), &row)?;
    marks.write(tx)?;
    Ok(wait)
}

/// A reaction that WhatsApp did not take is not shown any more; what stood before it is.
fn refused(
    tx: &WriteTx<'_>,
    marks: &mut Marks,
    row: &mut ReactionRow,
    code: Option<i64>,
) -> Result<(), StoreError> {
    log::warn!("reaction_refused code={} id={}", code.unwrap_or(0), row.id);
    row.state = "refused".into();
    row.code = code;
    small_sends::put_reaction(tx.sql(), row)?;
    // A newer one on its way has its own say, and so has the owner's phone.
    if small_sends::is_newest(tx.sql(), row)?
        && let Some(message) = texts::by_id(tx.sql(), &row.message)?
        && let Some(target) = &message.wamid
        && reactions::stands(tx.sql(), target, &row.member, shown(&row.emoji))?
    {
        let before = small_sends::last_reaction(tx.sql(), &row.message)?;
        let (member, emoji) =
            before.as_ref().map_or((None, ""), |b| (Some(b.member.as_str()), b.emoji.as_str()));
        show(tx, marks, &message, member, emoji)?;
    }
    Ok(())
}

/// The store is a copy: a reaction that it would still send may be older than what the customer
/// sees by now. None of them goes out; what stood before it stands again.
pub(crate) fn restored(tx: &WriteTx<'_>, marks: &mut Marks) -> Result<(), StoreError> {
    for mut row in small_sends::open_reactions(tx.sql())?.into_iter().rev() {
        refused(tx, marks, &mut row, None)?;
    }
    Ok(())
}

/// News of a status about a reaction of ours: `sent` is all that ever comes, or `failed`
/// (whatsapp.md 3, 5.1). Whether the id was one.
pub(crate) fn news(
    tx: &mut WriteTx<'_>,
    marks: &mut Marks,
    id: &str,
    word: StatusWord,
) -> Result<bool, StoreError> {
    let Some(mut row) = small_sends::reaction(tx.sql(), id)? else { return Ok(false) };
    match word {
        StatusWord::Reached(_) if row.state != "refused" => {
            row.state = "sent".into();
            small_sends::put_reaction(tx.sql(), &row)?;
        }
        StatusWord::Failed(code) if row.state != "refused" => refused(tx, marks, &mut row, code)?,
        _ => {}
    }
    Ok(true)
}

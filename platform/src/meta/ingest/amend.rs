//! Edits, deletions and reactions: whatsapp.md 4.3, one rule set for customers and the owner.
//!
//! They may come before their message, more than once and in any order. The newest edit by time
//! wins, a deletion beats every edit, and each side changes its own messages alone.

use super::{Body, Left};
use crate::meta::answered;
use crate::meta::line;
use crate::meta::marks::Marks;
use crate::meta::media as files;
use crate::meta::payload::{self, Act, Amendment, Content, Thing};
use crate::store::amendments::{self, Waiting};
use crate::store::reactions::{self, Reaction};
use crate::store::texts::MessageRow;
use crate::store::{StoreError, WriteTx, chats, imports, texts};
use serde_json::{Map, Value};

impl Body<'_> {
    /// Somebody edited, deleted or reacted.
    pub(super) fn amendment(
        &mut self,
        tx: &mut WriteTx<'_>,
        amendment: &Amendment,
    ) -> Result<Option<Left>, StoreError> {
        let channel = match Self::channel(tx, &amendment.phone_number_id)? {
            Ok(channel) => channel,
            Err(left) => return Ok(Some(left)),
        };
        let at = self.at(amendment.at);
        let author = if amendment.by_business { "owner_app" } else { "customer" };
        if amendment.by_business && !amendment.automatic {
            line::alive(tx, self.marks, &channel.id, at)?;
        }
        let held = imports::by_either_wamid(tx.sql(), &amendment.target)?;
        // History may know it under an id of its own: what is kept by id stands under the live one.
        let known = held.as_ref().and_then(|held| held.wamid.clone());
        let target = known.as_deref().unwrap_or(&amendment.target);
        if let Some(held) = &held {
            let chat = chats::by_id(tx.sql(), &held.conversation)?;
            if chat.is_none_or(|chat| chat.channel != channel.id) {
                return Ok(Some("id_of_another_channel"));
            }
        }
        let side = reactions::side(author);
        match &amendment.act {
            Act::React(emoji) => {
                let emoji = emoji.as_deref();
                let reaction =
                    Reaction { target, author_kind: author, author_member: None, emoji, at };
                if reactions::set(tx.sql(), &reaction)?
                    && let Some(held) = held.filter(|held| !held.deleted)
                {
                    self.marks.message(&channel.workspace, &held.conversation, held.n, &held.id);
                }
            }
            Act::Edit(content) => match held {
                Some(held) if reactions::side(&held.author_kind) != side => {
                    return Ok(Some("not_its_own"));
                }
                Some(held) => edit(tx, self.marks, held, at, (content.body(), media_ref(content)))?,
                None => {
                    let (body, media) = (content.body(), media_ref(content));
                    let edit = (at, &body, media.as_ref());
                    amendments::keep_edit(tx.sql(), (target, side), edit, tx.now())?;
                }
            },
            Act::Revoke => match held {
                Some(held) if reactions::side(&held.author_kind) != side => {
                    return Ok(Some("not_its_own"));
                }
                Some(held) => revoke(tx, self.marks, &held, author, at)?,
                None => amendments::keep_revoke(tx.sql(), (target, side), at, tx.now())?,
            },
        }
        Ok(None)
    }
}

/// Forgets the edits in these raw bodies that wait for messages of a person: of a message that never
/// came nothing else tells whose it is.
pub(crate) fn forget_waiting(
    tx: &WriteTx<'_>,
    bodies: &[Vec<u8>],
    ids: &[String],
) -> Result<(), StoreError> {
    let is_theirs = |id: &Option<String>| id.as_ref().is_some_and(|id| ids.contains(id));
    for thing in bodies.iter().filter_map(|body| payload::read(body).ok()).flatten() {
        let Thing::Amendment(Amendment { target, customer, by_business, .. }) = thing else {
            continue;
        };
        if is_theirs(&customer.phone) || is_theirs(&customer.user_id) {
            let side = reactions::side(if by_business { "owner_app" } else { "customer" });
            amendments::forget(tx.sql(), &target, side)?;
        }
    }
    Ok(())
}

/// Applies what came before this message, which stands in the store now under Meta's id.
pub(crate) fn settle(
    tx: &WriteTx<'_>,
    marks: &mut Marks,
    message: &MessageRow,
) -> Result<(), StoreError> {
    match &message.wamid {
        Some(wamid) => settle_under(tx, marks, message, wamid),
        None => Ok(()),
    }
}

/// Applies what came for this message under an id of the history's own.
pub(super) fn adopt(
    tx: &WriteTx<'_>,
    marks: &mut Marks,
    message: &str,
    old_wamid: &str,
) -> Result<(), StoreError> {
    let Some(live) = texts::by_id(tx.sql(), message)? else { return Ok(()) };
    if let Some(target) = &live.wamid {
        for taken in reactions::take(tx.sql(), old_wamid)? {
            let reaction = Reaction {
                target,
                author_kind: &taken.author_kind,
                author_member: taken.author_member.as_deref(),
                emoji: taken.emoji.as_deref(),
                at: taken.at,
            };
            if reactions::set(tx.sql(), &reaction)? && !live.deleted {
                mark(tx, marks, &live, None)?;
            }
        }
    }
    settle_under(tx, marks, &live, old_wamid)
}

fn settle_under(
    tx: &WriteTx<'_>,
    marks: &mut Marks,
    message: &MessageRow,
    wamid: &str,
) -> Result<(), StoreError> {
    let side = reactions::side(&message.author_kind);
    let Some(waiting) = amendments::take(tx.sql(), wamid, side)? else { return Ok(()) };
    let Waiting { edit: edited, revoked_at } = waiting;
    if let Some(at) = revoked_at {
        let by = if side == "customer" { "customer" } else { "owner_app" };
        return revoke(tx, marks, message, by, at);
    }
    if let Some((at, body, media)) = edited {
        edit(tx, marks, message.clone(), at, (body, media))?;
    }
    Ok(())
}

/// Meta's file, as the row keeps it: `{id?, url?}`.
pub(crate) fn media_ref(content: &Content) -> Option<Value> {
    let media = content.media()?;
    let mut map = Map::new();
    for (name, value) in [("id", &media.id), ("url", &media.url)] {
        if let Some(value) = value {
            map.insert(name.into(), value.as_str().into());
        }
    }
    (!map.is_empty()).then(|| map.into())
}

/// Puts a new body in place of the old one, unless a newer one stands there.
fn edit(
    tx: &WriteTx<'_>,
    marks: &mut Marks,
    mut held: MessageRow,
    at: i64,
    (new, media): (Value, Option<Value>),
) -> Result<(), StoreError> {
    if held.deleted {
        return Ok(());
    }
    let new = if media.is_none() { with_file(&held.body, new) } else { new };
    let standing = amendments::edited_at(tx.sql(), &held)?;
    // Of two at one time the greater body wins, so that any order ends alike.
    let newer =
        standing.is_none_or(|standing| (at, new.to_string()) > (standing, held.body.to_string()));
    if !newer {
        return Ok(());
    }
    held.body = new;
    amendments::set_edit(tx.sql(), &held, at, media.as_ref())?;
    if let Some(media) = &media {
        files::wanted(tx, &held, media)?;
    }
    let shown = amendments::last_shown(tx.sql(), &held.conversation)?;
    mark(tx, marks, &held, shown)
}

/// An edit of a caption may leave the file out: it stays.
fn with_file(old: &Value, mut new: Value) -> Value {
    let same = |name: &str| old.get(name) == new.get(name);
    let is_media = old.get("kind").and_then(Value::as_str) == Some("media");
    if is_media && same("kind") && same("type") {
        let kept = old.as_object().into_iter().flatten().filter(|(name, _)| *name != "caption");
        if let Some(new) = new.as_object_mut() {
            for (name, value) in kept {
                new.insert(name.clone(), value.clone());
            }
        }
    }
    new
}

fn revoke(
    tx: &WriteTx<'_>,
    marks: &mut Marks,
    held: &MessageRow,
    by: &str,
    at: i64,
) -> Result<(), StoreError> {
    if held.deleted {
        return Ok(());
    }
    let shown = amendments::last_shown(tx.sql(), &held.conversation)?;
    texts::erase(tx.sql(), held, by, at)?;
    mark(tx, marks, held, shown)?;
    if let Some(mut chat) = chats::by_id(tx.sql(), &held.conversation)? {
        answered::recount_and_save(tx, marks, &mut chat)?;
    }
    Ok(())
}

/// Marks a changed message; the list shows it too if it is the last one.
fn mark(
    tx: &WriteTx<'_>,
    marks: &mut Marks,
    held: &MessageRow,
    shown: Option<i64>,
) -> Result<(), StoreError> {
    let Some(chat) = chats::by_id(tx.sql(), &held.conversation)? else { return Ok(()) };
    marks.message(&chat.workspace, &chat.id, held.n, &held.id);
    if shown == Some(held.n) {
        marks.conversation(&chat.workspace, &chat.id);
    }
    Ok(())
}

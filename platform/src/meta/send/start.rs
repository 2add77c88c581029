//! `start_conversation`: the business writes first, with a template (experience.md M20).
//!
//! The conversation's id is the command's, so that a phone can write behind it before the answer
//! is there. If there is a conversation already the command is refused, and that other id leads to
//! the one that there is.

use serde_json::json;

use super::commands::{New, add, done, malformed};
use super::content;
use crate::agents::command::{StartCommand, StartWith};
use crate::agents::outcome::{Actor, Outcome, RefusedCode};
use crate::feed::scope::may_see;
use crate::meta::identity;
use crate::meta::marks::Marks;
use crate::meta::payload::number_key;
use crate::store::chats::ConversationRow;
use crate::store::people::ContactRow;
use crate::store::{StoreError, WriteTx, channels, chats, commands, contacts, people, small_sends};

/// The command.
pub(crate) fn start(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    command: &StartCommand,
) -> Result<Outcome, StoreError> {
    let workspace = &actor.workspace;
    if !channels::is_of(tx.sql(), &command.channel, workspace)? {
        return Ok(malformed("channel"));
    }
    let known = match &command.to {
        StartWith::Contact(id) => whole(tx, workspace, id)?,
        StartWith::Phone(phone) => by_phone(tx, workspace, phone)?,
    };
    if known.is_none() && matches!(command.to, StartWith::Contact(_)) {
        return Ok(malformed("contact"));
    }
    // Before anything leads somewhere by this id: whoever named another's would have what is written
    // there go to somebody else.
    if chats::by_id(tx.sql(), &command.id)?.is_some()
        || small_sends::alias(tx.sql(), &command.id)?.is_some()
    {
        return Ok(Outcome::refused(RefusedCode::IdReused));
    }
    if let Some(contact) = &known
        && let Some(chat) = chats::of_contact(tx.sql(), &contact.id, &command.channel)?
    {
        return exists(tx, actor, &command.id, &chat);
    }
    if small_sends::is_taken(tx.sql(), &command.message_id)? {
        return Ok(Outcome::refused(RefusedCode::IdReused));
    }
    // It may have been withdrawn before this came; no other command has its id.
    match commands::find(tx.sql(), &actor.device, &command.message_id)? {
        None => {}
        Some(kept) if kept.hash.is_empty() => return Ok(Outcome::refused(RefusedCode::Withdrawn)),
        Some(_) => return Ok(malformed("message_id")),
    }
    let contact = known.as_ref().map(|contact| contact.id.as_str());
    let prepared = content::prepare_template(tx, &command.channel, contact, &command.template)?;
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(refused) => return Ok(refused),
    };
    if !content::is_here(tx, &actor.device, &prepared)? {
        return Ok(content::media_missing());
    }
    let contact = match (known, &command.to) {
        (Some(contact), _) => contact,
        (None, StartWith::Phone(phone)) => make_contact(tx, workspace, phone)?,
        (None, StartWith::Contact(_)) => return Ok(malformed("contact")),
    };
    let mut marks = Marks::default();
    let chat = ConversationRow {
        id: command.id.clone(),
        workspace: workspace.clone(),
        contact: contact.id,
        channel: command.channel.clone(),
        // Whoever writes first goes on with it.
        scope: format!("member:{}", actor.member),
        status: "open".into(),
        snoozed_until: None,
        window_closes_at: None,
        unread: 0,
        last_n: 0,
        waiting_since: None,
        read_up_to_n: 0,
        last_at: tx.now(),
    };
    chats::insert(tx.sql(), &chat, tx.now())?;
    chats::set_assignee(tx.sql(), &chat.id, &actor.member)?;
    marks.entered(workspace, &chat.id, &chat.contact);
    let new = New {
        id: &command.message_id,
        written_at: command.at,
        prepared,
        reply_to: None,
        based_on_n: 0,
    };
    add(tx, &mut marks, actor, chat, new)?;
    done(tx, actor, marks)
}

/// The contact of this id, or the one that it became part of; none if its content was erased.
fn whole(tx: &WriteTx<'_>, workspace: &str, id: &str) -> Result<Option<ContactRow>, StoreError> {
    let Some(known) = contacts::find(tx.sql(), workspace, id)? else { return Ok(None) };
    let id = known.merged_into.as_deref().unwrap_or(id);
    let known = contacts::find(tx.sql(), workspace, id)?;
    match known.filter(|known| known.erased_at.is_none()) {
        Some(known) => people::by_id(tx.sql(), workspace, &known.id),
        None => Ok(None),
    }
}

/// The contact with this number: to the digit, else by one that it had before, else by another
/// spelling, as webhooks find theirs. A person has one thread, however their number is typed.
fn by_phone(
    tx: &WriteTx<'_>,
    workspace: &str,
    phone: &str,
) -> Result<Option<ContactRow>, StoreError> {
    if let Some(known) = people::by_phone(tx.sql(), workspace, phone)? {
        return Ok(Some(known));
    }
    if let Some(known) = people::by_alias(tx.sql(), workspace, phone)? {
        return Ok(Some(known));
    }
    people::by_number_key(tx.sql(), workspace, &number_key(phone))
}

/// There is a conversation: named to those who may see it, its holder to the others.
fn exists(
    tx: &WriteTx<'_>,
    actor: &Actor,
    command: &str,
    chat: &ConversationRow,
) -> Result<Outcome, StoreError> {
    let details = if may_see(tx.sql(), actor, &chat.id)? {
        small_sends::put_alias(tx.sql(), command, &chat.id)?;
        json!({"conversation": chat.id})
    } else {
        match chats::assignee(tx.sql(), &chat.id)? {
            Some(holder) => json!({"holder": holder}),
            None => json!({}),
        }
    };
    Ok(Outcome::refused_with(RefusedCode::Exists, details))
}

fn make_contact(tx: &WriteTx<'_>, workspace: &str, phone: &str) -> Result<ContactRow, StoreError> {
    let mut id = identity::contact(workspace, None, Some(phone));
    // A number that moved away from the contact it once named can name a new one.
    while people::by_id(tx.sql(), workspace, &id)?.is_some() {
        id = identity::contact(workspace, Some(&id), Some(phone));
    }
    let contact = ContactRow {
        id,
        workspace: workspace.to_owned(),
        name: None,
        phone: Some(phone.to_owned()),
        wa_user_id: None,
        username: None,
    };
    people::insert(tx.sql(), &contact, tx.now())?;
    Ok(contact)
}

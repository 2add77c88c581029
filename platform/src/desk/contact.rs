//! Contacts by hand: fields, joining two, erasing one.

use serde_json::json;

use super::audit::{self, Who};
use super::command::EditContact;
use super::commands::{Found, changed, touch_contact};
use crate::agents::outcome::{Actor, Outcome, RefusedCode};
use crate::feed::scope::Reader;
use crate::meta::ingest;
use crate::meta::payload::number_key;
use crate::store::contacts::{self, Known};
use crate::store::holders::{self, Desk};
use crate::store::objects::touch_conversation;
use crate::store::{
    ChangeKind, ChangeScope, StoreError, WriteTx, conversations, texts, workspaces,
};

/// The most fields that one contact may have.
const MAX_FIELDS: i64 = 50;

/// A contact of which the actor sees a conversation; one that became part of another is the other.
pub(crate) fn seen(tx: &WriteTx<'_>, actor: &Actor, id: &str) -> Found<Known> {
    let not_yours = || Ok(Err(Outcome::refused(RefusedCode::NotYours)));
    let Some(mut known) = contacts::find(tx.sql(), &actor.workspace, id)? else {
        return not_yours();
    };
    if let Some(into) = &known.merged_into {
        match contacts::find(tx.sql(), &actor.workspace, into)? {
            Some(other) => known = other,
            None => return not_yours(),
        }
    }
    let workspace = workspaces::get(tx.sql(), &actor.workspace)?;
    let reader = Reader::new(tx.sql(), actor.clone(), &workspace)?;
    let (sql, sight) = (tx.sql(), &reader.sight);
    let seen = sight.all || conversations::contact_seen(sql, &actor.workspace, sight, &known.id)?;
    if !seen || known.erased_at.is_some() {
        return not_yours();
    }
    Ok(Ok(known))
}

/// Writes a contact's rows and version.
pub(crate) fn touch(
    tx: &mut WriteTx<'_>,
    workspace: &str,
    contact: &str,
) -> Result<i64, StoreError> {
    let conversations = contacts::conversations(tx.sql(), contact)?;
    touch_contact(tx, workspace, contact, &conversations)
}

/// `edit_contact`.
pub(crate) fn edit(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    command: &EditContact,
) -> Result<Outcome, StoreError> {
    let known = match seen(tx, actor, &command.contact)? {
        Ok(known) => known,
        Err(refused) => return Ok(refused),
    };
    let field = contacts::field(tx.sql(), &known.id, &command.field)?;
    let now = match &field {
        Some(field) if field.value.is_some() => field.value.clone(),
        _ if command.field == "name" => known.name.clone(),
        _ => None,
    };
    if now == command.to {
        return Ok(Outcome::done(tx.head(&actor.workspace)?));
    }
    if now != command.was {
        let now = now.map(Into::into);
        return Ok(match field {
            Some(field) => {
                changed(&json!({ "kind": "agent", "id": field.by }), &field.at.into(), now.as_ref())
            }
            // A name of WhatsApp's own: the customer's, or the owner's phone book's.
            None => changed(&json!({ "kind": "customer" }), &0.into(), now.as_ref()),
        });
    }
    if field.is_none() && contacts::count_fields(tx.sql(), &known.id)? >= MAX_FIELDS {
        let details = json!({ "limit": MAX_FIELDS });
        return Ok(Outcome::refused_with(RefusedCode::TooMany, details));
    }
    let (to, by) = (command.to.as_deref(), &actor.member);
    contacts::set_field(tx, &known.id, &command.field, to, by)?;
    Ok(Outcome::done(touch(tx, &actor.workspace, &known.id)?))
}

/// Why two contacts cannot be joined, or one not erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// There is no such contact.
    From,
    /// There is no such contact to join.
    Into,
}

/// A contact that is one still.
fn whole(tx: &WriteTx<'_>, workspace: &str, id: &str) -> Result<Option<Known>, StoreError> {
    Ok(contacts::find(tx.sql(), workspace, id)?
        .filter(|known| known.merged_into.is_none() && known.erased_at.is_none()))
}

/// Joins two contacts: only a person says that they are one (protocol.md 4). Of two
/// conversations on one channel the older goes on in the newer; each keeps its own numbers.
pub(crate) fn merge(
    tx: &mut WriteTx<'_>,
    workspace: &str,
    who: Who<'_>,
    from: &str,
    into: &str,
) -> Result<Result<i64, Fault>, StoreError> {
    let Some(from) = whole(tx, workspace, from)? else { return Ok(Err(Fault::From)) };
    let Some(into) = whole(tx, workspace, into)?.filter(|into| into.id != from.id) else {
        return Ok(Err(Fault::Into));
    };
    let moving = contacts::placed(tx.sql(), &from.id)?;
    let standing = contacts::placed(tx.sql(), &into.id)?;
    let mut asking = contacts::perhaps_same(tx.sql(), &from.id)?;
    asking.retain(|other| *other != into.id);
    let mut touched = contacts::conversations(tx.sql(), &from.id)?;
    touched.extend(contacts::conversations(tx.sql(), &into.id)?);
    contacts::join(tx, &from, &into)?;
    for moved in moving {
        match standing.iter().find(|other| other.channel == moved.channel) {
            None => contacts::place(tx, &moved.id, &into.id)?,
            // The newer one must stand under the contact that new messages will find.
            Some(other) if moved.age > other.age => {
                contacts::swap(tx, (&moved.id, &into.id), (&other.id, &from.id))?;
                go_on_in(tx, workspace, &other.id, &moved.id)?;
            }
            Some(other) => go_on_in(tx, workspace, &moved.id, &other.id)?,
        }
    }
    let mut seq = tx.head(workspace)?;
    for id in &touched {
        let scope = ChangeScope::Conversation(id.clone());
        tx.change(workspace, &scope, ChangeKind::Merged, &from.id)?;
    }
    touch_contact(tx, workspace, &into.id, &touched)?;
    for other in &asking {
        touch(tx, workspace, other)?;
    }
    for id in &touched {
        seq = touch_conversation(tx, id)?;
    }
    audit::note(tx, workspace, who, "contacts_merged", "contact", &into.id)?;
    Ok(Ok(seq))
}

fn go_on_in(tx: &WriteTx<'_>, workspace: &str, older: &str, newer: &str) -> Result<(), StoreError> {
    if let Some(desk) = holders::find(tx.sql(), workspace, older)? {
        let desk = Desk { continued_in: Some(newer.to_owned()), ..desk };
        holders::update(tx.sql(), &desk)?;
    }
    Ok(())
}

/// Erases a contact's content everywhere: names, numbers, fields, labels, every message's body,
/// and the raw webhook bodies that name it. Ids stay, so that nothing is taken for new.
pub(crate) fn erase(
    tx: &mut WriteTx<'_>,
    workspace: &str,
    who: Who<'_>,
    id: &str,
) -> Result<Result<i64, Fault>, StoreError> {
    let Some(known) = whole(tx, workspace, id)? else { return Ok(Err(Fault::From)) };
    let by = match who {
        Who::Member { id, .. } => id,
        Who::Operator | Who::System => "system",
    };
    let deleted = json!({ "by": by, "at": tx.now() });
    let mut names: Vec<String> = known.phone.into_iter().chain(known.wa_user_id).collect();
    names.extend(contacts::aliases(tx.sql(), id)?);
    ingest::forget_waiting(tx, &contacts::webhooks_naming(tx.sql(), &names)?, &names)?;
    contacts::forget_person(tx, workspace, &names)?;
    // Names stand under what all spellings of a number share.
    let keys: Vec<String> = names.iter().map(|name| number_key(name)).collect();
    contacts::forget_person(tx, workspace, &keys)?;
    let asking = contacts::perhaps_same(tx.sql(), id)?;
    let conversations = contacts::conversations(tx.sql(), id)?;
    for conversation in &conversations {
        names.extend(contacts::wamids(tx.sql(), conversation)?);
        contacts::empty_conversation(tx, conversation, &deleted)?;
    }
    contacts::blank_webhooks(tx, &names)?;
    contacts::empty(tx, id)?;
    let mut seq = tx.head(workspace)?;
    for conversation in &conversations {
        let scope = ChangeScope::Conversation(conversation.clone());
        for (n, message) in contacts::messages(tx.sql(), conversation)? {
            let seq = tx.change(workspace, &scope, ChangeKind::Message, &message)?;
            texts::set_version(tx.sql(), conversation, n, seq)?;
        }
    }
    touch_contact(tx, workspace, id, &conversations)?;
    for other in &asking {
        touch(tx, workspace, other)?;
    }
    for conversation in &conversations {
        seq = touch_conversation(tx, conversation)?;
    }
    audit::note(tx, workspace, who, "contact_erased", "contact", id)?;
    Ok(Ok(seq))
}

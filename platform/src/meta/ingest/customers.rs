//! Whose message it is: finding, joining and making contacts and conversations.

use super::Body;
use super::phonebook::shown_name;
use crate::meta::identity;
use crate::meta::payload::{Customer, number_key};
use crate::store::chats::{ChannelRow, ConversationRow};
use crate::store::people::ContactRow;
use crate::store::{StoreError, WriteTx, chats, people};

/// A number that its holder left longer ago than this is somebody else's, ms. What they wrote before
/// and comes late has a time of before; the day is for clocks, and telephone companies wait for weeks.
const HANDED_ON_MS: i64 = 24 * 60 * 60 * 1_000;

impl Body<'_> {
    /// The conversation of this customer, as known at `at` (ms UTC), on this channel, made if need be.
    pub(super) fn conversation(
        &mut self,
        tx: &mut WriteTx<'_>,
        channel: &ChannelRow,
        customer: &Customer,
        at: i64,
    ) -> Result<ConversationRow, StoreError> {
        let contact = self.contact(tx, &channel.workspace, customer, at)?;
        if let Some(chat) = chats::of_contact(tx.sql(), &contact.id, &channel.id)? {
            return Ok(chat);
        }
        let chat = Self::make_conversation(tx, channel, contact)?;
        self.marks.entered(&chat.workspace, &chat.id, &chat.contact);
        Ok(chat)
    }

    /// A new conversation; phones learn of it by the caller.
    pub(super) fn make_conversation(
        tx: &mut WriteTx<'_>,
        channel: &ChannelRow,
        contact: ContactRow,
    ) -> Result<ConversationRow, StoreError> {
        let chat = ConversationRow {
            id: identity::conversation(&channel.workspace, &contact.id, &channel.phone_number_id),
            workspace: channel.workspace.clone(),
            contact: contact.id,
            channel: channel.id.clone(),
            scope: "unassigned".into(),
            status: "open".into(),
            snoozed_until: None,
            window_closes_at: None,
            unread: 0,
            last_n: 0,
            waiting_since: None,
            read_up_to_n: 0,
            last_at: 0,
        };
        chats::insert(tx.sql(), &chat, tx.now())?;
        Ok(chat)
    }

    /// The contact that a webhook means. Both ids are optional and may name two contacts: then
    /// the user id wins and the number moves to it. `at` (ms UTC) is the time of which it speaks.
    pub(super) fn contact(
        &mut self,
        tx: &mut WriteTx<'_>,
        workspace: &str,
        who: &Customer,
        at: i64,
    ) -> Result<ContactRow, StoreError> {
        let by_user = match by_user_id(tx, workspace, who.user_id.as_deref())? {
            Some((user, By::Alias)) => {
                // What comes late under an old id says nothing about the new ones.
                let late = Customer { phone: None, ..who.clone() };
                return self.refresh(tx, user, &late, false);
            }
            found => found.map(|(user, _)| user),
        };
        if let Some(phone) = &who.phone
            && people::is_given_up(tx.sql(), workspace, phone, at.saturating_sub(HANDED_ON_MS))?
        {
            // Whoever writes under it now is somebody else, and must not be answered elsewhere.
            people::drop_alias(tx.sql(), workspace, phone)?;
        }
        let by_phone = by_phone(tx, workspace, who.phone.as_deref())?;
        let mut contact = match (by_user, by_phone) {
            (Some(user), Some((other, by))) if user.id != other.id => {
                match by {
                    // Meta says that both ids are one person's: the number goes to the user id.
                    By::Id => {
                        self.give_up_number(tx, other.clone())?;
                        self.perhaps_same(tx, workspace, &other.id, &user.id)?;
                    }
                    By::Spelling => self.perhaps_same(tx, workspace, &other.id, &user.id)?,
                    By::Alias => drop_alias(tx, workspace, who)?,
                }
                return self.refresh(tx, user, who, true);
            }
            (Some(user), _) => user,
            (None, Some((known, by))) => {
                if who.user_id.is_some() && known.wa_user_id.is_some() {
                    // Another user id under a known number: another person until a manager joins them.
                    match by {
                        By::Id => self.give_up_number(tx, known.clone())?,
                        By::Spelling => {}
                        By::Alias => drop_alias(tx, workspace, who)?,
                    }
                    let new = self.make(tx, workspace, who)?;
                    if by != By::Alias {
                        self.perhaps_same(tx, workspace, &known.id, &new.id)?;
                    }
                    return Ok(new);
                }
                if by == By::Alias {
                    // What comes late under an old number says nothing about the new one.
                    let late = Customer { phone: None, ..who.clone() };
                    return self.refresh(tx, known, &late, false);
                }
                known
            }
            (None, None) => return self.make(tx, workspace, who),
        };
        if contact.wa_user_id.is_none() && who.user_id.is_some() {
            contact.wa_user_id.clone_from(&who.user_id);
            people::update(tx.sql(), &contact)?;
            self.marks.contact(workspace, &contact.id);
        }
        self.refresh(tx, contact, who, true)
    }

    /// Takes the number from a contact that a user id proved not to own it.
    fn give_up_number(
        &mut self,
        tx: &mut WriteTx<'_>,
        mut contact: ContactRow,
    ) -> Result<(), StoreError> {
        contact.phone = None;
        people::update(tx.sql(), &contact)?;
        self.marks.contact(&contact.workspace, &contact.id);
        Ok(())
    }

    /// Writes newer particulars, if there are any.
    fn refresh(
        &mut self,
        tx: &mut WriteTx<'_>,
        mut contact: ContactRow,
        who: &Customer,
        with_phone: bool,
    ) -> Result<ContactRow, StoreError> {
        let before = contact.clone();
        let key = |phone: &Option<String>| phone.as_deref().map(number_key);
        // Another spelling of the same number is no news: what Meta gave first is sent to.
        if with_phone && who.phone.is_some() && key(&who.phone) != key(&contact.phone) {
            contact.phone.clone_from(&who.phone);
        }
        contact.name = shown_name(tx, &contact, who.name.as_deref())?;
        contact.username = who.username.clone().or(contact.username);
        if contact != before {
            people::update(tx.sql(), &contact)?;
            self.marks.contact(&contact.workspace, &contact.id);
        }
        Ok(contact)
    }

    fn make(
        &mut self,
        tx: &mut WriteTx<'_>,
        workspace: &str,
        who: &Customer,
    ) -> Result<ContactRow, StoreError> {
        let (user_id, phone) = (who.user_id.as_deref(), who.phone.as_deref());
        let mut id = identity::contact(workspace, user_id, phone);
        // A number that moved away from the contact it once named can name a new one.
        while people::by_id(tx.sql(), workspace, &id)?.is_some() {
            id = identity::contact(workspace, Some(&id), phone);
        }
        let mut contact = ContactRow {
            id,
            workspace: workspace.to_owned(),
            name: who.name.clone(),
            phone: who.phone.clone(),
            wa_user_id: who.user_id.clone(),
            username: who.username.clone(),
        };
        people::insert(tx.sql(), &contact, tx.now())?;
        if let Some(twin) = who.phone.as_deref().and_then(twin)
            && let Some(other) = people::by_phone(tx.sql(), workspace, &twin)?
        {
            self.perhaps_same(tx, workspace, &other.id, &contact.id)?;
        }
        let shown = shown_name(tx, &contact, who.name.as_deref())?;
        if shown != contact.name {
            contact.name = shown;
            people::update(tx.sql(), &contact)?;
        }
        Ok(contact)
    }
}

/// How a contact was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// It has this number, to the digit, or this user id.
    Id,
    /// It had this number or user id before.
    Alias,
    /// Its number is another spelling of this one.
    Spelling,
}

/// The contact with this user id, now or before.
pub(super) fn by_user_id(
    tx: &WriteTx<'_>,
    workspace: &str,
    user_id: Option<&str>,
) -> Result<Option<(ContactRow, By)>, StoreError> {
    let Some(user_id) = user_id else { return Ok(None) };
    if let Some(found) = people::by_user_id(tx.sql(), workspace, user_id)? {
        return Ok(Some((found, By::Id)));
    }
    let found = people::by_alias(tx.sql(), workspace, user_id)?;
    Ok(found.map(|found| (found, By::Alias)))
}

/// The contact with this number: to the digit, else by an old one, else by another spelling.
pub(super) fn by_phone(
    tx: &WriteTx<'_>,
    workspace: &str,
    phone: Option<&str>,
) -> Result<Option<(ContactRow, By)>, StoreError> {
    let Some(phone) = phone else { return Ok(None) };
    if let Some(found) = people::by_phone(tx.sql(), workspace, phone)? {
        return Ok(Some((found, By::Id)));
    }
    if let Some(found) = people::by_alias(tx.sql(), workspace, phone)? {
        return Ok(Some((found, By::Alias)));
    }
    let found = people::by_number_key(tx.sql(), workspace, &number_key(phone))?;
    Ok(found.map(|found| (found, By::Spelling)))
}

/// The number belongs to somebody else now.
fn drop_alias(tx: &WriteTx<'_>, workspace: &str, who: &Customer) -> Result<(), StoreError> {
    match &who.phone {
        Some(phone) => people::drop_alias(tx.sql(), workspace, phone),
        None => Ok(()),
    }
}

/// Whether two spellings are of one number of ours: it is no landline of somebody else's.
pub(super) fn is_one_number(one: &str, other: &str) -> bool {
    number_key(one) == number_key(other) || twin(one).as_deref() == Some(other)
}

/// Argentina's other spelling of a number, which may be a landline and so somebody else
/// (whatsapp.md 8.2).
fn twin(phone: &str) -> Option<String> {
    match phone.strip_prefix("549") {
        Some(rest) if rest.len() == 10 => Some(format!("54{rest}")),
        _ => phone.strip_prefix("54").filter(|r| r.len() == 10).map(|rest| format!("549{rest}")),
    }
}

//! News about persons: other numbers and ids, another security key, wishes about advertising.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Body, Left, customers};
use crate::meta::identity;
use crate::meta::ladder::{Ladder, Step};
use crate::meta::payload::{Customer, Person, PersonNews};
use crate::store::chats::ChannelRow;
use crate::store::people::ContactRow;
use crate::store::texts::MessageRow;
use crate::store::{StoreError, WriteTx, chats, people, texts, webhooks};

impl Body<'_> {
    /// News about a person.
    pub(super) fn person(
        &mut self,
        tx: &mut WriteTx<'_>,
        person: &Person,
    ) -> Result<Option<Left>, StoreError> {
        let Some(channel) = channel_of(tx, person)? else {
            return Ok(Some(webhooks::NO_CHANNEL));
        };
        if let Some(wamid) = &person.wamid
            && texts::by_wamid(tx.sql(), wamid)?.is_some()
        {
            return Ok(None);
        }
        let Some(contact) = known(tx, &channel.workspace, &person.customer)? else {
            return Ok(Some("nobody_known"));
        };
        let at = self.at(person.at);
        match &person.news {
            PersonNews::Moved { phone, user_id } => {
                let new = (phone.as_deref(), user_id.as_deref());
                if is_over(tx, &contact, &person.customer, new, at)? {
                    return Ok(Some("older_news_of_a_person"));
                }
                self.move_person(tx, contact.clone(), new, at)?;
            }
            PersonNews::KeyChanged => {}
            PersonNews::Marketing { stopped } => {
                if people::set_marketing(tx.sql(), &contact.id, *stopped, at)? {
                    self.marks.contact(&contact.workspace, &contact.id);
                }
                return Ok(None);
            }
        }
        match &person.wamid {
            Some(wamid) => self.event(tx, &channel, &contact, wamid, person.news.event(), at),
            None => Ok(None),
        }
    }

    /// Gives a contact its new number and id; what it had before leads to it from now on. What
    /// another contact holds already stays there: only a manager joins two people.
    fn move_person(
        &mut self,
        tx: &mut WriteTx<'_>,
        mut contact: ContactRow,
        (phone, user_id): (Option<&str>, Option<&str>),
        at: i64,
    ) -> Result<(), StoreError> {
        let before = contact.clone();
        let workspace = contact.workspace.clone();
        let holder = |found: Option<ContactRow>| found.filter(|other| other.id != contact.id);
        let mut others = Vec::new();
        let mut taken = (None, None);
        if let Some(phone) = phone {
            match holder(people::by_phone(tx.sql(), &workspace, phone)?) {
                Some(other) => others.push(other),
                None => taken.0 = Some(phone.to_owned()),
            }
        }
        if let Some(user_id) = user_id {
            match holder(people::by_user_id(tx.sql(), &workspace, user_id)?) {
                Some(other) => others.push(other),
                None => taken.1 = Some(user_id.to_owned()),
            }
        }
        // An id that is not named anew ended with the old one (whatsapp.md 8.1): a message to it
        // could reach whoever has the number next.
        if taken.0.is_some() || taken.1.is_some() {
            (contact.phone, contact.wa_user_id) = taken;
        }
        for (old, new) in
            [(&before.phone, &contact.phone), (&before.wa_user_id, &contact.wa_user_id)]
        {
            if let Some(old) = old.as_ref().filter(|old| new.as_ref() != Some(*old)) {
                people::add_alias(tx.sql(), &contact, old, at)?;
            }
        }
        for new in [&contact.phone, &contact.wa_user_id].into_iter().flatten() {
            people::drop_alias(tx.sql(), &workspace, new)?;
        }
        if contact != before {
            people::update(tx.sql(), &contact)?;
            self.marks.contact(&workspace, &contact.id);
        }
        for other in others {
            self.perhaps_same(tx, &workspace, &contact.id, &other.id)?;
        }
        Ok(())
    }

    /// Marks two contacts as perhaps one person.
    pub(super) fn perhaps_same(
        &mut self,
        tx: &WriteTx<'_>,
        workspace: &str,
        one: &str,
        other: &str,
    ) -> Result<(), StoreError> {
        for (marked, as_other) in [(one, other), (other, one)] {
            if people::mark_same(tx.sql(), marked, as_other)? {
                self.marks.contact(workspace, marked);
            }
        }
        Ok(())
    }

    /// A line between the messages. It opens no window, counts as nothing and answers nothing.
    fn event(
        &mut self,
        tx: &mut WriteTx<'_>,
        channel: &ChannelRow,
        contact: &ContactRow,
        wamid: &str,
        body: Value,
        at: i64,
    ) -> Result<Option<Left>, StoreError> {
        let Some(mut chat) = chats::of_contact(tx.sql(), &contact.id, &channel.id)? else {
            return Ok(None);
        };
        chat.last_n += 1;
        let row = MessageRow {
            conversation: chat.id.clone(),
            n: chat.last_n,
            id: identity::message(&chat.workspace, wamid),
            sent_at: at,
            written_at: None,
            author_kind: "system".into(),
            author_member: None,
            author_device: None,
            body,
            reply_to: None,
            deleted: false,
            ladder: Ladder { step: Step::None, times: BTreeMap::new(), trouble: None },
            wamid: Some(wamid.to_owned()),
        };
        texts::insert(tx.sql(), &row)?;
        self.marks.message(&chat.workspace, &chat.id, row.n, &row.id);
        chats::update(tx.sql(), &chat)?;
        self.marks.conversation(&chat.workspace, &chat.id);
        Ok(None)
    }
}

/// Whether a contact had left the id that a move begins at before: it is told again, or late, and the
/// contact is elsewhere by now. One that leads where the contact stands adds what it knows.
fn is_over(
    tx: &WriteTx<'_>,
    contact: &ContactRow,
    who: &Customer,
    new: (Option<&str>, Option<&str>),
    at: i64,
) -> Result<bool, StoreError> {
    let stands = (contact.phone.as_deref(), contact.wa_user_id.as_deref());
    if (new.0.is_some() && new.0 == stands.0) || (new.1.is_some() && new.1 == stands.1) {
        return Ok(false);
    }
    if who.user_id.as_deref().is_some_and(|id| stands.1 == Some(id)) {
        return Ok(false);
    }
    for id in [&who.user_id, &who.phone].into_iter().flatten() {
        if let Some(left) = people::left_at(tx.sql(), &contact.workspace, id)? {
            return Ok(left >= at);
        }
    }
    Ok(false)
}

/// The channel that the news came for; any of the account's where it names no number, for the
/// person belongs to the whole workspace.
fn channel_of(tx: &WriteTx<'_>, person: &Person) -> Result<Option<ChannelRow>, StoreError> {
    if let Some(number) = &person.phone_number_id {
        return chats::channel(tx.sql(), number);
    }
    let Some(account) = &person.waba_id else { return Ok(None) };
    match chats::channels_of_account(tx.sql(), account)?.first() {
        Some(number) => chats::channel(tx.sql(), number),
        None => Ok(None),
    }
}

/// The contact that these ids name or named; the user id knows best.
fn known(
    tx: &WriteTx<'_>,
    workspace: &str,
    who: &Customer,
) -> Result<Option<ContactRow>, StoreError> {
    let found = match customers::by_user_id(tx, workspace, who.user_id.as_deref())? {
        None => customers::by_phone(tx, workspace, who.phone.as_deref())?,
        found => found,
    };
    Ok(found.map(|(contact, _)| contact))
}

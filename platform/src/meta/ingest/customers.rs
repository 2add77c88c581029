//! Whose message it is: finding, joining and making contacts and conversations.

use super::Body;
use super::phonebook::shown_name;
use crate::meta::identity;
use crate::meta::payload::Customer;
use crate::store::chats::{ChannelRow, ConversationRow};
use crate::store::people::ContactRow;
use crate::store::{StoreError, WriteTx, chats, people};

impl Body<'_> {
    /// The conversation of this customer on this channel, made if need be.
    pub(super) fn conversation(
        &mut self,
        tx: &mut WriteTx<'_>,
        channel: &ChannelRow,
        customer: &Customer,
    ) -> Result<ConversationRow, StoreError> {
        let contact = self.contact(tx, &channel.workspace, customer)?;
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
    /// the user id wins and the number moves to it.
    pub(super) fn contact(
        &mut self,
        tx: &mut WriteTx<'_>,
        workspace: &str,
        who: &Customer,
    ) -> Result<ContactRow, StoreError> {
        let by_user = match &who.user_id {
            Some(id) => people::by_user_id(tx.sql(), workspace, id)?,
            None => None,
        };
        let by_phone = match &who.phone {
            Some(phone) => people::by_phone(tx.sql(), workspace, phone)?,
            None => None,
        };
        let mut contact = match (by_user, by_phone) {
            (Some(user), Some(other)) if user.id != other.id => {
                let keeps = self.give_up_number(tx, other)?;
                return self.refresh(tx, user, who, !keeps);
            }
            (Some(user), _) => user,
            (None, Some(known)) => {
                let another = who.user_id.is_some() && known.wa_user_id.is_some();
                if another {
                    self.give_up_number(tx, known)?;
                    return Self::make(tx, workspace, who);
                }
                known
            }
            (None, None) => return Self::make(tx, workspace, who),
        };
        if contact.wa_user_id.is_none() && who.user_id.is_some() {
            contact.wa_user_id.clone_from(&who.user_id);
            people::update(tx.sql(), &contact)?;
            self.marks.contact(workspace, &contact.id);
        }
        self.refresh(tx, contact, who, true)
    }

    /// Takes the number from a contact that a user id proved not to own it. A contact that would
    /// be left with no id at all keeps it, as nobody could answer it any more; both conversations
    /// then go on until a manager joins them. Returns whether it kept the number.
    fn give_up_number(
        &mut self,
        tx: &mut WriteTx<'_>,
        mut contact: ContactRow,
    ) -> Result<bool, StoreError> {
        if contact.wa_user_id.is_none() {
            return Ok(true);
        }
        contact.phone = None;
        people::update(tx.sql(), &contact)?;
        self.marks.contact(&contact.workspace, &contact.id);
        Ok(false)
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
        if with_phone {
            contact.phone = who.phone.clone().or(contact.phone);
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
        let shown = shown_name(tx, &contact, who.name.as_deref())?;
        if shown != contact.name {
            contact.name = shown;
            people::update(tx.sql(), &contact)?;
        }
        Ok(contact)
    }
}

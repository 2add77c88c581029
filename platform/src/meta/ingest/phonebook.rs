//! The address book of the owner's phone: names for contacts, and a sign of life.

use super::customers::{self, By};
use super::{Body, Left};
use crate::meta::line;
use crate::meta::payload::{PhoneBookEntry, number_key};
use crate::store::people::ContactRow;
use crate::store::{StoreError, WriteTx, people, phonebook};

impl Body<'_> {
    /// An entry that was added, changed or removed. It makes no contact and removes none.
    pub(super) fn phone_book(
        &mut self,
        tx: &mut WriteTx<'_>,
        entry: &PhoneBookEntry,
    ) -> Result<Option<Left>, StoreError> {
        let channel = match Self::channel(tx, &entry.phone_number_id)? {
            Ok(channel) => channel,
            Err(left) => return Ok(Some(left)),
        };
        let at = self.at(entry.at);
        let who = &entry.customer;
        let name = who.name.as_deref().filter(|name| is_name(name));
        let mut newer = false;
        // The owner's phone spells a number as it likes; names are found by what all spellings share.
        let number = who.phone.as_deref().map(number_key);
        for person in [&number, &who.user_id].into_iter().flatten() {
            newer |= phonebook::note(tx.sql(), &channel.id, person, name, at)?;
        }
        line::alive(tx, self.marks, &channel.id, at)?;
        if !newer {
            return Ok(Some("older_phone_book_entry"));
        }
        let by_user = match &who.user_id {
            Some(id) => people::by_user_id(tx.sql(), &channel.workspace, id)?,
            None => None,
        };
        let contact = match (by_user, &who.phone) {
            // Of an old number nobody knows whom it names now.
            (None, Some(phone)) => customers::by_phone(tx, &channel.workspace, Some(phone))?
                .filter(|(_, by)| *by != By::Alias)
                .map(|(contact, _)| contact),
            (found, _) => found,
        };
        if let Some(mut contact) = contact {
            let before = contact.clone();
            contact.username = who.username.clone().or(contact.username);
            contact.name = shown_name(tx, &contact, None)?;
            if contact != before {
                people::update(tx.sql(), &contact)?;
                self.marks.contact(&contact.workspace, &contact.id);
            }
        }
        Ok(None)
    }
}

/// Whether an address book's entry is a name: not one that only repeats the number.
fn is_name(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
}

/// The name to show: the address book's before the profile's, and never a filler (ADR 0013).
/// `profile` is the profile's name, where a webhook just brought it.
pub(super) fn shown_name(
    tx: &WriteTx<'_>,
    contact: &ContactRow,
    profile: Option<&str>,
) -> Result<Option<String>, StoreError> {
    let profile = phonebook::profile_name(tx.sql(), &contact.id, profile)?;
    let (phone, user_id) = (contact.phone.as_deref(), contact.wa_user_id.as_deref());
    let key = phone.map(number_key);
    let book = phonebook::name(tx.sql(), &contact.workspace, [phone, key.as_deref(), user_id])?;
    Ok(book.or(profile))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_no_name() {
        for (text, good) in
            [("Ana", true), ("Ана 2", true), ("李", true), ("+34 600 111", false), ("…", false)]
        {
            assert_eq!(is_name(text), good, "{text}");
        }
    }
}

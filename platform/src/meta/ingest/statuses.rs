//! News about what we sent: by Meta's id, by our own id that it carries back, or parked until one
//! of the two is known.

use super::{Body, Left, amend};
use crate::meta::answered;
use crate::meta::codes;
use crate::meta::ladder::{Step, Trouble};
use crate::meta::marks::Marks;
use crate::meta::payload::{Customer, Status, StatusWord, number_key};
use crate::meta::send::state::Event;
use crate::meta::send::{held, order, react, recipient};
use crate::store::{StoreError, WriteTx, chats, people, reports, sends, texts};

impl Body<'_> {
    /// A status.
    pub(super) fn status(
        &mut self,
        tx: &mut WriteTx<'_>,
        status: &Status,
    ) -> Result<Option<Left>, StoreError> {
        let channel = match Self::channel(tx, &status.phone_number_id)? {
            Ok(channel) => channel,
            Err(left) => return Ok(Some(left)),
        };
        let at = self.at(status.at);
        if let (Some(wamid), Some(price)) = (&status.wamid, &status.price) {
            let words = [&price.kind, &price.category, &price.model].map(Option::as_deref);
            reports::price(tx.sql(), wamid, words, at)?;
        }
        let known = match &status.wamid {
            Some(wamid) => texts::by_wamid(tx.sql(), wamid)?,
            None => None,
        };
        let sent = match &known {
            Some(message) => sends::get(tx.sql(), &message.id)?,
            None => None,
        };
        if let Some(send) = sent {
            if send.channel != channel.id {
                return Ok(Some("id_of_another_channel"));
            }
            self.learn_recipient(tx, &send.conversation, &status.customer)?;
            news(tx, self.marks, &send.message, status.word, at)?;
            return Ok(None);
        }
        // Our own id comes second: what stands under Meta's may be the echo of the same message,
        // which was here before anything told that it is ours.
        let ours = match &status.callback {
            Some(callback) => sends::get(tx.sql(), callback)?,
            None => None,
        };
        if let Some(send) = ours.filter(|send| send.channel == channel.id) {
            if let Some(wamid) = &status.wamid {
                learn_wamid(tx, self.marks, &send.message, wamid)?;
            }
            self.learn_recipient(tx, &send.conversation, &status.customer)?;
            news(tx, self.marks, &send.message, status.word, at)?;
            return Ok(None);
        }
        if let Some(callback) = &status.callback
            && react::news(tx, self.marks, callback, status.word)?
        {
            return Ok(None);
        }
        let Some(wamid) = &status.wamid else { return Ok(Some("nothing_known_by_this_id")) };
        let (word, code) = match status.word {
            StatusWord::Reached(step) => (step.word(), None),
            StatusWord::Failed(code) => ("failed", code),
        };
        texts::park(tx.sql(), wamid, word, at, code)?;
        // Nor has a message that we did not send a ladder; should it turn out to be an echo of
        // ours, the status is there.
        Ok(known.is_some().then_some("status_of_a_message_not_ours"))
    }

    /// A status names the person by number and user id: a contact known by its number alone
    /// learns its user id, unless somebody else has it.
    fn learn_recipient(
        &mut self,
        tx: &WriteTx<'_>,
        conversation: &str,
        who: &Customer,
    ) -> Result<(), StoreError> {
        let Some(user_id) = &who.user_id else { return Ok(()) };
        let Some(chat) = chats::by_id(tx.sql(), conversation)? else { return Ok(()) };
        let contact = people::by_id(tx.sql(), &chat.workspace, &chat.contact)?;
        let Some(mut contact) = contact.filter(|contact| contact.wa_user_id.is_none()) else {
            return Ok(());
        };
        let key = |phone: &Option<String>| phone.as_deref().map(number_key);
        if who.phone.is_some() && key(&who.phone) != key(&contact.phone) {
            return Ok(());
        }
        if let Some(other) = people::by_user_id(tx.sql(), &chat.workspace, user_id)? {
            return self.perhaps_same(tx, &chat.workspace, &contact.id, &other.id);
        }
        contact.wa_user_id = Some(user_id.clone());
        people::update(tx.sql(), &contact)?;
        self.marks.contact(&chat.workspace, &contact.id);
        Ok(())
    }
}

/// Notes Meta's id of a message that we sent and applies what was parked under it.
///
/// The echo of our own send may have come before the answer that names its id, and then stands as
/// a message of the owner's: that row is emptied (its number stays, as every number does) and the
/// id goes to the message that it belongs to. A message that has an id keeps it: should a second
/// attempt turn out to have gone out too, news of both count for the one message.
pub(crate) fn learn_wamid(
    tx: &mut WriteTx<'_>,
    marks: &mut Marks,
    message: &str,
    wamid: &str,
) -> Result<(), StoreError> {
    let Some(mut ours) = texts::by_id(tx.sql(), message)? else { return Ok(()) };
    if ours.wamid.is_some() {
        return Ok(());
    }
    if let Some(mut echo) = texts::by_wamid(tx.sql(), wamid)? {
        // The conversation says nothing: Meta may spell the customer's number otherwise there.
        if echo.author_kind != "owner_app" {
            log::error!("wamid_clash message={message}");
            return Ok(());
        }
        echo.wamid = None;
        texts::set_wamid(tx.sql(), &echo)?;
        texts::erase(tx.sql(), &echo, "system", tx.now())?;
        if let Some(mut chat) = chats::by_id(tx.sql(), &echo.conversation)? {
            answered::recount(tx, &mut chat)?;
            chats::update(tx.sql(), &chat)?;
            marks.message(&chat.workspace, &chat.id, echo.n, &echo.id);
            marks.conversation(&chat.workspace, &chat.id);
        }
    }
    ours.wamid = Some(wamid.to_owned());
    texts::set_wamid(tx.sql(), &ours)?;
    for (word, at, code) in texts::take_parked(tx.sql(), wamid)? {
        let word = match word.as_str() {
            "failed" => StatusWord::Failed(code),
            step => StatusWord::Reached(Step::of(step)),
        };
        news(tx, marks, message, word, at)?;
    }
    // The owner may have changed on the phone what we sent, before we knew its id.
    amend::settle(tx, marks, &ours)
}

/// Applies news of a status or an echo to a message that we sent, whatever state it is in.
pub(crate) fn news(
    tx: &mut WriteTx<'_>,
    marks: &mut Marks,
    message: &str,
    word: StatusWord,
    at: i64,
) -> Result<(), StoreError> {
    let Some(mut send) = sends::get(tx.sql(), message)? else { return Ok(()) };
    let Some(mut row) = texts::by_id(tx.sql(), message)? else { return Ok(()) };
    let Some(mut chat) = chats::by_id(tx.sql(), &row.conversation)? else { return Ok(()) };
    let moved = match word {
        StatusWord::Reached(step) => row.ladder.reach(step, at),
        StatusWord::Failed(code) => {
            let meaning = codes::of_failed(code);
            log::warn!("message_failed code={} message={message}", code.unwrap_or(0));
            held::stop_after_status(tx, marks, &chat.channel, meaning, code, at)?;
            recipient::refused(tx, marks, &chat, code, at)?;
            let trouble = Trouble::new(meaning.reason, at).with_code(code).saying(meaning.word);
            row.ladder.fail(trouble.ended())
        }
    };
    // One that the owner deleted on the phone shows no ladder any more; its send ends all the same,
    // or everything behind it would wait for ever. One that was withdrawn has no way out of that.
    if moved && !row.deleted {
        texts::set_ladder(tx.sql(), &row)?;
        marks.message(&chat.workspace, &chat.id, row.n, &row.id);
    }
    let failed = row.ladder.trouble.as_ref().is_some_and(|t| t.is_final);
    let event = if failed { Event::Failed } else { Event::Proof };
    if let Some(state) = send.state.after(event) {
        send.state = state;
        send.unknown_since = None;
        sends::update(tx.sql(), &send)?;
        answered::recount_and_save(tx, marks, &mut chat)?;
        order::show_waiting(tx, marks, &chat)?;
    }
    Ok(())
}

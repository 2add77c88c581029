//! Messages that others wrote: customers, and the owner in the app on the phone.

use std::collections::BTreeMap;

use serde_json::Value;

use super::amend::{media_ref, settle};
use super::customers::is_one_number;
use super::{Body, Left, learn_wamid, news};
use crate::meta::answered;
use crate::meta::identity;
use crate::meta::ladder::{Ladder, Step};
use crate::meta::line;
use crate::meta::media as files;
use crate::meta::payload::{Content, Customer, Message, StatusWord};
use crate::store::chats::{ChannelRow, ConversationRow};
use crate::store::sends::SendRow;
use crate::store::texts::MessageRow;
use crate::store::{StoreError, WriteTx, amendments, chats, imports, reactions, sends, texts};

/// The customer service window: 24 hours from the customer's last message (whatsapp.md 6), ms.
const WINDOW_MS: i64 = 24 * 60 * 60 * 1_000;

/// Why a note of the owner's to the own number has no place: it is nobody's conversation, and not meant for
/// others to read. That WhatsApp echoes such notes is belief.
pub(super) const TO_OURSELVES: &str = "to_ourselves";

/// Whether the other end of a chat is the business number itself.
pub(super) fn is_ourselves(channel: &ChannelRow, who: &Customer) -> bool {
    who.phone.as_deref().is_some_and(|phone| is_one_number(&channel.digits, phone))
}

impl Body<'_> {
    /// A customer's message.
    pub(super) fn message(
        &mut self,
        tx: &mut WriteTx<'_>,
        message: &Message,
    ) -> Result<Option<Left>, StoreError> {
        let channel = match Self::channel(tx, &message.phone_number_id)? {
            Ok(channel) => channel,
            Err(left) => return Ok(Some(left)),
        };
        if let Some(held) = texts::by_wamid(tx.sql(), &message.wamid)?
            && !was_imported(tx, &held)?
        {
            return self.again(tx, &channel, held, message);
        }
        let at = self.at(message.at);
        let mut chat = self.conversation(tx, &channel, &message.customer, at)?;
        let row = self.add(tx, &mut chat, message, "customer", at)?;
        chat.window_closes_at = chat.window_closes_at.max(Some(at.saturating_add(WINDOW_MS)));
        imports::wake(tx.sql(), &chat.id)?;
        chat.status = "open".into();
        chat.snoozed_until = None;
        if !answered::owner_answered_after(tx, &chat, at)? {
            chat.waiting_since = Some(chat.waiting_since.map_or(at, |since| since.min(at)));
            if row.n > chat.read_up_to_n {
                chat.unread += 1;
            }
        }
        self.save(tx, &chat)?;
        settle(tx, self.marks, &row)?;
        Ok(None)
    }

    /// A message of the owner's phone.
    pub(super) fn echo(
        &mut self,
        tx: &mut WriteTx<'_>,
        echo: &Message,
    ) -> Result<Option<Left>, StoreError> {
        let channel = match Self::channel(tx, &echo.phone_number_id)? {
            Ok(channel) => channel,
            Err(left) => return Ok(Some(left)),
        };
        let at = self.at(echo.at);
        if let Some(send) = own_send(tx, echo)? {
            // An echo of what we sent ourselves: news about that message, no message of its own.
            if send.channel != channel.id {
                return Ok(Some("id_of_another_channel"));
            }
            learn_wamid(tx, self.marks, &send.message, &echo.wamid)?;
            news(tx, self.marks, &send.message, StatusWord::Reached(Step::Sent), at)?;
            return Ok(None);
        }
        if let Some(held) = texts::by_wamid(tx.sql(), &echo.wamid)?
            && !was_imported(tx, &held)?
        {
            return self.again(tx, &channel, held, echo);
        }
        if is_ourselves(&channel, &echo.customer) {
            line::alive(tx, self.marks, &channel.id, at)?;
            return Ok(Some(TO_OURSELVES));
        }
        if !echo.automatic {
            line::alive(tx, self.marks, &channel.id, at)?;
        }
        let mut chat = self.conversation(tx, &channel, &echo.customer, at)?;
        // What a program wrote in the business's name is no answer of the owner.
        let author = if echo.automatic { "automation" } else { "owner_app" };
        let row = self.add(tx, &mut chat, echo, author, at)?;
        answered::recount(tx, &mut chat)?;
        self.save(tx, &chat)?;
        settle(tx, self.marks, &row)?;
        Ok(None)
    }

    /// A message that is held already. A placeholder may be followed by the real message under
    /// the same id (whatsapp.md 0.4); everything else is a repeat.
    pub(super) fn again(
        &mut self,
        tx: &mut WriteTx<'_>,
        channel: &ChannelRow,
        mut held: MessageRow,
        message: &Message,
    ) -> Result<Option<Left>, StoreError> {
        let chat = chats::by_id(tx.sql(), &held.conversation)?;
        let Some(chat) = chat.filter(|chat| chat.channel == channel.id) else {
            return Ok(Some("id_of_another_channel"));
        };
        let placeholder = held.body.get("kind").and_then(Value::as_str) == Some("unsupported");
        let real = !matches!(message.content, Content::Other(_));
        if placeholder && !held.deleted && real {
            held.body = message.content.body();
            texts::set_body(tx.sql(), &held)?;
            if held.reply_to.is_none() {
                held.reply_to = quoted(tx, &chat, message.reply_to.as_deref())?;
                texts::set_reply_to(tx.sql(), &held)?;
            }
            write_beside(tx, &held, message)?;
            self.marks.message(&chat.workspace, &chat.id, held.n, &held.id);
            if held.n > 0 {
                // It may be the one that the list shows, even if withdrawn ones stand behind it.
                self.marks.conversation(&chat.workspace, &chat.id);
            }
        }
        Ok(None)
    }

    /// Adds a live message at the end of its conversation.
    fn add(
        &mut self,
        tx: &mut WriteTx<'_>,
        chat: &mut ConversationRow,
        message: &Message,
        author: &str,
        at: i64,
    ) -> Result<MessageRow, StoreError> {
        chat.last_n += 1;
        chat.last_at = chat.last_at.max(at);
        let row = MessageRow {
            conversation: chat.id.clone(),
            n: chat.last_n,
            id: identity::message(&chat.workspace, &message.wamid),
            sent_at: at,
            written_at: None,
            author_kind: author.to_owned(),
            author_member: None,
            author_device: None,
            body: message.body(),
            reply_to: quoted(tx, chat, message.reply_to.as_deref())?,
            deleted: false,
            ladder: Ladder { step: Step::None, times: BTreeMap::new(), trouble: None },
            wamid: Some(message.wamid.clone()),
        };
        texts::insert(tx.sql(), &row)?;
        write_beside(tx, &row, message)?;
        self.marks.message(&chat.workspace, &chat.id, row.n, &row.id);
        Ok(row)
    }

    fn save(&mut self, tx: &WriteTx<'_>, chat: &ConversationRow) -> Result<(), StoreError> {
        chats::update(tx.sql(), chat)?;
        self.marks.conversation(&chat.workspace, &chat.id);
        Ok(())
    }
}

/// Takes an imported message out that now comes as a live one, which wins: it counts, rings and opens
/// the window like any other. One that was deleted since stays as it is, and an edit waits for the
/// live one, whose own words are older.
fn was_imported(tx: &WriteTx<'_>, held: &MessageRow) -> Result<bool, StoreError> {
    let imported = held.n < 0 && !held.deleted;
    if imported {
        if let (Some(wamid), Some(edit)) = (&held.wamid, amendments::edit_of(tx.sql(), held)?) {
            let side = reactions::side(&held.author_kind);
            let (at, body, media) = (edit.0, &edit.1, edit.2.as_ref());
            amendments::keep_edit(tx.sql(), (wamid, side), (at, body, media), tx.now())?;
        }
        imports::take_out(tx.sql(), &held.conversation, held.n)?;
    }
    Ok(imported)
}

/// The send that an echo is of, if it is one of ours.
fn own_send(tx: &WriteTx<'_>, echo: &Message) -> Result<Option<SendRow>, StoreError> {
    if let Some(held) = texts::by_wamid(tx.sql(), &echo.wamid)? {
        return sends::get(tx.sql(), &held.id);
    }
    match &echo.callback {
        Some(callback) => sends::get(tx.sql(), callback),
        None => Ok(None),
    }
}

/// Writes the file that Meta holds for it, and what stands beside the body.
pub(super) fn write_beside(
    tx: &WriteTx<'_>,
    row: &MessageRow,
    message: &Message,
) -> Result<(), StoreError> {
    let media = media_ref(&message.content);
    let beside = (!message.beside.is_empty()).then(|| Value::Object(message.beside.clone()));
    if media.is_some() || beside.is_some() {
        texts::set_beside(tx.sql(), row, media.as_ref(), beside.as_ref())?;
    }
    if let Some(media) = &media {
        files::wanted(tx, row, media)?;
    }
    Ok(())
}

/// Our id of a quoted message. One that is not known (yet) gets the id that a webhook would give
/// it, so that the order of webhooks makes no difference.
pub(super) fn quoted(
    tx: &WriteTx<'_>,
    chat: &ConversationRow,
    wamid: Option<&str>,
) -> Result<Option<String>, StoreError> {
    let Some(wamid) = wamid else { return Ok(None) };
    Ok(match imports::by_either_wamid(tx.sql(), wamid)? {
        Some(target) => (target.conversation == chat.id).then_some(target.id),
        None => Some(identity::message(&chat.workspace, wamid)),
    })
}

//! Old messages: protocol.md 4, "Import".
//!
//! They never count as unread, ring, open the window, wake automation or move the list; they are
//! numbered downwards in the order they arrive. Bodies that hold nothing else are worked off behind
//! everything live, a slice a commit; what a commit brought a conversation is one change row.

use std::collections::BTreeMap;

use serde_json::Value;

use super::incoming::{TO_OURSELVES, is_ourselves, quoted, write_beside};
use super::{Body, Left, amend, customers};
use crate::meta::identity;
use crate::meta::ladder::{Ladder, Step};
use crate::meta::line::{self, state::IMPORT_MS};
use crate::meta::payload::{Content, Customer, Old, Progress};
use crate::store::chats::{ChannelRow, ConversationRow};
use crate::store::objects::Place;
use crate::store::texts::MessageRow;
use crate::store::{StoreError, WriteTx, chats, imports, texts};

/// An old message may carry another time than the live one it is, ms (design.md 4).
const SAME_WITHIN_MS: i64 = 2 * 60 * 1_000;

impl Body<'_> {
    /// An old message, or the media of one.
    pub(super) fn old(
        &mut self,
        tx: &mut WriteTx<'_>,
        old: &Old,
    ) -> Result<Option<Left>, StoreError> {
        let message = &old.message;
        let channel = match Self::channel(tx, &message.phone_number_id)? {
            Ok(channel) => channel,
            Err(left) => return Ok(Some(left)),
        };
        if is_ourselves(&channel, &message.customer) {
            return Ok(Some(TO_OURSELVES));
        }
        if let Some(held) = texts::by_wamid(tx.sql(), &message.wamid)? {
            return self.again(tx, &channel, held, message);
        }
        if imports::is_matched(tx.sql(), &message.wamid)? {
            return Ok(None);
        }
        let Some((chat, made)) = self.old_conversation(tx, &channel, old)? else {
            return Ok(Some("notice_of_nobody"));
        };
        let at = self.at(message.at);
        if !made
            && imports::was_connected(tx.sql(), &channel.id, at)?
            && let Some(same) = same_live(tx, &chat.id, old, at)?
        {
            imports::note_match(tx.sql(), &message.wamid, &same)?;
            amend::adopt(tx, self.marks, &same, &message.wamid)?;
            return Ok(None);
        }
        let row = MessageRow {
            conversation: chat.id.clone(),
            n: imports::lowest_n(tx.sql(), &chat.id)? - 1,
            id: identity::message(&chat.workspace, &message.wamid),
            sent_at: at,
            written_at: None,
            author_kind: if old.by_business { "owner_app" } else { "customer" }.to_owned(),
            author_member: None,
            author_device: None,
            body: message.body(),
            reply_to: quoted(tx, &chat, message.reply_to.as_deref())?,
            deleted: false,
            ladder: Ladder { step: Step::None, times: BTreeMap::new(), trouble: None },
            wamid: Some(message.wamid.clone()),
        };
        texts::insert(tx.sql(), &row)?;
        write_beside(tx, &row, message)?;
        amend::settle(tx, self.marks, &row)?;
        let place = Place { second: at.div_euclid(1_000), n: row.n };
        self.marks.imported(&chat.workspace, &chat.id, place);
        Ok(None)
    }

    /// The conversation of an old message, and whether it was made for it; none if it is a notice of
    /// nobody.
    fn old_conversation(
        &mut self,
        tx: &mut WriteTx<'_>,
        channel: &ChannelRow,
        old: &Old,
    ) -> Result<Option<(ConversationRow, bool)>, StoreError> {
        let who = &old.message.customer;
        if !old.of_person {
            return Ok(known(tx, channel, who)?.map(|chat| (chat, false)));
        }
        let contact = self.contact(tx, &channel.workspace, who, self.at(old.message.at))?;
        if let Some(chat) = chats::of_contact(tx.sql(), &contact.id, &channel.id)? {
            return Ok(Some((chat, false)));
        }
        let mut chat = Self::make_conversation(tx, channel, contact)?;
        imports::lay_to_rest(tx.sql(), &chat.id)?;
        chat.status = "resolved".into();
        self.marks.entered(&chat.workspace, &chat.id, &chat.contact);
        Ok(Some((chat, true)))
    }

    /// How far an import has got, or that the owner declined it.
    pub(super) fn progress(
        &mut self,
        tx: &mut WriteTx<'_>,
        progress: &Progress,
    ) -> Result<Option<Left>, StoreError> {
        let at = self.received_at;
        let channel = if let Some(number) = &progress.phone_number_id {
            match Self::channel(tx, number)? {
                Ok(channel) => channel.id,
                Err(left) => return Ok(Some(left)),
            }
        } else {
            // A printed form names no number: without doubt only where one import runs, in the
            // account that it came for if that is told.
            let account = progress.waba_id.as_deref();
            let mut running = imports::running(tx.sql(), at.saturating_sub(IMPORT_MS), account)?;
            match (running.pop(), running.is_empty()) {
                (Some(channel), true) => channel,
                _ => return Ok(Some("no_phone_number_id")),
            }
        };
        if progress.declined {
            imports::declined(tx.sql(), &channel, at)?;
        } else {
            imports::progress(tx.sql(), &channel, progress.phase, progress.percent, at)?;
            line::alive(tx, self.marks, &channel, at)?;
        }
        line::refresh(tx, self.marks, &channel)?;
        Ok(None)
    }
}

/// The conversation of somebody who is known already.
fn known(
    tx: &WriteTx<'_>,
    channel: &ChannelRow,
    who: &Customer,
) -> Result<Option<ConversationRow>, StoreError> {
    let contact = match customers::by_user_id(tx, &channel.workspace, who.user_id.as_deref())? {
        None => customers::by_phone(tx, &channel.workspace, who.phone.as_deref())?,
        found => found,
    };
    match contact {
        Some((contact, _)) => chats::of_contact(tx.sql(), &contact.id, &channel.id),
        None => Ok(None),
    }
}

/// The live message that an old one is under another id: same chat, direction, kind and body, the
/// nearest in time, and each live one once, so that a real "ok", "ok" stays two.
fn same_live(
    tx: &WriteTx<'_>,
    conversation: &str,
    old: &Old,
    at: i64,
) -> Result<Option<String>, StoreError> {
    let body = old.message.content.body();
    let near = imports::candidates(tx.sql(), conversation, old.by_business, at, SAME_WITHIN_MS)?;
    let mut same = Vec::new();
    for candidate in near {
        let live: Value = serde_json::from_str(&candidate.body)?;
        if is_same(&live, &body, &old.message.content) {
            same.push((candidate.at.abs_diff(at), candidate.id));
        }
    }
    Ok(same.into_iter().min().map(|(_, id)| id))
}

/// Whether two bodies hold the same. A placeholder stands for media of any kind; of media, an old
/// message has another file id than the live one, so its kind and caption decide.
fn is_same(live: &Value, old: &Value, content: &Content) -> bool {
    let of = |body: &Value, name: &str| body.get(name).cloned().unwrap_or_default();
    let kind = of(live, "kind");
    match content {
        Content::Text(_) => kind == "text" && of(live, "text") == of(old, "text"),
        Content::Other(word) if word == "media_placeholder" => {
            kind == "media" || kind == "unsupported"
        }
        Content::Media(_) | Content::Parts(_) | Content::Other(_) => {
            kind == of(old, "kind")
                && of(live, "type") == of(old, "type")
                && of(live, "caption") == of(old, "caption")
        }
    }
}

//! Old messages: protocol.md 4, "Import".
//!
//! They never count as unread, ring, open the window, wake automation or move the list; they are
//! numbered downwards in the order they arrive. Bodies hold thousands of them, so they are worked
//! off beside live traffic ([`super::importer`]), some hundred a commit, each commit with its place in
//! the body.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Body, Left};
use crate::meta::ladder::{Ladder, Step};
use crate::meta::line::{self, state::IMPORT_MS};
use crate::meta::marks::Marks;
use crate::meta::payload::{Content, Customer, Message, Old, Progress, Thing};
use crate::meta::{identity, payload};
use crate::store::chats::{ChannelRow, ConversationRow};
use crate::store::imports::{self, Batch, Job};
use crate::store::objects::Place;
use crate::store::texts::MessageRow;
use crate::store::{StoreError, WriteTx, chats, people, texts, webhooks};

/// Things of one commit: a few tens of milliseconds, so that live traffic goes between.
const SLICE: usize = 400;

/// An old message may carry another time than the live one it is, ms (design.md 4).
const SAME_WITHIN_MS: i64 = 2 * 60 * 1_000;

/// What of a body is old messages, with its place among all things of the body.
pub(super) struct Part {
    things: Vec<(usize, Thing)>,
}

/// Whether a body has to be queued for import.
pub(super) fn is_old(thing: &Thing) -> bool {
    matches!(thing, Thing::Old(_) | Thing::Progress(_))
}

impl Part {
    /// Reads the body of a job.
    pub(super) fn of(job: &Job) -> Self {
        let things = payload::read(&job.body).unwrap_or_default();
        Self { things: things.into_iter().enumerate().filter(|(_, t)| is_old(t)).collect() }
    }

    /// How many things there are.
    pub(super) fn len(&self) -> usize {
        self.things.len()
    }
}

/// Works off the next things of a job from place `from` on, in one commit; gives the next place.
/// With `leave_bad`, a thing that fails is left and marked, and the others are done without it.
pub(super) fn slice(
    tx: &mut WriteTx<'_>,
    job: (i64, i64),
    part: &Part,
    from: usize,
    leave_bad: bool,
) -> Result<usize, StoreError> {
    let (webhook, received_at) = job;
    let mut marks = Marks::default();
    let body = Body { received_at, marks: &mut marks };
    let mut import = Import { body, chats: BTreeMap::new(), last: None };
    let mut done = from;
    for (index, thing) in part.things.iter().skip(from).take(SLICE) {
        done += 1;
        let left = if leave_bad {
            let before = (import.body.marks.clone(), import.chats.clone(), import.last.clone());
            match tx.part(|tx| import.thing(tx, thing))? {
                Ok(left) => left,
                Err(error @ (StoreError::Full | StoreError::Busy)) => return Err(error),
                Err(error) => {
                    (*import.body.marks, import.chats, import.last) = before;
                    log::error!("import_thing_left id={webhook} cause=\"{error}\"");
                    Some("failed")
                }
            }
        } else {
            import.thing(tx, thing)?
        };
        if let Some(reason) = left {
            webhooks::leave(tx.sql(), webhook, *index, "history", "message", reason)?;
        }
    }
    let chats = import.chats;
    for batch in chats.into_values().filter_map(Chat::into_batch) {
        imports::seal(tx, &batch)?;
    }
    marks.write(tx)?;
    let all = i64::try_from(part.len()).unwrap_or(i64::MAX);
    imports::advance(tx.sql(), webhook, all, i64::try_from(done).unwrap_or(i64::MAX))?;
    Ok(done)
}

/// One commit of an import.
struct Import<'b> {
    body: Body<'b>,
    /// By conversation id.
    chats: BTreeMap<String, Chat>,
    /// Messages of one thread stand together: whose the last one was, and its conversation.
    last: Option<(String, Customer, String)>,
}

/// A conversation that old messages go into.
#[derive(Clone)]
struct Chat {
    row: ConversationRow,
    /// This commit made it.
    made: bool,
    /// Lowest number given.
    lowest: i64,
    /// What was added: highest number, first and last place.
    added: Option<(i64, Place, Place)>,
}

impl Chat {
    fn into_batch(self) -> Option<Batch> {
        let (highest, first, last) = self.added?;
        Some(Batch {
            conversation: self.row.id,
            workspace: self.row.workspace,
            made_for: self.made.then_some(self.row.contact),
            numbers: (self.lowest, highest),
            places: (first, last),
        })
    }
}

impl Import<'_> {
    fn thing(&mut self, tx: &mut WriteTx<'_>, thing: &Thing) -> Result<Option<Left>, StoreError> {
        match thing {
            Thing::Old(old) => self.old(tx, old),
            Thing::Progress(progress) => self.progress(tx, progress),
            _ => Ok(None),
        }
    }

    fn old(&mut self, tx: &mut WriteTx<'_>, old: &Old) -> Result<Option<Left>, StoreError> {
        let message = &old.message;
        let channel = match Body::channel(tx, &message.phone_number_id)? {
            Ok(channel) => channel,
            Err(left) => return Ok(Some(left)),
        };
        if let Some(held) = texts::by_wamid(tx.sql(), &message.wamid)? {
            return self.body.again(tx, &channel, held, &message.content);
        }
        if imports::is_matched(tx.sql(), &message.wamid)? {
            return Ok(None);
        }
        let Some(id) = self.conversation(tx, &channel, message, old.of_person)? else {
            return Ok(Some("notice_of_nobody"));
        };
        let Some(chat) = self.chats.get_mut(&id) else { return Ok(None) };
        let at = self.body.at(message.at);
        if !chat.made && imports::was_connected(tx.sql(), &channel.id, at)? {
            if let Some(same) = same_live(tx, &id, old, at)? {
                imports::note_match(tx.sql(), &message.wamid, &same)?;
                return Ok(None);
            }
        }
        chat.lowest -= 1;
        let row = MessageRow {
            conversation: id,
            n: chat.lowest,
            id: identity::message(&chat.row.workspace, &message.wamid),
            sent_at: at,
            written_at: None,
            author_kind: if old.by_business { "owner_app" } else { "customer" }.to_owned(),
            author_member: None,
            author_device: None,
            body: super::incoming::body(&message.content),
            reply_to: super::incoming::quoted(tx, &chat.row, message.reply_to.as_deref())?,
            deleted: false,
            ladder: Ladder { step: Step::None, times: BTreeMap::new(), trouble: None },
            wamid: Some(message.wamid.clone()),
        };
        texts::insert(tx.sql(), &row)?;
        let place = Place { second: at.div_euclid(1_000), n: row.n };
        chat.added = Some(chat.added.map_or((row.n, place, place), |(highest, first, last)| {
            (highest, first.min(place), last.max(place))
        }));
        Ok(None)
    }

    /// The conversation of an old message, made if need be; none if it is a notice of nobody.
    fn conversation(
        &mut self,
        tx: &mut WriteTx<'_>,
        channel: &ChannelRow,
        message: &Message,
        of_person: bool,
    ) -> Result<Option<String>, StoreError> {
        let who = &message.customer;
        if let Some((number, last, id)) = &self.last {
            if *number == channel.id && last == who {
                return Ok(Some(id.clone()));
            }
        }
        if !of_person && known(tx, channel, who)?.is_none() {
            return Ok(None);
        }
        let contact = self.body.contact(tx, &channel.workspace, who)?;
        let found = chats::of_contact(tx.sql(), &contact.id, &channel.id)?;
        let made = found.is_none();
        let row = match found {
            Some(row) => row,
            None => Body::make_conversation(tx, channel, contact)?,
        };
        let id = row.id.clone();
        if made {
            imports::lay_to_rest(tx.sql(), &id)?;
        }
        if !self.chats.contains_key(&id) {
            let lowest = imports::lowest_n(tx.sql(), &id)?;
            self.chats.insert(id.clone(), Chat { row, made, lowest, added: None });
        }
        self.last = Some((channel.id.clone(), who.clone(), id.clone()));
        Ok(Some(id))
    }

    fn progress(
        &mut self,
        tx: &mut WriteTx<'_>,
        progress: &Progress,
    ) -> Result<Option<Left>, StoreError> {
        let at = self.body.received_at;
        let channel = match &progress.phone_number_id {
            Some(number) => match Body::channel(tx, number)? {
                Ok(channel) => channel.id,
                Err(left) => return Ok(Some(left)),
            },
            // A printed form names no number: without doubt only where one import runs.
            None => {
                let mut running = imports::running(tx.sql(), at.saturating_sub(IMPORT_MS))?;
                match (running.pop(), running.is_empty()) {
                    (Some(channel), true) => channel,
                    _ => return Ok(Some("no_phone_number_id")),
                }
            }
        };
        if progress.declined {
            imports::declined(tx.sql(), &channel, at)?;
        } else {
            imports::progress(tx.sql(), &channel, progress.phase, progress.percent, at)?;
            line::alive(tx, self.body.marks, &channel, at)?;
        }
        line::refresh(tx, self.body.marks, &channel)?;
        Ok(None)
    }
}

/// The conversation of somebody who is known already.
fn known(
    tx: &WriteTx<'_>,
    channel: &ChannelRow,
    who: &Customer,
) -> Result<Option<ConversationRow>, StoreError> {
    let by_user = match &who.user_id {
        Some(id) => people::by_user_id(tx.sql(), &channel.workspace, id)?,
        None => None,
    };
    let contact = match (by_user, &who.phone) {
        (None, Some(phone)) => people::by_phone(tx.sql(), &channel.workspace, phone)?,
        (found, _) => found,
    };
    match contact {
        Some(contact) => chats::of_contact(tx.sql(), &contact.id, &channel.id),
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
    let body = super::incoming::body(&old.message.content);
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
        _ => {
            kind == of(old, "kind")
                && of(live, "type") == of(old, "type")
                && of(live, "caption") == of(old, "caption")
        }
    }
}

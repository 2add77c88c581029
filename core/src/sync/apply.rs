//! From the wire to the store: `plan` is pure and says what a page means, `carry_out` does it in one transaction.

use std::collections::BTreeMap;

use crate::api::Reason;
use crate::model::extras;
use crate::model::place::Place;
use crate::model::queue::Event;
use crate::model::records::{Channel, Contact, Conversation, Member, Message};
use crate::store::{Key, OutOfPage, Stored, Topic, Tx};
use crate::transport::wire;

/// So many messages come with a conversation (protocol.md 2 and 3); fewer are all there are.
const NEWEST: usize = 20;
/// Bytes of text below which no server cuts them for their size; it does at about a mebibyte.
const SURELY_WHOLE: usize = 256 * 1024;

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Op {
    Conversation {
        record: Conversation,
        brings: bool,
    },
    Message(Message),
    /// The message that the list shows, alone. It need not be the newest by place, and says nothing about others.
    Last(Message),
    /// The newest messages of a conversation, oldest first, without a hole. `all`: there are no older ones.
    Newest {
        conversation: String,
        messages: Vec<Message>,
        all: bool,
    },
    Contact(Contact),
    Member(Member),
    Channel(Channel),
    /// These are all members, all channels; a list that is empty was not told.
    Whole {
        members: Vec<String>,
        channels: Vec<String>,
    },
    Workspace {
        name: String,
        greetings: String,
        copy_after_left: bool,
    },
    MyRead {
        conversation: String,
        n: i64,
    },
    Imported {
        conversation: String,
        from: Place,
        to: Place,
    },
    Left {
        conversation: String,
        seq: i64,
    },
    Gone {
        kind: String,
        id: String,
        seq: i64,
    },
}

/// What the rows of the line mean. What cannot be read is left out and logged: one bad row must not stop the line.
pub(super) fn plan(changes: Vec<wire::Change>) -> Vec<Op> {
    let mut ops = Vec::with_capacity(changes.len());
    for change in changes {
        let (kind, seq) = (change.kind.clone(), change.seq);
        if plan_one(change, &mut ops).is_none() && !is_for_others(&kind) {
            log::warn!("event=change_not_understood kind_known={} seq={seq}", is_known(&kind));
        }
    }
    ops
}

fn is_known(kind: &str) -> bool {
    matches!(
        kind,
        "workspace"
            | "member"
            | "channel"
            | "contact"
            | "conversation"
            | "message"
            | "entered"
            | "left"
            | "my_read"
            | "imported"
    )
}

/// Kinds that this version has no screen for: nothing of them is kept, and a later version asks for them anew.
fn is_for_others(kind: &str) -> bool {
    matches!(kind, "template" | "label" | "quick_reply" | "team" | "merged")
}

fn plan_one(change: wire::Change, ops: &mut Vec<Op>) -> Option<()> {
    if change.kind == "left" {
        ops.push(Op::Left { conversation: change.id, seq: change.seq });
        return Some(());
    }
    if change.gone {
        ops.push(Op::Gone { kind: change.kind, id: change.id, seq: change.seq });
        return Some(());
    }
    let object = change.object?;
    let text = object.get();
    match change.kind.as_str() {
        "conversation" => ops.push(conversation(text, false)?),
        "message" => ops.push(Op::Message(message(serde_json::from_str(text).ok()?))),
        "contact" => ops.push(Op::Contact(contact(serde_json::from_str(text).ok()?))),
        "member" => ops.push(Op::Member(member(serde_json::from_str(text).ok()?))),
        "channel" => ops.push(Op::Channel(channel(&serde_json::from_str(text).ok()?))),
        "workspace" => ops.push(workspace(serde_json::from_str(text).ok()?)),
        "entered" => {
            let entered: wire::Entered = serde_json::from_str(text).ok()?;
            let brought = conversation(entered.conversation.get(), true)?;
            ops.extend(entered.contact.map(contact).map(Op::Contact));
            ops.push(brought);
            let messages: Vec<Message> = entered.messages.into_iter().map(message).collect();
            let all = are_all(&messages);
            ops.push(Op::Newest { conversation: change.id, messages, all });
        }
        "my_read" => {
            let n = serde_json::from_str::<serde_json::Value>(text).ok()?.get("n")?.as_i64()?;
            ops.push(Op::MyRead { conversation: change.id, n });
        }
        "imported" => {
            let batch: wire::Imported = serde_json::from_str(text).ok()?;
            let (from, to) = (Place::from_wire(&batch.from_pos)?, Place::from_wire(&batch.to_pos)?);
            ops.push(Op::Imported { conversation: change.id, from, to });
        }
        _ => return None,
    }
    Some(())
}

/// What a page of the first download means.
///
/// `first_page`: it brings only the last message of each conversation; later pages, if there are any, bring the last twenty.
pub(super) fn plan_bootstrap(page: wire::Bootstrap, first_page: bool) -> Vec<Op> {
    let more = page.next_page.is_some();
    let mut members: Vec<String> = page.members.iter().map(|it| it.id.clone()).collect();
    if !members.is_empty() {
        members.push(page.me.member.id.clone());
    }
    let channels = page.channels.iter().map(|it| it.id.clone()).collect();
    let mut ops = vec![workspace(page.workspace), Op::Member(member(page.me.member))];
    // Both stand whole on every page (docs/wire.md): whoever was removed while no row could tell goes now.
    ops.push(Op::Whole { members, channels });
    ops.extend(page.channels.iter().map(channel).map(Op::Channel));
    ops.extend(page.members.into_iter().map(member).map(Op::Member));
    ops.extend(page.contacts.into_iter().map(contact).map(Op::Contact));
    ops.extend(page.conversations.iter().filter_map(|raw| conversation(raw.get(), true)));
    let mut messages: Vec<Message> = page.messages.into_iter().map(message).collect();
    messages.sort_by(|a, b| {
        (&a.conversation_id, a.sent_at.div_euclid(1_000), a.n).cmp(&(
            &b.conversation_id,
            b.sent_at.div_euclid(1_000),
            b.n,
        ))
    });
    for chunk in messages.chunk_by(|a, b| a.conversation_id == b.conversation_id) {
        match chunk {
            [] => {}
            [last] if first_page && more => ops.push(Op::Last(last.clone())),
            [first, ..] => {
                let conversation = first.conversation_id.clone();
                let (messages, all) = (chunk.to_vec(), !first_page && are_all(chunk));
                ops.push(Op::Newest { conversation, messages, all });
            }
        }
    }
    for read in page.me.my_reads {
        ops.push(Op::MyRead { conversation: read.conversation, n: read.n });
    }
    ops
}

/// True if a conversation's newest messages are all that it has. Fewer than asked for may also be what fits into a page
/// (docs/wire.md): then the numbers do not reach down to 1, or what came is large. In doubt there are more, and a page is asked
/// for once too often.
fn are_all(newest: &[Message]) -> bool {
    let size: usize = newest.iter().map(|message| message.body.len()).sum();
    let live = newest.iter().map(|message| message.n).filter(|n| *n > 0).min();
    newest.len() < NEWEST && size < SURELY_WHOLE && live.is_none_or(|n| n == 1)
}

fn workspace(it: wire::Workspace) -> Op {
    let greetings = serde_json::to_string(&it.greeting_texts).unwrap_or_else(|_| "[]".to_owned());
    let copy_after_left = it.options.unwrap_or_default().copy_after_left;
    Op::Workspace { name: it.name, greetings, copy_after_left }
}

fn conversation(text: &str, brings: bool) -> Option<Op> {
    let it: wire::Conversation = serde_json::from_str(text).ok()?;
    let last_at = it.last_message.as_ref().and_then(|last| {
        serde_json::from_str::<serde_json::Value>(last.get()).ok()?.get("sent_at")?.as_i64()
    });
    let record = Conversation {
        id: it.id,
        version: it.version,
        contact_id: it.contact_id,
        channel_id: it.channel_id,
        assignee: it.assignee,
        window_closes_at: it.window.closes_at,
        unread: it.unread,
        last_n: it.last_n,
        last_at: last_at.unwrap_or(0),
        last_message: it.last_message.map(|last| last.get().to_owned()),
        waiting_since: it.waiting_since,
        read_up_to_n: it.read_up_to_n,
        raw: text.to_owned(),
    };
    Some(Op::Conversation { record, brings })
}

/// A message of the wire as the store keeps it.
pub(crate) fn message(it: wire::Message) -> Message {
    let extras = extras::Kept {
        reactions: it.reactions.as_deref(),
        edited_at: it.edited_at.as_deref(),
        deleted: it.deleted.as_deref(),
        forwarded: it.forwarded.as_deref(),
    };
    Message {
        extras: extras.json(),
        id: it.id,
        conversation_id: it.conversation_id,
        version: it.version,
        n: it.n,
        sent_at: it.sent_at,
        written_at: it.written_at,
        author_kind: it.author.kind,
        author_id: it.author.id,
        body: it.body.get().to_owned(),
        reply_to: it.reply_to,
        deleted: it.deleted.is_some(),
        step: it.ladder.step,
        times: it.ladder.times.map_or_else(|| "{}".to_owned(), |times| times.get().to_owned()),
        trouble: it.ladder.trouble.map(|trouble| trouble.get().to_owned()),
    }
}

fn contact(it: wire::Contact) -> Contact {
    Contact {
        id: it.id,
        version: it.version,
        name: it.name,
        phone: it.phone,
        username: it.username,
    }
}

fn member(it: wire::Member) -> Member {
    Member { id: it.id, version: it.version, name: it.name, role: it.role }
}

fn channel(it: &wire::Channel) -> Channel {
    Channel {
        id: it.id.clone(),
        version: it.version,
        display: it.display.clone(),
        state: it.state.get().to_owned(),
    }
}

/// Does it. `as_of` is the seq of the server's read; `now` server time. Answers how many customers' messages are new.
pub(super) fn carry_out(tx: &Tx<'_>, ops: &[Op], as_of: i64, now: i64) -> Stored<u32> {
    let mut new_messages = 0;
    let known = last_numbers(tx, ops)?;
    for op in ops {
        match op {
            Op::Conversation { record, brings } => {
                if !tx.read().is_marked("left", &record.id, as_of)? {
                    tx.put_conversation(record, *brings)?;
                }
            }
            Op::Message(record) => {
                let marked = tx.read().is_marked("left", &record.conversation_id, as_of)?
                    || tx.read().is_marked("message", &record.id, as_of)?;
                // News of an old message that is not held, or of an imported one, is no new message.
                let is_new = record.n > 0
                    && known.get(&record.conversation_id).is_none_or(|n| *n < record.n);
                if !marked && tx.put_message(record)? && is_new {
                    tx.reach_down(record)?;
                    new_messages += u32::from(record.author_kind == "customer");
                }
            }
            Op::Last(record) => {
                if !tx.read().is_marked("left", &record.conversation_id, as_of)?
                    && !tx.read().is_marked("message", &record.id, as_of)?
                {
                    tx.put_last(record)?;
                }
            }
            Op::Newest { conversation, messages, all } => {
                if !messages.is_empty() && !tx.read().is_marked("left", conversation, as_of)? {
                    let out = OutOfPage { before: None, start_reached: *all, as_of };
                    tx.put_page(conversation, &unmarked(tx, messages.clone(), as_of)?, out)?;
                }
            }
            Op::Contact(record) => tx.put_contact(record)?,
            Op::Member(record) => tx.put_member(record)?,
            Op::Channel(record) => tx.put_channel(record)?,
            Op::Whole { members, channels } => {
                tx.keep_members(members)?;
                tx.keep_channels(channels)?;
            }
            Op::Workspace { name, greetings, copy_after_left } => {
                tx.set_meta(Key::WorkspaceName, name)?;
                tx.set_meta(Key::GreetingTexts, greetings)?;
                tx.set_meta(Key::CopyAfterLeft, if *copy_after_left { "1" } else { "0" })?;
                tx.touch(Topic::Outbox);
            }
            Op::MyRead { conversation, n } => tx.set_my_read(conversation, *n)?,
            Op::Imported { conversation, from, to } => {
                let member = tx.read().meta(Key::MemberId)?;
                tx.open_range(conversation, (*from, *to), member.as_deref())?;
            }
            Op::Left { conversation, seq } => leave(tx, conversation, *seq, now)?,
            Op::Gone { kind, id, seq } => {
                tx.mark(kind, id, *seq, now)?;
                if kind == "message" {
                    tx.drop_message(id)?;
                } else {
                    tx.drop_person(kind, id)?;
                }
            }
        }
    }
    Ok(new_messages)
}

/// The last number of each held conversation of which messages come, before they come.
fn last_numbers(tx: &Tx<'_>, ops: &[Op]) -> Stored<BTreeMap<String, i64>> {
    let mut known = BTreeMap::new();
    for op in ops {
        let Op::Message(record) = op else { continue };
        if !known.contains_key(&record.conversation_id) {
            let held = tx.read().conversation(&record.conversation_id)?;
            let last_n = held.map_or(0, |held| held.record.last_n);
            known.insert(record.conversation_id.clone(), last_n);
        }
    }
    Ok(known)
}

/// Takes in an older page of a conversation, unless that left meanwhile.
pub(crate) fn put_older(
    tx: &Tx<'_>,
    conversation: &str,
    messages: Vec<Message>,
    out: OutOfPage,
) -> Stored<()> {
    if tx.read().conversation(conversation)?.is_none()
        || tx.read().is_marked("left", conversation, out.as_of)?
    {
        return Ok(());
    }
    tx.put_page(conversation, &unmarked(tx, messages, out.as_of)?, out)
}

/// Without the messages that went after the page was read.
fn unmarked(tx: &Tx<'_>, mut messages: Vec<Message>, as_of: i64) -> Stored<Vec<Message>> {
    let mut gone = std::collections::BTreeSet::new();
    for message in &messages {
        if tx.read().is_marked("message", &message.id, as_of)? {
            gone.insert(message.id.clone());
        }
    }
    messages.retain(|message| !gone.contains(&message.id));
    Ok(messages)
}

/// The conversation left this member's scope: its rows go at once, what never left the phone becomes R9.
pub(super) fn leave(tx: &Tx<'_>, conversation: &str, seq: i64, now: i64) -> Stored<()> {
    for it in tx.read().outbox_of(conversation)? {
        if it.kind != "send" {
            tx.step_command(&it, Event::Dropped)?;
        } else if tx.step_command(&it, Event::LeftScope)?.is_some() {
            tx.explain_command(&it.id, Some(Reason::NotYours.id()), Some("not_yours"), None, now)?;
        }
    }
    tx.drop_conversation(conversation)?;
    tx.mark("left", conversation, seq, now)?;
    tx.touch(Topic::Inbox);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::place::Place;
    use crate::store::Store;
    use crate::support::Inline;

    fn seen(n: i64) -> Message {
        let json = format!(
            r#"{{"id":"m{n}","version":{n},"conversation_id":"a","n":{n},"sent_at":{n}000,
                "author":{{"kind":"customer"}},"body":{{"kind":"text","text":"x"}},"ladder":{{}}}}"#
        );
        message(serde_json::from_str(&json).unwrap())
    }

    fn brought() -> Op {
        let json = r#"{"id":"a","version":1,"contact_id":"k","channel_id":"h"}"#;
        conversation(json, true).unwrap()
    }

    async fn ids(store: &Store) -> Vec<Option<String>> {
        let read = store.read(|read| {
            let found = |n: i64| Ok(read.message(&format!("m{n}"))?.map(|message| message.id));
            (1..=4).map(found).collect()
        });
        read.await.unwrap()
    }

    /// A page of history that was read at 10 arrives after a message went at 12 and the conversation left at 20.
    #[tokio::test]
    async fn an_older_page_under_way_brings_nothing_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("s.db"), Arc::new(Inline)).await.unwrap();
        let newest = Op::Newest { conversation: "a".into(), messages: vec![seen(4)], all: false };
        let gone = Op::Gone { kind: "message".into(), id: "m2".into(), seq: 12 };
        let ops = [brought(), newest, gone];
        store.write(move |tx| carry_out(tx, &ops, 15, 0).map(|_| ())).await.unwrap();
        let before = Some(Place::of(4_000, 4));
        let out = OutOfPage { before, start_reached: true, as_of: 10 };
        let page = || (1..=3).map(seen).collect::<Vec<_>>();
        store.write(move |tx| put_older(tx, "a", page(), out)).await.unwrap();
        let some = |n: i64| Some(format!("m{n}"));
        assert_eq!(ids(&store).await, [some(1), None, some(3), some(4)]);
        store.write(|tx| leave(tx, "a", 20, 0)).await.unwrap();
        store.write(move |tx| put_older(tx, "a", page(), out)).await.unwrap();
        assert_eq!(ids(&store).await, [None, None, None, None]);
    }
}

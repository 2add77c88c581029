//! The history of the owner's phone and its phone book (whatsapp.md 4.4, 4.5).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::agenda::Task;
use super::content::Content;
use super::line::Sync;
use super::people::number;
use super::{Now, State};
use crate::control::input::ControlError;
use crate::identity::user_id;
use crate::wamid::{Direction, mint};
use crate::webhooks::payload::{self, seconds};
use crate::webhooks::update::Update;

const DAY_MS: u64 = 24 * 3_600_000;
/// History reaches back this far.
const REACH_MS: u64 = 180 * DAY_MS;
/// Only media of the last days before the onboarding come with content.
const MEDIA_MS: u64 = 14 * DAY_MS;
/// Most messages that one call may make up.
const MOST: u64 = 1_000_000;
/// Milliseconds between two parts.
const PACE: u64 = 100;
/// Milliseconds from a placeholder to its file (whatsapp.md 4.4).
const MEDIA_AFTER: u64 = 2_000;
/// Every so many-th made up message is a picture.
const PICTURE_EACH: u64 = 20;

/// The owner's answer and what their phone holds: `POST /sim/owner/history`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of a control call's JSON")]
pub struct HistoryOrder {
    /// Whether the owner shares old messages; yes if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<bool>,
    /// How many chats are made up, or the chats themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chats: Option<HistoryChats>,
    /// How many messages are made up in all chats together; 10 a chat if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<u64>,
    /// Messages in one webhook; 500 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunk: Option<u32>,
    /// Sends it without waiting for `smb_app_data`.
    #[serde(default)]
    pub at_once: bool,
    /// The call is accepted and nothing ever comes.
    #[serde(default)]
    pub silent: bool,
    /// A refusal without object, entry and changes, as Meta's page prints it.
    #[serde(default)]
    pub bare: bool,
    /// No message twice; without it a later phase repeats one of an earlier phase (whatsapp.md 0.5).
    #[serde(default)]
    pub no_repeats: bool,
    /// The parts leave in another order than that of `chunk_order`.
    #[serde(default)]
    pub shuffle: bool,
}

/// Made up chats, or given ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum HistoryChats {
    /// How many.
    Count(u32),
    /// Exactly these.
    Given(Vec<HistoryChat>),
}

/// One chat of the owner's phone.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryChat {
    /// The customer's number.
    pub wa_id: String,
    /// Their messages, in any order.
    pub messages: Vec<HistoryMessage>,
}

/// One old message: exactly one of `text` and `message`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryMessage {
    /// How old it is, in milliseconds.
    pub age_ms: u64,
    /// Written by the business.
    #[serde(default)]
    pub from_me: bool,
    /// The text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The message as Meta sends it; one with a file comes as a placeholder first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Value>,
    /// Meta's word in `history_context`: `read` of the business's, `pending` of customers' if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Its id; made up if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wamid: Option<String>,
}

/// An old message, ready to be sent.
#[derive(Debug, Clone)]
struct Old {
    wa_id: String,
    at_ms: i64,
    from_me: bool,
    wamid: String,
    status: String,
    object: Map<String, Value>,
    /// The file comes later, or not at all.
    placeholder: bool,
    recent: bool,
}

/// A part: phase, number, share done, messages.
#[derive(Debug)]
struct Part {
    phase: u8,
    order: u32,
    progress: u32,
    messages: Vec<Old>,
}

/// What is to be sent when the history is asked for.
#[derive(Debug, Default)]
pub(crate) struct HistoryShelf {
    order: HistoryOrder,
    parts: std::collections::VecDeque<Part>,
}

/// The phase of an age (whatsapp.md 4.4).
fn phase_of(age_ms: u64) -> u8 {
    match age_ms / DAY_MS {
        0 => 0,
        1..90 => 1,
        _ => 2,
    }
}

/// The made up chats of an order, the same for the same order.
fn made_up(count: u32, messages: Option<u64>) -> Vec<HistoryChat> {
    let chats = u64::from(count);
    let all = messages.unwrap_or(chats.saturating_mul(10));
    let each = |chat: u64| all / chats.max(1) + u64::from(chat < all % chats.max(1));
    (0..chats)
        .map(|chat| {
            let here = each(chat);
            let messages = (0..here)
                .map(|n| {
                    // The whole reach, evenly: all phases have some, and no two share a moment.
                    let age_ms =
                        REACH_MS.saturating_sub(DAY_MS) * n / here.max(1) + 60_000 + chat * 1_000;
                    let picture = (n + chat) % PICTURE_EACH == 0;
                    HistoryMessage {
                        age_ms,
                        from_me: n % 2 == 1,
                        text: (!picture).then(|| format!("Old message {n} of chat {chat}")),
                        message: picture
                            .then(|| json!({"type": "image", "image": {"caption": "Old"}})),
                        ..HistoryMessage::default()
                    }
                })
                .collect();
            HistoryChat { wa_id: format!("4477{chat:08}"), messages }
        })
        .collect()
}

impl State {
    /// Keeps what the owner's phone holds; sends it if it was asked for already.
    pub(crate) fn history_order(
        &mut self,
        now: Now,
        order: HistoryOrder,
    ) -> Result<(), ControlError> {
        let chats = match &order.chats {
            Some(HistoryChats::Given(chats)) => chats.clone(),
            Some(HistoryChats::Count(count)) => {
                let most = order.messages.unwrap_or(0).max(u64::from(*count).saturating_mul(10));
                if most > MOST {
                    return Err(ControlError::field("messages", "is more than 1000000"));
                }
                made_up(*count, order.messages)
            }
            None => made_up(3, order.messages.map(|all| all.min(MOST))),
        };
        let mut phases: BTreeMap<u8, Vec<Old>> = BTreeMap::new();
        for chat in &chats {
            let wa_id = number("chats.wa_id", &chat.wa_id)?;
            for message in &chat.messages {
                let old = self.old_message(now, &wa_id, message)?;
                phases.entry(phase_of(message.age_ms)).or_default().push(old);
            }
        }
        self.sign_of_life();
        let at_once = order.at_once || self.line.asked(Sync::History);
        self.history.parts = parts(phases, &order).into();
        if order.shuffle {
            // The last part goes first: no more is needed to be out of order.
            self.history.parts.rotate_right(1);
        }
        self.history.order = order;
        if at_once {
            self.begin_history(now);
        }
        Ok(())
    }

    fn old_message(
        &mut self,
        now: Now,
        wa_id: &str,
        order: &HistoryMessage,
    ) -> Result<Old, ControlError> {
        let mut content = Content::read(order.text.as_deref(), order.message.as_ref())?;
        if order.age_ms >= REACH_MS {
            return Err(ControlError::field("age_ms", "is more than 180 days"));
        }
        let age = i64::try_from(order.age_ms).unwrap_or(i64::MAX);
        let placeholder = content.is_file();
        let recent = order.age_ms < MEDIA_MS;
        if placeholder && recent {
            self.complete(now, &mut content, None)?;
        }
        content.object.insert("type".to_owned(), json!(content.kind));
        let way = if order.from_me { Direction::Out } else { Direction::In };
        // Customers' messages carry `pending`, which means nothing (whatsapp.md 0.17).
        let usual = if order.from_me { "read" } else { "pending" };
        Ok(Old {
            wa_id: wa_id.to_owned(),
            at_ms: now.ms.saturating_sub(age),
            from_me: order.from_me,
            wamid: order.wamid.clone().unwrap_or_else(|| mint(&mut self.rng, wa_id, way)),
            status: order.status.clone().unwrap_or_else(|| usual.to_owned()),
            object: content.object,
            placeholder,
            recent,
        })
    }

    /// The history was asked for.
    pub(crate) fn begin_history(&mut self, now: Now) {
        if !self.history.order.silent {
            self.agenda.add(now.tick.saturating_add(PACE), Task::History);
        }
    }

    /// Sends the next part, or the owner's no.
    pub(crate) fn history_step(&mut self, now: Now) {
        if self.history.order.consent == Some(false) {
            let bare = self.history.order.bare;
            let history = json!([{"errors": [payload::error(2_593_109)]}]);
            let change = self.history_change(json!({"history": history}));
            let body = json!({"messaging_product": "whatsapp", "history": history,
                "metadata": change["value"]["metadata"]});
            self.enqueue(now, if bare { Update::bare(body) } else { Update::new(change) });
            return;
        }
        let Some(part) = self.history.parts.pop_front() else {
            // A phone without old messages: the last phase, complete, without threads.
            let done = json!([{"metadata": {"phase": 2, "chunk_order": 1, "progress": 100}}]);
            let change = self.history_change(json!({"history": done}));
            self.enqueue(now, Update::new(change));
            return;
        };
        let threads = self.threads(&part.messages);
        let metadata =
            json!({"phase": part.phase, "chunk_order": part.order, "progress": part.progress});
        let history = json!([{"metadata": metadata, "threads": threads}]);
        let change = self.history_change(json!({"history": history}));
        self.enqueue(now, Update::new(change));
        for old in part.messages.iter().filter(|old| old.placeholder && old.recent) {
            let change = self.late_media(old);
            let due = now.tick.saturating_add(MEDIA_AFTER);
            self.agenda.add(due, Task::Later(Update::new(change)));
        }
        if !self.history.parts.is_empty() {
            self.agenda.add(now.tick.saturating_add(PACE), Task::History);
        }
    }

    fn history_change(&self, rest: Value) -> Value {
        let number = self.settings.phone_number_id_or_sample();
        payload::change(&self.settings, "history", number, rest)
    }

    /// Messages by chat, newest first, without names (whatsapp.md 4.4).
    fn threads(&self, messages: &[Old]) -> Vec<Value> {
        let mut chats: BTreeMap<&str, Vec<&Old>> = BTreeMap::new();
        for old in messages {
            chats.entry(&old.wa_id).or_default().push(old);
        }
        let mut threads = Vec::new();
        for (wa_id, mut list) in chats {
            list.sort_by_key(|old| std::cmp::Reverse(old.at_ms));
            let messages: Vec<Value> = list.into_iter().map(|old| self.old_shown(old)).collect();
            threads
                .push(json!({"id": wa_id, "context": {"wa_id": wa_id, "user_id": user_id(wa_id)},
                "messages": messages}));
        }
        threads
    }

    /// `to` stands on the business's own messages only (whatsapp.md 4.4).
    fn named(&self, old: &Old, mut object: Map<String, Value>) -> Map<String, Value> {
        let from = if old.from_me { &self.settings.display_phone_number } else { &old.wa_id };
        object.insert("from".to_owned(), json!(from));
        if old.from_me {
            object.insert("to".to_owned(), json!(old.wa_id));
            object.insert("to_user_id".to_owned(), json!(user_id(&old.wa_id)));
        } else {
            object.insert("from_user_id".to_owned(), json!(user_id(&old.wa_id)));
        }
        object.insert("id".to_owned(), json!(old.wamid));
        object
    }

    fn old_shown(&self, old: &Old) -> Value {
        let object = if old.placeholder {
            [("type".to_owned(), json!("media_placeholder"))].into_iter().collect()
        } else {
            old.object.clone()
        };
        let mut object = self.named(old, object);
        object.insert("timestamp".to_owned(), json!(seconds(old.at_ms)));
        let context = json!({"status": old.status, "from_me": old.from_me});
        object.insert("history_context".to_owned(), context);
        Value::Object(object)
    }

    /// The file of a placeholder: the same wamid, another timestamp (whatsapp.md 4.4).
    fn late_media(&self, old: &Old) -> Value {
        let mut object = self.named(old, old.object.clone());
        let later = old.at_ms.saturating_add(1_000);
        object.insert("timestamp".to_owned(), json!(seconds(later)));
        let contacts = json!([{"wa_id": old.wa_id, "user_id": user_id(&old.wa_id)}]);
        let key = if old.from_me { "message_echoes" } else { "messages" };
        let mut rest = json!({"contacts": contacts});
        rest[key] = json!([object]);
        self.history_change(rest)
    }
}

/// The parts of all phases, youngest first.
fn parts(phases: BTreeMap<u8, Vec<Old>>, order: &HistoryOrder) -> Vec<Part> {
    let chunk = usize::try_from(order.chunk.unwrap_or(500).max(1)).unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    let mut before: Option<Old> = None;
    for (phase, messages) in phases {
        let last = messages.last().cloned();
        for (at, some) in messages.chunks(chunk).enumerate() {
            let mut messages = some.to_vec();
            // Phase 1 was seen to hold messages of phase 0 again (whatsapp.md 0.5).
            if let Some(again) = before.take().filter(|_| !order.no_repeats) {
                messages.push(again);
            }
            let number = u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1);
            parts.push(Part { phase, order: number, progress: 0, messages });
        }
        before = last;
    }
    let all = parts.len();
    for (at, part) in parts.iter_mut().enumerate() {
        part.progress = u32::try_from((at + 1) * 100 / all.max(1)).unwrap_or(100);
    }
    parts
}

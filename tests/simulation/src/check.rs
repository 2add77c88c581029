//! The promises, checked against what customers, the owner's phone, the platform and the phones show in the end.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_core::api::{Body, ConversationId, LadderStep, TimelineRow};
use fieldline_platform::store::StoreError;
use fieldline_whatsapp_sim::{Author, Chats};

use crate::phone::Phone;
use crate::world::World;

/// A message as the platform's store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    conversation: String,
    n: i64,
    id: String,
    author: String,
    text: Option<String>,
    step: String,
    deleted: bool,
    trouble: Option<String>,
    wamid: Option<String>,
    second: i64,
    reactions: i64,
}

/// Everything that is broken, in plain words.
pub(crate) async fn all(world: &mut World) -> Vec<String> {
    let kept = match kept(world).await {
        Ok(kept) => kept,
        Err(error) => return vec![format!("the platform's store cannot be read: {error}")],
    };
    let chats = world.sim.chats();
    let mut problems = once(world, &chats, &kept);
    problems.extend(order(world, &chats));
    problems.extend(numbers(&kept));
    problems.extend(inbound(&chats, &kept));
    problems.extend(owner_sees(&chats));
    problems.extend(same_on_phones(world, &kept).await);
    problems
}

async fn kept(world: &World) -> Result<Vec<Kept>, String> {
    let platform = world.site.platform().ok_or("no platform runs")?;
    platform
        .state()
        .store
        .read(|sql| -> Result<Vec<Kept>, StoreError> {
            let mut query = sql.prepare(
                "SELECT conversation, n, id, author_kind, json_extract(body, '$.text'), step, deleted IS NOT NULL,
                        trouble, wamid, sent_at / 1000,
                        (SELECT count(emoji) FROM reactions WHERE target = wamid) FROM messages ORDER BY conversation, n",

            )?;
            let rows = query.query_map([], |row| {
                Ok(Kept {
                    conversation: row.get(0)?,
                    n: row.get(1)?,
                    id: row.get(2)?,
                    author: row.get(3)?,
                    text: row.get(4)?,
                    step: row.get(5)?,
                    deleted: row.get(6)?,
                    trouble: row.get(7)?,
                    wamid: row.get(8)?,
                    second: row.get(9)?,
                    reactions: row.get(10)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
        .map_err(|error| error.to_string())
}

/// S1: at the customer once, at most once more for each yes of a person, or explained.
fn once(world: &World, chats: &Chats, kept: &[Kept]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut at_customers: BTreeMap<&str, u32> = BTreeMap::new();
    for message in chats.customers.iter().flat_map(|chat| &chat.messages) {
        if let (Author::Api, Some(text)) = (&message.author, &message.text) {
            *at_customers.entry(text).or_insert(0) += message.deliveries;
        }
    }
    for phone in &world.phones {
        for promise in &phone.promises {
            let came = at_customers.get(promise.text.as_str()).copied().unwrap_or(0);
            if came > 1 + promise.extra_yes {
                problems.push(format!("{:?} reached the customer {came} times", promise.text));
            }
            let explained = promise.dropped
                || kept.iter().any(|message| {
                    message.text.as_deref() == Some(&promise.text)
                        && message.trouble.as_deref().is_some_and(|t| t.contains("\"final\":true"))
                });
            if came == 0 && !explained {
                problems.push(format!(
                    "{:?} was promised, never came, and nothing says why",
                    promise.text
                ));
            }
        }
    }
    let promised: BTreeSet<&str> =
        world.phones.iter().flat_map(|phone| &phone.promises).map(|p| p.text.as_str()).collect();
    for text in at_customers.keys().filter(|text| !promised.contains(**text)) {
        problems.push(format!("{text:?} reached a customer and nobody wrote it"));
    }
    problems
}

/// S2: what one phone wrote in one conversation, and nobody touched since, came in the order of writing.
fn order(world: &World, chats: &Chats) -> Vec<String> {
    let mut problems = Vec::new();
    for phone in &world.phones {
        let places: BTreeMap<&str, usize> = phone
            .promises
            .iter()
            .enumerate()
            .filter(|(_, promise)| !promise.disturbed)
            .map(|(place, promise)| (promise.text.as_str(), place))
            .collect();
        for chat in &chats.customers {
            let came: Vec<usize> = chat
                .messages
                .iter()
                .filter_map(|message| places.get(message.text.as_deref()?).copied())
                .collect();
            if !came.is_sorted() {
                problems.push(format!(
                    "{}: replies to {} came out of order: {came:?}",
                    phone.name, chat.wa_id
                ));
            }
        }
    }
    problems
}

/// Numbers are dense from 1 in each conversation.
fn numbers(kept: &[Kept]) -> Vec<String> {
    let mut last: BTreeMap<&str, i64> = BTreeMap::new();
    let mut problems = Vec::new();
    for message in kept.iter().filter(|message| message.n > 0) {
        let expected = last.get(message.conversation.as_str()).copied().unwrap_or(0) + 1;
        if message.n != expected {
            problems.push(format!("number {} where {expected} was due", message.n));
        }
        last.insert(&message.conversation, message.n);
    }
    problems
}

/// What customers and the owner wrote is at the platform exactly once.
fn inbound(chats: &Chats, kept: &[Kept]) -> Vec<String> {
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    for wamid in kept.iter().filter_map(|message| message.wamid.as_deref()) {
        *times.entry(wamid).or_insert(0) += 1;
    }
    let mut problems = Vec::new();
    for message in chats.customers.iter().flat_map(|chat| &chat.messages) {
        if !matches!(message.author, Author::Customer | Author::Owner) {
            continue;
        }
        let found = times.get(message.wamid.as_str()).copied().unwrap_or(0);
        if found != 1 {
            problems.push(format!("{:?} is at the platform {found} times", message.text));
        }
        let here = kept.iter().find(|it| it.wamid.as_deref() == Some(&message.wamid));
        let as_there = |it: &Kept| {
            it.deleted == message.deleted
                && (it.deleted || it.text == message.text)
                && it.reactions == i64::try_from(message.reactions.len()).unwrap_or(-1)
        };
        if !here.is_none_or(as_there) {
            problems.push(format!("{here:?} is {message:?} at the customer"));
        }
    }
    problems
}

/// S7: the owner's phone shows everything that the API sent.
fn owner_sees(chats: &Chats) -> Vec<String> {
    let shown: BTreeSet<&str> = chats
        .owner
        .iter()
        .flat_map(|chat| &chat.messages)
        .map(|message| message.wamid.as_str())
        .collect();
    chats
        .customers
        .iter()
        .flat_map(|chat| &chat.messages)
        .filter(|message| message.deliveries > 0 && !shown.contains(message.wamid.as_str()))
        .map(|message| format!("the owner's phone does not show {:?}", message.text))
        .collect()
}

/// S3: each phone's newest rows are the platform's.
async fn same_on_phones(world: &World, kept: &[Kept]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut conversations: BTreeMap<&str, Vec<&Kept>> = BTreeMap::new();
    for message in kept {
        conversations.entry(&message.conversation).or_default().push(message);
    }
    for phone in &world.phones {
        let held = phone.inbox().await;
        if held.rows.len() != conversations.len() {
            problems.push(format!(
                "{} holds {} conversations of {}",
                phone.name,
                held.rows.len(),
                conversations.len()
            ));
        }
        for row in &held.rows {
            let Some(theirs) = conversations.get(row.key.as_str()) else {
                problems.push(format!("{} holds a conversation that is not there", phone.name));
                continue;
            };
            let rows = phone.timeline(&row.key).await.rows;
            let mut by_place = theirs.clone();
            by_place.sort_by_key(|message| (message.second, message.n));
            // Of the twenty newest; imported ones among them are fetched when somebody scrolls there.
            let newest = by_place.iter().rev().take(20).rev().filter(|message| message.n > 0);
            for message in newest {
                let shown = rows.iter().find(|row| row.key.as_str() == message.id);
                match shown {
                    None => problems
                        .push(format!("{} lacks {} {:?}", phone.name, message.id, message.text)),
                    Some(shown) if !same(shown, message) => {
                        problems.push(format!("{} shows {shown:?} for {message:?}", phone.name));
                    }
                    Some(_) => {}
                }
            }
            problems.extend(scrolled(phone, &row.key, theirs).await);
            for extra in rows.iter().filter(|row| !theirs.iter().any(|m| m.id == row.key.as_str()))
            {
                problems.push(format!("{} shows what the platform has not: {extra:?}", phone.name));
            }
        }
    }
    problems
}

/// Read to its start, a conversation is the platform's, whole and in order.
async fn scrolled(phone: &Phone, id: &ConversationId, theirs: &[&Kept]) -> Vec<String> {
    let view = phone.client.timeline(id);
    view.widen(10_000);
    for _ in 0..20 {
        if let Err(error) = phone.client.load_older(id).await {
            return vec![format!("{} cannot scroll: {error:?}", phone.name)];
        }
    }
    let shown = view.next(0).await.expect("a view that lives").expect("a store that reads");
    let mut problems = Vec::new();
    if shown.has_more_before || shown.rows.iter().any(|row| row.hole_before) {
        problems.push(format!("{} never came to the start of {id}", phone.name));
    }
    let mut wanted = theirs.to_vec();
    wanted.sort_by_key(|message| (message.second, message.n));
    let held: Vec<&str> = shown.rows.iter().map(|row| row.key.as_str()).collect();
    let all: Vec<&str> = wanted.iter().map(|message| message.id.as_str()).collect();
    if held != all {
        problems.push(format!(
            "{} holds {} of {} in {id}, or in another order",
            phone.name,
            held.len(),
            all.len()
        ));
    }
    for message in wanted {
        match shown.rows.iter().find(|row| row.key.as_str() == message.id) {
            Some(row) if !same(row, message) => {
                problems.push(format!("{} shows {row:?} for {message:?}", phone.name));
            }
            _ => {}
        }
    }
    problems
}

fn same(shown: &TimelineRow, kept: &Kept) -> bool {
    let step = match kept.step.as_str() {
        "queued" => LadderStep::AtServer,
        "sent" => LadderStep::Sent,
        "delivered" => LadderStep::Delivered,
        "read" => LadderStep::Read,
        _ => LadderStep::None,
    };
    let text = match &shown.body {
        Body::Text { text } => Some(text.as_str()),
        _ => None,
    };
    let kept_text = if kept.deleted { None } else { kept.text.as_deref() };
    shown.n == Some(kept.n)
        && (kept.deleted || i64::try_from(shown.reactions.len()) == Ok(kept.reactions))
        && shown.step == step
        && text == kept_text
        && shown.trouble.is_some() == kept.trouble.is_some()
}

//! What happens beside writing: conversations move between people, the line goes down and comes back, messages are changed,
//! taken back and reacted to, old ones are imported.

use std::collections::BTreeSet;
use std::time::Duration;

use fieldline_whatsapp_sim::{
    Author, EditNews, HistoryChat, HistoryChats, HistoryMessage, HistoryOrder, LineNews, ReactNews,
    RevokeNews, ShownMessage,
};
use serde_json::{Value, json};

use crate::office::Office;
use crate::world::{CUSTOMERS, World};

/// What of it happened already: of two changes within one second nobody knows the order, so each message is changed once.
#[derive(Default)]
pub(crate) struct Moves {
    office: Option<Office>,
    given: u64,
    touched: BTreeSet<String>,
    down: bool,
    was_down: bool,
    imported: bool,
}

/// One thing, and a pause.
pub(crate) async fn act(world: &mut World) {
    match world.dice.below(100) {
        0..=39 => hand_over(world).await,
        40..=54 => edit(world),
        55..=69 => revoke(world),
        70..=84 => react(world),
        85..=92 => turn_line(world),
        _ => import(world),
    }
    world.pause(15_000).await;
}

/// The line is back and everybody may see everything again, so that all can be settled and compared.
pub(crate) async fn heal(world: &mut World) {
    tokio::time::sleep(Duration::from_secs(40)).await;
    if world.moves.was_down {
        happens(world, "reconnect");
        world.moves.down = false;
        // What an event did not lift, the hourly look at Meta does.
        tokio::time::sleep(Duration::from_mins(61)).await;
    }
    let ids = conversations(world).await.unwrap_or_default();
    for id in ids {
        let none = json!({"kind": "none"});
        let office = world.moves.office.as_ref().expect("the owner is signed in");
        let answer = office.hand_to(&id, &none).await;
        world.journal.note("owner", format_args!("frees {id}: {answer:?}"));
    }
}

/// All conversations, by an owner who is signed in.
async fn conversations(world: &mut World) -> Option<Vec<String>> {
    for _ in 0..2 {
        if world.moves.office.is_none() {
            world.moves.office = Office::sign_in(&world.site, world.moves.given).await;
        }
        let office = world.moves.office.as_ref()?;
        world.moves.given = office.given();
        match office.try_ask("GET", "/v1/scope", Vec::new()).await {
            Some((status, scope)) if status.is_success() => {
                let ids = scope["conversations"].as_array()?.iter();
                return Some(ids.filter_map(|id| id.as_str().map(str::to_owned)).collect());
            }
            // The token is over, or nobody was there.
            _ => world.moves.office = None,
        }
    }
    None
}

async fn hand_over(world: &mut World) {
    let Some(ids) = conversations(world).await else { return };
    let Some(id) = pick(world, &ids).cloned() else { return };
    let names = ["Ana", "Ben"];
    let to = usize::try_from(world.dice.below(4)).unwrap_or(0);
    let Some(office) = world.moves.office.as_ref() else { return };
    let holder = match names.get(to) {
        None => json!({"kind": "none"}),
        Some(name) => {
            let Some((_, list)) = office.try_ask("GET", "/v1/office/members", Vec::new()).await
            else {
                return;
            };
            let members = list["members"].as_array().map(Vec::as_slice).unwrap_or_default();
            let found = members.iter().find(|member| member["name"] == *name);
            json!({"kind": "member", "id": found.map_or(Value::Null, |it| it["id"].clone())})
        }
    };
    let answer = office.hand_to(&id, &holder).await;
    let done = answer.is_some_and(|answer| answer["outcome"] == "done");
    world.journal.note("owner", format_args!("gives {id} to {:?} {done}", names.get(to)));
    if done {
        world.journal.count("handed_over", 1);
    }
}

fn pick<'a, T>(world: &World, among: &'a [T]) -> Option<&'a T> {
    let index = usize::try_from(world.dice.below(among.len() as u64)).unwrap_or(0);
    among.get(index)
}

/// A message of a customer or of the owner that nothing happened to yet.
fn some_message(world: &mut World) -> Option<ShownMessage> {
    let chats = world.sim.chats();
    let all: Vec<ShownMessage> = chats
        .customers
        .into_iter()
        .flat_map(|chat| chat.messages)
        .filter(|message| matches!(message.author, Author::Customer | Author::Owner))
        .filter(|message| !world.moves.touched.contains(&message.wamid))
        .collect();
    let found = pick(world, &all)?.clone();
    world.moves.touched.insert(found.wamid.clone());
    Some(found)
}

fn edit(world: &mut World) {
    let Some(message) = some_message(world) else { return };
    world.written += 1;
    let text = format!("changed {}", world.written);
    world.journal.note("meta", format_args!("{:?} changes to {text:?}", message.text));
    let news = EditNews { wamid: message.wamid, text };
    let done = match message.author {
        Author::Customer => world.sim.customer_edit(&news),
        _ => world.sim.owner_edit(&news),
    };
    done.expect("an edit");
    world.journal.count("edited", 1);
}

fn revoke(world: &mut World) {
    let Some(message) = some_message(world) else { return };
    world.journal.note("meta", format_args!("{:?} is taken back", message.text));
    let news = RevokeNews { wamid: message.wamid };
    let done = match message.author {
        Author::Customer => world.sim.customer_revoke(&news),
        _ => world.sim.owner_revoke(&news),
    };
    done.expect("a deletion");
    world.journal.count("revoked", 1);
}

fn react(world: &mut World) {
    let Some(message) = some_message(world) else { return };
    world.journal.note("meta", format_args!("{:?} is reacted to", message.text));
    let news = ReactNews { wamid: message.wamid, emoji: Some("👍".to_owned()) };
    world.sim.customer_react(&news).expect("a reaction");
    world.journal.count("reacted", 1);
}

fn turn_line(world: &mut World) {
    world.moves.down = !world.moves.down;
    world.moves.was_down = true;
    let event = if world.moves.down { "disconnect" } else { "reconnect" };
    happens(world, event);
    world.journal.count(&format!("line_{event}"), 1);
}

fn happens(world: &World, event: &str) {
    world.journal.note("owner", format_args!("line {event}"));
    let news = LineNews { event: event.to_owned(), ..LineNews::default() };
    world.sim.owner_line(&news).expect("an event of the line");
}

/// Old messages of each customer, once in a run.
fn import(world: &mut World) {
    if std::mem::replace(&mut world.moves.imported, true) {
        return;
    }
    let chats = CUSTOMERS.iter().enumerate().map(|(chat, wa_id)| HistoryChat {
        wa_id: (*wa_id).to_owned(),
        messages: (0..world.dice.below(30))
            .map(|n| HistoryMessage {
                age_ms: 3_600_000 * (1 + n * 40) + u64::try_from(chat).unwrap_or(0),
                from_me: n % 3 == 1,
                text: Some(format!("old {n} of {wa_id}")),
                ..HistoryMessage::default()
            })
            .collect(),
    });
    let chats = Some(HistoryChats::Given(chats.collect()));
    let order = HistoryOrder {
        chats,
        chunk: Some(7),
        shuffle: true,
        at_once: true,
        ..HistoryOrder::default()
    };
    world.journal.note("owner", "shares old messages");
    world.sim.owner_history(order).expect("an order");
    world.journal.count("imported", 1);
}

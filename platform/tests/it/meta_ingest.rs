//! What webhooks make of contacts, conversations and messages.

use serde_json::json;

use crate::meta_world::*;

const DAY: i64 = 24 * 60 * 60 * 1_000;
const CHAT: &str =
    "SELECT unread, last_n, coalesce(waiting_since, 0), status, scope FROM conversations";

#[tokio::test(start_paused = true)]
async fn a_first_message_makes_a_contact_and_an_unassigned_conversation() {
    let world = World::new().await;
    let at = world.now_s();
    world.webhook(&[customer(ANA, "wamid.1", "ho\u{0}la", at)]).await;
    assert_eq!(world.rows("SELECT name, phone FROM contacts"), [format!("Ana {ANA}")]);
    assert_eq!(world.rows(CHAT), [format!("1 1 {} open unassigned", at * 1_000)]);
    assert_eq!(
        world.rows("SELECT n, sent_at, author_kind, body, step FROM messages"),
        [format!("1 {} customer {{\"kind\":\"text\",\"text\":\"hola\"}} none", at * 1_000)]
    );
    assert_eq!(world.one::<i64>("SELECT window_closes_at FROM conversations"), at * 1_000 + DAY);
    // One row brings it all; everything in it carries that row's number.
    let chat = world.chat();
    assert_eq!(
        world.rows("SELECT seq, scope, kind, id FROM changes"),
        [format!("1 conversation:{chat} entered {chat}")]
    );
    let versions = "SELECT version FROM messages UNION ALL SELECT version FROM contacts
                    UNION ALL SELECT version FROM conversations";
    assert_eq!(world.rows(versions), ["1", "1", "1"]);
}

#[tokio::test(start_paused = true)]
async fn later_messages_are_message_rows_before_the_conversations_row() {
    let world = World::new().await;
    world.ana("wamid.1", "a").await;
    let at = world.now_s();
    let two = [customer(ANA, "wamid.2", "b", at), customer(ANA, "wamid.3", "c", at)];
    world.webhook(&two).await;
    assert_eq!(
        world.rows("SELECT seq, kind FROM changes ORDER BY seq"),
        ["1 entered", "2 message", "3 message", "4 conversation"]
    );
    assert_eq!(world.rows("SELECT n, version FROM messages ORDER BY n"), ["1 1", "2 2", "3 3"]);
    assert_eq!(world.rows("SELECT DISTINCT tag = (SELECT tag FROM changes WHERE seq = 4) FROM changes WHERE seq > 1"), ["1"]);
    // A repeat changes nothing, not even the line.
    world.webhook(&two).await;
    assert_eq!(world.one::<i64>("SELECT max(seq) FROM changes"), 4);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_kind_is_shown_and_opens_the_window_and_a_placeholder_is_replaced() {
    let world = World::new().await;
    let at = world.now_s();
    world
        .webhook(&[message(ANA, json!({"id": "wamid.1", "timestamp": at, "type": "image"}))])
        .await;
    assert_eq!(
        world.rows("SELECT body FROM messages"),
        [r#"{"kind":"unsupported","type":"image"}"#]
    );
    assert_eq!(world.one::<i64>("SELECT window_closes_at FROM conversations"), at * 1_000 + DAY);
    let again = customer(ANA, "wamid.1", "now readable", at);
    world.webhook(&[again]).await;
    assert_eq!(
        world.rows("SELECT n, body FROM messages"),
        [r#"1 {"kind":"text","text":"now readable"}"#]
    );
    assert_eq!(
        world.rows("SELECT kind FROM changes ORDER BY seq"),
        ["entered", "message", "conversation"]
    );
}

#[tokio::test(start_paused = true)]
async fn late_and_wild_dates_neither_shrink_nor_stretch_the_window() {
    let world = World::new().await;
    let now = world.now_s();
    world
        .webhook(&[
            customer(ANA, "wamid.1", "a", now),
            customer(ANA, "wamid.2", "older", now - 3_600),
            customer(ANA, "wamid.3", "from the future", now + 999_999),
            message(ANA, json!({"id": "wamid.4", "timestamp": "soon", "type": "text"})),
        ])
        .await;
    let received = world.one::<i64>("SELECT received_at FROM webhooks");
    assert_eq!(world.one::<i64>("SELECT window_closes_at FROM conversations"), received + DAY);
    assert_eq!(world.one::<i64>("SELECT waiting_since FROM conversations"), (now - 3_600) * 1_000);
    assert_eq!(world.one::<i64>("SELECT last_at FROM conversations"), received);
}

#[tokio::test(start_paused = true)]
async fn a_customer_reopens_what_was_put_away() {
    let world = World::new().await;
    world.ana("wamid.1", "a").await;
    world
        .sql()
        .execute("UPDATE conversations SET status = 'snoozed', snoozed_until = 5", [])
        .unwrap();
    world.owner("wamid.e", "later").await;
    assert_eq!(world.rows("SELECT status FROM conversations"), ["snoozed"]);
    world.ana("wamid.2", "b").await;
    assert_eq!(world.rows("SELECT status, snoozed_until FROM conversations"), ["open -"]);
}

#[tokio::test(start_paused = true)]
async fn the_owners_reply_answers_without_opening_anything() {
    let world = World::new().await;
    world.ana("wamid.1", "a").await;
    let closes: i64 = world.one("SELECT window_closes_at FROM conversations");
    tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    world.owner("wamid.e", "done").await;
    assert_eq!(world.rows(CHAT), ["0 2 0 open unassigned"]);
    assert_eq!(world.one::<i64>("SELECT window_closes_at FROM conversations"), closes);
    assert_eq!(
        world.rows("SELECT n, author_kind, step FROM messages ORDER BY n"),
        ["1 customer none", "2 owner_app none"]
    );
    let life: i64 = world.one("SELECT last_sign_of_life FROM channels");
    assert_eq!(life / 60_000, world.now_s() / 60);
    assert_eq!(
        world.rows("SELECT kind FROM changes ORDER BY seq"),
        ["entered", "channel", "message", "conversation"]
    );
}

#[tokio::test(start_paused = true)]
async fn the_owners_reply_answers_what_was_written_before_it_only() {
    let world = World::new().await;
    let at = world.now_s();
    // The echo of 100 s ago comes after the customer's message of 50 s ago.
    world
        .webhook(&[
            customer(ANA, "wamid.1", "a", at - 200),
            customer(ANA, "wamid.2", "b", at - 50),
            echo(ANA, "wamid.e", "about a", at - 100),
        ])
        .await;
    assert_eq!(world.rows(CHAT), [format!("1 3 {} open unassigned", (at - 50) * 1_000)]);
    // And one that the owner had already answered, brought late, raises nothing.
    world.webhook(&[echo(ANA, "wamid.f", "about b", at - 20)]).await;
    world.webhook(&[customer(ANA, "wamid.3", "c", at - 30)]).await;
    assert_eq!(world.rows(CHAT), ["0 5 0 open unassigned"]);
}

#[tokio::test(start_paused = true)]
async fn a_greeting_answers_nothing() {
    let world = World::new().await;
    world
        .sql()
        .execute("UPDATE workspaces SET greeting_texts = '[\"We are closed.\"]'", [])
        .unwrap();
    world.ana("wamid.1", "a").await;
    world.owner("wamid.e", "We are closed.").await;
    assert!(world.rows(CHAT)[0].starts_with("1 2 1"));
    world.owner("wamid.f", "We are open.").await;
    assert_eq!(world.rows(CHAT), ["0 3 0 open unassigned"]);
}

#[tokio::test(start_paused = true)]
async fn an_echo_may_be_the_first_message_of_a_chat() {
    let world = World::new().await;
    world.owner("wamid.e", "hello").await;
    assert_eq!(world.rows(CHAT), ["0 1 0 open unassigned"]);
    assert_eq!(world.rows("SELECT phone FROM contacts"), [ANA]);
    assert_eq!(world.rows("SELECT window_closes_at FROM conversations"), ["-"]);
}

#[tokio::test(start_paused = true)]
async fn a_quote_finds_its_message_in_either_order() {
    let world = World::new().await;
    let reply = json!({"id": "wamid.2", "type": "text", "text": {"body": "b"}, "timestamp": 5,
        "context": {"id": "wamid.1"}});
    world.webhook(&[message(ANA, reply), customer(ANA, "wamid.1", "a", 4)]).await;
    let quoted = "SELECT count(*) FROM messages a JOIN messages b ON b.id = a.reply_to
                  WHERE a.wamid = 'wamid.2' AND b.wamid = 'wamid.1'";
    assert_eq!(world.one::<i64>(quoted), 1);
}

/// A customer message with both ids.
fn from(phone: Option<&str>, user: Option<&str>, wamid: &str) -> serde_json::Value {
    let mut change = customer(phone.unwrap_or("0"), wamid, "x", 5);
    let value = &mut change["value"];
    value["contacts"] = json!([]);
    let message = &mut value["messages"][0];
    message.as_object_mut().unwrap().remove("from");
    if let Some(phone) = phone {
        message["from"] = phone.into();
    }
    if let Some(user) = user {
        message["from_user_id"] = user.into();
    }
    change
}

const CONTACTS: &str = "SELECT k.phone, k.wa_user_id, v.last_n FROM contacts k
                        JOIN conversations v ON v.contact = k.id ORDER BY v.rowid";

#[tokio::test(start_paused = true)]
async fn a_person_is_known_by_either_id() {
    let world = World::new().await;
    world.webhook(&[from(Some("1"), None, "w1")]).await;
    world.webhook(&[from(Some("1"), Some("ES.a"), "w2")]).await;
    world.webhook(&[from(None, Some("ES.a"), "w3")]).await;
    assert_eq!(world.rows(CONTACTS), ["1 ES.a 3"]);
    // A new number of the same person.
    world.webhook(&[from(Some("2"), Some("ES.a"), "w4")]).await;
    assert_eq!(world.rows(CONTACTS), ["2 ES.a 4"]);
    // The old number names somebody else now, with an id that was never used before.
    world.webhook(&[from(Some("1"), None, "w5")]).await;
    assert_eq!(world.rows(CONTACTS), ["2 ES.a 4", "1 - 1"]);
}

#[tokio::test(start_paused = true)]
async fn the_user_id_wins_and_the_number_moves() {
    let world = World::new().await;
    world.webhook(&[from(Some("1"), Some("ES.a"), "w1"), from(None, Some("ES.b"), "w2")]).await;
    world.webhook(&[from(Some("1"), Some("ES.b"), "w3")]).await;
    assert_eq!(world.rows(CONTACTS), ["- ES.a 1", "1 ES.b 2"]);
    // A user id that is new takes the number along as well.
    world.webhook(&[from(Some("1"), Some("ES.c"), "w4")]).await;
    assert_eq!(world.rows(CONTACTS), ["- ES.a 1", "- ES.b 2", "1 ES.c 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_contact_that_gives_its_only_number_away_is_marked_and_can_still_be_answered() {
    let world = World::new().await;
    world.webhook(&[from(Some("1"), None, "w1")]).await;
    let first = world.chat();
    world.webhook(&[from(None, Some("ES.b"), "w2")]).await;
    world.webhook(&[from(Some("1"), Some("ES.b"), "w3")]).await;
    assert_eq!(world.rows(CONTACTS), ["- - 1", "1 ES.b 2"]);
    // Both say of each other that they may be one person; joining them is a manager's.
    assert_eq!(
        world.rows("SELECT k.perhaps_same = o.id FROM contacts k JOIN contacts o ON o.id <> k.id"),
        ["1", "1"]
    );
    world.sql().execute("UPDATE conversations SET window_closes_at = 1 << 53", []).unwrap();
    let id = world.uuid();
    let mut sending = world.sending(&id, "to the number that moved", 1);
    sending["conversation"] = first.into();
    let answer = world.command(MARIA, sending).await;
    assert_eq!(answer["outcome"], "done", "{answer}");
    world.quiet().await;
    assert_eq!(world.graph.calls()[0]["to"], "+1");
}

/// The same thousand things, each twice, in another order: xorshift picks it.
fn mixed(things: &[serde_json::Value], seed: u64) -> Vec<serde_json::Value> {
    let mut things: Vec<_> = things.iter().chain(things).cloned().collect();
    let mut state = seed;
    for end in (1..things.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        things.swap(end, usize::try_from(state % (end as u64 + 1)).unwrap());
    }
    things
}

#[tokio::test(start_paused = true)]
async fn a_thousand_in_any_order_and_twice_make_the_same_rows() {
    let mut seen = Vec::new();
    for seed in [0_u64, 7, 99] {
        let world = World::new().await;
        let at = world.now_s() - 10_000;
        let things: Vec<_> = (0..1_000)
            .map(|i| {
                let who = format!("346001112{:02}", i % 10);
                let when = at + i * 3;
                match i % 5 {
                    0 => echo(&who, &format!("wamid.{i}"), "answer", when),
                    1 => {
                        status_of("wamid.of.nobody", if i % 2 == 0 { "sent" } else { "read" }, when)
                    }
                    _ => customer(&who, &format!("wamid.{i}"), &format!("text {i}"), when),
                }
            })
            .collect();
        let things = if seed == 0 { things } else { mixed(&things, seed) };
        world.webhook(&things).await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let mut rows = world
            .rows("SELECT id, conversation, sent_at, author_kind, body FROM messages ORDER BY id");
        rows.extend(world.rows("SELECT id, name, phone FROM contacts ORDER BY id"));
        rows.extend(world.rows(
            "SELECT id, last_n, last_at, window_closes_at, unread, coalesce(waiting_since, 0)
             FROM conversations ORDER BY id",
        ));
        rows.extend(world.rows("SELECT wamid, status, at FROM parked_statuses ORDER BY 1, 2"));
        rows.extend(world.rows("SELECT state FROM webhooks"));
        // Numbers are dense from 1, whatever the order.
        let gaps = "SELECT count(*) FROM conversations v WHERE v.last_n <>
                    (SELECT count(DISTINCT n) FROM messages m WHERE m.conversation = v.id)";
        assert_eq!(world.one::<i64>(gaps), 0);
        seen.push(rows);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
    assert_eq!(seen[0].last().unwrap(), "done");
}

//! People whose ids change hands: numbers that somebody else has now, news that come late or again,
//! two contacts that a manager joined, one that was erased.

use serde_json::{Value, json};

use crate::meta_world::*;

const CONTACTS: &str = "SELECT phone, wa_user_id FROM contacts ORDER BY rowid";
const DAY_S: i64 = 24 * 60 * 60;

/// A text under these ids, at this second.
fn text(phone: Option<&str>, user: Option<&str>, wamid: &str, at_s: i64) -> Value {
    under_ids(phone, user, wamid, wamid, at_s)
}

/// WhatsApp tells that the holder of a number has another one.
fn moved(from: &str, to: &str, wamid: &str, at_s: i64) -> Value {
    let part = json!({"type": "user_changed_number", "wa_id": to});
    let one = json!({"id": wamid, "timestamp": at_s.to_string(), "type": "system", "system": part});
    let mut change = message(from, one);
    change["value"].as_object_mut().unwrap().remove("contacts");
    change
}

fn user_id_update(from: &str, to: &str, at_s: i64) -> Value {
    json!({"field": "user_id_update", "value": {
        "user_id": {"previous": from, "current": to}, "timestamp": at_s.to_string()}})
}

/// Texts by the conversation that they stand in, oldest conversation first.
fn chats(world: &World) -> Vec<String> {
    world.rows(
        "SELECT k.phone, group_concat(m.wamid, ' ' ORDER BY m.n) FROM conversations v
         JOIN contacts k ON k.id = v.contact JOIN messages m ON m.conversation = v.id
         WHERE m.author_kind <> 'system' GROUP BY v.id ORDER BY v.rowid",
    )
}

#[tokio::test(start_paused = true)]
async fn whoever_has_a_number_after_its_owner_left_it_is_somebody_else() {
    // With a user id of their own and without.
    for user in [None, Some("ES.new")] {
        let world = World::new().await;
        let at = world.now_s() - 90 * DAY_S;
        world.webhook(&[text(Some("34611"), None, "w1", at)]).await;
        world.webhook(&[moved("34611", "34699", "w.s", at + 60)]).await;
        // Written before the change, and told late: still theirs.
        world.webhook(&[text(Some("34611"), None, "w2", at + 50)]).await;
        assert_eq!(chats(&world), ["34699 w1 w2"]);
        // Two months later the number was given to somebody new.
        world.webhook(&[text(Some("34611"), user, "w3", at + 60 * DAY_S)]).await;
        world.webhook(&[echo("34611", "w4", "hello, who is this?", at + 60 * DAY_S + 5)]).await;
        world.webhook(&[text(Some("34699"), None, "w5", at + 60 * DAY_S + 9)]).await;
        assert_eq!(chats(&world), ["34699 w1 w2 w5", "34611 w3 w4"]);
        // An answer goes to whoever wrote.
        let second: String = world.one("SELECT conversation FROM messages WHERE wamid = 'w3'");
        world.sql().execute("UPDATE conversations SET window_closes_at = 1 << 53", []).unwrap();
        let id = world.uuid();
        let mut sending = world.sending(&id, "to the new one", 2);
        sending["conversation"] = second.into();
        assert_eq!(world.command(MARIA, sending).await["outcome"], "done");
        world.quiet().await;
        assert_eq!(world.graph.calls()[0]["to"], "+34611");
    }
}

#[tokio::test(start_paused = true)]
async fn a_joined_contact_answers_under_all_its_numbers_for_ever() {
    let world = World::new().await;
    let at = world.now_s() - 90 * DAY_S;
    world.webhook(&[text(Some("34611"), Some("ES.a"), "w1", at)]).await;
    world.webhook(&[text(Some("34699"), Some("ES.b"), "w2", at + 5)]).await;
    let ids = world.rows("SELECT id FROM contacts ORDER BY rowid");
    // What the first had before leads to the second afterwards.
    world.webhook(&[user_id_update("ES.a", "ES.a2", at + 6)]).await;
    let body = json!({"from": ids[0], "into": ids[1]});
    let (status, answer) = world.as_owner("POST", "/v1/office/contacts/merge", &body).await;
    assert_eq!(status, 200, "{answer}");
    let now = world.now_s();
    world
        .webhook(&[
            text(Some("34611"), None, "w3", now),
            text(None, Some("ES.a2"), "w4", now),
            text(None, Some("ES.a"), "w5", now),
            text(Some("34699"), Some("ES.b"), "w6", now),
        ])
        .await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM contacts WHERE merged_into IS NULL"), 1);
    let stands =
        "SELECT DISTINCT k.id FROM messages m JOIN conversations v ON v.id = m.conversation
                  JOIN contacts k ON k.id = v.contact WHERE m.wamid IN ('w3', 'w4', 'w5', 'w6')";
    assert_eq!(world.rows(stands), [ids[1].clone()]);
    // Reactions and edits of before and after find their message.
    let react = json!({"id": "w.r", "timestamp": now.to_string(), "type": "reaction",
        "reaction": {"message_id": "w1", "emoji": "👍"}});
    let edit = json!({"id": "w.e", "timestamp": now.to_string(), "type": "edit",
        "edit": {"original_message_id": "w1", "message": {"type": "text", "text": {"body": "put right"}}}});
    world.webhook(&[message("34611", react), message("34611", edit)]).await;
    assert_eq!(
        world.rows("SELECT body ->> 'text', emoji FROM messages JOIN reactions ON target = wamid"),
        ["put right 👍"]
    );
}

#[tokio::test(start_paused = true)]
async fn news_of_a_move_that_come_again_or_late_undo_nothing() {
    let world = World::new().await;
    let at = world.now_s() - 900;
    world.webhook(&[text(None, Some("ES.a"), "w1", at)]).await;
    let first = user_id_update("ES.a", "ES.b", at + 60);
    world.webhook(std::slice::from_ref(&first)).await;
    world.webhook(&[user_id_update("ES.b", "ES.c", at + 120)]).await;
    assert_eq!(world.rows(CONTACTS), ["- ES.c"]);
    // Meta repeats what it is not sure that we heard.
    world.webhook(&[first]).await;
    assert_eq!(world.rows(CONTACTS), ["- ES.c"]);
    world.webhook(&[text(None, Some("ES.c"), "w2", at + 200)]).await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM conversations"), 1);

    // Two words about one change: each adds what it knows.
    let world = World::new().await;
    world.webhook(&[text(Some("34611"), Some("ES.a"), "w1", at)]).await;
    world.webhook(&[user_id_update("ES.a", "ES.b", at + 60)]).await;
    let mut number = moved("34611", "34699", "w.s", at + 60);
    let part = &mut number["value"]["messages"][0]["system"];
    part["user_id"] = "ES.b".into();
    part["previous_user_id"] = "ES.a".into();
    world.webhook(&[number]).await;
    assert_eq!(world.rows(CONTACTS), ["34699 ES.b"]);
}

#[tokio::test(start_paused = true)]
async fn a_wish_that_was_said_again_is_as_new_as_its_last_time() {
    let world = World::new().await;
    world.ana("wamid.1", "hello").await;
    let wish = |value: &str, at: i64| {
        let meta = json!({"phone_number_id": PHONE_NUMBER_ID});
        json!({"field": "user_preferences", "value": {"metadata": meta, "user_preferences": [
            {"wa_id": ANA, "category": "marketing_messages", "value": value, "timestamp": at}]}})
    };
    // Stopped, wanted, stopped again; the word in the middle comes last.
    world.webhook(&[wish("stop", 10), wish("stop", 30), wish("resume", 20)]).await;
    assert_eq!(world.bootstrap().await["contacts"][0]["marketing"], "stopped");
    // Of two of one second the one that forbids counts, in either order.
    world.webhook(&[wish("resume", 40), wish("stop", 40), wish("resume", 40)]).await;
    assert_eq!(world.bootstrap().await["contacts"][0]["marketing"], "stopped");
}

fn book(name: Option<&str>, number: &str, at_s: i64) -> Value {
    let mut contact = json!({"phone_number": number});
    if let Some(name) = name {
        contact["full_name"] = name.into();
    }
    let action = if name.is_some() { "add" } else { "remove" };
    json!({"field": "smb_app_state_sync", "value": {"metadata": {"phone_number_id": PHONE_NUMBER_ID},
        "state_sync": [{"type": "contact", "action": action, "contact": contact,
            "metadata": {"timestamp": at_s.to_string()}}]}})
}

#[tokio::test(start_paused = true)]
async fn the_phone_book_names_a_person_in_whatever_spelling() {
    let names = "SELECT coalesce(name, '-') FROM contacts";
    for (in_book, written) in [
        ("+55 11 98765-4321", "551187654321"),
        ("551187654321", "5511987654321"),
        ("+52 1 55 1234 5678", "525512345678"),
        ("34611", "34611"),
    ] {
        for book_first in [true, false] {
            let world = World::new().await;
            let at = world.now_s() - 100;
            let two = [book(Some("Ana Ruiz"), in_book, at), text(Some(written), None, "w1", at)];
            for index in if book_first { [0, 1] } else { [1, 0] } {
                world.webhook(&[two[index].clone()]).await;
            }
            assert_eq!(world.rows(names), ["Ana Ruiz"], "{in_book} {written} {book_first}");
            world.webhook(&[book(None, written, at + 9)]).await;
            assert_eq!(world.rows(names), ["-"], "{in_book} {written}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_erased_contact_is_in_no_table_by_name_or_number() {
    let world = World::new().await;
    let at = world.now_s();
    let bo = "34600999888";
    let edit = |who: &str, wamid: &str, text: &str| {
        message(
            who,
            json!({"id": format!("e.{wamid}"), "timestamp": at.to_string(), "type": "edit",
            "edit": {"original_message_id": wamid, "message": {"type": "text", "text": {"body": text}}}}),
        )
    };
    let mut handed = json!({"field": "messaging_handovers", "value": {"type": "control_passed",
        "recipient": {"phone_number_id": PHONE_NUMBER_ID}, "timestamp": at, "sender": {"phone_number": ANA}}});
    let mut named = customer(ANA, "wamid.1", "canary-text", at);
    named["value"]["contacts"][0]["profile"]["name"] = "canary-profile".into();
    world.webhook(&[named, book(Some("canary-book"), ANA, at), handed.clone()]).await;
    handed["value"]["sender"]["phone_number"] = bo.into();
    world.webhook(&[customer(bo, "wamid.2", "stays", at), book(Some("Bo"), bo, at), handed]).await;
    let react = json!({"id": "w.r", "timestamp": at.to_string(), "type": "reaction",
        "reaction": {"message_id": "wamid.1", "emoji": "👍"}});
    world.webhook(&[message(ANA, react)]).await;
    // Edits of messages that have not come, of both in one body.
    world
        .webhook(&[edit(ANA, "wamid.never", "canary-edit"), edit(bo, "wamid.later", "put right")])
        .await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM amendments"), 2);
    let who: String = world.one(&format!("SELECT id FROM contacts WHERE phone = '{ANA}'"));
    let (status, answer) =
        world.as_owner("DELETE", &format!("/v1/office/contacts/{who}"), &Value::Null).await;
    assert!(status < 300, "{status} {answer}");
    world.sql().execute_batch("PRAGMA wal_checkpoint(TRUNCATE); VACUUM").unwrap();
    world.sql().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let file = std::fs::read(world.folder().join("platform.db")).unwrap();
    for word in ["canary-text", "canary-profile", "canary-book", "canary-edit", "👍", ANA] {
        assert!(!file.windows(word.len()).any(|w| w == word.as_bytes()), "{word}");
    }
    // Nobody else lost anything.
    assert_eq!(world.rows("SELECT name FROM contacts WHERE name IS NOT NULL"), ["Bo"]);
    assert_eq!(world.rows("SELECT person FROM handovers"), [bo]);
    world.webhook(&[customer(bo, "wamid.later", "wrong", at)]).await;
    assert_eq!(
        world.rows("SELECT body ->> 'text' FROM messages WHERE wamid = 'wamid.later'"),
        ["put right"]
    );
    // Should they write again, nothing of before comes back.
    world.webhook(&[text(Some(ANA), None, "wamid.9", at)]).await;
    assert_eq!(
        world.rows(&format!("SELECT coalesce(name, '-') FROM contacts WHERE phone = '{ANA}'")),
        ["-"]
    );
}

//! Edits, deletions and reactions: what phones are told, and what happens out of order.

use serde_json::{Value, json};

use crate::meta_world::*;

const LINE: &str = "SELECT kind FROM changes ORDER BY seq";

fn change(kind: &str, part: &Value, at_s: i64) -> Value {
    message(
        ANA,
        json!({"id": format!("wamid.{kind}.{at_s}"), "timestamp": at_s.to_string(), "type": kind, kind: part}),
    )
}

fn edit(target: &str, text: &str, at_s: i64) -> Value {
    change(
        "edit",
        &json!({"original_message_id": target, "message": {"type": "text", "text": {"body": text}}}),
        at_s,
    )
}

fn react(target: &str, emoji: Option<&str>, at_s: i64) -> Value {
    change("reaction", &json!({"message_id": target, "emoji": emoji}), at_s)
}

/// The owner's echo of this kind.
fn by_owner(change: &Value) -> Value {
    let mut one = change["value"]["messages"][0].clone();
    one["to"] = ANA.into();
    one["from"] = "34600".into();
    json!({"field": "smb_message_echoes", "value": {"metadata": change["value"]["metadata"],
        "message_echoes": [one]}})
}

#[tokio::test(start_paused = true)]
async fn an_edit_of_the_last_message_writes_the_conversation_too_and_a_repeat_writes_nothing() {
    let world = World::new().await;
    world.ana("wamid.1", "first").await;
    world.ana("wamid.2", "last").await;
    let before = world.rows(LINE).len();
    let at = world.now_s();
    world.webhook(&[edit("wamid.1", "first, changed", at)]).await;
    assert_eq!(world.rows(LINE)[before..], ["message"]);
    world.webhook(&[edit("wamid.2", "last, changed", at)]).await;
    assert_eq!(world.rows(LINE)[before + 1..], ["message", "conversation"]);
    world.webhook(&[edit("wamid.1", "first, changed", at), edit("wamid.2", "older", at - 9)]).await;
    assert_eq!(world.rows(LINE).len(), before + 3);
    let chat = world.bootstrap().await["conversations"][0].clone();
    assert_eq!(chat["last_message"]["body"]["text"], "last, changed");
}

#[tokio::test(start_paused = true)]
async fn a_deletion_empties_the_message_and_the_list_shows_the_one_before() {
    let world = World::new().await;
    world.ana("wamid.1", "first").await;
    world.ana("wamid.2", "secret").await;
    let at = world.now_s();
    world
        .webhook(&[
            change("revoke", &json!({"original_message_id": "wamid.2"}), at),
            edit("wamid.2", "back", at + 1),
        ])
        .await;
    let told = world.bootstrap().await;
    assert_eq!(told["conversations"][0]["last_message"]["body"]["text"], "first");
    assert_eq!(told["conversations"][0]["unread"], 1);
    let rows: Vec<String> = world.rows("SELECT body FROM messages ORDER BY n");
    assert!(!rows.concat().contains("secret") && !rows.concat().contains("back"), "{rows:?}");
    let deleted = world.messages().await[1]["deleted"].clone();
    assert_eq!(deleted, json!({"by": "customer", "at": at * 1_000}));
}

#[tokio::test(start_paused = true)]
async fn reactions_are_one_a_side_and_the_newest_counts() {
    let world = World::new().await;
    let at = world.now_s() - 100;
    // Before its message.
    world.webhook(&[react("wamid.1", Some("👍"), at + 1)]).await;
    world.webhook(&[customer(ANA, "wamid.1", "look", at)]).await;
    let shown = |world: &World| {
        let query = "SELECT json_group_array(author_kind || emoji) FROM
                     (SELECT * FROM reactions WHERE emoji IS NOT NULL ORDER BY at)";
        world.rows(query).remove(0)
    };
    assert_eq!(shown(&world), r#"["customer👍"]"#);
    world.webhook(&[by_owner(&react("wamid.1", Some("🙏"), at + 2))]).await;
    world.webhook(&[react("wamid.1", Some("❤️"), at + 5)]).await;
    // An older one that comes late.
    world.webhook(&[react("wamid.1", Some("😮"), at + 3)]).await;
    assert_eq!(
        world.messages().await[0]["reactions"],
        json!([{"author": {"kind": "owner_app"}, "emoji": "🙏", "at": (at + 2) * 1_000},
               {"author": {"kind": "customer"}, "emoji": "❤️", "at": (at + 5) * 1_000}])
    );
    let before = world.rows(LINE).len();
    world.webhook(&[react("wamid.1", None, at + 6)]).await;
    assert_eq!(world.rows(LINE)[before..], ["message"]);
    // Taken away for good: what is older does not bring it back.
    world.webhook(&[react("wamid.1", Some("😮"), at + 4)]).await;
    assert_eq!(world.rows(LINE).len(), before + 1);
    assert_eq!(shown(&world), r#"["owner_app🙏"]"#);
    // They raise nothing.
    assert_eq!(world.rows("SELECT unread, last_n FROM conversations"), ["1 1"]);
    world.webhook(&[change("revoke", &json!({"original_message_id": "wamid.1"}), at + 9)]).await;
    assert_eq!(world.messages().await[0]["reactions"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn an_edited_caption_keeps_its_file() {
    let world = World::new().await;
    let at = world.now_s();
    let image = json!({"id": "wamid.1", "timestamp": at.to_string(), "type": "image",
        "image": {"id": "m1", "mime_type": "image/jpeg", "sha256": "ab", "caption": "old"}});
    let edit = change(
        "edit",
        &json!({"original_message_id": "wamid.1", "message": {"type": "image", "image": {"caption": "new"}}}),
        at + 1,
    );
    world.webhook(&[message(ANA, image), edit]).await;
    assert_eq!(
        world.rows(
            "SELECT body ->> 'caption', body ->> 'mime', body ->> 'sha256', media_ref FROM messages"
        ),
        [r#"new image/jpeg ab {"id":"m1"}"#]
    );
}

#[tokio::test(start_paused = true)]
async fn the_owner_may_delete_what_we_sent_even_before_we_know_its_id() {
    let world = World::new().await;
    world.ana("wamid.1", "hello?").await;
    let at = world.now_s();
    let revoke = change("revoke", &json!({"original_message_id": "wamid.out.1"}), at);
    world.webhook(&[by_owner(&revoke)]).await;
    let id = world.send(MARIA, "wrong chat", 1).await;
    world.quiet().await;
    let query = format!("SELECT body ->> 'text', deleted ->> 'by' FROM messages WHERE id = '{id}'");
    assert_eq!(world.rows(&query), [" owner_app"]);
    // And afterwards.
    let id = world.send(MARIA, "also wrong", 2).await;
    world.quiet().await;
    assert_eq!(world.state(&id), "accepted sent -");
    let revoke = change("revoke", &json!({"original_message_id": "wamid.out.2"}), at + 1);
    world.webhook(&[by_owner(&revoke)]).await;
    let query = format!("SELECT body ->> 'text', deleted ->> 'by' FROM messages WHERE id = '{id}'");
    assert_eq!(world.rows(&query), [" owner_app"]);
}

#[tokio::test(start_paused = true)]
async fn what_never_finds_its_message_is_forgotten() {
    let mut world = World::new().await;
    world.webhook(&[edit("wamid.never", "private", world.now_s())]).await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM amendments"), 1);
    world.sql().execute("UPDATE amendments SET kept_at = kept_at - 86400000 * 38", []).unwrap();
    world.stop().await;
    world.start().await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM amendments"), 0);
}

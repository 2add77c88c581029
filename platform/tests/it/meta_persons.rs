//! Who is who: numbers and user ids that change, spellings of a number, wishes about advertising.

use serde_json::{Value, json};

use crate::meta_world::*;

const CONTACTS: &str = "SELECT phone, wa_user_id FROM contacts ORDER BY rowid";
const MARKED: &str = "SELECT count(*) FROM contacts WHERE perhaps_same IS NOT NULL";

fn by_ids(phone: Option<&str>, user: Option<&str>, wamid: &str) -> Value {
    under_ids(phone, user, wamid, "x", 5)
}

/// A system message; it has no contacts beside it.
fn system(from: Option<&str>, wamid: &str, part: &Value) -> Value {
    let mut change =
        message("", json!({"id": wamid, "timestamp": "9", "type": "system", "system": part}));
    let value = change["value"].as_object_mut().unwrap();
    value.remove("contacts");
    let one = value["messages"][0].as_object_mut().unwrap();
    one.remove("from");
    if let Some(from) = from {
        one.insert("from".into(), from.into());
    }
    change
}

#[tokio::test(start_paused = true)]
async fn a_new_number_keeps_the_conversation_and_the_old_one_leads_to_it() {
    for key in ["wa_id", "new_wa_id"] {
        let world = World::new().await;
        world.webhook(&[by_ids(Some("34611"), Some("ES.a"), "w1")]).await;
        let moved = json!({"type": "user_changed_number", "body": "x", key: "34699"});
        let moved = system(Some("34611"), "wamid.s", &moved);
        world.webhook(std::slice::from_ref(&moved)).await;
        // The user id ended with the number: nobody may be reached under it by mistake.
        assert_eq!(world.rows(CONTACTS), ["34699 -"]);
        assert_eq!(
            world.rows("SELECT author_kind, body FROM messages WHERE n = 2"),
            [r#"system {"kind":"event","type":"user_changed_number"}"#]
        );
        world.webhook(&[moved]).await;
        // New id, new number, and what comes late under the old ones: one conversation.
        world
            .webhook(&[
                by_ids(Some("34699"), Some("ES.b"), "w2"),
                by_ids(Some("34611"), None, "w3"),
                by_ids(None, Some("ES.a"), "w4"),
                by_ids(Some("34699"), None, "w5"),
            ])
            .await;
        assert_eq!(world.rows(CONTACTS), ["34699 ES.b"]);
        assert_eq!(world.rows("SELECT last_n, unread FROM conversations"), ["6 5"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_user_id_without_a_number_keeps_the_conversation() {
    for field in [false, true] {
        let world = World::new().await;
        world.webhook(&[by_ids(Some("34611"), Some("ES.a"), "w1")]).await;
        let news = if field {
            json!({"field": "user_id_update", "value": {
                "user_id": {"previous": "ES.a", "current": "ES.b"}, "timestamp": "9"}})
        } else {
            let part = json!({"type": "user_changed_user_id", "user_id": "ES.b", "previous_user_id": "ES.a"});
            system(None, "wamid.s", &part)
        };
        world.webhook(&[news]).await;
        assert_eq!(world.rows(CONTACTS), ["- ES.b"]);
        world.webhook(&[by_ids(None, Some("ES.b"), "w2"), by_ids(None, Some("ES.a"), "w3")]).await;
        assert_eq!(world.rows(CONTACTS), ["- ES.b"]);
        assert_eq!(world.one::<i64>("SELECT count(*) FROM conversations"), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_old_number_that_somebody_else_has_now_is_theirs() {
    let world = World::new().await;
    world.webhook(&[by_ids(Some("34611"), Some("ES.a"), "w1")]).await;
    let part = json!({"type": "user_changed_number", "wa_id": "34699", "user_id": "ES.b", "previous_user_id": "ES.a"});
    world.webhook(&[system(Some("34611"), "wamid.s", &part)]).await;
    world
        .webhook(&[by_ids(Some("34611"), Some("ES.z"), "w2"), by_ids(Some("34611"), None, "w3")])
        .await;
    assert_eq!(world.rows(CONTACTS), ["34699 ES.b", "34611 ES.z"]);
    assert_eq!(world.rows("SELECT last_n FROM conversations ORDER BY rowid"), ["2", "2"]);
    assert_eq!(world.one::<i64>(MARKED), 0);
}

#[tokio::test(start_paused = true)]
async fn a_new_number_that_another_contact_has_is_marked_and_not_joined() {
    let world = World::new().await;
    world.webhook(&[by_ids(Some("34611"), None, "w1"), by_ids(Some("34699"), None, "w2")]).await;
    let part = json!({"type": "user_changed_number", "wa_id": "34699"});
    world.webhook(&[system(Some("34611"), "wamid.s", &part)]).await;
    assert_eq!(world.rows(CONTACTS), ["34611 -", "34699 -"]);
    assert_eq!(world.one::<i64>(MARKED), 2);
    let contacts = world.bootstrap().await["contacts"].clone();
    assert_eq!(contacts[0]["perhaps_same"], contacts[1]["id"]);
}

#[tokio::test(start_paused = true)]
async fn spellings_of_a_mobile_are_one_person_and_what_may_be_a_landline_is_not() {
    // Two spellings, contacts afterwards, and how many are marked.
    for (first, second, contacts, marked) in [
        ("5511987654321", "551187654321", 1, 0),
        ("551187654321", "5511987654321", 1, 0),
        ("5215512345678", "525512345678", 1, 0),
        // The 9 before a landline makes another number.
        ("551132654321", "5511932654321", 2, 0),
        ("5491123456789", "541123456789", 2, 2),
        ("541123456789", "5491123456789", 2, 2),
        ("34600111222", "34600111223", 2, 0),
    ] {
        let world = World::new().await;
        world.webhook(&[by_ids(Some(first), None, "w1"), by_ids(Some(second), None, "w2")]).await;
        let found = world.rows("SELECT phone FROM contacts ORDER BY rowid");
        assert_eq!(found.len(), contacts, "{first} {second}");
        // What Meta gave first is what is sent to.
        assert_eq!(found[0], first);
        assert_eq!(world.one::<i64>(MARKED), marked, "{first} {second}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_spellings_under_two_user_ids_are_two_people() {
    let world = World::new().await;
    world
        .webhook(&[
            by_ids(Some("5511987654321"), Some("BR.a"), "w1"),
            by_ids(Some("551187654321"), Some("BR.b"), "w2"),
        ])
        .await;
    assert_eq!(world.rows(CONTACTS), ["5511987654321 BR.a", "551187654321 BR.b"]);
    assert_eq!(world.one::<i64>(MARKED), 2);
}

#[tokio::test(start_paused = true)]
async fn a_status_teaches_the_user_id() {
    let world = World::new().await;
    world.ana("wamid.1", "hello").await;
    world.send(MARIA, "hi", 1).await;
    world.quiet().await;
    let sent = json!({"id": "wamid.out.1", "status": "sent", "timestamp": "9", "recipient_id": ANA,
        "recipient_user_id": "ES.ana", "pricing": {"type": "regular", "category": "service", "pricing_model": "PMP"}});
    world.webhook(&[status(&sent)]).await;
    assert_eq!(world.rows(CONTACTS), [format!("{ANA} ES.ana")]);
    assert_eq!(
        world.rows("SELECT wamid, kind, category, model FROM prices"),
        ["wamid.out.1 regular service PMP"]
    );
    world.webhook(&[by_ids(None, Some("ES.ana"), "w2")]).await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM conversations"), 1);
}

#[tokio::test(start_paused = true)]
async fn wishes_about_advertising_stay_with_the_contact_and_the_newest_counts() {
    let world = World::new().await;
    world.ana("wamid.1", "hello").await;
    let wish = |value: &str, at: i64| {
        let meta = json!({"phone_number_id": PHONE_NUMBER_ID});
        json!({"field": "user_preferences", "value": {"metadata": meta, "user_preferences": [
            {"wa_id": ANA, "category": "marketing_messages", "value": value, "timestamp": at}]}})
    };
    world.webhook(&[wish("stop", 20), wish("resume", 10)]).await;
    assert_eq!(world.bootstrap().await["contacts"][0]["marketing"], "stopped");
    world.webhook(&[wish("resume", 30)]).await;
    assert_eq!(world.bootstrap().await["contacts"][0]["marketing"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn another_security_key_is_a_line_in_the_conversation() {
    let world = World::new().await;
    world.ana("wamid.1", "hello").await;
    let part = json!({"type": "customer_identity_changed", "body": "x"});
    world
        .webhook(&[system(Some(ANA), "wamid.s", &part), system(Some(ANA), "wamid.s", &part)])
        .await;
    assert_eq!(
        world.rows("SELECT n, author_kind, body ->> 'type' FROM messages ORDER BY n"),
        ["1 customer -", "2 system customer_identity_changed"]
    );
    assert_eq!(world.rows("SELECT unread FROM conversations"), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_program_of_metas_writes_is_no_answer_of_the_owner() {
    let world = World::new().await;
    world.ana("wamid.1", "hello").await;
    let meta = json!({"phone_number_id": PHONE_NUMBER_ID});
    world
        .webhook(&[
            json!({"field": "standby", "value": {"metadata": meta, "standby": {"message_echoes": [
            {"to": ANA, "id": "wamid.bot", "timestamp": "9",
             "message": {"type": "text", "text": {"body": "I am a program"}}}]}}}),
        ])
        .await;
    assert_eq!(
        world.rows("SELECT author_kind FROM messages ORDER BY n"),
        ["customer", "automation"]
    );
    assert_eq!(world.rows("SELECT unread FROM conversations"), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn errors_of_no_message_are_kept() {
    let world = World::new().await;
    let error = json!({"field": "messages", "value": {"metadata": {"phone_number_id": PHONE_NUMBER_ID},
        "errors": [{"code": 130_429, "title": "Rate limit hit"}]}});
    world.webhook(&[error]).await;
    assert_eq!(
        world.rows("SELECT phone_number_id, code FROM reported_errors"),
        [format!("{PHONE_NUMBER_ID} 130429")]
    );
}

//! Contacts joined, erased, found and taken out: protocol.md 4.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::advance;

use crate::world::{BEN, MARIA, OWNER, Phone, World, rows};

async fn contact(world: &World, phone: &Phone, conversation: &str) -> String {
    let seen = world.seen(phone, conversation).await.unwrap();
    seen["contact_id"].as_str().unwrap().to_owned()
}

async fn merge(world: &World, owner: &Phone, from: &str, into: &str) -> crate::world::Answer {
    world.office(owner, "POST", "contacts/merge", json!({"from": from, "into": into})).await
}

#[tokio::test(start_paused = true)]
async fn two_contacts_become_one_and_the_older_conversation_goes_on_in_the_newer() {
    // Whichever way round they are joined.
    for newer_is_from in [true, false] {
        let world = World::new().await;
        let (owner, maria) = (world.sign_in(OWNER).await, world.sign_in(MARIA).await);
        let older = world.conversation(&["long ago"]).await;
        advance(Duration::from_secs(10)).await;
        let newer = world.conversation(&["just now", "again"]).await;
        let (old, new) =
            (contact(&world, &owner, &older).await, contact(&world, &owner, &newer).await);
        let (from, into) = if newer_is_from { (&new, &old) } else { (&old, &new) };
        let since = world.cursor(&maria).await;
        let done = merge(&world, &owner, from, into).await.ok();
        assert_eq!(done["seq"], world.head());
        let page = world.changes(&maria, &since).await.ok();
        assert!(rows(&page).contains(&("merged".to_owned(), from.clone())), "{page}");
        let merged = page["changes"].as_array().unwrap().iter().find(|r| r["kind"] == "merged");
        assert_eq!(merged.unwrap()["object"], json!({"from": from, "into": into}));
        // Both stand under the one contact; each keeps its numbers.
        let (was, is) =
            (world.seen(&maria, &older).await.unwrap(), world.seen(&maria, &newer).await.unwrap());
        assert_eq!((&was["contact_id"], &is["contact_id"]), (&json!(into), &json!(into)));
        assert_eq!((&was["continued_in"], is.get("continued_in")), (&json!(newer), None));
        assert_eq!((&was["last_n"], &is["last_n"]), (&json!(1), &json!(2)));
        let start = world.get(&maria, "/v1/bootstrap").await.ok();
        let contacts: Vec<&Value> =
            start["contacts"].as_array().unwrap().iter().map(|c| &c["id"]).collect();
        assert_eq!(contacts, [into]);
        // New messages will find the newer one: it stands under the contact itself.
        let stands: String =
            world.one(&format!("SELECT contact FROM conversations WHERE id = '{newer}'"));
        assert_eq!(&stands, into);
        // The older takes no new ones.
        let late = world.commands(&maria, vec![world.send(&older, "hi", 1)]).await.remove(0);
        assert_eq!(
            (&late["code"], &late["details"]),
            (&json!("continued"), &json!({"conversation": newer}))
        );
        let fine = world.commands(&maria, vec![world.send(&newer, "hi", 2)]).await.remove(0);
        assert_eq!(fine["outcome"], "done");
        // Once is enough.
        assert_eq!(merge(&world, &owner, from, into).await.error(), (404, "not_found"));
        assert_eq!(merge(&world, &owner, into, into).await.details()["field"], "into");
        assert_eq!(merge(&world, &maria, from, into).await.error(), (403, "not_allowed"));
        let errors: i64 = world.one("SELECT count(*) FROM pragma_foreign_key_check");
        assert_eq!(errors, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn where_a_conversation_goes_on_is_told_to_nobody_who_may_not_see_it() {
    let world = World::new().await;
    let (owner, maria, ben) =
        (world.sign_in(OWNER).await, world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let older = world.conversation(&["long ago"]).await;
    advance(Duration::from_secs(10)).await;
    let newer = world.conversation(&["just now"]).await;
    let (old, new) = (contact(&world, &owner, &older).await, contact(&world, &owner, &newer).await);
    merge(&world, &owner, &old, &new).await.ok();
    world.assign(&older, Some(&world.member(MARIA))).await;
    let late = world.commands(&ben, vec![world.send(&older, "hi", 1)]).await.remove(0);
    assert_eq!((&late["code"], late.get("details")), (&json!("not_yours"), None));
    // Nor does it go round by the name under which a phone once began it.
    let alias = world.uuid();
    let statement = "INSERT INTO conversation_aliases (alias, conversation) VALUES (?1, ?2)";
    world.sql().execute(statement, [&alias, &older]).unwrap();
    let round = world.commands(&maria, vec![world.send(&alias, "hi", 1)]).await.remove(0);
    assert_eq!(
        (&round["code"], &round["details"]),
        (&json!("continued"), &json!({"conversation": newer}))
    );
}

#[tokio::test(start_paused = true)]
async fn a_question_about_a_contact_that_was_joined_is_one_about_the_other() {
    let world = World::new().await;
    let (owner, maria) = (world.sign_in(OWNER).await, world.sign_in(MARIA).await);
    let mut ids = Vec::new();
    for text in ["one", "two", "three"] {
        let id = world.conversation(&[text]).await;
        ids.push(contact(&world, &owner, &id).await);
    }
    let ask = "UPDATE contacts SET perhaps_same = ?1 WHERE id = ?2";
    world.sql().execute(ask, [&ids[0], &ids[2]]).unwrap();
    let since = world.cursor(&maria).await;
    merge(&world, &owner, &ids[0], &ids[1]).await.ok();
    let page = world.changes(&maria, &since).await.ok();
    let row = page["changes"].as_array().unwrap().iter().find(|row| row["id"] == ids[2].as_str());
    let row = row.expect("a row of the third contact");
    let object = &row["object"];
    assert_eq!((&row["kind"], &object["perhaps_same"]), (&json!("contact"), &json!(ids[1])));
    // Between the two themselves it is answered; when one is erased there is nobody to ask about.
    let since = world.cursor(&maria).await;
    world.office(&owner, "DELETE", &format!("contacts/{}", ids[1]), Value::Null).await.ok();
    let page = world.changes(&maria, &since).await.ok();
    let row = page["changes"].as_array().unwrap().iter().find(|row| row["id"] == ids[2].as_str());
    assert_eq!(row.expect("a row of the third")["object"].get("perhaps_same"), None);
}

#[tokio::test(start_paused = true)]
async fn who_wants_no_advertising_wants_none_after_a_merge() {
    // The newest word counts, whichever of the two it was said to.
    for (from, into, left) in [
        ((Some("stopped"), 5), (None, 0), Some("stopped")),
        ((Some("stopped"), 5), (Some("wanted"), 4), Some("stopped")),
        ((Some("wanted"), 4), (Some("stopped"), 5), Some("stopped")),
        ((Some("wanted"), 5), (Some("stopped"), 4), None),
        ((None, 0), (Some("stopped"), 4), Some("stopped")),
    ] {
        let world = World::new().await;
        let (owner, maria) = (world.sign_in(OWNER).await, world.sign_in(MARIA).await);
        let mut ids = Vec::new();
        for (said, at) in [from, into] {
            let id = world.conversation(&["hello"]).await;
            ids.push(contact(&world, &owner, &id).await);
            let statement =
                "UPDATE contacts SET marketing = ?1, marketing_at = nullif(?2, 0) WHERE id = ?3";
            world.sql().execute(statement, (said, at, ids.last())).unwrap();
        }
        merge(&world, &owner, &ids[0], &ids[1]).await.ok();
        let start = world.get(&maria, "/v1/bootstrap").await.ok();
        let one = &start["contacts"][0];
        assert_eq!(
            (&one["id"], one["marketing"].as_str()),
            (&json!(ids[1]), left),
            "{from:?} {into:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_contact_that_was_joined_goes_to_the_one_it_became() {
    let world = World::new().await;
    let (owner, maria) = (world.sign_in(OWNER).await, world.sign_in(MARIA).await);
    let older = world.conversation(&["long ago"]).await;
    let waiting = world.send(&older, "on its way", 1);
    world.commands(&maria, vec![waiting]).await;
    advance(Duration::from_secs(10)).await;
    let newer = world.conversation(&["just now"]).await;
    let (old, new) = (contact(&world, &owner, &older).await, contact(&world, &owner, &newer).await);
    merge(&world, &owner, &old, &new).await.ok();
    world.platform.start();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(world.one::<String>("SELECT state FROM sends"), "accepted");
    world.platform.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_erased_contact_leaves_no_content_anywhere() {
    let world = World::new().await;
    let (owner, maria) = (world.sign_in(OWNER).await, world.sign_in(MARIA).await);
    let id = world.conversation(&["canary-one"]).await;
    let other = world.conversation(&["stays"]).await;
    let who = contact(&world, &owner, &id).await;
    let phone: String = world.one(&format!("SELECT phone FROM contacts WHERE id = '{who}'"));
    let edit = json!({"contact": who, "field": "name", "was": "Ana", "to": "canary-name"});
    world.give(&maria, "edit_contact", edit).await;
    let reply = world.send(&id, "canary-two", 1);
    let first = world.commands(&maria, vec![reply.clone()]).await.remove(0);
    let body = format!(r#"{{"from": "{phone}", "text": "canary-raw"}}"#);
    world
        .sql()
        .execute(
            "INSERT INTO webhooks (received_at, body, state) VALUES (0, ?1, 'done'), (0, ?2, 'done')",
            (body.as_bytes(), &b"{\"from\": \"another\"}"[..]),
        )
        .unwrap();
    // What Meta and the owner's phone told of the person beside their messages.
    world.sql().execute("UPDATE contacts SET profile_name = 'canary-profile'", []).unwrap();
    for statement in [
        "INSERT INTO phone_book (channel, person, name, at) VALUES (?1, ?2, 'canary-book', 0)",
        "INSERT INTO handovers (channel, person, kind, at) VALUES (?1, ?2, 'control_passed', 0)",
    ] {
        world.sql().execute(statement, [&world.channel, &phone]).unwrap();
    }
    let since = world.cursor(&maria).await;
    let path = format!("contacts/{who}");
    assert_eq!(
        world.office(&maria, "DELETE", &path, Value::Null).await.error(),
        (403, "not_allowed")
    );
    world.office(&owner, "DELETE", &path, Value::Null).await.ok();
    // Phones are told: emptied messages, a contact that is an id alone.
    let page = world.changes(&maria, &since).await.ok();
    let messages: Vec<&Value> =
        page["changes"].as_array().unwrap().iter().filter(|r| r["kind"] == "message").collect();
    assert_eq!(messages.len(), 2);
    assert!(messages.iter().all(|m| m["object"]["body"] == json!({"kind": "text", "text": ""})));
    assert_eq!(messages[0]["object"]["deleted"]["by"], world.member(OWNER).as_str());
    let emptied =
        page["changes"].as_array().unwrap().iter().find(|r| r["kind"] == "contact").unwrap();
    assert_eq!(
        emptied["object"],
        json!({"id": who, "version": emptied["object"]["version"], "labels": []})
    );
    let seen = world.seen(&maria, &id).await.unwrap();
    assert_eq!((&seen["unread"], seen.get("waiting_since")), (&json!(0), None));
    // What was still to go does not.
    assert_eq!(world.one::<String>("SELECT state FROM sends"), "withdrawn");
    // A repeat of a command of that time gets its old answer; the ids are still known.
    assert_eq!(world.one::<i64>("SELECT count(*) FROM commands"), 2);
    let again = world.commands(&maria, vec![reply]).await.remove(0);
    assert_eq!((&again["outcome"], &again["seq"]), (&json!("done"), &first["seq"]));
    assert_eq!((first.get("gone"), &again["gone"]), (None, &json!(true)));
    assert_eq!(
        world.office(&owner, "DELETE", &path, Value::Null).await.error(),
        (404, "not_found")
    );
    let kept = world.one::<String>("SELECT CAST(body AS TEXT) FROM webhooks ORDER BY id LIMIT 1");
    assert_eq!(kept, "{}");
    assert_eq!(world.one::<i64>("SELECT count(*) FROM webhooks WHERE body <> x'7b7d'"), 1);
    assert!(world.seen(&maria, &other).await.unwrap()["last_message"]["body"]["text"] == "stays");
    world.sql().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let file = std::fs::read(world.dir.path().join("platform.db")).unwrap();
    let left: i64 =
        world.one("SELECT count(*) FROM contacts WHERE profile_name = 'canary-profile'");
    assert_eq!(left, 1, "the other contact's stays");
    world.sql().execute("UPDATE contacts SET profile_name = NULL", []).unwrap();
    world.sql().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let words = ["canary-one", "canary-two", "canary-name", "canary-raw", "canary-book"];
    for word in words.into_iter().chain([phone.as_str()]) {
        assert!(!file.windows(word.len()).any(|w| w == word.as_bytes()), "{word}");
    }
}

#[tokio::test(start_paused = true)]
async fn contacts_are_found_by_name_and_number_and_taken_out_page_by_page() {
    let world = World::new().await;
    let (owner, maria) = (world.sign_in(OWNER).await, world.sign_in(MARIA).await);
    let texts: Vec<String> = (0..700).map(|n| n.to_string()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let id = world.conversation(&texts).await;
    world.conversation(&["other"]).await;
    let who = contact(&world, &owner, &id).await;
    let edit = json!({"contact": who, "field": "name", "was": "Ana", "to": "100%_Zoë"});
    world.give(&maria, "edit_contact", edit).await;
    let phone: String = world.one(&format!("SELECT phone FROM contacts WHERE id = '{who}'"));
    let find = |q: String| {
        let (world, owner) = (&world, &owner);
        async move {
            let page =
                world.office(owner, "GET", &format!("contacts?q={q}"), Value::Null).await.ok();
            page["contacts"].as_array().unwrap().len()
        }
    };
    assert_eq!(find(String::new()).await, 2);
    assert_eq!(find("%25_z".into()).await, 1);
    assert_eq!(find("nobody".into()).await, 0);
    assert_eq!(find(format!("%2B{}", &phone[..])).await, 1);
    let first = world.office(&owner, "GET", "contacts?limit=1", Value::Null).await.ok();
    let rest = format!("contacts?limit=1&after={}", first["next"].as_str().unwrap());
    let second = world.office(&owner, "GET", &rest, Value::Null).await.ok();
    assert_ne!(first["contacts"][0]["id"], second["contacts"][0]["id"]);
    let mut ns = Vec::new();
    let mut path = format!("contacts/{who}/export");
    loop {
        let page = world.office(&owner, "GET", &path, Value::Null).await.ok();
        assert_eq!(page["contact"]["name"], "100%_Zoë");
        assert_eq!(page["conversations"][0]["id"], id.as_str());
        ns.extend(page["messages"].as_array().unwrap().iter().map(|m| m["n"].as_i64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("contacts/{who}/export?after={next}");
    }
    assert_eq!(ns, (1..=700).collect::<Vec<_>>());
    assert_eq!(world.one::<i64>("SELECT count(*) FROM audit WHERE what = 'contact_exported'"), 1);
    for bad in ["x", "x.y"] {
        let path = format!("contacts/{who}/export?after={bad}");
        assert_eq!(
            world.office(&owner, "GET", &path, Value::Null).await.error(),
            (400, "malformed")
        );
    }
}

//! Scope moves by commands, teams and options: protocol.md 2, experience.md S20, N4, D2.

use serde_json::{Value, json};

use crate::world::{BEN, MARIA, OWNER, Phone, World, rows, to_member, to_nobody};

fn kinds(page: &Value) -> Vec<String> {
    rows(page).into_iter().map(|(kind, _)| kind).collect()
}

async fn cursors(world: &World, phones: &[&Phone]) -> Vec<String> {
    let mut cursors = Vec::new();
    for phone in phones {
        cursors.push(world.cursor(phone).await);
    }
    cursors
}

#[tokio::test(start_paused = true)]
async fn s20_an_assignment_enters_here_and_leaves_there() {
    let world = World::new().await;
    let (owner, maria, ben) =
        (world.sign_in(OWNER).await, world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let id = world.conversation(&["hello"]).await;
    let before = cursors(&world, &[&owner, &maria, &ben]).await;
    let claim =
        json!({"conversation": id, "was": to_nobody(), "to": to_member(&world.member(MARIA))});
    let done = world.give(&maria, "assign", claim).await;
    assert_eq!((&done["outcome"], &done["seq"]), (&json!("done"), &json!(world.head())));
    for (phone, cursor, expected) in [
        (&owner, &before[0], "entered"),
        (&maria, &before[1], "entered"),
        (&ben, &before[2], "left"),
    ] {
        let page = world.changes(phone, cursor).await.ok();
        assert_eq!(kinds(&page), [expected]);
        if expected == "entered" {
            // The line about it comes along.
            let object = &page["changes"][0]["object"];
            assert_eq!(object["messages"][1]["body"]["type"], "assigned");
            assert_eq!(object["conversation"]["version"], page["changes"][0]["seq"]);
        } else {
            assert!(!page.to_string().contains("hello"));
        }
    }
    // Back to nobody: everybody again.
    let before = world.cursor(&ben).await;
    let back =
        json!({"conversation": id, "was": to_member(&world.member(MARIA)), "to": to_nobody()});
    world.give(&maria, "assign", back).await;
    assert_eq!(kinds(&world.changes(&ben, &before).await.ok()), ["entered"]);
}

#[tokio::test(start_paused = true)]
async fn s20_a_team_sees_what_is_its_own() {
    let world = World::new().await;
    let (owner, maria, ben) =
        (world.sign_in(OWNER).await, world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let team = json!({"name": "Orders", "members": [world.member(BEN)]});
    let since = world.cursor(&owner).await;
    let team = world.office(&owner, "POST", "teams", team).await.ok();
    assert_eq!(kinds(&world.changes(&owner, &since).await.ok()), ["team"]);
    let id = world.conversation(&["hello"]).await;
    let before = cursors(&world, &[&maria, &ben]).await;
    let to = json!({"kind": "team", "id": team["id"]});
    let given = json!({"conversation": id, "was": to_nobody(), "to": to});
    assert_eq!(world.give(&maria, "assign", given).await["outcome"], "done");
    assert_eq!(kinds(&world.changes(&maria, &before[0]).await.ok()), ["left"]);
    let page = world.changes(&ben, &before[1]).await.ok();
    assert_eq!(kinds(&page), ["entered"]);
    assert_eq!(page["changes"][0]["object"]["conversation"]["team"], team["id"]);
    // Ben may answer there, Maria may not.
    let reply = world.send(&id, "hi", 1);
    assert_eq!(world.commands(&maria, vec![reply.clone()]).await[0]["reason"], "R9");
    assert_eq!(world.commands(&ben, vec![reply]).await[0]["outcome"], "done");
    // Who joins or leaves a team starts anew; others go on.
    let before = cursors(&world, &[&owner, &maria, &ben]).await;
    let path = format!("teams/{}", team["id"].as_str().unwrap());
    let members = json!({"members": [world.member(MARIA)]});
    world.office(&owner, "PATCH", &path, members).await.ok();
    assert!(world.changes(&owner, &before[0]).await.status.is_success());
    for (phone, cursor, sees) in [(&maria, &before[1], true), (&ben, &before[2], false)] {
        let reset = world.changes(phone, cursor).await;
        assert_eq!((reset.error(), &reset.details()["cause"]), ((410, "reset"), &json!("scope")));
        let scope = world.get(phone, "/v1/scope").await.ok();
        assert_eq!(scope["conversations"].as_array().unwrap().contains(&json!(id)), sees);
        // And goes on from the new cursor.
        let cursor = scope["cursor"].as_str().unwrap();
        assert!(world.changes(phone, cursor).await.status.is_success());
    }
    // A team that is no more holds nothing.
    let before = world.cursor(&ben).await;
    assert_eq!(world.office(&owner, "DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(kinds(&world.changes(&ben, &before).await.ok()), ["entered", "team"]);
    assert_eq!(world.seen(&ben, &id).await.unwrap().get("team"), None);
}

#[tokio::test(start_paused = true)]
async fn a_role_or_an_option_that_changes_what_is_seen_resets() {
    let world = World::new().await;
    let (owner, maria, ben) =
        (world.sign_in(OWNER).await, world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let id = world.conversation(&["hello"]).await;
    let before = cursors(&world, &[&owner, &maria, &ben]).await;
    let path = format!("members/{}", world.member(MARIA));
    world.office(&owner, "PATCH", &path, json!({"role": "manager"})).await.ok();
    assert_eq!(world.changes(&maria, &before[1]).await.details()["cause"], "scope");
    assert!(world.changes(&ben, &before[2]).await.status.is_success());
    // The effect is said before it is saved (D2).
    let wish = json!({"members_see_unassigned": false});
    let effects = world.office(&owner, "POST", "workspace/preview", wish.clone()).await.ok();
    let expected = json!([{"member": world.member(BEN), "name": "Ben", "leave": 1, "enter": 0}]);
    assert_eq!(effects["effects"], expected);
    world.office(&owner, "PATCH", "workspace", json!({"options": wish})).await.ok();
    assert_eq!(world.changes(&ben, &before[2]).await.details()["cause"], "scope");
    assert!(world.changes(&owner, &before[0]).await.status.is_success());
    assert_eq!(world.get(&ben, "/v1/scope").await.ok()["conversations"], json!([]));
    assert!(world.seen(&maria, &id).await.is_some());
    // The list of an employee's rights opens it again.
    let all = json!({"employee": ["answer", "see_unassigned"]});
    world.office(&owner, "PUT", "rights", all).await.ok();
    assert_eq!(world.get(&ben, "/v1/scope").await.ok()["conversations"], json!([id]));
}

#[tokio::test(start_paused = true)]
async fn masked_numbers_are_masked_wherever_they_stand() {
    let world = World::new().await;
    let (owner, maria) = (world.sign_in(OWNER).await, world.sign_in(MARIA).await);
    let id = world.conversation(&["hello"]).await;
    let before = world.cursor(&maria).await;
    let options = json!({"options": {"masked_numbers": true}});
    world.office(&owner, "PATCH", "workspace", options).await.ok();
    assert_eq!(world.changes(&maria, &before).await.details()["cause"], "scope");
    let phone: String = world.one("SELECT phone FROM contacts");
    let start = world.get(&maria, "/v1/bootstrap").await.ok();
    let masked = start["contacts"][0]["phone"].as_str().unwrap();
    assert!(masked.ends_with(&phone[phone.len() - 4..]) && masked.starts_with("***"), "{masked}");
    let since = world.cursor(&maria).await;
    let contact = start["contacts"][0]["id"].clone();
    let edit = json!({"contact": contact, "field": "name", "was": "Ana", "to": "Anna"});
    world.give(&maria, "edit_contact", edit).await;
    let mine =
        json!({"conversation": id, "was": to_nobody(), "to": to_member(&world.member(MARIA))});
    world.give(&maria, "assign", mine).await;
    let page = world.changes(&maria, &since).await.ok().to_string();
    assert!(
        page.contains("\"entered\"") && page.contains("Anna") && !page.contains(&phone),
        "{page}"
    );
    let start = world.get(&owner, "/v1/bootstrap").await.ok();
    assert_eq!(start["contacts"][0]["phone"], phone.as_str());
    // A workplace may let employees look customers up: by name, and by what they see of numbers.
    let rights = json!({"employee": ["contacts", "see_unassigned"]});
    world.office(&owner, "PUT", "rights", rights).await.ok();
    let found = world.office(&maria, "GET", "contacts?q=Anna", Value::Null).await.ok();
    assert_eq!(found["contacts"][0]["phone"], masked);
    for (who, count) in [(&owner, 1), (&maria, 0)] {
        let path = format!("contacts?q={}", &phone[..6]);
        let found = world.office(who, "GET", &path, Value::Null).await.ok();
        assert_eq!(found["contacts"].as_array().unwrap().len(), count);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_accepted_still_goes_out_and_the_new_holder_may_withdraw_it() {
    let world = World::new().await;
    let (maria, ben) = (world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let id = world.conversation(&["hello"]).await;
    let (one, two) = (world.send(&id, "one", 1), world.send(&id, "two", 1));
    world.commands(&maria, vec![one.clone(), two.clone()]).await;
    let away = json!({"conversation": id, "was": to_nobody(), "to": to_member(&world.member(BEN))});
    assert_eq!(world.give(&maria, "assign", away).await["outcome"], "done");
    let withdraw = json!({"message": one["id"]});
    let refused = world.give(&maria, "withdraw", withdraw.clone()).await;
    assert_eq!((&refused["code"], &refused["reason"]), (&json!("not_yours"), &json!("R9")));
    assert_eq!(world.give(&ben, "withdraw", withdraw).await["outcome"], "done");
    world.platform.start();
    for _ in 0..200 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let state = |id: &Value| {
        world.one::<String>(
            &format!("SELECT state FROM sends WHERE message = {id}").replace('"', "'"),
        )
    };
    assert_eq!((state(&one["id"]).as_str(), state(&two["id"]).as_str()), ("withdrawn", "accepted"));
    world.platform.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_frame_with_a_conversation_that_enters_holds_a_mebibyte() {
    let world = World::new().await;
    let maria = world.sign_in(MARIA).await;
    // The worst that a text can cost: six bytes in JSON for each character.
    let worst = "\u{1}".repeat(4096 * 4);
    let id = world.conversation(&vec![worst.as_str(); 25]).await;
    world.assign(&id, Some(&world.member(BEN))).await;
    let since = world.cursor(&maria).await;
    world.assign(&id, None).await;
    let page = world.changes(&maria, &since).await.ok();
    assert_eq!(kinds(&page), ["entered"]);
    let messages = page["changes"][0]["object"]["messages"].as_array().unwrap();
    assert!((1..20).contains(&messages.len()), "{}", messages.len());
    assert_eq!(messages.last().unwrap()["n"], 25);
    assert!(page.to_string().len() <= 1024 * 1024, "{}", page.to_string().len());
    // The start keeps to it as well.
    let first = world.get(&maria, "/v1/bootstrap").await.ok();
    let second = format!("/v1/bootstrap?page={}", first["next_page"].as_str().unwrap());
    let second = world.get(&maria, &second).await.ok();
    assert!(second.to_string().len() <= 1024 * 1024, "{}", second.to_string().len());
    assert!(second["messages"].as_array().unwrap().len() < 20);
    // What was left out comes by scrolling.
    let oldest = &messages[0];
    let before = format!("{}.{}", oldest["sent_at"].as_i64().unwrap() / 1000, oldest["n"]);
    let path = format!("/v1/conversations/{id}/messages?limit=1&before={before}");
    let older = world.get(&maria, &path).await.ok();
    assert_eq!(older["messages"][0]["n"].as_i64(), Some(oldest["n"].as_i64().unwrap() - 1));
}

#[tokio::test(start_paused = true)]
async fn the_start_brings_labels_teams_and_quick_replies() {
    let world = World::new().await;
    let (owner, maria) = (world.sign_in(OWNER).await, world.sign_in(MARIA).await);
    world.office(&owner, "POST", "labels", json!({"name": "VIP"})).await.ok();
    world.office(&owner, "POST", "teams", json!({"name": "Orders"})).await.ok();
    let text = "x".repeat(4000);
    for n in 0..260 {
        let wish = json!({"shortcut": format!("s{n}"), "text": text});
        world.office(&owner, "POST", "quick-replies", wish).await.ok();
    }
    // With and without conversations.
    for round in 0..2 {
        let first = world.get(&maria, "/v1/bootstrap").await.ok();
        assert_eq!(first["labels"][0]["name"], "VIP");
        assert_eq!(first["teams"][0]["name"], "Orders");
        assert_eq!(first["members"][0]["shift"], json!({"on": true, "since": 0}));
        let mut replies = std::collections::BTreeSet::new();
        let mut next = first["next_page"].as_str().map(str::to_owned);
        while let Some(token) = next {
            let page = world.get(&maria, &format!("/v1/bootstrap?page={token}")).await.ok();
            assert!(page.to_string().len() <= 1024 * 1024);
            for reply in page["quick_replies"].as_array().unwrap() {
                assert!(replies.insert(reply["id"].as_str().unwrap().to_owned()));
            }
            next = page["next_page"].as_str().map(str::to_owned);
        }
        assert_eq!(replies.len(), 260);
        if round == 0 {
            for n in 0..3 {
                world.conversation(&[&n.to_string()]).await;
            }
        }
    }
    let since = world.cursor(&maria).await;
    let made = json!({"shortcut": "hi", "text": "Hi {{customer_name|there}}"});
    let made = world.office(&owner, "POST", "quick-replies", made).await.ok();
    let page = world.changes(&maria, &since).await.ok();
    assert_eq!(
        (kinds(&page), &page["changes"][0]["object"]),
        (vec!["quick_reply".to_owned()], &made)
    );
    let path = format!("quick-replies/{}", made["id"].as_str().unwrap());
    world.office(&owner, "DELETE", &path, Value::Null).await.ok();
    let page = world.changes(&maria, &since).await.ok();
    assert_eq!(
        (kinds(&page), &page["changes"][0]["gone"]),
        (vec!["quick_reply".to_owned()], &json!(true))
    );
}

#[tokio::test(start_paused = true)]
async fn a_start_among_contacts_with_much_to_them_holds_a_mebibyte() {
    let world = World::new().await;
    let maria = world.sign_in(MARIA).await;
    for n in 0..12 {
        world.conversation(&[&n.to_string()]).await;
    }
    let much = "\u{1F600}".repeat(1000);
    let sql = world.sql();
    for n in 0..50 {
        let statement = "INSERT INTO contact_fields (contact, field, value, by, at)
             SELECT id, ?1, ?2, 'm', 0 FROM contacts";
        sql.execute(statement, (format!("field_{n}"), &much)).unwrap();
    }
    let (mut path, mut seen) = ("/v1/bootstrap".to_owned(), Vec::new());
    loop {
        let page = world.get(&maria, &path).await.ok();
        assert!(page.to_string().len() <= 1024 * 1024, "{}", page.to_string().len());
        seen.extend(page["conversations"].as_array().unwrap().iter().map(|c| c["id"].clone()));
        assert_eq!(
            page["conversations"].as_array().unwrap().len(),
            page["contacts"].as_array().unwrap().len()
        );
        let Some(next) = page["next_page"].as_str() else { break };
        path = format!("/v1/bootstrap?page={next}");
    }
    seen.sort_by_key(ToString::to_string);
    seen.dedup();
    assert_eq!(seen.len(), 12);
}

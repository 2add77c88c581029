//! The desk's commands over the real router: M14, M10, E11, protocol.md 5.

use serde_json::{Value, json};

use crate::world::{BEN, MARIA, OWNER, World, rows, to_member, to_nobody};

fn outcome(answer: &Value) -> (&str, &str) {
    (answer["outcome"].as_str().unwrap(), answer["code"].as_str().unwrap_or(""))
}

#[tokio::test(start_paused = true)]
async fn m14_a_note_is_the_teams_own() {
    let world = World::new().await;
    let (maria, ben) = (world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let id = world.conversation(&["hello"]).await;
    let since = world.cursor(&ben).await;
    let before = world.seen(&ben, &id).await.unwrap();
    let note = world.command(
        "note",
        json!({"conversation": id, "body": {"kind": "note", "text": "Wants blue."}}),
    );
    let answers = world.commands(&maria, vec![note.clone(), note.clone()]).await;
    assert_eq!(outcome(&answers[0]), ("done", ""));
    assert_eq!(answers[0], answers[1]);
    let page = world.changes(&ben, &since).await.ok();
    let expected: Vec<_> = [("message", note["id"].as_str().unwrap()), ("conversation", &id)]
        .map(|(kind, id)| (kind.to_owned(), id.to_owned()))
        .into();
    assert_eq!(rows(&page), expected);
    let message = &page["changes"][0]["object"];
    assert_eq!(message["body"], json!({"kind": "note", "text": "Wants blue."}));
    assert_eq!(message["author"], json!({"kind": "agent", "id": world.member(MARIA)}));
    assert_eq!((&message["n"], &message["ladder"]["step"]), (&json!(2), &json!("none")));
    // Neither unread nor an answer, and the list keeps its order.
    let after = &page["changes"][1]["object"];
    for same in ["unread", "waiting_since", "window", "read_up_to_n"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert_eq!(after["last_n"], 2);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM sends"), 0);
    // A reply written before the note goes out all the same.
    let reply = world.send(&id, "On its way", 1);
    assert_eq!(outcome(&world.commands(&ben, vec![reply]).await[0]), ("done", ""));
    // And the note does not count as an answer afterwards either.
    world.customer(&id, "and?").await;
    let long = world.give(
        &maria,
        "note",
        json!({"conversation": id,
        "body": {"kind": "note", "text": "x".repeat(4097)}}),
    );
    assert_eq!(outcome(&long.await), ("refused", "too_long"));
    let now = world.seen(&ben, &id).await.unwrap();
    assert!(now["waiting_since"].is_i64(), "{now}");
}

#[tokio::test(start_paused = true)]
async fn m14_labels_are_sets_and_merge() {
    let world = World::new().await;
    let (owner, maria, ben) =
        (world.sign_in(OWNER).await, world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let id = world.conversation(&["hello"]).await;
    let mut labels = Vec::new();
    for (name, colour) in [("VIP", "red"), ("Order", "#00ff00"), ("Late", "blue")] {
        let made = world.office(&owner, "POST", "labels", json!({"name": name, "colour": colour}));
        labels.push(made.await.ok()["id"].as_str().unwrap().to_owned());
    }
    // Two people, each without the other's knowledge.
    let one = json!({"conversation": id, "add": [labels[0], labels[1]]});
    let two = json!({"conversation": id, "add": [labels[1], labels[2]], "remove": [labels[0]]});
    assert_eq!(outcome(&world.give(&maria, "label", one).await), ("done", ""));
    assert_eq!(outcome(&world.give(&ben, "label", two.clone()).await), ("done", ""));
    let mut expected = vec![labels[1].clone(), labels[2].clone()];
    expected.sort();
    assert_eq!(world.seen(&maria, &id).await.unwrap()["labels"], json!(expected));
    let lines = world.messages(&maria, &id).await;
    assert_eq!(lines[2]["body"]["type"], "labelled");
    assert_eq!(lines[2]["body"]["by"], json!({"kind": "agent", "id": world.member(BEN)}));
    // Nothing to do writes no line.
    assert_eq!(outcome(&world.give(&ben, "label", two).await), ("done", ""));
    assert_eq!(world.messages(&maria, &id).await.len(), 3);
    let unknown = json!({"conversation": id, "add": ["nonsense"]});
    let refused = world.give(&ben, "label", unknown).await;
    assert_eq!(
        (outcome(&refused), &refused["details"]),
        (("refused", "malformed"), &json!({"field": "add"}))
    );
    // A contact carries its own.
    let contact = world.seen(&maria, &id).await.unwrap()["contact_id"].clone();
    let since = world.cursor(&ben).await;
    world.give(&maria, "label", json!({"contact": contact, "add": [labels[0]]})).await;
    let page = world.changes(&ben, &since).await.ok();
    assert_eq!(page["changes"][0]["object"]["labels"], json!([labels[0]]));
    // A deleted label goes from everything.
    world.office(&owner, "DELETE", &format!("labels/{}", labels[1]), Value::Null).await.ok();
    assert_eq!(world.seen(&maria, &id).await.unwrap()["labels"], json!([labels[2]]));
}

#[tokio::test(start_paused = true)]
async fn m14_a_status_changed_meanwhile_says_who_when_and_what() {
    let world = World::new().await;
    let (maria, ben) = (world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let id = world.conversation(&["hello"]).await;
    let set =
        |was: &str, to: &str| json!({"conversation": id, "was": was, "to": to, "based_on_n": 1});
    assert_eq!(outcome(&world.give(&maria, "status", set("open", "resolved")).await), ("done", ""));
    let at = world.now();
    let late = world.give(&ben, "status", set("open", "pending")).await;
    assert_eq!(outcome(&late), ("refused", "changed"));
    let by = json!({"kind": "agent", "id": world.member(MARIA)});
    assert_eq!(late["details"], json!({"by": by, "at": at, "now": {"kind": "resolved"}}));
    // Who wanted the same has it.
    assert_eq!(outcome(&world.give(&ben, "status", set("open", "resolved")).await), ("done", ""));
    // A customer's message opened it again, whoever had resolved it.
    world.sql().execute("UPDATE conversations SET status = 'open'", []).unwrap();
    let late = world.give(&ben, "status", set("resolved", "pending")).await;
    assert_eq!(late["details"]["by"], json!({"kind": "customer"}));
    assert_eq!(late["details"]["now"], json!({"kind": "open"}));
    let seen = world.seen(&ben, &id).await.unwrap();
    assert_eq!(seen["status"], json!({"kind": "open"}));
    let events = world.messages(&ben, &id).await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[1]["body"]["to"], json!({"kind": "resolved"}));
    assert_eq!((&events[1]["author"], &seen["unread"]), (&json!({"kind": "system"}), &json!(1)));
    // The list shows the customer's text, not the line.
    assert_eq!(seen["last_message"]["body"]["text"], "hello");
}

#[tokio::test(start_paused = true)]
async fn m14_a_status_that_comes_late_buries_no_message_that_came_meanwhile() {
    let world = World::new().await;
    let maria = world.sign_in(MARIA).await;
    for (to, more) in [
        ("resolved", json!({})),
        ("pending", json!({})),
        ("snoozed", json!({"until": world.now() + 3_600_000})),
    ] {
        let id = world.conversation(&["hello"]).await;
        let mut wish = json!({"conversation": id, "was": "open", "to": to, "based_on_n": 1});
        wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        // She had seen the first message; the customer wrote again before her phone got through.
        world.customer(&id, "one more thing").await;
        assert_eq!(outcome(&world.give(&maria, "status", wish.clone()).await), ("done", ""));
        let seen = world.seen(&maria, &id).await.unwrap();
        assert_eq!(seen["status"], json!({"kind": "open"}), "{to}");
        assert_eq!(seen["unread"], 2);
        // It was set, and the later message opened it again: both stand in the conversation.
        let lines = world.messages(&maria, &id).await;
        assert_eq!(lines.last().unwrap()["body"]["to"]["kind"], to);
        assert_eq!(seen["last_n"], 3);
        // What a colleague or the team itself wrote since is no reason.
        let note = json!({"conversation": id, "body": {"kind": "note", "text": "n"}});
        world.give(&maria, "note", note).await;
        wish["based_on_n"] = 2.into();
        assert_eq!(outcome(&world.give(&maria, "status", wish.clone()).await), ("done", ""));
        assert_eq!(world.seen(&maria, &id).await.unwrap()["status"]["kind"], to);
        // Set by her, not by a customer's message.
        let late = json!({"conversation": id, "was": "open", "to": "open"});
        assert_eq!(outcome(&world.give(&maria, "status", late).await), ("refused", "changed"));
        let bad = json!({"conversation": id, "was": to, "to": "open", "based_on_n": "x"});
        assert_eq!(outcome(&world.give(&maria, "status", bad).await), ("refused", "malformed"));
    }
}

#[tokio::test(start_paused = true)]
async fn m14_a_lost_claim_says_who_and_when() {
    let world = World::new().await;
    let (maria, ben, owner) =
        (world.sign_in(MARIA).await, world.sign_in(BEN).await, world.sign_in(OWNER).await);
    let id = world.conversation(&["hello"]).await;
    let claim = |who: &str| json!({"conversation": id, "was": to_nobody(), "to": to_member(&world.member(who)), "based_on_n": 1});
    assert_eq!(outcome(&world.give(&maria, "assign", claim(MARIA)).await), ("done", ""));
    // Ben does not see it any more.
    let lost = world.give(&ben, "assign", claim(BEN)).await;
    assert_eq!((outcome(&lost), &lost["reason"]), (("refused", "not_yours"), &json!("R9")));
    // A manager does, and is told.
    let lost = world.give(&owner, "assign", claim(BEN)).await;
    assert_eq!(outcome(&lost), ("refused", "changed"));
    assert_eq!(lost["details"]["by"]["id"], world.member(MARIA).as_str());
    assert_eq!(lost["details"]["now"], to_member(&world.member(MARIA)));
    let strange = json!({"conversation": id, "was": to_member(&world.member(MARIA)),
        "to": {"kind": "team", "id": "t"}});
    assert_eq!(world.give(&maria, "assign", strange).await["details"]["field"], "to");
    let seen = world.seen(&maria, &id).await.unwrap();
    assert_eq!((&seen["assignee"], seen.get("team")), (&json!(world.member(MARIA)), None));
}

#[tokio::test(start_paused = true)]
async fn m10_people_take_over_from_the_ai_and_give_back() {
    let world = World::new().await;
    let maria = world.sign_in(MARIA).await;
    let id = world.conversation(&["hello"]).await;
    let ai = json!({"conversation": id, "was": to_nobody(), "to": {"kind": "ai"}});
    assert_eq!(outcome(&world.give(&maria, "assign", ai).await), ("done", ""));
    let seen = world.seen(&maria, &id).await.unwrap();
    assert_eq!((&seen["handler"], seen.get("assignee")), (&json!("ai"), None));
    let take = json!({"conversation": id});
    assert_eq!(outcome(&world.give(&maria, "take_over", take.clone()).await), ("done", ""));
    let seen = world.seen(&maria, &id).await.unwrap();
    assert_eq!(
        (&seen["handler"], &seen["assignee"]),
        (&json!("human"), &json!(world.member(MARIA)))
    );
    // The pause has an end that everybody sees.
    assert_eq!(seen["ai_resumes_at"], world.now() + 3_600_000);
    let again = world.messages(&maria, &id).await.len();
    assert_eq!(outcome(&world.give(&maria, "take_over", take.clone()).await), ("done", ""));
    assert_eq!(world.messages(&maria, &id).await.len(), again);
    assert_eq!(outcome(&world.give(&maria, "hand_back", take).await), ("done", ""));
    let seen = world.seen(&maria, &id).await.unwrap();
    assert_eq!((&seen["handler"], seen.get("ai_resumes_at")), (&json!("ai"), None));
    assert_eq!(seen["assignee"], world.member(MARIA).as_str());
    let kinds: Vec<Value> = world
        .messages(&maria, &id)
        .await
        .iter()
        .skip(1)
        .map(|m| m["body"]["type"].clone())
        .collect();
    assert_eq!(kinds, ["assigned", "taken_over", "handed_back"]);
}

#[tokio::test(start_paused = true)]
async fn e11_a_shift_is_seen_by_all() {
    let world = World::new().await;
    let (maria, ben) = (world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let since = world.cursor(&ben).await;
    assert_eq!(outcome(&world.give(&maria, "shift", json!({"on": false})).await), ("done", ""));
    let page = world.changes(&ben, &since).await.ok();
    assert_eq!(rows(&page), [("member".to_owned(), world.member(MARIA))]);
    assert_eq!(page["changes"][0]["object"]["shift"], json!({"on": false, "since": world.now()}));
    let head = world.head();
    assert_eq!(outcome(&world.give(&maria, "shift", json!({"on": false})).await), ("done", ""));
    assert_eq!(world.head(), head);
}

#[tokio::test(start_paused = true)]
async fn s13_the_owner_says_that_the_app_was_opened() {
    let world = World::new().await;
    let owner = world.sign_in(OWNER).await;
    let done = world.give(&owner, "owner_app_opened", json!({"channel": world.channel})).await;
    assert_eq!(outcome(&done), ("done", ""));
    let start = world.get(&owner, "/v1/bootstrap").await.ok();
    // Told by the minute.
    let minute = world.now() / 60_000 * 60_000;
    assert_eq!(start["channels"][0]["last_sign_of_life"], minute);
    let strange = world.give(&owner, "owner_app_opened", json!({"channel": "x"})).await;
    assert_eq!(strange["details"]["field"], "channel");
}

#[tokio::test(start_paused = true)]
async fn m14_a_contacts_field_changed_meanwhile_shows_both_values() {
    let world = World::new().await;
    let (maria, ben) = (world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let id = world.conversation(&["hello"]).await;
    let contact = world.seen(&maria, &id).await.unwrap()["contact_id"].clone();
    let edit = |field: &str, was: Value, to: Value| json!({"contact": contact, "field": field, "was": was, "to": to});
    let since = world.cursor(&ben).await;
    let done =
        world.give(&maria, "edit_contact", edit("name", "Ana".into(), "Ana P.".into())).await;
    assert_eq!(outcome(&done), ("done", ""));
    let at = world.now();
    let page = world.changes(&ben, &since).await.ok();
    assert_eq!(page["changes"][0]["object"]["name"], "Ana P.");
    let late = world.give(&ben, "edit_contact", edit("name", "Ana".into(), "Anna".into())).await;
    let by = json!({"kind": "agent", "id": world.member(MARIA)});
    assert_eq!(late["details"], json!({"by": by, "at": at, "now": "Ana P."}));
    // A profile name that comes later does not undo the person's.
    world.sql().execute("UPDATE contacts SET name = 'ana99'", []).unwrap();
    let start = world.get(&maria, "/v1/bootstrap").await.ok();
    assert_eq!(start["contacts"][0]["name"], "Ana P.");
    let done = world.give(&ben, "edit_contact", edit("language", Value::Null, "es".into())).await;
    assert_eq!(outcome(&done), ("done", ""));
    let start = world.get(&maria, "/v1/bootstrap").await.ok();
    assert_eq!(start["contacts"][0]["fields"], json!({"language": "es"}));
    let strange = json!({"contact": "x", "field": "name", "to": "y"});
    assert_eq!(outcome(&world.give(&ben, "edit_contact", strange).await), ("refused", "not_yours"));
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_is_refused_with_how_much_may_be() {
    let world = World::new().await;
    let maria = world.sign_in(MARIA).await;
    let id = world.conversation(&["hello"]).await;
    let many: Vec<_> = (0..101).map(|n| n.to_string()).collect();
    let refused = world.give(&maria, "label", json!({"conversation": id, "add": many})).await;
    assert_eq!(outcome(&refused), ("refused", "too_many_items"));
    assert_eq!(refused["details"], json!({"field": "add", "limit": 100, "count": 101}));
    let long = json!({"contact": "c", "field": "name", "to": "é".repeat(1001)});
    let refused = world.give(&maria, "edit_contact", long).await;
    assert_eq!(outcome(&refused), ("refused", "too_long"));
    assert_eq!(refused["details"], json!({"field": "to", "limit": 1000, "length": 1001}));
}

#[tokio::test(start_paused = true)]
async fn s22_a_role_without_the_right_is_refused() {
    let world = World::new().await;
    let (owner, maria) = (world.sign_in(OWNER).await, world.sign_in(MARIA).await);
    let id = world.conversation(&["hello"]).await;
    let few = json!({"employee": ["note"]});
    world.office(&owner, "PUT", "rights", few).await.ok();
    let commands = vec![
        world.send(&id, "hi", 1),
        world.command("label", json!({"conversation": id, "add": []})),
        world.command("status", json!({"conversation": id, "was": "open", "to": "resolved"})),
        world.command(
            "assign",
            json!({"conversation": id, "was": to_nobody(), "to": {"kind": "ai"}}),
        ),
        world.command("take_over", json!({"conversation": id})),
        world.command("hand_back", json!({"conversation": id})),
        world.command("owner_app_opened", json!({"channel": world.channel})),
        world.command("edit_contact", json!({"contact": "c", "field": "name", "to": "x"})),
    ];
    let count = commands.len();
    let refused = world.commands(&maria, commands).await;
    assert_eq!(refused.iter().filter(|a| outcome(a) == ("refused", "not_allowed")).count(), count);
    let note = json!({"conversation": id, "body": {"kind": "note", "text": "mine"}});
    assert_eq!(outcome(&world.give(&maria, "note", note).await), ("done", ""));
    let read = json!({"conversation": id, "up_to_n": 1});
    assert_eq!(outcome(&world.give(&maria, "read", read).await), ("done", ""));
    // Who may not answer here takes nothing off the others' list and sets no blue tick.
    let seen = world.seen(&maria, &id).await.unwrap();
    assert_eq!((&seen["unread"], &seen["read_up_to_n"]), (&json!(1), &json!(0)));
    assert_eq!(world.one::<i64>("SELECT n FROM my_reads"), 1);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM read_marks"), 0);
}

#[tokio::test(start_paused = true)]
async fn d8_every_command_leaves_a_row_and_no_text() {
    let world = World::new().await;
    let (owner, maria) = (world.sign_in(OWNER).await, world.sign_in(MARIA).await);
    let id = world.conversation(&["hello"]).await;
    let reply = world.send(&id, "canary-text", 1);
    let note = world.command(
        "note",
        json!({"conversation": id, "body": {"kind": "note", "text": "canary-note"}}),
    );
    let done = world.commands(&maria, vec![reply.clone(), reply, note]).await;
    assert!(done.iter().all(|answer| outcome(answer) == ("done", "")));
    let page = world.office(&owner, "GET", &format!("audit?object={id}"), Value::Null).await.ok();
    let rows = page["rows"].as_array().unwrap();
    // A repeat leaves none.
    let what: Vec<&str> = rows.iter().map(|row| row["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["note", "send"]);
    assert_eq!(
        (&rows[0]["member"], &rows[0]["device"]),
        (&json!(world.member(MARIA)), &json!(maria.device))
    );
    let all = world.office(&owner, "GET", "audit", Value::Null).await.ok().to_string();
    assert!(all.contains("signed_in") && !all.contains("canary"), "{all}");
    let none = world.office(&maria, "GET", "audit", Value::Null).await;
    assert_eq!(none.error(), (403, "not_allowed"));
}

//! The office's own lists and settings: experience.md D1-D9, S22.

use serde_json::{Value, json};

use crate::world::{BEN, MARIA, OWNER, World, device, to_member};

#[tokio::test(start_paused = true)]
async fn s22_every_address_of_the_office_needs_its_right() {
    let world = World::new().await;
    let (owner, maria) = (world.sign_in(OWNER).await, world.sign_in(MARIA).await);
    let id = world.conversation(&["a"]).await;
    world.office(&owner, "PUT", "rights", json!({"employee": []})).await.ok();
    let wishes = [
        ("GET", "workspace", Value::Null),
        ("PATCH", "workspace", json!({})),
        ("POST", "workspace/preview", json!({"members_see_unassigned": false})),
        ("GET", "hours", Value::Null),
        ("PUT", "hours", json!({})),
        ("PUT", "rights", json!({})),
        ("GET", "members", Value::Null),
        ("POST", "members", json!({"name": "N", "email": "n@e.test", "role": "employee"})),
        ("PATCH", "members/x", json!({})),
        ("DELETE", "members/x", Value::Null),
        ("POST", "members/x/link-code", Value::Null),
        ("GET", "devices", Value::Null),
        ("POST", "devices/x/revoke", Value::Null),
        ("GET", "teams", Value::Null),
        ("POST", "teams", json!({"name": "T"})),
        ("PATCH", "teams/x", json!({})),
        ("DELETE", "teams/x", Value::Null),
        ("GET", "labels", Value::Null),
        ("POST", "labels", json!({"name": "L"})),
        ("PATCH", "labels/x", json!({})),
        ("DELETE", "labels/x", Value::Null),
        ("GET", "quick-replies", Value::Null),
        ("POST", "quick-replies", json!({"shortcut": "s", "text": "t"})),
        ("PATCH", "quick-replies/x", json!({})),
        ("DELETE", "quick-replies/x", Value::Null),
        ("POST", "bulk", json!({"conversations": [id], "change": {"kind": "close"}})),
        ("GET", "audit", Value::Null),
        ("GET", "contacts", Value::Null),
        ("POST", "contacts/merge", json!({"from": "a", "into": "b"})),
        ("DELETE", "contacts/x", Value::Null),
        ("GET", "contacts/x/export", Value::Null),
    ];
    let head = world.head();
    for (method, path, body) in wishes {
        let refused = world.office(&maria, method, path, body.clone()).await;
        assert_eq!(refused.error(), (403, "not_allowed"), "{method} {path}");
        let stranger = world
            .call(method, &format!("/v1/office/{path}"), None, (!body.is_null()).then_some(&body))
            .await;
        assert_eq!(stranger.error(), (401, "token"), "{method} {path}");
        // The owner has it: whatever comes is not that.
        let answer = world.office(&owner, "GET", path, Value::Null).await;
        assert_ne!(answer.status, 403, "{path}");
    }
    assert_eq!(world.head(), head);
    // One's own rights are no secret.
    assert_eq!(
        world.office(&maria, "GET", "rights", Value::Null).await.ok()["employee"],
        json!([])
    );
}

#[tokio::test(start_paused = true)]
async fn s22_nobody_lifts_themselves_above_their_role() {
    let world = World::new().await;
    let (owner, maria) = (world.sign_in(OWNER).await, world.sign_in(MARIA).await);
    let mine = format!("members/{}", world.member(MARIA));
    world.office(&owner, "PATCH", &mine, json!({"role": "manager"})).await.ok();
    let up = world.office(&maria, "PATCH", &mine, json!({"role": "owner"})).await;
    assert_eq!(up.error(), (403, "not_allowed"));
    let owners = format!("members/{}", world.member(OWNER));
    for (method, path, body) in [
        ("PATCH", owners.clone(), json!({"role": "employee"})),
        ("DELETE", owners.clone(), Value::Null),
        ("POST", format!("{owners}/link-code"), Value::Null),
        ("POST", "members".into(), json!({"name": "N", "email": "n@e.test", "role": "owner"})),
        ("PUT", "rights".into(), json!({"manager": ["erase"]})),
    ] {
        assert_eq!(
            world.office(&maria, method, &path, body).await.error(),
            (403, "not_allowed"),
            "{path}"
        );
    }
    let last = world.office(&owner, "PATCH", &owners, json!({"role": "employee"})).await;
    assert_eq!(last.error(), (409, "last_owner"));
    world.office(&owner, "PATCH", &mine, json!({"role": "owner"})).await.ok();
    assert!(
        world
            .office(&owner, "PATCH", &owners, json!({"role": "employee"}))
            .await
            .status
            .is_success()
    );
}

#[tokio::test(start_paused = true)]
async fn s22_who_may_see_to_members_reaches_no_higher_than_themselves() {
    let world = World::new().await;
    let (owner, maria) = (world.sign_in(OWNER).await, world.sign_in(MARIA).await);
    world.office(&owner, "PUT", "rights", json!({"employee": ["members"]})).await.ok();
    let boss = json!({"name": "Mona", "email": "mona@example.test", "role": "manager"});
    let made = world.office(&owner, "POST", "members", boss).await.ok();
    let boss = format!("members/{}", made["member"]["id"].as_str().unwrap());
    let mine = format!("members/{}", world.member(MARIA));
    for (method, path, body) in [
        ("PATCH", mine.clone(), json!({"role": "manager"})),
        ("PATCH", boss.clone(), json!({"name": "No"})),
        ("PATCH", boss.clone(), json!({"role": "employee"})),
        // A link code signs its holder in as that member.
        ("POST", format!("{boss}/link-code"), Value::Null),
        ("DELETE", boss, Value::Null),
        ("POST", "members".into(), json!({"name": "N", "email": "n@e.test", "role": "manager"})),
    ] {
        let refused = world.office(&maria, method, &path, body).await;
        assert_eq!(refused.error(), (403, "not_allowed"), "{method} {path}");
    }
    let equal = json!({"name": "N", "email": "n@e.test", "role": "employee"});
    world.office(&maria, "POST", "members", equal).await.ok();
    world.office(&maria, "PATCH", &mine, json!({"name": "Mary"})).await.ok();
}

#[tokio::test(start_paused = true)]
async fn d3_who_left_may_come_back_under_the_same_email() {
    let world = World::new().await;
    let (owner, maria) = (world.sign_in(OWNER).await, world.sign_in(MARIA).await);
    let was = world.member(MARIA);
    let wish = json!({"name": "Maria", "email": MARIA, "role": "employee"});
    let here = world.office(&owner, "POST", "members", wish.clone()).await;
    assert_eq!(here.error(), (409, "taken"));
    world.office(&owner, "DELETE", &format!("members/{was}"), Value::Null).await;
    let back = world.office(&owner, "POST", "members", wish).await.ok();
    assert_ne!(back["member"]["id"], was.as_str());
    // The code signs her in on another phone; the one that was wiped stays out.
    let code = back["link_code"]["link_code"].clone();
    let enter = |id: String| json!({"link_code": code.clone(), "device": device(&id)});
    let old = world.post("/v1/session", enter(maria.device.clone())).await;
    assert_eq!(old.error(), (409, "device_taken"));
    world.post("/v1/session", enter(world.uuid())).await.ok();
    assert_eq!(world.get(&maria, "/v1/scope").await.error(), (401, "device_revoked"));
    // She left twice, and may be asked for by the operator all the same.
    let again = back["member"]["id"].as_str().unwrap();
    world.office(&owner, "DELETE", &format!("members/{again}"), Value::Null).await;
    let devices = world.platform.office().devices(MARIA).await.unwrap();
    assert_eq!(devices.devices.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn d8_what_the_operator_does_leaves_a_row_too() {
    let world = World::new().await;
    let owner = world.sign_in(OWNER).await;
    world.platform.office().link_code(BEN).await.unwrap();
    let page = world.office(&owner, "GET", "audit", Value::Null).await.ok();
    let rows = page["rows"].as_array().unwrap().iter().rev();
    let what: Vec<_> = rows
        .filter(|row| row["actor"] == "operator")
        .map(|row| (row["what"].as_str().unwrap(), row["object"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(
        what,
        [
            ("workspace_made", world.workspace.clone()),
            ("member_added", world.member(OWNER)),
            ("member_added", world.member(MARIA)),
            ("member_added", world.member(BEN)),
            ("channel_added", world.channel.clone()),
            ("link_code_made", world.member(BEN)),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn d9_options_are_checked_kept_and_shown_to_phones() {
    let world = World::new().await;
    let (owner, maria) = (world.sign_in(OWNER).await, world.sign_in(MARIA).await);
    let since = world.cursor(&maria).await;
    let wish = json!({
        "name": "Bloom & Co", "greeting_texts": ["We are closed."], "audit_days": 90,
        "options": {"lock_screen": "nothing", "days_without_contact": 3},
    });
    let made = world.office(&owner, "PATCH", "workspace", wish).await.ok();
    assert_eq!((&made["name"], &made["audit_days"]), (&json!("Bloom & Co"), &json!(90)));
    let page = world.changes(&maria, &since).await.ok();
    let told = &page["changes"][0]["object"];
    assert_eq!(
        (&told["name"], &told["greeting_texts"]),
        (&json!("Bloom & Co"), &json!(["We are closed."]))
    );
    assert_eq!(told["options"]["lock_screen"], "nothing");
    assert_eq!(told["options"]["blue_ticks"], true);
    assert_eq!(world.office(&owner, "GET", "workspace", Value::Null).await.ok(), made);
    for (wish, field) in [
        (json!({"name": " "}), "name"),
        (json!({"audit_days": 29}), "audit_days"),
        (json!({"greeting_texts": [""]}), "greeting_texts"),
        (json!({"options": {"guard": "x"}}), "options.guard"),
        (json!({"options": {"typing_shown": true, "blue_ticks": false}}), "options.typing_shown"),
    ] {
        let refused = world.office(&owner, "PATCH", "workspace", wish).await;
        assert_eq!(
            (refused.error(), &refused.details()["field"]),
            ((400, "malformed"), &json!(field))
        );
    }
    let hours = json!({
        "time_zone": "Europe/Madrid", "ai_pause_minutes": 15,
        "week": [{"day": "monday", "from": "09:00", "to": "18:00"}],
        "holidays": [{"date": "2026-12-25", "name": "Christmas"}],
        "outside": {"kind": "text", "text": "We are closed."},
    });
    world.office(&owner, "PUT", "hours", hours.clone()).await.ok();
    assert_eq!(world.office(&owner, "GET", "hours", Value::Null).await.ok(), hours);
    let bad = json!({"week": [{"day": "monday", "from": "18:00", "to": "09:00"}]});
    assert_eq!(world.office(&owner, "PUT", "hours", bad).await.details()["field"], "week");
}

#[tokio::test(start_paused = true)]
async fn d1_a_bulk_change_says_how_to_undo_it() {
    let world = World::new().await;
    let owner = world.sign_in(OWNER).await;
    let ids = [world.conversation(&["a"]).await, world.conversation(&["b"]).await];
    world.assign(&ids[1], Some(&world.member(BEN))).await;
    let label = world.office(&owner, "POST", "labels", json!({"name": "VIP"})).await.ok();
    let bulk = |change: Value| {
        let (world, owner, ids) = (&world, &owner, &ids);
        async move {
            let all = json!({"conversations": [ids[0], ids[1], "strange"], "change": change});
            world.office(owner, "POST", "bulk", all).await
        }
    };
    let states = || async {
        let mut states = Vec::new();
        for id in &ids {
            let seen = world.seen(&owner, id).await.unwrap();
            states.push(json!([seen["assignee"], seen["labels"], seen["status"]]));
        }
        states
    };
    let before = states().await;
    for change in [
        json!({"kind": "assign", "to": to_member(&world.member(MARIA))}),
        json!({"kind": "label", "add": [label["id"]]}),
        json!({"kind": "close"}),
    ] {
        let answer = bulk(change.clone()).await.ok();
        assert_eq!(answer["seq"], world.head());
        let results = answer["results"].as_array().unwrap();
        let changed: Vec<_> = results.iter().map(|result| result["changed"].clone()).collect();
        assert_eq!(changed, [true, true, false], "{change}");
        assert_ne!(states().await, before);
        for result in &results[..2] {
            let back = json!({"conversations": [result["conversation"]], "change": result["undo"]});
            world.office(&owner, "POST", "bulk", back).await.ok();
        }
        assert_eq!(states().await, before, "{change}");
    }
    // Also what waited for its customer or slept.
    let hour = world.now() + 3_600_000;
    for (id, to, until) in [(&ids[0], "pending", None), (&ids[1], "snoozed", Some(hour))] {
        let mut wish = json!({"conversation": id, "was": "open", "to": to});
        if let Some(until) = until {
            wish["until"] = until.into();
        }
        assert_eq!(world.give(&owner, "status", wish).await["outcome"], "done");
    }
    let before = states().await;
    let closed = bulk(json!({"kind": "close"})).await.ok();
    for result in &closed["results"].as_array().unwrap()[..2] {
        let back = json!({"conversations": [result["conversation"]], "change": result["undo"]});
        world.office(&owner, "POST", "bulk", back).await.ok();
    }
    assert_eq!(states().await, before);
    for bad in [
        json!({"kind": "status", "to": "odd"}),
        json!({"kind": "status", "to": "snoozed"}),
        json!({"kind": "status", "to": "snoozed", "until": world.now() + 367 * 24 * 3_600_000_i64}),
    ] {
        assert_eq!(bulk(bad.clone()).await.error(), (400, "malformed"), "{bad}");
    }
    assert_eq!(
        bulk(json!({"kind": "assign", "to": {"kind": "x"}})).await.details()["field"],
        "change.to"
    );
    assert_eq!(bulk(json!({"kind": "label", "add": ["x"]})).await.details()["field"], "change.add");
    let many = json!({"conversations": vec!["x"; 501], "change": {"kind": "close"}});
    assert_eq!(world.office(&owner, "POST", "bulk", many).await.details()["limit"], 500);
}

#[tokio::test(start_paused = true)]
async fn d8_the_audit_is_filtered_paged_and_kept_as_long_as_is_said() {
    let world = World::new().await;
    let owner = world.sign_in(OWNER).await;
    for n in 0..7 {
        world.office(&owner, "POST", "labels", json!({"name": format!("l{n}")})).await.ok();
    }
    let ask = |query: &str| {
        let (world, owner, path) = (&world, &owner, format!("audit?{query}"));
        async move { world.office(owner, "GET", &path, Value::Null).await }
    };
    let page = ask("what=label_made&limit=5").await.ok();
    assert_eq!(page["rows"].as_array().unwrap().len(), 5);
    let rest = ask(&format!("what=label_made&limit=5&before={}", page["next"])).await.ok();
    assert_eq!((rest["rows"].as_array().unwrap().len(), rest.get("next")), (2, None));
    let mine = ask(&format!("member={}&until={}", world.member(OWNER), world.now())).await.ok();
    assert_eq!(mine["rows"], json!([]));
    assert_eq!(ask("before=x").await.details()["field"], "before");
    assert_eq!(ask("limit=501").await.error(), (400, "malformed"));
    let day = 24 * 3_600_000_i64;
    world.sql().execute("UPDATE audit SET at = at - ?1 WHERE id % 2 = 0", [366 * day]).unwrap();
    let count = || world.one::<i64>("SELECT count(*) FROM audit");
    let before = count();
    world.platform.start();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(count(), before - before / 2);
    world.platform.stop().await;
}

#[tokio::test(start_paused = true)]
async fn names_are_one_of_a_kind_and_lists_have_an_end() {
    let world = World::new().await;
    let owner = world.sign_in(OWNER).await;
    for (path, first, second) in [
        ("labels", json!({"name": "VIP", "colour": "red"}), json!({"name": "Late"})),
        ("teams", json!({"name": "VIP"}), json!({"name": "Late"})),
        (
            "quick-replies",
            json!({"shortcut": "VIP", "text": "a"}),
            json!({"shortcut": "Late", "text": "b"}),
        ),
    ] {
        let made = world.office(&owner, "POST", path, first.clone()).await.ok();
        assert_eq!(world.office(&owner, "POST", path, first.clone()).await.error(), (409, "taken"));
        let other = world.office(&owner, "POST", path, second).await.ok();
        let one = format!("{path}/{}", other["id"].as_str().unwrap());
        assert_eq!(
            world.office(&owner, "PATCH", &one, first.clone()).await.error(),
            (409, "taken")
        );
        // Its own name is no one else's.
        let same = format!("{path}/{}", made["id"].as_str().unwrap());
        assert!(world.office(&owner, "PATCH", &same, first).await.status.is_success());
        assert_eq!(world.office(&owner, "DELETE", &one, Value::Null).await.status, 204);
        assert_eq!(
            world.office(&owner, "DELETE", &one, Value::Null).await.error(),
            (404, "not_found")
        );
    }
    for (path, wish, field) in [
        ("labels", json!({"name": "x", "colour": "#12345g"}), "colour"),
        ("labels", json!({"name": "x".repeat(61)}), "name"),
        ("teams", json!({"name": "x", "members": ["nobody"]}), "members"),
        ("quick-replies", json!({"shortcut": "a b", "text": "x"}), "shortcut"),
        ("quick-replies", json!({"shortcut": "a", "text": "{{strange}}"}), "text"),
        ("quick-replies", json!({"shortcut": "a", "text": "x", "language": "e s"}), "language"),
    ] {
        let refused = world.office(&owner, "POST", path, wish).await;
        assert_eq!(
            (refused.error(), &refused.details()["field"]),
            ((400, "malformed"), &json!(field)),
            "{path}"
        );
    }
    // What is too much is told with how much may be.
    let long = |count: usize| "é".repeat(count);
    for (method, path, wish, field, limit) in [
        ("POST", "labels", json!({"name": long(61)}), "name", 60),
        ("POST", "teams", json!({"name": long(101)}), "name", 100),
        ("POST", "quick-replies", json!({"shortcut": long(41), "text": "x"}), "shortcut", 40),
        ("POST", "quick-replies", json!({"shortcut": "a", "text": long(4097)}), "text", 4096),
        ("PATCH", "workspace", json!({"greeting_texts": [long(4097)]}), "greeting_texts", 4096),
        ("PATCH", "workspace", json!({"greeting_texts": vec!["x"; 21]}), "greeting_texts", 20),
        ("GET", &format!("contacts?q={}", "x".repeat(201)), Value::Null, "q", 200),
    ] {
        let refused = world.office(&owner, method, path, wish).await;
        assert_eq!(
            (refused.error(), refused.details()),
            ((400, "malformed"), &json!({"field": field, "limit": limit})),
            "{path}"
        );
    }
    for n in 1..500 {
        world.office(&owner, "POST", "labels", json!({"name": format!("l{n}")})).await.ok();
    }
    let full = world.office(&owner, "POST", "labels", json!({"name": "one more"})).await;
    assert_eq!((full.error(), &full.details()["limit"]), ((409, "limit"), &json!(500)));
}

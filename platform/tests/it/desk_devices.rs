//! Devices and members that are removed: protocol.md 1, experience.md D3, M17.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use fieldline_platform::Platform;
use fieldline_platform::feed::close::CloseCode;
use fieldline_platform::feed::live::LiveEvent;
use serde_json::{Value, json};
use tokio::time::advance;

use crate::world::{BEN, MARIA, OWNER, PASSWORD, Phone, World, settings, to_member, to_nobody};

async fn device(world: &World, owner: &Phone, id: &str) -> Value {
    let list = world.office(owner, "GET", "devices", Value::Null).await.ok();
    let devices = list["devices"].as_array().unwrap();
    devices.iter().find(|device| device["id"] == id).unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn d3_sign_out_and_wipe_is_asked_reached_confirmed() {
    let world = World::new().await;
    let (owner, maria) = (world.sign_in(OWNER).await, world.sign_in(MARIA).await);
    let id = world.conversation(&["hello"]).await;
    let reply = world.send(&id, "still goes", 1);
    let body = json!({"epoch": world.epoch(), "commands": [reply], "unsent": 3});
    world.call("POST", "/v1/commands", Some(&maria.access), Some(&body)).await.ok();
    let push = json!({"kind": "web_push", "address": "https://push.test/x", "account_tag": "a"});
    let path = format!("/v1/devices/{}/push", maria.device);
    assert_eq!(world.call("PUT", &path, Some(&maria.access), Some(&push)).await.status, 204);
    let seen = device(&world, &owner, &maria.device).await;
    assert_eq!(
        (&seen["unsent"], &seen["push"], &seen["wipe"]),
        (&json!(3), &json!("web_push"), &json!("none"))
    );
    let cursor = world.cursor(&maria).await;
    let mut live = world.platform.live(&maria.access, &cursor).await.unwrap();
    assert!(matches!(live.next().await, Some(LiveEvent::Text(_))));
    let revoke = format!("devices/{}/revoke", maria.device);
    let asked = world.office(&owner, "POST", &revoke, Value::Null).await.ok();
    assert_eq!((&asked["wipe"], asked.get("push")), (&json!("asked"), None));
    assert_eq!(live.next().await, Some(LiveEvent::Close(CloseCode::Ended)));
    advance(Duration::from_secs(5)).await;
    // Told on every way in, with the same token.
    let told = world.get(&maria, "/v1/scope").await;
    assert_eq!(told.error(), (401, "device_revoked"));
    let token = told.details()["wipe_token"].clone();
    assert_eq!(world.refresh(&maria.refresh).await.details()["wipe_token"], token);
    let again = world.try_sign_in(MARIA, PASSWORD, &maria.device).await;
    assert_eq!((again.error(), &again.details()["wipe_token"]), ((401, "device_revoked"), &token));
    let seen = device(&world, &owner, &maria.device).await;
    assert_eq!((&seen["wipe"], &seen["wipe_reached_at"]), (&json!("reached"), &json!(world.now())));
    for _ in 0..2 {
        let wiped = world.post("/v1/wiped", json!({"wipe_token": token})).await;
        assert_eq!(wiped.status, 204);
        advance(Duration::from_secs(5)).await;
    }
    let seen = device(&world, &owner, &maria.device).await;
    assert_eq!(
        (&seen["wipe"], &seen["wiped_at"]),
        (&json!("confirmed"), &json!(world.now() - 10_000))
    );
    for bad in
        [json!({"wipe_token": "x.y"}), json!({"wipe_token": format!("{}.AAAA", maria.device)})]
    {
        assert_eq!(world.post("/v1/wiped", bad).await.error(), (401, "token"));
    }
    // What was accepted still goes.
    assert_eq!(world.one::<String>("SELECT state FROM sends"), "waiting");
    // A repeat changes nothing, and another workspace's device is nobody's here.
    assert_eq!(world.office(&owner, "POST", &revoke, Value::Null).await.ok()["wipe"], "confirmed");
    assert_eq!(
        world.office(&owner, "POST", "devices/x/revoke", Value::Null).await.error(),
        (404, "not_found")
    );
    assert_eq!(world.one::<i64>("SELECT count(*) FROM audit WHERE what = 'device_revoked'"), 1);
}

#[tokio::test(start_paused = true)]
async fn d3_a_removed_member_holds_nothing_and_stays_out() {
    let world = World::new().await;
    let (owner, maria, ben) =
        (world.sign_in(OWNER).await, world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let id = world.conversation(&["hello"]).await;
    let team = json!({"name": "Orders", "members": [world.member(MARIA), world.member(BEN)]});
    world.office(&owner, "POST", "teams", team).await.ok();
    let claim =
        json!({"conversation": id, "was": to_nobody(), "to": to_member(&world.member(MARIA))});
    world.give(&maria, "assign", claim).await;
    let ben_since = world.cursor(&ben).await;
    let member = world.member(MARIA);
    let gone = world.office(&owner, "DELETE", &format!("members/{member}"), Value::Null).await;
    assert_eq!(gone.status, 204);
    assert_eq!(world.get(&maria, "/v1/scope").await.error(), (401, "device_revoked"));
    assert_eq!(
        world.try_sign_in(MARIA, PASSWORD, &world.uuid()).await.error(),
        (401, "wrong_credentials")
    );
    // Nobody's, as an act of the remover; the others hear of all of it.
    let page = world.changes(&ben, &ben_since).await.ok();
    let kinds: Vec<_> =
        page["changes"].as_array().unwrap().iter().map(|row| row["kind"].clone()).collect();
    assert_eq!(kinds, ["entered", "team", "member"]);
    let line = &page["changes"][0]["object"]["messages"][2];
    assert_eq!(line["body"]["by"], json!({"kind": "agent", "id": world.member(OWNER)}));
    assert_eq!(page["changes"][2]["gone"], true);
    let again = world.office(&owner, "DELETE", &format!("members/{member}"), Value::Null).await;
    assert_eq!(again.error(), (404, "not_found"));
    let last = format!("members/{}", world.member(OWNER));
    assert_eq!(
        world.office(&owner, "DELETE", &last, Value::Null).await.error(),
        (409, "last_owner")
    );
}

#[tokio::test(start_paused = true)]
async fn a_restored_store_keeps_removed_devices_and_members_out() {
    let world = World::new().await;
    let (owner, maria, ben) =
        (world.sign_in(OWNER).await, world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let file = world.dir.path().join("platform.db");
    world.sql().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let before = std::fs::read(&file).unwrap();
    let revoke = format!("devices/{}/revoke", ben.device);
    world.office(&owner, "POST", &revoke, Value::Null).await.ok();
    let path = format!("members/{}", world.member(MARIA));
    world.office(&owner, "DELETE", &path, Value::Null).await;
    let lines = std::fs::read_to_string(world.dir.path().join("revoked")).unwrap();
    assert_eq!(lines.lines().count(), 3);
    assert!(!lines.contains('@') && !lines.contains("Maria"));
    world.platform.stop().await;
    // An older copy comes back in place of the database; the file beside it stays.
    std::fs::write(&file, before).unwrap();
    let platform = Platform::open(settings(world.dir.path()), world.ports.clone()).await.unwrap();
    let world = World { platform, ..world };
    for phone in [&maria, &ben] {
        assert_eq!(world.get(phone, "/v1/scope").await.error(), (401, "device_revoked"));
    }
    assert!(world.get(&owner, "/v1/scope").await.status.is_success());
    assert_eq!(world.try_sign_in(MARIA, PASSWORD, &world.uuid()).await.error().0, 401);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM devices WHERE revoked_at IS NOT NULL"), 2);
    world.platform.stop().await;
    // Carried out once: a second start adds nothing.
    let head = world.head();
    Platform::open(settings(world.dir.path()), world.ports.clone()).await.unwrap().stop().await;
    assert_eq!(world.head(), head);
}

#[tokio::test(start_paused = true)]
async fn a_line_torn_by_a_crash_takes_no_other_line_along() {
    let world = World::new().await;
    let (owner, maria) = (world.sign_in(OWNER).await, world.sign_in(MARIA).await);
    let file = world.dir.path().join("revoked");
    std::fs::write(&file, r#"{"kind":"device","id":"abc"#).unwrap();
    let revoke = format!("devices/{}/revoke", maria.device);
    world.office(&owner, "POST", &revoke, Value::Null).await.ok();
    // The database loses it, the file does not.
    world.platform.stop().await;
    world.sql().execute("UPDATE devices SET revoked_at = NULL", []).unwrap();
    world.sql().execute("UPDATE sessions SET ended_at = NULL", []).unwrap();
    let platform = Platform::open(settings(world.dir.path()), world.ports.clone()).await.unwrap();
    let world = World { platform, ..world };
    assert_eq!(world.get(&maria, "/v1/scope").await.error(), (401, "device_revoked"));
}

#[tokio::test(start_paused = true)]
async fn what_a_device_brought_and_nobody_sent_goes_with_it() {
    let world = World::new().await;
    let (owner, maria) = (world.sign_in(OWNER).await, world.sign_in(MARIA).await);
    let ben = world.sign_in(BEN).await;
    let id = world.conversation(&["hello"]).await;
    let bring = |phone: &Phone, content: &'static str, sha256: &str, part: bool| {
        let range = format!("bytes 0-{}/{}", content.len() - 1, content.len() + usize::from(part));
        let request = Request::put(format!("/v1/media/{sha256}"))
            .header("Fieldline-Client", "test/1.0.0")
            .header("Authorization", format!("Bearer {}", phone.access))
            .header("Content-Range", range);
        world.raw(request.body(Body::from(content)).unwrap())
    };
    // SHA-256 of "abc", of "" followed by more, of "hello", of "world".
    let sent = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let begun = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let unsent = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let bens = "486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7";
    for (phone, content, hash, part) in [
        (&maria, "abc", sent, false),
        (&maria, "x", begun, true),
        (&maria, "hello", unsent, false),
        (&ben, "world", bens, false),
    ] {
        assert_eq!(bring(phone, content, hash, part).await.status, 204, "{content}");
    }
    let body = json!({"kind": "media", "mime": "application/pdf", "size": 3, "sha256": sent});
    let file = json!({"conversation": id, "body": body, "based_on_n": 1});
    assert_eq!(world.give(&maria, "send", file).await["outcome"], "done");
    let revoke = format!("devices/{}/revoke", maria.device);
    world.office(&owner, "POST", &revoke, Value::Null).await.ok();
    assert_eq!(world.one::<String>("SELECT group_concat(sha256) FROM uploads"), bens);
    // The files themselves go with the next sweep; what was accepted is still to be sent.
    world.platform.start();
    tokio::time::sleep(Duration::from_hours(2)).await;
    let names = |folder: &str| {
        let mut names: Vec<_> = std::fs::read_dir(world.dir.path().join(folder))
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
            .filter(|name| name != "part")
            .collect();
        names.sort();
        names
    };
    let mut kept = vec![sent.to_owned(), bens.to_owned()];
    kept.sort();
    assert_eq!((names("media"), names("media/part")), (kept, Vec::new()));
    world.platform.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_device_says_where_it_wants_to_be_rung_for_itself_alone() {
    let world = World::new().await;
    let (maria, ben) = (world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let path = format!("/v1/devices/{}/push", maria.device);
    let good = json!({"kind": "fcm", "address": "token", "account_tag": "work"});
    let put = |phone: Phone, body: Value| {
        let (world, path) = (&world, &path);
        async move { world.call("PUT", path, Some(&phone.access), Some(&body)).await }
    };
    assert_eq!(put(ben, good.clone()).await.error(), (404, "not_found"));
    assert_eq!(put(maria.clone(), good).await.status, 204);
    for (field, value) in [
        ("address", json!("")),
        ("address", json!("x".repeat(2049))),
        ("account_tag", json!("a\nb")),
    ] {
        let mut bad = json!({"kind": "apns", "address": "token", "account_tag": "work"});
        bad[field] = value;
        let answer = put(maria.clone(), bad).await;
        assert_eq!(
            (answer.error(), &answer.details()["field"]),
            ((400, "malformed"), &json!(field))
        );
    }
    let plain = json!({"kind": "web_push", "address": "http://push.test/", "account_tag": "w"});
    assert_eq!(put(maria.clone(), plain).await.details()["field"], "address");
    let strange = json!({"kind": "pigeon", "address": "a", "account_tag": "w"});
    assert_eq!(put(maria.clone(), strange).await.error(), (400, "malformed"));
    let kept = "SELECT push_kind || ' ' || push_address || ' ' || push_tag FROM devices WHERE push_kind IS NOT NULL";
    assert_eq!(world.one::<String>(kept), "fcm token work");
    // Who signs out is rung no more.
    world.call("DELETE", "/v1/session", Some(&maria.access), None).await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM devices WHERE push_kind IS NOT NULL"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_phone_learns_which_of_its_sends_are_missing() {
    let world = World::new().await;
    let (maria, ben) = (world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let id = world.conversation(&["hello"]).await;
    let (sent, refused) = (world.send(&id, "here", 1), world.send(&id, &"x".repeat(5000), 1));
    world.commands(&maria, vec![sent.clone(), refused.clone()]).await;
    let lost = world.uuid();
    let ask = json!({"ids": [sent["id"], lost, refused["id"]]});
    let known = |phone: Phone, body: Value| {
        let world = &world;
        async move { world.call("POST", "/v1/messages/known", Some(&phone.access), Some(&body)).await }
    };
    assert_eq!(known(maria.clone(), ask.clone()).await.ok(), json!({"missing": [lost]}));
    // Another's are not told from what is not there.
    assert_eq!(known(ben, ask.clone()).await.ok()["missing"], ask["ids"]);
    let many = json!({"ids": vec!["x"; 1001]});
    let answer = known(maria.clone(), many).await;
    assert_eq!((answer.error(), &answer.details()["limit"]), ((400, "malformed"), &json!(1000)));
    assert_eq!(known(maria, json!({"ids": [""]})).await.error(), (400, "malformed"));
}

#[tokio::test(start_paused = true)]
async fn who_was_invited_signs_in_by_code_and_is_no_easier_to_guess() {
    let world = World::new().await;
    let owner = world.sign_in(OWNER).await;
    let wish = json!({"name": "Omar", "email": "Omar@example.test", "role": "employee"});
    let made = world.office(&owner, "POST", "members", wish.clone()).await.ok();
    assert_eq!(made["member"]["email"], "omar@example.test");
    let taken = world.office(&owner, "POST", "members", wish).await;
    assert_eq!((taken.error(), &taken.details()["field"]), ((409, "taken"), &json!("email")));
    // Without a password none fits, and the answer is everybody's.
    let wrong = world.try_sign_in("omar@example.test", "none", &world.uuid()).await;
    assert_eq!(
        wrong.json,
        world.try_sign_in("nobody@example.test", "none", &world.uuid()).await.json
    );
    let id = world.uuid();
    let code =
        json!({"link_code": made["link_code"]["link_code"], "device": crate::world::device(&id)});
    let omar = Phone::of(&id, &world.post("/v1/session", code).await.ok());
    assert!(world.get(&omar, "/v1/scope").await.status.is_success());
    let short = world.office(&omar, "PUT", "password", json!({"password": "short"})).await;
    assert_eq!(short.details()["field"], "password");
    let set = world.office(&omar, "PUT", "password", json!({"password": "long enough"})).await;
    assert_eq!(set.status, 204);
    advance(Duration::from_mins(4)).await;
    let signed_in = world.try_sign_in("omar@example.test", "long enough", &world.uuid()).await;
    assert!(signed_in.status.is_success());
}

//! `webhooks replay`: the bodies alone make what stands in the store.

use serde_json::json;

use crate::meta_world::*;

/// A day with everything that webhooks make, and answers of our own between.
async fn day() -> World {
    let world = World::new().await;
    world.ana("wamid.1", "is somebody there?").await;
    let own = world.send(MARIA, "yes, me", 1).await;
    world.quiet().await;
    let now = world.now_s();
    world.webhook(&[status_of("wamid.out.1", "delivered", now)]).await;
    world.webhook(&[status_of("wamid.out.1", "read", now + 3)]).await;
    world.webhook(&[echo(ANA, "wamid.echo", "and me, the owner", now + 4)]).await;
    // Meta may echo what we sent; the bodies alone cannot know that it is ours.
    world.webhook(&[echo(ANA, "wamid.out.1", "yes, me", now + 5)]).await;
    world.webhook(&[customer(ANA, "wamid.2", "thanks", now + 6)]).await;
    // A repeat, and a body that nobody can read.
    world.webhook(&[customer(ANA, "wamid.2", "thanks", now + 6)]).await;
    world.raw(b"{".to_vec()).await;
    world.quiet().await;
    assert_eq!(world.state(&own), "accepted read -");
    world
}

#[tokio::test(start_paused = true)]
async fn the_bodies_alone_make_what_stands_here() {
    let world = day().await;
    let report = world.replay().await;
    assert_eq!(report.differences, []);
    assert!(report.equal && report.complete);
    // Seven bodies that can be read; Ana, her two messages, the owner's, one status, the channel.
    assert_eq!((report.bodies, report.pending, report.failed, report.compared), (7, 0, 0, 6));
    let left: Vec<_> =
        std::fs::read_dir(world.data()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("replay")), "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn what_the_bodies_do_not_make_is_named_without_a_person() {
    for (tamper, what, about) in [
        ("UPDATE messages SET body = '{}' WHERE wamid = 'wamid.2'", "other", "message"),
        ("UPDATE messages SET wamid = 'wamid.3' WHERE wamid = 'wamid.2'", "extra", "message"),
        ("UPDATE contacts SET name = 'Somebody'", "other", "contact"),
        (
            "UPDATE messages SET times = '{\"queued\":1}', step = 'sent' WHERE wamid = 'wamid.out.1'",
            "other",
            "status",
        ),
        ("UPDATE lines SET heard_at = 5", "other", "channel"),
    ] {
        let world = day().await;
        world.sql().execute_batch(tamper).unwrap();
        let report = world.replay().await;
        assert!(!report.equal, "{tamper}");
        let found = report.differences.iter().any(|d| (d.about, d.what) == (about, what));
        assert!(found, "{tamper} {report:?}");
        let text = json!(report).to_string();
        assert!(!text.contains(ANA) && !text.contains("wamid"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_was_fetched_since_is_no_difference() {
    let world = World::new().await;
    let image = json!({"id": "wamid.i", "timestamp": world.now_s().to_string(), "type": "image",
        "image": {"id": "5", "mime_type": "image/jpeg", "sha256": "", "caption": "the pipe"}});
    world.webhook(&[message(ANA, image)]).await;
    let change = |path: &str, value: &str| {
        let set = format!("UPDATE messages SET body = json_set(body, '$.{path}', json('{value}'))");
        world.sql().execute_batch(&set).unwrap();
    };
    for (path, value) in [("ready", "true"), ("media", "\"m\""), ("size", "5")] {
        change(path, value);
    }
    assert_eq!(world.replay().await.differences, []);
    change("caption", "\"another\"");
    assert!(!world.replay().await.equal);
}

/// A text of Ana's that quotes this message.
fn quoting(wamid: &str, quoted: &str, at_s: i64) -> serde_json::Value {
    message(
        ANA,
        json!({"id": wamid, "timestamp": at_s.to_string(), "type": "text",
        "text": {"body": "this one"}, "context": {"from": "34600", "id": quoted}}),
    )
}

fn with_user(mut change: serde_json::Value, user: &str) -> serde_json::Value {
    change["value"]["messages"][0]["from_user_id"] = user.into();
    change
}

#[tokio::test(start_paused = true)]
async fn what_persons_did_meanwhile_is_no_difference() {
    let world = day().await;
    let now = world.now_s();
    // A customer quotes what we sent, and a status teaches who they are.
    world.webhook(&[quoting("wamid.q", "wamid.out.1", now + 7)]).await;
    let taught = json!({"id": "wamid.out.1", "status": "played", "timestamp": (now + 8).to_string(),
        "recipient_id": ANA, "recipient_user_id": "ES.ana"});
    world.webhook(&[status(&taught)]).await;
    assert_eq!(world.replay().await.differences, []);
    // A contact that has no id left, for its number moved.
    world.webhook(&[customer("34699", "wamid.n", "hello", now)]).await;
    world.webhook(&[with_user(customer("34698", "wamid.u", "hello", now), "ES.u")]).await;
    world.webhook(&[with_user(customer("34699", "wamid.v", "hello", now), "ES.u")]).await;
    let gone = "SELECT count(*) FROM contacts WHERE phone IS NULL AND wa_user_id IS NULL";
    assert_eq!(world.one::<i64>(gone), 1);
    assert_eq!(world.replay().await.differences, []);
    // A manager joins two, an agent reacts where the owner had, and erases one.
    world
        .webhook(&[
            customer("34601", "wamid.j", "one", now),
            customer("34602", "wamid.k", "two", now),
        ])
        .await;
    let id = |phone: &str| {
        world.one::<String>(&format!("SELECT id FROM contacts WHERE phone = '{phone}'"))
    };
    let body = json!({"from": id("34601"), "into": id("34602")});
    assert_eq!(world.as_owner("POST", "/v1/office/contacts/merge", &body).await.0, 200);
    world
        .sql()
        .execute(
            "INSERT INTO reactions VALUES ('wamid.1', 'business', 'agent', 'maria', '👍', 1 << 53)",
            [],
        )
        .unwrap();
    world.webhook(&[customer("34601", "wamid.l", "still me", now)]).await;
    assert_eq!(world.replay().await.differences, []);
    let path = format!("/v1/office/contacts/{}", id("34602"));
    assert!(world.as_owner("DELETE", &path, &serde_json::Value::Null).await.0 < 300);
    let report = world.replay().await;
    assert_eq!(report.differences, []);
    assert!(!report.complete, "what was erased is not there to be run again");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_could_place_then_is_not_placed_now() {
    let world = World::new().await;
    let mut early = customer(ANA, "wamid.1", "before the number was ours", world.now_s());
    early["value"]["metadata"]["phone_number_id"] = "5151".into();
    world.webhook(&[early]).await;
    let event = json!({"entry": [{"id": "900", "time": world.now_s(), "changes": [
        {"field": "account_update", "value": {"event": "PARTNER_ADDED"}}]}]});
    world.raw(event.to_string().into_bytes()).await;
    world.quiet().await;
    world
        .sql()
        .execute(
            "INSERT INTO channels (id, workspace, phone_number_id, waba_id, display, display_digits,
                 token_sealed, created_at)
             SELECT 'h2', workspace, '5151', '900', '+34 700', '34700', token_sealed, 1 FROM channels",
            [],
        )
        .unwrap();
    assert_eq!(world.replay().await.differences, []);
}

/// Everything beside messages that webhooks alone make.
async fn beside() -> World {
    let world = day().await;
    let now = world.now_s();
    let meta = json!({"display_phone_number": "+34 600", "phone_number_id": PHONE_NUMBER_ID});
    let react = json!({"id": "wamid.r", "timestamp": now.to_string(), "type": "reaction",
        "reaction": {"message_id": "wamid.echo", "emoji": "👍"}});
    let book = json!({"field": "smb_app_state_sync", "value": {"metadata": meta, "state_sync": [
        {"type": "contact", "action": "add", "contact": {"full_name": "Ana", "phone_number": "34611"},
         "metadata": {"timestamp": now.to_string()}}]}});
    let wish = json!({"field": "user_preferences", "value": {"metadata": meta, "user_preferences": [
        {"wa_id": ANA, "category": "marketing_messages", "value": "stop", "timestamp": now}]}});
    let handed = json!({"field": "messaging_handovers", "value": {"type": "control_passed",
        "recipient": {"phone_number_id": PHONE_NUMBER_ID}, "timestamp": now}});
    let priced = json!({"id": "wamid.out.1", "status": "delivered", "timestamp": now.to_string(),
        "pricing": {"type": "regular", "category": "service", "pricing_model": "PMP"}});
    world
        .sql()
        .execute("INSERT INTO imports (channel, asked_at) VALUES ('h', ?1)", [world.now()])
        .unwrap();
    // It names no number, so that only the import that was asked for tells whose it is.
    let declined =
        json!({"field": "history", "value": {"history": [{"errors": [{"code": 2_593_109}]}]}});
    world.webhook(&[message(ANA, react), book, wish, handed, status(&priced), declined]).await;
    for (field, value) in [
        (
            "account_update",
            json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}}),
        ),
        ("security", json!({"display_phone_number": "34600", "event": "PIN_CHANGED"})),
    ] {
        let body = json!({"entry": [{"id": "b", "time": now, "changes": [{"field": field, "value": value}]}]});
        world.raw(body.to_string().into_bytes()).await;
    }
    world.quiet().await;
    world
}

#[tokio::test(start_paused = true)]
async fn reactions_imports_and_the_state_of_the_channel_are_compared_too() {
    let world = beside().await;
    let report = world.replay().await;
    assert_eq!(report.differences, []);
    assert!(report.complete);
    for (tamper, what, about) in [
        ("UPDATE reactions SET emoji = 'x'", "other", "reaction"),
        ("DELETE FROM reactions", "extra", "reaction"),
        ("UPDATE reactions SET target = 'wamid.2'", "missing", "reaction"),
        ("UPDATE imports SET declined_at = NULL", "other", "import"),
        ("UPDATE imports SET percent = 70", "other", "import"),
        ("UPDATE account_news SET event = 'DISABLED_UPDATE DISABLE'", "other", "channel_news"),
        ("DELETE FROM account_news", "extra", "channel_news"),
        ("UPDATE account_facts SET word = 'X'", "other", "account_fact"),
        ("UPDATE phone_book SET name = 'Bo'", "other", "phone_book"),
        ("UPDATE contacts SET marketing = 'wanted'", "other", "contact"),
        ("UPDATE handovers SET kind = 'x'", "other", "handover"),
        ("UPDATE prices SET category = 'utility'", "other", "price"),
    ] {
        let world = beside().await;
        world.sql().execute_batch(tamper).unwrap();
        let report = world.replay().await;
        let found = report.differences.iter().any(|d| (d.about, d.what) == (about, what));
        assert!(found, "{tamper} {report:?}");
        let text = json!(report).to_string();
        assert!(
            !text.contains(ANA) && !text.contains("wamid") && !text.contains("34611"),
            "{text}"
        );
    }
}

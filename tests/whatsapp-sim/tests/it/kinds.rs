//! Sends of every kind, and what phones show of them (whatsapp.md 5.1).

use fieldline_whatsapp_sim::{Author, Reaction};
use serde_json::{Value, json};

use crate::sends::error;
use crate::world::{ANA, World};

async fn open() -> World {
    let world = World::new();
    world.control("customer", &json!({"wa_id": ANA, "text": "Hi"})).await;
    world
}

fn wamid(answer: &(u16, Value)) -> String {
    assert_eq!(answer.0, 200, "{}", answer.1);
    answer.1["messages"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn each_kind_reaches_the_customer_and_the_owners_phone() {
    let world = open().await;
    let link = json!({"link": "https://files.example/a", "caption": "A"});
    let bare = json!({"link": "https://files.example/a"});
    let kinds = [
        ("text", json!({"body": "x"})),
        ("image", link.clone()),
        ("video", link.clone()),
        (
            "document",
            json!({"link": "https://files.example/a", "caption": "A", "filename": "a.pdf"}),
        ),
        ("audio", bare.clone()),
        ("sticker", bare),
        ("location", json!({"latitude": 1.5, "longitude": 2.5, "name": "Here"})),
        ("contacts", json!([{"name": {"formatted_name": "Ben"}, "phones": [{"phone": "+1"}]}])),
        (
            "interactive",
            json!({"type": "button", "body": {"text": "Yes?"}, "action":
            {"buttons": [{"type": "reply", "reply": {"id": "1", "title": "Yes"}}]}}),
        ),
        ("template", json!({"name": "hello_world", "language": {"code": "en_US"}})),
    ];
    for (kind, content) in &kinds {
        assert_eq!(world.send(kind, content).await.0, 200, "{kind}");
    }
    let chats = world.sim.chats();
    for messages in [&chats.customers[0].messages, &chats.owner[0].messages] {
        let shown: Vec<&str> = messages.iter().skip(1).map(|m| m.kind.as_str()).collect();
        assert_eq!(shown, kinds.iter().map(|(kind, _)| *kind).collect::<Vec<_>>());
        assert_eq!(messages[2].text.as_deref(), Some("A"));
        assert_eq!(messages[7].content.as_ref().unwrap()["name"], "Here");
        assert!(messages[10].text.as_deref().unwrap().starts_with("Welcome"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_window_holds_for_all_but_templates() {
    let world = World::new();
    let picture = world.send("image", &json!({"link": "https://files.example/a"})).await;
    assert_eq!(error(Some(picture)), (400, json!(131_047)));
    let hello = json!({"name": "hello_world", "language": {"code": "en_US"}});
    let sent = world.send("template", &hello).await;
    assert_eq!(sent.1["messages"][0]["message_status"], "accepted");
    assert_eq!(sent.1["contacts"], json!([{"input": ANA, "wa_id": ANA}]));
}

#[tokio::test(start_paused = true)]
async fn both_to_and_recipient_means_to() {
    let world = open().await;
    let body = json!({"messaging_product": "whatsapp", "to": ANA, "recipient": "US.1", "type": "text",
        "text": {"body": "x"}});
    assert_eq!(world.graph(&body).await.unwrap().0, 200);
    assert_eq!(world.shown(ANA), ["x"]);
}

#[tokio::test(start_paused = true)]
async fn a_quote_of_what_is_not_there_is_sent_without_its_bubble() {
    let world = open().await;
    let first = world.sim.chats().customers[0].messages[0].wamid.clone();
    for target in [first.as_str(), "wamid.unknown"] {
        let body = json!({"messaging_product": "whatsapp", "to": ANA, "type": "text",
            "text": {"body": "x"}, "context": {"message_id": target}});
        assert_eq!(world.graph(&body).await.unwrap().0, 200, "{target}");
    }
    let messages = &world.sim.chats().customers[0].messages;
    assert_eq!(messages[1].reply_to.as_ref(), Some(&first));
    assert_eq!(messages[2].reply_to, None);
}

#[tokio::test(start_paused = true)]
async fn a_reaction_hangs_on_its_target_and_only_ever_gets_sent() {
    let world = open().await;
    let target = world.sim.chats().customers[0].messages[0].wamid.clone();
    world.pass(1).await;
    world.updates();
    let react = |emoji: &str| json!({"message_id": target, "emoji": emoji});
    wamid(&world.send("reaction", &react("👍")).await);
    let one = |emoji: &str| vec![Reaction { author: Author::Api, emoji: emoji.to_owned() }];
    assert_eq!(world.sim.chats().customers[0].messages[0].reactions, one("👍"));
    wamid(&world.send("reaction", &react("🎉")).await);
    assert_eq!(world.sim.chats().owner[0].messages[0].reactions, one("🎉"));
    wamid(&world.send("reaction", &react("")).await);
    let chats = world.sim.chats();
    assert!(chats.owner[0].messages[0].reactions.is_empty());
    assert_eq!(chats.customers[0].messages.len(), 1, "a reaction is no bubble");
    world.pass(60_000).await;
    let words: Vec<Value> =
        world.updates().iter().map(|(_, value)| value["statuses"][0]["status"].clone()).collect();
    assert_eq!(words, ["sent", "sent", "sent"]);
}

#[tokio::test(start_paused = true)]
async fn a_reaction_to_nothing_fails_by_webhook() {
    let world = open().await;
    world.pass(1).await;
    world.updates();
    wamid(&world.send("reaction", &json!({"message_id": "wamid.unknown", "emoji": "x"})).await);
    world.pass(60_000).await;
    let updates = world.updates();
    let status = &updates[0].1["statuses"][0];
    assert_eq!(
        (&status["status"], &status["errors"][0]["code"]),
        (&json!("failed"), &json!(131_009))
    );
    assert_eq!(updates.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn typing_shows_for_25_seconds() {
    let world = open().await;
    let id = world.sim.chats().customers[0].messages[0].wamid.clone();
    let mark = json!({"messaging_product": "whatsapp", "status": "read", "message_id": id,
        "typing_indicator": {"type": "text"}});
    assert_eq!(world.graph(&mark).await.unwrap().0, 200);
    assert!(world.sim.chats().customers[0].typing);
    world.pass(25_000).await;
    assert!(!world.sim.chats().customers[0].typing);
}

#[tokio::test(start_paused = true)]
async fn statuses_carry_the_price_twice_and_name_the_contact() {
    let world = open().await;
    wamid(&world.send("text", &json!({"body": "x"})).await);
    world.pass(10_000).await;
    world.control("customer/read", &json!({"wa_id": ANA})).await;
    world.pass(1).await;
    let statuses: Vec<Value> = world
        .updates()
        .into_iter()
        .filter(|(_, value)| value.get("statuses").is_some())
        .inspect(|(_, value)| assert_eq!(value["contacts"][0]["wa_id"], ANA))
        .map(|(_, value)| value["statuses"][0].clone())
        .collect();
    let priced: Vec<bool> = statuses.iter().map(|status| status.get("pricing").is_some()).collect();
    assert_eq!(priced, [true, true, false]);
    assert!(statuses.iter().all(|status| status.get("conversation").is_none()));
    let skipped = wamid(&world.send("text", &json!({"body": "y"})).await);
    world.control("status", &json!({"wamid": skipped, "status": "read"})).await;
    world.pass(10_000).await;
    let updates = world.updates();
    assert_eq!(updates.len(), 1, "delivered is left out");
    assert_eq!(updates[0].1["statuses"][0]["pricing"]["category"], "service");
}

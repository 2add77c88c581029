//! Every kind of message through whole phones: what customers and the owner send, and change, and take back; and what an agent
//! can send (whatsapp.md 2, 4.2, 4.3, 5.1).

use std::time::Duration;

use fieldline_core::api::{
    AuthorKind, Body, ConversationId, LadderStep, MediaKind, TimelineRow, WindowState,
};
use fieldline_simulation::{CUSTOMERS, Office, Phone, World};
use fieldline_whatsapp_sim::{
    CustomerMessage, EditNews, MediaFile, OwnerMessage, ReactNews, RevokeNews, TemplateNews,
};
use serde_json::{Value, json};

use crate::cases::{asked, reply, says};

const ANA: usize = 0;

/// The newest bubble of this conversation on each phone once it is as wanted; all phones must come to show it.
async fn on_all(
    world: &World,
    id: &ConversationId,
    what: &str,
    good: impl Fn(&TimelineRow) -> bool,
) -> TimelineRow {
    let mut found = None;
    for phone in &world.phones {
        let row = world
            .until(&format!("{what} on {}", phone.name), async || {
                phone.timeline(id).await.rows.into_iter().rev().find(|row| good(row))
            })
            .await;
        found = Some(row);
    }
    found.expect("two phones")
}

fn customer(kind: &str, content: Value) -> CustomerMessage {
    let mut message = json!({"type": kind});
    message[kind] = content;
    CustomerMessage {
        wa_id: CUSTOMERS[0].into(),
        message: Some(message),
        media: Some(MediaFile { size: Some(70_000), ..MediaFile::default() })
            .filter(|_| matches!(kind, "image" | "video" | "audio" | "document" | "sticker")),
        ..CustomerMessage::default()
    }
}

type Wanted = fn(&TimelineRow) -> bool;

fn is_media(row: &TimelineRow, kind: MediaKind) -> bool {
    matches!(row.body, Body::Media { what, ready: true, .. } if what == kind)
}

/// Each inbound kind is a bubble of its kind on every phone; a file is fetched at once and said to be here.
#[tokio::test(start_paused = true)]
async fn what_a_customer_sends_is_shown_by_its_kind() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let card = json!([{"name": {"formatted_name": "Rosa", "first_name": "Rosa"},
        "phones": [{"phone": "+34 600 111 333", "wa_id": "34600111333", "type": "CELL"}]}]);
    let choice = json!({"type": "list_reply", "list_reply": {"id": "d1", "title": "Friday", "description": "at six"}});
    let place =
        json!({"latitude": 40.5, "longitude": -3.25, "name": "Yard", "address": "Calle Mayor 1"});
    let kinds: [(&str, Value, Wanted); 10] = [
        ("image", json!({"caption": "This one"}), |row| is_media(row, MediaKind::Image)),
        ("video", json!({}), |row| is_media(row, MediaKind::Video)),
        ("audio", json!({"voice": true}), |row| is_media(row, MediaKind::Voice)),
        ("document", json!({"filename": "plan.pdf"}), |row| is_media(row, MediaKind::Document)),
        ("sticker", json!({"animated": false}), |row| is_media(row, MediaKind::Sticker)),
        (
            "location",
            place,
            |row| matches!(&row.body, Body::Location { name: Some(it), .. } if it == "Yard"),
        ),
        (
            "contacts",
            card,
            |row| matches!(&row.body, Body::Contacts { contacts } if contacts[0].name == "Rosa"),
        ),
        (
            "interactive",
            choice,
            |row| matches!(&row.body, Body::Interactive { title: Some(it), .. } if it == "Friday"),
        ),
        (
            "button",
            json!({"text": "Yes", "payload": "y"}),
            |row| matches!(&row.body, Body::Interactive { what, .. } if what == "button"),
        ),
        (
            "hologram",
            json!({"depth": 3}),
            |row| matches!(&row.body, Body::Unsupported { what } if what == "hologram"),
        ),
    ];
    for (kind, content, wanted) in &kinds {
        world.sim.customer(&customer(kind, content.clone())).expect(kind);
        let row = on_all(&world, &id, kind, wanted).await;
        assert_eq!((row.author.kind, row.step), (AuthorKind::Customer, LadderStep::None), "{kind}");
    }
    for phone in &world.phones {
        let row = &phone.inbox().await.rows[0];
        assert_eq!((row.unread, phone.timeline(&id).await.last_n), (11, 11));
    }
}

/// 131060 becomes the real message under its id: one bubble, one number.
#[tokio::test(start_paused = true)]
async fn a_placeholder_is_replaced_in_its_place() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let unavailable = Some(fieldline_whatsapp_sim::Unavailable { then_ms: Some(30_000) });
    let late =
        CustomerMessage { unavailable, ..CustomerMessage::text(CUSTOMERS[0], "From the ad") };
    world.sim.customer(&late).expect("a customer may write");
    let hidden = |row: &TimelineRow| matches!(row.body, Body::Unsupported { .. });
    let first = on_all(&world, &id, "the placeholder", hidden).await;
    let then = on_all(&world, &id, "the message", |row| says(row, "From the ad")).await;
    assert_eq!((then.key, then.n), (first.key, first.n));
    assert_eq!(world.phones[ANA].timeline(&id).await.rows.len(), 2);
}

async fn text_of(world: &World, phone: &Phone, id: &ConversationId, n: i64) -> TimelineRow {
    let row = phone.timeline(id).await.rows.into_iter().find(|row| row.n == Some(n));
    row.unwrap_or_else(|| panic!("no {n}\n{}", world.journal.lines().join("\n")))
}

/// Edits, reactions and deletions of both sides, on a held timeline and in the list.
#[tokio::test(start_paused = true)]
async fn both_sides_change_react_and_take_back() {
    let world = World::calm().await;
    let first = CustomerMessage::text(CUSTOMERS[0], "On Fryday?");
    let asked = world.sim.customer(&first).expect("a customer may write").wamid;
    let ana = &world.phones[ANA];
    let id = world
        .until("the question", async || ana.inbox().await.rows.first().map(|row| row.key.clone()))
        .await;
    on_all(&world, &id, "the question", |row| says(row, "On Fryday?")).await;
    let owner = OwnerMessage::text(CUSTOMERS[0], "From sicks on");
    let echo = world.sim.owner(&owner).expect("the owner writes").wamid;
    on_all(&world, &id, "the echo", |row| row.author.kind == AuthorKind::OwnerApp).await;

    let edit = |wamid: &str, text: &str| EditNews { wamid: wamid.into(), text: text.into() };
    world.sim.customer_edit(&edit(&asked, "On Friday?")).expect("an edit");
    let edited = on_all(&world, &id, "the edit", |row| says(row, "On Friday?")).await;
    assert!(edited.edited_at.is_some() && edited.n == Some(1));
    world.sim.owner_edit(&edit(&echo, "From six on")).expect("an edit");
    let edited = on_all(&world, &id, "the owner's edit", |row| says(row, "From six on")).await;
    assert!(edited.edited_at.is_some() && edited.n == Some(2));
    for phone in &world.phones {
        let listed = phone.inbox().await.rows.remove(0).preview.expect("a preview");
        assert_eq!(listed.body, Body::Text { text: "From six on".into() }, "the list says it too");
    }

    let react = |wamid: &str, emoji: Option<&str>| ReactNews {
        wamid: wamid.into(),
        emoji: emoji.map(str::to_owned),
    };
    for (emoji, shown) in [(Some("👍"), vec!["👍"]), (Some("❤️"), vec!["❤️"]), (None, vec![])]
    {
        // Two of one second have no order.
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.sim.customer_react(&react(&echo, emoji)).expect("a reaction");
        on_all(&world, &id, "the customer's reaction", |row| {
            let these: Vec<&str> = row.reactions.iter().map(|it| it.emoji.as_str()).collect();
            row.n == Some(2) && these == shown
        })
        .await;
    }
    world.sim.owner_react(&react(&asked, Some("🙏"))).expect("a reaction");
    let thanked =
        on_all(&world, &id, "the owner's reaction", |row| !row.reactions.is_empty()).await;
    assert_eq!((thanked.n, thanked.reactions[0].author.kind), (Some(1), AuthorKind::OwnerApp));

    world.sim.customer_revoke(&RevokeNews { wamid: asked }).expect("a deletion");
    world.sim.owner_revoke(&RevokeNews { wamid: echo }).expect("a deletion");
    for (n, by) in [(1, AuthorKind::Customer), (2, AuthorKind::OwnerApp)] {
        let gone = on_all(&world, &id, "the deletion", |row| {
            row.n == Some(n) && matches!(row.body, Body::Deleted { .. })
        })
        .await;
        assert_eq!((gone.body, gone.edited_at), (Body::Deleted { by }, None));
    }
    // Not one of all these is a message: nothing is numbered, nothing new counts as unread.
    for phone in &world.phones {
        let shown = phone.timeline(&id).await;
        assert_eq!((shown.rows.len(), shown.last_n), (2, 2));
        assert!(phone.inbox().await.rows[0].unread <= 1);
        text_of(&world, phone, &id, 2).await;
    }
}

/// What an agent sends by any client, as customer, owner and colleagues see it.
#[tokio::test(start_paused = true)]
async fn every_kind_that_can_be_sent_arrives() {
    let world = World::calm().await;
    let components =
        json!([{"type": "BODY", "text": "Hello {{1}}", "example": {"body_text": [["Ana"]]}}]);
    let template = TemplateNews {
        name: "greeting".into(),
        components: Some(components),
        ..TemplateNews::default()
    };
    world.sim.template(&template).expect("a template");
    let id = asked(&world, "Hello").await;
    let office = Office::new(&world).await;
    let mut files = Vec::new();
    for (kind, mime, sha256) in FILES {
        let bytes = format!("a small {kind}").into_bytes();
        office.upload(sha256, &bytes).await;
        let mut body =
            json!({"kind": "media", "mime": mime, "size": bytes.len(), "sha256": sha256});
        match kind {
            "voice" => body["voice"] = json!(true),
            "document" => body["name"] = json!("plan.pdf"),
            "sticker" => {}
            _ => body["caption"] = json!("look"),
        }
        files.push((if kind == "voice" { "audio" } else { kind }, body));
    }
    office.post("/v1/office/templates/refresh", &json!({})).await;
    let greeting = world
        .until("the template", async || {
            let list = office.get("/v1/office/templates").await;
            let found = list["templates"].as_array()?.iter().find(|it| it["name"] == "greeting")?;
            Some(found["id"].clone())
        })
        .await;
    let rows = json!([{"rows": [{"id": "r", "title": "Friday", "description": "at six"}]}]);
    let plain = [
        ("text", json!({"kind": "text", "text": "plain", "preview_url": true})),
        (
            "location",
            json!({"kind": "location", "latitude": 40.5, "longitude": -3.25, "name": "Yard"}),
        ),
        (
            "contacts",
            json!({"kind": "contacts", "contacts": [{"name": "Rosa", "phones": [{"phone": "+34600111333"}]}]}),
        ),
        (
            "interactive",
            json!({"kind": "interactive", "type": "button", "text": "Which?", "buttons": [{"id": "a", "title": "This"}]}),
        ),
        (
            "interactive",
            json!({"kind": "interactive", "type": "list", "text": "When?", "button": "Days", "sections": rows}),
        ),
        (
            "interactive",
            json!({"kind": "interactive", "type": "cta_url", "text": "Here", "button": "Open", "url": "https://example.com"}),
        ),
        (
            "interactive",
            json!({"kind": "interactive", "type": "location_request", "text": "Where are you?"}),
        ),
        (
            "template",
            json!({"kind": "template", "template": greeting, "fields": {"body.1": "Luis"}}),
        ),
    ];
    let sends: Vec<(&str, Value)> = plain.into_iter().chain(files).collect();
    for (done, (kind, body)) in sends.iter().enumerate() {
        let n = world.phones[ANA].timeline(&id).await.last_n;
        let command =
            json!({"kind": "send", "conversation": id.as_str(), "body": body, "based_on_n": n});
        let answer = office.command(command).await;
        assert_eq!(answer["outcome"], "done", "{kind} {answer}");
        let message = answer["id"].as_str().expect("an id").to_owned();
        let row = on_all(&world, &id, &format!("{body}"), |row| {
            row.key.as_str() == message && row.step == LadderStep::Delivered
        })
        .await;
        assert_eq!((row.author.kind, &row.trouble), (AuthorKind::Colleague, &None), "{body}");
        assert!(!matches!(row.body, Body::Unsupported { .. }), "{row:?}");
        let calls = world.sim.log().calls;
        let last = calls.iter().rev().find(|call| call.body.get("type").is_some()).expect("a send");
        assert_eq!(&last.body["type"], kind);
        let chats = world.sim.chats();
        let shown = |id: &String| {
            chats.customers[0]
                .messages
                .iter()
                .filter(|it| it.callback_data.as_ref() == Some(id))
                .count()
        };
        assert_eq!(shown(&message), 1, "at the customer, once");
        assert_eq!(chats.owner[0].messages.len(), done + 2, "S7: and on the owner's phone");
    }
    // A reaction ends at sent, is no message and no answer.
    let question = text_of(&world, &world.phones[ANA], &id, 1).await.key;
    let command = json!({"kind": "react", "message": question.as_str(), "emoji": "👍"});
    assert_eq!(office.command(command).await["outcome"], "done");
    let reacted = on_all(&world, &id, "the reaction", |row| !row.reactions.is_empty()).await;
    assert_eq!((reacted.key, reacted.reactions[0].emoji.as_str()), (question, "👍"));
    world
        .until("the reaction at the customer", async || {
            let chats = world.sim.chats();
            chats.customers[0].messages.iter().any(|it| !it.reactions.is_empty()).then_some(())
        })
        .await;
    assert_eq!(world.phones[ANA].timeline(&id).await.rows.len(), sends.len() + 1);
}

/// Names and hashes of small files whose content is `a small <name>`.
const FILES: [(&str, &str, &str); 5] = [
    ("image", "image/jpeg", "ff898ce6b00cb6d9fe10168e47be7b0673cbaa34a203108ab6b52286ff9e8559"),
    ("video", "video/mp4", "4521655f60a3419a8a227a3f346d46875f8fd9f328f147a9e30370801b759b64"),
    (
        "voice",
        "audio/ogg; codecs=opus",
        "276060627fad61e24c75b8f5641c6d4b49e6c561f2276dde86ad81cb5c795370",
    ),
    (
        "document",
        "application/pdf",
        "9b34e9b4f7f7f18e847851c90a5974f0f9218eacbaf7b40dd2902c73991cbe42",
    ),
    ("sticker", "image/webp", "e43c5c07de9e45ab8ec4d8d808684169e8bcdde4d72b4d285e6155a7054d1e68"),
];

/// Rule 19: neither the owner's words nor reactions, edits or deletions open or extend the window.
#[tokio::test(start_paused = true)]
async fn only_a_customers_message_opens_the_window_on_a_phone() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let ana = &world.phones[ANA];
    let closes = async || match ana.timeline(&id).await.window {
        WindowState::Open { closes_at, .. } => Some(closes_at),
        WindowState::Closed { .. } => None,
    };
    let before = closes().await;
    tokio::time::sleep(Duration::from_mins(5)).await;
    let asked = world.sim.chats().customers[0].messages[0].wamid.clone();
    let answer = reply(&world, ANA, &id, "Yes").await;
    on_all(&world, &id, "the reply", |row| row.key == answer && row.step == LadderStep::Delivered)
        .await;
    world.sim.owner(&OwnerMessage::text(CUSTOMERS[0], "Me too")).expect("the owner writes");
    on_all(&world, &id, "the echo", |row| row.author.kind == AuthorKind::OwnerApp).await;
    let emoji = Some("👍".to_owned());
    let sent = world.sim.chats().customers[0].messages[1].wamid.clone();
    world.sim.customer_react(&ReactNews { wamid: sent, emoji }).expect("a reaction");
    on_all(&world, &id, "the reaction", |row| !row.reactions.is_empty()).await;
    let edit = EditNews { wamid: asked.clone(), text: "Hello!".into() };
    world.sim.customer_edit(&edit).expect("an edit");
    on_all(&world, &id, "the edit", |row| says(row, "Hello!")).await;
    assert_eq!(closes().await, before);
    world.sim.customer_revoke(&RevokeNews { wamid: asked }).expect("a deletion");
    on_all(&world, &id, "the deletion", |row| matches!(row.body, Body::Deleted { .. })).await;
    assert_eq!(closes().await, before);
    world.sim.customer(&CustomerMessage::text(CUSTOMERS[0], "Still there?")).expect("a message");
    on_all(&world, &id, "the new one", |row| says(row, "Still there?")).await;
    assert!(closes().await > before);
}

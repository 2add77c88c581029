//! What a workplace and a customer want of what goes out: whose answers hold a reply back, signatures,
//! no advertising; and conversations that the business begins with somebody who is known already.

use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

use crate::meta_world::*;

async fn asked() -> World {
    let world = World::new().await;
    world.ana("wamid.in", "a question").await;
    world
}

fn options(world: &World, options: &Value) {
    let text = options.to_string();
    world.sql().execute("UPDATE workspaces SET options = ?1", [text]).unwrap();
}

/// An answer of the AI's that WhatsApp has.
fn answered_by_ai(world: &World, n: i64) {
    let (id, chat, sql) = (world.uuid(), world.chat(), world.sql());
    sql.execute(
        "INSERT INTO messages (conversation, n, id, version, sent_at, author_kind, body, step, times)
         VALUES (?1, ?4, ?2, 0, ?3, 'ai', '{\"kind\":\"text\",\"text\":\"by the AI\"}', 'sent', '{}')",
        (&chat, &id, world.now(), n),
    )
    .unwrap();
    sql.execute("UPDATE conversations SET last_n = ?2 WHERE id = ?1", (&chat, n)).unwrap();
    sql.execute(
        "INSERT INTO sends (message, conversation, channel, n, based_on_n, state, attempts)
         VALUES (?1, ?2, 'h', ?3, 1, 'accepted', 1)",
        (&id, &chat, n),
    )
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn n2_a_guard_for_people_only_lets_the_ais_answers_pass() {
    let world = asked().await;
    answered_by_ai(&world, 2);
    let answer = world.command(MARIA, world.sending(&world.uuid(), "1", 1)).await;
    assert_eq!(answer["code"], "answered_meanwhile");
    assert_eq!(answer["details"], json!({"by": {"kind": "ai"}, "n": 2}));
    options(&world, &json!({"guard": "people"}));
    // At acceptance, and again before the call.
    world.graph.then([Reply::NotSent]);
    let id = world.send(MARIA, "1", 1).await;
    world.quiet().await;
    answered_by_ai(&world, 4);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(world.state(&id), "accepted sent -");
    // People's answers hold as before.
    world.owner("wamid.owner", "on the phone").await;
    let answer = world.command(MARIA, world.sending(&world.uuid(), "2", 4)).await;
    assert_eq!(answer["code"], "answered_meanwhile");
    assert_eq!(answer["details"]["by"], json!({"kind": "owner_app"}));
}

#[tokio::test(start_paused = true)]
async fn d9_replies_are_signed_where_the_workplace_wants_it() {
    let world = asked().await;
    world.sql().execute("UPDATE members SET name = 'Maria Lopez' WHERE id = 'maria'", []).unwrap();
    world.send(MARIA, "plain", 1).await;
    world.quiet().await;
    options(&world, &json!({"signed_replies": true}));
    let id = world.send(MARIA, "Ready \n", 1).await;
    world.quiet().await;
    // What an edit brings back bears the name already.
    world.send(MARIA, "Ready\n\n— Maria", 1).await;
    world.quiet().await;
    // WhatsApp's limit holds for both together: without room the text goes as it is.
    let long = "x".repeat(4_096 - 5);
    world.send(MARIA, &long, 1).await;
    world.quiet().await;
    assert_eq!(
        world.graph.texts(),
        ["plain", "Ready\n\n— Maria", "Ready\n\n— Maria", long.as_str()]
    );
    // All surfaces show what the customer reads.
    let kept: String =
        world.one(&format!("SELECT body ->> 'text' FROM messages WHERE id = '{id}'"));
    assert_eq!(kept, "Ready\n\n— Maria");
    let body = json!({"kind": "interactive", "type": "button", "text": "Which?",
        "buttons": [{"id": "a", "title": "A"}]});
    let send = json!({"kind": "send", "conversation": world.chat(), "body": body, "based_on_n": 1});
    assert_eq!(world.command(MARIA, send).await["outcome"], "done");
    world.quiet().await;
    assert_eq!(
        world.graph.calls().last().unwrap()["interactive"]["body"]["text"],
        "Which?\n\n— Maria"
    );
}

fn template(world: &World, id: &str, category: &str) {
    world
        .sql()
        .execute(
            "INSERT INTO templates (id, workspace, version, waba_id, meta_id, name, language, category,
                 status, components, updated_at)
             VALUES (?1, 'w', 1, 'b', ?1, ?1, 'en_US', ?2, 'approved',
                 '[{\"type\":\"BODY\",\"text\":\"Hello\"}]', 0)",
            [id, category],
        )
        .unwrap();
}

fn start(world: &World, template: &str, to: &Value) -> Value {
    let mut command = json!({"id": world.uuid(), "at": world.now(), "kind": "start_conversation",
        "channel": "h", "message_id": world.uuid(), "template": {"template": template}});
    for (name, value) in to.as_object().unwrap() {
        command[name] = value.clone();
    }
    command
}

async fn send_template(world: &World, template: &str) -> Value {
    let body = json!({"kind": "template", "template": template});
    let send = json!({"kind": "send", "conversation": world.chat(), "body": body, "based_on_n": 1});
    world.command(MARIA, send).await
}

/// Ana says what she wants of advertising.
async fn says(world: &World, word: &str) {
    let at = world.now_s();
    let news = json!({"field": "user_preferences", "value": {"messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "+34 600", "phone_number_id": PHONE_NUMBER_ID},
        "user_preferences": [{"wa_id": ANA, "category": "marketing_messages", "value": word,
            "timestamp": at}]}});
    world.webhook(&[news]).await;
    sleep(Duration::from_secs(2)).await;
}

#[tokio::test(start_paused = true)]
async fn r10_who_wants_no_marketing_is_sent_none() {
    let world = asked().await;
    template(&world, "offer", "marketing");
    template(&world, "ready", "utility");
    // One waits when the word comes: it does not go any more.
    world.graph.then([Reply::NotSent]);
    let waiting = send_template(&world, "offer").await["id"].as_str().unwrap().to_owned();
    world.quiet().await;
    says(&world, "stop").await;
    sleep(Duration::from_secs(5)).await;
    assert_eq!(world.state(&waiting), "stopped queued R10");
    assert_eq!(world.trouble(&waiting)["word"], "no_marketing");
    assert_eq!(world.graph.calls().len(), 1);
    let refused = send_template(&world, "offer").await;
    assert_eq!(
        (&refused["code"], &refused["reason"]),
        (&json!("marketing_stopped"), &json!("R10"))
    );
    // What is no advertising goes.
    assert_eq!(send_template(&world, "ready").await["outcome"], "done");
    // A new conversation with the same person, on another number of the business.
    world.sql().execute(
        "INSERT INTO channels (id, workspace, phone_number_id, waba_id, display, display_digits,
             token_sealed, created_at)
         SELECT 'i', workspace, '4343', waba_id, display, '34601', token_sealed, 0 FROM channels",
        [],
    )
    .unwrap();
    let mut command = start(&world, "offer", &json!({"phone": ANA}));
    command["channel"] = "i".into();
    assert_eq!(world.command(MARIA, command).await["code"], "marketing_stopped");
    assert_eq!(world.one::<i64>("SELECT count(*) FROM conversations"), 1);
    // The newest word counts.
    says(&world, "resume").await;
    assert_eq!(send_template(&world, "offer").await["outcome"], "done");
}

#[tokio::test(start_paused = true)]
async fn m20_another_spelling_or_an_old_number_begins_no_second_conversation() {
    let world = World::new().await;
    template(&world, "ready", "utility");
    // Brazil's mobile without its 9, as Meta gives it.
    world.webhook(&[customer("551187654321", "wamid.br", "oi", world.now_s())]).await;
    let chat = world.chat();
    let exists = json!({"conversation": chat});
    let answer =
        world.command(MARIA, start(&world, "ready", &json!({"phone": "+55 11 98765-4321"})));
    let answer = answer.await;
    assert_eq!((&answer["code"], &answer["details"]), (&json!("exists"), &exists));
    // The number that the person had before.
    world
        .sql()
        .execute(
            "INSERT INTO aliases (workspace, alias, contact, since) SELECT 'w', '34611', id, 0 FROM contacts",
            [],
        )
        .unwrap();
    world.sql().execute("UPDATE aliases SET alias = '34611000111'", []).unwrap();
    let answer =
        world.command(MARIA, start(&world, "ready", &json!({"phone": "34611000111"}))).await;
    assert_eq!((&answer["code"], &answer["details"]), (&json!("exists"), &exists));
    // A contact that became part of another leads to the other's.
    world
        .sql()
        .execute(
            "INSERT INTO contacts (id, workspace, version, created_at, merged_into)
             SELECT 'joined', 'w', 0, 0, id FROM contacts",
            [],
        )
        .unwrap();
    let answer = world.command(MARIA, start(&world, "ready", &json!({"contact": "joined"}))).await;
    assert_eq!((&answer["code"], &answer["details"]), (&json!("exists"), &exists));
    assert_eq!(world.one::<i64>("SELECT count(*) FROM conversations"), 1);
    // Nobody writes to a person whose data was erased.
    world.sql().execute("UPDATE contacts SET erased_at = 5 WHERE merged_into IS NULL", []).unwrap();
    let contact: String = world.one("SELECT id FROM contacts WHERE merged_into IS NULL");
    let answer = world.command(MARIA, start(&world, "ready", &json!({"contact": contact}))).await;
    assert_eq!(
        (&answer["code"], &answer["details"]["field"]),
        (&json!("malformed"), &json!("contact"))
    );
    assert!(world.graph.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_first_message_that_was_taken_back_before_it_came_does_not_go() {
    let world = World::new().await;
    template(&world, "ready", "utility");
    let command = start(&world, "ready", &json!({"phone": "34600999000"}));
    let withdraw = json!({"kind": "withdraw", "message": command["message_id"]});
    assert_eq!(world.command(MARIA, withdraw).await["outcome"], "done");
    assert_eq!(world.command(MARIA, command).await["code"], "withdrawn");
    world.quiet().await;
    assert!(world.graph.calls().is_empty());
    assert_eq!(world.one::<i64>("SELECT count(*) FROM conversations"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_conversation_that_goes_on_elsewhere_takes_nothing_under_its_other_id_either() {
    let world = asked().await;
    template(&world, "ready", "utility");
    let command = start(&world, "ready", &json!({"phone": ANA}));
    let alias = command["id"].clone();
    let older = world.chat();
    assert_eq!(world.command(MARIA, command).await["code"], "exists");
    world.webhook(&[customer("34600999", "wamid.b", "me too", world.now_s())]).await;
    let newer: String = world.one(&format!("SELECT id FROM conversations WHERE id <> '{older}'"));
    world
        .sql()
        .execute("UPDATE conversations SET continued_in = ?2 WHERE id = ?1", [&older, &newer])
        .unwrap();
    let mut send = world.sending(&world.uuid(), "hello", 1);
    send["conversation"] = alias;
    let answer = world.command(MARIA, send).await;
    assert_eq!(
        (&answer["code"], &answer["details"]["conversation"]),
        (&json!("continued"), &json!(newer))
    );
}

/// 5.1: Meta may change a number; what it made of it is who answers.
#[tokio::test(start_paused = true)]
async fn m20_an_answer_under_metas_spelling_comes_into_the_conversation_that_was_begun() {
    for (user_id, from) in [(None, "541155551234"), (Some("AR.ana"), "541155551234")] {
        let world = World::new().await;
        template(&world, "ready", "utility");
        let mut contact = json!({"input": "+5491155551234", "wa_id": "541155551234"});
        if let Some(user_id) = user_id {
            contact["user_id"] = user_id.into();
        }
        let accepted = json!({"messages": [{"id": "wamid.out"}], "contacts": [contact]});
        world.graph.then([Reply::Answer(200, accepted, None)]);
        let answer =
            world.command(MARIA, start(&world, "ready", &json!({"phone": "+54 9 11 5555-1234"})));
        assert_eq!(answer.await["outcome"], "done");
        world.quiet().await;
        let mut reply = customer(from, "wamid.in", "hola", world.now_s());
        if let Some(user_id) = user_id {
            reply["value"]["messages"][0]["from_user_id"] = user_id.into();
            reply["value"]["contacts"][0]["user_id"] = user_id.into();
        }
        world.webhook(&[reply]).await;
        assert_eq!(world.rows("SELECT last_n FROM conversations"), ["2"], "{user_id:?}");
        assert_eq!(
            world.rows("SELECT coalesce(wa_user_id, '-') FROM contacts"),
            [user_id.unwrap_or("-")]
        );
    }
    // A number that somebody else is known by says nothing.
    let world = World::new().await;
    template(&world, "ready", "utility");
    world.ana("wamid.ana", "hello").await;
    let accepted = json!({"messages": [{"id": "wamid.out"}],
        "contacts": [{"input": "+5491155551234", "wa_id": ANA}]});
    world.graph.then([Reply::Answer(200, accepted, None)]);
    world.command(MARIA, start(&world, "ready", &json!({"phone": "5491155551234"}))).await;
    world.quiet().await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM aliases"), 0);
}

/// 131050, as the answer and as a `failed` status: never again.
#[tokio::test(start_paused = true)]
async fn r10_who_whatsapp_says_wants_no_marketing_is_not_tried_again() {
    for by_status in [false, true] {
        let world = asked().await;
        template(&world, "offer", "marketing");
        if !by_status {
            world.graph.then([Reply::Code(400, 131_050)]);
        }
        send_template(&world, "offer").await;
        world.quiet().await;
        if by_status {
            let failed = json!({"id": "wamid.out.1", "status": "failed",
                "timestamp": world.now_s().to_string(), "errors": [{"code": 131_050}]});
            world.webhook(&[status(&failed)]).await;
        }
        assert_eq!(world.rows("SELECT marketing FROM contacts"), ["stopped"]);
        assert_eq!(world.bootstrap().await["contacts"][0]["marketing"], "stopped");
        assert_eq!(send_template(&world, "offer").await["code"], "marketing_stopped");
        // A word of their own that is newer counts again.
        sleep(Duration::from_secs(2)).await;
        says(&world, "resume").await;
        assert_eq!(send_template(&world, "offer").await["outcome"], "done");
    }
}

/// An id that is chosen on a phone never leads what others write to somebody else.
#[tokio::test(start_paused = true)]
async fn nobody_redirects_a_conversation_by_naming_its_id() {
    let world = asked().await;
    template(&world, "ready", "utility");
    let ana = world.chat();
    world.webhook(&[customer("34600999", "wamid.b", "me too", world.now_s())]).await;
    // Ben begins a conversation with Bo, who is known, under the id of Ana's.
    let mut command = start(&world, "ready", &json!({"phone": "34600999"}));
    command["id"] = ana.as_str().into();
    assert_eq!(world.command(BEN, command).await["code"], "id_reused");
    let mut send = world.sending(&world.uuid(), "for Ana", 1);
    send["conversation"] = ana.as_str().into();
    assert_eq!(world.command(MARIA, send).await["outcome"], "done");
    world.quiet().await;
    assert_eq!(world.graph.calls()[0]["to"], format!("+{ANA}"));
    // Nor under an id that leads to Ana's conversation already.
    let command = start(&world, "ready", &json!({"phone": ANA}));
    let alias = command["id"].clone();
    assert_eq!(world.command(MARIA, command).await["code"], "exists");
    let mut command = start(&world, "ready", &json!({"phone": "34600999"}));
    command["id"] = alias.clone();
    assert_eq!(world.command(BEN, command).await["code"], "id_reused");
    let mut send = world.sending(&world.uuid(), "for Ana too", 1);
    send["conversation"] = alias;
    assert_eq!(world.command(MARIA, send).await["outcome"], "done");
    world.quiet().await;
    assert_eq!(world.graph.calls()[1]["to"], format!("+{ANA}"));
}

/// Statuses name messages and reactions by the ids that phones chose: one id, one thing.
#[tokio::test(start_paused = true)]
async fn a_reaction_and_a_message_never_share_an_id() {
    let world = asked().await;
    let id = world.send(MARIA, "1", 1).await;
    world.quiet().await;
    let message: String = world.one("SELECT id FROM messages WHERE n = 1");
    let mut react = json!({"kind": "react", "message": message, "emoji": "👍", "id": id});
    assert_eq!(world.command(BEN, react.clone()).await["code"], "id_reused");
    let taken = world.uuid();
    react["id"] = taken.as_str().into();
    assert_eq!(world.command(BEN, react).await["outcome"], "done");
    assert_eq!(world.command(MARIA, world.sending(&taken, "2", 1)).await["code"], "id_reused");
}

//! Reactions, blue ticks, typing, and conversations that the business begins.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::meta_world::*;

async fn asked() -> World {
    let world = World::new().await;
    world.ana("wamid.in", "a question").await;
    world
}

fn marks(world: &World) -> Vec<String> {
    let calls = world.graph.calls();
    let marks = calls.iter().filter(|call| call["status"] == "read");
    marks.map(|call| call["message_id"].as_str().unwrap().to_owned()).collect()
}

async fn read(world: &World, device: &str, up_to_n: i64) {
    let command = json!({"kind": "read", "conversation": world.chat(), "up_to_n": up_to_n});
    assert_eq!(world.command(device, command).await["outcome"], "done");
    sleep(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn blue_ticks_follow_the_phones_read_alone_one_call_a_look() {
    let world = asked().await;
    world.ana("wamid.2", "and another").await;
    world.ana("wamid.3", "and one more").await;
    // An answer is no look: its writer may have seen none of it.
    world.send(MARIA, "an answer", 3).await;
    sleep(Duration::from_mins(5)).await;
    assert_eq!(marks(&world), Vec::<String>::new());
    read(&world, MARIA, 2).await;
    assert_eq!(marks(&world), ["wamid.2"]);
    // The same again, and lower, is told no second time.
    read(&world, BEN, 2).await;
    read(&world, BEN, 1).await;
    assert_eq!(marks(&world), ["wamid.2"]);
    // Looks that follow each other at once are one call.
    let looks = (3..=4).map(|n| {
        json!({"id": world.uuid(), "at": 0, "kind": "read", "conversation": world.chat(), "up_to_n": n})
    });
    world.commands(MARIA, looks.collect()).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(marks(&world), ["wamid.2", "wamid.3"]);
}

#[tokio::test(start_paused = true)]
async fn a_look_of_others_and_a_workplace_without_ticks_tell_nothing() {
    let world = asked().await;
    world
        .sql()
        .execute("UPDATE conversations SET assignee = 'ben', scope = 'unassigned'", [])
        .unwrap();
    read(&world, MARIA, 1).await;
    assert_eq!(marks(&world), Vec::<String>::new());
    read(&world, BEN, 1).await;
    assert_eq!(marks(&world), ["wamid.in"]);
    let world = asked().await;
    world.sql().execute("UPDATE workspaces SET options = '{\"blue_ticks\": false}'", []).unwrap();
    read(&world, MARIA, 1).await;
    assert_eq!(marks(&world), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn imported_messages_are_never_marked() {
    let world = asked().await;
    world.sql().execute("UPDATE messages SET imported = 1", []).unwrap();
    read(&world, MARIA, 1).await;
    assert_eq!(marks(&world), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_mark_is_tried_a_few_times_and_a_strange_id_not_again() {
    let world = asked().await;
    world.graph.then((0..10).map(|_| Reply::Lost));
    read(&world, MARIA, 1).await;
    sleep(Duration::from_mins(3)).await;
    assert_eq!(marks(&world).len(), 4);
    let world = asked().await;
    world.graph.then([Reply::Code(400, 131_009), Reply::Code(400, 131_009)]);
    read(&world, MARIA, 1).await;
    world.later(Duration::from_hours(1)).await;
    assert_eq!(marks(&world).len(), 1);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM line_stops"), 0);
}

fn shown(world: &World) -> Vec<String> {
    world.rows("SELECT side, author_kind, coalesce(emoji, '-') FROM reactions")
}

async fn react(world: &World, device: &str, emoji: Value) -> Value {
    let message: String = world.one("SELECT id FROM messages WHERE n = 1");
    let command = json!({"kind": "react", "message": message, "emoji": emoji});
    let answer = world.command(device, command).await;
    sleep(Duration::from_secs(1)).await;
    answer
}

#[tokio::test(start_paused = true)]
async fn a_reaction_goes_out_ends_at_sent_and_is_no_answer() {
    let world = asked().await;
    let answer = react(&world, MARIA, json!("👍")).await;
    assert_eq!(answer["outcome"], "done");
    let call = world.graph.calls().remove(0);
    assert_eq!(call["reaction"], json!({"message_id": "wamid.in", "emoji": "👍"}));
    assert_eq!(call["type"], "reaction");
    assert_eq!(call["biz_opaque_callback_data"], answer["id"]);
    assert!(call.get("context").is_none());
    assert_eq!(shown(&world), ["business agent 👍"]);
    let (messages, chat) = (
        "SELECT count(*) FROM messages",
        "SELECT unread, last_n, waiting_since IS NOT NULL FROM conversations",
    );
    assert_eq!((world.one::<i64>(messages), world.rows(chat)), (1, vec!["1 1 1".to_owned()]));
    let (_, _, page) = world
        .ask(MARIA, "GET", &format!("/v1/conversations/{}/messages", world.chat()), &[], Vec::new())
        .await;
    let page: Value = serde_json::from_slice(&page).unwrap();
    assert_eq!(page["messages"][0]["reactions"][0]["emoji"], "👍");
    assert_eq!(
        page["messages"][0]["reactions"][0]["author"],
        json!({"kind": "agent", "id": "maria"})
    );
    // One status, `sent`, is all that comes.
    let news = json!({"id": "wamid.out.1", "status": "sent", "timestamp": world.now_s().to_string(),
        "biz_opaque_callback_data": answer["id"]});
    world.webhook(&[status(&news)]).await;
    assert_eq!(world.rows("SELECT state FROM reaction_sends"), ["sent"]);
    // Another's takes its place, and its end is told too.
    sleep(Duration::from_secs(1)).await;
    react(&world, BEN, json!("❤️")).await;
    assert_eq!(shown(&world), ["business agent ❤️"]);
    sleep(Duration::from_secs(1)).await;
    react(&world, BEN, Value::Null).await;
    assert_eq!(world.graph.calls()[2]["reaction"]["emoji"], "");
    assert_eq!(shown(&world), ["business agent -"]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_reaction_is_sent_again_and_a_refused_one_is_taken_back() {
    let mut world = asked().await;
    world.graph.then([Reply::Never]);
    react(&world, MARIA, json!("👍")).await;
    world.kill().await;
    world.start().await;
    sleep(Duration::from_mins(2)).await;
    assert_eq!(world.graph.calls().len(), 2);
    assert_eq!(world.rows("SELECT state FROM reaction_sends"), ["sent"]);
    // 131009 by webhook: the target is too old or gone. What stood before it stands again.
    let answer = react(&world, BEN, json!("🎉")).await;
    assert_eq!(shown(&world), ["business agent 🎉"]);
    sleep(Duration::from_secs(1)).await;
    let failed = json!({"id": "wamid.r", "status": "failed", "timestamp": world.now_s().to_string(),
        "biz_opaque_callback_data": answer["id"], "errors": [{"code": 131_009}]});
    world.webhook(&[status(&failed)]).await;
    assert_eq!(shown(&world), ["business agent 👍"]);
}

#[tokio::test(start_paused = true)]
async fn typing_is_told_only_where_the_workplace_shows_it_and_seldom() {
    let world = asked().await;
    let state = world.platform().state().clone();
    let chat = world.chat();
    let typing = |world: &World| {
        world.graph.calls().iter().filter(|call| call.get("typing_indicator").is_some()).count()
    };
    let tell = || async { fieldline_platform::meta::reads::typing(&state, &chat).await };
    tell().await;
    assert_eq!(typing(&world), 0, "not shown unless the workplace wants it");
    world.sql().execute("UPDATE workspaces SET options = '{\"typing_shown\": true}'", []).unwrap();
    for _ in 0..10 {
        tell().await;
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(typing(&world), 1);
    let call = world.graph.calls().remove(0);
    assert_eq!(
        call,
        json!({"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.in",
            "typing_indicator": {"type": "text"}})
    );
    sleep(Duration::from_secs(11)).await;
    tell().await;
    assert_eq!(typing(&world), 2);
    // It set the ticks: a look needs no call of its own.
    read(&world, MARIA, 1).await;
    assert_eq!(marks(&world).len(), 2);
    // Nobody waits: nothing to answer.
    world.send(MARIA, "an answer", 1).await;
    sleep(Duration::from_secs(30)).await;
    tell().await;
    assert_eq!(typing(&world), 2);
}

const TEMPLATE: &str = "INSERT INTO templates (id, workspace, version, waba_id, meta_id, name, language,
    category, status, components, updated_at) VALUES ('t1', 'w', 1, 'b', '1', 'hello', 'en_US', 'utility',
    'approved', '[{\"type\":\"BODY\",\"text\":\"Hello {{1}}\"}]', 0)";

fn start(world: &World, to: &Value) -> Value {
    let mut command = json!({"id": world.uuid(), "at": world.now(), "kind": "start_conversation",
        "channel": "h", "message_id": world.uuid(),
        "template": {"template": "t1", "fields": {"body.1": "Bo"}}});
    for (name, value) in to.as_object().unwrap() {
        command[name] = value.clone();
    }
    command
}

#[tokio::test(start_paused = true)]
async fn the_business_writes_first_with_a_template_and_the_next_behind_it() {
    let world = World::new().await;
    world.sql().execute(TEMPLATE, []).unwrap();
    let command = start(&world, &json!({"phone": "+34 600 999 000"}));
    let chat = command["id"].as_str().unwrap().to_owned();
    let follow = json!({"id": world.uuid(), "at": 0, "kind": "send", "conversation": chat,
        "body": {"kind": "text", "text": "and this"}, "based_on_n": 1});
    let answers = world.commands(MARIA, vec![command.clone(), follow]).await;
    assert_eq!(answers[0]["outcome"], "done", "{answers:?}");
    // Free text needs a window, which a template does not open.
    assert_eq!(answers[1]["code"], "window_closed");
    world.quiet().await;
    let call = world.graph.calls().remove(0);
    assert_eq!(call["to"], "+34600999000");
    assert_eq!(
        call["template"],
        json!({"name": "hello", "language": {"code": "en_US"},
            "components": [{"type": "body", "parameters": [{"type": "text", "text": "Bo"}]}]})
    );
    let message = command["message_id"].as_str().unwrap();
    assert_eq!(world.state(message), "accepted sent -");
    assert_eq!(
        world.rows("SELECT id, assignee, scope FROM conversations"),
        [format!("{chat} maria member:maria")]
    );
    // The customer's answer comes into the same conversation.
    world.webhook(&[customer("34600999000", "wamid.b", "hi", world.now_s())]).await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM conversations"), 1);
    assert_eq!(world.one::<i64>("SELECT last_n FROM conversations"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_conversation_that_is_there_is_named_and_what_follows_runs_on_it() {
    let world = asked().await;
    world.sql().execute(TEMPLATE, []).unwrap();
    let command = start(&world, &json!({"phone": ANA}));
    let alias = command["id"].as_str().unwrap().to_owned();
    let id = world.uuid();
    let follow = json!({"id": id, "at": 0, "kind": "send", "conversation": alias,
        "body": {"kind": "text", "text": "on the one that is there"}, "based_on_n": 1});
    let answers = world.commands(MARIA, vec![command, follow]).await;
    assert_eq!(
        (&answers[0]["code"], &answers[0]["details"]),
        (&json!("exists"), &json!({"conversation": world.chat()}))
    );
    assert_eq!(answers[1]["outcome"], "done", "{answers:?}");
    world.quiet().await;
    assert_eq!(world.graph.texts(), ["on the one that is there"]);
    // Somebody else's: its holder is named, and nothing else.
    world
        .sql()
        .execute("UPDATE conversations SET scope = 'member:maria', assignee = 'maria'", [])
        .unwrap();
    let contact: String = world.one("SELECT id FROM contacts");
    let answer = world.command(BEN, start(&world, &json!({"contact": contact}))).await;
    assert_eq!(
        (&answer["code"], &answer["details"]),
        (&json!("exists"), &json!({"holder": "maria"}))
    );
}

#[tokio::test(start_paused = true)]
async fn another_spelling_of_a_number_and_an_old_one_begin_no_second_thread() {
    let world = World::new().await;
    world.sql().execute(TEMPLATE, []).unwrap();
    // As Meta gives a mobile of Brazil, and as people write it.
    world.webhook(&[customer("551187654321", "wamid.b", "oi", world.now_s())]).await;
    world.ana("wamid.in", "hello").await;
    world
        .sql()
        .execute(
            "INSERT INTO aliases (workspace, alias, contact, since)
             SELECT 'w', '34600000009', id, 0 FROM contacts WHERE phone = ?1",
            [ANA],
        )
        .unwrap();
    for (number, known) in [("+55 11 9 8765-4321", "551187654321"), ("+34 600 000 009", ANA)] {
        let chat: String = world.one(&format!(
            "SELECT v.id FROM conversations v JOIN contacts k ON k.id = v.contact WHERE k.phone = '{known}'"
        ));
        let answer = world.command(MARIA, start(&world, &json!({"phone": number}))).await;
        assert_eq!(
            (&answer["code"], &answer["details"]),
            (&json!("exists"), &json!({"conversation": chat})),
            "{number}"
        );
    }
    assert_eq!(world.one::<i64>("SELECT count(*) FROM contacts"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_contact_that_became_another_is_that_one_and_an_erased_one_is_nobody() {
    let world = World::new().await;
    world.sql().execute(TEMPLATE, []).unwrap();
    world.webhook(&[customer("34600000001", "wamid.a", "hi", world.now_s())]).await;
    sleep(Duration::from_secs(10)).await;
    world.webhook(&[customer("34600000002", "wamid.b", "me again", world.now_s())]).await;
    let id = |phone: &str| {
        world.one::<String>(&format!("SELECT id FROM contacts WHERE phone = '{phone}'"))
    };
    let (from, into) = (id("34600000001"), id("34600000002"));
    let newer: String =
        world.one(&format!("SELECT id FROM conversations WHERE contact = '{into}'"));
    let merge = json!({"from": from, "into": into});
    assert_eq!(world.olga("POST", "/contacts/merge", &merge).await.0, 200);
    // By its old id, and by the number that was its own.
    for to in [json!({"contact": from}), json!({"phone": "34600000001"})] {
        let answer = world.command(MARIA, start(&world, &to)).await;
        assert_eq!(
            (&answer["code"], &answer["details"]),
            (&json!("exists"), &json!({"conversation": newer})),
            "{to}"
        );
    }
    assert_eq!(world.olga("DELETE", &format!("/contacts/{into}"), &Value::Null).await.0, 200);
    for gone in [&from, &into] {
        let answer = world.command(MARIA, start(&world, &json!({"contact": gone}))).await;
        assert_eq!(answer["details"], json!({"field": "contact"}), "{answer}");
    }
    assert_eq!(world.one::<i64>("SELECT count(*) FROM conversations"), 2);
    // Who was erased and writes again is somebody new.
    world.webhook(&[customer("34600000002", "wamid.c", "hello?", world.now_s())]).await;
    assert_eq!(world.one::<i64>("SELECT count(*) FROM conversations"), 3);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM webhooks WHERE state <> 'done'"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_first_message_that_was_withdrawn_before_it_came_begins_nothing() {
    let world = World::new().await;
    world.sql().execute(TEMPLATE, []).unwrap();
    let command = start(&world, &json!({"phone": "+34 600 999 000"}));
    let withdraw = json!({"kind": "withdraw", "message": command["message_id"]});
    assert_eq!(world.command(MARIA, withdraw).await["outcome"], "done");
    let late = world.command(MARIA, command.clone()).await;
    assert_eq!((&late["outcome"], &late["code"]), (&json!("refused"), &json!("withdrawn")));
    // Another command's id is no message's.
    let mut twice = start(&world, &json!({"phone": "+34 600 999 000"}));
    twice["message_id"] = command["id"].clone();
    let refused = world.command(MARIA, twice).await;
    assert_eq!(refused["details"], json!({"field": "message_id"}));
    assert_eq!(world.one::<i64>("SELECT count(*) FROM conversations"), 0);
    world.quiet().await;
    assert_eq!(world.graph.calls().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_written_behind_a_start_that_was_refused_is_not_judged_without_it() {
    let world = World::new().await;
    // No such template yet: the person chooses another, and what stands behind it is as it was.
    let first = start(&world, &json!({"phone": "+34 600 999 000"}));
    let follow = json!({"id": world.uuid(), "at": 0, "kind": "send", "conversation": first["id"],
        "body": {"kind": "text", "text": "and this"}, "based_on_n": 1});
    let answers = world.commands(MARIA, vec![first, follow.clone()]).await;
    assert_eq!(answers[0]["code"], "template_unavailable");
    assert_eq!(
        (&answers[1]["outcome"], &answers[1]["code"]),
        (&json!("later"), &json!("behind")),
        "{answers:?}"
    );
    // Somebody else's conversation is told as it is.
    world.ana("wamid.in", "hello").await;
    world.sql().execute(TEMPLATE, []).unwrap();
    world
        .sql()
        .execute("UPDATE conversations SET scope = 'member:ben', assignee = 'ben'", [])
        .unwrap();
    let second = start(&world, &json!({"phone": ANA}));
    let follow = json!({"id": world.uuid(), "at": 0, "kind": "send", "conversation": second["id"],
        "body": {"kind": "text", "text": "and this"}, "based_on_n": 1});
    let answers = world.commands(MARIA, vec![second, follow]).await;
    assert_eq!((&answers[0]["code"], &answers[1]["code"]), (&json!("exists"), &json!("not_yours")));
}

#[tokio::test(start_paused = true)]
async fn a_template_must_be_there_and_filled() {
    let world = World::new().await;
    let answer = world.command(MARIA, start(&world, &json!({"phone": "34600999000"}))).await;
    assert_eq!(
        (&answer["code"], &answer["reason"]),
        (&json!("template_unavailable"), &json!("R12"))
    );
    world.sql().execute(TEMPLATE, []).unwrap();
    let mut command = start(&world, &json!({"phone": "34600999000"}));
    command["template"] = json!({"template": "t1", "fields": {"body.2": "x"}});
    let answer = world.command(MARIA, command).await;
    assert_eq!(answer["code"], "template_fields");
    assert_eq!(answer["details"], json!({"missing": ["body.1"], "unknown": ["body.2"]}));
    assert_eq!(world.one::<i64>("SELECT count(*) FROM conversations"), 0);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM contacts"), 0);
    // In an existing conversation a template needs no window.
    world.ana("wamid.in", "long ago").await;
    world.sql().execute("UPDATE conversations SET window_closes_at = 5", []).unwrap();
    let body = json!({"kind": "template", "template": "t1", "fields": {"body.1": "Ana"}});
    let send = json!({"kind": "send", "conversation": world.chat(), "body": body, "based_on_n": 1});
    let answer = world.command(MARIA, send).await;
    assert_eq!(answer["outcome"], "done", "{answer}");
    world.quiet().await;
    let kept: String = world.one("SELECT body FROM messages WHERE n = 2");
    let kept: Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(
        (&kept["kind"], &kept["text"], &kept["name"]),
        (&json!("template"), &json!("Hello Ana"), &json!("hello"))
    );
    // The guard holds for it as for any other.
    world.owner("wamid.owner", "on the phone").await;
    let body = json!({"kind": "template", "template": "t1", "fields": {"body.1": "Ana"}});
    let send = json!({"kind": "send", "conversation": world.chat(), "body": body, "based_on_n": 1});
    assert_eq!(world.command(MARIA, send).await["code"], "answered_meanwhile");
}

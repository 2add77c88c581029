//! The envelope around commands, and `read`.

use serde_json::{Value, json};

use crate::world::{BEN, MARIA, OWNER, World, rows};

fn outcome(answer: &Value) -> (&str, &str) {
    (answer["outcome"].as_str().unwrap(), answer["code"].as_str().unwrap_or(""))
}

#[tokio::test(start_paused = true)]
async fn each_command_stands_alone_and_is_answered_in_order() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let (one, two) = (world.conversation(&["a"]).await, world.conversation(&["b"]).await);
    let mut strange = world.send(&one, "hello", 1);
    strange["kind"] = "dance".into();
    let mut crippled = world.send(&two, "hello", 1);
    crippled.as_object_mut().unwrap().remove("body");
    let commands = vec![
        strange,
        world.send(&one, &"x".repeat(4097), 1),
        world.send(&one, "behind", 1),
        crippled,
        world.send(&two, "behind too", 1),
        json!({"id": world.uuid(), "at": 0, "kind": "read", "conversation": one, "up_to_n": 1}),
        json!({"id": "no uuid", "at": 0, "kind": "read", "conversation": one, "up_to_n": 1}),
    ];
    let answers = world.commands(&phone, commands.clone()).await;
    let expected = [
        ("refused", "unknown_kind"),
        ("refused", "too_long"),
        ("later", "behind"),
        ("refused", "malformed"),
        ("later", "behind"),
        ("done", ""),
        ("refused", "malformed"),
    ];
    assert_eq!(answers.iter().map(outcome).collect::<Vec<_>>(), expected);
    for (answer, command) in answers.iter().zip(&commands) {
        assert_eq!(answer["id"], command["id"]);
    }
    assert_eq!(answers[1]["details"], json!({"limit": 4096, "length": 4097}));
    assert_eq!(answers[2]["retry_after_ms"], 1000);
    assert_eq!(answers[3]["details"], json!({"field": "body"}));
    // What was behind is judged when it comes again by itself.
    let again = world.commands(&phone, vec![commands[2].clone()]).await;
    assert_eq!(outcome(&again[0]), ("done", ""));
}

#[tokio::test(start_paused = true)]
async fn a_repeated_command_gets_the_same_answer_and_no_second_effect() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let id = world.conversation(&["a"]).await;
    let send = world.send(&id, "hello", 1);
    let first = world.commands(&phone, vec![send.clone(), send.clone()]).await;
    assert_eq!(outcome(&first[0]), ("done", ""));
    assert_eq!(first[0], first[1]);
    let mut corrected = send.clone();
    corrected["at"] = json!(5);
    assert_eq!(world.commands(&phone, vec![corrected]).await[0], first[0]);
    let refused = world.send(&id, &"x".repeat(5000), 1);
    let answer = world.commands(&phone, vec![refused.clone()]).await;
    assert_eq!(world.commands(&phone, vec![refused]).await, answer);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM messages WHERE author_kind = 'agent'"), 1);
}

#[tokio::test(start_paused = true)]
async fn the_same_id_with_another_body_is_refused() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let id = world.conversation(&["a"]).await;
    let send = world.send(&id, "hello", 1);
    let mut other = send.clone();
    other["body"]["text"] = "goodbye".into();
    let answers = world.commands(&phone, vec![send.clone(), other, send]).await;
    assert_eq!(outcome(&answers[0]), ("done", ""));
    assert_eq!(outcome(&answers[1]), ("refused", "id_reused"));
    assert_eq!(answers[2], answers[0]);
}

#[tokio::test(start_paused = true)]
async fn an_id_withdrawn_before_it_came_is_refused_whatever_it_says() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let id = world.conversation(&["a"]).await;
    let send = world.send(&id, "hello", 1);
    let withdraw = json!({"id": world.uuid(), "at": 0, "kind": "withdraw", "message": send["id"]});
    let answers = world.commands(&phone, vec![withdraw, send]).await;
    assert_eq!(outcome(&answers[0]), ("done", ""));
    assert_eq!(outcome(&answers[1]), ("refused", "withdrawn"));
}

#[tokio::test(start_paused = true)]
async fn another_epoch_is_a_reset_and_nothing_is_done() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let id = world.conversation(&["a"]).await;
    let body = json!({"epoch": "other", "commands": [world.send(&id, "hello", 1)]});
    let answer = world.call("POST", "/v1/commands", Some(&phone.access), Some(&body)).await;
    assert_eq!(answer.error(), (410, "reset"));
    assert_eq!(answer.details(), &json!({"cause": "epoch", "epoch": world.epoch()}));
    assert_eq!(world.one::<i64>("SELECT count(*) FROM commands"), 0);
}

#[tokio::test(start_paused = true)]
async fn unreadable_requests_are_400() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let read =
        |id: Value| json!({"id": id, "at": 0, "kind": "read", "conversation": "v", "up_to_n": 1});
    for commands in [
        json!("x"),
        json!(["x"]),
        json!([{"kind": "read"}]),
        json!([read(json!(5))]),
        Value::Array((0..101).map(|_| read(world.uuid().into())).collect()),
    ] {
        let body = json!({"epoch": world.epoch(), "commands": commands});
        let answer = world.call("POST", "/v1/commands", Some(&phone.access), Some(&body)).await;
        assert_eq!(answer.error(), (400, "malformed"));
    }
    let hundred = (0..100).map(|_| read(world.uuid().into())).collect();
    let answers = world.commands(&phone, hundred).await;
    assert!(answers.iter().all(|answer| outcome(answer) == ("refused", "not_yours")));
    assert_eq!(answers[0]["reason"], "R9");
}

#[tokio::test(start_paused = true)]
async fn a_look_moves_the_mark_of_whom_it_concerns() {
    let world = World::new().await;
    let (owner, maria, ben) =
        (world.sign_in(OWNER).await, world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let id = world.conversation(&["a", "b", "c"]).await;
    let read = |n: i64| json!({"id": world.uuid(), "at": 0, "kind": "read", "conversation": id, "up_to_n": n});
    let marks = || {
        world
            .sql()
            .query_row("SELECT read_up_to_n, unread FROM conversations", [], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
            })
            .unwrap()
    };
    // Nobody's: whoever may answer moves the conversation's mark; the furthest wins.
    let done = world.commands(&maria, vec![read(2)]).await;
    assert_eq!((marks(), done[0]["seq"].as_i64()), ((2, 1), Some(world.head())));
    world.commands(&ben, vec![read(1)]).await;
    assert_eq!(marks(), (2, 1));
    // Maria's: the owner's look is the owner's own.
    world.assign(&id, Some(&world.member(MARIA))).await;
    let since = (world.cursor(&owner).await, world.cursor(&maria).await);
    world.commands(&owner, vec![read(99)]).await;
    assert_eq!(marks(), (2, 1));
    let page = world.changes(&owner, &since.0).await.ok();
    assert_eq!(rows(&page), [("my_read".to_owned(), id.clone())]);
    assert_eq!(page["changes"][0]["object"], json!({"n": 3}));
    assert_eq!(rows(&world.changes(&maria, &since.1).await.ok()), []);
    let start = world.get(&owner, "/v1/bootstrap").await.ok();
    assert_eq!(start["me"]["my_reads"], json!([{"conversation": id, "n": 3}]));
    let refused = world.commands(&ben, vec![read(3)]).await;
    assert_eq!(outcome(&refused[0]), ("refused", "not_yours"));
    world.commands(&maria, vec![read(3)]).await;
    assert_eq!(marks(), (3, 0));
}

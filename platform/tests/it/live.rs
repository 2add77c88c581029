//! The live line, by its own object and over a real WebSocket.

use std::time::Duration;

use fieldline_platform::agents::outcome::Role;
use fieldline_platform::feed::close::CloseCode;
use fieldline_platform::feed::live::{LiveEvent, LiveFeed};
use fieldline_platform::office::NewAgent;
use fieldline_platform::support::Secret;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::paper::held_frame;
use crate::world::{BEN, MARIA, PASSWORD, Phone, World, rows};

async fn frame(feed: &mut LiveFeed) -> Value {
    match feed.next().await {
        Some(LiveEvent::Text(text)) => {
            let frame = serde_json::from_str(&text).unwrap();
            held_frame(&frame).unwrap();
            frame
        }
        other => panic!("{other:?}"),
    }
}

async fn quiet(feed: &mut LiveFeed) {
    assert!(timeout(Duration::from_mins(1), feed.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn frames_form_a_chain_from_the_hello_on() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let id = world.conversation(&["a"]).await;
    let cursor = world.cursor(&phone).await;
    let mut feed = world.platform.live(&phone.access, &cursor).await.unwrap();
    // The first one comes at once, even if empty.
    let first = frame(&mut feed).await;
    assert_eq!((rows(&first).len(), &first["from"]), (0, &json!(world.head())));
    quiet(&mut feed).await;
    let message = world.customer(&id, "b").await;
    let second = frame(&mut feed).await;
    assert_eq!(
        (second["from"].clone(), second["to"].clone()),
        (first["to"].clone(), json!(world.head()))
    );
    assert_eq!(rows(&second)[0], ("message".to_owned(), message));
    // What is not this reader's makes no frame, and no gap in the chain.
    world.assign(&id, Some(&world.member(BEN))).await;
    assert_eq!(rows(&frame(&mut feed).await)[0].0, "left");
    world.customer(&id, "secret").await;
    quiet(&mut feed).await;
    let other = world.conversation(&[]).await;
    let third = frame(&mut feed).await;
    assert_eq!(rows(&third), [("entered".to_owned(), other)]);
    assert_eq!(third["to"], world.head());
    assert!(third["from"].as_i64().unwrap() < world.head() - 2);
}

#[tokio::test(start_paused = true)]
async fn a_long_line_comes_in_frames_that_follow_each_other() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let id = world.conversation(&["a"]).await;
    let cursor = world.cursor(&phone).await;
    for n in 0..700 {
        world.customer(&id, &n.to_string()).await;
    }
    let mut feed = world.platform.live(&phone.access, &cursor).await.unwrap();
    let (first, second) = (frame(&mut feed).await, frame(&mut feed).await);
    assert_eq!((rows(&first).len(), rows(&second).len()), (500, 201));
    assert_eq!((&first["to"], &second["to"]), (&second["from"], &json!(world.head())));
}

#[tokio::test(start_paused = true)]
async fn a_commands_answer_is_followed_by_a_frame_that_reaches_it() {
    let world = World::new().await;
    let (maria, ben) = (world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let id = world.conversation(&["a"]).await;
    let cursor = world.cursor(&maria).await;
    let mut feed = world.platform.live(&maria.access, &cursor).await.unwrap();
    frame(&mut feed).await;
    let read =
        json!({"id": world.uuid(), "at": 0, "kind": "read", "conversation": id, "up_to_n": 1});
    let done = world.commands(&maria, vec![read.clone()]).await;
    assert!(frame(&mut feed).await["to"].as_i64() >= done[0]["seq"].as_i64());
    // Something that Maria may not see moves the line; her next command changes nothing.
    let hidden = world.conversation(&[]).await;
    frame(&mut feed).await;
    world.assign(&hidden, Some(&world.member(BEN))).await;
    frame(&mut feed).await;
    world.customer(&hidden, "secret").await;
    quiet(&mut feed).await;
    let again =
        json!({"id": world.uuid(), "at": 0, "kind": "read", "conversation": id, "up_to_n": 1});
    let done = world.commands(&maria, vec![again]).await;
    let empty = frame(&mut feed).await;
    assert_eq!(rows(&empty), []);
    assert!(empty["to"].as_i64() >= done[0]["seq"].as_i64());
    // Another device's commands owe this one nothing.
    let read =
        json!({"id": world.uuid(), "at": 0, "kind": "read", "conversation": id, "up_to_n": 0});
    world.commands(&ben, vec![read]).await;
    quiet(&mut feed).await;
}

#[tokio::test(start_paused = true)]
async fn a_bad_place_is_a_reset_and_the_end() {
    let world = World::new().await;
    let (maria, ben) = (world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let cursor = world.cursor(&ben).await;
    let mut feed = world.platform.live(&maria.access, &cursor).await.unwrap();
    let reset = frame(&mut feed).await;
    assert_eq!((&reset["kind"], &reset["cause"]), (&json!("reset"), &json!("scope")));
    assert_eq!(reset["epoch"], world.epoch().as_str());
    assert_eq!(reset["server_time"], world.now());
    assert!(matches!(feed.next().await, Some(LiveEvent::Close(_))));
    assert_eq!(feed.next().await, None);
    assert!(world.platform.live("x", &cursor).await.is_err());
    assert!(world.platform.live(&maria.access, "x").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_changed_rule_resets_a_running_line() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let cursor = world.cursor(&phone).await;
    let mut feed = world.platform.live(&phone.access, &cursor).await.unwrap();
    frame(&mut feed).await;
    world.sql().execute("UPDATE workspaces SET members_see_unassigned = 0", []).unwrap();
    world.platform.state().store.notice_others().await.unwrap();
    assert_eq!(frame(&mut feed).await["cause"], "scope");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_session_ends_its_line() {
    let world = World::new().await;
    for how in ["out", "again", "revoked", "reuse"] {
        let phone = world.sign_in(MARIA).await;
        let cursor = world.cursor(&phone).await;
        let mut feed = world.platform.live(&phone.access, &cursor).await.unwrap();
        frame(&mut feed).await;
        match how {
            "out" => {
                world.call("DELETE", "/v1/session", Some(&phone.access), None).await;
            }
            "again" => {
                world.try_sign_in(MARIA, PASSWORD, &phone.device).await.ok();
            }
            "reuse" => {
                let next = Phone::of("", &world.refresh(&phone.refresh).await.ok());
                world.refresh(&next.refresh).await.ok();
                world.refresh(&phone.refresh).await;
            }
            _ => {
                let revoke = "UPDATE devices SET revoked_at = 1 WHERE id = ?1";
                world.sql().execute(revoke, [&phone.device]).unwrap();
                world.platform.state().store.notice_others().await.unwrap();
            }
        }
        assert_eq!(feed.next().await, Some(LiveEvent::Close(CloseCode::Ended)), "{how}");
        assert_eq!(feed.next().await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_every_line_and_closes_the_store() {
    let world = World::new().await;
    world.platform.start();
    let phone = world.sign_in(MARIA).await;
    let cursor = world.cursor(&phone).await;
    let mut feed = world.platform.live(&phone.access, &cursor).await.unwrap();
    frame(&mut feed).await;
    world.platform.stop().await;
    assert_eq!(feed.next().await, Some(LiveEvent::Close(CloseCode::Away)));
    world.platform.stop().await;
    assert_eq!(world.get(&phone, "/v1/scope").await.error(), (503, "overloaded"));
    assert!(!world.dir.path().join("platform.db-wal").exists());
}

#[tokio::test(start_paused = true)]
async fn what_another_process_writes_is_noticed_within_a_second() {
    let world = World::new().await;
    world.platform.start();
    let phone = world.sign_in(MARIA).await;
    let cursor = world.cursor(&phone).await;
    let mut feed = world.platform.live(&phone.access, &cursor).await.unwrap();
    frame(&mut feed).await;
    // The operator's command opens the same file beside the running platform.
    let ports = &world.ports;
    let ports = (ports.clock.clone(), ports.rng.clone(), ports.executor.clone());
    let settings = world.platform.state().settings.clone();
    let office = fieldline_platform::Office::open(
        world.dir.path(),
        settings.key.clone(),
        settings.password_cost,
        settings.base_url(),
        ports,
    )
    .await
    .unwrap();
    let agent = NewAgent {
        workspace: world.workspace.clone(),
        email: "zoe@example.test".into(),
        name: "Zoe".into(),
        role: Role::Manager,
        password: Secret::new(PASSWORD),
    };
    office.add_agent(agent).await.unwrap();
    let before = world.now();
    let noticed = frame(&mut feed).await;
    assert_eq!(noticed["changes"][0]["object"]["name"], "Zoe");
    assert!(world.now() - before <= 1000);
    office.close().await;
    world.platform.stop().await;
}

#[tokio::test]
async fn the_socket_carries_the_line() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let id = world.conversation(&["a"]).await;
    let cursor = world.cursor(&phone).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = world.platform.router();
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let connect = async |token: &str| {
        let mut request = format!("ws://{address}/v1/live").into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("Fieldline-Client", "test/1".parse().unwrap());
        headers.insert("Authorization", format!("Bearer {token}").parse().unwrap());
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        tokio_tungstenite::client_async(request, stream).await
    };
    // Without a token there is no socket.
    match connect("x").await {
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => {
            assert_eq!(answer.status(), 401);
            assert!(answer.headers().contains_key("fieldline-server-time"));
        }
        other => panic!("{:?}", other.map(|_| ())),
    }
    let (mut socket, _) = connect(&phone.access).await.unwrap();
    let hello = json!({"kind": "hello", "since": cursor}).to_string();
    socket.send(Message::text(hello)).await.unwrap();
    let mut next = async || match socket.next().await.unwrap().unwrap() {
        Message::Text(text) => serde_json::from_str::<Value>(&text).unwrap(),
        Message::Close(frame) => json!({"close": u16::from(frame.unwrap().code)}),
        other => panic!("{other:?}"),
    };
    let first = next().await;
    assert_eq!(rows(&first), []);
    let message = world.customer(&id, "b").await;
    let second = next().await;
    assert_eq!((&second["from"], rows(&second)[0].1.as_str()), (&first["to"], message.as_str()));
    world.call("DELETE", "/v1/session", Some(&phone.access), None).await;
    assert_eq!(next().await, json!({"close": 4401}));
    // An unreadable hello.
    let phone = world.sign_in(MARIA).await;
    for hello in ["{}", "hello", "{\"kind\":\"hello\",\"since\":\"x\"}"] {
        let (mut socket, _) = connect(&phone.access).await.unwrap();
        socket.send(Message::text(hello)).await.unwrap();
        match socket.next().await.unwrap().unwrap() {
            Message::Close(Some(frame)) => assert_eq!(u16::from(frame.code), 4400),
            other => panic!("{other:?}"),
        }
    }
    // A phone may ping before it speaks, and a fault of ours is not told as one of its own.
    let (mut socket, _) = connect(&phone.access).await.unwrap();
    socket.send(Message::Ping(vec![1].into())).await.unwrap();
    world.sql().execute("ALTER TABLE changes RENAME TO hidden", []).unwrap();
    let hello = json!({"kind": "hello", "since": cursor}).to_string();
    socket.send(Message::text(hello)).await.unwrap();
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Close(Some(frame)) => break assert_eq!(u16::from(frame.code), 1011),
            Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
    world.sql().execute("ALTER TABLE hidden RENAME TO changes", []).unwrap();
    // A stop ends what is open.
    let (mut socket, _) = connect(&phone.access).await.unwrap();
    let cursor = world.cursor(&phone).await;
    let hello = json!({"kind": "hello", "since": cursor}).to_string();
    socket.send(Message::text(hello)).await.unwrap();
    socket.next().await.unwrap().unwrap();
    world.platform.stop().await;
    match socket.next().await.unwrap().unwrap() {
        Message::Close(Some(frame)) => assert_eq!(u16::from(frame.code), 1001),
        other => panic!("{other:?}"),
    }
    server.abort();
}

//! What a socket says besides the line: who looks, who types, who is there. Protocol.md 6.

use std::time::Duration;

use fieldline_platform::feed::live::{LiveEvent, LiveFeed};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::world::{BEN, MARIA, OWNER, Phone, World};

async fn frame(feed: &mut LiveFeed) -> Value {
    // A frame that never comes fails the test instead of holding it.
    match timeout(Duration::from_mins(1), feed.next()).await.unwrap() {
        Some(LiveEvent::Text(text)) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

async fn quiet(feed: &mut LiveFeed) {
    let said = timeout(Duration::from_secs(1), feed.next()).await;
    assert!(said.is_err(), "{said:?}");
}

async fn live(world: &World, phone: &Phone) -> LiveFeed {
    let cursor = world.cursor(phone).await;
    let mut feed = world.platform.live(&phone.access, &cursor).await.unwrap();
    assert_eq!(frame(&mut feed).await["kind"], "changes");
    feed
}

fn open(conversation: &str) -> String {
    json!({"kind": "open", "conversation": conversation}).to_string()
}

#[tokio::test(start_paused = true)]
async fn who_looks_at_a_conversation_sees_who_else_does_and_types() {
    let world = World::new().await;
    let (maria, ben) = (world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let (id, other) = (world.conversation(&["a"]).await, world.conversation(&["b"]).await);
    let (mut m, mut b) = (live(&world, &maria).await, live(&world, &ben).await);
    m.hear(&open(&id)).await;
    quiet(&mut m).await;
    b.hear(&open(&id)).await;
    let viewing = frame(&mut m).await;
    assert_eq!(
        (&viewing["kind"], &viewing["members"]),
        (&json!("viewing"), &json!([world.member(BEN)]))
    );
    assert_eq!(
        (&viewing["conversation"], &viewing["server_time"]),
        (&json!(id), &json!(world.now()))
    );
    assert_eq!(frame(&mut b).await["members"], json!([world.member(MARIA)]));
    for on in [true, false] {
        b.hear(&json!({"kind": "typing", "on": on}).to_string()).await;
        let typing = frame(&mut m).await;
        assert_eq!(
            (&typing["kind"], &typing["member"], &typing["on"]),
            (&json!("typing"), &json!(world.member(BEN)), &json!(on))
        );
    }
    quiet(&mut b).await;
    // Elsewhere is elsewhere.
    b.hear(&open(&other)).await;
    assert_eq!(frame(&mut m).await["members"], json!([]));
    b.hear(&json!({"kind": "typing", "on": true}).to_string()).await;
    quiet(&mut m).await;
    // What is not understood is not heard.
    for strange in ["", "x", "{}", r#"{"kind":"dance"}"#, r#"{"kind":"typing"}"#] {
        m.hear(strange).await;
    }
    quiet(&mut m).await;
    // The line goes on as ever.
    world.customer(&id, "more").await;
    assert_eq!(frame(&mut m).await["kind"], "changes");
    // A socket that ends looks at nothing.
    b.hear(&open(&id)).await;
    assert_eq!(frame(&mut m).await["members"], json!([world.member(BEN)]));
    drop(b);
    assert_eq!(frame(&mut m).await["members"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn nobody_looks_into_what_is_not_theirs() {
    let world = World::new().await;
    let (owner, maria, ben) =
        (world.sign_in(OWNER).await, world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let id = world.conversation(&["a"]).await;
    world.assign(&id, Some(&world.member(MARIA))).await;
    let mut o = live(&world, &owner).await;
    o.hear(&open(&id)).await;
    // Whose it is, and that they are not there.
    let presence = frame(&mut o).await;
    assert_eq!(
        (&presence["kind"], &presence["member"], &presence["online"]),
        (&json!("presence"), &json!(world.member(MARIA)), &json!(false))
    );
    let (mut m, mut b) = (live(&world, &maria).await, live(&world, &ben).await);
    assert_eq!(frame(&mut o).await["online"], true);
    b.hear(&open(&id)).await;
    b.hear(&json!({"kind": "typing", "on": true}).to_string()).await;
    quiet(&mut o).await;
    quiet(&mut b).await;
    m.hear(&open(&id)).await;
    assert_eq!(frame(&mut o).await["members"], json!([world.member(MARIA)]));
    assert_eq!(frame(&mut m).await["members"], json!([world.member(OWNER)]));
    // It leaves Maria's scope while it is open: she is told nothing more about it.
    world.assign(&id, Some(&world.member(BEN))).await;
    assert_eq!(frame(&mut m).await["changes"][0]["kind"], "left");
    quiet(&mut m).await;
    assert_eq!(frame(&mut o).await["kind"], "changes");
    let mut said = [frame(&mut o).await, frame(&mut o).await];
    said.sort_by_key(|frame| frame["kind"].as_str().unwrap().to_owned());
    assert_eq!((&said[0]["member"], &said[1]["members"]), (&json!(world.member(BEN)), &json!([])));
    o.hear(&json!({"kind": "typing", "on": true}).to_string()).await;
    quiet(&mut m).await;
}

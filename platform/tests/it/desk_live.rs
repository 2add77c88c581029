//! What a socket says besides the line: who looks, who types, who is there. Protocol.md 6.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fieldline_platform::Platform;
use fieldline_platform::feed::live::{LiveEvent, LiveFeed};
use fieldline_platform::support::{Executor, Inline, Job};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::world::{BEN, MARIA, OWNER, Phone, World, settings};

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

/// Runs each job where it stands, and counts them.
struct Counting(Arc<AtomicUsize>);

impl Executor for Counting {
    fn run(&self, job: Job) -> BoxFuture<'static, ()> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Inline.run(job)
    }
}

/// A platform whose every touch of the store is counted.
async fn counted(world: World) -> (World, Arc<AtomicUsize>) {
    world.platform.stop().await;
    let count = Arc::new(AtomicUsize::new(0));
    let mut ports = world.ports.clone();
    ports.executor = Arc::new(Counting(Arc::clone(&count)));
    let platform = Platform::open(settings(world.dir.path()), ports).await.unwrap();
    (World { platform, ..world }, count)
}

#[tokio::test(start_paused = true)]
async fn who_types_elsewhere_costs_the_other_sockets_no_look_into_the_store() {
    let (world, count) = counted(World::new().await).await;
    let (maria, ben) = (world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let (here, there) = (world.conversation(&["a"]).await, world.conversation(&["b"]).await);
    let (mut hers, mut his) = (live(&world, &maria).await, live(&world, &ben).await);
    hers.hear(&open(&here)).await;
    his.hear(&open(&there)).await;
    quiet(&mut hers).await;
    let before = count.load(Ordering::SeqCst);
    for on in [true, false, true] {
        his.hear(&json!({"kind": "typing", "on": on}).to_string()).await;
        quiet(&mut hers).await;
    }
    // Whether customers are to be told is his own socket's matter.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let asked = count.load(Ordering::SeqCst) - before;
    his.hear(&open(&here)).await;
    assert_eq!(frame(&mut hers).await["kind"], "viewing");
    his.hear(r#"{"kind": "typing", "on": true}"#).await;
    assert_eq!(frame(&mut hers).await["kind"], "typing");
    assert!(asked <= 2, "{asked}");
}

#[tokio::test(start_paused = true)]
async fn a_strangers_token_is_refused_before_the_store_is_asked() {
    let (world, count) = counted(World::new().await).await;
    let before = count.load(Ordering::SeqCst);
    for token in ["", "x.1.y", "a.1.AAAA"] {
        assert_eq!(world.refresh(token).await.error(), (401, "session_ended"));
        let asked = world.call("GET", "/v1/scope", Some(token), None).await;
        assert_eq!(asked.error(), (401, "token"));
    }
    assert_eq!(count.load(Ordering::SeqCst), before);
}

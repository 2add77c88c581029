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

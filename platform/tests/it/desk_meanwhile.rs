//! Who is put out, or loses a right, while a request of theirs is under way does nothing more with
//! it: protocol.md 1. A body may come half a minute behind its head, and that is when it is read.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, Bytes};
use axum::http::Request;
use fieldline_platform::Platform;
use fieldline_platform::support::{Executor, Inline, Job};
use futures_util::future::BoxFuture;
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot};

use crate::world::{Answer, MARIA, OWNER, PASSWORD, Phone, World, settings};

/// A call whose body comes only after `meanwhile`; its head was read before.
async fn late(
    world: &World,
    phone: &Phone,
    (method, path): (&str, &str),
    body: impl Into<Bytes>,
    meanwhile: impl Future<Output = ()>,
) -> Answer {
    let (asked, was_asked) = oneshot::channel();
    let (give, given) = oneshot::channel::<()>();
    let body = body.into();
    let length = body.len();
    let stream = stream::once(async move {
        asked.send(()).unwrap();
        given.await.unwrap();
        Ok::<_, std::io::Error>(body)
    });
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("Fieldline-Client", "test/1.0.0")
        .header("Authorization", format!("Bearer {}", phone.access))
        .header("Content-Length", length)
        .body(Body::from_stream(stream))
        .unwrap();
    let between = async {
        was_asked.await.unwrap();
        meanwhile.await;
        give.send(()).unwrap();
    };
    tokio::join!(world.raw(request), between).0
}

async fn revoke(world: &World, owner: &Phone, phone: &Phone) {
    let path = format!("devices/{}/revoke", phone.device);
    world.office(owner, "POST", &path, Value::Null).await.ok();
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_signed_out_meanwhile_sends_nothing_more() {
    let world = World::new().await;
    let (owner, maria) = (world.sign_in(OWNER).await, world.sign_in(MARIA).await);
    let id = world.conversation(&["hello"]).await;
    let body = json!({"epoch": world.epoch(), "commands": [world.send(&id, "too late", 1)]});
    let path = ("POST", "/v1/commands");
    let out = revoke(&world, &owner, &maria);
    let answer = late(&world, &maria, path, body.to_string(), out).await;
    assert_eq!(answer.error(), (401, "token"));
    assert_eq!(world.one::<i64>("SELECT count(*) FROM sends"), 0);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM commands"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_signed_out_meanwhile_sets_nothing_up() {
    let world = World::new().await;
    let owner = world.sign_in(OWNER).await;
    let push = json!({"kind": "fcm", "address": "x", "account_tag": "a"}).to_string();
    let password = json!({"password": "another horse"}).to_string();
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let before: String =
        world.one(&format!("SELECT password_hash FROM members WHERE email = '{MARIA}'"));
    for (what, body) in [("push", push), ("password", password), ("media", "abc".to_owned())] {
        let maria = world.sign_in(MARIA).await;
        let path = match what {
            "push" => format!("/v1/devices/{}/push", maria.device),
            "password" => "/v1/office/password".to_owned(),
            _ => format!("/v1/media/{hash}"),
        };
        let out = revoke(&world, &owner, &maria);
        let answer = late(&world, &maria, ("PUT", &path), body, out).await;
        assert_eq!(answer.error(), (401, "token"), "{what}");
    }
    assert_eq!(world.one::<i64>("SELECT count(*) FROM devices WHERE push_kind NOT NULL"), 0);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM uploads"), 0);
    let after: String =
        world.one(&format!("SELECT password_hash FROM members WHERE email = '{MARIA}'"));
    assert_eq!(after, before);
}

#[tokio::test(start_paused = true)]
async fn a_right_that_is_lost_meanwhile_is_lost() {
    let world = World::new().await;
    let (owner, maria) = (world.sign_in(OWNER).await, world.sign_in(MARIA).await);
    let mine = format!("members/{}", world.member(MARIA));
    let guest = json!({"name": "Guest", "email": "g@example.test", "role": "manager"}).to_string();
    let invite = ("POST", "/v1/office/members");
    for (meanwhile, told) in [("PATCH", (403, "not_allowed")), ("DELETE", (401, "token"))] {
        let manager = json!({"role": "manager"});
        world.office(&owner, "PATCH", &mine, manager).await.ok();
        let body = if meanwhile == "PATCH" { json!({"role": "employee"}) } else { Value::Null };
        let lose = async {
            assert!(world.office(&owner, meanwhile, &mine, body).await.status.is_success());
        };
        assert_eq!(late(&world, &maria, invite, guest.clone(), lose).await.error(), told);
    }
    assert_eq!(world.one::<i64>("SELECT count(*) FROM members WHERE name = 'Guest'"), 0);
}

/// Holds one job back until it is let go; counts down to it.
#[derive(Default)]
struct Gate {
    until: AtomicUsize,
    held: Notify,
    go: Notify,
}

/// As many hands on one gate as there are jobs.
struct Hands(Arc<Gate>);

impl Executor for Hands {
    fn run(&self, job: Job) -> BoxFuture<'static, ()> {
        let left = self.0.until.load(Ordering::SeqCst);
        self.0.until.store(left.saturating_sub(1), Ordering::SeqCst);
        if left != 1 {
            return Inline.run(job);
        }
        let gate = Arc::clone(&self.0);
        Box::pin(async move {
            gate.held.notify_one();
            gate.go.notified().await;
            Inline.run(job).await;
        })
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_removed_while_the_password_is_checked_does_not_get_in() {
    let world = World::new().await;
    world.platform.stop().await;
    let gate = Arc::new(Gate::default());
    let mut ports = world.ports.clone();
    ports.executor = Arc::new(Hands(Arc::clone(&gate)));
    let platform = Platform::open(settings(world.dir.path()), ports).await.unwrap();
    let world = World { platform, ..world };
    let owner = world.sign_in(OWNER).await;
    // The attempt is counted, then the password is checked: that takes its time.
    gate.until.store(2, Ordering::SeqCst);
    let id = world.uuid();
    let between = async {
        gate.held.notified().await;
        let path = format!("members/{}", world.member(MARIA));
        assert_eq!(world.office(&owner, "DELETE", &path, Value::Null).await.status, 204);
        gate.go.notify_one();
    };
    let (answer, ()) = tokio::join!(world.try_sign_in(MARIA, PASSWORD, &id), between);
    assert_eq!(answer.error(), (401, "wrong_credentials"));
    assert_eq!(world.one::<i64>("SELECT count(*) FROM devices WHERE revoked_at IS NULL"), 1);
}

//! Picking and answering over a real store, without a network.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use zeroize::Zeroizing;

use super::{Sender, answers, pick, write::row};
use crate::api::SecretStore;
use crate::model::queue::{Event, State};
use crate::model::records::{Conversation, Message};
use crate::store::Store;
use crate::support::{Clock, Inline, MemorySecrets, ServerClock, Signals, SystemRng};
use crate::transport::wire::{Answer, CommandBody, TextBody};
use crate::transport::{ConnectFault, Fault, LiveSocket, Request, Response, Session, Transport};

const NOW: i64 = 1_000_000;

async fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("s.db"), Arc::new(Inline)).await.unwrap();
    let open = |id: &str, closes_at: i64| Conversation {
        id: id.into(),
        version: 1,
        contact_id: "k".into(),
        channel_id: "h".into(),
        assignee: None,
        window_closes_at: Some(closes_at),
        unread: 0,
        last_n: 1,
        last_at: 0,
        last_message: None,
        waiting_since: None,
        read_up_to_n: 0,
        raw: "{}".into(),
    };
    let (a, b, closing) = (open("a", i64::MAX), open("b", i64::MAX), open("closing", NOW + 10));
    store
        .write(move |tx| {
            for it in [a, b, closing] {
                tx.put_conversation(&it, true)?;
            }
            Ok(())
        })
        .await
        .unwrap();
    (folder, store)
}

async fn put(store: &Store, id: &'static str, conversation: &'static str) {
    let body = CommandBody::Send {
        conversation,
        body: TextBody::new("hi"),
        reply_to: None,
        based_on_n: 1,
    };
    let it = row(id, NOW, conversation, None, body, None).unwrap();
    store.write(move |tx| tx.enqueue(&it)).await.unwrap();
}

async fn picked(store: &Store, now: i64) -> Vec<String> {
    let batch = store.write(move |tx| pick::pick(tx, now, pick::BATCH)).await.unwrap();
    batch.commands.into_iter().map(|it| it.id).collect()
}

async fn answer(store: &Store, id: &'static str, answer: Answer) {
    store.write(move |tx| answers::take(tx, id, answer, NOW).map(|_| ())).await.unwrap();
}

async fn state(store: &Store, id: &'static str) -> Option<State> {
    store.read(move |read| Ok(read.queued(id)?.map(|it| it.state))).await.unwrap()
}

fn refusal(code: &str) -> Answer {
    Answer::Refused { code: code.into(), reason: None, details: None }
}

#[tokio::test]
async fn order_is_kept_in_a_conversation_and_free_across() {
    let (_folder, store) = store().await;
    for (id, conversation) in [("1", "a"), ("2", "b"), ("3", "a")] {
        put(&store, id, conversation).await;
    }
    assert_eq!(picked(&store, NOW).await, ["1", "2", "3"]);
    answer(&store, "1", refusal("too_long")).await;
    answer(&store, "2", Answer::Done { seq: 7 }).await;
    answer(&store, "3", Answer::Later { retry_after_ms: Some(0) }).await;
    // 3 may have left: only the platform ends it; but it stands behind a refused one.
    assert_eq!(picked(&store, NOW + 250).await, Vec::<String>::new());
    let refused = store.read(|read| read.queued("1")).await.unwrap().unwrap();
    store.write(move |tx| tx.let_command_pass(&refused)).await.unwrap();
    assert_eq!(picked(&store, NOW + 249).await, Vec::<String>::new(), "no busy loop");
    assert_eq!(picked(&store, NOW + 250).await, ["3"]);
}

#[tokio::test]
async fn later_waits_for_its_time_and_holds_the_ones_behind() {
    let (_folder, store) = store().await;
    put(&store, "1", "a").await;
    put(&store, "2", "a").await;
    assert_eq!(picked(&store, NOW).await, ["1", "2"]);
    answer(&store, "1", Answer::Later { retry_after_ms: Some(5_000) }).await;
    answer(&store, "2", Answer::Later { retry_after_ms: Some(0) }).await;
    assert_eq!(picked(&store, NOW + 4_999).await, Vec::<String>::new());
    assert_eq!(picked(&store, NOW + 5_000).await, ["1", "2"]);
}

#[tokio::test]
async fn a_closing_window_holds_before_it_leaves_and_never_after() {
    let (_folder, store) = store().await;
    put(&store, "left", "closing").await;
    assert_eq!(picked(&store, NOW).await, ["left"]);
    put(&store, "waits", "closing").await;
    assert_eq!(picked(&store, NOW + 10).await, ["left"], "what may have left is the platform's");
    assert_eq!(state(&store, "waits").await, Some(State::Held));
}

#[tokio::test]
async fn an_answer_comes_any_number_of_times() {
    let (_folder, store) = store().await;
    put(&store, "1", "a").await;
    picked(&store, NOW).await;
    for _ in 0..3 {
        answer(&store, "1", Answer::Done { seq: 9 }).await;
        assert_eq!(state(&store, "1").await, Some(State::Accepted));
    }
    answer(&store, "1", refusal("malformed")).await;
    assert_eq!(state(&store, "1").await, Some(State::Accepted), "done is done");
    store.write(|tx| tx.finish_up_to(8)).await.unwrap();
    assert_eq!(state(&store, "1").await, Some(State::Accepted));
    store.write(|tx| tx.finish_up_to(9)).await.unwrap();
    assert_eq!(state(&store, "1").await, None);
    answer(&store, "1", Answer::Done { seq: 9 }).await;
}

#[tokio::test]
async fn the_guard_looks_at_what_came_since() {
    let (_folder, store) = store().await;
    put(&store, "1", "a").await;
    let owner = Message {
        id: "o".into(),
        conversation_id: "a".into(),
        version: 5,
        n: 2,
        sent_at: NOW,
        written_at: None,
        author_kind: "owner_app".into(),
        author_id: None,
        body: r#"{"kind":"text","text":"Done"}"#.into(),
        reply_to: None,
        deleted: false,
        step: "none".into(),
        times: "{}".into(),
        trouble: None,
        extras: None,
    };
    store.write(move |tx| tx.put_message(&owner).map(|_| ())).await.unwrap();
    assert_eq!(picked(&store, NOW).await, Vec::<String>::new());
    let held = store.read(|read| read.queued("1")).await.unwrap().unwrap();
    assert_eq!((held.state, held.reason.as_deref()), (State::Held, Some("R8")));
    assert!(held.details.is_some_and(|details| details.contains("owner_app")));
}

/// R15: stopped after seven days of server time, unless a byte of it had left.
#[tokio::test]
async fn what_waited_for_a_week_asks() {
    let (_folder, store) = store().await;
    let week = 7 * 24 * 3_600_000;
    put(&store, "1", "a").await;
    put(&store, "2", "b").await;
    assert_eq!(picked(&store, NOW + 5).await, ["1", "2"]);
    // Of the second one nothing left after all.
    let back =
        store.write(|tx| tx.step_command(&tx.read().queued("2")?.unwrap(), Event::NeverLeft));
    back.await.unwrap();
    assert_eq!(picked(&store, NOW + week).await, ["1", "2"]);
    let back =
        store.write(|tx| tx.step_command(&tx.read().queued("2")?.unwrap(), Event::NeverLeft));
    back.await.unwrap();
    assert_eq!(picked(&store, NOW + week + 1).await, ["1"]);
    let held = store.read(|read| read.queued("2")).await.unwrap().unwrap();
    assert_eq!((held.state, held.reason.as_deref()), (State::Held, Some("R15")));
}

#[tokio::test]
async fn a_batch_stays_within_its_bounds() {
    let (_folder, store) = store().await;
    let ids: Vec<String> = (0..150).map(|n| format!("id{n:03}")).collect();
    for id in &ids {
        let body = CommandBody::Read { conversation: "a", up_to_n: 1 };
        let it = row(id, NOW, "a", None, body, None).unwrap();
        store.write(move |tx| tx.enqueue(&it)).await.unwrap();
    }
    let first = picked(&store, NOW).await;
    assert_eq!(first.len(), pick::BATCH);
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), pick::BATCH);
}

#[tokio::test]
async fn a_refused_send_that_was_taken_back_asks_nobody() {
    let (_folder, store) = store().await;
    put(&store, "1", "a").await;
    picked(&store, NOW).await;
    let body = CommandBody::Withdraw { message: "1" };
    let withdraw = row("w", NOW, "a", Some("1"), body, None).unwrap();
    store.write(move |tx| tx.enqueue(&withdraw)).await.unwrap();
    answer(&store, "1", refusal("window_closed")).await;
    assert_eq!(state(&store, "1").await, Some(State::Refused));
    assert_eq!(picked(&store, NOW).await, ["w"]);
    answer(&store, "w", Answer::Done { seq: 9 }).await;
    assert_eq!(state(&store, "1").await, None);
}

/// A server that signs in and then has trouble with every command.
struct Troubled {
    tries: Arc<AtomicU32>,
    retry_after_ms: Option<u64>,
}

impl Transport for Troubled {
    fn call(&self, request: Request) -> BoxFuture<'_, Result<Response, Fault>> {
        let answer = |status, retry_after_ms, body: &str| Response {
            status,
            server_time: Some(NOW),
            retry_after_ms,
            body: body.as_bytes().to_vec(),
        };
        let response = if request.path == "/v1/commands" {
            self.tries.fetch_add(1, Ordering::Relaxed);
            answer(503, self.retry_after_ms, "{}")
        } else {
            let session = r#"{"access_token": "a", "refresh_token": "r", "expires_in_s": 900, "epoch": "e",
                "member": {"id": "m", "version": 1, "name": "M", "role": "employee"},
                "workspace": {"id": "w", "version": 1, "epoch": "e", "name": "W"}}"#;
            answer(200, None, session)
        };
        async move { Ok(response) }.boxed()
    }

    fn connect(
        &self,
        _bearer: Zeroizing<String>,
    ) -> BoxFuture<'_, Result<Box<dyn LiveSocket>, ConnectFault>> {
        async { Err(ConnectFault::Fault(Fault::NotSent)) }.boxed()
    }
}

struct Still;

impl Clock for Still {
    fn now_ms(&self) -> i64 {
        NOW
    }
}

/// Lets the sender fail `failures` times in a row, then has a person try now. How long until the next try, in virtual time?
async fn waited_after_try_now(failures: u32, retry_after_ms: Option<u64>) -> Duration {
    let (_folder, store) = store().await;
    put(&store, "1", "a").await;
    let secrets = MemorySecrets::default();
    secrets.set("refresh_token", b"r").unwrap();
    let tries = Arc::new(AtomicU32::new(0));
    let transport = Troubled { tries: Arc::clone(&tries), retry_after_ms };
    let clock = ServerClock::new(Arc::new(Still), 0);
    let signals = Signals::default();
    let sender = Sender {
        store,
        session: Arc::new(Session::new(Arc::new(transport), Arc::new(secrets), clock.clone())),
        clock,
        rng: Arc::new(SystemRng::default()),
        signals: signals.clone(),
    };
    let running = tokio::spawn(async move { sender.run().await });
    // Pulls go well all the time, as the engine would say.
    let tried = async |times: u32| {
        while tries.load(Ordering::Relaxed) < times {
            signals.set_fresh(true);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tried(failures).await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    let asked = tokio::time::Instant::now();
    signals.now.notify_waiters();
    tried(failures + 1).await;
    running.abort();
    asked.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_person_cuts_our_patience_short_but_not_what_the_server_asked_for() {
    // After five failures the back-off is at least eight seconds.
    assert!(waited_after_try_now(5, None).await < Duration::from_secs(1));
    assert!(waited_after_try_now(1, Some(30_000)).await > Duration::from_secs(29));
}

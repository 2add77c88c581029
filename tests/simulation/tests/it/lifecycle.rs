//! Foreground, background, two owners of one file, a newer file, the end.

use std::sync::Arc;
use std::time::Duration;

use fieldline_core::Client;
use fieldline_core::api::{BackgroundReason, Config, Error, LadderStep, StopCause};
use fieldline_core::support::MemorySecrets;
use fieldline_harness::memory::PhoneFaults;
use fieldline_simulation::{CUSTOMERS, World};
use fieldline_whatsapp_sim::CustomerMessage;

use crate::cases::{asked, at_customer, reply, says};

const ANA: usize = 0;

/// Paths that this process holds open, as Linux tells.
fn open_paths() -> Vec<String> {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| std::fs::read_link(entry.path()).ok())
        .map(|path| path.display().to_string())
        .collect()
}

/// D1: after `enter_background` no descriptor of the store is open, and a reply from a notification is still taken.
#[tokio::test(start_paused = true)]
async fn suspending_lets_go_of_the_file() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let ana = &world.phones[ANA];
    let path = ana.store_path.display().to_string();
    let held = || open_paths().iter().filter(|open| open.starts_with(&path)).count();
    assert!(held() > 0, "the check must see an open store");
    let report = ana.client.enter_background(2_000).await.expect("suspended");
    assert_eq!((report.why_stopped, report.still_waiting), (StopCause::Finished, 0));
    assert_eq!(held(), 0, "{:?}", open_paths());
    ana.client.send_reply(&id, "From the notification", 1).await.expect("kept");
    assert_eq!(held(), 0);
    let report = ana.client.run_background(BackgroundReason::Push, 5_000).await.expect("a run");
    assert_eq!((report.answered, report.still_waiting), (1, 0));
    assert_eq!(held(), 0);
    world.until("it came", async || (at_customer(&world).len() == 1).then_some(())).await;
    ana.client.enter_foreground().await.expect("back");
    world
        .until("the bubble", async || {
            let rows = ana.timeline(&id).await.rows;
            rows.into_iter()
                .find(|row| says(row, "From the notification") && row.step >= LadderStep::Sent)
        })
        .await;
}

/// A background run keeps its budget although the server never answers, and says why.
#[tokio::test(start_paused = true)]
async fn a_background_run_keeps_its_budget() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let ana = &world.phones[ANA];
    ana.line.set_offline(true);
    reply(&world, ANA, &id, "waits").await;
    let report = ana.client.enter_background(1_000).await.expect("suspended");
    assert_eq!((report.why_stopped, report.still_waiting), (StopCause::Offline, 1));
    assert!(report.next_wanted_in_ms.is_some());
    let before = tokio::time::Instant::now();
    let report =
        ana.client.run_background(BackgroundReason::Scheduled, 3_000).await.expect("a run");
    assert_eq!(report.why_stopped, StopCause::Offline);
    assert!(before.elapsed() <= std::time::Duration::from_secs(3));
    ana.client.enter_foreground().await.expect("back");
    ana.line.set_offline(false);
    world.until("it came", async || (at_customer(&world).len() == 1).then_some(())).await;
}

/// What came while the app was away is counted in the report and there when the app opens.
#[tokio::test(start_paused = true)]
async fn a_background_run_brings_new_messages() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let ana = &world.phones[ANA];
    ana.client.enter_background(1_000).await.expect("suspended");
    let message = CustomerMessage::text(CUSTOMERS[0], "Anybody?");
    world.sim.customer(&message).expect("a customer writes");
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let report = ana.client.run_background(BackgroundReason::Push, 5_000).await.expect("a run");
    assert_eq!(report.new_messages, 1);
    ana.line.set_offline(true);
    ana.client.enter_foreground().await.expect("back");
    assert!(ana.timeline(&id).await.rows.iter().any(|row| says(row, "Anybody?")));
}

/// C2: one owner a file. The second gets a typed error and the first goes on unharmed.
#[tokio::test(start_paused = true)]
async fn a_second_owner_is_refused() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let ana = &world.phones[ANA];
    let config = Config {
        store_path: ana.store_path.clone(),
        server_url: "http://127.0.0.1".into(),
        device_name: "second".into(),
        platform: "simulation".into(),
        extra_roots_pem: None,
    };
    let second = Client::open(config, Arc::new(MemorySecrets::default())).await;
    assert_eq!(second.err(), Some(Error::AlreadyOpen));
    reply(&world, ANA, &id, "unharmed").await;
    world.until("it came", async || (at_customer(&world).len() == 1).then_some(())).await;
}

/// A9, R of section 6: a store of a newer app is refused and left as it is, byte for byte.
#[tokio::test(start_paused = true)]
async fn a_newer_store_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let store_path = folder.path().join("newer.db");
    let newer = rusqlite::Connection::open(&store_path).expect("a file");
    newer.execute_batch("CREATE TABLE later (x); PRAGMA user_version = 4711;").expect("a schema");
    newer.close().expect("closed");
    let before = std::fs::read(&store_path).expect("bytes");
    let config = Config {
        store_path: store_path.clone(),
        server_url: "http://127.0.0.1".into(),
        device_name: "phone".into(),
        platform: "simulation".into(),
        extra_roots_pem: None,
    };
    let opened = Client::open(config, Arc::new(MemorySecrets::default())).await;
    assert_eq!(opened.err(), Some(Error::IncompatibleVersion));
    assert_eq!(std::fs::read(&store_path).expect("bytes"), before);
}

/// After `shutdown` commands answer `Cancelled`, waiting views end, and a second shutdown is no error.
#[tokio::test(start_paused = true)]
async fn the_end_is_the_end() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let ana = &world.phones[ANA];
    let view = ana.client.timeline(&id);
    let now = view.next(0).await.expect("alive").expect("drawn").revision;
    let (ended, shut) = tokio::join!(view.next(now), ana.client.shutdown());
    assert_eq!(shut, Ok(()));
    assert!(ended.is_none());
    assert_eq!(ana.client.send_reply(&id, "late", 1).await, Err(Error::Cancelled));
    assert_eq!(ana.client.enter_foreground().await, Err(Error::Cancelled));
    assert_eq!(ana.client.shutdown().await, Ok(()));
}

/// A view waits for a change, is conflated, and ends by `cancel`.
#[tokio::test(start_paused = true)]
async fn views_are_pulled_and_cancelled() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let ana = &world.phones[ANA];
    let view = ana.client.timeline(&id);
    let first = view.next(0).await.expect("alive").expect("drawn");
    ana.line.set_offline(true);
    for n in 0..20 {
        reply(&world, ANA, &id, &format!("reply {n}")).await;
    }
    let second = view.next(first.revision).await.expect("alive").expect("drawn");
    assert_eq!(second.rows.len(), first.rows.len() + 20, "one snapshot for all");
    let mut keys: Vec<&str> = second.rows.iter().map(|row| row.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), second.rows.len(), "keys are unique");
    view.cancel();
    assert!(view.next(second.revision).await.is_none() && view.is_cancelled());
}

/// Holes: a new phone holds the last twenty messages and fetches older ones page by page, to the start.
#[tokio::test(start_paused = true)]
async fn scrolling_back_fills_the_hole() {
    let mut world = World::calm().await;
    for n in 0..130 {
        let message = CustomerMessage::text(CUSTOMERS[0], format!("line {n}"));
        world.sim.customer(&message).expect("a customer writes");
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    }
    // A fresh start: everything is downloaded anew.
    let ana = &mut world.phones[ANA];
    ana.client.sign_out(fieldline_core::api::UnsentOnSignOut::Delete).await.expect("out");
    ana.sign_in(fieldline_simulation::PASSWORD).await;
    let ana = &world.phones[ANA];
    let id = world
        .until("the last twenty", async || {
            let row = ana.inbox().await.rows.into_iter().next()?;
            (ana.timeline(&row.key).await.rows.len() == 20).then_some(row.key)
        })
        .await;
    assert!(ana.timeline(&id).await.has_more_before);
    for expected in [70, 120, 130] {
        ana.client.load_older(&id).await.expect("a page");
        let view = ana.client.timeline(&id);
        view.widen(200);
        let shown = view.next(0).await.expect("alive").expect("drawn");
        assert_eq!(shown.rows.len(), expected);
        let numbers: Vec<i64> = shown.rows.iter().filter_map(|row| row.n).collect();
        assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "no hole: {numbers:?}");
        assert_eq!(shown.has_more_before, expected < 130);
    }
    ana.client.load_older(&id).await.expect("nothing more to do");
}

/// A shell that stops waiting for a background run, or for the way into the background, breaks nothing: the next call
/// finds the app where it really is.
#[tokio::test(start_paused = true)]
async fn calls_that_nobody_waits_for_any_more() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let ana = &world.phones[ANA];
    let path = ana.store_path.display().to_string();
    let held = || open_paths().iter().filter(|open| open.starts_with(&path)).count();
    let lost = PhoneFaults { lost_request: 100, ..PhoneFaults::default() };
    let moment = Duration::from_millis(1);
    // Into the background.
    ana.line.set_faults(lost);
    reply(&world, ANA, &id, "one").await;
    let entering = ana.client.enter_background(60_000);
    assert!(tokio::time::timeout(moment, entering).await.is_err(), "it must be under way");
    ana.line.set_faults(PhoneFaults::default());
    ana.client.enter_foreground().await.expect("back");
    world.until("it came", async || (at_customer(&world).len() == 1).then_some(())).await;
    // A run.
    ana.client.enter_background(1_000).await.expect("suspended");
    assert_eq!(held(), 0);
    ana.line.set_faults(lost);
    let run = ana.client.run_background(BackgroundReason::Push, 60_000);
    assert!(tokio::time::timeout(moment, run).await.is_err(), "it must be under way");
    ana.client.enter_background(1_000).await.expect("suspended");
    assert_eq!(held(), 0, "{:?}", open_paths());
    ana.line.set_faults(PhoneFaults::default());
    ana.client.enter_foreground().await.expect("back");
    reply(&world, ANA, &id, "two").await;
    world.until("it came", async || (at_customer(&world).len() == 2).then_some(())).await;
}

/// A reply from a notification is taken at once also while a background run waits for a server that does not answer.
#[tokio::test(start_paused = true)]
async fn a_reply_does_not_wait_for_a_background_run() {
    let world = World::calm().await;
    let id = asked(&world, "Hello").await;
    let ana = &world.phones[ANA];
    ana.client.enter_background(1_000).await.expect("suspended");
    ana.line.set_faults(PhoneFaults { delayed: 100, ..PhoneFaults::default() });
    let began = tokio::time::Instant::now();
    let written = async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        ana.client.send_reply(&id, "At once", 1).await.expect("kept");
        began.elapsed()
    };
    let run = ana.client.run_background(BackgroundReason::Push, 30_000);
    let (ran, waited) = tokio::join!(run, written);
    ran.expect("a run");
    assert!(began.elapsed() > Duration::from_millis(100), "the run must have taken its time");
    assert!(waited < Duration::from_millis(10), "{waited:?}");
}

/// One store is one account on one server: opened for another address it stays shut, and nothing is sent anywhere.
#[tokio::test(start_paused = true)]
async fn a_store_belongs_to_its_server() {
    let world = World::calm().await;
    asked(&world, "Hello").await;
    let ana = &world.phones[ANA];
    ana.client.shutdown().await.expect("shut");
    let config = Config {
        store_path: ana.store_path.clone(),
        server_url: "https://elsewhere.example".into(),
        device_name: "phone".into(),
        platform: "simulation".into(),
        extra_roots_pem: None,
    };
    let opened = Client::open(config, Arc::new(MemorySecrets::default())).await;
    assert_eq!(opened.err(), Some(Error::Invalid { field: "server_url".into(), limit: 0 }));
}

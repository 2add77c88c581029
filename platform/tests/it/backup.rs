//! Backup and restore: a whole copy, a new epoch, nothing sent by itself.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fieldline_platform::backup::{self, BackupError};
use fieldline_platform::support::Key;
use serde_json::json;
use tokio::time::sleep;

use crate::meta_world::*;

fn key() -> Key {
    Key::new([7; 32])
}

fn take(world: &World, dir: &Path) -> backup::Taken {
    backup::take(world.folder(), dir, &key(), world.now()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_was_unsent_in_a_restored_copy_waits_for_a_person() {
    let mut world = World::new().await;
    world.ana("wamid.1", "hello").await;
    // Accepted; its outcome unknown; held for an answer meanwhile; waiting behind them.
    let sent = world.send(MARIA, "one", 1).await;
    world.quiet().await;
    world.graph.then([Reply::Lost]);
    let lost = world.send(MARIA, "two", 1).await;
    world.quiet().await;
    let waiting = world.send(MARIA, "three", 1).await;
    world.quiet().await;
    assert_eq!(world.state(&sent), "accepted sent -");
    assert_eq!(world.state(&lost), "unknown queued R14");
    assert_eq!(world.state(&waiting), "waiting queued R4");

    let copy = tempfile::tempdir().unwrap();
    let taken = take(&world, copy.path());
    assert!(taken.database_bytes > 0 && !taken.key_included);
    assert!(!copy.path().join("key").exists());
    // What happens after the copy was made is lost with the restore, but it happened: two minutes
    // later the third goes out.
    sleep(Duration::from_mins(3)).await;
    assert_eq!(world.state(&waiting), "accepted sent -");
    let calls = world.graph.calls().len();
    world.stop().await;

    let place = tempfile::tempdir().unwrap();
    let back = backup::restore(place.path(), copy.path(), &key(), world.now()).unwrap();
    assert_eq!(back.schema, taken.schema);
    world.move_to(place);
    world.start().await;
    let epoch: String = world.one("SELECT epoch FROM workspaces");
    assert_ne!(epoch, "e1");
    assert_eq!(world.state(&sent), "accepted sent -");
    for held in [&lost, &waiting] {
        assert_eq!(world.state(held), "unknown queued R14");
    }
    sleep(Duration::from_hours(48)).await;
    assert_eq!(world.graph.calls().len(), calls, "something went out by itself");

    // Another start changes nothing more: the stamp is gone.
    world.stop().await;
    world.start().await;
    assert_eq!(world.one::<String>("SELECT epoch FROM workspaces"), epoch);

    // The customer wrote again, so the window is open; a person decides.
    world.ana("wamid.2", "still there?").await;
    let settle = |message: &str, more: serde_json::Value| {
        let mut command = json!({"kind": "settle", "message": message});
        command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        command
    };
    let arrived = settle(&lost, json!({"result": "arrived"}));
    let again =
        settle(&waiting, json!({"result": "send_again", "new_id": world.uuid(), "based_on_n": 5}));
    assert_eq!(world.command_in(&epoch, MARIA, arrived).await["outcome"], "done");
    assert_eq!(world.command_in(&epoch, MARIA, again).await["outcome"], "done");
    world.quiet().await;
    assert_eq!(world.graph.texts().last().unwrap(), "three");
    assert_eq!(world.graph.calls().len(), calls + 1);
}

#[tokio::test(start_paused = true)]
async fn reactions_and_read_marks_of_a_restored_copy_are_told_to_nobody() {
    let mut world = World::new().await;
    world.ana("wamid.1", "hello").await;
    let message: String = world.one("SELECT id FROM messages");
    world.graph.then([Reply::Lost, Reply::NotSent]);
    let react = json!({"kind": "react", "message": message, "emoji": "👍"});
    let reaction = world.command(MARIA, react).await;
    sleep(Duration::from_millis(600)).await;
    let chat = world.chat();
    world.command(MARIA, json!({"kind": "read", "conversation": chat, "up_to_n": 1})).await;
    sleep(Duration::from_millis(600)).await;
    assert_eq!(world.rows("SELECT state FROM reaction_sends"), ["attempted"]);
    assert_eq!(world.rows("SELECT up_to_n - done_n FROM read_marks"), ["1"]);
    let (copy, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    take(&world, copy.path());
    world.stop().await;
    let calls = world.graph.calls().len();
    backup::restore(place.path(), copy.path(), &key(), world.now()).unwrap();
    world.move_to(place);
    world.start().await;
    sleep(Duration::from_hours(1)).await;
    assert_eq!(world.graph.calls().len(), calls);
    // Given up, and what stood before it is shown again.
    assert_eq!(world.rows("SELECT state FROM reaction_sends"), ["refused"]);
    assert_eq!(world.rows("SELECT up_to_n - done_n FROM read_marks"), ["0"]);
    // What became of it may still be told.
    let failed = json!({"id": "wamid.r", "status": "failed", "timestamp": world.now_s().to_string(),
        "biz_opaque_callback_data": reaction["id"], "errors": [{"code": 131_009}]});
    world.webhook(&[status(&failed)]).await;
    assert_eq!(world.rows("SELECT coalesce(emoji, '-') FROM reactions"), ["-"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_held_for_a_person_is_asked_about_anew() {
    let mut world = World::new().await;
    world.ana("wamid.1", "hello").await;
    world.graph.then([Reply::Code(400, 131_047)]);
    let held = world.send(MARIA, "one", 1).await;
    world.quiet().await;
    assert_eq!(world.state(&held), "held queued R7");
    let (copy, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    take(&world, copy.path());
    world.stop().await;
    backup::restore(place.path(), copy.path(), &key(), world.now()).unwrap();
    world.move_to(place);
    world.start().await;
    assert_eq!(world.state(&held), "unknown queued R14");
}

#[tokio::test(start_paused = true)]
async fn the_copy_holds_media_and_both_files_of_removals() {
    let world = World::new().await;
    let media = world.folder().join("media/part");
    fs::create_dir_all(&media).unwrap();
    fs::write(world.folder().join("media/aa"), b"picture").unwrap();
    fs::write(media.join("bb"), b"half").unwrap();
    let line = |id: &str| format!("{{\"kind\":\"device\",\"id\":\"{id}\",\"at\":1}}\n");
    fs::write(world.folder().join("revoked"), line("a") + &line("b")).unwrap();
    let (copy, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let taken = take(&world, copy.path());
    assert_eq!((taken.media_files, taken.media_bytes), (2, 11));
    // The place knows of a removal that the copy is too old for.
    fs::write(place.path().join("revoked"), line("b") + &line("c")).unwrap();
    fs::write(place.path().join("platform.db.undone"), b"of a restore cut short").unwrap();
    backup::restore(place.path(), copy.path(), &key(), world.now()).unwrap();
    assert_eq!(fs::read(place.path().join("media/aa")).unwrap(), b"picture");
    assert_eq!(fs::read(place.path().join("media/part/bb")).unwrap(), b"half");
    let removed = fs::read_to_string(place.path().join("revoked")).unwrap();
    assert_eq!(removed, line("b") + &line("c") + &line("a"));
    let names: Vec<_> =
        fs::read_dir(place.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains("undone")), "{names:?}");
}

#[tokio::test(start_paused = true)]
async fn a_restore_overwrites_nothing_and_needs_the_key() {
    let mut world = World::new().await;
    world.ana("wamid.1", "hello").await;
    let copy = tempfile::tempdir().unwrap();
    take(&world, copy.path());
    let again = backup::take(world.folder(), copy.path(), &key(), 0);
    assert!(matches!(again, Err(BackupError::NotEmpty(_))), "{again:?}");
    let restore = |place: &Path, key: Key| backup::restore(place, copy.path(), &key, 0);
    let served = restore(world.folder(), key());
    assert!(matches!(served, Err(BackupError::Serving)), "{served:?}");
    world.stop().await;
    let full = restore(world.folder(), key());
    assert!(matches!(full, Err(BackupError::NotEmpty(_))), "{full:?}");
    let place = tempfile::tempdir().unwrap();
    let other = restore(place.path(), Key::new([8; 32]));
    assert!(matches!(other, Err(BackupError::WrongKey)), "{other:?}");
    let nothing = backup::restore(place.path(), place.path(), &key(), 0);
    assert!(matches!(nothing, Err(BackupError::NoBackup)), "{nothing:?}");
    fs::write(copy.path().join("platform.db"), vec![7; 8192]).unwrap();
    let damaged = restore(place.path(), key());
    assert!(matches!(damaged, Err(BackupError::Open(_))), "{damaged:?}");
    assert!(!place.path().join("platform.db").exists());
}

#[tokio::test(start_paused = true)]
async fn a_copy_made_while_others_write_is_one_moment() {
    // Real threads: the copy reads while webhooks are being kept.
    let world = World::new().await;
    world.ana("wamid.0", "hello").await;
    let (folder, now) = (world.folder().to_owned(), world.now());
    let written = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&written);
    let copies = std::thread::spawn(move || {
        // Some copies at least, and as many as it takes until much was written beside them.
        (0_u32..)
            .map_while(|round| (round < 4 || seen.load(Ordering::SeqCst) < 60).then_some(()))
            .map(|()| {
                let copy = tempfile::tempdir().unwrap();
                backup::take(&folder, copy.path(), &key(), now).unwrap();
                let sql = rusqlite::Connection::open(copy.path().join("platform.db")).unwrap();
                let one =
                    |query: &str| sql.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
                (
                    one("SELECT count(*) FROM messages"),
                    one("SELECT last_n FROM conversations"),
                    one("SELECT count(*) FROM pragma_foreign_key_check"),
                )
            })
            .collect::<Vec<_>>()
    });
    let mut number = 0;
    while !copies.is_finished() {
        number += 1;
        world.webhook(&[customer(ANA, &format!("wamid.{number}"), "more", world.now_s())]).await;
        written.store(number, Ordering::SeqCst);
    }
    for (messages, last_n, broken) in copies.join().unwrap() {
        assert_eq!((messages, broken), (last_n, 0));
    }
}

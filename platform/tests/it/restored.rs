//! A copy that is brought back: phones go on, who was removed stays out, nothing old is sent, and
//! a copy or a restore that fails or is cut short leaves the disk as it was.

use std::fs;
use std::path::Path;
use std::time::Duration;

use fieldline_platform::Platform;
use fieldline_platform::backup::{self, BackupError};
use fieldline_platform::support::Key;
use serde_json::{Value, json};
use tokio::time::{advance, sleep};

use crate::meta_world;
use crate::world::{BEN, MARIA, OWNER, PASSWORD, Phone, World, settings, to_member, to_nobody};

fn key() -> Key {
    Key::new([7; 32])
}

fn take(world: &World) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    backup::take(world.dir.path(), copy.path(), &key(), world.now()).unwrap();
    copy
}

/// The disk is lost; the copy comes back on another one, with the file of removals as the guide
/// says, and a new process serves it.
async fn restore(world: World, copy: &Path) -> World {
    world.platform.stop().await;
    let place = tempfile::tempdir().unwrap();
    let removed = world.dir.path().join("revoked");
    if removed.exists() {
        fs::copy(removed, place.path().join("revoked")).unwrap();
    }
    backup::restore(place.path(), copy, &key(), world.now()).unwrap();
    let platform = Platform::open(settings(place.path()), world.ports.clone()).await.unwrap();
    World { platform, dir: place, ..world }
}

async fn next(world: &World, phone: &Phone) -> Phone {
    Phone::of(&phone.device, &world.refresh(&phone.refresh).await.ok())
}

#[tokio::test(start_paused = true)]
async fn phones_that_went_on_after_the_copy_stay_signed_in() {
    let world = World::new().await;
    let (maria, ben) = (world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let copy = take(&world);
    // Maria's phone goes on for an hour, Ben's lies in a drawer.
    let mut newest = maria.clone();
    for _ in 0..4 {
        advance(Duration::from_mins(15)).await;
        newest = next(&world, &newest).await;
    }
    let world = restore(world, copy.path()).await;
    // Her answer is lost once; then she goes on, and so does Ben.
    let lost = next(&world, &newest).await;
    let again = next(&world, &newest).await;
    assert_eq!(lost.refresh, again.refresh);
    assert!(world.get(&again, "/v1/scope").await.status.is_success());
    let after = next(&world, &again).await;
    next(&world, &ben).await;
    // A copy of a token from before is still found out.
    assert_eq!(world.refresh(&newest.refresh).await.error(), (401, "session_ended"));
    assert_eq!(world.get(&after, "/v1/scope").await.error(), (401, "token"));
}

#[tokio::test(start_paused = true)]
async fn who_was_removed_after_the_copy_stays_out() {
    let world = World::new().await;
    let (owner, maria, ben) =
        (world.sign_in(OWNER).await, world.sign_in(MARIA).await, world.sign_in(BEN).await);
    let id = world.conversation(&["hello"]).await;
    let hers = json!({"conversation": id, "was": to_nobody(),
        "to": to_member(&world.member(MARIA))});
    assert_eq!(world.give(&maria, "assign", hers).await["outcome"], "done");
    let copy = take(&world);
    // Since the copy: Maria left; a second phone of Ben's came and was lost.
    let lost = world.sign_in(BEN).await;
    let revoke = format!("devices/{}/revoke", lost.device);
    world.office(&owner, "POST", &revoke, Value::Null).await.ok();
    let leave = format!("members/{}", world.member(MARIA));
    assert_eq!(world.office(&owner, "DELETE", &leave, Value::Null).await.status, 204);

    let world = restore(world, copy.path()).await;
    // Maria's phone is told to wipe, and says that it did.
    let told = world.refresh(&maria.refresh).await;
    assert_eq!(told.error(), (401, "device_revoked"));
    let wiped = json!({"wipe_token": told.details()["wipe_token"]});
    assert_eq!(world.post("/v1/wiped", wiped).await.status, 204);
    let fresh = world.try_sign_in(MARIA, PASSWORD, &world.uuid()).await;
    assert_eq!(fresh.error(), (401, "wrong_credentials"));
    // What she held is nobody's, for the others to see.
    let row = world.seen(&ben, &id).await.unwrap();
    assert_eq!(row.get("assignee"), None, "{row}");
    // The copy never heard of the lost phone; whoever has it and the password is kept out all the
    // same, and the phone wipes itself.
    let found = world.try_sign_in(BEN, PASSWORD, &lost.device).await;
    assert_eq!(found.error(), (401, "device_revoked"));
    let wiped = json!({"wipe_token": found.details()["wipe_token"]});
    assert_eq!(world.post("/v1/wiped", wiped).await.status, 204);
    assert_eq!(world.try_sign_in(BEN, PASSWORD, &world.uuid()).await.status, 200);
    next(&world, &ben).await;
}

#[tokio::test(start_paused = true)]
async fn an_emoji_of_the_copy_does_not_go_over_a_newer_one() {
    use meta_world::{MARIA, World};
    let mut world = World::new().await;
    world.ana("wamid.1", "hello").await;
    let message: String = world.one("SELECT id FROM messages");
    let react = |emoji: &str| json!({"kind": "react", "message": message, "emoji": emoji});
    world.graph.down.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(world.command(MARIA, react("👍")).await["outcome"], "done");
    let copy = tempfile::tempdir().unwrap();
    backup::take(world.folder(), copy.path(), &key(), world.now()).unwrap();
    world.graph.down.store(false, std::sync::atomic::Ordering::SeqCst);
    sleep(Duration::from_mins(2)).await;
    world.command(MARIA, react("🎉")).await;
    sleep(Duration::from_mins(2)).await;
    let emojis = |world: &World| -> Vec<String> {
        let calls = world.graph.calls();
        calls.iter().map(|call| call["reaction"]["emoji"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(emojis(&world), ["👍", "🎉"]);
    world.stop().await;
    let place = tempfile::tempdir().unwrap();
    backup::restore(place.path(), copy.path(), &key(), world.now()).unwrap();
    world.move_to(place);
    world.start().await;
    sleep(Duration::from_hours(1)).await;
    assert_eq!(emojis(&world), ["👍", "🎉"], "the customer sees an old one now");
    assert_eq!(world.rows("SELECT coalesce(emoji, '-') FROM reactions"), ["-"]);
}

#[tokio::test(start_paused = true)]
async fn a_restore_that_was_cut_short_is_tried_again() {
    let world = World::new().await;
    fs::create_dir(world.dir.path().join("media")).unwrap();
    fs::write(world.dir.path().join("media/aa"), b"picture").unwrap();
    let copy = take(&world);
    let place = tempfile::tempdir().unwrap();
    let file = |name: &str| place.path().join(name);
    // Killed between its last two steps: the media are in place, the database is not.
    for name in ["platform.db.undone", "platform.db.undone-journal", "revoked.undone"] {
        fs::write(file(name), b"half").unwrap();
    }
    // A disk of its own, too.
    fs::create_dir(file("lost+found")).unwrap();
    for folder in ["media", "media.undone"] {
        fs::create_dir(file(folder)).unwrap();
        fs::write(file(folder).join("bb"), b"half").unwrap();
    }
    backup::restore(place.path(), copy.path(), &key(), 0).unwrap();
    let mut names: Vec<_> =
        fs::read_dir(place.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["lost+found", "media", "platform.db", "serve.lock"]);
    assert!(file("media/aa").exists() && !file("media/bb").exists());
    // What somebody else put there is nobody's to remove.
    for strange in ["media", "notes.undone", "platform.db.undone2"] {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join(strange), b"of somebody").unwrap();
        let refused = backup::restore(place.path(), copy.path(), &key(), 0);
        assert!(matches!(refused, Err(BackupError::NotEmpty(_))), "{strange} {refused:?}");
        assert!(place.path().join(strange).exists());
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_gives_the_disk_back() {
    let world = World::new().await;
    fs::create_dir(world.dir.path().join("media")).unwrap();
    fs::write(world.dir.path().join("media/aa"), b"picture").unwrap();
    // Fails late, when database and media are written.
    let trouble = world.dir.path().join("revoked");
    fs::create_dir(&trouble).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("copy");
    let failed = backup::take(world.dir.path(), &dir, &key(), 0);
    assert!(matches!(failed, Err(BackupError::Folder(_))), "{failed:?}");
    assert!(!dir.exists(), "a half copy fills the disk");
    fs::create_dir(&dir).unwrap();
    backup::take(world.dir.path(), &dir, &key(), 0).unwrap_err();
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0, "it was there, so it stays");
    fs::remove_dir(&trouble).unwrap();
    let other = backup::take(world.dir.path(), &dir, &Key::new([8; 32]), 0);
    assert!(matches!(other, Err(BackupError::WrongKey)), "{other:?}");
    backup::take(world.dir.path(), &dir, &key(), 0).unwrap();

    let place = tempfile::tempdir().unwrap();
    fs::create_dir(dir.join("revoked")).unwrap();
    let failed = backup::restore(place.path(), &dir, &key(), 0);
    assert!(matches!(failed, Err(BackupError::Folder(_))), "{failed:?}");
    let left: Vec<_> =
        fs::read_dir(place.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["serve.lock"]);
    fs::remove_dir(dir.join("revoked")).unwrap();
    backup::restore(place.path(), &dir, &key(), 0).unwrap();
}

//! The store's own tests: holes, versions, marks, the schema, one owner.

use std::sync::Arc;

use super::{OutOfPage, Store, StoreError, Topic};
use crate::model::place::Place;
use crate::model::records::{Conversation, Member, Message};
use crate::support::Inline;

const CHAT: &str = "c1";

async fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("s.db"), Arc::new(Inline)).await.unwrap();
    (folder, store)
}

fn message(n: i64, version: i64) -> Message {
    Message {
        id: format!("m{n}"),
        conversation_id: CHAT.into(),
        version,
        n,
        sent_at: n * 10_000,
        written_at: None,
        author_kind: "customer".into(),
        author_id: None,
        body: format!(r#"{{"kind":"text","text":"v{version}"}}"#),
        reply_to: None,
        deleted: false,
        step: "none".into(),
        times: "{}".into(),
        trouble: None,
        extras: None,
    }
}

fn conversation(version: i64) -> Conversation {
    Conversation {
        id: CHAT.into(),
        version,
        contact_id: "k".into(),
        channel_id: "h".into(),
        assignee: None,
        window_closes_at: None,
        unread: 0,
        last_n: 0,
        last_at: 0,
        last_message: None,
        waiting_since: None,
        read_up_to_n: 0,
        raw: "{}".into(),
    }
}

async fn page(
    store: &Store,
    numbers: std::ops::RangeInclusive<i64>,
    before: Option<i64>,
    start: bool,
    as_of: i64,
) {
    let messages: Vec<Message> = numbers.map(|n| message(n, n)).collect();
    let before = before.map(|n| Place::of(n * 10_000, n));
    let out = OutOfPage { before, start_reached: start, as_of };
    store.write(move |tx| tx.put_page(CHAT, &messages, out)).await.unwrap();
}

/// Numbers that a screen would show.
async fn shown(store: &Store) -> Vec<i64> {
    let read = store.read(|read| {
        let from = read.conversation(CHAT)?.and_then(|held| held.from).unwrap_or(Place::START);
        let messages = read.messages_from(CHAT, from, 1_000)?;
        Ok(messages.into_iter().map(|message| message.n).collect())
    });
    read.await.unwrap()
}

async fn held(store: &Store) {
    store.write(|tx| tx.put_conversation(&conversation(1), true)).await.unwrap();
}

#[tokio::test]
async fn pages_that_touch_are_one_stretch() {
    let (_folder, store) = store().await;
    held(&store).await;
    page(&store, 80..=100, None, false, 100).await;
    page(&store, 60..=79, Some(80), false, 100).await;
    assert_eq!(shown(&store).await, (60..=100).collect::<Vec<_>>());
    page(&store, 1..=59, Some(60), true, 100).await;
    assert_eq!(shown(&store).await, (1..=100).collect::<Vec<_>>());
    let start = store.read(|read| Ok(read.conversation(CHAT)?.map(|held| held.start_reached)));
    assert_eq!(start.await.unwrap(), Some(true));
}

#[tokio::test]
async fn a_page_above_a_gap_takes_nothing_away_and_the_gap_is_filled() {
    let (_folder, store) = store().await;
    held(&store).await;
    page(&store, 1..=10, None, true, 10).await;
    // A reset: the newest page does not reach down to what is held.
    page(&store, 50..=60, None, false, 60).await;
    let with_gap: Vec<i64> = (1..=10).chain(50..=60).collect();
    assert_eq!(shown(&store).await, with_gap);
    let hole = async || {
        let held = store.read(|read| read.conversation(CHAT)).await.unwrap().unwrap();
        held.hole.map(|hole| (hole.from.n, hole.to.n, hole.live))
    };
    assert_eq!(hole().await, Some((11, 49, true)));
    page(&store, 20..=49, Some(50), false, 60).await;
    assert_eq!(hole().await, Some((11, 19, true)));
    page(&store, 8..=19, Some(20), false, 60).await;
    assert_eq!(shown(&store).await, (1..=60).collect::<Vec<_>>());
    assert_eq!(hole().await, None);
}

#[tokio::test]
async fn a_page_deletes_what_it_should_have_brought_and_nothing_newer() {
    let (_folder, store) = store().await;
    held(&store).await;
    page(&store, 1..=10, None, true, 10).await;
    store.write(|tx| tx.put_message(&message(12, 20)).map(|_| ())).await.unwrap();
    // Read at 15: 5 is gone there; 12 was written after that read and stays.
    let kept: Vec<Message> = (1..=10).filter(|n| *n != 5).map(|n| message(n, n)).collect();
    let out = OutOfPage { before: None, start_reached: true, as_of: 15 };
    store.write(move |tx| tx.put_page(CHAT, &kept, out)).await.unwrap();
    assert_eq!(shown(&store).await, [1, 2, 3, 4, 6, 7, 8, 9, 10, 12]);
}

#[tokio::test]
async fn the_newer_version_wins_in_any_order() {
    for versions in [[1, 2, 3], [3, 2, 1], [2, 3, 1], [3, 3, 3]] {
        let (_folder, store) = store().await;
        held(&store).await;
        for version in versions {
            store.write(move |tx| tx.put_message(&message(1, version)).map(|_| ())).await.unwrap();
        }
        let kept = store.read(|read| read.message("m1")).await.unwrap().unwrap();
        assert_eq!(kept.version, 3, "{versions:?}");
        assert!(kept.body.contains("v3"));
    }
}

#[tokio::test]
async fn a_message_whose_time_moves_stands_once() {
    let (_folder, store) = store().await;
    held(&store).await;
    store.write(|tx| tx.put_message(&message(1, 1)).map(|_| ())).await.unwrap();
    let moved = Message { sent_at: 99_000, ..message(1, 2) };
    store.write(move |tx| tx.put_message(&moved).map(|_| ())).await.unwrap();
    assert_eq!(shown(&store).await, [1]);
}

#[tokio::test]
async fn messages_wait_unseen_for_their_conversation() {
    let (_folder, store) = store().await;
    store.write(|tx| tx.put_message(&message(1, 1)).map(|_| ())).await.unwrap();
    let count = store.read(|read| Ok((read.count_conversations()?, read.conversation(CHAT)?)));
    assert_eq!(count.await.unwrap(), (0, None));
    held(&store).await;
    assert_eq!(shown(&store).await, [1]);
}

#[tokio::test]
async fn what_went_is_not_brought_back_by_an_older_answer() {
    let (_folder, store) = store().await;
    let marked = store.write(|tx| {
        tx.mark("left", CHAT, 50, 0)?;
        let read = tx.read();
        Ok([
            read.is_marked("left", CHAT, 49)?,
            read.is_marked("left", CHAT, 50)?,
            read.is_marked("left", "other", 1)?,
        ])
    });
    assert_eq!(marked.await.unwrap(), [true, false, false]);
    let thirty_one_days = 31 * 24 * 3_600_000;
    store.write(move |tx| tx.prune_marks(thirty_one_days)).await.unwrap();
    let marked = store.read(|read| read.is_marked("left", CHAT, 1)).await.unwrap();
    assert!(!marked);
}

#[tokio::test]
async fn a_failed_write_leaves_nothing_and_wakes_nobody() {
    let (_folder, store) = store().await;
    held(&store).await;
    let before = store.revisions().newest(&[Topic::Inbox]);
    let failed: Result<(), StoreError> = store
        .write(|tx| {
            tx.put_message(&message(1, 1))?;
            Err(StoreError::Broken("on purpose"))
        })
        .await;
    assert!(failed.is_err());
    assert!(shown(&store).await.is_empty());
    assert_eq!(store.revisions().newest(&[Topic::Inbox]), before);
}

#[tokio::test]
async fn a_new_name_is_drawn() {
    let (_folder, store) = store().await;
    let views = [[Topic::Inbox], [Topic::Outbox], [Topic::Status]];
    let drawn = views.each_ref().map(|topics| store.revisions().newest(topics));
    let ana = Member { id: "m".into(), version: 2, name: "Ana".into(), role: "owner".into() };
    store.write(move |tx| tx.put_member(&ana)).await.unwrap();
    for (topics, before) in views.iter().zip(drawn) {
        assert!(store.revisions().newest(topics) > before, "{topics:?}");
    }
}

#[tokio::test]
async fn readers_cannot_write() {
    let (_folder, store) = store().await;
    let tried = store.read(|read| Ok(read.0.execute("DELETE FROM meta", []).is_err())).await;
    assert!(tried.unwrap());
}

#[tokio::test]
async fn closed_means_closed_and_reopens() {
    let (folder, store) = store().await;
    held(&store).await;
    store.close().await.unwrap();
    let refused = store.read(|read| Ok(read.count_conversations()? > 0)).await;
    assert!(matches!(refused, Err(StoreError::Closed)));
    let wal = folder.path().join("s.db-wal");
    assert!(!wal.exists(), "the log is in the file");
    store.reopen().await.unwrap();
    assert!(store.read(|read| Ok(read.count_conversations()? == 1)).await.unwrap());
}

/// SQLite before 3.51.3 can lose committed rows when a checkpoint races a write (pains.md C5).
#[test]
fn sqlite_is_new_enough() {
    assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
}

/// `docs/schema/core.sql` is what the migrations make. Renew with `FIELDLINE_UPDATE=1`.
#[tokio::test]
async fn the_documented_schema_is_the_real_one() {
    let (_folder, store) = store().await;
    let made = store.read(|read| {
        let mut query = read.0.prepare(
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY name",
        )?;
        let rows = query.query_map([], |row| row.get::<_, String>(0))?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    });
    let made = made.await.unwrap().join(";\n\n") + ";\n";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schema/core.sql");
    if std::env::var_os("FIELDLINE_UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let documented = std::fs::read_to_string(&path).unwrap();
    assert!(documented == made, "docs/schema/core.sql is not what the migrations make");
}

//! The data folder and the store's file.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use fieldline_platform::store::{OpenError, Store, StoreError, open};
use fieldline_platform::support::{BlockingPool, Key};
use fieldline_platform::{Platform, StartError};

use crate::world::{World, ports, settings};

#[tokio::test(start_paused = true)]
async fn a_newer_store_is_refused_untouched() {
    let world = World::new().await;
    world.platform.stop().await;
    let path = world.dir.path().join("platform.db");
    world.sql().execute_batch("PRAGMA user_version = 999").unwrap();
    let before = std::fs::read(&path).unwrap();
    match Platform::open(settings(world.dir.path()), ports()).await {
        Err(StartError::Open(OpenError::Newer { found: 999, known })) => {
            assert_eq!(known, open::known_schema());
        }
        other => panic!("{:?}", other.map(|_| ())),
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test(start_paused = true)]
async fn a_foreign_file_is_refused_untouched() {
    for sql in ["PRAGMA application_id = 5", "CREATE TABLE other (x)"] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("platform.db");
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let before = std::fs::read(&path).unwrap();
        let refused = Platform::open(settings(dir.path()), ports()).await.map(|_| ());
        assert!(matches!(refused, Err(StartError::Open(OpenError::Foreign))), "{refused:?}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("platform.db"), "no database at all ".repeat(100)).unwrap();
    let refused = Platform::open(settings(dir.path()), ports()).await.map(|_| ());
    assert!(matches!(refused, Err(StartError::Open(OpenError::Foreign))), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn one_platform_serves_a_folder() {
    let world = World::new().await;
    let second = Platform::open(settings(world.dir.path()), ports()).await.map(|_| ());
    assert!(matches!(second, Err(StartError::AlreadyServing)), "{second:?}");
    world.platform.stop().await;
    Platform::open(settings(world.dir.path()), ports()).await.unwrap().stop().await;
}

#[tokio::test(start_paused = true)]
async fn another_key_is_refused() {
    let world = World::new().await;
    world.platform.stop().await;
    let mut settings = settings(world.dir.path());
    settings.key = Key::new([8; 32]);
    let refused = Platform::open(settings, ports()).await.map(|_| ());
    assert!(matches!(refused, Err(StartError::WrongKey)), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn the_store_is_set_as_promised() {
    let world = World::new().await;
    let path = world.dir.path().join("platform.db");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(world.one::<String>("PRAGMA journal_mode"), "wal");
    assert_eq!(world.one::<i64>("PRAGMA auto_vacuum"), 2);
    assert_eq!(world.one::<i64>("PRAGMA application_id"), 0x466C_646C);
    let store = &world.platform.state().store;
    let set = store
        .write(|tx| {
            let value = |name: &str| {
                tx.sql().pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap()
            };
            let names =
                ["synchronous", "foreign_keys", "secure_delete", "busy_timeout", "trusted_schema"];
            Ok::<_, fieldline_platform::store::StoreError>(names.map(value))
        })
        .await
        .unwrap();
    assert_eq!(set, [2, 1, 1, 5000, 0]);
    let refused = store
        .read(|sql| {
            Ok::<_, fieldline_platform::store::StoreError>(sql.execute("DELETE FROM meta", [])?)
        })
        .await;
    assert!(refused.is_err());
}

/// The schema as SQLite prints it: regenerate with `UPDATE_SCHEMA=1`.
#[tokio::test(start_paused = true)]
async fn the_schema_on_paper_is_the_schema_in_the_file() {
    let world = World::new().await;
    let sql = world.sql();
    let mut statement = sql
        .prepare(
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'
             ORDER BY tbl_name, type DESC, name",
        )
        .unwrap();
    let tables: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let printed = format!("{};\n", tables.join(";\n\n"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schema/platform.sql");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &printed).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), printed);
}

#[tokio::test]
async fn the_store_outlives_a_call_that_panics() {
    let (dir, ports) = (tempfile::tempdir().unwrap(), ports());
    let path = dir.path().join("platform.db");
    let pool = Arc::new(BlockingPool);
    let store = Store::open(&path, ports.clock, ports.rng, pool).await.unwrap();
    let count = "SELECT count(*) FROM meta";
    for _ in 0..5 {
        let lost: Result<(), StoreError> = store.read(|_| panic!("on purpose")).await;
        assert!(matches!(lost, Err(StoreError::Interrupted)));
        let lost: Result<(), StoreError> = store
            .write(|tx| {
                tx.sql().execute("INSERT INTO meta VALUES ('a', x'00')", [])?;
                panic!("on purpose")
            })
            .await;
        assert!(matches!(lost, Err(StoreError::Interrupted)));
    }
    let refused = store
        .write(|tx| {
            tx.sql().execute("INSERT INTO meta VALUES ('a', x'00')", [])?;
            Err::<(), _>(StoreError::Full)
        })
        .await;
    assert!(matches!(refused, Err(StoreError::Full)));
    let rows = store
        .read(move |sql| Ok::<i64, StoreError>(sql.query_row(count, [], |row| row.get(0))?))
        .await;
    assert_eq!(rows.unwrap(), 0);
    store.close().await;
    let closed = store.write(|_| Ok::<_, StoreError>(())).await;
    assert!(matches!(closed, Err(StoreError::Closed)));
}

#[tokio::test]
async fn contacts_of_the_first_schema_keep_their_conversations() {
    let dir = tempfile::tempdir().unwrap();
    let sql = rusqlite::Connection::open(dir.path().join("platform.db")).unwrap();
    sql.execute_batch(include_str!("../../src/store/migrations/0001_initial.sql")).unwrap();
    sql.execute_batch(
        "PRAGMA application_id = 0x466C646C; PRAGMA user_version = 1;
         INSERT INTO workspaces (id, name, epoch, created_at) VALUES ('w', 'n', 'e', 0);
         INSERT INTO channels (id, workspace, phone_number_id, waba_id, display, display_digits,
             token_sealed, created_at) VALUES ('h', 'w', 'p', 'b', 'd', '1', x'00', 0);
         INSERT INTO contacts (id, workspace, version, name, phone, created_at)
             VALUES ('c', 'w', 3, 'Ana', '5511987654321', 7);
         INSERT INTO conversations (id, workspace, contact, channel, version, created_at)
             VALUES ('v', 'w', 'c', 'h', 1, 0);",
    )
    .unwrap();
    let platform = Platform::open(settings(dir.path()), ports()).await.unwrap();
    platform.stop().await;
    let kept: (String, String, String) = sql
        .query_row(
            "SELECT k.name, k.phone, k.phone_key FROM contacts k
             JOIN conversations v ON v.contact = k.id WHERE k.version = 3 AND k.created_at = 7",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    let number = "5511987654321".to_owned();
    assert_eq!(kept, ("Ana".to_owned(), number, "551187654321".to_owned()));
    let broken: i64 = sql
        .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(broken, 0);
}

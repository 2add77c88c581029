//! A device that a manager removed: everything of the account goes, the key first, and the server is told.

use std::path::Path;
use std::sync::Arc;

use fieldline_core::Client;
use fieldline_core::api::{
    ConversationId, Credentials, Error, LinkState, NetworkKind, SecretStore, SignInTrouble,
};
use fieldline_core::support::MemorySecrets;

use crate::scripted::{Server, Sockets, link, phone_with, seconds};

const REVOKED: &str =
    r#"{"error":{"code":"device_revoked","details":{"wipe_token":"the wipe token"}}}"#;
const MARK: &str = "only on this phone";

fn password() -> Credentials {
    Credentials::Password { email: "a@example.com".into(), password: "p".into() }
}

async fn device(client: &Client) -> Option<String> {
    client.account().await.unwrap().map(|account| account.device_id.0)
}

/// True if a file of the store holds the mark.
fn is_marked(folder: &Path) -> bool {
    let holds = |file: std::fs::DirEntry| {
        let bytes = std::fs::read(file.path()).unwrap();
        bytes.windows(MARK.len()).any(|part| part == MARK.as_bytes())
    };
    std::fs::read_dir(folder).unwrap().any(|file| holds(file.unwrap()))
}

#[tokio::test(start_paused = true)]
async fn a_removed_device_keeps_nothing_and_says_so() {
    let server = Server::new(Sockets::Last);
    let secrets = Arc::new(MemorySecrets::default());
    let (folder, client) = phone_with(&server, Arc::<MemorySecrets>::clone(&secrets)).await;
    let before = device(&client).await.unwrap();
    server.answer("/v1/commands", 503, None, "{}");
    client.send_reply(&ConversationId("v".into()), MARK, 0).await.unwrap();
    assert!(is_marked(folder.path()));

    server.answer("/v1/changes", 401, None, REVOKED);
    server.answer("/v1/wiped", 503, None, "{}");
    client.network_changed(NetworkKind::Unmetered);
    seconds(5).await;
    assert_eq!(client.account().await, Ok(None));
    assert_eq!(link(&client).await, LinkState::Removed);
    assert_eq!(client.inbox().next(0).await.unwrap().unwrap().total, 0);
    assert_eq!(client.outbox().next(0).await.unwrap().unwrap().total, 0);
    assert_eq!(secrets.get("refresh_token"), Ok(None));
    assert!(!is_marked(folder.path()), "the mark is still in a file");

    // Not heard yet: told again at the next start, then never again.
    assert_eq!(server.calls("/v1/wiped"), 1);
    server.as_usual("/v1/wiped");
    for _ in 0..2 {
        client.enter_background(1_000).await.unwrap();
        client.enter_foreground().await.unwrap();
        seconds(1).await;
    }
    assert_eq!(server.calls("/v1/wiped"), 2);
    assert_eq!(secrets.get("wipe_token"), Ok(None));
    assert_eq!(link(&client).await, LinkState::Removed);

    server.as_usual("/v1/changes");
    server.as_usual("/v1/commands");
    client.sign_in(password()).await.unwrap();
    seconds(2).await;
    assert_eq!(link(&client).await, LinkState::Online);
    assert_ne!(device(&client).await.unwrap(), before, "another device from now on");
}

/// The phone was signed out, or somebody tries the password on it, when it hears of it.
#[tokio::test(start_paused = true)]
async fn a_removed_device_that_signs_in_is_another_one_at_the_next_try() {
    let server = Server::new(Sockets::Last);
    let secrets = Arc::new(MemorySecrets::default());
    let (_folder, client) = phone_with(&server, Arc::<MemorySecrets>::clone(&secrets)).await;
    let before = device(&client).await.unwrap();
    server.answer("/v1/session", 401, None, REVOKED);
    let refused = client.sign_in(password()).await;
    assert_eq!(refused, Err(Error::SignIn { trouble: SignInTrouble::DeviceRevoked }));
    seconds(1).await;
    assert_eq!(client.account().await, Ok(None));
    server.as_usual("/v1/session");
    client.sign_in(password()).await.unwrap();
    assert_ne!(device(&client).await.unwrap(), before);
}

/// An old server that names no token wants no wipe: it counts as a session that ended.
#[tokio::test(start_paused = true)]
async fn without_a_token_nothing_is_wiped() {
    let server = Server::new(Sockets::Last);
    let (_folder, client) = phone_with(&server, Arc::new(MemorySecrets::default())).await;
    server.answer("/v1/changes", 401, None, r#"{"error":{"code":"device_revoked"}}"#);
    client.network_changed(NetworkKind::Unmetered);
    seconds(5).await;
    assert!(client.account().await.unwrap().is_some());
    assert_eq!(link(&client).await, LinkState::SignInAgain);
    assert_eq!(server.calls("/v1/wiped"), 0);
}

/// Killed between key and rows, or told twice: the second wipe finds nothing and harms nobody. Suspended, the file stays closed.
#[tokio::test(start_paused = true)]
async fn a_wipe_in_the_background_leaves_the_file_closed() {
    let server = Server::new(Sockets::Last);
    let secrets = Arc::new(MemorySecrets::default());
    let (folder, client) = phone_with(&server, Arc::<MemorySecrets>::clone(&secrets)).await;
    client.enter_background(1_000).await.unwrap();
    server.answer("/v1/changes", 401, None, REVOKED);
    let reason = fieldline_core::api::BackgroundReason::Push;
    client.run_background(reason, 2_000).await.unwrap();
    seconds(1).await;
    assert_eq!(secrets.get("refresh_token"), Ok(None));
    assert_eq!(server.calls("/v1/wiped"), 1);
    // Nobody holds it: another client may open it.
    let lock = std::fs::File::open(folder.path().join("s.db.lock")).unwrap();
    lock.try_lock().unwrap();
    lock.unlock().unwrap();
    client.enter_foreground().await.unwrap();
    assert_eq!(client.account().await, Ok(None));
}

//! A business in a fresh data folder, made before its server starts.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fieldline_platform::agents::outcome::Role;
use fieldline_platform::office::{NewAgent, NewChannel, Office};
use fieldline_platform::settings::PasswordCost;
use fieldline_platform::support::{BlockingPool, Key, Secret, SystemClock, SystemRng};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::bodies::PHONE_NUMBER_ID;

/// The key of every bench's store, base64.
pub(crate) const KEY: &str = "YmVuY2hiZW5jaGJlbmNoYmVuY2hiZW5jaGJlbmNoYmU=";

/// The folder, and a code for each agent to sign in with.
pub(crate) struct Business {
    /// The data folder.
    pub(crate) folder: TempDir,
    /// Link codes, one an agent.
    pub(crate) link_codes: Vec<String>,
}

/// Makes a business with one number and so many agents.
pub(crate) async fn make(agents: usize) -> Business {
    let folder = tempfile::tempdir().expect("a folder");
    let ports =
        (Arc::new(SystemClock) as _, Arc::new(SystemRng::new()) as _, Arc::new(BlockingPool) as _);
    let key = Key::from_base64(KEY).expect("a key");
    let url = "http://127.0.0.1:1".to_owned();
    // A password hash costs nothing here: it is no part of what is measured.
    let cost = PasswordCost::SMALLEST;
    let office = Office::open(folder.path(), key, cost, url, ports).await.expect("an office");
    let password = || Secret::new("bench password");
    let made = office.create_workspace("Bench", "owner@example.test", password()).await;
    let workspace = made.expect("a workspace").workspace_id;
    let channel = NewChannel {
        workspace: workspace.clone(),
        phone_number_id: PHONE_NUMBER_ID.into(),
        waba_id: "77".into(),
        display: "34600".into(),
        token: Secret::new("token"),
    };
    office.add_channel(channel).await.expect("a channel");
    let mut link_codes = Vec::with_capacity(agents);
    for number in 0..agents {
        let email = format!("agent{number}@example.test");
        let agent = NewAgent {
            workspace: workspace.clone(),
            email: email.clone(),
            name: format!("Agent {number}"),
            role: Role::Employee,
            password: password(),
        };
        office.add_agent(agent).await.expect("an agent");
        link_codes.push(office.link_code(&email).await.expect("a link code").link_code);
    }
    office.close().await;
    Business { folder, link_codes }
}

/// Looks into a store beside its server.
pub(crate) fn one(folder: &Path, query: &str) -> i64 {
    let connection = Connection::open(folder.join("platform.db")).expect("the store");
    connection.busy_timeout(Duration::from_secs(5)).expect("a time-out");
    connection.query_row(query, [], |row| row.get(0)).expect("one number")
}

/// Waits until no body waits to be worked off, no longer than `limit`.
pub(crate) async fn drained(folder: &Path, limit: Duration) -> bool {
    let begun = std::time::Instant::now();
    while one(folder, "SELECT count(*) FROM webhooks WHERE state = 'pending'") > 0 {
        if begun.elapsed() > limit {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    true
}

//! After a new epoch: which of this phone's replies of the last thirty days does the server lack? What it lacks and is still here
//! becomes a question to the person, so that nothing that was answered "done" once is lost without a word.

use serde::Deserialize;

use super::engine::Engine;
use super::epoch;
use crate::store::Key;
use crate::transport::{CallError, Method};

/// Ids in one request (docs/wire.md).
const PAGE: usize = 1_000;
/// How far back it asks.
const KNOWN_MS: i64 = 30 * 24 * 3_600_000;

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    missing: Vec<String>,
}

impl Engine {
    /// Asks, once after each new epoch.
    pub(super) async fn ask_known(&self) -> Result<(), CallError> {
        let now = self.clock.now_ms();
        let ids = self.store.read(move |read| read.own_sends_held(now.saturating_sub(KNOWN_MS)));
        let ids = ids.await.map_err(super::engine::store_trouble)?;
        for page in ids.chunks(PAGE) {
            let body = serde_json::json!({ "ids": page }).to_string();
            let path = "/v1/messages/known";
            let answer = self.session.call(Method::Post, path, Some(body.as_bytes())).await;
            let missing = match answer {
                Ok(response) => crate::transport::parse::<Answer>(&response)?.missing,
                // A server that cannot say: nobody is asked about what it may have.
                Err(CallError::Refused { .. }) => Vec::new(),
                Err(other) => return Err(other),
            };
            self.write(move |tx| {
                for id in &missing {
                    epoch::ask_about(tx, id, now)?;
                    if tx.read().queued(id)?.is_some() {
                        tx.drop_message(id)?;
                    }
                }
                Ok(())
            })
            .await?;
        }
        self.write(|tx| tx.clear_meta(Key::AskKnown)).await
    }
}

//! The worker that carries webhooks out: the agenda decides, this only waits and posts.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::signature::sign;
use crate::sim::Inner;
use crate::state::delivery::Action;

/// Runs until it is aborted.
pub(crate) async fn run(sim: Arc<Inner>) {
    let mut under_way = FuturesUnordered::new();
    loop {
        let action = sim.change(|state, now| state.next_action(now, under_way.len()));
        let due = match action {
            Action::Post(ticket, body) => {
                let bytes = body.to_string().into_bytes();
                let signature = sign(&sim.app_secret, &bytes);
                let port = Arc::clone(&sim.webhooks);
                under_way.push(async move { (ticket, port.post(bytes, signature).await.ok()) });
                continue;
            }
            Action::Wait(due) => due,
        };
        let until = sim.started + Duration::from_millis(due.unwrap_or_default());
        tokio::select! {
            biased;
            Some((ticket, answered)) = under_way.next(), if !under_way.is_empty() => {
                sim.change(|state, now| state.finish(now, ticket, answered));
            }
            () = sim.wake.notified() => {}
            () = tokio::time::sleep_until(until), if due.is_some() => {}
        }
    }
}

//! Waiting for what other processes do: always for a condition, always with an end. The one place with real time.

use std::future::Future;
use std::time::{Duration, Instant};

/// After this a wait is a failure, whatever the machine is busy with.
pub const LIMIT: Duration = Duration::from_mins(1);

/// Asks again and again until there is an answer.
pub async fn until<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(begun.elapsed() < LIMIT, "waited in vain for: {what}");
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

/// Awaits `future`, but not for ever.
pub async fn bounded<F: Future>(what: &str, future: F) -> F::Output {
    let output = tokio::time::timeout(LIMIT, future).await;
    output.unwrap_or_else(|_| panic!("waited in vain for: {what}"))
}

/// Lets the drawn time before a kill pass, to the microsecond: a timer for the whole milliseconds, a spin for the rest.
pub async fn before_kill(micros: u64) {
    let begun = Instant::now();
    let wanted = Duration::from_micros(micros);
    if micros >= 2_000 {
        tokio::time::sleep(Duration::from_millis(micros / 1_000 - 1)).await;
    }
    while begun.elapsed() < wanted {
        std::hint::spin_loop();
    }
}

//! The Rust runner of `tests/scenarios/`: the core without any border. What the other languages do is compared with it.

#![forbid(unsafe_code)]

mod phone;
mod requests;
mod rows;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use fieldline_harness::process::lines_of_parent;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use phone::Phones;

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let Ok(mut lines) = lines_of_parent() else { return ExitCode::FAILURE };
    let phones = Arc::new(Phones::default());
    let mut tasks = JoinSet::new();
    while let Some(line) = lines.recv().await {
        let phones = Arc::clone(&phones);
        tasks.spawn(async move { answer(&phones, &line).await });
    }
    phones.shutdown().await;
    tasks.shutdown().await;
    ExitCode::SUCCESS
}

async fn answer(phones: &Phones, line: &str) {
    let request: Value = serde_json::from_str(line).unwrap_or_default();
    let id = request.get("id").cloned().unwrap_or_default();
    let answer = match requests::carry_out(phones, &request).await {
        Ok(value) => json!({ "id": id, "ok": value }),
        Err(error) => json!({ "id": id, "error": error.to_json() }),
    };
    let mut out = std::io::stdout().lock();
    // A harness that is gone wants no answer.
    let _ = writeln!(out, "{answer}").and_then(|()| out.flush());
}

//! The bare yardstick: the same router, a check of the signature, one insert into SQLite with group
//! commit (`synchronous=FULL`), and nothing of ours.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::serve::ListenerExt as _;
use ring::hmac;
use rusqlite::Connection;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use crate::bodies::APP_SECRET;

/// Bodies of one transaction, as many as the platform takes.
const BATCH: usize = 256;

type Waiting = (Bytes, oneshot::Sender<()>);

struct Shared {
    key: hmac::Key,
    queue: mpsc::Sender<Waiting>,
}

/// Serves until it is killed, with its database in the folder that `FIELDLINE_DATA` names.
pub(crate) fn main() -> ExitCode {
    let folder = std::env::var_os("FIELDLINE_DATA").expect("FIELDLINE_DATA");
    let database = std::path::Path::new(&folder).join("yardstick.db");
    let (queue, waiting) = mpsc::channel(4096);
    std::thread::spawn(move || keep(&database, waiting));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async move {
        let key = hmac::Key::new(hmac::HMAC_SHA256, APP_SECRET.as_bytes());
        let app = Router::new()
            .route("/webhooks/meta", post(receive))
            .with_state(Arc::new(Shared { key, queue }));
        let listener =
            TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        println!("{{\"event\":\"listening\",\"addr\":\"{address}\"}}");
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, app).await.expect("serving");
    });
    ExitCode::SUCCESS
}

async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signed = headers
        .get("x-hub-signature-256")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("sha256="))
        .and_then(unhex)
        .is_some_and(|tag| hmac::verify(&shared.key, &body, &tag).is_ok());
    if !signed {
        return StatusCode::UNAUTHORIZED;
    }
    let (kept, told) = oneshot::channel();
    if shared.queue.send((body, kept)).await.is_err() || told.await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    StatusCode::OK
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

fn keep(database: &std::path::Path, mut waiting: mpsc::Receiver<Waiting>) {
    let mut connection = Connection::open(database).expect("the yardstick's database");
    connection.pragma_update(None, "journal_mode", "WAL").expect("WAL");
    connection.pragma_update(None, "synchronous", "FULL").expect("FULL");
    connection
        .execute_batch(
            "CREATE TABLE webhooks (id INTEGER PRIMARY KEY AUTOINCREMENT, received_at INTEGER NOT NULL, body BLOB NOT NULL) STRICT",
        )
        .expect("a table");
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.blocking_recv_many(&mut batch, BATCH) > 0 {
        let tx = connection.transaction().expect("a transaction");
        {
            let mut insert = tx
                .prepare_cached("INSERT INTO webhooks (received_at, body) VALUES (0, ?1)")
                .expect("a statement");
            for (body, _) in &batch {
                insert.execute([&body[..]]).expect("an insert");
            }
        }
        tx.commit().expect("a commit");
        for (_, kept) in batch.drain(..) {
            let _ = kept.send(());
        }
    }
}

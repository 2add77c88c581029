//! What is private appears in no log line and in no error.

use std::sync::{Mutex, OnceLock};

use log::{LevelFilter, Log, Metadata, Record};
use serde_json::json;

use crate::world::{MARIA, World, device};

struct Lines(Mutex<Vec<String>>);

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        self.0.lock().unwrap().push(record.args().to_string());
    }

    fn flush(&self) {}
}

fn lines() -> &'static Lines {
    static LINES: OnceLock<Lines> = OnceLock::new();
    let lines = LINES.get_or_init(|| Lines(Mutex::new(Vec::new())));
    if log::set_logger(lines).is_ok() {
        log::set_max_level(LevelFilter::Trace);
    }
    lines
}

#[tokio::test(start_paused = true)]
async fn nothing_private_is_logged_or_answered() {
    let log = lines();
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let id = world.conversation(&["canary text"]).await;
    let mut errors = Vec::new();
    let a = world.uuid();
    for body in [
        json!({"email": "canary@example.test", "password": "canary password", "device": device(&a)}),
        json!({"email": MARIA, "password": "canary password", "device": device(&a)}),
        json!({"email": MARIA, "password": "canary password", "device": {"id": "canary id"}}),
        json!({"link_code": "canary code", "device": device(&a)}),
        json!({"canary field": ["canary"]}),
        json!({"email": {"canary": 1}}),
    ] {
        errors.push(world.post("/v1/session", body).await);
    }
    errors.push(world.refresh("canary.1.canary").await);
    errors.push(world.call("GET", "/v1/scope", Some("canary"), None).await);
    for path in [
        "/v1/changes?since=canary",
        "/v1/changes?canary=1",
        "/v1/bootstrap?page=canary",
        "/v1/conversations/canary/messages",
        "/v1/canary",
        "/canary?canary",
    ] {
        errors.push(world.get(&phone, path).await);
    }
    for error in &errors {
        assert!(error.status.is_client_error(), "{error:?}");
        assert!(!error.json.to_string().contains("canary"), "{error:?}");
    }
    world.commands(&phone, vec![world.send(&id, "canary reply", 1)]).await;
    // Faults of the store's own, too.
    world.sql().execute_batch("ALTER TABLE conversations RENAME COLUMN scope TO lost").unwrap();
    let fault = world.get(&phone, "/v1/scope").await;
    assert_eq!(fault.error(), (500, "internal"));
    let log = log.0.lock().unwrap();
    assert!(log.iter().any(|line| line.contains("code=internal cause=\"SQLite code")), "{log:?}");
    assert!(log.iter().filter(|line| line.starts_with("request id=")).count() > 10);
    for line in log.iter() {
        for secret in ["canary", &phone.access, &phone.refresh, MARIA] {
            assert!(!line.contains(secret), "{line}");
        }
    }
}

//! The contract on paper, and that it can be broken.

use std::fmt::Debug;
use std::path::Path;

use axum::http::HeaderMap;
use fieldline_platform::agents::error::ErrorCode;
use fieldline_platform::agents::outcome::{LaterCode, Reason, RefusedCode, Role};
use fieldline_platform::contract;
use fieldline_platform::feed::cursor::ResetCause;
use fieldline_platform::wire::words::{variants, words};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::paper::{Seen, held, held_frame, places};
use crate::world::{MARIA, World};

fn paper(name: &str, made: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    if std::env::var_os("UPDATE_CONTRACT").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    std::fs::read_to_string(&path).unwrap_or_default()
}

#[test]
fn the_contract_on_paper_is_the_one_in_the_code() {
    let made = contract::openapi();
    let text = format!("{}\n", serde_json::to_string_pretty(&made).unwrap());
    let read: Value = serde_json::from_str(&paper("openapi.json", &text)).unwrap_or_default();
    assert!(read == made, "docs/openapi.json is old: CONTRIBUTING.md says how to refresh it");
    let page = contract::errors_page();
    assert_eq!(paper("errors.md", &page), page, "CONTRIBUTING.md says how to refresh it");
}

/// The words of the code are those of the schema, one for one.
fn same<T: JsonSchema + DeserializeOwned + Debug>(word: impl Fn(&T) -> &'static str) {
    let (words, variants) = (words::<T>(), variants::<T>());
    assert_eq!(words.len(), variants.len(), "{variants:?}");
    assert!(!words.is_empty());
    for (written, variant) in words.iter().zip(&variants) {
        assert_eq!(written.word, word(variant));
        assert!(!written.meaning.is_empty() || written.word.starts_with('R'), "{variant:?}");
    }
}

#[test]
fn every_code_has_its_word_and_its_meaning() {
    same::<ErrorCode>(|code| code.as_str());
    same::<RefusedCode>(|code| code.as_str());
    same::<LaterCode>(|code| code.as_str());
    same::<ResetCause>(|cause| cause.as_str());
    same::<Reason>(|reason| reason.as_str());
    same::<Role>(|role| role.as_str());
}

fn seen<'a>(path: &'a str, status: u16, headers: &'a HeaderMap, body: &'a [u8]) -> Seen<'a> {
    Seen { method: "GET", path, sent: b"", status, headers, body }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_breaks_the_contract_is_seen() {
    let world = World::new().await;
    let phone = world.sign_in(MARIA).await;
    let id = world.conversation(&["a"]).await;
    let answer = world.get(&phone, "/v1/bootstrap").await;
    let (good, headers) = (answer.json, answer.headers);
    let say = |path: &str, status: u16, body: &Value| {
        held(seen(path, status, &headers, body.to_string().as_bytes()))
    };
    assert_eq!(say("/v1/bootstrap", 200, &good), Ok(()));
    let broken = |change: &dyn Fn(&mut Value)| {
        let mut body = good.clone();
        change(&mut body);
        assert_ne!(body, good);
        say("/v1/bootstrap", 200, &body).is_err()
    };
    // A field more, one less, one of another kind, a word that nobody wrote down, null.
    assert!(broken(&|body| body["conversations"][0]["colour"] = json!("red")));
    assert!(broken(&|body| drop(body.as_object_mut().unwrap().remove("cursor"))));
    assert!(broken(&|body| body["conversations"][0]["last_n"] = json!("1")));
    assert!(broken(&|body| body["messages"][0]["author"] = json!({"kind": "ghost"})));
    assert!(broken(&|body| body["messages"][0]["body"] = json!({"kind": "text"})));
    assert!(broken(&|body| body["messages"][0]["reply_to"] = Value::Null));
    // A status, a code, an address, a header.
    assert!(say("/v1/bootstrap", 418, &json!({})).is_err());
    let error = |code: &str| json!({"error": {"code": code}});
    assert_eq!(say("/v1/bootstrap", 401, &error("token")), Ok(()));
    assert!(say("/v1/bootstrap", 401, &error("wrong_credentials")).is_err());
    assert!(say("/v1/elsewhere", 200, &json!({})).is_err());
    assert_eq!(say("/v1/elsewhere", 404, &error("not_found")), Ok(()));
    let undated = HeaderMap::new();
    assert!(held(seen("/v1/bootstrap", 200, &undated, good.to_string().as_bytes())).is_err());
    // A command that was done, and is not described.
    let path = "/v1/commands";
    let done = json!({"answers": [{"id": "u", "outcome": "done", "seq": 1}]}).to_string();
    let post = |command: Value| {
        let sent = json!({"epoch": "e", "commands": [command]}).to_string();
        let (sent, body) = (sent.as_bytes(), done.as_bytes());
        held(Seen { method: "POST", path, sent, status: 200, headers: &headers, body })
    };
    assert_eq!(post(world.send(&id, "hello", 1)), Ok(()));
    assert!(post(json!({"id": world.uuid(), "at": 1, "kind": "dance"})).is_err());
    // A frame.
    assert!(
        held_frame(&json!({"kind": "reset", "cause": "mood", "epoch": "e", "server_time": 0}))
            .is_err()
    );
    assert_eq!(
        held_frame(&json!({"kind": "reset", "cause": "tag", "epoch": "e", "server_time": 0})),
        Ok(())
    );
}

#[test]
fn every_call_of_the_phones_can_be_told_what_always_may_happen() {
    let places = places();
    let paths = contract::openapi()["paths"].as_object().unwrap().clone();
    assert!(paths.len() > 10);
    for (path, methods) in paths.iter().filter(|(path, _)| path.starts_with("/v1/")) {
        for method in methods.as_object().unwrap().keys() {
            for status in [400, 426, 500, 503] {
                let place = (method.to_uppercase(), path.clone(), status);
                assert!(places.contains(&place), "{place:?}");
            }
        }
    }
}

#[test]
fn every_reason_that_a_message_may_show_is_on_the_list() {
    let document = contract::openapi();
    let reasons = &document["components"]["schemas"]["Trouble"]["properties"]["reason"];
    let name = reasons["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
    let list = document["components"]["schemas"][name].to_string();
    for reason in ["R4", "R5", "R6", "R7", "R8", "R10", "R11", "R12", "R13", "R14", "R16"] {
        assert!(list.contains(&format!("\"{reason}\"")), "{reason}");
    }
    // R1 to R3, R9 and R15 are the phone's own: no message of the platform's shows them.
    for reason in ["R1", "R2", "R3", "R9", "R15"] {
        assert!(!list.contains(&format!("\"{reason}\"")), "{reason}");
    }
}

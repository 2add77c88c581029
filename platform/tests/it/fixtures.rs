//! Every kind of webhook, one file each under `tests/fixtures/<field>/`: explained as its `_expect`
//! says, worked off twice with one effect, and replayed.
//!
//! The bodies are of our own making; `_source` says where the fact about their shape comes from.

use std::fs;
use std::path::{Path, PathBuf};

use axum::http::StatusCode;
use fieldline_platform::meta::explain::explain;
use serde_json::Value;

use crate::meta_world::*;

struct Fixture {
    name: String,
    bytes: Vec<u8>,
    json: Value,
}

fn all() -> Vec<Fixture> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let list = |folder: &Path| -> Vec<PathBuf> {
        let mut paths: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    };
    let files = list(&root).into_iter().filter(|path| path.is_dir()).flat_map(|path| list(&path));
    let fixtures: Vec<_> = files
        .map(|path| {
            let bytes = fs::read(&path).unwrap();
            let name = path.strip_prefix(&root).unwrap().display().to_string();
            let json = serde_json::from_slice(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
            Fixture { name, bytes, json }
        })
        .collect();
    assert!(fixtures.len() > 80, "{}", fixtures.len());
    fixtures
}

/// What webhooks make, in a form to compare.
fn stands(world: &World) -> Vec<String> {
    [
        "SELECT * FROM contacts ORDER BY id",
        "SELECT * FROM conversations ORDER BY id",
        "SELECT * FROM messages ORDER BY id",
        "SELECT * FROM reactions ORDER BY target, side",
        "SELECT * FROM amendments ORDER BY target, side",
        "SELECT * FROM aliases ORDER BY alias",
        "SELECT * FROM handovers",
        "SELECT * FROM prices",
        "SELECT wamid, status, at, code FROM parked_statuses ORDER BY 1, 2",
        "SELECT head_seq FROM workspaces",
    ]
    .into_iter()
    .flat_map(|query| world.rows(query))
    .collect()
}

#[test]
fn each_is_explained_as_it_says_and_names_its_source() {
    for fixture in all() {
        let name = &fixture.name;
        let source = fixture.json["_source"].as_str().unwrap_or_default();
        assert!(source.contains("whatsapp.md"), "{name}: no source");
        let lines: Vec<Value> = explain(&fixture.bytes)
            .iter()
            .map(|line| serde_json::to_value(line).unwrap())
            .collect();
        let expected = fixture.json["_expect"].as_array().unwrap();
        assert_eq!(lines.len(), expected.len(), "{name}: {lines:#?}");
        for (line, expected) in lines.iter().zip(expected) {
            for (key, value) in expected.as_object().unwrap() {
                assert_eq!(&line[key], value, "{name}: {key} of {line:#}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_has_its_effect_once() {
    for fixture in all() {
        let world = World::new().await;
        let mut before = Vec::new();
        for round in 0..3 {
            assert_eq!(world.raw(fixture.bytes.clone()).await, StatusCode::OK);
            world.quiet().await;
            let state = "SELECT state FROM webhooks WHERE state <> 'done'";
            assert_eq!(world.rows(state), [""; 0], "{}", fixture.name);
            let after = stands(&world);
            if round > 0 {
                assert_eq!(after, before, "{}", fixture.name);
            }
            before = after;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_is_replayed_and_all_of_them_together() {
    let together = World::new().await;
    for fixture in all() {
        let world = World::new().await;
        for world in [&world, &together] {
            assert_eq!(world.raw(fixture.bytes.clone()).await, StatusCode::OK);
            world.quiet().await;
        }
        let report = world.replay().await;
        assert!(report.equal && report.failed == 0, "{}: {report:?}", fixture.name);
    }
    let report = together.replay().await;
    assert!(report.equal && report.failed == 0, "{report:?}");
    assert!(report.compared > 50, "{report:?}");
}

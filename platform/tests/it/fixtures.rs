//! Every kind of webhook, one file each under `tests/fixtures/<field>/`: explained as its `_expect`
//! says, worked off three times with one effect, replayed, and named in `docs/coexistence.md`.
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
    assert!(fixtures.len() > 170, "{}", fixtures.len());
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
        "SELECT * FROM account_news ORDER BY channel, topic",
        "SELECT * FROM account_facts ORDER BY waba_id, field, number, subject",
        "SELECT * FROM line_stops ORDER BY channel, cause",
        "SELECT channel, kind, day, since, told, ended_at FROM alerts ORDER BY kind, day, since",
        "SELECT * FROM phone_book ORDER BY channel, person",
        "SELECT channel, phase, percent, first_at, declined_at FROM imports",
        "SELECT message, state, meta_id FROM media ORDER BY message",
        "SELECT id, state, history, last_sign_of_life FROM channels",
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

/// Every event, reason, word and field that whatsapp.md names has its file.
#[test]
fn nothing_that_meta_is_known_to_send_has_no_file() {
    let all: String = all().iter().map(|fixture| fixture.json.to_string()).collect();
    for words in [
        // 4.6
        "ACCOUNT_DELETED ACCOUNT_VIOLATION ACCOUNT_RESTRICTION DISABLED_UPDATE PARTNER_ADDED PARTNER_REMOVED",
        "PARTNER_APP_INSTALLED PARTNER_APP_UNINSTALLED ACCOUNT_OFFBOARDED ACCOUNT_RECONNECTED",
        "BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE AUTH_INTL_PRICE_ELIGIBILITY_UPDATE AD_ACCOUNT_LINKED",
        "VOLUME_BASED_PRICING_TIER_UPDATE MM_LITE_TERMS_SIGNED PARTNER_CLIENT_CERTIFICATION_STATUS_UPDATE",
        "RESTRICTED_BIZ_INITIATED_MESSAGING RESTRICTED_CUSTOMER_INITIATED_MESSAGING",
        "RESTRICTED_ADD_PHONE_NUMBER_ACTION DISABLE REINSTATE SCHEDULE_FOR_DISABLE",
        "ACCOUNT_DISCONNECTED BUSINESS_DOWNGRADE CHANGE_NUMBER COMPANION_INACTIVITY PRIMARY_INACTIVITY",
        "USER_RE_REGISTERED",
        // 1.5
        "APPROVED ARCHIVED DELETED DISABLED FLAGGED IN_APPEAL LIMIT_EXCEEDED LOCKED PAUSED PENDING",
        "REINSTATED PENDING_DELETION REJECTED message_template_status_update",
        "message_template_quality_update message_template_components_update template_category_update",
        "phone_number_quality_update business_capability_update phone_number_name_update account_alerts",
        "account_review_update security user_preferences partner_solutions flows calls",
        "business_username_update user_id_update standby messaging_handovers",
        // 2
        "text image video audio voice document sticker location contacts interactive button reaction order",
        "system edit revoke unsupported request_welcome errors media_placeholder",
        "button_reply list_reply nfm_reply call_permission_reply payment_method",
        "user_changed_number customer_identity_changed user_changed_user_id new_wa_id",
        // 3
        "sent delivered read played failed deleted warning",
        // 4
        "smb_message_echoes history smb_app_state_sync remove",
    ] {
        for word in words.split(' ') {
            let found = [format!("\"{word}\":"), format!(":\"{word}\"")];
            assert!(found.iter().any(|found| all.contains(found)), "{word}");
        }
    }
}

/// The page names every file, and no file that is not there.
#[test]
fn the_page_on_coexistence_names_every_file() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/coexistence.md");
    let page = fs::read_to_string(page).unwrap();
    let names: Vec<String> =
        all().iter().map(|fixture| fixture.name.trim_end_matches(".json").to_owned()).collect();
    let folders: Vec<&str> = names.iter().map(|name| name.split('/').next().unwrap()).collect();
    let named: Vec<&str> = page
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '/'))
        .filter(|word| word.split_once('/').is_some_and(|(folder, _)| folders.contains(&folder)))
        .collect();
    for name in &names {
        assert!(named.contains(&name.as_str()), "{name} is not on the page");
    }
    for word in named {
        assert!(names.iter().any(|name| name == word), "{word} is no file");
    }
}

#[tokio::test(start_paused = true)]
async fn each_has_its_effect_once_and_is_replayed() {
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
        let report = world.replay().await;
        assert!(report.equal && report.failed == 0, "{}: {report:?}", fixture.name);
    }
}

#[tokio::test(start_paused = true)]
async fn all_of_them_together_are_replayed() {
    let together = World::new().await;
    for fixture in all() {
        assert_eq!(together.raw(fixture.bytes.clone()).await, StatusCode::OK);
        together.quiet().await;
    }
    let report = together.replay().await;
    assert!(report.equal && report.failed == 0, "{report:?}");
    assert!(report.compared > 90, "{report:?}");
}

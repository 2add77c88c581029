//! Generated pages of `docs/` are what the code says. Refresh: `UPDATE_DOCS=1 cargo test -p
//! fieldline-platform --test it documents`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fieldline_platform::{agents::error_table, openapi};

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)
}

fn held(name: &str, made: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(docs(name), made).unwrap();
    }
    let kept = std::fs::read_to_string(docs(name)).unwrap_or_default();
    assert!(kept == made, "docs/{name} is not what the code says; UPDATE_DOCS=1 writes it anew");
}

#[test]
fn the_page_of_errors_is_the_table() {
    held("errors.md", &error_table::page());
}

#[test]
fn every_code_that_travels_is_on_the_page_of_errors() {
    let page = error_table::page();
    let mut codes = BTreeSet::new();
    for source in
        [include_str!("../../src/agents/error.rs"), include_str!("../../src/agents/outcome.rs")]
    {
        for part in source.split("pub const fn as_str(self)").skip(1) {
            let table = part.split("\n    }").next().unwrap();
            codes.extend(table.lines().filter_map(|line| {
                let word = line.trim().strip_prefix("Self::")?.split_once(" => \"")?.1;
                Some(word.split('"').next().unwrap().to_owned())
            }));
        }
    }
    let is_code = |word: &&String| word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let roles = ["owner", "manager", "employee"];
    for code in codes.iter().filter(is_code).filter(|code| !roles.contains(&code.as_str())) {
        assert!(page.contains(&format!("| `{code}` |")), "{code}");
    }
    assert!(codes.contains("changed") && codes.contains("server_full"));
}

#[test]
fn the_openapi_document_is_generated_from_the_types() {
    let made = format!("{}\n", serde_json::to_string_pretty(&openapi::document()).unwrap());
    held("openapi.json", &made);
}

/// `(method, path)` of the routes in a router's source.
fn routes(source: &str, prefix: &str) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for part in source.split(".route(").skip(1) {
        let mut strings = part.split('"');
        let path = strings.nth(1).unwrap();
        let handlers = part.split("\n        .").next().unwrap();
        for method in ["get", "head", "post", "put", "patch", "delete"] {
            let named = |before: &str| handlers.contains(&format!("{before}{method}("));
            if named(" ") || named(".") || named("\n") {
                found.insert((method.to_owned(), format!("{prefix}{path}")));
            }
        }
    }
    found
}

#[test]
fn the_document_names_every_operation_and_no_other() {
    let mut wanted = routes(include_str!("../../src/routes.rs"), "/v1");
    wanted.extend(routes(include_str!("../../src/desk/office/mod.rs"), "/v1/office"));
    // A WebSocket is no operation of OpenAPI.
    assert!(wanted.remove(&("get".to_owned(), "/v1/live".to_owned())));
    let document = openapi::document();
    let mut named = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            named.insert((method.clone(), path.clone()));
        }
    }
    assert_eq!(named, wanted);
}

#[test]
fn operations_have_names_of_their_own() {
    let document = openapi::document();
    let mut names = BTreeSet::new();
    for operations in document["paths"].as_object().unwrap().values() {
        for operation in operations.as_object().unwrap().values() {
            let name = operation["operationId"].as_str().unwrap().to_owned();
            assert!(names.insert(name.clone()), "{name} twice");
        }
    }
}

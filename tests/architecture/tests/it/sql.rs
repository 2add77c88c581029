//! SQL and the SQLite library stand in the two `store/` folders and nowhere else in the product.

use crate::rust::{names, product};
use crate::tree::{Tree, Violation, assert_found, assert_none, has_extension};

const FOLDERS: [(&str, &str); 2] =
    [("core/src/", "core/src/store/"), ("platform/src/", "platform/src/store/")];

/// Words that together make a statement; capital letters, as all our SQL is written.
const STATEMENTS: [&[&str]; 12] = [
    &["SELECT ", "FROM "],
    &["SELECT ", "("],
    &["INSERT ", "INTO "],
    &["UPDATE ", " SET "],
    &["DELETE FROM "],
    &["PRAGMA "],
    &["CREATE TABLE "],
    &["CREATE ", "INDEX "],
    &["ALTER TABLE "],
    &["DROP TABLE "],
    &["BEGIN IMMEDIATE"],
    &["SAVEPOINT "],
];

fn is_sql(text: &str) -> bool {
    let flat = format!("{} ", text.split_whitespace().collect::<Vec<_>>().join(" "));
    STATEMENTS.iter().any(|words| words.iter().all(|word| flat.contains(word)))
}

fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (folder, store) in FOLDERS {
        for (path, source) in product(tree, folder) {
            if path.starts_with(store) || path == format!("{}.rs", store.trim_end_matches('/')) {
                continue;
            }
            for (offset, text) in &source.strings {
                if is_sql(text) || has_extension(text, "sql") {
                    let what = format!("SQL outside {store}");
                    found.push(Violation::new(path, source.line(*offset), what));
                }
            }
            for named in names(path, &source) {
                if ["rusqlite", "libsqlite3_sys"].iter().any(|library| named.starts_with(library)) {
                    let what = format!("`{}` outside {store}", named.parts.join("::"));
                    found.push(Violation::new(path, named.line, what));
                }
            }
        }
    }
    found
}

#[test]
fn sql_stands_in_the_stores() {
    assert_none(&check(&Tree::load()));
}

#[test]
fn sql_elsewhere_is_found() {
    let tree = Tree::of(&[
        ("core/src/store/read.rs", "use rusqlite::Row; const A: &str = \"SELECT a FROM b\";"),
        (
            "core/src/views/inbox.rs",
            "const A: &str = \"SELECT a\\\n  FROM b\";\nconst B: &str = \"SELECT the one\";",
        ),
        ("core/src/sync/apply.rs", "use rusqlite::Connection;\nfn f(c: &Connection) {}\n"),
        (
            "platform/src/app.rs",
            "fn f() { run(r#\"DELETE FROM x\"#); method(\"DELETE\"); }\nconst M: &str = include_str!(\"store/migrations/0001_a.sql\");",
        ),
        (
            "platform/src/meta/ingest.rs",
            "#[cfg(test)]\nmod tests { const A: &str = \"PRAGMA x\"; }",
        ),
        ("tests/crash/tests/it/main.rs", "const A: &str = \"SELECT a FROM b\";"),
    ]);
    assert_found(
        &check(&tree),
        &[
            "core/src/sync/apply.rs:1",
            "core/src/sync/apply.rs:2",
            "core/src/views/inbox.rs:1",
            "platform/src/app.rs:1",
            "platform/src/app.rs:2",
        ],
    );
}

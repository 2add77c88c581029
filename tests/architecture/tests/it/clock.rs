//! Time and chance come in through `support/`, so that one seed is one run.

use crate::rust::{Named, names, product};
use crate::tree::{Tree, Violation, assert_found, assert_none};

const FOLDERS: [&str; 2] = ["core/src/", "platform/src/"];
/// Sources of the wall clock and of randomness, as the last words of a path.
const SOURCES: [&[&str]; 12] = [
    &["SystemTime", "now"],
    &["Instant", "now"],
    &["Utc", "now"],
    &["Local", "now"],
    &["UNIX_EPOCH", "elapsed"],
    &["SystemRandom"],
    &["SystemRandom", "new"],
    &["Uuid", "new_v4"],
    &["Uuid", "now_v7"],
    &["OsRng"],
    &["thread_rng"],
    &["getrandom", "fill"],
];

/// tokio's own clock stands still and jumps with the simulation, so waiting by it is right.
fn is_virtual(named: &Named) -> bool {
    named.starts_with("tokio")
}

fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        for (path, source) in product(tree, folder) {
            if path.starts_with(&format!("{folder}support")) {
                continue;
            }
            for named in names(path, &source) {
                if SOURCES.iter().any(|tail| named.ends_with(tail)) && !is_virtual(&named) {
                    let what = format!("`{}` outside support", named.parts.join("::"));
                    found.push(Violation::new(path, named.line, what));
                }
            }
        }
    }
    found
}

#[test]
fn time_and_chance_come_through_support() {
    assert_none(&check(&Tree::load()));
}

#[test]
fn a_clock_of_its_own_is_found() {
    let tree = Tree::of(&[
        ("core/src/support/clock.rs", "fn f() { chrono::Utc::now(); }"),
        ("core/src/sync/engine.rs", "use tokio::time::Instant;\nfn f() { Instant::now(); }"),
        ("core/src/sync/gap.rs", "use std::time::{Duration, Instant};\nfn f() { Instant::now(); }"),
        ("core/src/views/inbox.rs", "use chrono::Utc;\nfn f() { Utc::now().timestamp(); }"),
        (
            "platform/src/app.rs",
            "use ring::rand::{self, SecureRandom};\nfn f() { let r = rand::SystemRandom::new(); }\nfn g() { std::time::SystemTime::now(); }",
        ),
    ]);
    assert_found(
        &check(&tree),
        &[
            "core/src/sync/gap.rs:2",
            "core/src/views/inbox.rs:2",
            "platform/src/app.rs:2",
            "platform/src/app.rs:3",
        ],
    );
}

//! Who may see whom inside the core: the arrows of the design, as a table.

use crate::rust::{module_of, names, product};
use crate::tree::{Tree, Violation, assert_found, assert_none};

/// `client -> views, lifecycle -> sync, outbox, reply, notify -> store, transport -> model, support`, `api` seen by all.
/// A layer sees every layer below it; modules of one layer see each other only by [`SIDEWAYS`].
const LAYERS: [&[&str]; 6] = [
    &["client"],
    &["views", "lifecycle"],
    &["sync", "outbox", "reply", "notify"],
    &["store", "transport"],
    &["model", "support"],
    &["api"],
];

/// Arrows within a layer, one way each, with what they are for.
const SIDEWAYS: [(&str, &str); 3] = [
    // A new epoch turns a yes that nobody answered into a reply that asks.
    ("sync", "outbox"),
    // A reply that waited is judged again before its first try: window and guard are pure rules.
    ("outbox", "reply"),
    // Jitter is drawn from the injected randomness.
    ("model", "support"),
];

/// Every module that may stand in `core/src/`; the tree of the design.
fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

fn may_see(from: &str, to: &str) -> bool {
    from == to
        || SIDEWAYS.contains(&(from, to))
        || matches!((layer(from), layer(to)), (Some(from), Some(to)) if from < to)
}

fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, source) in product(tree, "core/src/") {
        let Some(from) = module_of(path).first().cloned() else { continue };
        if layer(&from).is_none() {
            found.push(Violation::new(
                path,
                0,
                format!("module `{from}` has no place in the arrows"),
            ));
            continue;
        }
        for named in names(path, &source) {
            if !named.starts_with("crate") {
                continue;
            }
            let Some(to) = named.parts.get(1) else { continue };
            let said = named.parts.join("::");
            if layer(to).is_none() {
                let what =
                    format!("`{said}` goes around the modules: name the one that it lives in");
                found.push(Violation::new(path, named.line, what));
            } else if !may_see(&from, to) {
                found.push(Violation::new(
                    path,
                    named.line,
                    format!("`{from}` may not see `{said}`"),
                ));
            }
        }
    }
    found.dedup();
    found
}

#[test]
fn the_core_keeps_its_arrows() {
    assert_none(&check(&Tree::load()));
}

#[test]
fn an_arrow_the_wrong_way_is_found() {
    let tree = Tree::of(&[
        ("core/src/lib.rs", "mod client; pub use crate::client::Client;"),
        ("core/src/client.rs", "use crate::views::Inbox;\nuse crate::support::Clock;"),
        (
            "core/src/model/window.rs",
            "/// See [`crate::client`].\nuse crate::api::Row;\nuse crate::{store::Pool};",
        ),
        (
            "core/src/store/mod.rs",
            "use super::outbox::State;\n#[cfg(test)]\nmod tests { use crate::client::Client; }",
        ),
        ("core/src/sync/engine.rs", "fn f() { let x = crate::views::hub::wake(); }"),
        ("core/src/outbox/sender.rs", "use crate::sync;\nuse super::state::Step;"),
        ("core/src/outbox/state.rs", "use crate::Client;"),
        ("core/src/helpers.rs", ""),
    ]);
    assert_found(
        &check(&tree),
        &[
            "core/src/helpers.rs:0",
            "core/src/model/window.rs:3",
            "core/src/outbox/sender.rs:1",
            "core/src/outbox/state.rs:1",
            "core/src/store/mod.rs:1",
            "core/src/sync/engine.rs:1",
        ],
    );
}

#[test]
fn the_table_is_the_arrows_of_the_design() {
    let all: Vec<&str> = LAYERS.concat();
    for from in &all {
        assert!(may_see(from, "api"), "{from}");
        assert!(may_see("client", from), "{from}");
        assert!(*from == "client" || !may_see(from, "client"), "{from}");
        for to in &all {
            assert!(from == to || !(may_see(from, to) && may_see(to, from)), "{from} and {to}");
        }
    }
    for (from, to) in SIDEWAYS {
        assert_eq!(layer(from), layer(to), "{from} -> {to} is no arrow within a layer");
    }
}

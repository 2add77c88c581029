//! Who may see whom inside the core: the arrows of the design, as a table.

use crate::rust::{module_of, names, product};
use crate::tree::{Tree, Violation, assert_found, assert_none};

/// `client -> views, lifecycle -> sync, outbox, reply, notify -> store, transport -> model, support`, `api` seen by all.
/// A layer sees every layer below it; modules of one layer do not see each other.
const LAYERS: [&[&str]; 6] = [
    &["client"],
    &["views", "lifecycle"],
    &["sync", "outbox", "reply", "notify"],
    &["store", "transport"],
    &["model", "support"],
    &["api"],
];

/// Every module that may stand in `core/src/`; the tree of the design.
fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

fn may_see(from: &str, to: &str) -> bool {
    from == to || matches!((layer(from), layer(to)), (Some(from), Some(to)) if from < to)
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
    let below = [
        "views",
        "lifecycle",
        "sync",
        "outbox",
        "reply",
        "notify",
        "store",
        "transport",
        "model",
        "support",
        "api",
    ];
    assert!(below.iter().all(|to| may_see("client", to)));
    assert!(below.iter().all(|from| !may_see(from, "client")));
    assert!(below.iter().all(|from| may_see(from, "api")));
    for (from, to) in [
        ("views", "lifecycle"),
        ("sync", "outbox"),
        ("store", "transport"),
        ("model", "support"),
        ("api", "model"),
    ] {
        assert!(
            !may_see(from, to) && (layer(from) != layer(to) || !may_see(to, from)),
            "{from} {to}"
        );
    }
}

//! The platform's addresses stand in one list, from which the router and `docs/openapi.json` are made.

use crate::rust::product;
use crate::tree::{Tree, Violation, assert_found, assert_none};

/// Where a router may be put together.
const LIST: &str = "platform/src/routes/";

/// What would give the platform an address that the list does not know.
const MAKES: [&str; 7] = [
    "Router::new",
    ".route(",
    ".nest(",
    ".route_service(",
    ".nest_service(",
    "MethodRouter",
    ".fallback(",
];

fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, _) in product(tree, "platform/src/") {
        if path.starts_with(LIST) {
            continue;
        }
        for (index, line) in tree.get(path).unwrap_or_default().lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(word) = MAKES.iter().find(|word| code.contains(**word)) {
                found.push(Violation::new(path, index + 1, format!("`{word}` outside {LIST}")));
            }
        }
    }
    found
}

#[test]
fn addresses_stand_in_the_list() {
    assert_none(&check(&Tree::load()));
}

#[test]
fn an_address_elsewhere_is_found() {
    let tree = Tree::of(&[
        ("platform/src/routes/mod.rs", "fn r() { Router::new().route(\"/a\", a); }"),
        (
            "platform/src/meta/webhook.rs",
            "/// Not a Router::new.\nfn r() {\n    Router::new()\n        .route(\"/b\", b);\n}",
        ),
        ("platform/src/app.rs", "fn r() { routes::router(s).nest(\"/c\", c) }"),
        ("tests/whatsapp-sim/src/main.rs", "fn r() { Router::new() }"),
    ]);
    assert_found(
        &check(&tree),
        &[
            "platform/src/app.rs:1",
            "platform/src/meta/webhook.rs:3",
            "platform/src/meta/webhook.rs:4",
        ],
    );
}

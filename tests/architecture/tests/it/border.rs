//! Core and platform share the wire, not code; and the core knows of no language but Rust.

use crate::manifest;
use crate::rust::{names, product};
use crate::tree::{Tree, Violation, assert_found, assert_none};

const CORE: &str = "fieldline-core";
const PLATFORM: &str = "fieldline-platform";
/// What carries the core into other languages; it belongs to the bindings.
const BRIDGES: [&str; 3] = ["uniffi", "jni", "pyo3"];

fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for manifest in manifest::all(tree) {
        // The root's table only says where the members are.
        if manifest.package.is_empty() {
            continue;
        }
        let ours = manifest.dependencies.iter().filter(|d| d.package.starts_with("fieldline-"));
        if manifest.package == CORE || manifest.package == PLATFORM {
            for dependency in ours {
                let what = format!("{} depends on {}", manifest.package, dependency.package);
                found.push(Violation::new(manifest.path, dependency.line, what));
            }
        } else if let (Some(_), Some(second)) = (manifest.needs(CORE), manifest.needs(PLATFORM))
            && !manifest.path.starts_with("tests/")
        {
            let what = "only packages under tests/ may depend on both core and platform";
            found.push(Violation::new(manifest.path, second.line, what));
        }
        if manifest.package == CORE {
            for dependency in &manifest.dependencies {
                if BRIDGES.iter().any(|bridge| dependency.package.starts_with(bridge)) {
                    let what = format!("{} in the core", dependency.package);
                    found.push(Violation::new(manifest.path, dependency.line, what));
                }
            }
        }
    }
    for (path, source) in product(tree, "core/src/") {
        for named in names(path, &source) {
            if BRIDGES.iter().any(|bridge| named.starts_with(bridge)) {
                found.push(Violation::new(
                    path,
                    named.line,
                    format!("`{}` in the core", named.parts.join("::")),
                ));
            }
        }
    }
    found
}

#[test]
fn core_and_platform_share_only_the_wire() {
    assert_none(&check(&Tree::load()));
}

#[test]
fn a_dependency_across_the_border_is_found() {
    let both = "[package]\nname = \"x\"\n[dependencies]\nfieldline-core.workspace = true\nfieldline-platform.workspace = true\n";
    let tree = Tree::of(&[
        (
            "Cargo.toml",
            "[workspace.dependencies]\nfieldline-core = { path = \"core\" }\nfieldline-platform = { path = \"platform\" }\n",
        ),
        (
            "core/Cargo.toml",
            "[package]\nname = \"fieldline-core\"\n[dependencies]\nuniffi = \"1\"\n[dev-dependencies]\nfieldline-platform.workspace = true\n",
        ),
        ("core/src/api/mod.rs", "#[derive(uniffi::Record)]\npub struct Row;"),
        (
            "platform/Cargo.toml",
            "[package]\nname = \"fieldline-platform\"\n[dependencies]\nfieldline-core.workspace = true\n",
        ),
        ("bindings/Cargo.toml", both),
        ("tests/demo/Cargo.toml", both),
    ]);
    assert_found(
        &check(&tree),
        &[
            "bindings/Cargo.toml:5",
            "core/Cargo.toml:6",
            "core/Cargo.toml:4",
            "platform/Cargo.toml:4",
            "core/src/api/mod.rs:1",
        ],
    );
}

//! Each direct dependency is chosen: one version for the whole workspace, one line of reason, and really used.

use crate::manifest;
use crate::rust::{Source, names};
use crate::tree::{Tree, Violation, assert_found, assert_none, has_extension};
use std::collections::{BTreeMap, BTreeSet};

const PAGE: &str = "docs/dependencies.md";

/// The crates that the page gives a reason for: the first cell of a row, in backticks, of tables headed `Crate`.
fn explained(page: &str) -> BTreeMap<&str, usize> {
    let mut rows = BTreeMap::new();
    let mut inside = false;
    for (index, line) in page.lines().enumerate() {
        let mut cells = line.split('|').map(str::trim);
        if cells.next() != Some("") || !line.starts_with('|') {
            inside = false;
            continue;
        }
        let first = cells.next().unwrap_or_default();
        if first == "Crate" {
            inside = true;
        } else if inside
            && let Some(name) = first.strip_prefix('`').and_then(|n| n.strip_suffix('`'))
        {
            rows.insert(name, index + 1);
        }
    }
    rows
}

fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut reasons = explained(tree.get(PAGE).unwrap_or_default());
    let manifests = manifest::all(tree);
    let mut seen = BTreeSet::new();
    let mut needed = BTreeSet::new();
    for manifest in manifests.iter().filter(|m| !m.package.is_empty()) {
        let used = crates_named(tree, manifest.folder());
        for dependency in &manifest.dependencies {
            needed.insert(dependency.package.clone());
            if !dependency.from_workspace {
                let what = format!("{} has a version of its own", dependency.package);
                found.push(Violation::new(manifest.path, dependency.line, what));
            }
            if !used.contains(&dependency.name) {
                let what = format!("{} is not used by {}", dependency.package, manifest.package);
                found.push(Violation::new(manifest.path, dependency.line, what));
            }
        }
    }
    for manifest in &manifests {
        for dependency in &manifest.dependencies {
            if manifest.package.is_empty() && !needed.contains(&dependency.package) {
                let what = format!("no member needs {}", dependency.package);
                found.push(Violation::new(manifest.path, dependency.line, what));
            }
            let ours = dependency.package.starts_with("fieldline-");
            if !ours
                && seen.insert(dependency.package.clone())
                && reasons.remove(dependency.package.as_str()).is_none()
            {
                let what = format!("{} has no line in {PAGE}", dependency.package);
                found.push(Violation::new(manifest.path, dependency.line, what));
            }
        }
    }
    for (name, line) in reasons {
        if !seen.contains(name) {
            found.push(Violation::new(PAGE, line, format!("{name} is not a dependency")));
        }
    }
    found
}

/// First words of all paths in a package's Rust files.
fn crates_named(tree: &Tree, folder: &str) -> BTreeSet<String> {
    tree.rust()
        .filter(|(path, _)| path.starts_with(folder) && has_extension(path, "rs"))
        .flat_map(|(path, text)| names(path, &Source::read(text)))
        .filter_map(|named| named.parts.into_iter().next())
        .collect()
}

#[test]
fn dependencies_are_chosen_explained_and_used() {
    assert_none(&check(&Tree::load()));
}

#[test]
fn an_unexplained_a_stray_and_an_unused_dependency_are_found() {
    let tree = Tree::of(&[
        ("Cargo.toml", "[workspace.dependencies]\nlog = \"0.4\"\nserde = \"1\"\nring = \"0.17\"\n"),
        (
            "core/Cargo.toml",
            "[package]\nname = \"fieldline-core\"\n[dependencies]\nlog.workspace = true\nserde = \"1\"\nring.workspace = true\n",
        ),
        ("core/src/lib.rs", "use log::info;\n#[derive(serde::Serialize)]\nstruct A;"),
        (
            "platform/Cargo.toml",
            "[package]\nname = \"fieldline-platform\"\n[dependencies]\nlog.workspace = true\n",
        ),
        ("platform/src/lib.rs", "fn f() { log::info!(); }"),
        (
            PAGE,
            "| Crate | Why |\n|---|---|\n| `log` | lines |\n| `serde` | JSON |\n| `gone` | was needed |\n\n| Not taken | Why |\n|---|---|\n| `sqlx` | two SQLites |\n",
        ),
    ]);
    assert_found(
        &check(&tree),
        &["core/Cargo.toml:5", "core/Cargo.toml:6", "Cargo.toml:4", "docs/dependencies.md:5"],
    );
}

//! What UniFFI generates is seen by the hand-written wrapper of each language alone, so that a generator can be changed in one place.

use crate::tree::{Tree, Violation, assert_found, assert_none, has_extension};

/// The generated modules, and the object that only they have.
const NAMES: [&str; 4] = ["fieldline_ffi", "dev.fieldline.ffi", "FieldlineFFI", "FieldlineClient"];
/// Languages that could import them. Rust has its own rule: nothing depends on `fieldline-ffi`.
const EXTENSIONS: [&str; 4] = ["py", "kt", "kts", "swift"];
/// The manifest of Swift's package has to name the module that it builds.
const MANIFEST: &str = "Package.swift";

fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    let ours = |path: &str| EXTENSIONS.iter().any(|extension| has_extension(path, extension));
    for (path, text) in tree.files().filter(|(path, _)| ours(path)) {
        // The checks plant such names to show that they are found.
        let named = ["bindings/", "tests/checks/"].iter().any(|folder| path.starts_with(folder));
        if named || path.ends_with(MANIFEST) {
            continue;
        }
        for (index, line) in text.lines().enumerate() {
            if let Some(name) = NAMES.iter().find(|name| line.contains(**name)) {
                let what = format!("the generated name {name} outside bindings/");
                found.push(Violation::new(path, index + 1, what));
            }
        }
    }
    found
}

#[test]
fn generated_names_stay_in_the_bindings() {
    assert_none(&check(&Tree::load()));
}

#[test]
fn a_generated_name_elsewhere_is_found() {
    let tree = Tree::of(&[
        ("bindings/python/fieldline/client.py", "import fieldline_ffi as ffi\n"),
        ("tests/runners/python/main.py", "import json\nfrom fieldline_ffi import Body\n"),
        ("android/sdk/src/Repository.kt", "import dev.fieldline.ffi.Body\n"),
        ("ios/FieldlineKit/Package.swift", "name: \"FieldlineFFI\""),
        ("ios/FieldlineKit/Sources/Model.swift", "import Fieldline\nimport FieldlineFFI\n"),
        ("docs/note.md", "fieldline_ffi"),
    ]);
    assert_found(
        &check(&tree),
        &[
            "android/sdk/src/Repository.kt:1",
            "ios/FieldlineKit/Sources/Model.swift:2",
            "tests/runners/python/main.py:2",
        ],
    );
}

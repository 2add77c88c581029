//! A page that points into the tree points at something that is there.

use crate::tree::{Tree, Violation, assert_found, assert_none, has_extension};

fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| has_extension(path, "md")) {
        let mut fenced = false;
        for (index, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            }
            if fenced {
                continue;
            }
            for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let target = target.split(['#', ' ']).next().unwrap_or_default();
                if target.is_empty() || target.contains(':') {
                    continue;
                }
                if !is_there(tree, &joined(path, target)) {
                    found.push(Violation::new(path, index + 1, format!("{target} is not there")));
                }
            }
        }
    }
    found
}

/// `target` as seen from the folder of `page`, from the root.
fn joined(page: &str, target: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

fn is_there(tree: &Tree, path: &str) -> bool {
    tree.get(path).is_some() || tree.files().any(|(file, _)| file.starts_with(&format!("{path}/")))
}

#[test]
fn pages_point_at_what_is_there() {
    assert_none(&check(&Tree::load()));
}

#[test]
fn a_broken_link_is_found() {
    let tree = Tree::of(&[
        (
            "README.md",
            "[a](docs/a.md#part) [b](docs/b.md)\n![p](docs/p.png)\n```\n[c](nowhere)\n```\n[w](https://example.test/x) [f](docs/)",
        ),
        ("docs/a.md", "[up](../README.md) [gone](../gone.md)"),
        ("docs/p.png", ""),
    ]);
    assert_found(&check(&tree), &["README.md:1", "docs/a.md:1"]);
}

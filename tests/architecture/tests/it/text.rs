//! What every text file must look like: the rules of .editorconfig, short files, and no name of a package registry's host.

use crate::tree::{Tree, Violation, assert_found, assert_none};

/// Written by tools or by others, to the letter.
const GIVEN: [&str; 2] = ["Cargo.lock", "LICENSE-APACHE"];
/// A file above this has a second purpose. (Not so recorded data: `.json` may be as long as what was recorded.)
const MOST_LINES: usize = 600;

/// Hosts of package registries, written so that this file does not name them: which registry is asked is a matter of the
/// machine, never of the tree.
fn hosts() -> Vec<String> {
    [
        ["crates", "io"],
        ["pypi", "org"],
        ["pythonhosted", "org"],
        ["npmjs", "org"],
        ["npmjs", "com"],
        ["yarnpkg", "com"],
        ["proxy.golang", "org"],
        ["repo1.maven", "org"],
        ["repo.maven.apache", "org"],
        ["maven.google", "com"],
        ["deb.debian", "org"],
        ["security.debian", "org"],
    ]
    .iter()
    .map(|parts| parts.join("."))
    .collect()
}

/// A switch of the `[*]` section of .editorconfig.
fn asked(tree: &Tree, switch: &str) -> bool {
    tree.get(".editorconfig")
        .unwrap_or_default()
        .lines()
        .skip_while(|line| line.trim() != "[*]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .any(|line| line.split_whitespace().collect::<String>() == switch)
}

/// Data and what a test prints: nobody writes it, so nobody can split it by purpose.
fn is_data(path: &str) -> bool {
    path.starts_with("docs/schema/")
        || std::path::Path::new(path).extension().is_some_and(|extension| extension == "json")
}

fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    let trimmed = asked(tree, "trim_trailing_whitespace=true");
    let ended = asked(tree, "insert_final_newline=true");
    let spaces = asked(tree, "indent_style=space");
    let unix = asked(tree, "end_of_line=lf");
    let hosts = hosts();
    for (path, text) in tree.files().filter(|(path, _)| !GIVEN.contains(path)) {
        for (index, line) in text.split('\n').enumerate() {
            let mut say = |what: &str| found.push(Violation::new(path, index + 1, what));
            if trimmed && line.ends_with([' ', '\t']) {
                say("white space at the end");
            }
            if spaces && line.starts_with('\t') {
                say("a tab as indent");
            }
            if unix && line.ends_with('\r') {
                say("a carriage return");
            }
            if hosts.iter().any(|host| line.contains(host.as_str())) {
                say("the host of a package registry");
            }
        }
        let lines = text.lines().count();
        if ended && !text.is_empty() && !text.ends_with('\n') {
            found.push(Violation::new(path, lines, "no line end at the end of the file"));
        }
        if lines >= MOST_LINES && !is_data(path) {
            found.push(Violation::new(
                path,
                lines,
                format!("{lines} lines: under {MOST_LINES}, and one purpose a file"),
            ));
        }
    }
    found
}

#[test]
fn files_are_short_and_clean() {
    assert_none(&check(&Tree::load()));
}

#[test]
fn the_editor_rules_are_the_ones_that_are_checked() {
    let tree = Tree::load();
    for switch in [
        "trim_trailing_whitespace=true",
        "insert_final_newline=true",
        "indent_style=space",
        "end_of_line=lf",
    ] {
        assert!(asked(&tree, switch), "{switch}");
    }
}

#[test]
fn a_long_or_untidy_file_and_a_host_are_found() {
    let long = "x\n".repeat(MOST_LINES);
    let host = format!("from https://static.{}/\n", hosts()[0]);
    let tree = Tree::of(&[
        (
            ".editorconfig",
            "[*]\nend_of_line = lf\ninsert_final_newline = true\ntrim_trailing_whitespace = true\nindent_style = space\n[*.toml]\n",
        ),
        ("Cargo.lock", &host),
        ("a.rs", "fn a() {}\x20\nfn b() {}"),
        ("b.md", &host),
        ("c.sh", "\techo\r\n"),
        ("d.rs", &long),
    ]);
    assert_found(&check(&tree), &["a.rs:1", "a.rs:2", "b.md:1", "c.sh:1", "c.sh:1", "d.rs:600"]);
}

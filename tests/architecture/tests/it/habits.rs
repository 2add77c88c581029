//! Habits that keep runs repeatable and tests honest, in every Rust and Python file of the tree.

use crate::rust::{Source, names};
use crate::tree::{Tree, Violation, assert_found, assert_none, has_extension};

fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in tree.rust() {
        let source = Source::read(text);
        for offset in source.find("select!") {
            let inside: String =
                source.code[offset..].iter().skip_while(|c| **c != '{').skip(1).collect();
            if !inside.trim_start().starts_with("biased;") {
                let what = "`select!` without `biased;`: its order of polling is random";
                found.push(Violation::new(path, source.line(offset), what));
            }
        }
        for offset in source.find("#[ignore").into_iter().chain(source.find(", ignore")) {
            if source.code[..offset].iter().rev().take_while(|c| **c != '\n').any(|c| *c == '#')
                || source.code[offset] == '#'
            {
                found.push(Violation::new(
                    path,
                    source.line(offset),
                    "a test that is switched off",
                ));
            }
        }
        for named in names(path, &source) {
            if named.ends_with(&["thread", "sleep"]) {
                let what = "a real sleep: wait for the condition, or let virtual time pass";
                found.push(Violation::new(path, named.line, what));
            }
        }
    }
    for (path, text) in tree.files().filter(|(path, _)| has_extension(path, "py")) {
        for (index, line) in text.lines().enumerate() {
            let code = line.split('#').next().unwrap_or_default();
            for word in
                [concat!("time.", "sleep("), concat!("unittest.", "skip"), concat!("@", "skip")]
            {
                if code.contains(word) {
                    found.push(Violation::new(path, index + 1, format!("`{word}` in a check")));
                }
            }
        }
    }
    found
}

#[test]
fn runs_are_repeatable_and_no_test_is_off() {
    assert_none(&check(&Tree::load()));
}

#[test]
fn an_unfair_select_a_sleep_and_a_test_that_is_off_are_found() {
    let tree = Tree::of(&[
        (
            "core/src/sync/engine.rs",
            "async fn f() {\n tokio::select! {\n  biased;\n  () = a() => {}\n }\n tokio::select! {\n  () = a() => {}\n }\n}",
        ),
        (
            "tests/crash/tests/it/main.rs",
            "use std::thread;\n// thread::sleep(x)\n#[test]\n#[ignore = \"slow\"]\nfn f() { thread::sleep(x); }\n#[cfg_attr(miri, ignore)]\nfn g() {}",
        ),
        ("tests/checks/a.py", "import time\ntime.sleep(1)\n"),
    ]);
    assert_found(
        &check(&tree),
        &[
            "core/src/sync/engine.rs:6",
            "tests/crash/tests/it/main.rs:4",
            "tests/crash/tests/it/main.rs:6",
            "tests/crash/tests/it/main.rs:5",
            "tests/checks/a.py:2",
        ],
    );
}

//! No panic path in core and platform: neither written out nor left to the lints being switched on.

use crate::rust::{Source, product};
use crate::tree::{Tree, Violation, assert_found, assert_none};

const FOLDERS: [&str; 2] = ["core/src/", "platform/src/"];
const CALLS: [&str; 11] = [
    ".unwrap(",
    ".expect(",
    ".unwrap_err(",
    ".expect_err(",
    "panic!",
    "todo!",
    "unreachable!",
    "unimplemented!",
    "assert!",
    "assert_eq!",
    "assert_ne!",
];
/// What each crate's root must switch on; indexing can only be told by the compiler.
const FORBIDDEN: &str = "unsafe_code";
const DENIED: [&str; 5] = [
    "clippy::unwrap_used",
    "clippy::expect_used",
    "clippy::indexing_slicing",
    "clippy::string_slice",
    "clippy::panic",
];

fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        for (path, source) in product(tree, folder) {
            for call in CALLS {
                for offset in source.find(call) {
                    // Checked by the compiler, never at run time.
                    if call.starts_with("assert") && in_constant(&source, offset) {
                        continue;
                    }
                    let what = format!("`{}` outside tests", call.trim_start_matches('.'));
                    found.push(Violation::new(path, source.line(offset), what));
                }
            }
        }
        for root in ["lib.rs", "main.rs"] {
            let path = format!("{folder}{root}");
            if let Some(text) = tree.get(&path) {
                found.extend(missing_lints(&path, text));
            }
        }
    }
    found
}

fn in_constant(source: &Source, offset: usize) -> bool {
    let before: String = source.code[..offset].iter().collect();
    let statement = before.rsplit([';', '}']).next().unwrap_or_default();
    statement.trim_start().starts_with("const ")
}

fn missing_lints(path: &str, text: &str) -> Vec<Violation> {
    let code: String = Source::read(text).code.into_iter().collect();
    let inside = |level: &str| -> String {
        let marker = format!("#![{level}(");
        code.split(&marker)
            .skip(1)
            .filter_map(|rest| rest.split(")]").next())
            .collect::<Vec<_>>()
            .join(",")
    };
    let named = |list: &str, lint: &str| list.split(',').any(|entry| entry.trim() == lint);
    let (forbidden, denied) = (inside("forbid"), inside("deny"));
    let mut found = Vec::new();
    if !named(&forbidden, FORBIDDEN) {
        found.push(Violation::new(path, 0, format!("lacks #![forbid({FORBIDDEN})]")));
    }
    for lint in DENIED {
        if !named(&denied, lint) && !named(&forbidden, lint) {
            found.push(Violation::new(path, 0, format!("lacks #![deny({lint})]")));
        }
    }
    found
}

#[test]
fn nothing_in_the_product_panics() {
    assert_none(&check(&Tree::load()));
}

#[test]
fn a_panic_path_is_found() {
    let good = "#![forbid(unsafe_code)]\n#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]\n\
                #![deny(clippy::string_slice, clippy::panic)]\n";
    let tree = Tree::of(&[
        ("core/src/lib.rs", good),
        (
            "core/src/model/a.rs",
            "fn f() { x.unwrap_or(1); // x.unwrap()\n x.unwrap(); }\nconst _: () = assert!(1 < 2);\nfn g() { assert!(true); debug_assert!(true); }",
        ),
        (
            "core/src/model/b.rs",
            "#[cfg(test)]\nmod tests { fn f() { x.unwrap(); } }\nfn g() { match x { _ => unreachable!() } }",
        ),
        (
            "platform/src/lib.rs",
            "#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::string_slice, clippy::panic)]",
        ),
        (
            "platform/src/main.rs",
            "#![forbid(unsafe_code)]\n#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::string_slice)]\n// #![deny(clippy::panic)]",
        ),
        ("tests/demo/src/main.rs", "fn main() { x.unwrap(); }"),
    ]);
    assert_found(
        &check(&tree),
        &[
            "core/src/model/a.rs:2",
            "core/src/model/a.rs:4",
            "core/src/model/b.rs:3",
            "platform/src/lib.rs:0",
            "platform/src/main.rs:0",
        ],
    );
}

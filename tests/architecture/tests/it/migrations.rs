//! Migrations are numbered without gaps, and one that is on main is never edited: phones and servers have run it.

use crate::tree::{Tree, Violation, assert_found, assert_none, has_extension};
use ring::digest::{SHA256, digest};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Lines as `sha256sum` writes them, so that `sha256sum --check` reads the list too.
const LIST: &str = "tests/architecture/migrations.sha256";

fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    let list = tree.get(LIST).unwrap_or_default();
    let mut kept: BTreeMap<&str, (usize, &str)> = list
        .lines()
        .enumerate()
        .filter_map(|(index, line)| {
            line.split_once("  ").map(|(hash, path)| (path, (index + 1, hash)))
        })
        .collect();
    let mut last: BTreeMap<&str, u32> = BTreeMap::new();
    for (path, text) in tree.files() {
        let Some((folder, name)) = path.split_once("/src/store/migrations/") else { continue };
        if !has_extension(name, "sql") {
            continue;
        }
        let wanted = last.get(folder).copied().unwrap_or(0) + 1;
        match number(name) {
            Some(number) if number == wanted => {}
            _ => found.push(Violation::new(
                path,
                0,
                format!("is not NNNN_name.sql with number {wanted:04}"),
            )),
        }
        last.insert(folder, wanted);
        let hash = sha256(text);
        match kept.remove(path) {
            Some((_, listed)) if listed == hash => {}
            Some(_) => {
                found.push(Violation::new(path, 0, "was edited: write a new migration instead"));
            }
            None => found.push(Violation::new(
                path,
                0,
                format!("is not in {LIST}; add: {hash}  {path}"),
            )),
        }
    }
    found.extend(
        kept.into_iter()
            .map(|(path, (line, _))| Violation::new(LIST, line, format!("{path} is gone"))),
    );
    found
}

/// The number of `NNNN_name.sql`.
fn number(name: &str) -> Option<u32> {
    let (digits, rest) = name.split_at_checked(4)?;
    let good = digits.bytes().all(|b| b.is_ascii_digit()) && rest.starts_with('_');
    good.then(|| digits.parse().ok())?
}

fn sha256(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[test]
fn migrations_are_in_order_and_unedited() {
    assert_none(&check(&Tree::load()));
}

#[test]
fn a_gap_an_edit_and_a_loss_are_found() {
    let kept = format!(
        "{}  core/src/store/migrations/0001_initial.sql\n{}  platform/src/store/migrations/0001_initial.sql\n{}  core/src/store/migrations/0002_gone.sql\n",
        sha256("as it was"),
        sha256("as it is"),
        sha256("")
    );
    let tree = Tree::of(&[
        (LIST, &kept),
        ("core/src/store/migrations/0001_initial.sql", "edited"),
        ("platform/src/store/migrations/0001_initial.sql", "as it is"),
        ("platform/src/store/migrations/0003_more.sql", "new"),
        ("platform/src/store/migrations/NOTES.md", "not a migration"),
    ]);
    assert_found(
        &check(&tree),
        &[
            "core/src/store/migrations/0001_initial.sql:0",
            "platform/src/store/migrations/0003_more.sql:0",
            "platform/src/store/migrations/0003_more.sql:0",
            "tests/architecture/migrations.sha256:3",
        ],
    );
}

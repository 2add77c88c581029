//! The tree as paths and texts, so that a check can run over the real one and over a planted one alike.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold nothing written by hand.
const NOT_OURS: [&str; 6] =
    [".git", "target", "fieldline-data", "__pycache__", ".build", "Generated"];

/// Every file of the repository by its path from the root, with `/` between the parts. What is not text (a picture) is empty.
#[derive(Default)]
pub(crate) struct Tree(BTreeMap<String, String>);

impl Tree {
    /// Reads the repository that this crate stands in.
    pub(crate) fn load() -> Tree {
        let root = root();
        let mut tree = Tree::default();
        walk(&root, &root, &mut tree.0);
        assert!(tree.0.contains_key("Cargo.toml"), "no workspace at {}", root.display());
        tree
    }

    /// A tree of a few files, for a planted violation.
    pub(crate) fn of(files: &[(&str, &str)]) -> Tree {
        Tree(files.iter().map(|(path, text)| ((*path).into(), (*text).into())).collect())
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    pub(crate) fn get(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    pub(crate) fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(|(path, _)| has_extension(path, "rs"))
    }
}

pub(crate) fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the workspace's root")
}

fn walk(root: &Path, folder: &Path, into: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a folder's entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if NOT_OURS.contains(&name.as_ref()) {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, into);
        } else {
            let text = String::from_utf8(fs::read(&path).unwrap_or_default()).unwrap_or_default();
            let relative = path.strip_prefix(root).expect("a path below the root");
            into.insert(relative.to_string_lossy().replace('\\', "/"), text);
        }
    }
}

/// One broken rule, as a person wants to read it: where, and what.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) path: String,
    /// Counted from 1; 0 when the file as a whole is meant.
    pub(crate) line: usize,
    pub(crate) what: String,
}

impl Violation {
    pub(crate) fn new(path: &str, line: usize, what: impl Into<String>) -> Violation {
        Violation { path: path.into(), line, what: what.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Fails with the whole list, so that one run shows everything there is to mend.
pub(crate) fn assert_none(violations: &[Violation]) {
    let list: Vec<String> = violations.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "{} violation(s):\n{}", list.len(), list.join("\n"));
}

/// Fails unless exactly these places were found, each written `path:line`.
pub(crate) fn assert_found(violations: &[Violation], places: &[&str]) {
    let found: Vec<String> = violations.iter().map(|v| format!("{}:{}", v.path, v.line)).collect();
    assert_eq!(found, places, "found: {violations:#?}");
}

//! Names that do not compile, or mean something else, in one of the languages.

use std::collections::BTreeMap;
use std::path::Path;

use crate::mirror::{items, mirrored};

/// Kotlin's exceptions have these already.
const FIELDS_OF_ERRORS: [&str; 4] = ["message", "cause", "stack_trace", "localized_message"];
/// Generated objects and their languages' base classes have these already.
const METHODS: [&str; 12] = [
    "close",
    "destroy",
    "to_string",
    "hash_code",
    "equals",
    "get_class",
    "notify",
    "wait",
    "finalize",
    "clone",
    "init",
    "deinit",
];
/// Keywords or members of an enum in one of the languages.
const VARIANTS: [&str; 7] = ["Init", "Default", "Event", "Self", "Type", "Protocol", "Companion"];

fn variants(item: &[String]) -> impl Iterator<Item = &str> {
    let is_enum = item.iter().any(|line| line.starts_with("pub enum "));
    let inner = item
        .iter()
        .filter(move |line| is_enum && line.starts_with("    ") && !line.starts_with("     "));
    inner
        .map(|line| line.trim())
        .filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()))
        .map(|line| line.split([' ', ',', '{']).next().unwrap_or_default())
}

fn fields(item: &[String]) -> impl Iterator<Item = &str> {
    let inner = item.iter().map(|line| line.trim().trim_start_matches("pub "));
    inner
        .filter(|line| !line.starts_with("//"))
        .filter_map(|line| line.split_once(": "))
        .map(|(name, _)| name)
}

fn broken_types(types: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, item) in types {
        for variant in variants(item) {
            if VARIANTS.contains(&variant) || types.contains_key(variant) {
                broken.push(format!("{name}::{variant}"));
            }
        }
        if name.ends_with("Error") {
            broken.extend(
                fields(item)
                    .filter(|it| FIELDS_OF_ERRORS.contains(it))
                    .map(|it| format!("{name}.{it}")),
            );
        }
    }
    broken
}

fn broken_methods(source: &str) -> Vec<String> {
    let names = source.lines().filter_map(|line| {
        let line = line.trim_start();
        let rest = line.strip_prefix("pub async fn ").or_else(|| line.strip_prefix("pub fn "));
        let rest = rest.or_else(|| line.strip_prefix("fn "))?;
        rest.split(['(', '<']).next()
    });
    names.filter(|name| METHODS.contains(name)).map(str::to_owned).collect()
}

#[test]
fn no_name_breaks_a_language() {
    let mut types = mirrored();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in ["client.rs", "views.rs", "secrets.rs", "alive.rs", "logs.rs"] {
        let source = std::fs::read_to_string(folder.join(file)).unwrap();
        assert_eq!(broken_methods(&source), Vec::<String>::new(), "{file}");
        types.extend(items(&source));
    }
    assert!(variants(&types["Reason"]).count() == 16 && types.contains_key("SecretError"));
    assert_eq!(broken_types(&types), Vec::<String>::new());
}

#[test]
fn a_planted_name_is_found() {
    let planted = items(
        "pub enum FieldlineError {\n    Init,\n    Broken {\n        message: String,\n    },\n    Row,\n}\npub struct Row {\n    pub cause: u8,\n}\n",
    );
    let found = broken_types(&planted);
    assert_eq!(found, ["FieldlineError::Init", "FieldlineError::Row", "FieldlineError.message"]);
    let methods = "impl A {\n    pub async fn close(&self) {}\n    pub fn closed(&self) {}\n}";
    assert_eq!(broken_methods(methods), ["close"]);
}

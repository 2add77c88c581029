//! The mirrors say what `core::api` says, words included. Shapes the compiler holds; a variant's order and the words it does not.

use std::collections::BTreeMap;
use std::path::Path;

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Structs and enums with their words, without attributes.
pub(crate) fn items(source: &str) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    let mut item: Vec<String> = Vec::new();
    let mut name = None;
    for line in source.lines() {
        let begun = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "));
        if let Some(rest) = begun {
            name = rest.strip_suffix(" {").map(str::to_owned);
        }
        if line.trim_start().starts_with("#[") {
            continue;
        }
        // Between items only an item's own words are kept.
        if name.is_none() && !line.starts_with("///") {
            item.clear();
            continue;
        }
        item.push(line.trim_end().to_owned());
        if line == "}" {
            found.extend(name.take().map(|name| (name, std::mem::take(&mut item))));
        }
    }
    found
}

pub(crate) fn mirrored() -> BTreeMap<String, Vec<String>> {
    let files = ["body", "command", "config", "error", "report", "rows"];
    files.iter().flat_map(|file| items(&text(&format!("src/mirror/{file}.rs")))).collect()
}

#[test]
fn mirrors_repeat_the_core_to_the_word() {
    let files = ["body", "command", "config", "error", "report", "rows"];
    let core: BTreeMap<_, _> =
        files.iter().flat_map(|file| items(&text(&format!("../core/src/api/{file}.rs")))).collect();
    let mirrored = mirrored();
    assert!(core.len() > 30, "{}", core.len());
    assert_eq!(core.len(), mirrored.len());
    for (name, mut said) in core {
        let name = if name == "Error" { "FieldlineError".to_owned() } else { name };
        for line in &mut said {
            // A link means nothing outside Rust, and the error has a longer name there.
            *line = line.replace("[`crate::Client`]", "the client");
            *line = line.replace("pub enum Error {", "pub enum FieldlineError {");
        }
        assert_eq!(mirrored.get(&name), Some(&said), "{name}");
    }
}

#[test]
fn another_word_is_found() {
    let said = "/// One.\n#[derive(Debug)]\npub struct A {\n    /// Of it.\n    pub b: u8,\n}\n";
    let other = said.replace("Of it", "of it");
    assert_eq!(items(said).len(), 1);
    assert_ne!(items(said), items(&other));
    assert_eq!(items(said), items(&said.replace("#[derive(Debug)]", "#[uniffi::remote(Record)]")));
}

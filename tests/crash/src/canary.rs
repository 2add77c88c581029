//! Looks for strings that must not be where they are looked for.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which file holds which of the named strings. Empty strings are an error of the caller: they are in every file.
pub fn sightings(
    files: &[PathBuf],
    canaries: &BTreeMap<String, Vec<String>>,
) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for file in files {
        let content = fs::read(file).expect("a readable file");
        for (name, forms) in canaries {
            assert!(forms.iter().all(|form| form.len() > 3), "{name} is too short to look for");
            if forms.iter().any(|form| holds(&content, form.as_bytes())) {
                found.push((file.clone(), name.clone()));
            }
        }
    }
    found
}

/// True if `needle` stands somewhere in it.
pub fn holds(content: &[u8], needle: &[u8]) -> bool {
    content.windows(needle.len()).any(|window| window == needle)
}

/// Every file below `folder`.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// All values that follow `before` up to the next quote or line end: tokens out of recorded bytes.
pub fn values(recorded: &[u8], before: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(recorded);
    let mut found: Vec<String> = text
        .split(before)
        .skip(1)
        .map(|rest| rest.split(['"', '\r', '\n']).next().unwrap_or_default().to_owned())
        .collect();
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planted_canary_is_seen_in_any_of_its_forms() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("in")).unwrap();
        fs::write(folder.path().join("in/log"), b"\0\xffx ABCD2345 y").unwrap();
        fs::write(folder.path().join("clean"), b"nothing").unwrap();
        let forms = vec!["ABCD-2345".to_owned(), "ABCD2345".to_owned()];
        let canaries = BTreeMap::from([("link code".to_owned(), forms)]);
        let found = sightings(&files(folder.path()), &canaries);
        assert_eq!(found, [(folder.path().join("in/log"), "link code".to_owned())]);
    }

    #[test]
    fn tokens_are_taken_out_of_recorded_bytes() {
        let bytes =
            b"POST / HTTP/1.1\r\nauthorization: Bearer aaaa\r\n\r\n{\"access_token\":\"bbbb\"}";
        assert_eq!(values(bytes, "Bearer "), ["aaaa"]);
        assert_eq!(values(bytes, "\"access_token\":\""), ["bbbb"]);
        assert!(values(bytes, "nothing").is_empty());
    }
}

//! Rust read as text: comments and the insides of literals blanked, test-only items left out, paths resolved through `use`.
//!
//! Not a parser. It knows as much of the language as the checks need, and a check that it would fool is written so that
//! it errs towards finding too much.

use crate::tree::Tree;
use std::collections::{BTreeMap, BTreeSet};

/// One file. Offsets count characters, and `code` has exactly as many as the text, so lines agree.
pub(crate) struct Source {
    /// The text with comments and the contents of literals as blanks.
    pub(crate) code: Vec<char>,
    /// String literals with the offset of their opening quote.
    pub(crate) strings: Vec<(usize, String)>,
    /// Offsets of line ends.
    line_ends: Vec<usize>,
    /// Modules declared as `#[cfg(test)] mod name;`, whose files are tests too.
    test_modules: Vec<String>,
}

impl Source {
    /// Everything, tests included.
    pub(crate) fn read(text: &str) -> Source {
        let (code, strings) = blank(&text.chars().collect::<Vec<_>>());
        let line_ends =
            code.iter().enumerate().filter(|(_, c)| **c == '\n').map(|(at, _)| at).collect();
        Source { code, strings, line_ends, test_modules: Vec::new() }
    }

    /// Only what is built into the product.
    pub(crate) fn read_product(text: &str) -> Source {
        let mut source = Source::read(text);
        let whole: String = source.code.iter().collect();
        let chars = |bytes: usize| whole[..bytes].chars().count();
        for marker in
            ["#[cfg(test)]", "#[cfg(all(test,", "#[cfg(any(test,", "#[test]", "#[tokio::test"]
        {
            for (at, _) in whole.match_indices(marker) {
                source.drop_item(chars(at));
            }
        }
        if whole.contains("#![cfg(test)]") {
            source.code.iter_mut().filter(|c| **c != '\n').for_each(|c| *c = ' ');
            source.strings.clear();
        }
        source
    }

    pub(crate) fn line(&self, offset: usize) -> usize {
        1 + self.line_ends.partition_point(|end| *end < offset)
    }

    /// Offsets at which `needle` stands in the code, not in the middle of a longer word.
    pub(crate) fn find(&self, needle: &str) -> Vec<usize> {
        let needle: Vec<char> = needle.chars().collect();
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let starts_word = needle.first().is_some_and(|c| word(*c));
        self.code
            .windows(needle.len())
            .enumerate()
            .filter(|(at, window)| {
                *window == needle && !(starts_word && *at > 0 && word(self.code[at - 1]))
            })
            .map(|(at, _)| at)
            .collect()
    }

    /// Blanks the attribute at `start`, further attributes, and the item that they belong to.
    fn drop_item(&mut self, start: usize) {
        let mut at = start;
        while self.next_is(at, '#') {
            at = self.skip_balanced(at, '[', ']');
        }
        let head = at;
        let mut depth = 0;
        let end = loop {
            match self.code.get(at) {
                None => break self.code.len(),
                Some('(' | '[') => depth += 1,
                Some(')' | ']') => depth -= 1,
                Some(';') if depth == 0 => {
                    let words: String = self.code[head..at].iter().collect();
                    if let Some((_, name)) = words.split_once("mod ") {
                        self.test_modules.push(name.trim().to_owned());
                    }
                    break at + 1;
                }
                Some('{') if depth == 0 => break self.skip_balanced(at, '{', '}'),
                Some(_) => {}
            }
            at += 1;
        };
        self.code[start..end].iter_mut().filter(|c| **c != '\n').for_each(|c| *c = ' ');
        self.strings.retain(|(offset, _)| !(start..end).contains(offset));
    }

    fn next_is(&self, at: usize, wanted: char) -> bool {
        self.code[at..].iter().find(|c| !c.is_whitespace()) == Some(&wanted)
    }

    /// The offset behind the bracket that closes the first `open` at or after `at`.
    fn skip_balanced(&self, mut at: usize, open: char, close: char) -> usize {
        let mut depth = 0;
        while let Some(c) = self.code.get(at) {
            at += 1;
            if *c == open {
                depth += 1;
            } else if *c == close {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
        }
        at
    }
}

/// The product's own files below `folder` (`core/src/`), test modules left out.
pub(crate) fn product<'t>(tree: &'t Tree, folder: &str) -> Vec<(&'t str, Source)> {
    let files: Vec<(&str, Source)> = tree
        .rust()
        .filter(|(path, _)| path.starts_with(folder))
        .map(|(path, text)| (path, Source::read_product(text)))
        .collect();
    let tests: BTreeSet<String> = files
        .iter()
        .flat_map(|(path, source)| {
            let inside = module_folder(path);
            source.test_modules.iter().map(move |name| format!("{inside}{name}"))
        })
        .collect();
    files
        .into_iter()
        .filter(|(path, _)| {
            !tests.iter().any(|module| {
                *path == format!("{module}.rs") || path.starts_with(&format!("{module}/"))
            })
        })
        .collect()
}

/// Where the files of a file's submodules stand, with a slash at the end.
fn module_folder(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name {
        "mod.rs" | "lib.rs" | "main.rs" => format!("{folder}/"),
        _ => format!("{}/", path.trim_end_matches(".rs")),
    }
}

/// The module that a file is, from the crate's root: `core/src/store/open.rs` is `[store, open]`.
pub(crate) fn module_of(path: &str) -> Vec<String> {
    let inside = path.split_once("src/").map_or(path, |(_, rest)| rest);
    let mut parts: Vec<String> =
        inside.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        parts.pop();
    }
    parts
}

/// A path as written in the code, with what `use` says its first word means.
pub(crate) struct Named {
    pub(crate) line: usize,
    /// From the crate's root (`crate`, then modules) or from another crate's name.
    pub(crate) parts: Vec<String>,
}

impl Named {
    pub(crate) fn ends_with(&self, tail: &[&str]) -> bool {
        self.parts.len() >= tail.len()
            && self.parts[self.parts.len() - tail.len()..].iter().zip(tail).all(|(a, b)| a == b)
    }

    pub(crate) fn starts_with(&self, head: &str) -> bool {
        self.parts.first().is_some_and(|first| first == head)
    }
}

/// Every path of a file: those in `use` (groups taken apart) and those in the code, `self` and `super` resolved.
pub(crate) fn names(path: &str, source: &Source) -> Vec<Named> {
    let tokens = tokens(source);
    let mut imports: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut raw = Vec::new();
    let mut module = module_of(path);
    let file_depth = module.len();
    let mut open: Vec<usize> = Vec::new();
    let mut depth = 0;
    let mut in_use = false;
    let mut at = 0;
    while at < tokens.len() {
        let (offset, word) = &tokens[at];
        match word.as_str() {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if open.last() == Some(&depth) {
                    open.pop();
                    module.pop();
                }
            }
            ";" => in_use = false,
            "use" => in_use = true,
            "mod" if tokens.get(at + 2).is_some_and(|(_, next)| next == "{") => {
                module.push(tokens[at + 1].1.clone());
                open.push(depth);
                at += 1;
            }
            _ if is_word(word) && (at == 0 || tokens[at - 1].1 != ".") => {
                let mut found = Vec::new();
                at = path_from(&tokens, at, &[], &mut found);
                for (parts, alias) in found {
                    let parts = from_root(parts, &module);
                    if in_use && let Some(last) = alias.or_else(|| parts.last().cloned()) {
                        imports.insert(last, parts.clone());
                    }
                    raw.push((source.line(*offset), parts, in_use));
                }
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    debug_assert!(module.len() >= file_depth);
    raw.into_iter()
        .map(|(line, parts, in_use)| {
            let meant = parts.first().filter(|_| !in_use).and_then(|first| imports.get(first));
            let parts = match meant {
                Some(full) => full.iter().chain(parts.iter().skip(1)).cloned().collect(),
                None => parts,
            };
            Named { line, parts }
        })
        .collect()
}

fn is_word(token: &str) -> bool {
    token.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_')
}

fn from_root(parts: Vec<String>, module: &[String]) -> Vec<String> {
    let mut here = module.to_vec();
    let mut rest = parts.as_slice();
    let relative =
        matches!(rest.first().map(String::as_str), Some("self" | "super")) && rest.len() > 1;
    if !relative {
        return parts;
    }
    while let Some(word) = rest.first() {
        match word.as_str() {
            "self" => {}
            "super" => {
                here.pop();
            }
            _ => break,
        }
        rest = &rest[1..];
    }
    std::iter::once("crate".to_owned()).chain(here).chain(rest.iter().cloned()).collect()
}

type Found = Vec<(Vec<String>, Option<String>)>;

/// Reads the path that begins at `at`; answers the index behind it. A group gives one path for each entry.
fn path_from(
    tokens: &[(usize, String)],
    mut at: usize,
    head: &[String],
    found: &mut Found,
) -> usize {
    let mut parts = head.to_vec();
    let word = |at: usize| tokens.get(at).map_or("", |(_, word)| word.as_str());
    loop {
        if word(at) == "{" {
            at += 1;
            while at < tokens.len() && word(at) != "}" {
                at = if word(at) == "," { at + 1 } else { path_from(tokens, at, &parts, found) };
            }
            return at + 1;
        }
        if word(at) != "self" || parts.is_empty() {
            parts.push(word(at).to_owned());
        }
        at += 1;
        if word(at) == "::" && (is_word(word(at + 1)) || ["{", "*"].contains(&word(at + 1))) {
            at += 1;
            continue;
        }
        let mut alias = None;
        if word(at) == "as" && is_word(word(at + 1)) {
            alias = Some(word(at + 1).to_owned());
            at += 2;
        }
        found.push((parts, alias));
        return at;
    }
}

fn tokens(source: &Source) -> Vec<(usize, String)> {
    let mut list: Vec<(usize, String)> = Vec::new();
    let code = &source.code;
    let mut at = 0;
    while let Some(c) = code.get(at) {
        let start = at;
        if c.is_alphanumeric() || *c == '_' {
            while code.get(at).is_some_and(|c| c.is_alphanumeric() || *c == '_') {
                at += 1;
            }
        } else if *c == ':' && code.get(at + 1) == Some(&':') {
            at += 2;
        } else {
            at += 1;
        }
        if !c.is_whitespace() {
            list.push((start, code[start..at].iter().collect()));
        }
    }
    list
}

/// Blanks comments and the insides of literals; collects the strings.
fn blank(text: &[char]) -> (Vec<char>, Vec<(usize, String)>) {
    let mut code = text.to_vec();
    let mut strings = Vec::new();
    let mut erase = |from: usize, to: usize| {
        code[from..to].iter_mut().filter(|c| **c != '\n').for_each(|c| *c = ' ');
    };
    let get = |at: usize| text.get(at).copied().unwrap_or('\0');
    let mut at = 0;
    while at < text.len() {
        let start = at;
        match (get(at), get(at + 1)) {
            ('/', '/') => {
                at += text[at..].iter().take_while(|c| **c != '\n').count();
                erase(start, at);
            }
            ('/', '*') => {
                at = comment_end(text, at);
                erase(start, at);
            }
            ('"', _) => {
                let hashes = raw_hashes(text, at);
                at = string_end(text, at, hashes);
                let close = at.saturating_sub(1 + hashes.unwrap_or(0)).max(start + 1);
                strings.push((start, text[start + 1..close].iter().collect()));
                erase(start + 1, close);
            }
            ('\'', '\\') => {
                at += 3;
                at += text[at.min(text.len())..].iter().take_while(|c| **c != '\'').count() + 1;
                at = at.min(text.len());
                erase(start, at);
            }
            ('\'', _) if get(at + 2) == '\'' => {
                at += 3;
                erase(start, at);
            }
            ('\'', _) => {
                // A lifetime: its name must not read as a word of a path.
                at += 1;
                at += text[at..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
                erase(start, at);
            }
            _ => at += 1,
        }
    }
    (code, strings)
}

fn comment_end(text: &[char], mut at: usize) -> usize {
    let mut depth = 0;
    while at < text.len() {
        match text.get(at..at + 2) {
            Some(['/', '*']) => {
                depth += 1;
                at += 2;
            }
            Some(['*', '/']) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

/// How many `#` stand between the `r` and the quote, if the string that opens at `quote` is a raw one.
fn raw_hashes(text: &[char], quote: usize) -> Option<usize> {
    let hashes = text[..quote].iter().rev().take_while(|c| **c == '#').count();
    let before = quote - hashes;
    let r = before > 0 && text[before - 1] == 'r';
    let word = text[..before.saturating_sub(1)]
        .iter()
        .rev()
        .take_while(|c| c.is_alphanumeric() || **c == '_')
        .collect::<String>();
    (r && ["", "b", "c"].contains(&word.as_str())).then_some(hashes)
}

fn string_end(text: &[char], open: usize, raw: Option<usize>) -> usize {
    let mut at = open + 1;
    while at < text.len() {
        match (text[at], raw) {
            ('\\', None) => at += 2,
            ('"', None) => return at + 1,
            ('"', Some(hashes)) => {
                let end = at + 1 + hashes;
                if end <= text.len() && text[at + 1..end].iter().all(|c| *c == '#') {
                    return end;
                }
                at += 1;
            }
            _ => at += 1,
        }
    }
    text.len()
}

#[test]
fn comments_and_literals_are_blank_and_lines_agree() {
    let text = "// a::b\nlet s = \"c::d \\\" e\"; /* f /* g */ h */ let c = '\"'; let r = r#\"i \" j\"#;\nk::l('\\'', &'m n)";
    let source = Source::read(text);
    let code: String = source.code.iter().collect();
    assert_eq!(code.chars().count(), text.chars().count());
    for gone in ["a::b", "c::d", "f", "h", "j", "'m"] {
        assert!(!code.contains(gone), "{gone} in {code}");
    }
    let strings: Vec<&str> = source.strings.iter().map(|(_, s)| s.as_str()).collect();
    assert_eq!(strings, ["c::d \\\" e", "i \" j"]);
    let names: Vec<String> =
        names("core/src/a.rs", &source).iter().map(|n| n.parts.join("::")).collect();
    assert_eq!(names.last().map(String::as_str), Some("n"));
    assert!(names.contains(&"k::l".to_owned()));
}

#[test]
fn test_items_and_test_files_are_left_out() {
    let tree = Tree::of(&[
        (
            "core/src/a/mod.rs",
            "fn kept() {}\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n fn gone() { \"}\"; }\n}\n#[cfg(test)]\nmod cases;\nfn also() {}",
        ),
        ("core/src/a/cases.rs", "fn gone() {}"),
        ("core/src/b.rs", "fn kept() {}"),
    ]);
    let files = product(&tree, "core/src/");
    let paths: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
    assert_eq!(paths, ["core/src/a/mod.rs", "core/src/b.rs"]);
    let code: String = files[0].1.code.iter().collect();
    assert!(code.contains("kept") && code.contains("also") && !code.contains("gone"), "{code}");
}

#[test]
fn paths_are_resolved_through_use_super_and_groups() {
    let text = "use crate::{model::{self, Window}, support::Clock as C};\nuse super::super::store;\n\
                fn f() { C::now(); Window::x(); super::y::z(); store::open(); }\nmod inner { use super::super::w; }";
    let found: Vec<String> = names("core/src/views/inbox.rs", &Source::read(text))
        .iter()
        .map(|n| format!("{}:{}", n.line, n.parts.join("::")))
        .collect();
    for wanted in [
        "1:crate::model",
        "1:crate::model::Window",
        "1:crate::support::Clock",
        "2:crate::store",
        "3:crate::support::Clock::now",
        "3:crate::model::Window::x",
        "3:crate::views::y::z",
        "3:crate::store::open",
        "4:crate::views::w",
    ] {
        assert!(found.contains(&wanted.to_owned()), "{wanted} not in {found:#?}");
    }
}

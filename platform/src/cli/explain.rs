//! `explain`: what raw webhook bodies would do. No settings, no store.

use std::io::{Read as _, Write};
use std::{fs, io};

use serde::Serialize;

use super::Failure;
use crate::meta::explain::{Explained, explain, not_read};

/// The name that stands for standard input.
const STDIN: &str = "-";

/// A thing of a file, as one line.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    index: usize,
    #[serde(flatten)]
    thing: &'a Explained,
}

/// Prints a line for each thing in the files. A file that cannot be opened is a line too; the
/// others are explained all the same, and the command fails at its end.
pub(super) fn run(json: bool, files: &[String]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let mut opened = true;
    for file in files {
        let things = if let Ok(bytes) = read(file) {
            explain(&bytes)
        } else {
            opened = false;
            vec![not_read("file_cannot_be_read")]
        };
        for (index, thing) in things.iter().enumerate() {
            let line = Line { file, index, thing };
            let text = if json { as_json(&line) } else { in_words(&line) };
            // Nobody reads on: not our failure.
            if writeln!(out, "{text}").is_err() {
                return Ok(());
            }
        }
    }
    if opened { Ok(()) } else { Err(Failure::File) }
}

fn read(file: &str) -> io::Result<Vec<u8>> {
    if file != STDIN {
        return fs::read(file);
    }
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn as_json(line: &Line<'_>) -> String {
    serde_json::to_string(line).unwrap_or_default()
}

fn in_words(line: &Line<'_>) -> String {
    let thing = line.thing;
    let mut text = format!("{}#{} {}", line.file, line.index, thing.effect.word());
    let body = thing.body.as_ref().map(ToString::to_string);
    let at = thing.sent_at.map(|at| at.to_string());
    for (name, said) in [
        ("field", Some(thing.field.as_str()).filter(|field| !field.is_empty())),
        ("kind", Some(thing.kind.as_str()).filter(|kind| !kind.is_empty())),
        ("by", thing.author),
        ("with", thing.conversation.as_deref()),
        ("wamid", thing.wamid.as_deref()),
        ("at", at.as_deref()),
        ("step", thing.ladder),
        ("reason", thing.reason),
        ("why", thing.why),
        ("body", body.as_deref()),
    ] {
        if let Some(said) = said {
            text.extend([" ", name, "=", said]);
        }
    }
    text
}

//! `docs/errors.md`: every code that travels.

use std::fmt::Write as _;

use schemars::JsonSchema;
use schemars::SchemaGenerator;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::advice::{self, Advice};
use crate::agents::error::ErrorCode;
use crate::agents::outcome::{LaterCode, RefusedCode};
use crate::feed::close::CloseCode;
use crate::feed::cursor::ResetCause;
use crate::wire::errors::{self, Shape};
use crate::wire::words::{variants, words};

const HEAD: &str = "# Errors

Every code that travels, what it means, who acts, and whether sending the same again helps. Generated from the platform's enums
(CONTRIBUTING.md, \"Add an error\", says how); `docs/openapi.json` has the shape of the details, `docs/wire.md` an example.

A code is stable: apps decide by it and never by a sentence. An unknown code counts as its status: 4xx is final, 5xx is tried
again. A reason (`R7`) is what people are shown; a code without one is told in the app's own words.
";

/// One line of a table.
struct Row {
    code: String,
    meaning: String,
    /// Columns between the code and its meaning.
    more: Vec<String>,
    advice: Advice,
}

/// The whole page.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    section(
        &mut page,
        "Answers of a request",
        "`{\"error\": {\"code\", \"reason\"?, \"details\"?}}` under this HTTP status.",
        &["HTTP", "Details"],
        &rows(|code: &ErrorCode| {
            let more = vec![code.status().as_u16().to_string(), fields(errors::of_error(*code))];
            (more, advice::of_error(*code))
        }),
    );
    section(
        &mut page,
        "Refused commands",
        "`{\"id\", \"outcome\": \"refused\", \"code\", \"reason\"?, \"details\"?}` under HTTP 200. A refusal is for good: the same id is told \
         the same for ever, and what the person does next is a new command.",
        &["Reason", "Details"],
        &rows(|code: &RefusedCode| {
            let reason = code.reason().map(|reason| reason.as_str().to_owned());
            let more = vec![reason.unwrap_or_default(), fields(errors::of_refusal(*code))];
            (more, advice::of_refusal(*code))
        }),
    );
    section(
        &mut page,
        "Commands that wait",
        "`{\"id\", \"outcome\": \"later\", \"code\", \"retry_after_ms\"?}` under HTTP 200: sent again with the same id.",
        &[],
        &rows(|code: &LaterCode| (Vec::new(), advice::of_later(*code))),
    );
    section(
        &mut page,
        "Causes of a reset",
        "The `cause` of HTTP 410 `reset` and of the frame `reset`.",
        &[],
        &rows(|cause: &ResetCause| (Vec::new(), advice::of_reset(*cause))),
    );
    section(
        &mut page,
        "Ends of a socket",
        "Close codes of `GET /v1/live`.",
        &["Number"],
        &rows(|code: &CloseCode| (vec![code.number().to_string()], advice::of_close(*code))),
    );
    page
}

/// A row for every variant, whose meaning is its documentation.
fn rows<T: JsonSchema + DeserializeOwned>(row: impl Fn(&T) -> (Vec<String>, Advice)) -> Vec<Row> {
    words::<T>()
        .into_iter()
        .zip(variants::<T>())
        .map(|(word, code)| {
            let (more, advice) = row(&code);
            Row { code: word.word, meaning: word.meaning, more, advice }
        })
        .collect()
}

fn section(page: &mut String, title: &str, about: &str, columns: &[&str], rows: &[Row]) {
    let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let mut head = vec!["Code"];
    head.extend(columns);
    head.extend(["What it means", "Who acts", "Does a retry help"]);
    let rule = "|---".repeat(head.len());
    // Writing to a string cannot fail.
    let _ = write!(page, "\n## {title}\n\n{about}\n\n{}{rule}|\n", line(head));
    for row in rows {
        let (acts, how, retry) = row.advice;
        let code = format!("`{}`", row.code);
        let act = format!("{}: {how}", acts.as_str());
        let mut cells = vec![code.as_str()];
        cells.extend(row.more.iter().map(String::as_str));
        cells.extend([row.meaning.as_str(), act.as_str(), retry.as_str()]);
        page.push_str(&line(cells));
    }
}

/// `{field?, limit?}` of a shape.
fn fields(shape: Option<Shape>) -> String {
    let Some(shape) = shape else { return String::new() };
    let mut schemas = SchemaGenerator::default();
    let list = |schema: &Value, name: &str| schema.get(name).cloned().unwrap_or_default();
    let mut names = Vec::new();
    // The shape itself is the one whose fields are named; others are what its fields hold.
    let own = shape(&mut schemas).get("$ref").and_then(Value::as_str).map(str::to_owned);
    let own = own.and_then(|path| path.rsplit('/').next().map(str::to_owned)).unwrap_or_default();
    if let Some(schema) = schemas.definitions().get(&own) {
        let required = list(schema, "required");
        let properties = list(schema, "properties");
        for name in properties.as_object().into_iter().flat_map(|map| map.keys()) {
            let must = required.as_array().is_some_and(|list| list.iter().any(|n| n == name));
            names.push(if must { name.clone() } else { format!("{name}?") });
        }
    }
    format!("`{{{}}}`", names.join(", "))
}

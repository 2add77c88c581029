//! The words of an enum, from its own schema: none can be forgotten.

use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A word and what its documentation says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// As it travels.
    pub word: String,
    /// The documentation of the variant, in one line.
    pub meaning: String,
}

/// Every word of an enum without data, in the order of the code.
pub fn words<T: JsonSchema>() -> Vec<Word> {
    let schema = T::json_schema(&mut SchemaGenerator::default());
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let list = |name: &str| schema.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let documented = list("oneOf").into_iter().filter_map(|form| {
        let meaning = text(form.get("description")).unwrap_or_default().replace('\n', " ");
        text(form.get("const")).map(|word| Word { word, meaning })
    });
    let plain = list("enum")
        .into_iter()
        .filter_map(|word| text(Some(&word)).map(|word| Word { word, meaning: String::new() }));
    documented.chain(plain).collect()
}

/// Every variant of an enum without data, in the order of the code.
pub fn variants<T: JsonSchema + DeserializeOwned>() -> Vec<T> {
    let read = |word: Word| serde_json::from_value(Value::String(word.word)).ok();
    words::<T>().into_iter().filter_map(read).collect()
}

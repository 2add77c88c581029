//! A scenario as it stands in its file. Unknown fields are refused: a misspelt `expect` would prove nothing.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::Trouble;

/// One file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    pub(super) name: String,
    pub(super) steps: Vec<Step>,
}

/// One line of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    #[serde(rename = "as")]
    pub(super) who: String,
    #[serde(rename = "do")]
    pub(super) verb: String,
    #[serde(default)]
    pub(super) with: Value,
    /// Absent: it must only not fail. `null` in the file: the answer must be null.
    #[serde(default, deserialize_with = "present")]
    pub(super) expect: Option<Value>,
    #[serde(default)]
    pub(super) save: BTreeMap<String, String>,
    pub(super) hold: Option<String>,
}

fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// All scenarios of a folder, by name.
pub(super) fn all(folder: &Path) -> Result<Vec<Scenario>, Trouble> {
    let doing = format!("reading {}", folder.display());
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(Trouble::of(&doing))? {
        let path = entry.map_err(Trouble::of(&doing))?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let doing = format!("reading {}", path.display());
        let text = std::fs::read_to_string(&path).map_err(Trouble::of(&doing))?;
        let scenario: Scenario = serde_json::from_str(&text).map_err(Trouble::of(&doing))?;
        if path.file_stem().is_none_or(|stem| stem != scenario.name.as_str()) {
            return Err(Trouble::new(doing, format!("it names itself {}", scenario.name)));
        }
        found.insert(scenario.name.clone(), scenario);
    }
    Ok(found.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_field_is_refused() {
        let step = r#"{"as": "ana", "do": "inbox", "expct": 1}"#;
        assert!(serde_json::from_str::<Step>(step).is_err());
    }

    #[test]
    fn an_expected_null_is_not_an_absent_expectation() {
        let of = |text: &str| serde_json::from_str::<Step>(text).unwrap().expect;
        assert_eq!(of(r#"{"as": "ana", "do": "next", "expect": null}"#), Some(Value::Null));
        assert_eq!(of(r#"{"as": "ana", "do": "next"}"#), None);
    }

    #[test]
    fn the_scenarios_of_this_tree_can_be_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
        let names: Vec<String> = all(&folder).unwrap().into_iter().map(|it| it.name).collect();
        assert!(names.len() >= 10, "{names:?}");
    }
}

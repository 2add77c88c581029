//! `--config FILE`: one TOML file with the names of the variables, without `FIELDLINE_` and in
//! small letters. What the environment says goes before it.

use std::collections::BTreeMap;
use std::path::Path;

use super::SettingsError;

/// Every variable that this program reads.
pub const VARIABLES: [&str; 13] = [
    "FIELDLINE_LISTEN",
    "FIELDLINE_DATA",
    "FIELDLINE_PUBLIC_URL",
    "FIELDLINE_GRAPH_URL",
    "FIELDLINE_APP_SECRET",
    "FIELDLINE_VERIFY_TOKEN",
    "FIELDLINE_APP_ID",
    "FIELDLINE_CONFIG_ID",
    "FIELDLINE_KEY",
    "FIELDLINE_LOG",
    "FIELDLINE_METRICS_LISTEN",
    "FIELDLINE_METRICS_PUBLIC",
    "FIELDLINE_DISK_FLOOR_MB",
];

/// Those whose values nobody else may read.
const SECRETS: [&str; 3] = ["FIELDLINE_APP_SECRET", "FIELDLINE_VERIFY_TOKEN", "FIELDLINE_KEY"];

/// The most that is read of a file, in bytes.
const MAX_FILE: u64 = 256 * 1024;

/// What the file says, by the names of the variables. `Debug` is left out: it holds secrets.
#[derive(Clone, Default)]
pub struct SettingsFile {
    values: BTreeMap<&'static str, String>,
    /// It holds secrets and others than its owner may read it.
    pub exposed: bool,
}

impl SettingsFile {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, is no TOML, or has a key that is no setting, which is named.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        let refused = |error: std::io::Error| {
            SettingsError::new(
                "--config",
                format!("names a file that cannot be read: {}", error.kind()),
            )
        };
        let metadata = std::fs::metadata(path).map_err(refused)?;
        if metadata.len() > MAX_FILE {
            return Err(SettingsError::new("--config", "names a file that is too large"));
        }
        let mut file = Self::parse(&std::fs::read_to_string(path).map_err(refused)?)?;
        file.exposed = is_open(&metadata) && SECRETS.iter().any(|name| file.get(name).is_some());
        Ok(file)
    }

    fn parse(text: &str) -> Result<Self, SettingsError> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            // Its own sentence quotes the line, which may hold a secret.
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            SettingsError::new("--config", format!("names a file that is no TOML in line {line}"))
        })?;
        let mut file = Self::default();
        for (key, value) in table {
            let name = VARIABLES.into_iter().find(|name| key_of(name) == key).ok_or_else(|| {
                SettingsError::new("--config", format!("names a file with an unknown key: {key}"))
            })?;
            let value = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Boolean(truth) => truth.to_string(),
                _ => {
                    return Err(SettingsError::new(
                        name,
                        "is neither text, number nor true or false",
                    ));
                }
            };
            file.values.insert(name, value);
        }
        Ok(file)
    }

    /// What the file says of a variable.
    pub fn get(&self, name: &str) -> Option<String> {
        self.values.get(name).cloned()
    }
}

fn key_of(name: &str) -> String {
    name.trim_start_matches("FIELDLINE_").to_ascii_lowercase()
}

#[cfg(unix)]
fn is_open(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open(_: &std::fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_variables_in_small_letters() {
        let file = SettingsFile::parse(
            "listen = \"127.0.0.1:1\"\ndisk_floor_mb = 50\nmetrics_public = true\n",
        )
        .ok()
        .unwrap();
        assert_eq!(file.get("FIELDLINE_LISTEN").as_deref(), Some("127.0.0.1:1"));
        assert_eq!(file.get("FIELDLINE_DISK_FLOOR_MB").as_deref(), Some("50"));
        assert_eq!(file.get("FIELDLINE_METRICS_PUBLIC").as_deref(), Some("true"));
        assert_eq!(file.get("FIELDLINE_KEY"), None);
    }

    #[test]
    fn what_is_wrong_is_named_without_its_value() {
        for (text, wanted) in [
            ("listne = \"canary\"", "--config names a file with an unknown key: listne"),
            ("listen = \"a\"\nkey = canary", "--config names a file that is no TOML in line 2"),
            (
                "[log]\nlevel = \"canary\"",
                "FIELDLINE_LOG is neither text, number nor true or false",
            ),
        ] {
            let error = SettingsFile::parse(text).err().unwrap().to_string();
            assert_eq!(error, wanted);
        }
    }

    #[test]
    fn every_variable_that_is_read_can_stand_in_the_file() {
        for source in [include_str!("mod.rs"), include_str!("folder.rs")] {
            // However it is read: whoever names a variable outside the tests means to read it.
            let code = source.split("#[cfg(test)]").next().unwrap();
            for part in code.split("\"FIELDLINE_").skip(1) {
                let name = format!("FIELDLINE_{}", part.split('"').next().unwrap());
                assert!(VARIABLES.contains(&name.as_str()), "{name}");
            }
        }
    }
}

//! What an operator sets, read from the environment with errors that name the variable.

mod file;
mod folder;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use log::LevelFilter;

use crate::store::DATABASE;
use crate::support::{Key, Rng, Secret};

pub use file::{SettingsFile, VARIABLES};

/// Meta's Graph API in the version this platform is written for.
pub const DEFAULT_GRAPH_URL: &str = "https://graph.facebook.com/v25.0";

/// Where `serve` listens unless told otherwise: this port of 127.0.0.1.
const DEFAULT_PORT: u16 = 8480;

/// Where the data lies unless told otherwise.
const DEFAULT_DATA: &str = "./fieldline-data";

/// Free disk below which nothing new is taken in, unless told otherwise, in bytes.
const DEFAULT_DISK_FLOOR: u64 = 200 * MEBIBYTE;

const MEBIBYTE: u64 = 1024 * 1024;

/// What argon2id may cost. Stored with each hash, so it can change at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory in KiB, at least 8.
    pub memory_kib: u32,
    /// Passes over the memory, at least 1.
    pub passes: u32,
}

impl PasswordCost {
    /// OWASP's first recommendation for argon2id: 19 MiB, 2 passes.
    pub const STANDARD: Self = Self { memory_kib: 19 * 1024, passes: 2 };
    /// The least that argon2 allows: for tests only.
    pub const SMALLEST: Self = Self { memory_kib: 8, passes: 1 };
}

/// A version of an app, compared number by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AppVersion(pub u32, pub u32, pub u32);

impl AppVersion {
    /// Reads `1`, `1.2` or `1.2.3`, with anything after `-` or `+` ignored.
    pub fn parse(text: &str) -> Option<Self> {
        let core = text.split(['-', '+']).next()?;
        let mut parts = core.split('.').map(|part| {
            if part.is_empty() || part.len() > 9 || !part.bytes().all(|b| b.is_ascii_digit()) {
                None
            } else {
                part.parse::<u32>().ok()
            }
        });
        let version = Self(
            parts.next()??,
            parts.next().unwrap_or(Some(0))?,
            parts.next().unwrap_or(Some(0))?,
        );
        parts.next().is_none().then_some(version)
    }
}

impl std::fmt::Display for AppVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// The oldest version of each app that may still talk to this platform; an app that is not named
/// may always. None has been left behind yet.
pub fn minimum_versions() -> BTreeMap<String, AppVersion> {
    BTreeMap::new()
}

/// Everything that `serve` needs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `FIELDLINE_LISTEN`; port 0 means any free one.
    pub listen: SocketAddr,
    /// `FIELDLINE_DATA`: the folder of the database, the key file and the lock.
    pub data: PathBuf,
    /// `FIELDLINE_PUBLIC_URL` without a slash at its end; absent means the listen address.
    pub public_url: Option<String>,
    /// `FIELDLINE_GRAPH_URL` with its version and without a slash at its end.
    pub graph_url: String,
    /// `FIELDLINE_APP_SECRET`: signs Meta's webhooks.
    pub app_secret: Secret,
    /// `FIELDLINE_VERIFY_TOKEN`: proves the webhook's subscription.
    pub verify_token: Secret,
    /// `FIELDLINE_APP_ID`: our app at Meta; without it numbers are connected by `channel add` alone.
    pub app_id: Option<String>,
    /// `FIELDLINE_CONFIG_ID`: the configuration of Meta's Embedded Signup.
    pub config_id: Option<String>,
    /// `FIELDLINE_KEY`, or the data folder's key file.
    pub key: Key,
    /// What a new password hash costs.
    pub password_cost: PasswordCost,
    /// `FIELDLINE_LOG`.
    pub log: LevelFilter,
    /// `FIELDLINE_METRICS_LISTEN`: where `/metrics` is served by itself; absent means nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// `FIELDLINE_METRICS_PUBLIC`: `/metrics` also stands beside everything else.
    pub metrics_public: bool,
    /// `FIELDLINE_DISK_FLOOR_MB`, in bytes: with less free disk nothing new is taken in.
    pub disk_floor: u64,
    /// The oldest version of each app that is still let in.
    pub minimum_versions: BTreeMap<String, AppVersion>,
}

impl Settings {
    /// Settings with every default, for a caller in the same process.
    pub fn new(data: PathBuf, app_secret: Secret, verify_token: Secret, key: Key) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], DEFAULT_PORT)),
            data,
            public_url: None,
            graph_url: DEFAULT_GRAPH_URL.to_owned(),
            app_secret,
            verify_token,
            app_id: None,
            config_id: None,
            key,
            password_cost: PasswordCost::STANDARD,
            log: LevelFilter::Info,
            metrics_listen: None,
            metrics_public: false,
            disk_floor: DEFAULT_DISK_FLOOR,
            minimum_versions: minimum_versions(),
        }
    }

    /// Reads what `serve` needs and prepares the data folder.
    pub fn from_env(env: &Env<'_>, rng: &dyn Rng) -> Result<Self, SettingsError> {
        let (app_secret, verify_token) =
            (needed(env, "FIELDLINE_APP_SECRET")?, needed(env, "FIELDLINE_VERIFY_TOKEN")?);
        let graph_url = match env("FIELDLINE_GRAPH_URL") {
            None => DEFAULT_GRAPH_URL.to_owned(),
            Some(text) => web_address("FIELDLINE_GRAPH_URL", &text, Plain::Loopback)?,
        };
        let metrics_listen =
            env("FIELDLINE_METRICS_LISTEN").map(|text| address("FIELDLINE_METRICS_LISTEN", &text));
        let metrics_public = match env("FIELDLINE_METRICS_PUBLIC").as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                let problem = "is neither true nor false";
                return Err(SettingsError::new("FIELDLINE_METRICS_PUBLIC", problem));
            }
        };
        let disk_floor = match env("FIELDLINE_DISK_FLOOR_MB") {
            None => DEFAULT_DISK_FLOOR,
            Some(text) => text
                .parse::<u64>()
                .ok()
                .and_then(|mebibytes| mebibytes.checked_mul(MEBIBYTE))
                .ok_or_else(|| {
                    SettingsError::new("FIELDLINE_DISK_FLOOR_MB", "is no number of mebibytes")
                })?,
        };
        let metrics_listen = metrics_listen.transpose()?;
        let folder = FolderSettings::from_env(env, rng)?;
        Ok(Self {
            metrics_listen,
            metrics_public,
            disk_floor,
            listen: folder.listen,
            public_url: folder.public_url,
            graph_url,
            app_id: meta_id(env, "FIELDLINE_APP_ID")?,
            config_id: meta_id(env, "FIELDLINE_CONFIG_ID")?,
            log: folder.log,
            ..Self::new(folder.data, app_secret, verify_token, folder.key)
        })
    }

    /// Where phones reach this platform.
    pub fn base_url(&self) -> String {
        base_url(self.public_url.as_deref(), self.listen)
    }
}

/// What every command of the operator's needs: the folder, its key, and where phones go.
#[derive(Debug, Clone)]
pub struct FolderSettings {
    /// `FIELDLINE_LISTEN`.
    pub listen: SocketAddr,
    /// `FIELDLINE_DATA`.
    pub data: PathBuf,
    /// `FIELDLINE_PUBLIC_URL`.
    pub public_url: Option<String>,
    /// `FIELDLINE_KEY`, or the data folder's key file.
    pub key: Key,
    /// `FIELDLINE_LOG`.
    pub log: LevelFilter,
}

impl FolderSettings {
    /// Reads them and prepares the data folder; makes a key where there is none.
    pub fn from_env(env: &Env<'_>, rng: &dyn Rng) -> Result<Self, SettingsError> {
        Self::read(env, |data| folder::key(data, rng))
    }

    /// As [`FolderSettings::from_env`], but the key must be there: one that was made now could
    /// open nothing of what is to be brought in.
    pub fn with_a_key(env: &Env<'_>) -> Result<Self, SettingsError> {
        Self::read(env, |data| {
            folder::kept_key(data)?.ok_or_else(|| {
                let problem = "is missing, and no key file is in the data folder: it takes the key of the backup";
                SettingsError::new("FIELDLINE_KEY", problem)
            })
        })
    }

    /// As [`FolderSettings::from_env`], but the folder must hold a store: who only looks at one, or
    /// copies it, and names another folder by mistake must not be told of an empty one made now.
    pub fn of_a_store(env: &Env<'_>, rng: &dyn Rng) -> Result<Self, SettingsError> {
        if !data_folder(env).join(DATABASE).exists() {
            let problem = "names a folder without a store: `workspace create` makes one";
            return Err(SettingsError::new("FIELDLINE_DATA", problem));
        }
        Self::from_env(env, rng)
    }

    fn read(
        env: &Env<'_>,
        key: impl FnOnce(&Path) -> Result<Key, SettingsError>,
    ) -> Result<Self, SettingsError> {
        let listen = match env("FIELDLINE_LISTEN") {
            None => SocketAddr::from(([127, 0, 0, 1], DEFAULT_PORT)),
            Some(text) => address("FIELDLINE_LISTEN", &text)?,
        };
        let public_url = env("FIELDLINE_PUBLIC_URL")
            .map(|text| web_address("FIELDLINE_PUBLIC_URL", &text, Plain::Anywhere))
            .transpose()?;
        let log = match env("FIELDLINE_LOG").as_deref() {
            None | Some("info") => LevelFilter::Info,
            Some("error") => LevelFilter::Error,
            Some("warn") => LevelFilter::Warn,
            Some("debug") => LevelFilter::Debug,
            Some(_) => {
                let problem = "is none of error, warn, info, debug";
                return Err(SettingsError::new("FIELDLINE_LOG", problem));
            }
        };
        let given = env("FIELDLINE_KEY")
            .map(|text| {
                Key::from_base64(&text)
                    .ok_or_else(|| SettingsError::new("FIELDLINE_KEY", "is not base64 of 32 bytes"))
            })
            .transpose()?;
        let data = data_folder(env);
        folder::prepare(&data)?;
        let key = match given {
            Some(key) => key,
            None => key(&data)?,
        };
        Ok(Self { listen, data, public_url, key, log })
    }

    /// Where phones reach the platform.
    pub fn base_url(&self) -> String {
        base_url(self.public_url.as_deref(), self.listen)
    }
}

fn data_folder(env: &Env<'_>) -> PathBuf {
    PathBuf::from(env("FIELDLINE_DATA").unwrap_or_else(|| DEFAULT_DATA.to_owned()))
}

fn base_url(public: Option<&str>, listen: SocketAddr) -> String {
    public.map_or_else(|| format!("http://{listen}"), str::to_owned)
}

/// Looks up a variable of the environment.
pub type Env<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// A setting is missing or wrong. Never holds its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} {problem}")]
pub struct SettingsError {
    /// The variable.
    pub name: &'static str,
    /// What is wrong with it, as the rest of a sentence.
    pub problem: String,
}

impl SettingsError {
    pub(crate) fn new(name: &'static str, problem: impl Into<String>) -> Self {
        Self { name, problem: problem.into() }
    }
}

fn address(name: &'static str, text: &str) -> Result<SocketAddr, SettingsError> {
    text.parse().map_err(|_| SettingsError::new(name, "is no ADDRESS:PORT"))
}

fn needed(env: &Env<'_>, name: &'static str) -> Result<Secret, SettingsError> {
    match env(name) {
        Some(text) if !text.trim().is_empty() => Ok(Secret::new(text)),
        Some(_) => Err(SettingsError::new(name, "is empty")),
        None => Err(SettingsError::new(name, "is missing")),
    }
}

/// An id of Meta's, which is digits; absent if it is not set.
fn meta_id(env: &Env<'_>, name: &'static str) -> Result<Option<String>, SettingsError> {
    match env(name) {
        None => Ok(None),
        Some(id) if !id.is_empty() && id.len() <= 32 && id.bytes().all(|b| b.is_ascii_digit()) => {
            Ok(Some(id))
        }
        Some(_) => Err(SettingsError::new(name, "is not digits alone")),
    }
}

/// Where plain HTTP may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plain {
    /// To this machine alone.
    Loopback,
    /// Anywhere: it is an address that we print, not one that we send secrets to.
    Anywhere,
}

fn web_address(name: &'static str, text: &str, plain: Plain) -> Result<String, SettingsError> {
    let url = reqwest::Url::parse(text).map_err(|_| SettingsError::new(name, "is no URL"))?;
    let host = url.host_str().ok_or_else(|| SettingsError::new(name, "names no host"))?;
    let loopback = host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if loopback || plain == Plain::Anywhere => {}
        "http" => return Err(SettingsError::new(name, "may be plain http to loopback only")),
        _ => return Err(SettingsError::new(name, "is neither http nor https")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(SettingsError::new(name, "must not hold a password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(SettingsError::new(name, "must end with its path"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::SystemRng;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data").to_str().unwrap().to_owned();
        let env = |name: &str| {
            pairs
                .iter()
                .chain(&[("FIELDLINE_APP_SECRET", "a"), ("FIELDLINE_VERIFY_TOKEN", "v")])
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
                .or_else(|| (name == "FIELDLINE_DATA").then(|| data.clone()))
        };
        Settings::from_env(&env, &SystemRng::new())
    }

    #[test]
    fn defaults_are_those_of_the_contract() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8480");
        assert_eq!(settings.graph_url, "https://graph.facebook.com/v25.0");
        assert_eq!(settings.base_url(), "http://127.0.0.1:8480");
        assert_eq!(settings.password_cost, PasswordCost::STANDARD);
        assert_eq!(settings.disk_floor, 200 * 1024 * 1024);
        assert_eq!((settings.metrics_listen, settings.metrics_public), (None, false));
    }

    #[test]
    fn each_wrong_setting_is_named() {
        for (name, value) in [
            ("FIELDLINE_LISTEN", "here"),
            ("FIELDLINE_PUBLIC_URL", "ftp://x"),
            ("FIELDLINE_GRAPH_URL", "http://graph.example/v25.0"),
            ("FIELDLINE_GRAPH_URL", "graph"),
            ("FIELDLINE_GRAPH_URL", "https://u:p@graph.example"),
            ("FIELDLINE_APP_SECRET", " "),
            ("FIELDLINE_VERIFY_TOKEN", ""),
            ("FIELDLINE_APP_ID", "app"),
            ("FIELDLINE_CONFIG_ID", "12 3"),
            ("FIELDLINE_KEY", "c2hvcnQ="),
            ("FIELDLINE_LOG", "loud"),
            ("FIELDLINE_METRICS_LISTEN", "there"),
            ("FIELDLINE_METRICS_PUBLIC", "perhaps"),
            ("FIELDLINE_DISK_FLOOR_MB", "much"),
            ("FIELDLINE_DISK_FLOOR_MB", "99999999999999999"),
            ("FIELDLINE_DATA", "/dev/null/x"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert_eq!(error.name, name);
            assert!(value.len() < 3 || !error.to_string().contains(value), "{error}");
        }
        let none = Settings::from_env(&|_| None, &SystemRng::new()).unwrap_err();
        assert_eq!(none.to_string(), "FIELDLINE_APP_SECRET is missing");
    }

    #[test]
    fn plain_http_goes_to_loopback_only() {
        for good in
            ["http://127.0.0.1:9/v1", "http://localhost:9/", "http://[::1]:9", "https://g.x"]
        {
            let settings = read(&[("FIELDLINE_GRAPH_URL", good)]).unwrap();
            assert!(!settings.graph_url.ends_with('/'));
        }
    }

    #[test]
    fn versions_are_compared_number_by_number() {
        let read = |text| AppVersion::parse(text);
        assert!(read("1.10") > read("1.9.9"));
        assert_eq!(read("2"), read("2.0.0-beta+5"));
        for bad in ["", "a", "1.", "1.2.3.4", "1.-2", "99999999999"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}

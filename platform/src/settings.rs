//! What an operator sets, read from the environment with errors that name the variable.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use log::LevelFilter;

use crate::support::{Key, Secret};

/// Meta's Graph API in the version this platform is written for.
pub const DEFAULT_GRAPH_URL: &str = "https://graph.facebook.com/v25.0";

/// Where `serve` listens unless told otherwise.
const DEFAULT_LISTEN: &str = "127.0.0.1:8480";

/// Where the data lies unless told otherwise.
const DEFAULT_DATA: &str = "./fieldline-data";

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
    /// `FIELDLINE_KEY`, or the data folder's key file.
    pub key: Key,
    /// What a new password hash costs.
    pub password_cost: PasswordCost,
    /// `FIELDLINE_LOG`.
    pub log: LevelFilter,
    /// The oldest version of each app that is still let in.
    pub minimum_versions: BTreeMap<String, AppVersion>,
}

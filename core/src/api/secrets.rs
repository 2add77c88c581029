//! The port to the phone's own secret store (Keystore, Keychain, a file with mode 0600).

use thiserror::Error;

/// A secret could not be read or written. Holds no secret and no foreign text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SecretError {
    /// Not readable now (before the first unlock after a reboot).
    #[error("the secret store is locked")]
    Locked,
    /// The store answered with a failure.
    #[error("the secret store failed")]
    Failed,
}

/// Keeps small secrets by name. Called from the core's own threads; must not call back into the core.
pub trait SecretStore: Send + Sync + 'static {
    /// The secret kept under `name`.
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, SecretError>;
    /// Keeps `secret` under `name`, durably, in place of what was there.
    fn set(&self, name: &str, secret: &[u8]) -> Result<(), SecretError>;
    /// Forgets `name`; no error if there is nothing.
    fn remove(&self, name: &str) -> Result<(), SecretError>;
}

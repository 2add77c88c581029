//! The one thing that a shell implements: its key store. Sync, and every answer a `Result`, because a foreign exception without
//! one is a panic in our task.

use std::path::PathBuf;
use std::sync::Arc;

use fieldline_core::api;
use fieldline_core::support::FileSecrets;

/// A secret could not be read or written. Holds no secret and no foreign text.
// Not a mirror of the core's: a conversion from UniFFI's error to another crate's type may not be written here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum SecretError {
    /// Not readable now (before the first unlock after a reboot).
    #[error("the secret store is locked")]
    Locked,
    /// The store answered with a failure.
    #[error("the secret store failed")]
    Failed,
}

/// An exception that the trait does not name. Its text may be a stack trace with content, so nothing of it is kept.
impl From<uniffi::UnexpectedUniFFICallbackError> for SecretError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed
    }
}

impl From<SecretError> for api::SecretError {
    fn from(error: SecretError) -> Self {
        match error {
            SecretError::Locked => Self::Locked,
            SecretError::Failed => Self::Failed,
        }
    }
}

impl From<api::SecretError> for SecretError {
    fn from(error: api::SecretError) -> Self {
        match error {
            api::SecretError::Locked => Self::Locked,
            api::SecretError::Failed => Self::Failed,
        }
    }
}

/// Keeps small secrets by name. Called from the core's own threads; must not call back into the core.
#[uniffi::export(rust, foreign)]
pub trait SecretStore: Send + Sync + 'static {
    /// The secret kept under `name`.
    fn get(&self, name: String) -> Result<Option<Vec<u8>>, SecretError>;
    /// Keeps `secret` under `name`, durably, in place of what was there.
    fn set(&self, name: String, secret: Vec<u8>) -> Result<(), SecretError>;
    /// Forgets `name`; no error if there is nothing.
    fn remove(&self, name: String) -> Result<(), SecretError>;
}

/// The core's port over a shell's key store.
pub(crate) struct Port(pub(crate) Arc<dyn SecretStore>);

impl api::SecretStore for Port {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, api::SecretError> {
        Ok(self.0.get(name.to_owned())?)
    }

    fn set(&self, name: &str, secret: &[u8]) -> Result<(), api::SecretError> {
        Ok(self.0.set(name.to_owned(), secret.to_vec())?)
    }

    fn remove(&self, name: &str) -> Result<(), api::SecretError> {
        Ok(self.0.remove(name.to_owned())?)
    }
}

/// Secrets in files with mode 0600 in `folder`, which is made with mode 0700: for desktops. Phones have their own key store.
#[uniffi::export]
pub fn file_secrets(folder: PathBuf) -> Arc<dyn SecretStore> {
    Arc::new(Folder(folder))
}

/// The folder is made on first use, on a thread of the core, so that a caller's thread never waits for a disk.
struct Folder(PathBuf);

impl Folder {
    fn open(&self) -> Result<FileSecrets, SecretError> {
        Ok(FileSecrets::new(self.0.clone())?)
    }
}

impl SecretStore for Folder {
    fn get(&self, name: String) -> Result<Option<Vec<u8>>, SecretError> {
        Ok(api::SecretStore::get(&self.open()?, &name)?)
    }

    fn set(&self, name: String, secret: Vec<u8>) -> Result<(), SecretError> {
        Ok(api::SecretStore::set(&self.open()?, &name, &secret)?)
    }

    fn remove(&self, name: String) -> Result<(), SecretError> {
        Ok(api::SecretStore::remove(&self.open()?, &name)?)
    }
}

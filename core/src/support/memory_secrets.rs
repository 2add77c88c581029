//! Secrets in memory: for tests and for a store that is not meant to outlive the process.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::api::{SecretError, SecretStore};

/// Keeps secrets until it is dropped, then clears their bytes.
#[derive(Default)]
pub struct MemorySecrets {
    held: Mutex<BTreeMap<String, Zeroizing<Vec<u8>>>>,
}

impl SecretStore for MemorySecrets {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, SecretError> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(held.get(name).map(|secret| secret.to_vec()))
    }

    fn set(&self, name: &str, secret: &[u8]) -> Result<(), SecretError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(name.to_owned(), Zeroizing::new(secret.to_vec()));
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), SecretError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.remove(name);
        Ok(())
    }
}

//! Secrets in files with mode 0600, for desktops: the demo and the Python bindings. Phones use their own key store.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::api::{SecretError, SecretStore};

/// One file for each secret in a folder with mode 0700, written aside and renamed, so that a kill leaves the old or the new.
pub struct FileSecrets {
    folder: PathBuf,
}

impl FileSecrets {
    /// Uses `folder`, making it if it is not there.
    pub fn new(folder: impl Into<PathBuf>) -> Result<Self, SecretError> {
        let folder = folder.into();
        fs::create_dir_all(&folder).map_err(|_| SecretError::Failed)?;
        restrict(&folder, 0o700)?;
        Ok(Self { folder })
    }

    fn path(&self, name: &str) -> Result<PathBuf, SecretError> {
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if name.is_empty() || !plain {
            return Err(SecretError::Failed);
        }
        Ok(self.folder.join(name))
    }
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> Result<(), SecretError> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(|_| SecretError::Failed)
}

#[cfg(not(unix))]
fn restrict(_path: &Path, _mode: u32) -> Result<(), SecretError> {
    Ok(())
}

fn open_private(path: &Path) -> std::io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

impl SecretStore for FileSecrets {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>, SecretError> {
        match fs::read(self.path(name)?) {
            Ok(secret) => Ok(Some(secret)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(SecretError::Locked),
            Err(_) => Err(SecretError::Failed),
        }
    }

    fn set(&self, name: &str, secret: &[u8]) -> Result<(), SecretError> {
        let path = self.path(name)?;
        let aside = path.with_extension("new");
        let written = open_private(&aside).and_then(|mut file| {
            file.write_all(secret)?;
            file.sync_all()
        });
        written.map_err(|_| SecretError::Failed)?;
        fs::rename(&aside, &path).map_err(|_| SecretError::Failed)
    }

    fn remove(&self, name: &str) -> Result<(), SecretError> {
        match fs::remove_file(self.path(name)?) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(_) => Err(SecretError::Failed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_secret_in_a_private_file_and_forgets_it() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = FileSecrets::new(folder.path().join("s")).unwrap();
        assert_eq!(secrets.get("refresh"), Ok(None));
        secrets.set("refresh", b"one").unwrap();
        secrets.set("refresh", b"two").unwrap();
        assert_eq!(secrets.get("refresh"), Ok(Some(b"two".to_vec())));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&folder.path().join("s")), 0o700);
            assert_eq!(mode(&folder.path().join("s/refresh")), 0o600);
        }
        secrets.remove("refresh").unwrap();
        secrets.remove("refresh").unwrap();
        assert_eq!(secrets.get("refresh"), Ok(None));
    }

    #[test]
    fn a_name_is_never_a_path() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = FileSecrets::new(folder.path()).unwrap();
        for name in ["", "../x", "a/b", ".", "a.b"] {
            assert_eq!(secrets.set(name, b"x"), Err(SecretError::Failed), "{name}");
        }
    }
}

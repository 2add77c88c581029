//! The data folder: for its owner alone, with the key that seals what is in it.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use super::SettingsError;
use crate::store::DATABASE;
use crate::support::{Key, Rng, rng};

/// Name of the key file.
const KEY: &str = "key";

/// Makes the folder, mode 0700.
pub(super) fn prepare(data: &Path) -> Result<(), SettingsError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(data).map_err(|error| refused("FIELDLINE_DATA", "cannot be made", &error))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // An operator's own `mkdir` leaves it open to others.
        fs::set_permissions(data, fs::Permissions::from_mode(0o700))
            .map_err(|error| refused("FIELDLINE_DATA", "cannot be closed to others", &error))?;
    }
    Ok(())
}

/// The folder's key, if it has one.
pub(super) fn kept_key(data: &Path) -> Result<Option<Key>, SettingsError> {
    match fs::read_to_string(data.join(KEY)) {
        Ok(text) => Key::from_base64(&text)
            .map(Some)
            .ok_or_else(|| SettingsError::new("FIELDLINE_KEY", "has a damaged key file")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(refused("FIELDLINE_KEY", "has an unreadable key file", &error)),
    }
}

/// Reads the folder's key, or makes one if the folder is new.
pub(super) fn key(data: &Path, rng: &dyn Rng) -> Result<Key, SettingsError> {
    let path = data.join(KEY);
    if let Some(key) = kept_key(data)? {
        return Ok(key);
    }
    if data.join(DATABASE).exists() {
        // A new key could open nothing of what is there.
        let problem = "is missing, and so is the key file of this data folder";
        return Err(SettingsError::new("FIELDLINE_KEY", problem));
    }
    let mut bytes = [0; 32];
    rng.fill(&mut bytes);
    let key = Key::new(bytes);
    // Written aside and linked into place: of two that start together one wins, whole.
    let aside = data.join(format!("{KEY}.{}", rng::token(rng, 9)));
    let made = write_private(&aside, key.to_base64().as_bytes())
        .and_then(|()| fs::hard_link(&aside, &path));
    // If it cannot be removed it still is for its owner alone.
    let _ = fs::remove_file(&aside);
    match made {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => fs::read_to_string(&path)
            .ok()
            .and_then(|text| Key::from_base64(&text))
            .ok_or_else(|| SettingsError::new("FIELDLINE_KEY", "has a damaged key file")),
        Err(error) => Err(refused("FIELDLINE_KEY", "cannot be written to its file", &error)),
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn refused(name: &'static str, problem: &str, error: &std::io::Error) -> SettingsError {
    SettingsError::new(name, format!("{problem}: {}", error.kind()))
}

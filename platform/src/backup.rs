//! `backup` and `restore`: whole copies of a data folder, the key left out (protocol.md 8).
//!
//! A copy holds the database, stamped, the folder `media` and the file of what was removed. The
//! tokens in it are sealed and the key is not copied: who finds a copy can use no number with it,
//! and who restores one brings the key along. All blocking.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::app::{self, StartError};
use crate::office::key_proof;
use crate::store::copy::{self, Copied};
use crate::store::{ChangeKind, ChangeScope};
use crate::store::{DATABASE, OpenError, Store, StoreError, WriteTx, workspaces};
use crate::support::{Key, rng};

/// Folder of files that customers and agents sent.
const MEDIA: &str = "media";

/// File of removed devices and members, one JSON line each.
const REVOKED: &str = "revoked";

/// What is being written has this behind its name until it is whole.
const UNDONE: &str = "undone";

/// What may lie in a data folder into which a copy is restored: nothing that a copy brings. A
/// folder that is a whole disk's has one of the file system's own.
const MAY_BE_THERE: [&str; 4] = ["key", REVOKED, app::LOCK, "lost+found"];

/// A copy could not be made or brought back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The place is not empty.
    #[error("{0} is not empty")]
    NotEmpty(&'static str),
    /// There is no database in the folder.
    #[error("there is no backup in this folder")]
    NoBackup,
    /// The copy belongs to another key.
    #[error("FIELDLINE_KEY is not the key of this backup")]
    WrongKey,
    /// A `serve` works on the data folder.
    #[error("a serve is running on this data folder")]
    Serving,
    /// The disk has no room for it.
    #[error("the disk is full")]
    Full,
    /// The file system refused.
    #[error("the file system refused: {0}")]
    Folder(ErrorKind),
    /// The database could not be copied.
    #[error(transparent)]
    Open(OpenError),
}

impl BackupError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotEmpty(_) => "not_empty",
            Self::NoBackup => "no_backup",
            Self::WrongKey => "wrong_key",
            Self::Serving => "already_serving",
            Self::Full => "disk_full",
            Self::Folder(_) => "data_folder",
            Self::Open(OpenError::Newer { .. }) => "newer_schema",
            Self::Open(OpenError::Foreign) => "foreign_store",
            Self::Open(_) => "store",
        }
    }
}

impl From<std::io::Error> for BackupError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full,
            kind => Self::Folder(kind),
        }
    }
}

impl From<OpenError> for BackupError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Store(StoreError::Full) => Self::Full,
            other => Self::Open(other),
        }
    }
}

impl From<StartError> for BackupError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::AlreadyServing => Self::Serving,
            StartError::Open(error) => error.into(),
            StartError::WrongKey => Self::WrongKey,
            StartError::Folder(kind) => Self::Folder(kind),
            StartError::Store(error) => OpenError::Store(error).into(),
        }
    }
}

/// Answer of `backup` and of `restore`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// When, ms UTC.
    pub at: i64,
    /// Number of the copied database's newest migration.
    pub schema: i64,
    /// Bytes of the copied database.
    pub database_bytes: u64,
    /// Files of `media`.
    pub media_files: u64,
    /// Their bytes.
    pub media_bytes: u64,
    /// Whether the key went along: never. It has to be kept elsewhere.
    pub key_included: bool,
}

/// Copies the data folder into `dir`, which must be empty or not be there. A running `serve` is
/// not disturbed; `now` is ms UTC.
///
/// # Errors
/// [`BackupError`]; what was written by then is taken away again, for it may be what fills the disk
/// on which a `serve` has to go on. After a kill it stays, under names that no restore takes.
pub fn take(data: &Path, dir: &Path, key: &Key, now: i64) -> Result<Taken, BackupError> {
    let source = data.join(DATABASE);
    if !source.is_file() {
        return Err(BackupError::NoBackup);
    }
    // Without its key a copy is worth nothing: better known now than on the day it is needed.
    fits(&source, key)?;
    let was_there = dir.exists();
    private_folder(dir)?;
    if fs::read_dir(dir)?.next().is_some() {
        return Err(BackupError::NotEmpty("the folder of the backup"));
    }
    let taken = fill(data, dir, now);
    if taken.is_err() {
        // The error itself says more than one of cleaning up would.
        let _ = empty(dir);
        if !was_there {
            let _ = fs::remove_dir(dir);
        }
    }
    taken
}

fn fill(data: &Path, dir: &Path, now: i64) -> Result<Taken, BackupError> {
    let undone = dir.join(format!("{DATABASE}.{UNDONE}"));
    // The database first: what it names is never changed under `media`, and what comes later
    // than it does no harm.
    let database = copy::copy(&data.join(DATABASE), &undone, now)?;
    let media = copy_folder(&data.join(MEDIA), &dir.join(MEDIA))?;
    merge_revoked(&[&data.join(REVOKED)], &dir.join(REVOKED))?;
    fs::rename(&undone, dir.join(DATABASE))?;
    sync_folder(dir)?;
    Ok(taken(now, database, media))
}

/// Brings the copy in `dir` into the data folder, in which nothing but the key, the file of what
/// was removed and an unlocked lock may lie; both files of removals hold from then on.
///
/// # Errors
/// [`BackupError`]; the database appears last, so that one that is there is whole.
pub fn restore(data: &Path, dir: &Path, key: &Key, now: i64) -> Result<Taken, BackupError> {
    let source = dir.join(DATABASE);
    if !source.is_file() {
        return Err(BackupError::NoBackup);
    }
    let _lock = app::lock(data)?;
    clear_undone(data)?;
    for entry in fs::read_dir(data)? {
        if !MAY_BE_THERE.contains(&&*entry?.file_name().to_string_lossy()) {
            return Err(BackupError::NotEmpty("the data folder"));
        }
    }
    fits(&source, key)?;
    let brought = bring(data, dir, now);
    if brought.is_err() {
        // The error itself says more than one of cleaning up would.
        let _ = clear_undone(data);
    }
    brought
}

fn bring(data: &Path, dir: &Path, now: i64) -> Result<Taken, BackupError> {
    let source = dir.join(DATABASE);
    let undone = data.join(format!("{DATABASE}.{UNDONE}"));
    let media_undone = data.join(format!("{MEDIA}.{UNDONE}"));
    let database = copy::copy(&source, &undone, now)?;
    let media = copy_folder(&dir.join(MEDIA), &media_undone)?;
    let kept = data.join(REVOKED);
    merge_revoked(&[&kept, &dir.join(REVOKED)], &kept)?;
    if media_undone.is_dir() {
        fs::rename(&media_undone, data.join(MEDIA))?;
    }
    fs::rename(&undone, data.join(DATABASE))?;
    sync_folder(data)?;
    Ok(taken(now, database, media))
}

/// Whether this key opens the database at `path`.
fn fits(path: &Path, key: &Key) -> Result<(), BackupError> {
    if copy::key_proof(path)?.is_some_and(|proof| proof != key_proof(key)) {
        return Err(BackupError::WrongKey);
    }
    Ok(())
}

/// Takes away what a restore that was cut short has left: what is called undone, and beside an
/// undone database the folder `media`, which then is its. The database goes last, so that this may
/// be cut short too.
fn clear_undone(data: &Path) -> Result<(), BackupError> {
    let is_undone = |name: &str, what: &str| {
        name.strip_prefix(what).and_then(|rest| rest.strip_prefix('.')).is_some_and(|rest| {
            rest == UNDONE || rest.strip_prefix(UNDONE).is_some_and(|rest| rest.starts_with('-'))
        })
    };
    let (mut names, mut databases) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(data)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if is_undone(&name, DATABASE) {
            databases.push(name);
        } else if [MEDIA, REVOKED].iter().any(|what| is_undone(&name, what)) {
            names.push(name);
        }
    }
    if !databases.is_empty() && !data.join(DATABASE).exists() && data.join(MEDIA).exists() {
        names.push(MEDIA.to_owned());
    }
    names.extend(databases);
    names.iter().try_for_each(|name| remove(&data.join(name)))?;
    Ok(())
}

/// Takes everything out of a folder.
fn empty(folder: &Path) -> Result<(), std::io::Error> {
    fs::read_dir(folder)?.try_for_each(|entry| remove(&entry?.path()))
}

fn remove(path: &Path) -> Result<(), std::io::Error> {
    let is_folder = fs::symlink_metadata(path)?.is_dir();
    if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

fn taken(at: i64, database: Copied, media: (u64, u64)) -> Taken {
    Taken {
        at,
        schema: database.schema,
        database_bytes: database.bytes,
        media_files: media.0,
        media_bytes: media.1,
        key_included: false,
    }
}

/// Makes a folder for its owner alone.
fn private_folder(path: &Path) -> Result<(), std::io::Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

fn private_file(path: &Path) -> Result<File, std::io::Error> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// Copies a folder with all below it; number and bytes of the files. A folder that is not there
/// is an empty one, and a file that goes meanwhile is left out.
fn copy_folder(from: &Path, to: &Path) -> Result<(u64, u64), BackupError> {
    let mut sum = (0_u64, 0_u64);
    let mut folders: Vec<(PathBuf, PathBuf)> = vec![(from.to_owned(), to.to_owned())];
    while let Some((from, to)) = folders.pop() {
        let entries = match fs::read_dir(&from) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error.into()),
        };
        private_folder(&to)?;
        for entry in entries {
            let entry = entry?;
            let (source, target) = (entry.path(), to.join(entry.file_name()));
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                folders.push((source, target));
            } else if kind.is_file()
                && let Some(bytes) = copy_file(&source, &target)?
            {
                sum = (sum.0 + 1, sum.1 + bytes);
            }
        }
        sync_folder(&to)?;
    }
    Ok(sum)
}

fn copy_file(from: &Path, to: &Path) -> Result<Option<u64>, std::io::Error> {
    let mut source = match File::open(from) {
        Ok(source) => source,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut target = private_file(to)?;
    let bytes = std::io::copy(&mut source, &mut target)?;
    target.sync_all()?;
    Ok(Some(bytes))
}

fn sync_folder(path: &Path) -> Result<(), std::io::Error> {
    File::open(path)?.sync_all()
}

/// Writes every line of the `sources` once into `target`, which may be one of them. A line that
/// lacks its end is kept: the reader judges it.
fn merge_revoked(sources: &[&Path], target: &Path) -> Result<(), BackupError> {
    let (mut seen, mut merged) = (BTreeSet::new(), String::new());
    for source in sources {
        let mut text = Vec::new();
        match File::open(source) {
            Ok(mut file) => file.read_to_end(&mut text)?,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error.into()),
        };
        for line in String::from_utf8_lossy(&text).lines().filter(|line| !line.trim().is_empty()) {
            if seen.insert(line.to_owned()) {
                merged.push_str(line);
                merged.push('\n');
            }
        }
    }
    if merged.is_empty() {
        return Ok(());
    }
    let mut undone = target.as_os_str().to_owned();
    undone.push(format!(".{UNDONE}"));
    let undone = PathBuf::from(undone);
    let mut file = private_file(&undone)?;
    file.write_all(merged.as_bytes())?;
    file.sync_all()?;
    fs::rename(&undone, target)?;
    Ok(())
}

/// If the store is a copy: gives each workspace a new epoch, so that no phone takes its numbers
/// for those it knows, and holds everything that would still be sent, in one commit.
pub(crate) async fn settle(store: &Store) -> Result<(), StoreError> {
    let Some((at, held)) = store.write(settle_in).await? else { return Ok(()) };
    log::warn!("restored copied_at={at} sends_held={held}");
    Ok(())
}

fn settle_in(tx: &mut WriteTx<'_>) -> Result<Option<(i64, usize)>, StoreError> {
    let Some(at) = copy::stamp(tx.sql())? else { return Ok(None) };
    let held = crate::meta::send::restored::hold(tx)?;
    for id in workspaces::ids(tx.sql())? {
        let epoch = rng::token(tx.rng(), crate::office::EPOCH_BYTES);
        workspaces::set_epoch(tx.sql(), &id, &epoch)?;
        let seq = tx.change(&id, &ChangeScope::Workspace, ChangeKind::Workspace, &id)?;
        workspaces::set_version(tx.sql(), &id, seq)?;
    }
    copy::settled(tx.sql())?;
    Ok(Some((at, held)))
}

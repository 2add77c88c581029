//! The folder `media/` of the data folder: whole files by the hash of their content, and parts.
//!
//! All blocking, run on the injected executor by [`Disk`]. Files are for their owner alone (0600)
//! in folders that are (0700).

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring::digest::{Context, SHA256};

use super::hex;
use crate::state::AppState;
use crate::support::{Executor, executor};

/// Bytes that are read or written at once.
pub(crate) const CHUNK: usize = 256 * 1024;

/// Where whole files lie.
pub(crate) fn folder(data: &Path) -> PathBuf {
    data.join("media")
}

/// Where parts lie.
pub(crate) fn parts(data: &Path) -> PathBuf {
    folder(data).join("part")
}

/// The names of the files of a folder, sorted; none if there is no such folder.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let mut names: Vec<String> =
        files.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// The disk of one platform.
#[derive(Clone)]
pub(crate) struct Disk {
    data: PathBuf,
    executor: Arc<dyn Executor>,
}

impl Disk {
    /// The disk of this platform.
    pub(crate) fn of(state: &AppState) -> Self {
        Self { data: state.settings.data.clone(), executor: Arc::clone(&state.ports.executor) }
    }

    /// Where a whole file lies.
    pub(crate) fn whole(&self, sha256: &str) -> PathBuf {
        folder(&self.data).join(sha256)
    }

    fn part(&self, name: &str) -> PathBuf {
        parts(&self.data).join(name)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        executor::run(self.executor.as_ref(), work)
            .await
            .unwrap_or_else(|| Err(ErrorKind::Interrupted.into()))
    }

    /// Length of a part, bytes; 0 if there is none.
    pub(crate) async fn part_length(&self, name: &str) -> io::Result<u64> {
        let path = self.part(name);
        self.run(move || match fs::metadata(path) {
            Ok(found) => Ok(found.len()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        })
        .await
    }

    /// Length of a whole file, bytes, if it is there.
    pub(crate) async fn whole_length(&self, sha256: &str) -> Option<u64> {
        let path = self.whole(sha256);
        self.run(move || fs::metadata(path)).await.ok().map(|found| found.len())
    }

    /// Writes bytes into a part from `offset` on, cutting off what stood behind it.
    pub(crate) async fn write(&self, name: &str, offset: u64, bytes: Vec<u8>) -> io::Result<()> {
        let (folder, path) = (parts(&self.data), self.part(name));
        self.run(move || {
            make(&folder)?;
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(false);
            #[cfg(unix)]
            {
                use std::os::unix::fs::OpenOptionsExt as _;
                options.mode(0o600);
            }
            let mut file = options.open(path)?;
            file.set_len(offset)?;
            file.seek(SeekFrom::Start(offset))?;
            file.write_all(&bytes)
        })
        .await
    }

    /// Hash of a part, lower-case hex.
    pub(crate) async fn hash_part(&self, name: &str) -> io::Result<String> {
        let path = self.part(name);
        self.run(move || {
            let mut file = File::open(path)?;
            let mut context = Context::new(&SHA256);
            let mut buffer = vec![0; CHUNK];
            loop {
                let read = file.read(&mut buffer)?;
                match buffer.get(..read) {
                    None | Some([]) => return Ok(hex(context.finish().as_ref())),
                    Some(bytes) => context.update(bytes),
                }
            }
        })
        .await
    }

    /// Makes a part the whole file of this hash, durably.
    pub(crate) async fn finish(&self, name: &str, sha256: &str) -> io::Result<()> {
        let (from, to, folder) = (self.part(name), self.whole(sha256), folder(&self.data));
        self.run(move || {
            File::open(&from)?.sync_all()?;
            fs::rename(&from, &to)?;
            File::open(&folder)?.sync_all()
        })
        .await
    }

    /// Removes a part, if it is there.
    pub(crate) async fn drop_part(&self, name: &str) {
        let path = self.part(name);
        // The sweep removes what is left.
        let _ = self.run(move || fs::remove_file(path)).await;
    }

    /// Opens a whole file from `offset` on.
    pub(crate) async fn open(&self, sha256: &str, offset: u64) -> io::Result<File> {
        let path = self.whole(sha256);
        self.run(move || {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(offset))?;
            Ok(file)
        })
        .await
    }

    /// Reads the next bytes of an open file, at most `limit` and [`CHUNK`]; empty at its end.
    pub(crate) async fn read(&self, mut file: File, limit: u64) -> io::Result<(File, Vec<u8>)> {
        self.run(move || {
            let most = usize::try_from(limit).unwrap_or(CHUNK).min(CHUNK);
            let mut buffer = vec![0; most];
            let read = file.read(&mut buffer)?;
            buffer.truncate(read);
            Ok((file, buffer))
        })
        .await
    }
}

fn make(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

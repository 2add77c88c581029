//! How the other terminals find the demo that stays: one file that only this user can read, in the user's runtime folder.

use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;

use crate::trouble::Trouble;
use crate::world::World;

const NAME: &str = "fieldline-demo.json";

/// What the other terminals need.
#[derive(Serialize, Deserialize)]
pub struct Running {
    /// Meta's side.
    pub simulator: SocketAddr,
    /// The platform.
    pub platform: SocketAddr,
    /// The demo's folder, for the third employee's store.
    pub folder: PathBuf,
    /// The third employee.
    pub email: String,
    /// Of this demo only.
    pub password: String,
}

impl Running {
    /// Of this world.
    pub fn of(world: &World) -> Self {
        Self {
            simulator: world.simulator,
            platform: world.platform,
            folder: world.folder().to_owned(),
            email: world.sam.email.clone(),
            password: world.sam.password.clone(),
        }
    }
}

/// The file while the demo runs; gone when this is dropped.
pub struct StateFile(PathBuf);

impl StateFile {
    /// Writes it into a folder, which is [`folder`] but in tests.
    ///
    /// # Errors
    /// Those of the file.
    pub fn write(folder: &Path, running: &Running) -> Result<Self, Trouble> {
        let path = folder.join(NAME);
        let written = || -> std::io::Result<()> {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            // Made anew and never followed: nobody else can have put it there.
            let mut options = std::fs::OpenOptions::new();
            let mut file = options.write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(serde_json::to_string(running)?.as_bytes())
        };
        written().map_err(Trouble::of("writing the state file"))?;
        Ok(Self(path))
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The demo that stays in another terminal.
///
/// # Errors
/// There is none, or the file is not this user's alone.
pub async fn find(folder: &Path) -> Result<Running, Trouble> {
    let none = || {
        let start = "start `cargo demo -- --stay` in another terminal first";
        Trouble::new("no demo is running", start)
    };
    let path = folder.join(NAME);
    let text = std::fs::read_to_string(&path).map_err(|_| none())?;
    if !is_mine(&path).map_err(Trouble::of("reading the state file"))? {
        return Err(Trouble::new(path.display().to_string(), "is not yours alone; remove it"));
    }
    let running: Running = serde_json::from_str(&text)?;
    TcpStream::connect(running.simulator).await.map_err(|_| none())?;
    Ok(running)
}

/// One demo that stays is enough for one user.
///
/// # Errors
/// There is one.
pub async fn refuse_second() -> Result<(), Trouble> {
    match find(&folder()).await {
        Ok(_) => Err(Trouble::new("a demo stays already", "end it in its terminal first")),
        Err(_) => Ok(()),
    }
}

/// The user's runtime folder, else the one for temporary files.
pub fn folder() -> PathBuf {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let runtime = runtime.filter(|folder| folder.is_absolute() && folder.is_dir());
    runtime.unwrap_or_else(std::env::temp_dir)
}

/// Mine, and nobody else may read or write it.
fn is_mine(path: &Path) -> std::io::Result<bool> {
    let held = std::fs::symlink_metadata(path)?;
    let me = tempfile::NamedTempFile::new()?.as_file().metadata()?.uid();
    Ok(held.is_file() && held.uid() == me && held.mode() & 0o777 == 0o600)
}

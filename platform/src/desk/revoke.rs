//! Signing a device out for good, and removing a member. Both are also kept in a file outside the
//! database, so that a restored backup keeps them out (protocol.md 8).
//!
//! The file is for its owner alone and is only ever added to: one JSON line each,
//! `{"kind": "device" | "member", "id": "...", "at": ms}`. A line is written before the commit
//! that it goes with: if that commit is lost, the next start carries the line out.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::audit::{self, Who};
use super::moves;
use crate::store::members::Member;
use crate::store::sessions::EndReason;
use crate::store::{
    Store, StoreError, WriteTx, devices, link_codes, media, members, sessions, teams,
};

/// Name of the file in the data folder.
pub(crate) const REVOKED: &str = "revoked";

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Device,
    Member,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    kind: Kind,
    id: String,
    at: i64,
}

/// The file.
#[derive(Debug, Clone)]
pub(crate) struct RevokedFile(PathBuf);

impl RevokedFile {
    /// The file of a data folder.
    pub(crate) fn of(data: &Path) -> Self {
        Self(data.join(REVOKED))
    }

    fn add(&self, kind: Kind, id: &str, at: i64) -> Result<(), StoreError> {
        let mut line = serde_json::to_string(&Entry { kind, id: id.to_owned(), at })?;
        line.push('\n');
        let mut options = OpenOptions::new();
        options.append(true).read(true).create(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let written = options.open(&self.0).and_then(|mut file| {
            if is_torn(&mut file)? {
                // What a crash cut off must not swallow the line behind it.
                line.insert(0, '\n');
            }
            file.write_all(line.as_bytes())?;
            file.sync_all()
        });
        written.map_err(|error| match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full,
            kind => StoreError::Folder(kind),
        })
    }

    /// Whether this device was signed out for good. A store that was restored may be too old to
    /// have heard of the device at all.
    pub(crate) fn holds_device(&self, id: &str) -> Result<bool, StoreError> {
        let entries = self.entries()?;
        Ok(entries.iter().any(|entry| entry.kind == Kind::Device && entry.id == id))
    }

    /// Every line that can be read; a torn one is left out.
    fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        match fs::read_to_string(&self.0) {
            Ok(text) => {
                Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(StoreError::Folder(error.kind())),
        }
    }
}

/// Whether the last line lacks its end.
fn is_torn(file: &mut File) -> std::io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// Signs a device out for good. False if that was done before.
pub(crate) fn device(
    tx: &mut WriteTx<'_>,
    file: &RevokedFile,
    who: Who<'_>,
    workspace: &str,
    id: &str,
) -> Result<bool, StoreError> {
    if devices::owner(tx.sql(), id)?.is_none_or(|owner| owner.revoked) {
        return Ok(false);
    }
    file.add(Kind::Device, id, tx.now())?;
    out(tx, who, workspace, id)?;
    Ok(true)
}

fn out(tx: &mut WriteTx<'_>, who: Who<'_>, workspace: &str, id: &str) -> Result<(), StoreError> {
    devices::revoke(tx, id)?;
    media::drop_uploads_of(tx.sql(), id)?;
    sessions::end_of_device(tx, id, EndReason::Revoked)?;
    audit::note(tx, workspace, who, "device_revoked", "device", id)?;
    // Its socket ends.
    tx.wake(workspace);
    Ok(())
}

/// Removes a member: their devices are signed out for good, what they held is nobody's, they are
/// in no team. Their accepted messages still go.
pub(crate) fn member(
    tx: &mut WriteTx<'_>,
    file: &RevokedFile,
    who: Who<'_>,
    member: &Member,
) -> Result<(), StoreError> {
    file.add(Kind::Member, &member.id, tx.now())?;
    let workspace = &member.workspace;
    for known in devices::list(tx.sql(), workspace, Some(&member.id))? {
        device(tx, file, who, workspace, &known.id)?;
    }
    leave(tx, who, member)
}

fn leave(tx: &mut WriteTx<'_>, who: Who<'_>, member: &Member) -> Result<(), StoreError> {
    let workspace = &member.workspace;
    link_codes::forget(tx, &member.id)?;
    moves::release_all(tx, workspace, who, &format!("member:{}", member.id))?;
    for id in teams::of_member(tx.sql(), &member.id)? {
        if let Some(mut team) = teams::find(tx.sql(), workspace, &id)? {
            team.members.retain(|other| *other != member.id);
            teams::save(tx, workspace, &mut team)?;
        }
    }
    members::remove(tx, member)?;
    audit::note(tx, workspace, who, "member_removed", "member", &member.id)
}

/// Carries out what the file says and the store does not know: it is older than the file.
pub(crate) async fn carry_out(store: &Store, data: &Path) -> Result<(), StoreError> {
    let file = RevokedFile::of(data);
    let entries = file.entries()?;
    if entries.is_empty() {
        return Ok(());
    }
    store
        .write(move |tx| {
            for entry in entries {
                match entry.kind {
                    Kind::Device => {
                        let Some(known) = devices::find(tx.sql(), &entry.id)? else { continue };
                        if known.revoked_at.is_none() {
                            out(tx, Who::System, &known.workspace, &known.id)?;
                        }
                    }
                    Kind::Member => {
                        let known = members::find(tx.sql(), &entry.id)?;
                        let Some(member) = known.filter(|member| !member.removed) else {
                            continue;
                        };
                        for known in devices::list(tx.sql(), &member.workspace, Some(&member.id))? {
                            if known.revoked_at.is_none() {
                                out(tx, Who::System, &known.workspace, &known.id)?;
                            }
                        }
                        leave(tx, Who::System, &member)?;
                    }
                }
            }
            Ok(())
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_takes_nothing_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = RevokedFile::of(dir.path());
        assert!(file.entries().unwrap().is_empty());
        file.add(Kind::Device, "d1", 5).unwrap();
        file.add(Kind::Member, "m1", 6).unwrap();
        let mut raw = OpenOptions::new().append(true).open(dir.path().join(REVOKED)).unwrap();
        raw.write_all(b"{\"kind\":\"dev").unwrap();
        let ids = || file.entries().unwrap().into_iter().map(|e| e.id).collect::<Vec<_>>();
        assert_eq!(ids(), ["d1", "m1"]);
        // Nor does it take what comes behind it.
        file.add(Kind::Device, "d2", 7).unwrap();
        file.add(Kind::Device, "d3", 8).unwrap();
        assert_eq!(ids(), ["d1", "m1", "d2", "d3"]);
        assert!(file.holds_device("d2").unwrap() && !file.holds_device("m1").unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn it_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        RevokedFile::of(dir.path()).add(Kind::Device, "d1", 5).unwrap();
        let mode = fs::metadata(dir.path().join(REVOKED)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

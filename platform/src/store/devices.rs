//! Devices: the phones of members, known by an id they made themselves.

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::{StoreError, WriteTx};

/// What a phone says of itself when it signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// UUID made on the phone.
    pub id: String,
    /// The name people see.
    pub name: String,
    /// `android`, `ios`, ...
    pub platform: String,
    /// May be empty.
    pub app_version: String,
}

/// Whose a device is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceOwner {
    /// Member id.
    pub member: String,
    /// The device was removed.
    pub revoked: bool,
}

/// Whose this device is, if it is known.
pub fn owner(sql: &Connection, id: &str) -> Result<Option<DeviceOwner>, StoreError> {
    Ok(sql
        .prepare_cached("SELECT member, revoked_at IS NOT NULL FROM devices WHERE id = ?1")?
        .query_row([id], |row| Ok(DeviceOwner { member: row.get(0)?, revoked: row.get(1)? }))
        .optional()?)
}

/// Writes what a device says of itself at sign-in.
pub fn save(tx: &WriteTx<'_>, member: &str, device: &DeviceInfo) -> Result<(), StoreError> {
    tx.sql().execute(
        "INSERT INTO devices (id, member, name, platform, app_version, created_at, last_seen_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, platform = excluded.platform,
             app_version = excluded.app_version, last_seen_at = excluded.last_seen_at",
        (&device.id, member, &device.name, &device.platform, &device.app_version, tx.now()),
    )?;
    Ok(())
}

/// Notes that the device was heard of.
pub fn seen(tx: &WriteTx<'_>, id: &str) -> Result<(), StoreError> {
    tx.sql().execute("UPDATE devices SET last_seen_at = ?2 WHERE id = ?1", (id, tx.now()))?;
    Ok(())
}

/// A device as the office sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    /// UUID made on the phone.
    pub(crate) id: String,
    /// Member id.
    pub(crate) member: String,
    /// Workspace id.
    pub(crate) workspace: String,
    /// The name people see.
    pub(crate) name: String,
    /// `android`, `ios`, ...
    pub(crate) platform: String,
    /// May be empty.
    pub(crate) app_version: String,
    /// Last contact, ms UTC.
    pub(crate) last_seen_at: i64,
    /// How much was unsent there, as it told last.
    pub(crate) unsent: Option<i64>,
    /// `fcm`, `apns`, ...: where pushes go.
    pub(crate) push: Option<String>,
    /// When it was signed out for good, ms UTC.
    pub(crate) revoked_at: Option<i64>,
    /// When it was told so, ms UTC.
    pub(crate) reached_at: Option<i64>,
    /// When it confirmed that it wiped the account, ms UTC.
    pub(crate) wiped_at: Option<i64>,
    /// It has a session that has not ended.
    pub(crate) signed_in: bool,
}

const DEVICE: &str = "SELECT d.id, d.member, m.workspace, d.name, d.platform, d.app_version,
     d.last_seen_at, d.unsent, d.push_kind, d.revoked_at, d.wipe_reached_at, d.wiped_at,
     EXISTS (SELECT 1 FROM sessions s WHERE s.device = d.id AND s.ended_at IS NULL)
     FROM devices d JOIN members m ON m.id = d.member";

fn read(row: &Row<'_>) -> rusqlite::Result<Device> {
    Ok(Device {
        id: row.get(0)?,
        member: row.get(1)?,
        workspace: row.get(2)?,
        name: row.get(3)?,
        platform: row.get(4)?,
        app_version: row.get(5)?,
        last_seen_at: row.get(6)?,
        unsent: row.get(7)?,
        push: row.get(8)?,
        revoked_at: row.get(9)?,
        reached_at: row.get(10)?,
        wiped_at: row.get(11)?,
        signed_in: row.get(12)?,
    })
}

/// The device with this id.
pub(crate) fn find(sql: &Connection, id: &str) -> Result<Option<Device>, StoreError> {
    Ok(sql
        .prepare_cached(&format!("{DEVICE} WHERE d.id = ?1"))?
        .query_row([id], read)
        .optional()?)
}

/// The devices of a member, or of everybody, by member and last contact.
pub(crate) fn list(
    sql: &Connection,
    workspace: &str,
    member: Option<&str>,
) -> Result<Vec<Device>, StoreError> {
    let mut statement = sql.prepare_cached(&format!(
        "{DEVICE} WHERE m.workspace = ?1 AND (?2 IS NULL OR d.member = ?2)
         ORDER BY d.member, d.last_seen_at DESC, d.id"
    ))?;
    Ok(statement.query_map((workspace, member), read)?.collect::<Result<_, _>>()?)
}

/// Signs a device out for good: its sessions end and nothing is pushed to it any more. Its
/// accepted messages still go. False if that was done before.
pub(crate) fn revoke(tx: &WriteTx<'_>, id: &str) -> Result<bool, StoreError> {
    let changed = tx.sql().execute(
        "UPDATE devices SET revoked_at = ?2, push_kind = NULL, push_address = NULL, push_tag = NULL
         WHERE id = ?1 AND revoked_at IS NULL",
        (id, tx.now()),
    )?;
    Ok(changed > 0)
}

/// Notes that a device that was signed out came and was told.
pub(crate) fn reached(tx: &WriteTx<'_>, id: &str) -> Result<(), StoreError> {
    tx.sql().execute(
        "UPDATE devices SET wipe_reached_at = ?2 WHERE id = ?1 AND wipe_reached_at IS NULL",
        (id, tx.now()),
    )?;
    Ok(())
}

/// Notes that a device wiped the account. False if it had said so before.
pub(crate) fn wiped(tx: &WriteTx<'_>, id: &str) -> Result<bool, StoreError> {
    let changed = tx.sql().execute(
        "UPDATE devices SET wiped_at = ?2, wipe_reached_at = coalesce(wipe_reached_at, ?2)
         WHERE id = ?1 AND revoked_at IS NOT NULL AND wiped_at IS NULL",
        (id, tx.now()),
    )?;
    Ok(changed > 0)
}

/// Where pushes to a device go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Push {
    /// `fcm`, `apns` or `web_push`.
    pub(crate) kind: String,
    /// A token, or an address.
    pub(crate) address: String,
    /// The account's name chosen by the phone.
    pub(crate) tag: String,
}

/// Writes where pushes go; `None`: nowhere.
pub(crate) fn set_push(tx: &WriteTx<'_>, id: &str, push: Option<&Push>) -> Result<(), StoreError> {
    tx.sql().execute(
        "UPDATE devices SET push_kind = ?2, push_address = ?3, push_tag = ?4 WHERE id = ?1",
        (id, push.map(|p| &p.kind), push.map(|p| &p.address), push.map(|p| &p.tag)),
    )?;
    Ok(())
}

/// Writes how much is unsent on a device.
pub(crate) fn set_unsent(tx: &WriteTx<'_>, id: &str, unsent: i64) -> Result<(), StoreError> {
    tx.sql().execute("UPDATE devices SET unsent = ?2 WHERE id = ?1", (id, unsent))?;
    Ok(())
}

//! Devices: the phones of members, known by an id they made themselves.

use rusqlite::{Connection, OptionalExtension as _};

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

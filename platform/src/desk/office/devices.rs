//! Devices: what the office sees of them, and "sign out and wipe" with its state (D3).

use axum::Json;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::Serialize;

use super::{not_found, read, write};
use crate::agents::error::ApiError;
use crate::agents::http::Params;
use crate::agents::session::Caller;
use crate::desk::audit::Who;
use crate::desk::revoke::{self, RevokedFile};
use crate::desk::rights::Right;
use crate::state::AppState;
use crate::store::devices::{self, Device};

/// How far "sign out and wipe" got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Wipe {
    /// Nobody asked for it.
    None,
    /// Asked for; the phone did not come since.
    Asked,
    /// The phone came and was told.
    Reached,
    /// The phone said that it wiped the account.
    Confirmed,
}

/// A device as the office sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeviceView {
    /// UUID made on the phone.
    pub id: String,
    /// Member id.
    pub member: String,
    /// The name people see.
    pub name: String,
    /// `android`, `ios`, ...
    pub platform: String,
    /// May be empty.
    pub app_version: String,
    /// Last contact, ms UTC.
    pub last_seen_at: i64,
    /// It has a session that has not ended.
    pub signed_in: bool,
    /// How much was unsent there, as it told last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsent: Option<i64>,
    /// Who carries pushes to it: `fcm`, `apns`, `web_push`; absent: nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push: Option<String>,
    /// How far "sign out and wipe" got.
    pub wipe: Wipe,
    /// When it was asked for, ms UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wipe_asked_at: Option<i64>,
    /// When the phone was told, ms UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wipe_reached_at: Option<i64>,
    /// When the phone confirmed it, ms UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wiped_at: Option<i64>,
}

impl DeviceView {
    pub(crate) fn of(device: &Device) -> Self {
        let wipe = match (device.revoked_at, device.reached_at, device.wiped_at) {
            (None, ..) => Wipe::None,
            (Some(_), _, Some(_)) => Wipe::Confirmed,
            (Some(_), Some(_), None) => Wipe::Reached,
            (Some(_), None, None) => Wipe::Asked,
        };
        Self {
            id: device.id.clone(),
            member: device.member.clone(),
            name: device.name.clone(),
            platform: device.platform.clone(),
            app_version: device.app_version.clone(),
            last_seen_at: device.last_seen_at,
            signed_in: device.signed_in,
            unsent: device.unsent,
            push: device.push.clone(),
            wipe,
            wipe_asked_at: device.revoked_at,
            wipe_reached_at: device.reached_at,
            wiped_at: device.wiped_at,
        }
    }
}

/// A list of devices.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Devices {
    /// By member, latest contact first.
    devices: Vec<DeviceView>,
}

/// `GET`.
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    params: Params,
) -> Result<Json<Devices>, ApiError> {
    let member = params.optional("member").map(str::to_owned);
    let devices = read(&state, caller, Right::Devices, move |sql, _, workspace| {
        Ok(devices::list(sql, &workspace.id, member.as_deref())?)
    })
    .await?;
    Ok(Json(Devices { devices: devices.iter().map(DeviceView::of).collect() }))
}

/// `POST .../revoke`: signed out for good, to be wiped. A repeat changes nothing.
pub(crate) async fn revoke(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<DeviceView>, ApiError> {
    let file = RevokedFile::of(&state.settings.data);
    let view = write(&state, caller, Right::Devices, move |tx, caller, workspace| {
        let known = |tx: &crate::store::WriteTx<'_>| {
            devices::find(tx.sql(), &id)?
                .filter(|device| device.workspace == workspace.id)
                .ok_or_else(not_found)
        };
        known(tx)?;
        revoke::device(tx, &file, Who::from(&caller.actor), &workspace.id, &id)?;
        Ok(DeviceView::of(&known(tx)?))
    })
    .await?;
    Ok(Json(view))
}

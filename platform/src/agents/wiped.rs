//! `POST /v1/wiped`: a phone that was signed out for good says that it wiped the account.

use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::Deserialize;

use super::error::{ApiError, ErrorCode};
use super::http::JsonBody;
use crate::desk::audit::{self, Who};
use crate::state::AppState;
use crate::store::{StoreError, devices};
use crate::support::keys::{Purpose, mac, verify};
use crate::support::{Key, Secret};

/// The token with which a device may say that it wiped its account. The same as long as the
/// device is known, so that a lost answer can be given again; it counts once.
pub(crate) fn token(key: &Key, device: &str) -> String {
    let tag = URL_SAFE_NO_PAD.encode(mac(key, Purpose::Wipe, device.as_bytes()));
    format!("{device}.{tag}")
}

/// The device that a token speaks for.
fn device_of<'t>(key: &Key, token: &'t str) -> Option<&'t str> {
    let (device, tag) = token.rsplit_once('.')?;
    let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
    verify(key, Purpose::Wipe, device.as_bytes(), &tag).then_some(device)
}

/// What the phone says.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Wiped {
    /// From the details of `device_revoked`.
    #[schemars(with = "String")]
    wipe_token: Option<Secret>,
}

/// The handler.
pub(crate) async fn post(
    State(state): State<AppState>,
    JsonBody(body): JsonBody<Wiped>,
) -> Result<StatusCode, ApiError> {
    let token = body.wipe_token.ok_or_else(|| ApiError::malformed("wipe_token"))?;
    let device = device_of(&state.settings.key, token.expose())
        .ok_or_else(|| ApiError::new(ErrorCode::Token))?
        .to_owned();
    state
        .store
        .write(move |tx| -> Result<(), StoreError> {
            let Some(known) = devices::find(tx.sql(), &device)? else { return Ok(()) };
            if devices::wiped(tx, &device)? {
                let who = Who::Member { id: &known.member, device: Some(&device) };
                audit::note(tx, &known.workspace, who, "device_wiped", "device", &device)?;
            }
            Ok(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_speaks_for_its_device_alone() {
        let key = Key::new([4; 32]);
        let made = token(&key, "d1");
        assert_eq!(device_of(&key, &made), Some("d1"));
        assert_eq!(device_of(&key, &made.replacen("d1", "d2", 1)), None);
        assert_eq!(device_of(&Key::new([5; 32]), &made), None);
        for bad in ["", ".", "d1", "d1.", "d1.AAAA"] {
            assert_eq!(device_of(&key, bad), None, "{bad}");
        }
    }
}

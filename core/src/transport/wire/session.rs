//! Sessions and errors.

use serde::Deserialize;
use zeroize::Zeroizing;

use super::objects::{Member, Workspace};

/// Answer of sign-in and refresh. No `Debug`: tokens.
#[derive(Deserialize)]
pub(crate) struct SessionBody {
    pub access_token: Zeroizing<String>,
    pub refresh_token: Zeroizing<String>,
    pub member: Member,
    pub workspace: Workspace,
}

/// Answer of `/v1/session/preview`.
#[derive(Deserialize)]
pub(crate) struct PreviewBody {
    pub workspace: String,
    pub member_name: String,
}

/// This phone, as sign-in names it.
pub(crate) fn device_json(id: &str, name: &str, platform: &str) -> serde_json::Value {
    serde_json::json!({
        "id": id, "name": name, "platform": platform, "app_version": env!("CARGO_PKG_VERSION"),
    })
}

/// What of an error is acted on.
#[derive(Default)]
pub(crate) struct ErrorBody {
    pub code: String,
    pub cause: Option<String>,
    pub epoch: Option<String>,
    pub wipe_token: Option<Zeroizing<String>>,
}

#[derive(Deserialize)]
struct Envelope {
    error: Inner,
}

#[derive(Deserialize)]
struct Inner {
    code: String,
    #[serde(default)]
    details: Details,
}

#[derive(Deserialize, Default)]
struct Details {
    cause: Option<String>,
    epoch: Option<String>,
    wipe_token: Option<Zeroizing<String>>,
}

impl ErrorBody {
    /// An unreadable one has the code `unknown`.
    pub(crate) fn read(body: &[u8]) -> Self {
        serde_json::from_slice::<Envelope>(body).map_or_else(
            |_| Self { code: "unknown".to_owned(), ..Self::default() },
            |envelope| Self {
                code: envelope.error.code,
                cause: envelope.error.details.cause,
                epoch: envelope.error.details.epoch,
                wipe_token: envelope.error.details.wipe_token,
            },
        )
    }
}

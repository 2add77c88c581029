//! `PUT /v1/devices/{id}/push`: where a device wants to be rung. Ringing itself is a later matter.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::{ApiError, ErrorCode};
use super::http::JsonBody;
use super::session::{Caller, Decided, still};
use crate::state::AppState;
use crate::store::devices::{self, Push};

/// The longest address, in bytes: FCM tokens and push URLs stay far below.
const MAX_ADDRESS: usize = 2048;

/// The longest tag, in bytes.
const MAX_TAG: usize = 128;

/// Who carries the push.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PushKind {
    /// Google's.
    Fcm,
    /// Apple's.
    Apns,
    /// A plain HTTPS post: Web Push and UnifiedPush.
    WebPush,
}

impl PushKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Fcm => "fcm",
            Self::Apns => "apns",
            Self::WebPush => "web_push",
        }
    }
}

/// Where a device wants to be rung.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct PushAddress {
    /// Who carries it.
    kind: PushKind,
    /// A token, or for `web_push` an https address; 1 to 2,048 bytes.
    #[schemars(length(min = 1, max = 2048))]
    address: String,
    /// The account's name chosen by the phone, 1 to 128 bytes.
    #[schemars(length(min = 1, max = 128))]
    account_tag: String,
}

impl PushAddress {
    fn fault(&self) -> Option<&'static str> {
        let plain = |text: &str, most: usize| {
            !text.is_empty() && text.len() <= most && !text.chars().any(char::is_control)
        };
        if !plain(&self.address, MAX_ADDRESS)
            || (self.kind == PushKind::WebPush && !self.address.starts_with("https://"))
        {
            return Some("address");
        }
        (!plain(&self.account_tag, MAX_TAG)).then_some("account_tag")
    }
}

/// A device's own address: nobody else's may be written.
fn own(caller: &Caller, id: &str) -> Result<(), ApiError> {
    if caller.actor.device == id { Ok(()) } else { Err(ApiError::new(ErrorCode::NotFound)) }
}

/// The handler.
pub(crate) async fn put(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<PushAddress>,
) -> Result<StatusCode, ApiError> {
    own(&caller, &id)?;
    if let Some(field) = body.fault() {
        return Err(ApiError::malformed(field));
    }
    let push =
        Push { kind: body.kind.as_str().to_owned(), address: body.address, tag: body.account_tag };
    write(&state, caller, Some(push)).await
}

/// `DELETE`: it is rung no more.
pub(crate) async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    own(&caller, &id)?;
    write(&state, caller, None).await
}

/// Writes the caller's own, if they are signed in still.
async fn write(
    state: &AppState,
    caller: Caller,
    push: Option<Push>,
) -> Result<StatusCode, ApiError> {
    let written = state.store.write(move |tx| -> Decided<()> {
        match still(tx.sql(), &caller)? {
            Ok(now) => devices::set_push(tx, &now.actor.device, push.as_ref()).map(Ok),
            Err(refused) => Ok(Err(refused)),
        }
    });
    written.await?.map(|()| StatusCode::NO_CONTENT)
}

//! Signing in, by password or by link code: protocol.md 1.

use std::net::{IpAddr, SocketAddr};

use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::{Extensions, HeaderMap};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command::is_uuid;
use super::error::{ApiError, ErrorCode};
use super::http::JsonBody;
use super::session::{Decided, Grant, grant};
use super::{link_code, password, token, wiped};
use crate::desk::audit::{self, Who};
use crate::desk::revoke::RevokedFile;
use crate::state::AppState;
use crate::store::devices::DeviceInfo;
use crate::store::members::{Member, normal_email};
use crate::store::sessions::{EndReason, Session};
use crate::store::{WriteTx, devices, link_codes, members, sessions, workspaces};
use crate::support::keys::{Purpose, mac, sha256};
use crate::support::{Key, Secret};

/// The longest name of a device, in Unicode scalar values.
const MAX_NAME: usize = 200;

/// How far a clock may be set back before link codes made under it count as over, ms.
const CLOCK_MS: i64 = 60 * 60 * 1000;

/// The longest platform or version word, in bytes.
const MAX_WORD: usize = 40;

/// By password or by link code.
#[derive(Deserialize, JsonSchema)]
#[schemars(extend("anyOf" = [{"required": ["email", "password"]}, {"required": ["link_code"]}]))]
pub(crate) struct SignIn {
    /// Unique on this server.
    email: Option<String>,
    /// At most 1,024 bytes.
    #[schemars(with = "Option<String>")]
    password: Option<Secret>,
    /// Read without case, spaces and hyphens.
    #[schemars(with = "Option<String>")]
    link_code: Option<Secret>,
    /// The phone.
    #[schemars(with = "Device")]
    device: Option<Device>,
}

/// A phone.
#[derive(Deserialize, JsonSchema)]
struct Device {
    /// A UUID made on the phone.
    #[schemars(with = "String", length(min = 36, max = 36), extend("format" = "uuid"))]
    id: Option<String>,
    /// 1 to 200 Unicode scalar values.
    #[schemars(with = "String", length(min = 1, max = 200))]
    name: Option<String>,
    /// At most 40 bytes.
    #[schemars(with = "String", length(max = 40))]
    platform: Option<String>,
    /// At most 40 bytes.
    #[schemars(length(max = 40))]
    app_version: Option<String>,
}

/// What a preview needs.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Preview {
    /// Read without case, spaces and hyphens.
    #[schemars(with = "String")]
    link_code: Option<Secret>,
}

/// What a link code opens.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Opens {
    /// Name of the workspace.
    workspace: String,
    /// Name of the member.
    member_name: String,
}

/// `POST /v1/session`.
pub(crate) async fn create(
    State(state): State<AppState>,
    extensions: Extensions,
    headers: HeaderMap,
    JsonBody(body): JsonBody<SignIn>,
) -> Result<Json<Grant>, ApiError> {
    let device = device(body.device.ok_or_else(|| ApiError::malformed("device"))?)?;
    let grant = if let Some(code) = body.link_code {
        by_link_code(&state, &peer(&extensions, &headers), &code, device).await?
    } else {
        let email = body.email.ok_or_else(|| ApiError::malformed("email"))?;
        let password = body.password.ok_or_else(|| ApiError::malformed("password"))?;
        if password.expose().len() > password::MAX_BYTES {
            return Err(ApiError::new(ErrorCode::WrongCredentials));
        }
        let address = address(&extensions, &headers);
        by_password(&state, &normal_email(&email), password, device, address).await?
    };
    Ok(Json(grant))
}

/// `POST /v1/session/preview`: what a code opens, before the yes. Uses nothing up.
pub(crate) async fn preview(
    State(state): State<AppState>,
    extensions: Extensions,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Preview>,
) -> Result<Json<Opens>, ApiError> {
    let code = body.link_code.ok_or_else(|| ApiError::malformed("link_code"))?;
    let hash = link_code::hash(&state.settings.key, code.expose());
    let failures = failures_key(&state.settings.key, "peer", &peer(&extensions, &headers));
    let decided = state
        .store
        .write(move |tx| -> Decided<Opens> {
            if let Some(wait) = sessions::attempt(tx, &failures, sessions::MAX_FAILURES)? {
                return Ok(Err(ApiError::too_many(wait)));
            }
            let (code, member) = match usable_code(tx, &hash)? {
                Ok(found) => found,
                Err(refusal) => return Ok(Err(refusal)),
            };
            if code.used_by.is_some() {
                return Ok(Err(ApiError::link_code("used")));
            }
            sessions::take_back(tx, &failures)?;
            let workspace = workspaces::get(tx.sql(), &member.workspace)?;
            Ok(Ok(Opens { workspace: workspace.name, member_name: member.name }))
        })
        .await?;
    decided.map(Json)
}

async fn by_password(
    state: &AppState,
    email: &str,
    password: Secret,
    device: DeviceInfo,
    address: Option<IpAddr>,
) -> Result<Grant, ApiError> {
    let key = state.settings.key.clone();
    let failures = failures_key(&key, "email", email);
    let tried_from = address.map(|ip| failures_key(&key, "passwords of", &ip.to_string()));
    let (counted, from, email) = (failures.clone(), tried_from.clone(), email.to_owned());
    let member = state
        .store
        .write(move |tx| -> Decided<Option<Member>> {
            if let Some(from) = from
                && let Some(wait) = sessions::attempt(tx, &from, sessions::MAX_OF_ADDRESS)?
            {
                return Ok(Err(ApiError::too_many(wait)));
            }
            if let Some(wait) = sessions::attempt(tx, &counted, sessions::MAX_FAILURES)? {
                return Ok(Err(ApiError::too_many(wait)));
            }
            Ok(Ok(members::by_email(tx.sql(), &email)?.filter(|member| !member.removed)))
        })
        .await??;
    let stored = member.as_ref().map(|member| member.password_hash.clone());
    let cost = state.settings.password_cost;
    let fits = state
        .checks
        .run(state.ports.executor.as_ref(), move || {
            password::verify(&password, stored.as_deref(), cost)
        })
        .await
        .unwrap_or(false);
    let Some(member) = member.filter(|_| fits) else {
        return Err(ApiError::new(ErrorCode::WrongCredentials));
    };
    let removed = RevokedFile::of(&state.settings.data);
    state
        .store
        .write(move |tx| -> Decided<Grant> {
            // Checking takes its time: who was removed meanwhile, or has another password now,
            // does not get in by what was so before.
            let now = members::find(tx.sql(), &member.id)?;
            let same = |now: &Member| !now.removed && now.password_hash == member.password_hash;
            let Some(member) = now.filter(same) else {
                return Ok(Err(ApiError::new(ErrorCode::WrongCredentials)));
            };
            sessions::forgive(tx, &failures)?;
            if let Some(from) = tried_from {
                sessions::take_back(tx, &from)?;
            }
            sign_in(tx, &key, &removed, &member, &device).map(|done| done.map(|(grant, _)| grant))
        })
        .await?
}

async fn by_link_code(
    state: &AppState,
    peer: &str,
    code: &Secret,
    device: DeviceInfo,
) -> Result<Grant, ApiError> {
    let key = state.settings.key.clone();
    let hash = link_code::hash(&key, code.expose());
    let failures = failures_key(&key, "peer", peer);
    let removed = RevokedFile::of(&state.settings.data);
    state
        .store
        .write(move |tx| -> Decided<Grant> {
            if let Some(wait) = sessions::attempt(tx, &failures, sessions::MAX_FAILURES)? {
                return Ok(Err(ApiError::too_many(wait)));
            }
            let (code, member) = match usable_code(tx, &hash)? {
                Ok(found) => found,
                Err(refusal) => return Ok(Err(refusal)),
            };
            if let (Some(used_by), Some(session)) = (&code.used_by, &code.session) {
                // The same phone again: its answer was lost. It gets the session that it made.
                let session = sessions::find(tx.sql(), session)?.filter(Session::is_alive);
                let Some(session) = session.filter(|_| *used_by == device.id) else {
                    return Ok(Err(ApiError::link_code("used")));
                };
                sessions::take_back(tx, &failures)?;
                return grant(tx, &key, &member, &session.id, session.k).map(Ok);
            }
            sessions::take_back(tx, &failures)?;
            let (grant, session) = match sign_in(tx, &key, &removed, &member, &device)? {
                Ok(done) => done,
                Err(refusal) => return Ok(Err(refusal)),
            };
            link_codes::used(tx, &hash, &device.id, &session)?;
            Ok(Ok(grant))
        })
        .await?
}

/// A code that is known and not over, with whom it signs in.
fn usable_code(tx: &WriteTx<'_>, hash: &[u8]) -> Decided<(link_codes::LinkCode, Member)> {
    let Some(code) = link_codes::find(tx.sql(), hash)? else {
        return Ok(Err(ApiError::link_code("unknown")));
    };
    // One that lives longer than any does was made by a clock that ran ahead.
    let left = code.expires_at.saturating_sub(tx.now());
    if left <= 0 || left > CLOCK_MS + link_code::LIFETIME_MS {
        return Ok(Err(ApiError::link_code("expired")));
    }
    match members::find(tx.sql(), &code.member)?.filter(|member| !member.removed) {
        Some(member) => Ok(Ok((code, member))),
        None => Ok(Err(ApiError::link_code("unknown"))),
    }
}

/// Gives the device a new session in place of its old one.
fn sign_in(
    tx: &mut WriteTx<'_>,
    key: &Key,
    removed: &RevokedFile,
    member: &Member,
    device: &DeviceInfo,
) -> Decided<(Grant, String)> {
    match devices::owner(tx.sql(), &device.id)? {
        Some(owner) if owner.member != member.id => {
            return Ok(Err(ApiError::new(ErrorCode::DeviceTaken)));
        }
        Some(owner) if owner.revoked => {
            devices::reached(tx, &device.id)?;
            return Ok(Err(ApiError::device_revoked(&wiped::token(key, &device.id))));
        }
        None if removed.holds_device(&device.id)? => {
            return Ok(Err(ApiError::device_revoked(&wiped::token(key, &device.id))));
        }
        _ => {}
    }
    devices::save(tx, &member.id, device)?;
    sessions::end_of_device(tx, &device.id, EndReason::Replaced)?;
    tx.wake(&member.workspace);
    let session = tx.uuid();
    let hash = sha256(token::refresh(key, &session, 1).as_bytes());
    sessions::insert(tx, &session, &member.id, &device.id, 1, &hash)?;
    let who = Who::Member { id: &member.id, device: Some(&device.id) };
    audit::note(tx, &member.workspace, who, "signed_in", "device", &device.id)?;
    let grant = grant(tx, key, member, &session, 1)?;
    Ok(Ok((grant, session)))
}

fn device(device: Device) -> Result<DeviceInfo, ApiError> {
    let word = |value: Option<String>, field: &str| {
        value.filter(|word| word.len() <= MAX_WORD).ok_or_else(|| ApiError::malformed(field))
    };
    Ok(DeviceInfo {
        id: device.id.filter(|id| is_uuid(id)).ok_or_else(|| ApiError::malformed("device.id"))?,
        name: device
            .name
            .filter(|name| !name.trim().is_empty() && name.chars().count() <= MAX_NAME)
            .ok_or_else(|| ApiError::malformed("device.name"))?,
        platform: word(device.platform, "device.platform")?,
        app_version: word(Some(device.app_version.unwrap_or_default()), "device.app_version")?,
    })
}

/// What a reverse proxy adds: who knocked there, behind whoever they say they speak for.
const FORWARDED: &str = "x-forwarded-for";

/// Who knocks: what the socket tells, or what a reverse proxy on this machine says of whom it heard.
/// Without that all would share one count behind it, and a stranger's five guesses would keep every
/// new phone out. Nobody else is believed, and of the header only the last word, which is the
/// proxy's own. A proxy that lets clients write it lets them guess more often; against that stands
/// the number of codes, 31 to the eighth.
fn peer(extensions: &Extensions, headers: &HeaderMap) -> String {
    address(extensions, headers).map_or_else(|| "unknown".to_owned(), |ip| ip.to_string())
}

/// As [`peer`]; none if a proxy on this machine does not say, for all are one then.
fn address(extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
    let ConnectInfo(socket) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    if !socket.ip().is_loopback() {
        return Some(socket.ip());
    }
    let said = headers.get_all(FORWARDED).iter().next_back()?.to_str().ok()?;
    said.rsplit(',').next()?.trim().parse().ok()
}

/// Failures are counted under a keyed hash: the table holds neither e-mails nor addresses.
fn failures_key(key: &Key, kind: &str, name: &str) -> String {
    use base64::Engine as _;
    let hash = mac(key, Purpose::Failures, format!("{kind}:{name}").as_bytes());
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash)
}

//! Signing in, staying signed in, signing out: protocol.md 1.

use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::{Extensions, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::command::is_uuid;
use super::error::{ApiError, ErrorCode};
use super::http::JsonBody;
use super::outcome::Actor;
use super::{link_code, password, token};
use crate::app::AppState;
use crate::store::devices::DeviceInfo;
use crate::store::members::{Member, normal_email};
use crate::store::sessions::{EndReason, Session};
use crate::store::{
    StoreError, WriteTx, devices, link_codes, members, objects, sessions, workspaces,
};
use crate::support::keys::{Purpose, mac, sha256};
use crate::support::{Key, Secret, executor};

/// The longest name of a device, in Unicode scalar values.
const MAX_NAME: usize = 200;

/// The longest platform or version word, in bytes.
const MAX_WORD: usize = 40;

/// Somebody whose access token is good and whose session is alive.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who acts.
    pub actor: Actor,
    /// Session id.
    pub session: String,
}

/// What a phone gets when it has signed in or refreshed.
#[derive(Debug, Serialize)]
pub(crate) struct Grant {
    access_token: String,
    refresh_token: String,
    expires_in_s: i64,
    epoch: String,
    member: Value,
    workspace: Value,
}

#[derive(Deserialize)]
pub(crate) struct SignIn {
    email: Option<String>,
    password: Option<Secret>,
    link_code: Option<Secret>,
    device: Option<Device>,
}

#[derive(Deserialize)]
struct Device {
    id: Option<String>,
    name: Option<String>,
    platform: Option<String>,
    app_version: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Preview {
    link_code: Option<Secret>,
}

#[derive(Deserialize)]
pub(crate) struct Refresh {
    refresh_token: Option<Secret>,
}

/// What a transaction decided: a refusal must commit too, for it counts the attempt.
type Decided<T> = Result<Result<T, ApiError>, StoreError>;

/// Finds the session of an access token and checks that it is alive.
pub async fn authenticate(state: &AppState, token: &str) -> Result<Caller, ApiError> {
    let now = state.ports.clock.now_ms();
    let id = token::read_access(&state.settings.key, token, now)
        .ok_or_else(|| ApiError::new(ErrorCode::Token))?
        .to_owned();
    let session = state.store.read(move |sql| sessions::find(sql, &id)).await?;
    let session = session.ok_or_else(|| ApiError::new(ErrorCode::Token))?;
    if session.revoked {
        return Err(ApiError::new(ErrorCode::DeviceRevoked));
    }
    if session.ended {
        // The refresh that follows is refused too, and then the phone asks for the password.
        return Err(ApiError::new(ErrorCode::Token));
    }
    Ok(Caller { actor: session.actor, session: session.id })
}

/// `POST /v1/session`.
pub(crate) async fn create(
    State(state): State<AppState>,
    extensions: Extensions,
    JsonBody(body): JsonBody<SignIn>,
) -> Result<Json<Grant>, ApiError> {
    let device = device(body.device.ok_or_else(|| ApiError::malformed("device"))?)?;
    let grant = if let Some(code) = body.link_code {
        by_link_code(&state, &peer(&extensions), &code, device).await?
    } else {
        let email = body.email.ok_or_else(|| ApiError::malformed("email"))?;
        let password = body.password.ok_or_else(|| ApiError::malformed("password"))?;
        if password.expose().len() > password::MAX_BYTES {
            return Err(ApiError::new(ErrorCode::WrongCredentials));
        }
        by_password(&state, &normal_email(&email), password, device).await?
    };
    Ok(Json(grant))
}

/// `POST /v1/session/preview`: what a code opens, before the yes. Uses nothing up.
pub(crate) async fn preview(
    State(state): State<AppState>,
    extensions: Extensions,
    JsonBody(body): JsonBody<Preview>,
) -> Result<Json<Value>, ApiError> {
    let code = body.link_code.ok_or_else(|| ApiError::malformed("link_code"))?;
    let hash = link_code::hash(&state.settings.key, code.expose());
    let failures = failures_key(&state.settings.key, "peer", &peer(&extensions));
    let decided = state
        .store
        .write(move |tx| -> Decided<Value> {
            if let Some(wait) = sessions::attempt(tx, &failures)? {
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
            Ok(Ok(json!({ "workspace": workspace.name, "member_name": member.name })))
        })
        .await?;
    decided.map(Json)
}

/// `POST /v1/session/refresh`.
pub(crate) async fn refresh(
    State(state): State<AppState>,
    JsonBody(body): JsonBody<Refresh>,
) -> Result<Json<Grant>, ApiError> {
    let token = body.refresh_token.ok_or_else(|| ApiError::malformed("refresh_token"))?;
    let key = state.settings.key.clone();
    let decided = state
        .store
        .write(move |tx| -> Decided<Grant> {
            let found = match token::read_refresh(&key, token.expose()) {
                Some((session, k)) => sessions::find(tx.sql(), session)?.map(|s| (s, k)),
                None => None,
            };
            let Some((session, k)) = found else {
                return Ok(Err(ApiError::new(ErrorCode::SessionEnded)));
            };
            if session.revoked {
                return Ok(Err(ApiError::new(ErrorCode::DeviceRevoked)));
            }
            if session.ended {
                return Ok(Err(ApiError::new(ErrorCode::SessionEnded)));
            }
            let next = match judge_refresh(&session, k, &sha256(token.expose().as_bytes())) {
                Judgement::Rotate => {
                    let next = session.k.saturating_add(1);
                    let hash = sha256(token::refresh(&key, &session.id, next).as_bytes());
                    sessions::rotate(tx, &session.id, next, &hash)?;
                    next
                }
                Judgement::Repeat => session.k,
                Judgement::Reuse => {
                    sessions::end(tx, &session.id, EndReason::Reuse)?;
                    tx.wake(&session.actor.workspace);
                    return Ok(Err(ApiError::new(ErrorCode::SessionEnded)));
                }
            };
            devices::seen(tx, &session.actor.device)?;
            let member = members::find(tx.sql(), &session.actor.member)?
                .ok_or(StoreError::Unexpected("member"))?;
            grant(tx, &key, &member, &session.id, next).map(Ok)
        })
        .await?;
    decided.map(Json)
}

/// `DELETE /v1/session`.
pub(crate) async fn end(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<StatusCode, ApiError> {
    state
        .store
        .write(move |tx| -> Result<(), StoreError> {
            sessions::end(tx, &caller.session, EndReason::SignedOut)?;
            tx.wake(&caller.actor.workspace);
            Ok(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the use of refresh token `k` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judgement {
    /// The newest one: hand out its successor.
    Rotate,
    /// The one before, whose successor was never used: its answer was lost, give it again.
    Repeat,
    /// An older one: somebody has a copy.
    Reuse,
}

fn judge_refresh(session: &Session, k: i64, hash: &[u8]) -> Judgement {
    if k == session.k && hash == session.current_hash {
        Judgement::Rotate
    } else if k == session.k - 1 && session.previous_hash.as_deref() == Some(hash) {
        Judgement::Repeat
    } else {
        Judgement::Reuse
    }
}

async fn by_password(
    state: &AppState,
    email: &str,
    password: Secret,
    device: DeviceInfo,
) -> Result<Grant, ApiError> {
    let key = state.settings.key.clone();
    let failures = failures_key(&key, "email", email);
    let (counted, email) = (failures.clone(), email.to_owned());
    let member = state
        .store
        .write(move |tx| -> Decided<Option<Member>> {
            if let Some(wait) = sessions::attempt(tx, &counted)? {
                return Ok(Err(ApiError::too_many(wait)));
            }
            Ok(Ok(members::by_email(tx.sql(), &email)?.filter(|member| !member.removed)))
        })
        .await??;
    let stored = member.as_ref().map(|member| member.password_hash.clone());
    let cost = state.settings.password_cost;
    let fits = executor::run(state.ports.executor.as_ref(), move || {
        password::verify(&password, stored.as_deref(), cost)
    })
    .await
    .unwrap_or(false);
    let Some(member) = member.filter(|_| fits) else {
        return Err(ApiError::new(ErrorCode::WrongCredentials));
    };
    state
        .store
        .write(move |tx| -> Decided<Grant> {
            sessions::forgive(tx, &failures)?;
            sign_in(tx, &key, &member, &device).map(|done| done.map(|(grant, _)| grant))
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
    state
        .store
        .write(move |tx| -> Decided<Grant> {
            if let Some(wait) = sessions::attempt(tx, &failures)? {
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
            let (grant, session) = match sign_in(tx, &key, &member, &device)? {
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
    if code.expires_at <= tx.now() {
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
    member: &Member,
    device: &DeviceInfo,
) -> Decided<(Grant, String)> {
    match devices::owner(tx.sql(), &device.id)? {
        Some(owner) if owner.member != member.id => {
            return Ok(Err(ApiError::new(ErrorCode::DeviceTaken)));
        }
        Some(owner) if owner.revoked => return Ok(Err(ApiError::new(ErrorCode::DeviceRevoked))),
        _ => {}
    }
    devices::save(tx, &member.id, device)?;
    sessions::end_of_device(tx, &device.id, EndReason::Replaced)?;
    tx.wake(&member.workspace);
    let session = tx.uuid();
    let hash = sha256(token::refresh(key, &session, 1).as_bytes());
    sessions::insert(tx, &session, &member.id, &device.id, 1, &hash)?;
    let grant = grant(tx, key, member, &session, 1)?;
    Ok(Ok((grant, session)))
}

fn grant(
    tx: &WriteTx<'_>,
    key: &Key,
    member: &Member,
    session: &str,
    k: i64,
) -> Result<Grant, StoreError> {
    let workspace = workspaces::get(tx.sql(), &member.workspace)?;
    let until = tx.now().saturating_add(token::ACCESS_SECONDS * 1000);
    Ok(Grant {
        access_token: token::access(key, session, until),
        refresh_token: token::refresh(key, session, k),
        expires_in_s: token::ACCESS_SECONDS,
        epoch: workspace.epoch.clone(),
        member: objects::member_json(member),
        workspace: objects::workspace_json(&workspace)?,
    })
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

/// Who knocks, as far as the socket tells; behind a reverse proxy that is the proxy, so all
/// share one count there.
fn peer(extensions: &Extensions) -> String {
    extensions
        .get::<ConnectInfo<std::net::SocketAddr>>()
        .map_or_else(|| "unknown".to_owned(), |ConnectInfo(addr)| addr.ip().to_string())
}

/// Failures are counted under a keyed hash: the table holds neither e-mails nor addresses.
fn failures_key(key: &Key, kind: &str, name: &str) -> String {
    use base64::Engine as _;
    let hash = mac(key, Purpose::Failures, format!("{kind}:{name}").as_bytes());
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::outcome::Role;

    #[test]
    fn refresh_tokens_are_judged_by_their_number() {
        let hash = |k: i64| sha256(&k.to_be_bytes()).to_vec();
        for newest in 1..5 {
            let session = Session {
                id: "s".into(),
                actor: Actor {
                    workspace: "w".into(),
                    member: "m".into(),
                    device: "d".into(),
                    role: Role::Employee,
                },
                k: newest,
                current_hash: hash(newest),
                previous_hash: (newest > 1).then(|| hash(newest - 1)),
                ended: false,
                revoked: false,
            };
            for used in 0..7 {
                let expected = match used {
                    _ if used == newest => Judgement::Rotate,
                    _ if used == newest - 1 && used > 0 => Judgement::Repeat,
                    _ => Judgement::Reuse,
                };
                assert_eq!(judge_refresh(&session, used, &hash(used)), expected, "{newest} {used}");
            }
            assert_eq!(judge_refresh(&session, newest, b"other"), Judgement::Reuse);
        }
    }
}

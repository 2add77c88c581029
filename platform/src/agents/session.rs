//! Staying signed in, signing out, and who asks: protocol.md 1.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::{ApiError, ErrorCode};
use super::http::JsonBody;
use super::outcome::Actor;
use super::{token, wiped};
use crate::desk::audit;
use crate::state::AppState;
use crate::store::members::Member;
use crate::store::sessions::{EndReason, Session};
use crate::store::{StoreError, WriteTx, devices, members, objects, sessions, workspaces};
use crate::support::keys::sha256;
use crate::support::{Key, Secret};
use crate::wire::objects as wire;

/// Somebody whose access token is good and whose session is alive.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who acts.
    pub actor: Actor,
    /// Session id.
    pub session: String,
}

/// What a phone gets when it has signed in or refreshed.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Grant {
    /// Opens everything for 15 minutes.
    access_token: String,
    /// Good for one refresh.
    refresh_token: String,
    /// How long the access token is good, in seconds.
    expires_in_s: i64,
    /// The workspace's epoch.
    epoch: String,
    /// Who is signed in.
    #[schemars(with = "wire::Member")]
    member: Value,
    /// Where.
    #[schemars(with = "wire::Workspace")]
    workspace: Value,
}

/// What a refresh needs.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Refresh {
    /// The newest one.
    #[schemars(with = "String")]
    refresh_token: Option<Secret>,
}

/// What a transaction decided: a refusal must commit too, for it counts the attempt.
pub(super) type Decided<T> = Result<Result<T, ApiError>, StoreError>;

/// Finds the session of an access token and checks that it is alive.
pub async fn authenticate(state: &AppState, token: &str) -> Result<Caller, ApiError> {
    let now = state.ports.clock.now_ms();
    let id = token::read_access(&state.settings.key, token, now)
        .ok_or_else(|| ApiError::new(ErrorCode::Token))?
        .to_owned();
    let session = state.store.read(move |sql| sessions::find(sql, &id)).await?;
    let session = session.ok_or_else(|| ApiError::new(ErrorCode::Token))?;
    if session.revoked {
        let device = session.actor.device;
        let token = wiped::token(&state.settings.key, &device);
        state.store.write(move |tx| devices::reached(tx, &device)).await?;
        return Err(ApiError::device_revoked(&token));
    }
    if session.ended {
        // The refresh that follows is refused too, and then the phone asks for the password.
        return Err(ApiError::new(ErrorCode::Token));
    }
    Ok(Caller { actor: session.actor, session: session.id })
}

/// The bearer token of a request.
fn bearer(parts: &Parts) -> Option<&str> {
    let (scheme, token) =
        parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let token = bearer(parts).ok_or_else(|| ApiError::new(ErrorCode::Token))?;
        authenticate(state, token).await
    }
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
                let device = &session.actor.device;
                devices::reached(tx, device)?;
                return Ok(Err(ApiError::device_revoked(&wiped::token(&key, device))));
            }
            if session.ended {
                return Ok(Err(ApiError::new(ErrorCode::SessionEnded)));
            }
            let next = match judge_refresh(&session, k, &sha256(token.expose().as_bytes())) {
                Judgement::Rotate | Judgement::Ahead => {
                    let next = k.saturating_add(1);
                    let hash = |k| sha256(token::refresh(&key, &session.id, k).as_bytes());
                    sessions::rotate(tx, &session.id, next, &hash(next), &hash(k))?;
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
            // Who signed out is rung no more.
            devices::set_push(tx, &caller.actor.device, None)?;
            audit::note(
                tx,
                &caller.actor.workspace,
                &caller.actor,
                "signed_out",
                "device",
                &caller.actor.device,
            )?;
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
    /// One that the store has not handed out yet, and yet it bears our seal: it was handed out
    /// after the copy was made that this store is. Its phone goes on from there.
    Ahead,
    /// An older one: somebody has a copy.
    Reuse,
}

fn judge_refresh(session: &Session, k: i64, hash: &[u8]) -> Judgement {
    if k == session.k && hash == session.current_hash {
        Judgement::Rotate
    } else if k == session.k - 1 && session.previous_hash.as_deref() == Some(hash) {
        Judgement::Repeat
    } else if k > session.k {
        Judgement::Ahead
    } else {
        Judgement::Reuse
    }
}

/// Makes the tokens of a session whose newest refresh token is number `k`.
pub(super) fn grant(
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
                    _ if used > newest => Judgement::Ahead,
                    _ => Judgement::Reuse,
                };
                assert_eq!(judge_refresh(&session, used, &hash(used)), expected, "{newest} {used}");
            }
            assert_eq!(judge_refresh(&session, newest, b"other"), Judgement::Reuse);
        }
    }
}

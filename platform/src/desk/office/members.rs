//! Members: invited by a link code, changed, removed (experience.md D3).

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{name, not_found, read, write};
use crate::agents::error::{ApiError, ErrorCode};
use crate::agents::http::JsonBody;
use crate::agents::outcome::Role;
use crate::agents::session::{Caller, still};
use crate::agents::{link_code as codes, password as passwords};
use crate::desk::audit::{self, Who};
use crate::desk::revoke::{self, RevokedFile};
use crate::desk::rights::Right;
use crate::office::{OfficeError, add_member, valid_email};
use crate::state::AppState;
use crate::store::members::{self, Member};
use crate::store::{Sql, StoreError, WriteTx, devices, holders, link_codes, teams};
use crate::support::Secret;

/// The longest name, in Unicode scalar values.
const MAX_NAME: usize = 200;

/// A member as the office sees them.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MemberView {
    /// Id.
    id: String,
    /// The name people see.
    name: String,
    /// Unique on this server.
    email: String,
    /// What they may do.
    role: Role,
    /// Whether they are on shift.
    on_shift: bool,
    /// Ids of their teams.
    teams: Vec<String>,
    /// How many devices of theirs are signed in.
    devices: usize,
    /// How many conversations they hold.
    conversations: i64,
}

impl MemberView {
    fn of(sql: &Sql, member: &Member) -> Result<Self, StoreError> {
        let devices = devices::list(sql, &member.workspace, Some(&member.id))?;
        let scope = format!("member:{}", member.id);
        Ok(Self {
            id: member.id.clone(),
            name: member.name.clone(),
            email: member.email.clone(),
            role: member.role,
            on_shift: member.on_shift,
            teams: teams::of_member(sql, &member.id)?,
            devices: devices
                .iter()
                .filter(|device| device.signed_in && device.revoked_at.is_none())
                .count(),
            conversations: holders::count_with_scope(sql, &member.workspace, &scope)?,
        })
    }
}

/// A list of members.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Members {
    /// In the order of their ids.
    members: Vec<MemberView>,
}

/// Somebody to be invited.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Invitation {
    /// 1 to 200 characters.
    name: String,
    /// Unique on this server.
    email: String,
    /// What they may do.
    role: Role,
}

/// A code that signs one phone in, once. `Debug` is left out on purpose.
#[derive(Serialize, JsonSchema)]
#[allow(clippy::struct_field_names, reason = "as the command line names it")]
pub(crate) struct LinkCode {
    /// Eight characters, a hyphen in the middle.
    link_code: String,
    /// For a QR code; the code stands behind `#`, which no server ever sees.
    url: String,
    /// ms UTC.
    expires_at: i64,
}

/// Who was invited, and how they sign in.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Invited {
    /// The new member.
    member: MemberView,
    /// Their first link code.
    link_code: LinkCode,
}

/// What of a member is to be changed.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct MemberWish {
    /// 1 to 200 characters.
    name: Option<String>,
    /// What they may do.
    role: Option<Role>,
}

/// A new password of one's own.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct PasswordWish {
    /// At least 8 characters, at most 1,024 bytes.
    #[schemars(with = "String")]
    password: Secret,
}

/// A member of the workspace who is still there.
fn present(tx: &WriteTx<'_>, workspace: &str, id: &str) -> Result<Member, ApiError> {
    members::find(tx.sql(), id)?
        .filter(|member| member.workspace == workspace && !member.removed)
        .ok_or_else(not_found)
}

/// Nobody changes who stands above them, or puts anybody there, themselves included: the right to
/// see to members can be given to any role, and a link code signs its holder in as that member.
fn may_reach(caller: &Caller, role: Role) -> Result<(), ApiError> {
    // The highest comes first.
    if role < caller.actor.role {
        return Err(ApiError::new(ErrorCode::NotAllowed));
    }
    Ok(())
}

/// One owner always stays.
fn not_the_last(tx: &WriteTx<'_>, member: &Member) -> Result<(), ApiError> {
    if member.role == Role::Owner && members::owners(tx.sql(), &member.workspace)? < 2 {
        return Err(ApiError::new(ErrorCode::LastOwner));
    }
    Ok(())
}

/// `GET`.
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Members>, ApiError> {
    let members = read(&state, caller, Right::Members, |sql, _, workspace| {
        let all = members::all(sql, &workspace.id)?;
        Ok(all.iter().map(|member| MemberView::of(sql, member)).collect::<Result<_, _>>()?)
    })
    .await?;
    Ok(Json(Members { members }))
}

/// A fresh link code of a member; `state` prints it.
fn draw(state: &AppState) -> (Secret, [u8; 32]) {
    let code = codes::draw(state.ports.rng.as_ref());
    let hash = codes::hash(&state.settings.key, code.expose());
    (code, hash)
}

fn printed(state: &AppState, code: &Secret, expires_at: i64) -> LinkCode {
    let link_code = codes::print(code);
    let url = format!("{}/link#{link_code}", state.settings.base_url());
    LinkCode { link_code, url, expires_at }
}

/// `POST`: somebody is invited; they sign in by the link code and may set a password then.
pub(crate) async fn invite(
    State(state): State<AppState>,
    caller: Caller,
    JsonBody(wish): JsonBody<Invitation>,
) -> Result<Json<Invited>, ApiError> {
    let new_name = name(&wish.name, "name", MAX_NAME)?;
    let email = valid_email(&wish.email, "email").map_err(|_| ApiError::malformed("email"))?;
    let (code, hash) = draw(&state);
    let (member, expires_at) =
        write(&state, caller, Right::Members, move |tx, caller, workspace| {
            may_reach(caller, wish.role)?;
            let id = add_member(tx, &workspace.id, &email, &new_name, wish.role, passwords::NONE)
                .map_err(|error| match error {
                OfficeError::EmailTaken => ApiError::taken("email"),
                OfficeError::Store(error) => error.into(),
                other => ApiError::internal(other.code()),
            })?;
            let expires_at = tx.now() + codes::LIFETIME_MS;
            link_codes::insert(tx, &hash, &id, expires_at)?;
            audit::note(tx, &workspace.id, &caller.actor, "member_invited", "member", &id)?;
            let member = present(tx, &workspace.id, &id)?;
            Ok((MemberView::of(tx.sql(), &member)?, expires_at))
        })
        .await?;
    Ok(Json(Invited { member, link_code: printed(&state, &code, expires_at) }))
}

/// `POST .../link-code`: another phone, or the same one again.
pub(crate) async fn link_code(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<LinkCode>, ApiError> {
    let (code, hash) = draw(&state);
    let expires_at = write(&state, caller, Right::Members, move |tx, caller, workspace| {
        let member = present(tx, &workspace.id, &id)?;
        may_reach(caller, member.role)?;
        let expires_at = tx.now() + codes::LIFETIME_MS;
        link_codes::insert(tx, &hash, &id, expires_at)?;
        audit::note(tx, &workspace.id, &caller.actor, "link_code_made", "member", &id)?;
        Ok(expires_at)
    })
    .await?;
    Ok(Json(printed(&state, &code, expires_at)))
}

/// `PATCH`.
pub(crate) async fn edit(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(wish): JsonBody<MemberWish>,
) -> Result<Json<MemberView>, ApiError> {
    let new_name = wish.name.map(|text| name(&text, "name", MAX_NAME)).transpose()?;
    let view = write(&state, caller, Right::Members, move |tx, caller, workspace| {
        let mut member = present(tx, &workspace.id, &id)?;
        may_reach(caller, member.role)?;
        if let Some(role) = wish.role.filter(|role| *role != member.role) {
            may_reach(caller, role)?;
            not_the_last(tx, &member)?;
            member.role = role;
            audit::note(tx, &workspace.id, &caller.actor, "role_changed", "member", &id)?;
        }
        member.name = new_name.unwrap_or(member.name);
        members::save(tx, &member)?;
        audit::note(tx, &workspace.id, &caller.actor, "member_changed", "member", &id)?;
        Ok(MemberView::of(tx.sql(), &member)?)
    })
    .await?;
    Ok(Json(view))
}

/// `DELETE`: their devices are signed out and wiped, what they held is nobody's.
pub(crate) async fn remove(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let file = RevokedFile::of(&state.settings.data);
    write(&state, caller, Right::Members, move |tx, caller, workspace| {
        let member = present(tx, &workspace.id, &id)?;
        may_reach(caller, member.role)?;
        not_the_last(tx, &member)?;
        revoke::member(tx, &file, Who::from(&caller.actor), &member)?;
        Ok(())
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /v1/office/password`: one's own; needs no right.
pub(crate) async fn password(
    State(state): State<AppState>,
    caller: Caller,
    JsonBody(wish): JsonBody<PasswordWish>,
) -> Result<StatusCode, ApiError> {
    let password = wish.password;
    let length = password.expose().chars().count();
    if length < passwords::MIN_LENGTH || password.expose().len() > passwords::MAX_BYTES {
        return Err(ApiError::malformed("password"));
    }
    let (cost, rng) = (state.settings.password_cost, Arc::clone(&state.ports.rng));
    // In the line of those who sign in: each takes a core and much memory.
    let hash = state
        .checks
        .run(state.ports.executor.as_ref(), move || passwords::hash(&password, cost, rng.as_ref()))
        .await
        .flatten()
        .ok_or_else(|| ApiError::internal("password hash"))?;
    state
        .store
        .write(move |tx| -> Result<(), ApiError> {
            let actor = &still(tx.sql(), &caller)??.actor;
            members::set_password(tx, &actor.member, &hash)?;
            audit::note(tx, &actor.workspace, actor, "password_set", "member", &actor.member)?;
            Ok(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

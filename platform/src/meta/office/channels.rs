//! Channels: which there are, how they are, and what a person does about one.

use axum::Json;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::view::{Health, health as view};
use super::{allowed, channel};
use crate::agents::error::{ApiError, ErrorCode};
use crate::agents::http::{JsonBody, Params};
use crate::agents::session::Caller;
use crate::desk::audit;
use crate::desk::office::did;
use crate::meta::line::reading::Reading;
use crate::meta::line::state::DAY_MS;
use crate::meta::line::{self, worker};
use crate::meta::marks::Marks;
use crate::meta::onboarding::refusals;
use crate::meta::onboarding::sync::{self, Asked, Kind};
use crate::state::AppState;
use crate::store::alerts::Alert;
use crate::store::reports::{self, Priced};
use crate::store::{StoreError, alerts, lines, objects};
use crate::wire::objects as wire;

/// The most alerts of one answer.
pub(crate) const MAX_ALERTS: usize = 200;

/// All business numbers.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Channels {
    /// In the order of their ids.
    #[schemars(with = "Vec<wire::Channel>")]
    channels: Vec<Value>,
}

/// What owner and managers were told.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Alerts {
    /// Newest first.
    alerts: Vec<Alert>,
}

/// What Meta says of a number now.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Read {
    /// Of Meta's phone node.
    reading: Reading,
}

/// A channel as it is after a change.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ChangedChannel {
    /// As phones see it.
    #[schemars(with = "wire::Channel")]
    channel: Value,
}

/// Meta took a call that it takes once.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SyncAccepted {
    /// `contacts` or `history`.
    r#type: &'static str,
    /// That anything comes is not promised.
    accepted: bool,
}

/// `GET /v1/office/channels`.
pub(crate) async fn list(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Channels>, ApiError> {
    allowed(&state, &caller).await?;
    let workspace = caller.actor.workspace;
    let channels = state.store.read(move |sql| objects::channels_json(sql, &workspace)).await?;
    Ok(Json(Channels { channels }))
}

/// `GET /v1/office/channels/{id}`.
pub(crate) async fn health(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Health>, ApiError> {
    let address = channel(&state, &caller, &id).await?;
    let now = state.ports.clock.now_ms();
    let health = state
        .store
        .read(move |sql| -> Result<Health, ApiError> {
            let (_, facts) =
                lines::facts(sql, &id)?.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
            Ok(view(sql, &id, &address, &facts, now)?)
        })
        .await?;
    Ok(Json(health))
}

/// What Meta said of the prices of a number's messages.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Prices {
    /// From when on, ms UTC.
    since: i64,
    /// The most frequent first.
    prices: Vec<Priced>,
}

/// The most days that prices are counted over, and how many without a wish.
pub(crate) const MAX_DAYS: usize = 92;
pub(crate) const DAYS: usize = 30;

/// `GET /v1/office/channels/{id}/prices`: how many messages were priced as what.
pub(crate) async fn prices(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Prices>, ApiError> {
    channel(&state, &caller, &id).await?;
    let days = i64::try_from(params.number("days", DAYS, MAX_DAYS)?).unwrap_or(i64::MAX);
    let since = state.ports.clock.now_ms().saturating_sub(days.saturating_mul(DAY_MS));
    let prices = state.store.read(move |sql| reports::prices_of(sql, &id, since)).await?;
    Ok(Json(Prices { since, prices }))
}

/// `GET /v1/office/alerts`.
pub(crate) async fn alerts(
    State(state): State<AppState>,
    caller: Caller,
    params: Params,
) -> Result<Json<Alerts>, ApiError> {
    allowed(&state, &caller).await?;
    let limit = params.number("limit", MAX_ALERTS, MAX_ALERTS)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let workspace = caller.actor.workspace;
    let alerts = state.store.read(move |sql| alerts::newest(sql, &workspace, limit)).await?;
    Ok(Json(Alerts { alerts }))
}

/// `POST /v1/office/channels/{id}/read`: asks Meta's phone node now.
pub(crate) async fn read(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Read>, ApiError> {
    channel(&state, &caller, &id).await?;
    match worker::read_now(&state, &id).await? {
        Ok(reading) => Ok(Json(Read { reading })),
        Err(refusal) => Err(refused(refusals::of(refusal))),
    }
}

/// `POST /v1/office/channels/{id}/opened`: the owner says that the app was opened on the phone.
pub(crate) async fn opened(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ChangedChannel>, ApiError> {
    channel(&state, &caller, &id).await?;
    let actor = caller.actor;
    change(&state, id, move |tx, marks, id| {
        audit::note(tx, &actor.workspace, &actor, "owner_app_opened", "channel", id)?;
        line::opened(tx, marks, id)
    })
    .await
}

/// Changes a line and gives the channel as it is then; what waited for it goes on.
async fn change(
    state: &AppState,
    id: String,
    change: impl FnOnce(&mut crate::store::WriteTx<'_>, &mut Marks, &str) -> Result<(), StoreError>
    + Send
    + 'static,
) -> Result<Json<ChangedChannel>, ApiError> {
    let shown = state
        .store
        .write(move |tx| -> Result<Option<Value>, StoreError> {
            let mut marks = Marks::default();
            change(tx, &mut marks, &id)?;
            marks.write(tx)?;
            objects::channel_json(tx.sql(), &id)
        })
        .await?;
    state.sends.wake();
    let channel = shown.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    Ok(Json(ChangedChannel { channel }))
}

/// What to ask Meta for.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "SyncWish")]
pub(crate) struct SyncBody {
    /// `contacts` or `history`.
    #[serde(rename = "type")]
    #[schemars(with = "String")]
    kind: Option<String>,
}

/// `POST /v1/office/channels/{id}/sync`: the phone book or old messages, for a number that was added
/// with a token of its own.
pub(crate) async fn sync(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<SyncBody>,
) -> Result<Json<SyncAccepted>, ApiError> {
    channel(&state, &caller, &id).await?;
    let kind =
        body.kind.as_deref().and_then(Kind::of).ok_or_else(|| ApiError::malformed("type"))?;
    let asked_of = id.clone();
    let facts = state.store.read(move |sql| lines::facts(sql, &asked_of)).await?;
    let (_, facts) = facts.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    match sync::call(&state, &id, kind, facts.connected_at).await? {
        None => Err(ApiError::new(ErrorCode::NotFound)),
        Some(Asked::Accepted) => {
            let what = match kind {
                Kind::Contacts => "contacts_asked",
                Kind::History => "history_asked",
            };
            did(&state, &caller, what, ("channel", &id)).await?;
            Ok(Json(SyncAccepted { r#type: kind.word(), accepted: true }))
        }
        Some(Asked::Refused { cause, code }) => Err(refused((cause, code))),
    }
}

/// Meta's refusal as an error of ours.
pub(super) fn refused((cause, code): (&'static str, Option<i64>)) -> ApiError {
    let mut details = json!({ "cause": cause });
    if let (Some(code), Some(fields)) = (code, details.as_object_mut()) {
        fields.insert("whatsapp_code".to_owned(), code.into());
    }
    let error = if cause == refusals::UNANSWERED {
        ErrorCode::MetaUnavailable
    } else {
        ErrorCode::MetaRefused
    };
    ApiError::with(error, details)
}

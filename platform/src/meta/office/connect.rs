//! Connecting a number: `/v1/office/channels/onboarding/...`.

use axum::Json;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::allowed;
use super::channels::refused;
use crate::agents::error::{ApiError, ErrorCode};
use crate::agents::http::JsonBody;
use crate::agents::session::Caller;
use crate::desk::audit;
use crate::desk::office::did;
use crate::meta::onboarding::own_address::{self, Way};
use crate::meta::onboarding::{self, refusals, subscriptions, told};
use crate::state::AppState;
use crate::store::StoreError;
use crate::store::onboardings::{self, Onboarding};
use crate::support::Secret;

/// An onboarding as the office sees it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OnboardingView")]
pub(crate) struct View {
    /// Id.
    id: String,
    /// A step of the machine.
    step: &'static str,
    /// ms UTC.
    started_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// Channel id.
    channel: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// The number as printed.
    display: Option<String>,
    /// Why it was refused, or what it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// Meta's code for it.
    whatsapp_code: Option<i64>,
}

impl From<Onboarding> for View {
    fn from(it: Onboarding) -> Self {
        Self {
            id: it.id,
            step: it.step.word(),
            started_at: it.started_at,
            channel: it.channel,
            display: it.display,
            cause: it.cause,
            whatsapp_code: it.code,
        }
    }
}

/// What the browser needs to open Meta's window.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OnboardingBegun")]
pub(crate) struct Begun {
    /// Id of the onboarding.
    id: String,
    /// A step of the machine.
    step: &'static str,
    /// Meta's id of the app.
    app_id: String,
    /// Goes into Meta's login as it is.
    login: Value,
}

/// `POST /v1/office/channels/onboarding`: what the browser needs to open Meta's window. Refused until
/// Meta sends this server everything and a test webhook comes back from our own public address, for
/// what is missed cannot be fetched again.
pub(crate) async fn start(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Begun>, ApiError> {
    allowed(&state, &caller).await?;
    let app_id = needed(state.settings.app_id.as_ref(), "FIELDLINE_APP_ID")?;
    let config_id = needed(state.settings.config_id.as_ref(), "FIELDLINE_CONFIG_ID")?;
    // The default, the address that this server listens on, is none that Meta could call.
    needed(state.settings.public_url.as_ref(), "FIELDLINE_PUBLIC_URL")?;
    let subscription = subscriptions::look(&state, &app_id)
        .await
        .map_err(|refusal| refused(refusals::of(refusal)))?;
    let way = own_address::test(&state).await;
    if !subscription.is_whole() || way != Way::Back {
        let mut details = json!({
            "address_verified": subscription.is_ours,
            "active": subscription.active,
            "missing_fields": subscription.missing,
            "test_webhook": way.word(),
        });
        if let (Some(status), Some(fields)) = (way.status(), details.as_object_mut()) {
            fields.insert("test_status".to_owned(), status.into());
        }
        return Err(ApiError::with(ErrorCode::NotReady, details));
    }
    let actor = caller.actor;
    let begun = state
        .store
        .write(move |tx| -> Result<_, StoreError> {
            let begun = onboarding::start(tx, &actor)?;
            let what = "onboarding_begun";
            audit::note(tx, &actor.workspace, &actor, what, "onboarding", &begun.id)?;
            Ok(begun)
        })
        .await?;
    Ok(Json(Begun {
        id: begun.id,
        step: begun.step.word(),
        app_id,
        login: json!({
            "config_id": config_id,
            "response_type": "code",
            "override_default_response_type": true,
            "extras": {
                "setup": {},
                "featureType": "whatsapp_business_app_onboarding",
                "sessionInfoVersion": "3",
            },
        }),
    }))
}

fn needed(setting: Option<&String>, name: &'static str) -> Result<String, ApiError> {
    setting
        .cloned()
        .ok_or_else(|| ApiError::with(ErrorCode::NotConfigured, json!({ "setting": name })))
}

/// What comes back from Meta's window: the code, the message, or both, in any order.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "OnboardingFinish")]
pub(crate) struct Finish {
    /// Lives 30 seconds.
    #[schemars(with = "Option<String>")]
    code: Option<Secret>,
    /// The message of Meta's window, as it came.
    event: Option<Value>,
}

/// `POST /v1/office/channels/onboarding/{id}/finish`.
pub(crate) async fn finish(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<Finish>,
) -> Result<Json<View>, ApiError> {
    let found = find(&state, &caller, &id).await?;
    let told = match &body.event {
        Some(event) => Some(told::read(event).ok_or_else(|| ApiError::malformed("event"))?),
        None => None,
    };
    if told.is_none() && body.code.is_none() {
        return Err(ApiError::malformed("code"));
    }
    // The code first: it lives 30 seconds.
    if let Some(code) = body.code {
        let app_id = needed(state.settings.app_id.as_ref(), "FIELDLINE_APP_ID")?;
        onboarding::take_code(&state, &app_id, &found, code).await?;
    }
    if let Some(told) = told {
        let (workspace, id) = (caller.actor.workspace.clone(), id.clone());
        state
            .store
            .write(move |tx| match onboardings::find(tx.sql(), &workspace, &id)? {
                Some(mut held) => onboarding::take_told(tx, &mut held, told),
                None => Ok(()),
            })
            .await?;
    }
    did(&state, &caller, "onboarding_finished", ("onboarding", &id)).await?;
    go_on(&state, &caller, &id).await
}

/// `POST /v1/office/channels/onboarding/{id}/resume`: goes on now with what waits for a next try. Where
/// the word of Meta's window was lost, the token tells the account if it is good for one alone.
pub(crate) async fn resume(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<View>, ApiError> {
    let found = find(&state, &caller, &id).await?;
    if let Some(app_id) = &state.settings.app_id {
        onboarding::name_by_token(&state, app_id, &found).await?;
    }
    go_on(&state, &caller, &id).await
}

/// `GET /v1/office/channels/onboarding/{id}`.
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<View>, ApiError> {
    Ok(Json(find(&state, &caller, &id).await?.into()))
}

async fn go_on(state: &AppState, caller: &Caller, id: &str) -> Result<Json<View>, ApiError> {
    let now = onboarding::go_on(state, &caller.actor.workspace, id).await?;
    now.map(|now| Json(now.into())).ok_or_else(|| ApiError::new(ErrorCode::NotFound))
}

async fn find(state: &AppState, caller: &Caller, id: &str) -> Result<Onboarding, ApiError> {
    allowed(state, caller).await?;
    let (workspace, id) = (caller.actor.workspace.clone(), id.to_owned());
    let found = state.store.read(move |sql| onboardings::find(sql, &workspace, &id)).await?;
    found.ok_or_else(|| ApiError::new(ErrorCode::NotFound))
}
